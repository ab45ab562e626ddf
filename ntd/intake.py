"""One record of input becomes a submission, or a refusal that says why in a sentence. Pure.

No sentence repeats a value: the URL of an item stands in no answer and in no log. What carries the material itself
(`data:`, `blob:`) is marked so that it is kept nowhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

import orjson

from ntd.intake_records import Piece, Record, cells
from schemas.errors import Refused
from schemas.item import Basis, Classification, Media, Submission
from schemas.url import CARRIES_CONTENT, UnsupportedScheme, parse_url

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_ENDS: Final = re.compile(r"[\t\r\n]+")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_ -]{1,40}")
_HASH_NAME: Final = re.compile(r"[a-z0-9_-]{1,32}")
_HEX: Final = re.compile(r"[0-9a-f]+")
_HASH_DIGITS: Final = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
_LOWEST_PRIORITY: Final = 9
_LONGEST_LABEL: Final = 200
_HASH_COLUMN: Final = "hashes."

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a record is not taken. `scheme`: of a URL that is neither http nor https; `keep`: may be written down."""

    line: int
    error: str
    scheme: str | None = None
    keep: bool = True


class _NotTaken(Refused):
    """A fault of one record."""

    def __init__(self, fault: str, scheme: str | None = None) -> None:
        super().__init__(fault)
        self.scheme = scheme


def read(record: Record, columns: Sequence[str] | None = None, source: str | None = None) -> Submission | Refusal:
    """Read one record: a line of NDJSON, or with `columns` a row of CSV; `source` of those that name none."""
    values: dict[str, Any] | None = None
    try:
        values = _object(record.raw) if columns is None else _row(record, columns)
        return submission_of(values, source)
    except _NotTaken as fault:
        material = holds_material(record.raw) if values is None else _carries(values)
        return _refusal(record.line, fault, material=material)


def _refusal(line: int, fault: _NotTaken, *, material: bool) -> Refusal:
    if material or fault.scheme in CARRIES_CONTENT:
        scheme = fault.scheme if fault.scheme in CARRIES_CONTENT else "data"
        error = f"line {line}: the schemes data and blob hold the material itself: nothing of this line was kept"
        return Refusal(line=line, error=error, scheme=scheme, keep=False)
    return Refusal(line=line, error=f"line {line}: {fault}", scheme=fault.scheme)


def too_long(piece: Piece, *, material: bool) -> Refusal:
    """Refuse a line over the limit."""
    return _refusal(piece.line, _NotTaken("is longer than 1 MiB; nothing of it was read"), material=material)


def holds_material(raw: bytes) -> bool:
    """Say whether raw input may carry the material itself, as a data: or blob: URL.

    >>> holds_material(b'{"url": "DATA:image/png;base64,AA"')
    True
    """
    return _RAW_MATERIAL.search(raw) is not None


def _carries(value: Any) -> bool:
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


# ── From bytes to values ────────────────────────────────────────────────────────────────────────────────────────────


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise _NotTaken(_why_no_json(raw, fault)) from None
    if not isinstance(value, dict):
        raise _NotTaken('is not a JSON object; write one object a line, as {"url": "…"}')
    return value


def _why_no_json(raw: bytes, fault: orjson.JSONDecodeError) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as where:
        return f"is not UTF-8 at byte {where.start + 1}"
    return f"is not JSON: {fault.msg} at column {fault.colno}"


def columns_of(header: Record) -> list[str]:
    """Read a CSV's header; Refused, and with it the whole file, when a column is unknown or `url` is missing."""
    if header.broken:
        raise Refused("the header of the CSV is too long or its quotation marks do not match; nothing was taken")
    try:
        names = [cell.decode().strip() for cell in cells(header.raw)]
    except UnicodeDecodeError:
        raise Refused("the header of the CSV is not UTF-8; nothing was taken") from None
    for position, name in enumerate(names, start=1):
        if name == "hashes":
            raise Refused("a hash is a column hashes.NAME in CSV, for example hashes.sha256; nothing was taken")
        if name not in _READERS and not name.startswith(_HASH_COLUMN):
            raise Refused(f"column {position} of the CSV header{_unknown(name)}; nothing was taken")
        if names.count(name) > 1:
            raise Refused(f"the CSV header names the column {name} twice; nothing was taken")
    if "url" not in names:
        raise Refused("the CSV header has no column url; nothing was taken")
    return names


