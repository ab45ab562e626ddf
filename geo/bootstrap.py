"""Which registry answers for an address, an AS or a domain: IANA's bootstrap files (RFC 9224).

Shipped in data/rdap, renewed by `ntd geo refresh`. A file is taken whole or not at all: one row that cannot be read
means that we do not know what the file says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any, Final, Self
from urllib.parse import urlsplit

import orjson

from schemas.hosting import Address, Network
from schemas.url import upwards

#: The registries of RFC 9224, by the names of their files: ipv4.json, …
NAMES: Final = ("ipv4", "ipv6", "asn", "dns")
#: Rows of a file that are read; the longest (dns) has some 1,200 entries in 600 services.
MAX_ENTRIES: Final = 50_000
#: RFC 9224, section 3.
_VERSION: Final = "1.0"
#: AS numbers are 32 bits wide, RFC 6793.
_LARGEST_ASN: Final = 0xFFFF_FFFF


class BadFile(ValueError):  # noqa: N818 -- what it is
    """The file is no bootstrap file that can be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapFile:
    """One of IANA's files."""

    name: str  # of NAMES
    publication: datetime
    services: tuple[tuple[str, str], ...]  # entry and base URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """Base URLs of registries, each with a slash at its end."""

    networks: tuple[tuple[Network, str], ...]  # the longest prefix first
    systems: tuple[tuple[int, int, str], ...]
    domains: dict[str, str]  # by top-level domain, or a longer suffix

    @classmethod
    def of(cls, files: Mapping[str, BootstrapFile]) -> Self:
        """Put the files together, by name; a missing one knows nobody."""
        services = {name: files[name].services if name in files else () for name in NAMES}
        blocks = [(ip_network(entry), base) for name in ("ipv4", "ipv6") for entry, base in services[name]]
        return cls(
            networks=tuple(sorted(blocks, key=lambda pair: -pair[0].prefixlen)),
            systems=tuple((*_range(entry), base) for entry, base in services["asn"]),
            domains=dict(services["dns"]),
        )

    def for_address(self, address: Address) -> str | None:
        """Name the registry of an address; None where none is listed."""
        return next((base for block, base in self.networks if address in block), None)

    def for_asn(self, asn: int) -> str | None:
        """Name the registry of an AS; None where none is listed."""
        return next((base for first, last, base in self.systems if first <= asn <= last), None)

    def for_domain(self, site: str) -> str | None:
        """Name the registry of a domain by its longest listed suffix (RFC 9224, section 4), or None."""
        return next((self.domains[end] for end in upwards(site) if end in self.domains), None)

    def registry_of(self, thing: Address | int | str) -> str | None:
        """Name the registry of an address, an AS number or a domain; None where none is listed."""
        if isinstance(thing, IPv4Address | IPv6Address):
            return self.for_address(thing)
        return self.for_asn(thing) if isinstance(thing, int) else self.for_domain(thing)

    def is_registrys_own(self, blocks: Sequence[Network]) -> bool:
        """Say whether one of the blocks covers a whole block that IANA gave to a registry."""
        return any(
            entry.version == block.version and entry.subnet_of(block)  # type: ignore[arg-type]
            for entry, _ in self.networks
            for block in blocks
        )


def read_file(name: str, body: bytes) -> BootstrapFile:
    """Read one bootstrap file; BadFile where it is not whole, of another kind, or empty."""
    try:
        content = orjson.loads(body)
        version, published = content["version"], datetime.fromisoformat(content["publication"])
        services = tuple((_entry(name, entry), base) for entry, base in _services(content["services"]))
    except (ValueError, TypeError, KeyError, IndexError) as fault:
        raise BadFile(f"{name}.json is no bootstrap file ({type(fault).__name__}: {fault})") from fault
    if version != _VERSION or not services:
        raise BadFile(f"{name}.json has version {version!r} and {len(services)} entries")
    publication = published if published.tzinfo is not None else published.replace(tzinfo=UTC)
    return BootstrapFile(name=name, publication=publication, services=services)


def why_not(new: BootstrapFile, standing: BootstrapFile) -> str | None:
    """Say why a new file may not take the place of the standing one; None where it may.

    IANA's files grow; one with less than half of what is known was cut somewhere on the way.
    """
    if new.publication < standing.publication:
        return f"published {new.publication.isoformat()}, before the one in use ({standing.publication.isoformat()})"
    if len(new.services) * 2 < len(standing.services):
        return f"has {len(new.services)} entries where the one in use has {len(standing.services)}"
    return None


def _services(services: list[Any]) -> list[tuple[str, str]]:
    found = [(entry, _preferred(urls)) for entries, urls in services for entry in entries]
    if len(found) > MAX_ENTRIES:
        raise ValueError(f"more than {MAX_ENTRIES} entries")
    return found


def _preferred(urls: list[str]) -> str:
    # RFC 9224, section 3: of several URLs those with https are to be preferred.
    usable = [url for url in urls if urlsplit(url).scheme in {"http", "https"} and urlsplit(url).hostname]
    url = next((url for url in usable if url.startswith("https:")), usable[0])
    return url if url.endswith("/") else url + "/"


def _entry(name: str, entry: str) -> str:
    """Check an entry of a file, and give it as it is compared."""
    if name == "asn":
        _range(entry)
        return entry
    if name == "dns":
        return entry.lower().strip(".")
    network = ip_network(entry)
    if f"ipv{network.version}" != name:
        raise ValueError(f"{entry} in {name}.json")
    return str(network)


def _range(entry: str) -> tuple[int, int]:
    first, _, last = entry.partition("-")
    found = int(first), int(last or first)
    if not 0 <= found[0] <= found[1] <= _LARGEST_ASN:
        raise ValueError(f"{entry} is no range of AS numbers")
    return found
