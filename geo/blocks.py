"""Which addresses a registration answer speaks of, and for which of them it stands."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range
from typing import Any, Final

from schemas.hosting import Address, Network

#: The widest block that is anybody's: IANA gave /8s to companies, nothing wider (IANA IPv4 Address Space registry).
_WIDEST_V4: Final = 8
#: IANA gives registries /12s of IPv6 (IANA IPv6 Unicast Address Assignments); nobody else holds more than a /16.
_WIDEST_V6: Final = 13
#: What registries give out themselves: the network around it is the registry's own. The values of "status" in the RIPE
#: database (its documentation of inetnum and inet6num explains them), and ARIN's and APNIC's words for the same.
_DIRECT: Final = frozenset(
    {
        "ALLOCATED PA",
        "ALLOCATED PI",
        "ALLOCATED PORTABLE",
        "ALLOCATED UNSPECIFIED",
        "ALLOCATED-ASSIGNED PA",
        "ALLOCATED-BY-RIR",
        "ASSIGNED ANYCAST",
        "ASSIGNED PI",
        "ASSIGNED PORTABLE",
        "DIRECT ALLOCATION",
        "DIRECT ASSIGNMENT",
        "LEGACY",
    }
)
#: Prefixes of one answer (RFC 9083 allows any range); an honest one has a few.
_MAX_PREFIXES: Final = 256


def blocks_of(answer: Mapping[str, Any], asked: Address) -> tuple[Network, ...]:
    """Read the block of an ip network object as prefixes, the lowest first.

    From its first and last address; else from its prefixes (cidr0, the NRO's profile); else from a handle that is a
    range. All of them are optional (RFC 9083, section 5.4): an answer that names no block stands for the address asked.
    ValueError for addresses that are none.
    """
    start, end = answer.get("startAddress"), answer.get("endAddress")
    if isinstance(start, str) and isinstance(end, str):
        return _between(start, end)
    prefixes = tuple(sorted(_prefixes(answer.get("cidr0_cidrs")), key=lambda block: (block.version, block)))
    if prefixes:
        return prefixes
    first, dash, last = str(answer.get("handle")).partition(" - ")
    if dash:
        return _between(first, last)
    if isinstance(start, str) or isinstance(end, str):
        return _between(str(start), str(end))
    return (ip_network(asked),)


def _between(start: str, end: str) -> tuple[Network, ...]:
    first, last = _address(start), _address(end)
    if isinstance(first, IPv4Address):
        return tuple(summarize_address_range(first, IPv4Address(last)))
    return tuple(summarize_address_range(first, IPv6Address(last)))


def _address(text: str) -> Address:
    # The RIPE NCC of 2015 wrote "62.239.237.0/32", ARIN wrote "074.125.000.000".
    bare = text.strip().partition("/")[0]
    if "." in bare and ":" not in bare:
        bare = ".".join(part.lstrip("0") or "0" for part in bare.split("."))
    return ip_address(bare)


def _prefixes(cidrs: object) -> Iterator[Network]:
    for entry in cidrs[:_MAX_PREFIXES] if isinstance(cidrs, list) else ():
        if not isinstance(entry, dict):
            continue
        prefix, length = entry.get("v4prefix") or entry.get("v6prefix"), entry.get("length")
        try:
            yield ip_network(f"{_address(str(prefix))}/{length}", strict=False)
        except ValueError:
            continue


def covers_registries(blocks: Sequence[Network]) -> bool:
    """Say whether the blocks are wider than anything anybody is registered for: a placeholder of the registry's.

    >>> covers_registries([ip_network("0.0.0.0/0")]), covers_registries([ip_network("17.0.0.0/8")])
    (True, False)
    """
    return any(block.prefixlen < (_WIDEST_V4 if block.version == 4 else _WIDEST_V6) for block in blocks)  # noqa: PLR2004


def is_direct(kind: str | None) -> bool:
    """Say whether a registry itself gave a network of this kind to its holder."""
    return kind is not None and " ".join(kind.upper().split()) in _DIRECT


def asked_of_the_parent(blocks: Sequence[Network]) -> Network | None:
    """Give the block to ask a registry for that is answered by the parent network: the smallest prefix around this one.

    A registry answers with the smallest network that holds the whole block asked for (RFC 9082, section 3.1.1).
    None where only the registry is around.

    >>> asked_of_the_parent([ip_network("198.51.100.0/24")])
    IPv4Network('198.51.100.0/23')
    """
    first, last = blocks[0], blocks[-1]
    if first.version != last.version:
        return None
    spread = (int(first.network_address) ^ int(last.broadcast_address)).bit_length()
    length = first.max_prefixlen - spread - (1 if len(blocks) == 1 else 0)
    around = ip_network(f"{first.network_address}/{length}", strict=False) if length > 0 else None
    return around if around is not None and not covers_registries([around]) else None


def smallest_announced(address: Address) -> Network:
    """Give the /24 or /48 around an address: nothing smaller is announced on its own (RFC 7454, section 6.1.3)."""
    return ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)  # noqa: PLR2004 -- IP versions


def filed_under(blocks: Sequence[Network], kind: str | None, address: Address, leaf: Network | None) -> Network:
    """Say for which addresses an answer stands: the block it describes, but no further than is safe.

    An answer says nothing about smaller blocks inside its own that name somebody else. So it is never carried across
    the borders of the network that the network file knows (`leaf`), and an allocation, which exists to be divided
    further, stands only for the usual smallest announced block around the address. That makes the contact of an
    address independent of which address was asked before it.
    """
    block = next(block for block in blocks if address in block)
    limits = [leaf] if leaf is not None else []
    if (kind is not None and "ALLOC" in kind.upper()) or covers_registries(blocks):
        limits.append(smallest_announced(address))
    return max([block, *limits], key=lambda network: network.prefixlen)