def _unknown(name: str) -> str:
    close = get_close_matches(name, _READERS, n=1)
    shown = f" {name!r}" if _PLAIN_NAME.fullmatch(name) else ""
    return f"{shown} is unknown; {f'did you mean {close[0]}?' if close else 'known are ' + ', '.join(_READERS)}"


def _row(record: Record, columns: Sequence[str]) -> dict[str, Any]:
    if record.broken:
        raise _NotTaken("its quotation marks do not match")
    try:
        texts = [cell.decode() for cell in cells(record.raw)]
    except UnicodeDecodeError as where:
        raise _NotTaken(f"is not UTF-8 at byte {where.start + 1} of a cell") from None
    if len(texts) != len(columns):
        raise _NotTaken(f"has {len(texts)} cells where the header has {len(columns)}")
    return _values(dict(zip(columns, texts, strict=True)))


def _values(row: Mapping[str, str]) -> dict[str, Any]:
    """Give cells the types they would have in JSON; an empty cell is a key that is not there."""
    values: dict[str, Any] = {}
    for name, text in row.items():
        if name.startswith(_HASH_COLUMN) and text:
            values.setdefault("hashes", {})[name.removeprefix(_HASH_COLUMN)] = text
        elif text:
            values[name] = _typed(name, text.strip())
    return values


def _typed(name: str, text: str) -> Any:
    if name in {"confirmed", "hold", "new_victim"}:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    return int(text) if name == "priority" and text.isascii() and text.isdigit() and len(text) < 3 else text  # noqa: PLR2004 -- 0 to 9


# ── From values to a submission ─────────────────────────────────────────────────────────────────────────────────────


def submission_of(values: Mapping[str, Any], source: str | None = None) -> Submission:
    """Read the keys of one item; Refused names the first fault."""
    taken: dict[str, Any] = {}
    for name, value in values.items():
        if name in _PLAIN and _is_plain(value):
            # What most texts are; every other one is read with care.
            taken[name] = value.strip() or None
        elif (reader := _READERS.get(name)) is not None:
            taken[name] = reader(name, value)
        else:
            raise _NotTaken(f"the key{_unknown(name)}")
    if "url" not in taken:
        raise _NotTaken("url is missing")
    if source is not None and taken.get("source") is None:
        taken["source"] = _label("source", source)
    _agree(taken)
    return Submission(**taken)


def _agree(taken: dict[str, Any]) -> None:
    """Check what keys say about one another."""
    if taken.get("confirmed", True):
        if taken.setdefault("classification", Classification.BASELINE) is None:
            raise _NotTaken('classification is null, as of presumed items only; write "confirmed": false or a class')
    elif taken.setdefault("classification", None) is not None:
        raise _NotTaken("classification is given for a presumed item, which nobody has judged; leave it out")
    if taken.get("hold_until") is not None and not taken.get("hold", False):
        raise _NotTaken('hold_until is given without hold; write "hold": true beside it')


def _is_plain(value: Any) -> bool:
    return type(value) is str and len(value) <= _LONGEST_LABEL and value.isprintable() and ":" not in value


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _NotTaken(f"{name} is not a text")
    if not value.isprintable() and _CONTROL.search(value):
        raise _NotTaken(f"{name} holds a control character")
    if ":" in value and _MATERIAL_INSIDE.search(value):
        raise _NotTaken(f"{name} holds a data: or blob: URL", "data")
    return value.strip() or None


def _label(name: str, value: Any) -> str | None:
    text = _text(name, value)
    # Labels stand in clear in the database, so that figures can be grouped by them.
    if text is not None and (len(text) > _LONGEST_LABEL or "://" in text):
        raise _NotTaken(f"{name} is a label of at most {_LONGEST_LABEL} characters, and no URL")
    return text


