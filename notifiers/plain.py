"""Text, URLs and moments so that they can break no line, no header and no column."""

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

#: Zero-width joiners: scripts of India and Iran need them to spell, and they can break or reorder nothing.
_JOINERS = frozenset("\u200c\u200d")
_PRINTABLE_ASCII = re.compile(r"[!-~]*")
_PLAIN = re.compile(r"[ -~]*")
NAME_LENGTH = 200
SENTENCE_LENGTH = 1000


def one_line(text: str, length: int = NAME_LENGTH) -> str:
    r"""Give text as one line: no control, separator or bidirectional character, bounded to `length` characters.

    >>> one_line("Example\r\nBcc: everybody\u202e")
    'Example Bcc: everybody'
    """
    line = " ".join((text if _PLAIN.fullmatch(text) else _without_controls(text)).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


@lru_cache(maxsize=4096)  # the same names and words stand in every item of a notice
def _without_controls(text: str) -> str:
    return "".join(character if _shown(character) else " " for character in text)


def _shown(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character)[0] not in "CZ" or character == " "


def whole_url(url: str) -> str:
    r"""Give a URL that stands on one line: as it is if printable ASCII, which every normalised one is, else encoded.

    >>> whole_url("https://a.example/x\ny")
    'https://a.example/x%0Ay'
    """
    if _PRINTABLE_ASCII.fullmatch(url):
        return url
    return "".join(letter if "!" <= letter <= "~" else quote(letter, safe="", errors="replace") for letter in url)


def moment(at: datetime) -> str:
    """Write a moment for people, in UTC to the minute.

    >>> moment(datetime(2026, 11, 22, 14, 5, 59, tzinfo=UTC))
    '2026-11-22 14:05 UTC'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def stamp(at: datetime) -> str:
    """Write a moment for machines (RFC 3339, UTC).

    >>> stamp(datetime(2026, 11, 22, 14, 5, tzinfo=UTC))
    '2026-11-22T14:05:00Z'
    """
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def stamp_or_none(at: datetime | None) -> str | None:
    """Write a moment for machines, or None where it is not known."""
    return None if at is None else stamp(at)
