"""Which addresses are nobody's server on the internet.

Every block of the two IANA special-purpose registries counts as not public, those marked "globally reachable" too
(anycast services, AS112, translation): no site lives there, and a look-up there would ask ourselves or a neighbour.

* https://www.iana.org/assignments/iana-ipv4-special-registry/ and https://www.iana.org/assignments/iana-ipv6-special-registry/
  (read 2026-11-22)
* multicast: RFC 5771 and RFC 4291, section 2.7
* IPv6 outside 2000::/3 is not assigned to anybody: https://www.iana.org/assignments/ipv6-address-space/
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from schemas.hosting import Address, Network

SPECIAL_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # "this network", RFC 791
        "10.0.0.0/8",  # private use, RFC 1918
        "100.64.0.0/10",  # shared address space, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link local, RFC 3927
        "172.16.0.0/12",  # private use, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890; DS-Lite, PCP, TURN and others inside
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.31.196.0/24",  # AS112-v4, RFC 7535
        "192.52.193.0/24",  # AMT, RFC 7450
        "192.88.99.0/24",  # 6to4 relay anycast (deprecated), RFC 7526; with 6a44 inside
        "192.168.0.0/16",  # private use, RFC 1918
        "192.175.48.0/24",  # direct delegation AS112, RFC 7534
        "198.18.0.0/15",  # benchmarking, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112; with limited broadcast, RFC 8190
    )
)

SPECIAL_V6 = tuple(
    IPv6Network(block)
    for block in (
        "::/128",  # unspecified, RFC 4291
        "::1/128",  # loopback, RFC 4291
        "::/96",  # IPv4-compatible (deprecated), RFC 4291, section 2.5.5.1
        "::ffff:0:0/96",  # IPv4-mapped, RFC 4291
        "64:ff9b::/96",  # IPv4/IPv6 translation, RFC 6052
        "64:ff9b:1::/48",  # local-use translation, RFC 8215
        "100::/64",  # discard only, RFC 6666
        "100:0:0:1::/64",  # dummy prefix, RFC 9780
        "2001::/23",  # IETF protocol assignments, RFC 2928; Teredo, PCP, TURN, benchmarking, AMT, AS112, ORCHID inside
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056
        "2620:4f:8000::/48",  # direct delegation AS112, RFC 7534
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
        "fc00::/7",  # unique local, RFC 4193
        "fe80::/10",  # link local, RFC 4291
        "ff00::/8",  # multicast, RFC 4291, section 2.7
    )
)


def _by_length(networks: Sequence[Network]) -> tuple[tuple[int, frozenset[int]], ...]:
    """Sort blocks by how many bits are free inside: a lookup for each length instead of one for each block."""
    free: dict[int, set[int]] = {}
    for network in networks:
        low = network.max_prefixlen - network.prefixlen
        free.setdefault(low, set()).add(int(network.network_address) >> low)
    return tuple((low, frozenset(blocks)) for low, blocks in free.items())


_SPECIAL_V4, _SPECIAL_V6 = _by_length(SPECIAL_V4), _by_length(SPECIAL_V6)
((_GLOBAL_LOW, (_GLOBAL,)),) = _by_length([IPv6Network("2000::/3")])  # global unicast
_COMPATIBLE = IPv6Network("::/96")
_TRANSLATED = IPv6Network("64:ff9b::/96")
_LOCALLY_TRANSLATED = IPv6Network("64:ff9b:1::/48")
_LOW_32_BITS = 0xFFFF_FFFF  # an IPv4 address
_LOW_16_BITS = 0xFFFF  # half of one
_NOBODY = range(1 << 24)  # 0.0.0.0/8: what the other reading sees of a prefix


def is_public(address: Address, allow: Sequence[Network] = ()) -> bool:
    """Say whether a site may live at the address; `allow`: networks the operator declared public although they are not.

    An IPv6 address that carries IPv4 addresses inside is public only where the operator allowed its form and every
    address inside is public too.
    """
    if _inside(address, allow):
        return all(is_public(carried, allow) for carried in embedded_v4(address))
    number = int(address)
    if isinstance(address, IPv4Address):
        return not _is_special(number, _SPECIAL_V4)
    return number >> _GLOBAL_LOW == _GLOBAL and not _is_special(number, _SPECIAL_V6)


def _is_special(number: int, special: Sequence[tuple[int, frozenset[int]]]) -> bool:
    for low, blocks in special:  # noqa: SIM110 -- asked of every address of every name: half the time of `any`
        if number >> low in blocks:
            return True
    return False


def embedded_v4(address: Address) -> tuple[IPv4Address, ...]:
    """Give the IPv4 addresses that an IPv6 address carries: mapped, compatible, 6to4, Teredo (server, client), NAT64.

    Where a translator's own prefix may be a /96 or a /48 (RFC 8215), both readings are given that make sense.

    >>> embedded_v4(IPv6Address("2002:7f00:1::"))
    (IPv4Address('127.0.0.1'),)
    """
    if isinstance(address, IPv4Address):
        return ()
    number = int(address)
    if address.teredo is not None:
        return address.teredo
    if address in _LOCALLY_TRANSLATED:
        # RFC 6052, 2.2: behind a /48 the address stands in bits 48 to 63 and 72 to 87.
        split = (number >> 64 & _LOW_16_BITS) << 16 | number >> 40 & _LOW_16_BITS
        readings = tuple(IPv4Address(one) for one in (number & _LOW_32_BITS, split) if one not in _NOBODY)
        return readings or (IPv4Address(0),)
    if address in _TRANSLATED or (address in _COMPATIBLE and number > 1):
        return (IPv4Address(number & _LOW_32_BITS),)
    inside = address.ipv4_mapped or address.sixtofour
    return (inside,) if inside else ()


def _inside(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
