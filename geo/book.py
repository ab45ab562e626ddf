"""The operator's contact book: who matches, and what its rows say.

Header: match,kind,address,format,language,note. `match` is "as64501", a network, or a host or site. A `never` row
strikes its address (a mailbox, or a whole domain) for what it matches ("*": everywhere); without an address it strikes
everybody there, and every mailbox at the host or site it names.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from geo.mailbox import domain_of, mailbox, under
from geo.matching import EVERYWHERE, Match, Matching, Subject

HEADER: Final = ("match", "kind", "address")
_FORMATS: Final = frozenset({"", "digest", "xarf"})


class BookKind(StrEnum):
    """What a row's address is for."""

    ABUSE = "abuse"
    SITE = "site"
    FRONT = "front"
    UPSTREAM = "upstream"
    REGISTRAR = "registrar"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """One row."""

    line: int
    match: Match
    kind: BookKind
    address: str = ""
    format: str = ""
    language: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All rows, by kind."""

    name: str = "contacts"
    rows: Mapping[BookKind, tuple[BookRow, ...]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    _about: Mapping[BookKind, Matching[BookRow]] = field(init=False, repr=False, compare=False)
    _struck: frozenset[str] = field(init=False, repr=False, compare=False)  # names at which every mailbox is struck

    def __post_init__(self) -> None:
        """Sort the rows by what they are about: a book may have thousands."""
        about = {kind: Matching((row.match, row) for row in rows) for kind, rows in self.rows.items()}
        struck = (row.match.name for row in self.rows.get(BookKind.NEVER, ()) if not row.address)
        object.__setattr__(self, "_about", about)
        object.__setattr__(self, "_struck", frozenset(name for name in struck if name is not None))

    def matching(self, kind: BookKind, subject: Subject) -> list[BookRow]:
        """Give the rows of a kind that are about the subject, the nearest match first, equals as they stand there."""
        about = self._about.get(kind)
        return [row for _, row in about.about(subject)] if about is not None else []

    def vetoes(self, address: str, subject: Subject) -> bool:
        """Say whether a `never` row strikes the address (a mailbox, a URL of a form or an API) for the subject."""
        if under(domain_of(address), self._struck):
            return True
        return any(_strikes(row, address) for row in self.matching(BookKind.NEVER, subject))


def _strikes(row: BookRow, address: str) -> bool:
    """Say whether a row that is about the subject strikes an address; one without an address strikes all."""
    struck = row.address.casefold()
    return not struck or struck == address.casefold() or under(domain_of(address), frozenset({struck}))


def read_book(lines: Iterable[str], source: str) -> Book:
    """Read a contact book; bad rows are faults with file, line and reason, and cost no other row.

    ValueError where the header is not that of a contact book.
    """
    rows = csv.DictReader(lines, skipinitialspace=True)
    header = [(name or "").strip().lower() for name in rows.fieldnames or ()]
    if tuple(header[: len(HEADER)]) != HEADER:
        raise ValueError(f"{source}: the first line must be match,kind,address,format,language,note")
    rows.fieldnames = header
    kept: dict[BookKind, list[BookRow]] = {}
    faults: list[str] = []
    for row in rows:
        try:
            read = _row({str(name): value for name, value in row.items()}, rows.line_num)
        except ValueError as fault:
            faults.append(f"{source}, line {rows.line_num}: {fault}")
            continue
        kept.setdefault(read.kind, []).append(read)
    return Book(name=source, rows={kind: tuple(found) for kind, found in kept.items()}, faults=tuple(faults))


def _row(row: Mapping[str, object], line: int) -> BookRow:
    cells = {name: value.strip() if isinstance(value, str) else "" for name, value in row.items()}
    kind, form = _kind(cells["kind"]), cells.get("format", "").lower()
    if form not in _FORMATS:
        raise ValueError(f"{form!r} is no format; write digest or xarf")
    return BookRow(
        line=line,
        match=Match.read(cells["match"] or (EVERYWHERE if kind is BookKind.NEVER else "")),
        kind=kind,
        address=_address(cells["address"], kind),
        format=form,
        language=cells.get("language", "").lower() or None,
        note=cells.get("note", ""),
    )


def _kind(text: str) -> BookKind:
    try:
        return BookKind(text.lower())
    except ValueError as fault:
        raise ValueError(f"{text!r} is no kind; write {', '.join(BookKind)}") from fault


def _address(text: str, kind: BookKind) -> str:
    if kind is BookKind.NEVER:
        return mailbox(text) or text.lower().removeprefix("@")
    if text.startswith("https://"):
        return text
    address = mailbox(text)
    if address is None:
        raise ValueError("address is no mail address and no https:// form; write for example abuse@hoster.example")
    return address
