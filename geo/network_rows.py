"""A network file in CSV: its rows, and what is wrong with them. What overlaps mean stands in prefixes.py."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, ip_network
from typing import Final

from geo.country import country_code
from geo.mailbox import mailbox
from geo.prefixes import Details, PrefixTable, read_origins, unite
from schemas.hosting import Category, Network

HEADER: Final = ("network", "asn", "as_name", "country")
_OPTIONAL: Final = ("category", "abuse_email")
_IPV4_BITS: Final = 32  # of an address, RFC 791

#: IP version, prefix length and first address of a network.
_Key = tuple[int, int, int]


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A file while it is read. Rows that say the same share one value: a file has far fewer ASes than networks."""

    source: str
    table: PrefixTable[Details] = field(default_factory=PrefixTable)
    faults: list[str] = field(default_factory=list)
    said: dict[tuple[str, ...], Details] = field(default_factory=dict)
    again: dict[_Key, list[tuple[int, Details]]] = field(default_factory=dict)  # further rows of a network, with lines

    def fault(self, line: int, words: object) -> None:
        self.faults.append(f"{self.source}, line {line}: {words}")


def read_csv(lines: Iterable[str], source: str) -> tuple[PrefixTable[Details], tuple[str, ...]]:
    """Read a network file; the faults name file, line and what is wrong, and cost no other row.

    ValueError where the header is not that of a network file.
    """
    reading = _Reading(source=source)
    rows = _rows(lines, reading)
    header = tuple(name.strip().lower() for name in next(rows, (0, []))[1])
    if header[: len(HEADER)] != HEADER or not set(header[len(HEADER) :]) <= set(_OPTIONAL):
        raise ValueError(f"{source}: the first line must be {','.join(HEADER)}[,category,abuse_email]")
    for line, cells in rows:
        try:
            _take(reading, line, header, _joined(cells))
        except ValueError as fault:
            reading.fault(line, fault)
    _settle_again(reading)
    return reading.table, tuple(reading.faults)


def _rows(lines: Iterable[str], reading: _Reading) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(lines, skipinitialspace=True)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as fault:
            reading.fault(rows.line_num, fault)
            continue
        if cells is None:
            return
        if cells:
            yield rows.line_num, cells


def _joined(cells: list[str]) -> list[str]:
    """Put an AS set together whose commas were read as the ends of cells: "{64500,64501}" without quotes."""
    if len(cells) < len(HEADER) or "{" not in cells[1] or "}" in cells[1]:
        return cells
    end = next((n for n, cell in enumerate(cells) if "}" in cell), 1)
    return [cells[0], ",".join(cells[1 : end + 1]), *cells[end + 1 :]]


def _take(reading: _Reading, line: int, header: Sequence[str], cells: list[str]) -> None:
    if not len(HEADER) <= len(cells) <= len(header):
        raise ValueError(f"it has not the columns of the header ({', '.join(header)})")
    key, values = _key(cells[0].strip()), tuple(cells[1:])
    details = reading.said.get(values)
    if details is None:
        named = dict(zip(header[1:], (value.strip() for value in values), strict=False))
        details = reading.said[values] = _details(named)
    before = reading.table.put_number(*key, details)
    if before is not None:
        reading.again.setdefault(key, [(0, before)]).append((line, details))


def _key(text: str) -> _Key:
    """Read a network; the usual spelling of an IPv4 network without the detour that is four times as long."""
    first, _, length = text.partition("/")
    if length.isdecimal() and len(length) <= 2 and int(length) <= _IPV4_BITS:  # noqa: PLR2004 -- "/0" to "/32"
        try:
            number = int(IPv4Address(first))
        except AddressValueError:
            pass
        else:
            if not number & ((1 << (_IPV4_BITS - int(length))) - 1):
                return 4, int(length), number
    network: Network = ip_network(text)
    return network.version, network.prefixlen, int(network.network_address)


def _details(cells: dict[str, str]) -> Details:
    return Details(
        origins=read_origins(cells["asn"]),
        as_name=cells["as_name"] or None,
        country=_country(cells["country"]),
        category=_category(cells.get("category", "")),
        abuse_email=_mailbox(cells.get("abuse_email", "")),
    )


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


def _settle_again(reading: _Reading) -> None:
    for key, rows in reading.again.items():
        united, contradicted = unite(details for _, details in rows)
        reading.table.put_number(*key, united)
        network = ip_network((key[2], key[1])) if key[0] == 4 else ip_network((key[2].to_bytes(16, "big"), key[1]))  # noqa: PLR2004 -- IP version
        what = f"its rows disagree on {', '.join(contradicted)}, which stays blank" if contradicted else ""
        origins = f"every origin is kept, AS{united.origins[0]} leads" if len(united.origins) > 1 else ""
        words = "; ".join(part for part in (what, origins) if part) or "they say the same"
        for line, _ in rows[1:]:
            reading.fault(line, f"{network} stands here more than once: {words}")
