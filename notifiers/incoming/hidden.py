"""Files hidden in a text: as data URLs, uuencoded, as bare base64. What was sent as a file is not kept as a text."""

import re

_DATA = re.compile(r"data:[\w.+-]{1,40}/[\w.+;=-]{1,120},\S{0,100000}", re.IGNORECASE)
_BEGIN = re.compile(r"begin(?:-base64)? [0-7]{3,4} \S")
_BASE64 = re.compile(r"[>| ]{0,6}[A-Za-z0-9+/]{56,}={0,2}\s?")
_LAST = re.compile(r"[>| ]{0,6}[A-Za-z0-9+/]{1,100}={0,2}\s?")
#: So many lines of base64 in a row are a file, and no key or signature that somebody quotes.
_FILE = 4
LEFT_OUT = "[left out]"


def without_files(text: str) -> tuple[str, bool]:
    """Give the text without files hidden in it, and whether there were any.

    >>> without_files("see data:image/png;base64,iVBORw0KGgo=")
    ('see [left out]', True)
    """
    lines = text.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        end = _end_of_file(lines, at)
        kept.append(LEFT_OUT if end > at else lines[at])
        at = max(end, at + 1)
    shown, found = _DATA.subn(LEFT_OUT, "\n".join(kept))
    return shown, bool(found) or len(kept) < len(lines)


def _end_of_file(lines: list[str], at: int) -> int:
    """Give the line after a file that begins here; `at` where none does."""
    if _BEGIN.match(lines[at]):
        return next((n + 1 for n in range(at + 1, len(lines)) if lines[n].strip() in {"end", "===="}), len(lines))
    end = at
    while end < len(lines) and _BASE64.fullmatch(lines[end]):
        end += 1
    if end - at < _FILE:
        return at
    return end + 1 if end < len(lines) and _LAST.fullmatch(lines[end]) else end
