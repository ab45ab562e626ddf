"""Is this the machine itself, or a front that hides it?

The first that applies names the front; whatever applies makes it one:

1. the network is one that a front publishes as its own (CloudFront has ranges of its own inside Amazon's AS)
2. one of the ASes that announce the network is a front's
3. the host's CNAMEs lead to a name that a front gives its customers
4. the operator's network file says cdn or proxy

The shipped list is data/fronts.csv: match (a network, "as13335", or the end of a name), name, source, date.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Self

from geo.prefixes import PrefixTable
from schemas.hosting import Address, Category
from schemas.url import upwards

_FRONT_CATEGORIES = frozenset({Category.CDN, Category.PROXY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is known of one address that may show a front."""

    address: Address | None = None
    category: Category | None = None
    origins: Sequence[int] = ()  # ASes that announce its network, ascending
    as_name: str | None = None  # of the leading one
    cnames: Sequence[str] = ()  # of the host


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """The fronts we know, each by its name."""

    by_network: PrefixTable[str] = field(default_factory=PrefixTable)
    by_asn: dict[int, str] = field(default_factory=dict)
    by_suffix: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """Read the shipped list; ValueError names the network that is none."""
        fronts = cls()
        for row in csv.DictReader(lines):
            match = row["match"].lower()
            if match.startswith("as") and match[2:].isdecimal():
                fronts.by_asn[int(match[2:])] = row["name"]
            elif "/" in match:
                fronts.by_network.put(ip_network(match), row["name"])
            else:
                fronts.by_suffix[match] = row["name"]
        return fronts

    def name_of(self, seen: Sighting) -> str | None:
        """Name the front behind which the machine hides; None where this is the machine itself."""
        known = self._known(seen)
        if known is None and seen.category in _FRONT_CATEGORIES:
            return seen.as_name or (f"AS{seen.origins[0]}" if seen.origins else str(seen.category))
        return known

    def _known(self, seen: Sighting) -> str | None:
        found = self.by_network.longest(seen.address) if seen.address is not None else None
        if found is not None:
            return found[1]
        announced = (self.by_asn[asn] for asn in seen.origins if asn in self.by_asn)
        led_to = (self.by_suffix[end] for cname in seen.cnames for end in upwards(cname) if end in self.by_suffix)
        return next(announced, None) or next(led_to, None)
