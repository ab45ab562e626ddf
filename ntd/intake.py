"""One record of input becomes a submission, or a refusal that says why in a sentence. Pure.

No sentence repeats a value: the URL of an item stands in no answer and in no log. What carries the material itself is
marked so that it is kept nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ntd.intake_records import Piece, Record, cells
from ntd.intake_values import KEYS, NotTaken, submission_of, unknown
from ntd.material import carries, holds_material
from schemas.errors import Refused
from schemas.item import Submission
from schemas.url import CARRIES_CONTENT

_HASH_COLUMN: Final = "hashes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a record is not taken. `scheme`: of a URL that is neither http nor https; `keep`: may be written down."""

    line: int
    error: str
    scheme: str | None = None
    keep: bool = True


def read(record: Record, columns: Sequence[str] | None = None, source: str | None = None) -> Submission | Refusal:
    """Read one record: a line of NDJSON, or with `columns` a row of CSV; `source` of those that name none."""
    values: dict[str, Any] | None = None
    try:
        values = _object(record.raw) if columns is None else _row(record, columns)
        return submission_of(values, source)
    except NotTaken as fault:
        material = holds_material(record.raw) if values is None else carries(values)
        return _refusal(record.line, fault, material=material)


def _refusal(line: int, fault: NotTaken, *, material: bool) -> Refusal:
    if material or fault.scheme in CARRIES_CONTENT:
        scheme = fault.scheme if fault.scheme in CARRIES_CONTENT else "data"
        error = f"line {line}: the schemes data and blob hold the material itself: nothing of this line was kept"
        return Refusal(line=line, error=error, scheme=scheme, keep=False)
    return Refusal(line=line, error=f"line {line}: {fault}", scheme=fault.scheme)


def too_long(piece: Piece, *, material: bool) -> Refusal:
    """Refuse a line over the limit."""
    return _refusal(piece.line, NotTaken("is longer than 1 MiB; nothing of it was read"), material=material)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise NotTaken(_why_no_json(raw, fault)) from None
    if not isinstance(value, dict):
        raise NotTaken('is not a JSON object; write one object a line, as {"url": "…"}')
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
        if name not in KEYS and not name.startswith(_HASH_COLUMN):
            raise Refused(f"column {position} of the CSV header{unknown(name)}; nothing was taken")
        if names.count(name) > 1:
            raise Refused(f"the CSV header names the column {name} twice; nothing was taken")
    if "url" not in names:
        raise Refused("the CSV header has no column url; nothing was taken")
    return names


def _row(record: Record, columns: Sequence[str]) -> dict[str, Any]:
    if record.broken:
        raise NotTaken("its quotation marks do not match")
    try:
        texts = [cell.decode() for cell in cells(record.raw)]
    except UnicodeDecodeError as where:
        raise NotTaken(f"is not UTF-8 at byte {where.start + 1} of a cell") from None
    if len(texts) != len(columns):
        raise NotTaken(f"has {len(texts)} cells where the header has {len(columns)}")
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
