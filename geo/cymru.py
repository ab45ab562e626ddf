"""Team Cymru's zone: the AS of an address by DNS (https://www.team-cymru.com/ip-asn-mapping, read 2026-11-22).

A TXT record reads "64500 64501 | 198.51.100.0/24 | NL | ripencc | 2020-01-01": all origins of the prefix, and the
registry with its country for the block. One address may have several records; which counts is written in prefixes.py.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from geo.country import country_code
from geo.prefixes import Details, NetworkFact, fact_of, read_origins, unite
from schemas.hosting import Address, Network

_ORIGIN_PARTS = 3  # AS, prefix, country; then registry and date
_NAME_PARTS = 5  # AS, country, registry, date, name
_LONGEST_NAME = 200  # characters


def origin_name(address: Address, zone: str) -> str:
    """Give the name whose TXT records tell the AS of an address; for IPv6 "origin" becomes "origin6".

    >>> from ipaddress import ip_address
    >>> origin_name(ip_address("198.51.100.7"), "origin.asn.cymru.com")
    '7.100.51.198.origin.asn.cymru.com'
    """
    zone = zone.strip(".")
    reverse = address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    if address.version == 6 and zone.startswith("origin."):  # noqa: PLR2004 -- IP versions
        zone = "origin6." + zone.removeprefix("origin.")
    return f"{reverse}.{zone}"


def system_name(asn: int, zone: str) -> str:
    """Give the name whose TXT record tells the name of an AS.

    >>> system_name(64501, "origin.asn.cymru.com")
    'AS64501.asn.cymru.com'
    """
    return f"AS{asn}.{zone.strip('.').partition('.')[2]}"


def read_origin(texts: Iterable[str], address: Address, zone: str) -> NetworkFact | None:
    """Read the TXT records of `origin_name`: the longest prefix counts, with every origin named for it.

    None where no record holds the address; records that cannot be read cost no other.
    """
    rows = [row for text in texts if (row := _origin(text)) is not None and address in row[0]]
    prefix = max((prefix for prefix, _ in rows), key=lambda prefix: prefix.prefixlen, default=None)
    if prefix is None:
        return None
    united, _ = unite(details for held, details in rows if held == prefix)
    return fact_of(prefix, united, zone)


def _origin(text: str) -> tuple[Network, Details] | None:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) < _ORIGIN_PARTS:
        return None
    try:
        return ip_network(parts[1]), Details(origins=read_origins(parts[0]), country=country_code(parts[2]))
    except ValueError:
        return None


def read_system(texts: Sequence[str]) -> str | None:
    """Read the TXT record of `system_name`: the name, without the country behind it; None where it is another text.

    >>> read_system(["64501 | NL | ripencc | 2020-01-01 | EXAMPLE-AS Example Hosting, NL"])
    'EXAMPLE-AS Example Hosting'
    """
    for text in texts:
        parts = [part.strip() for part in text.split("|", _NAME_PARTS - 1)]
        if len(parts) == _NAME_PARTS and parts[-1]:
            named = parts[-1].removesuffix(f", {parts[1]}")
            return "".join(letter for letter in named if letter.isprintable())[:_LONGEST_NAME] or None
    return None
