"""Which addresses are nobody's server."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest

from geo.reserved import SPECIAL_V4, SPECIAL_V6, embedded_v4, is_public

#: Every block of the two IANA registries, those inside others too, with multicast.
REGISTERED = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "224.0.0.0/4",
    "::1/128",
    "::/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
]


@pytest.mark.parametrize("block", REGISTERED)
def test_no_address_of_a_special_block_is_public(block: str) -> None:
    """Both ends of every registered block are refused, and what lies just outside the outermost blocks is not."""
    network = ip_network(block)

    assert not is_public(network[0])
    assert not is_public(network[-1])


@pytest.mark.parametrize(
    "address",
    [
        "1.0.0.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2003::1",
        "2a00::1",
        "2620:4f:8001::",
        "3fff:1000::",
    ],
)
def test_what_borders_on_a_special_block_is_public(address: str) -> None:
    """The blocks end where the registry says."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", ["4000::1", "fec0::1", "::2", "::7f00:1"])
def test_ipv6_outside_global_unicast_is_not_public(address: str) -> None:
    """IANA has given nobody an address outside 2000::/3."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::10.0.0.1", "10.0.0.1"),
        ("2002:7f00:1::", "127.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("64:ff9b:1::a00:1", "10.0.0.1"),
        ("64:ff9b:1:7f00:0:100::", "127.0.0.1"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "65.54.227.120 192.0.2.45"),
        ("64:ff9b:1:7f00:0:100:808:808", "8.8.8.8 127.0.0.1"),
        ("64:ff9b:1::", str(IPv4Address(0))),
        ("2a00::1", ""),
        ("10.0.0.1", ""),
    ],
)
def test_an_embedded_ipv4_address_is_found(address: str, inside: str) -> None:
    """Mapped, compatible, 6to4, NAT64 and Teredo addresses carry IPv4 addresses."""
    assert embedded_v4(ip_address(address)) == tuple(map(ip_address, inside.split()))


def test_an_allowed_network_is_public_and_what_it_carries_must_be_too() -> None:
    """`monitor.allow` opens a network; an address that hides another one inside is as public as that one."""
    loopback, translated = ip_network("127.0.0.0/8"), ip_network("64:ff9b::/96")

    assert is_public(ip_address("127.5.6.7"), [loopback])
    assert not is_public(IPv6Address("::1"), [loopback])
    assert not is_public(ip_address("::ffff:127.0.0.1"), [loopback])
    assert is_public(ip_address("64:ff9b::808:808"), [translated])
    assert not is_public(ip_address("64:ff9b::7f00:1"), [translated])
    assert is_public(ip_address("64:ff9b:1::808:808"), [ip_network("64:ff9b:1::/48")])
    assert not is_public(ip_address("64:ff9b:1:7f00:0:100:808:808"), [ip_network("64:ff9b:1::/48")])


def test_the_tables_hold_every_registered_block() -> None:
    """Each registered block lies inside one of ours."""
    blocks = [ip_network(block) for block in REGISTERED]
    v4 = [block for block in blocks if isinstance(block, IPv4Network)]
    v6 = [block for block in blocks if isinstance(block, IPv6Network)]

    assert [block for block in v4 if not any(block.subnet_of(own) for own in SPECIAL_V4)] == []
    assert [block for block in v6 if not any(block.subnet_of(own) for own in SPECIAL_V6)] == []
