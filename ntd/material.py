"""Input that carries the material itself, as a data: or blob: URL: it is refused, and kept nowhere. Pure."""

import re
from typing import Any, Final

_LINE_ENDS: Final = re.compile(r"[\t\r\n]+")
# A text with a data: or blob: URL inside.
_INSIDE: Final = r"\bdata:[\w.+/-]*(?:;[\w=.+-]+)*,|\bblob:https?:"
_MATERIAL_INSIDE: Final = re.compile(_INSIDE, re.IGNORECASE)
# Or a value that is one, however disguised.
_IS_ONE: Final = r"\A[\x00-\x20]*(?:[a-z][a-z0-9+.-]{0,30}:){0,3}(?:data|blob):"
_MATERIAL: Final = re.compile(f"{_IS_ONE}|{_INSIDE}", re.IGNORECASE)


def _disguised(word: bytes) -> bytes:
    """Write a pattern that finds a word in raw JSON, escapes and the breaks that a URL parser drops included."""
    letters = (b"(?:%c|%c|\\\\u00%02x|\\\\u00%02x)" % (ch, ch ^ 0x20, ch, ch ^ 0x20) for ch in word)
    return rb"(?:\\[tnr]|\\u000[9aAdD]|\t)*".join(letters)


# Of what cannot be read as JSON or CSV; rather too much than too little.
_RAW_MATERIAL: Final = re.compile(
    rb"(?:" + _disguised(b"data") + rb"|" + _disguised(b"blob") + rb")(?:\\[tnr]|\t)*(?::|\\u003[aA])"
)
# What a pattern may span across two pieces of a long line.
OVERLAP_BYTES: Final = 128


def holds_material(raw: bytes) -> bool:
    """Say whether raw input may carry the material itself, as a data: or blob: URL.

    >>> holds_material(b'{"url": "DATA:image/png;base64,AA"')
    True
    """
    return _RAW_MATERIAL.search(raw) is not None


def stands_in(text: str) -> bool:
    """Say whether a data: or blob: URL stands in a text."""
    return ":" in text and _MATERIAL_INSIDE.search(text) is not None


def carries(value: Any) -> bool:
    """Say whether a text anywhere in a JSON value holds a data: or blob: URL, or is one in disguise."""
    # Not recursive: JSON may be nested more deeply than calls.
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text if ":" in text and _MATERIAL.search(_LINE_ENDS.sub("", text)):
                return True
            case dict() as inner:
                waiting += [*inner, *inner.values()]
            case list() as inner:
                waiting += inner
    return False
