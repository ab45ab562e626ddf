"""Which network holds an address, and what a network file says of it.

The rule for overlaps, written once: inside a file the longest prefix decides alone; of two rows for the same network
the first one counts and the second is reported. Of several files the first that knows the address decides; a later one
may add what the first leaves blank, unless it speaks of another AS.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from geo.country import country_code
from geo.mailbox import mailbox
from schemas.hosting import Address, Category, Network

HEADER: Final = ("network", "asn", "as_name", "country")
_OPTIONAL: Final = ("category", "abuse_email")
#: AS numbers are 32 bits wide, RFC 6793.
_LARGEST_ASN: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFact:
    """What one source says about the network of an address."""

    prefix: Network
    source: str  # name of the file, or the Cymru zone
    asn: int | None = None
    as_name: str | None = None
    country: str | None = None
    category: Category | None = None
    abuse_email: str | None = None


class PrefixTable:
    """Networks by longest prefix: one dictionary per length, asked from the longest down."""

    __slots__ = ("_by_length", "_lengths", "size")

    def __init__(self) -> None:
        self._by_length: dict[tuple[int, int], dict[int, NetworkFact]] = {}
        self._lengths: dict[int, list[int]] = {4: [], 6: []}
        self.size = 0

    def add(self, fact: NetworkFact) -> bool:
        """Add a row; False where the same network already has one."""
        version, length = fact.prefix.version, fact.prefix.prefixlen
        rows = self._by_length.setdefault((version, length), {})
        if length not in self._lengths[version]:
            self._lengths[version] = sorted([*self._lengths[version], length], reverse=True)
        key = int(fact.prefix.network_address)
        if key in rows:
            return False
        rows[key] = fact
        self.size += 1
        return True

    def longest(self, address: Address) -> NetworkFact | None:
        """Give the row with the longest prefix that holds the address."""
        number, bits = int(address), address.max_prefixlen
        for length in self._lengths[address.version]:
            fact = self._by_length[address.version, length].get(number >> (bits - length) << (bits - length))
            if fact is not None:
                return fact
        return None


def read_csv(lines: Iterable[str], source: str) -> tuple[PrefixTable, tuple[str, ...]]:
    """Read a network file; the faults name file, line and what is wrong, and cost no other row.

    ValueError where the header is not that of a network file.
    """
    table = PrefixTable()
    faults: list[str] = []
    rows = csv.DictReader(lines, skipinitialspace=True)
    header = tuple((name or "").strip().lower() for name in rows.fieldnames or ())
    if header[: len(HEADER)] != HEADER or not set(header[len(HEADER) :]) <= set(_OPTIONAL):
        raise ValueError(f"{source}: the first line must be {','.join(HEADER)}[,category,abuse_email]")
    rows.fieldnames = list(header)
    while True:
        try:
            row = next(rows, None)
            if row is None:
                return table, tuple(faults)
            fact = _row(row, source)
        except (ValueError, csv.Error) as fault:
            faults.append(f"{source}, line {rows.line_num}: {fault}")
            continue
        if not table.add(fact):
            faults.append(
                f"{source}, line {rows.line_num}: {fact.prefix} stands here a second time; the first row counts"
            )


def _row(row: Mapping[str | None, str | list[str] | None], source: str) -> NetworkFact:
    if None in row or any(row[name] is None for name in HEADER):
        raise ValueError(f"it has not the columns of the header ({', '.join(str(name) for name in row if name)})")
    cells = {name: value.strip() if isinstance(value, str) else "" for name, value in row.items()}
    return NetworkFact(
        prefix=ip_network(cells["network"]),
        source=source,
        asn=read_asn(cells["asn"]),
        as_name=cells["as_name"] or None,
        country=_country(cells["country"]),
        category=_category(cells.get("category", "")),
        abuse_email=_mailbox(cells.get("abuse_email", "")),
    )


def read_asn(text: str) -> int | None:
    """Read "64501" or "AS64501"; None for nothing; ValueError for what is no AS number.

    >>> read_asn("AS64501")
    64501
    """
    digits = text.strip().upper().removeprefix("AS")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal()) or int(digits) > _LARGEST_ASN:
        raise ValueError(f"{text!r} is no AS number; write for example 64501")
    return int(digits) or None


def _country(text: str) -> str | None:
    code = country_code(text)
    if text and code is None and not (len(text) == 2 and text.isalnum()):  # noqa: PLR2004 -- alpha-2
        raise ValueError(f"{text!r} is no country; write ISO 3166-1 alpha-2, for example NL")
    return code


def _category(text: str) -> Category | None:
    try:
        return Category(text.lower()) if text else None
    except ValueError as fault:
        raise ValueError(f"{text!r} is no category; write {', '.join(Category)} or nothing") from fault


def _mailbox(text: str) -> str | None:
    if text and mailbox(text) is None:
        raise ValueError("abuse_email is no mail address; write for example abuse@hoster.example")
    return mailbox(text)


def merge(facts: Sequence[NetworkFact]) -> NetworkFact | None:
    """Put what several sources know of one address together, the first deciding.

    None where nobody knows anything.
    """
    if not facts:
        return None
    merged = facts[0]
    for fact in facts[1:]:
        if None not in {merged.asn, fact.asn} and merged.asn != fact.asn:
            continue
        blank = {
            name: getattr(fact, name)
            for name in ("asn", "as_name", "country", "category", "abuse_email")
            if getattr(merged, name) is None
        }
        merged = replace(merged, **blank)
    return merged


def from_record(record: object, prefix: Network, source: str) -> NetworkFact | None:
    """Read a record of an .mmdb file: our own column names, MaxMind's and those common elsewhere."""
    if not isinstance(record, Mapping):
        return None
    number = _first(record, "asn", "autonomous_system_number", "as_number")
    category = _first(record, "category")
    try:
        asn = read_asn(str(number)) if number is not None else None
        return NetworkFact(
            prefix=prefix,
            source=source,
            asn=asn,
            as_name=_text(_first(record, "as_name", "autonomous_system_organization", "as_org", "name")),
            country=_record_country(record),
            category=Category(category) if isinstance(category, str) and category in set(Category) else None,
            abuse_email=mailbox(_text(_first(record, "abuse_email")) or ""),
        )
    except ValueError:
        return None


def _record_country(record: Mapping[str, object]) -> str | None:
    # Where the addresses are used, then where the block is registered (MaxMind's two fields of that name).
    for name in ("country", "country_code", "registered_country"):
        value = record.get(name)
        code = country_code(value.get("iso_code") if isinstance(value, Mapping) else value)
        if code is not None:
            return code
    return None


def _first(record: Mapping[str, object], *names: str) -> object:
    return next((record[name] for name in names if record.get(name) not in {None, ""}), None)


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
