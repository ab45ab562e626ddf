"""Where the holder of addresses says they are used: geofeed files (RFC 8805), linked by registrations (RFC 9632).

Of a file only those rows count that lie inside the registered block which links it: nobody else's addresses are its
holder's to speak of. The longest prefix decides; a row without a country says that there is none to be named. Of two
rows for one prefix the first counts. A row that cannot be read costs no other row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from geo.country import country_code
from schemas.hosting import Address, Network

#: Rows of one file that are read; the largest known (access providers) have some 40,000.
MAX_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a geofeed says of a prefix."""

    prefix: Network
    country: str | None  # None: the holder says that no country is to be named


class Feed:
    """The rows of a geofeed, by longest prefix."""

    __slots__ = ("_by_length", "size")

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        found: dict[tuple[int, int], dict[int, str | None]] = {}
        for row in rows:
            same = found.setdefault((row.prefix.version, row.prefix.prefixlen), {})
            same.setdefault(int(row.prefix.network_address), row.country)
        self._by_length = dict(sorted(found.items(), reverse=True))
        self.size = sum(map(len, found.values()))

    def find(self, address: Address, inside: Sequence[Network]) -> Row | None:
        """Give the longest row that holds the address and lies inside one of the blocks; None where none does."""
        number, bits = int(address), address.max_prefixlen
        for (version, length), rows in self._by_length.items():
            start = number >> (bits - length) << (bits - length) if version == address.version else -1
            if start in rows:
                prefix = ip_network((start, length))
                if any(_within(prefix, block) for block in inside):
                    return Row(prefix=prefix, country=rows[start])
        return None


def _within(prefix: Network, block: Network) -> bool:
    return prefix.version == block.version and prefix.prefixlen >= block.prefixlen and prefix.network_address in block


def read_geofeed(text: str) -> list[Row]:
    """Read a geofeed: lines of prefix, country, region, city, postal code; all but the prefix may be missing."""
    rows: list[Row] = []
    for line in text.removeprefix("\ufeff").splitlines():
        row = _row(line.partition("#")[0])
        if row is not None:
            rows.append(row)
            if len(rows) == MAX_ROWS:
                break
    return rows


def _row(line: str) -> Row | None:
    prefix, _, rest = line.partition(",")
    try:
        # A bare address is a host route; bits beyond the length make the row wrong (RFC 8805, section 2.1.1.1).
        network = ip_network(prefix.strip().strip('"'))
    except ValueError:
        return None
    return Row(prefix=network, country=country_code(rest.partition(",")[0].strip().strip('"')))


def as_text(rows: Iterable[Row]) -> str:
    """Write rows as they are kept: prefix and country, a line each."""
    return "\n".join(f"{row.prefix},{row.country or ''}" for row in rows)