def _sentence(name: str, value: Any) -> str | None:
    return _text(name, _LINE_ENDS.sub(" ", value) if isinstance(value, str) else value)


def _url(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        raise _NotTaken(f"{name} is not a text")
    try:
        return parse_url(value)
    except UnsupportedScheme as fault:
        raise _of_scheme(name, fault.scheme) from None
    except Refused as fault:
        raise _NotTaken(str(fault)) from None


def _of_scheme(name: str, scheme: str) -> _NotTaken:
    # "img.example:8080/1.jpg" reads as a scheme: it is none, and its name is not repeated.
    if "." in scheme or len(scheme) > 20:  # noqa: PLR2004 -- longer than any registered scheme worth a name
        return _NotTaken(f"{name} does not begin with http:// or https://", "other")
    return _NotTaken(f"the scheme {scheme} of {name} is refused; only http and https are taken", scheme)


def _link(name: str, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and not value.lstrip()[:4].lower().startswith("http"):
        if _carries(value):
            raise _NotTaken(f"{name} holds a data: or blob: URL", "data")
        raise _NotTaken(f"{name} is not an http or https URL")
    try:
        text: str = _url(name, value).text
    except _NotTaken:
        raise _NotTaken(f"{name} is not an http or https URL") from None
    return text


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _NotTaken(f"{name} is neither true nor false")
    return value


def _one_of(kind: type[StrEnum], default: StrEnum | None, *, null: bool) -> Callable[[str, Any], StrEnum | None]:
    """Make a reader for a closed set; an empty text is the default, null only where it means something."""
    known: dict[Any, StrEnum | None] = {"": default, **{member.value: member for member in kind}}
    if null:
        known[None] = None

    def reader(name: str, value: Any) -> StrEnum | None:
        try:
            return known[value]
        except (KeyError, TypeError):
            raise _NotTaken(f"{name} is none of {', '.join(kind)}") from None

    return reader


def _priority(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LOWEST_PRIORITY:
        raise _NotTaken(f"{name} is not a whole number from 0 (most urgent) to {_LOWEST_PRIORITY}")
    return value


def _time(name: str, value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value if value[10] == "T" and value[-1] == "Z" else value.upper())
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise _NotTaken(f'{name} is not a time with its zone; write for example "2026-11-20T09:00:00Z"')


def _hashes(name: str, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _NotTaken(f'{name} is not an object; write for example {{"sha256": "…"}}')
    return {kind: digest for kind, given in value.items() if (digest := _digest(kind, given)) is not None}


def _digest(kind: str, given: Any) -> str | None:
    if kind not in _HASH_DIGITS and not _HASH_NAME.fullmatch(kind):
        raise _NotTaken("hashes has a key that is no name of a hash; write for example sha256")
    if kind not in _HASH_DIGITS or not isinstance(given, str):
        return _text(f"hashes.{kind}", given)
    digest = given.strip().lower()
    if not digest:
        return None
    if len(digest) != _HASH_DIGITS[kind] or not _HEX.fullmatch(digest):
        raise _NotTaken(f"hashes.{kind} is not {_HASH_DIGITS[kind]} hexadecimal digits")
    return digest


_READERS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "url": _url,
    "report": _text,
    "reference": _text,
    "source": _label,
    "confirmed": _yes_or_no,
    "classification": _one_of(Classification, Classification.BASELINE, null=True),
    "confirmed_at": _time,
    "confirmed_by": _text,
    "site_type": _label,
    "media": _one_of(Media, None, null=True),
    "hashes": _hashes,
    "series": _text,
    "priority": _priority,
    "hold": _yes_or_no,
    "hold_until": _time,
    "copied_from": _label,
    "basis": _one_of(Basis, Basis.CSAM, null=False),
    "reason": _sentence,
    "found_on": _link,
    "referrer": _link,
    "access": _text,
    "new_victim": _yes_or_no,
}
_PLAIN: Final = frozenset(name for name, reader in _READERS.items() if reader in {_text, _label, _sentence})
