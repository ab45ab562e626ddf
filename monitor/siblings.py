"""Names that nobody has uploaded, in the places where an item stands: what a missing page looks like there.

The first sibling is a random name in the same directory. Where an earlier part of the path looks like the item's
number ("/video/123/title"), a second one varies that part: sites that ignore the title would otherwise look as if they
answered every name alike.
"""

import hashlib
import re
import string
from typing import Final

from schemas.url import Url

_DIGITS: Final = "123456789"
_HEX: Final = re.compile(r"[0-9a-f]*\d[0-9a-f]*[a-f][0-9a-f]*|[0-9a-f]*[a-f][0-9a-f]*\d[0-9a-f]*")
#: Shorter names are filled up to this length: a short one might be somebody's upload.
_SHORTEST: Final = 10
#: What is taken for the number of an item when it is not the last part of the path.
_NUMBER_LIKE: Final = re.compile(r"(?=.*\d)[A-Za-z0-9_-]{2,64}")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,5}")


def siblings_of(url: Url, entropy: bytes) -> tuple[str, ...]:
    """Give one or two URLs to compare with; none for a directory, which has no name of its own.

    The names keep the shape of the item's (digits stay digits, the extension stays), because many sites route by it.
    The query is left away: it would carry the item into a page that ignores its path.
    """
    authority = "/".join(url.text.split("/", 3)[:3])
    parts = url.path.partition("?")[0].split("/")[1:]
    if not parts or not parts[-1]:
        return ()
    found = [authority + "/" + "/".join([*parts[:-1], _other(parts[-1], entropy)])]
    numbered = [index for index, part in enumerate(parts[:-1]) if _NUMBER_LIKE.fullmatch(part)]
    if numbered:
        at = numbered[-1]
        found.append(authority + "/" + "/".join([*parts[:at], _other(parts[at], entropy), *parts[at + 1 :]]))
    return tuple(found)


def _other(name: str, entropy: bytes) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or not _EXTENSION.fullmatch(dot + extension):
        stem, dot, extension = name, "", ""
    shape = _shape(stem)
    noise = hashlib.blake2b(name.encode(), key=entropy[:64], digest_size=64).digest() * 4
    return "".join(letters[noise[at] % len(letters)] for at, letters in enumerate(shape)) + dot + extension


def _shape(stem: str) -> list[str]:
    """Give the letters each place may hold, at most 64 of them."""
    shape = [_letters(letter, hexadecimal=bool(_HEX.fullmatch(stem))) for letter in stem[:64]]
    filler = next((letters for letters in reversed(shape) if len(letters) > 1), string.ascii_lowercase)
    return shape + [filler] * (_SHORTEST - len(shape))


def _letters(letter: str, *, hexadecimal: bool) -> str:
    if hexadecimal:
        return "0123456789abcdef"
    if letter.isdigit():
        return _DIGITS
    if letter in string.ascii_uppercase:
        return string.ascii_uppercase
    if letter in "-_.":
        return letter
    return string.ascii_lowercase
