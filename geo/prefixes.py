"""Which network holds an address, and what is said of it.

The rule for overlaps and contradictions, written once; the order of rows never matters:

* Of the networks in a file that hold an address, the longest prefix decides alone: what it leaves blank is not filled
  from a larger network.
* A network may have several origins: an AS set in one row, or several rows. All of them are kept, and the lowest AS
  number leads: it stands for the network wherever one AS is asked for (`asn`, the hoster, the contact of the AS).
* Of several rows for the same network, those of the leading AS, and those that name no AS, speak for it. A column in
  which they contradict each other stays blank, so that a weaker source decides instead of a guess; it is reported.
* Of several files the first that knows the address decides; a later one may add what the first leaves blank, unless it
  speaks of another AS.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from operator import itemgetter
from typing import Final, Generic, TypeVar

from schemas.hosting import Address, Category, Network

#: AS numbers are 32 bits wide, RFC 6793.
_LARGEST_ASN: Final = 0xFFFF_FFFF
#: Between the numbers of a set: "{64500,64501}" (AS_SET, RFC 4271), "64500_64501" (CAIDA), "64500 64501" (Cymru).
_BETWEEN: Final = re.compile(r"[\s,_;{}]+")
#: Origins kept of one network; a real one has a handful.
_MOST_ORIGINS: Final = 64
_BITS: Final = {4: 32, 6: 128}  # of an address, by IP version: RFC 791, RFC 4291
#: What a source may say of a network beside its origins.
COLUMNS: Final = ("as_name", "country", "category", "abuse_email")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a row says of a network, apart from which network that is."""

    origins: tuple[int, ...] = ()  # AS numbers, ascending: the first leads
    as_name: str | None = None
    country: str | None = None
    category: Category | None = None
    abuse_email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFact:
    """What one source says about the network of an address."""

    prefix: Network
    source: str  # name of the file, or the Cymru zone
    asn: int | None = None  # the leading origin
    as_name: str | None = None
    country: str | None = None
    category: Category | None = None
    abuse_email: str | None = None
    origins: tuple[int, ...] = ()  # every AS that announces it, ascending; given none: `asn` alone

    def __post_init__(self) -> None:
        """Let a single AS be its only origin."""
        if not self.origins and self.asn is not None:
            object.__setattr__(self, "origins", (self.asn,))


class PrefixTable(Generic[T]):
    """Values by longest prefix: one dictionary per length, asked from the longest down."""

    __slots__ = ("_by_length", "_longest_first", "size")

    def __init__(self) -> None:
        self._by_length: dict[tuple[int, int], dict[int, T]] = {}
        # By IP version: length, bits behind it, and the values by the bits before them.
        self._longest_first: dict[int, list[tuple[int, int, dict[int, T]]]] = {4: [], 6: []}
        self.size = 0

    def put(self, network: Network, value: T) -> T | None:
        """Keep the value for the network; give the one that stood there before, None where none did."""
        return self.put_number(network.version, network.prefixlen, int(network.network_address), value)

    def put_number(self, version: int, length: int, number: int, value: T) -> T | None:
        """Do the same (None: nothing stood there) for a network as its IP version, prefix length and first address."""
        low = _BITS[version] - length
        rows = self._by_length.get((version, length))
        if rows is None:
            rows = self._by_length[version, length] = {}
            longest_first = self._longest_first[version]
            longest_first.append((length, low, rows))
            longest_first.sort(key=itemgetter(0), reverse=True)
        before = rows.get(number >> low)
        rows[number >> low] = value
        self.size += before is None
        return before

    def longest(self, address: Address) -> tuple[Network, T] | None:
        """Give the longest prefix that holds the address, with its value; None where none does."""
        number, version = int(address), address.version
        for length, low, rows in self._longest_first[version]:
            value = rows.get(number >> low)
            if value is not None:
                return _network(version, length, number >> low << low), value
        return None


@lru_cache(maxsize=16_384)
def _network(version: int, length: int, first: int) -> Network:
    # Made once for all hosts of a network: it costs more than finding it.
    return IPv4Network((first, length)) if version == 4 else IPv6Network((first, length))  # noqa: PLR2004 -- IP versions


def read_asn(text: str) -> int | None:
    """Read "64501" or "AS64501"; None for nothing and for AS 0 (RFC 7607); ValueError for what is no AS number.

    >>> read_asn("AS64501")
    64501
    """
    digits = text.strip().upper().removeprefix("AS")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal()) or int(digits) > _LARGEST_ASN:
        raise ValueError(f"{text!r} is no AS number; write for example 64501")
    return int(digits) or None


def read_origins(text: str) -> tuple[int, ...]:
    """Read one AS number or a set of them, ascending; () for nothing; ValueError for what is neither.

    >>> read_origins("{64501,64500}"), read_origins("64500_64501"), read_origins("AS64501")
    ((64500, 64501), (64500, 64501), (64501,))
    """
    found = {read_asn(part) for part in _BETWEEN.split(text)} - {None}
    if len(found) > _MOST_ORIGINS:
        raise ValueError(f"{len(found)} origins are more than a network has; at most {_MOST_ORIGINS} are taken")
    return tuple(sorted(number for number in found if number is not None))


def unite(rows: Iterable[Details]) -> tuple[Details, tuple[str, ...]]:
    """Make one of all rows for the same network; also name the columns in which they contradict each other.

    >>> united, contradicted = unite([Details(origins=(64501,), country="NL"), Details(origins=(64500,), country="DE")])
    >>> united.origins, united.country, contradicted
    ((64500, 64501), 'DE', ())
    """
    every = tuple(rows)
    origins = tuple(sorted({origin for row in every for origin in row.origins}))
    speaking = [row for row in every if not row.origins or origins[0] in row.origins]
    said = {column: {getattr(row, column) for row in speaking} - {None} for column in COLUMNS}
    agreed = {column: next(iter(values)) for column, values in said.items() if len(values) == 1}
    contradicted = tuple(column for column, values in said.items() if len(values) > 1)
    return Details(origins=origins, **agreed), contradicted


def fact_of(prefix: Network, details: Details, source: str) -> NetworkFact:
    """Put a network and what is said of it together."""
    return NetworkFact(
        prefix=prefix,
        source=source,
        asn=details.origins[0] if details.origins else None,
        origins=details.origins,
        as_name=details.as_name,
        country=details.country,
        category=details.category,
        abuse_email=details.abuse_email,
    )


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
        blank = {name: getattr(fact, name) for name in ("asn", *COLUMNS) if getattr(merged, name) is None}
        merged = replace(merged, **blank, origins=merged.origins or fact.origins)
    return merged
