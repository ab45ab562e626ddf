"""The operator's contact book: who matches, and what its rows say.

Header: match,kind,address,format,language,note. `match` is "as64501", a network, or a host or site. A `never` row
strikes its address (a mailbox, or a whole domain) for what it matches ("*": everywhere); without an address it strikes
everybody there, and every mailbox at the host or site it names.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network
from typing import Final, Self

from geo.mailbox import domain_of, mailbox, under
from schemas.hosting import Address, Network

HEADER: Final = ("match", "kind", "address")
_ASN: Final = re.compile(r"as(\d{1,10})")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_FORMATS: Final = frozenset({"", "digest", "xarf"})
EVERYWHERE: Final = "*"


class BookKind(StrEnum):
    """What a row's address is for."""

    ABUSE = "abuse"
    SITE = "site"
    FRONT = "front"
    UPSTREAM = "upstream"
    REGISTRAR = "registrar"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a rule can match: one address of a host, with its AS."""

    host: str
    site: str
    address: Address | None = None
    asn: int | None = None  # the one that leads
    origins: tuple[int, ...] = ()  # every AS that announces its network, ascending; given none: `asn` alone
    under: str | None = None  # the domain that the host shares with strangers, e.g. "blogspot.com"

    @property
    def systems(self) -> tuple[int | None, ...]:
        """Name the ASes that a rule may mean: the leading one (None: not known), then the others that announce."""
        return (self.asn, *[origin for origin in self.origins if origin != self.asn])


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule is about: exactly one of AS, network and name; none of them: everything."""

    asn: int | None = None
    network: Network | None = None
    name: str | None = None  # a host, a site, or what strangers share

    @classmethod
    def read(cls, text: str) -> Self:
        """Read "as64501", a network, a host or site, or "*"; ValueError says what is wrong."""
        plain = text.strip().lower().rstrip(".")
        if plain == EVERYWHERE:
            return cls()
        if (asn := _ASN.fullmatch(plain)) is not None:
            return cls(asn=int(asn[1]))
        if ":" in plain or "/" in plain or plain.replace(".", "").isdigit():
            return cls(network=ip_network(plain))
        if not _NAME.fullmatch(plain):
            raise ValueError(f"{text!r} matches nothing; write for example as64501, 198.51.100.0/24 or example.net")
        return cls(name=plain)

    def holds(self, subject: Subject) -> bool:
        """Say whether the rule is about the subject."""
        if self.name is not None:
            return self.name in {subject.host, subject.site, subject.under}
        if self.network is not None:
            return subject.address is not None and subject.address in self.network
        return self.asn is None or self.asn in subject.systems

    def rank(self, subject: Subject) -> tuple[int, int]:
        """Order rules about a subject, the strongest lowest: its host, its site, what it shares, networks, AS, all.

        Of networks the longest goes first, of ASes the leading one.
        """
        if self.name is not None:
            return 0, (subject.host, subject.site, subject.under).index(self.name)
        if self.network is not None:
            return 1, -self.network.prefixlen
        return (2, subject.systems.index(self.asn)) if self.asn is not None else (3, 0)

    def __str__(self) -> str:
        if self.asn is not None:
            return f"AS{self.asn}"
        return str(self.network) if self.network is not None else self.name or "everything"


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

    def matching(self, kind: BookKind, subject: Subject) -> list[BookRow]:
        """Give the rows of a kind that are about the subject, the nearest match first, equals as they stand there."""
        found = [row for row in self.rows.get(kind, ()) if row.match.holds(subject)]
        return sorted(found, key=lambda row: row.match.rank(subject))

    def vetoes(self, address: str, subject: Subject) -> bool:
        """Say whether a `never` row strikes the address (a mailbox, a URL of a form or an API) for the subject."""
        return any(_strikes(row, address, subject) for row in self.rows.get(BookKind.NEVER, ()))


def _strikes(row: BookRow, address: str, subject: Subject) -> bool:
    if not row.address:
        at = frozenset({row.match.name}) if row.match.name is not None else frozenset()
        return row.match.holds(subject) or under(domain_of(address), at)
    if not row.match.holds(subject):
        return False
    struck = row.address.casefold()
    return struck == address.casefold() or under(domain_of(address), frozenset({struck}))


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
