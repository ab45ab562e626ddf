"""Countries, mailboxes, bootstrap, Cymru: small readings of what sources say."""

from ipaddress import ip_address, ip_network

import pytest

from geo.country import country_code
from geo.cymru import origin_name, read_origin, read_system, system_name
from geo.mailbox import mailbox, under
from geo.rulebook import shipped_bootstrap, shipped_countries, shipped_fronts, shipped_never

ZONE = "origin.asn.cymru.com"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nl", "NL"),
        (" US ", "US"),
        ("uk", "GB"),
        ("EU", None),
        ("ZZ", None),
        ("AP", None),
        ("NLD", None),
        ("N1", None),
        ("", None),
        (None, None),
        (7, None),
        (["NL"], None),
    ],
)
def test_only_a_country_is_a_country(text: object, code: str | None) -> None:
    """Regions, unknowns, names and nonsense are no countries; the code is in capitals."""
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("abuse@hoster.test", "abuse@hoster.test"),
        (" mailto:Abuse@HOSTER.test. ", "Abuse@hoster.test"),
        ("<a+b@x-y.hoster.test>", "a+b@x-y.hoster.test"),
        ("MAILTO:abuse@hoster.test", "abuse@hoster.test"),
        ("mailto:abuse@hoster.test?subject=x", None),
        ("abuse@xn--bcher-kva.test", "abuse@xn--bcher-kva.test"),
        ("abuse@Bücher.test", "abuse@xn--bcher-kva.test"),
        ("abuse@hoster.test\u200b", "abuse@hoster.test"),
        ("abuse@ü..test", None),
        ("büro@hoster.test", None),
        ("abuse@192.0.2.12", None),
        ("abuse@[192.0.2.12]", None),
        ("abuse@hoster.test-", None),
        ("abuse@hoster..test", None),
        ("a..b@hoster.test", None),
        ('"a b"@hoster.test', None),
        ("abuse@hoster.test,noc@hoster.test", None),
        ("abuse@localhost", None),
        ("abuse at hoster.test", None),
        ("a@b@hoster.test", None),
        ("abuse@hoster.test\r\nBcc: x@y.test", None),
        ("abuse@-hoster.test", None),
        ("a" * 65 + "@hoster.test", None),
        ("a" * 64 + "@hoster.test", "a" * 64 + "@hoster.test"),
        (None, None),
        ({}, None),
    ],
)
def test_only_a_mailbox_is_a_mailbox(text: object, address: str | None) -> None:
    """What a registry writes may be anything; only what can be written to is taken."""
    assert mailbox(text) == address


def test_a_domain_stands_below_its_parents_and_not_below_look_alikes() -> None:
    """Domains are compared label by label."""
    assert under("db.ripe.net", shipped_never().domains)
    assert not under("stripe.net", shipped_never().domains)


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("193.0.6.139", "https://rdap.db.ripe.net/"),
        ("8.8.8.8", "https://rdap.arin.net/registry/"),
        ("1.1.1.1", "https://rdap.apnic.net/"),
        ("200.160.2.3", "https://rdap.lacnic.net/rdap/"),
        ("196.216.2.1", "https://rdap.afrinic.net/rdap/"),
        ("2001:67c:2e8::1", "https://rdap.db.ripe.net/"),
        ("2a00:1450::1", "https://rdap.db.ripe.net/"),
        ("10.0.0.1", None),
    ],
)
def test_the_bootstrap_names_the_registry_of_an_address(address: str, base: str | None) -> None:
    """IANA's files say who answers; private space has nobody."""
    assert shipped_bootstrap().for_address(ip_address(address)) == base


def test_the_bootstrap_names_the_registry_of_an_as_and_of_a_domain() -> None:
    """Ranges of AS numbers are inclusive; a domain goes by its longest listed suffix."""
    bootstrap = shipped_bootstrap()

    assert bootstrap.for_asn(3333) == "https://rdap.db.ripe.net/"
    assert bootstrap.for_asn(64501) is None
    assert bootstrap.for_domain("example.com") == "https://rdap.verisign.com/com/v1/"
    assert bootstrap.for_domain("site.test") is None


def test_the_shipped_lists_are_whole() -> None:
    """Every list that comes with us can be read, and holds what it must."""
    assert shipped_countries()["united kingdom"] == "GB"
    assert shipped_countries()["netherlands"] == "NL"
    assert shipped_fronts().by_asn[13335] == "Cloudflare"
    assert {"ripe.net", "arin.net", "apnic.net", "lacnic.net", "afrinic.net"} <= shipped_never().domains


def test_cymru_is_asked_by_reversed_address() -> None:
    """IPv4 by octets, IPv6 by nibbles in the zone of its own."""
    nibbles = "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2"

    assert origin_name(ip_address("198.51.100.7"), ZONE + ".") == f"7.100.51.198.{ZONE}"
    assert origin_name(ip_address("2001:db8::1"), ZONE) == f"{nibbles}.origin6.asn.cymru.com"
    assert system_name(64501, ZONE) == "AS64501.asn.cymru.com"


def test_cymrus_longest_prefix_counts_and_nonsense_does_not() -> None:
    """Several prefixes are announced; the longest that holds the address tells its AS, the first of several origins."""
    texts = ["64500 | 198.51.0.0/16 | US | arin |", "64501 64509 | 198.51.100.0/24 | NL | ripencc | 2020", "x", "1|2|3"]

    fact = read_origin(texts, ip_address("198.51.100.7"), ZONE)

    assert fact is not None
    assert (fact.asn, fact.prefix, fact.country) == (64501, ip_network("198.51.100.0/24"), "NL")
    assert read_origin(texts, ip_address("203.0.113.1"), ZONE) is None
    assert read_system(["64501 | NL | ripencc | 2020-01-01 | ALPHA Alpha | Hosting, NL"]) == "ALPHA Alpha | Hosting"
    assert read_system(["nothing"]) is None
