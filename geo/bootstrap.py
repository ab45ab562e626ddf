"""Which registry answers for an address, an AS or a domain: IANA's bootstrap files (RFC 9224), shipped in data/rdap."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Self

from schemas.hosting import Address, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """Base URLs of registries, each with a slash at its end."""

    networks: tuple[tuple[Network, str], ...]  # the longest prefix first
    systems: tuple[tuple[int, int, str], ...]
    domains: dict[str, str]  # by top-level domain, or a longer suffix

    @classmethod
    def read(cls, files: Mapping[str, Any]) -> Self:
        """Read the four files, by "ipv4", "ipv6", "asn" and "dns"."""
        blocks = [
            (ip_network(entry), base) for name in ("ipv4", "ipv6") for entry, base in _entries(files.get(name, {}))
        ]
        ranges = ((*entry.partition("-"), base) for entry, base in _entries(files.get("asn", {})))
        return cls(
            networks=tuple(sorted(blocks, key=lambda pair: -pair[0].prefixlen)),
            systems=tuple((int(first), int(last or first), base) for first, _, last, base in ranges),
            domains={entry.lower().strip("."): base for entry, base in _entries(files.get("dns", {}))},
        )

    def for_address(self, address: Address) -> str | None:
        """Name the registry of an address."""
        return next((base for block, base in self.networks if address in block), None)

    def for_asn(self, asn: int) -> str | None:
        """Name the registry of an AS."""
        return next((base for first, last, base in self.systems if first <= asn <= last), None)

    def for_domain(self, site: str) -> str | None:
        """Name the registry of a domain by its longest listed suffix (RFC 9224, section 4)."""
        labels = site.lower().split(".")
        ends = (".".join(labels[start:]) for start in range(len(labels)))
        return next((self.domains[end] for end in ends if end in self.domains), None)


def _entries(file: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(entry, _preferred(urls)) for entries, urls in file.get("services", ()) for entry in entries]


def _preferred(urls: list[str]) -> str:
    # RFC 9224, section 3: of several URLs those with https are to be preferred.
    url = next((url for url in urls if url.startswith("https:")), urls[0])
    return url if url.endswith("/") else url + "/"
