"""Networks that stand in no one place: announced from many places at once (anycast), or reached through satellites.

What a register says of such an address is where its holder is, not where a machine is. That is said, never guessed
around. Known by what the operator's network file says (category `anycast` or `satellite`), else by our list
(data/reach.csv): the longest network that holds the address, then the AS.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Self

from geo.prefixes import PrefixTable, read_asn
from schemas.hosting import Address, Category, Reach

_CATEGORIES = {Category.ANYCAST: Reach.ANYCAST, Category.SATELLITE: Reach.SATELLITE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One row of our list."""

    reach: Reach
    name: str  # of the service or operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaches:
    """What is known to stand in no one place."""

    networks: PrefixTable[Known] = field(default_factory=PrefixTable)
    systems: dict[int, Known] = field(default_factory=dict)

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """Read the list: reach,match,name,source,date; ValueError for a row that matches nothing that can be."""
        networks: PrefixTable[Known] = PrefixTable()
        systems: dict[int, Known] = {}
        for row in csv.DictReader(lines):
            known = Known(reach=Reach(row["reach"]), name=row["name"])
            asn = read_asn(row["match"]) if row["match"].startswith("as") else None
            if asn is not None:
                systems[asn] = known
            else:
                networks.put(ip_network(row["match"]), known)
        return cls(networks=networks, systems=systems)

    def of(self, address: Address, asn: int | None, category: Category | None) -> Reach | None:
        """Say how an address is reached; None for a machine in one place, as far as we know."""
        if category in _CATEGORIES:
            return _CATEGORIES[category]
        known = self.known(address, asn)
        return known.reach if known is not None else None

    def known(self, address: Address, asn: int | None) -> Known | None:
        """Give the row of our list that holds an address or its AS; None where none does."""
        found = self.networks.longest(address)
        if found is not None:
            return found[1]
        return self.systems.get(asn) if asn is not None else None
