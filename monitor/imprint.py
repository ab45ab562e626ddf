"""What is kept of a body, to tell a slightly changed one from another thing; never enough to tell what it was. Pure.

Of a page 64 bits of its words and how many pictures it has, of a picture its shape; the words only pass through memory.
"""

import hashlib
import re
from itertools import islice, pairwise
from typing import Final

from monitor.pages import Page

#: Bits of a text's likeness that differ between two texts that have nothing in common: about half of 64. A text with a
#: few other words differs in less than this.
APART: Final = 22
#: … and between two that are the same but for a word or two, in no more than this.
NEARLY: Final = 8
#: Texts with fewer features say too little of themselves to be compared.
_FEWEST: Final = 16
_MOST: Final = 2000
_BITS: Final = 64
#: Each byte with its bits spread over eight lanes of 16 bits.
_LANES: Final = tuple(sum((byte >> place & 1) << (16 * place) for place in range(8)) for byte in range(256))
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
#: Scripts that write without blanks between words: pairs of letters stand for words.
_UNSPACED: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
#: Two pictures have one shape when width to height differ by no more than this share.
_ASPECT: Final = 0.03


def text_likeness(page: Page, salt: bytes) -> str | None:
    """Reduce a page's words to 64 bits (Charikar, 2002) that depend on the installation's salt; None when too few.

    Pages with many words in common come out alike; nothing of the words can be found from the bits.
    """
    words = "\n".join((page.title, *page.main)).lower()
    features = _features(words, spaced=not _UNSPACED.search(words))
    if len(features) < _FEWEST:
        return None
    # One lane of 16 bits counts the ones of each place: many times faster than 64 counters.
    lanes = 0
    for feature in features:
        digest = hashlib.blake2b(feature.encode("utf-8", "replace"), key=salt[:64], digest_size=8).digest()
        for at, byte in enumerate(digest):
            lanes += _LANES[byte] << (128 * at)
    half = len(features) // 2
    value = sum(1 << place for place in range(_BITS) if (lanes >> 16 * place & 0xFFFF) > half)
    return f"text:{value:016x}:{min(len(page.pictures), 99)}"


def _features(text: str, *, spaced: bool) -> frozenset[str]:
    if not spaced:
        letters = list(islice(filter(str.isalpha, text), _MOST))
        return frozenset(map("".join, pairwise(letters)))
    words = _WORD.findall(text)[:_MOST]
    return frozenset((*words, *map(" ".join, pairwise(words))))


def picture_likeness(width: int, height: int) -> str:
    """Say what shape a picture has, in pixels."""
    return f"picture:{width}x{height}"


def unlike(before: str | None, now: str | None) -> str | None:
    """Say in what two bodies differ that cannot be the same thing slightly changed: a reason; "" when they are alike.

    None: that cannot be told from what is kept of them.
    """
    kind, _, was = (before or "").partition(":")
    other, _, became = (now or "").partition(":")
    if not kind or kind != other:
        return None
    return _text_unlike(was, became) if kind == "text" else _shape_unlike(was, became)


def same_words(before: str | None, now: str | None) -> bool:
    """Say whether two pages say the same but for a number or a word: stricter than that they are not unlike."""
    one, other = (before or "").split(":"), (now or "").split(":")
    if one[0] != "text" or other[0] != "text" or one[2] != other[2]:
        return False
    return (int(one[1], 16) ^ int(other[1], 16)).bit_count() <= NEARLY


def _text_unlike(was: str, became: str) -> str:
    (bits, pictures), (now_bits, now_pictures) = was.split(":"), became.split(":")
    if (int(bits, 16) ^ int(now_bits, 16)).bit_count() >= APART:
        return "text_changed"
    return "pictures_missing" if int(pictures) and not int(now_pictures) else ""


def _shape_unlike(was: str, became: str) -> str:
    (width, height), (now_width, now_height) = (map(int, shape.split("x")) for shape in (was, became))
    ratio = (width * now_height) / (height * now_width)
    return "" if abs(ratio - 1) <= _ASPECT else "shape_changed"
