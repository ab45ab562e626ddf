"""Which country counts, what the holder of addresses says of them, and what stands in no one place."""

from importlib.resources import files
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.country import SOURCES, standing
from geo.geofeed import MAX_ROWS, Feed, Row, as_text, read_geofeed
from geo.places import AddressFacts, Atlas, place_of
from geo.prefixes import NetworkFact
from geo.rdap import NetworkRecord, SystemRecord
from geo.reach import Reaches
from geo.rulebook import shipped_reaches
from schemas.hosting import Category, Reach

ADDRESS = ip_address("198.51.100.7")
BLOCK = ip_network("198.51.100.0/24")
OURS = Atlas()


def record(country: str | None = None) -> NetworkRecord:
    """Make the registration of the block."""
    return NetworkRecord(
        handle=None, name="ALPHA", organisation=None, country=country, kind=None, blocks=(BLOCK,), abuse=()
    )


def fact(country: str | None = None, category: Category | None = None) -> NetworkFact:
    """Make a row of the network file."""
    return NetworkFact(prefix=BLOCK, source="networks.csv", asn=64501, country=country, category=category)


def placed(atlas: Atlas = OURS, **known: Any) -> Any:
    """Place the address with what is known."""
    return place_of(AddressFacts(address=ADDRESS, **known), (), atlas)


def test_the_first_of_the_order_decides_and_all_are_kept() -> None:
    """Network file, geofeed, registration, Cymru, AS: each decides where those before it are silent."""
    said: dict[str, str | None] = {
        "network_file": "NL",
        "geofeed": "DE",
        "registration": "FR",
        "cymru": "BE",
        "as": "US",
    }

    for number, source in enumerate(SOURCES):
        rest = {name: said[name] for name in SOURCES[number:]}
        assert standing(rest).country == said[source]
        assert standing(rest).sources == rest
    assert standing({}).country is None


def test_regions_and_unknowns_are_no_word_on_the_country() -> None:
    """The word "EU" names no country and disputes nothing."""
    found = standing({"network_file": "EU", "registration": "nl", "cymru": "NL"})

    assert (found.country, found.sources, found.disputed) == ("NL", {"registration": "NL", "cymru": "NL"}, False)


@pytest.mark.parametrize("source", SOURCES[1:])
def test_whoever_differs_disputes(source: str) -> None:
    """Each source can dispute the one that decides; agreement disputes nothing."""
    assert standing({"network_file": "NL", source: "DE"}).disputed
    assert not standing({"network_file": "NL", source: "nl"}).disputed


def test_the_operators_order_is_followed_and_whoever_is_left_out_is_only_shown() -> None:
    """The registration before the file; the AS neither decides nor disputes."""
    said = {"network_file": "NL", "registration": "DE", "as": "US"}

    assert standing(said, ("registration", "network_file")).country == "DE"
    assert standing({"network_file": "NL", "as": "US"}, ("network_file",)).disputed is False
    assert standing({"as": "US"}, ("network_file",)).country is None
    assert standing(said, ("registration", "network_file")).sources == said


@given(
    st.dictionaries(st.sampled_from(SOURCES), st.sampled_from(["NL", "DE", "EU", "", None, "x"])),
    st.permutations(SOURCES),
)
def test_what_counts_is_always_what_somebody_said(said: dict[str, str | None], order: list[str]) -> None:
    """The country is the first of the order; it is disputed exactly where two of them differ."""
    found = standing(said, order)
    named = [found.sources[source] for source in order if source in found.sources]

    assert found.country == (named[0] if named else None)
    assert found.disputed == (len(set(named)) > 1)


def test_a_place_names_every_source() -> None:
    """File, geofeed, registration, Cymru and AS are kept apart in the place; the order of the atlas decides."""
    known: dict[str, Any] = {
        "file": fact("NL"),
        "geofeed": "DE",
        "registration": record("FR"),
        "cymru": fact("BE"),
        "system": SystemRecord(handle=None, name=None, abuse=(), country="US"),
    }
    place = placed(**known)
    other = placed(Atlas(country_order=("as",)), **known)

    assert place.country_sources == {
        "network_file": "NL",
        "geofeed": "DE",
        "registration": "FR",
        "cymru": "BE",
        "as": "US",
    }
    assert (place.country, place.country_disputed) == ("NL", True)
    assert (other.country, other.country_disputed, other.country_sources) == ("US", False, place.country_sources)


FEED = """# holder's own words
198.51.100.0/25,NL,NL-NH,Amsterdam,
"198.51.100.128/26","de",,,
198.51.100.192/26,,,,
198.51.100.0/25,FR
198.51.100.0/23,US,,,
0.0.0.0/0,US
2001:db8::/32,SE,,,
198.51.100.1/25,GB

not a prefix,NL
203.0.113.9,IE # a host
"""


@pytest.mark.parametrize(
    ("address", "inside", "found"),
    [
        ("198.51.100.7", "198.51.100.0/24", "NL"),
        ("198.51.100.130", "198.51.100.0/24", "DE"),
        ("198.51.100.200", "198.51.100.0/24", None),
        ("198.51.101.1", "198.51.101.0/24", "nothing"),
        ("198.51.101.1", "198.51.100.0/23", "US"),
        ("203.0.113.9", "203.0.113.0/24", "IE"),
        ("2001:db8::1", "2001:db8::/32", "SE"),
        ("2001:db8::1", "2001:db8::/48", "nothing"),
        ("192.0.2.1", "192.0.2.0/24", "nothing"),
        ("198.51.100.7", "2001:db8::/32", "nothing"),
    ],
)
def test_only_rows_inside_the_registered_block_count(address: str, inside: str, found: str | None) -> None:
    """The longest row inside the block that links the file decides; a wider one speaks of others' addresses."""
    feed = Feed(read_geofeed(FEED))
    row = feed.find(ip_address(address), [ip_network(inside)])

    assert (row.country if row is not None else "nothing") == found


def test_a_geofeed_is_kept_as_it_is_read() -> None:
    """Written and read again it says the same; the first of two rows for a prefix counts."""
    rows = read_geofeed(FEED)

    assert read_geofeed(as_text(rows)) == rows
    assert (len(rows), Feed(rows).size) == (8, 7)
    assert rows[0] == Row(prefix=ip_network("198.51.100.0/25"), country="NL")
    assert len(read_geofeed("192.0.2.0/24,NL\n" * (MAX_ROWS + 1))) == MAX_ROWS


@given(st.text(max_size=300))
def test_a_hostile_geofeed_costs_nothing(text: str) -> None:
    """Whatever is in the file, what is read of it can be kept and asked."""
    rows = read_geofeed(text)

    assert read_geofeed(as_text(rows)) == rows
    Feed(rows).find(ADDRESS, [BLOCK])


def test_our_list_of_what_stands_in_no_one_place_can_be_read() -> None:
    """Each row matches a network or an AS and names its source; the services we know are in it."""
    reaches = shipped_reaches()
    lines = (files("geo") / "data" / "reach.csv").read_text().splitlines()

    assert reaches.networks.size + len(reaches.systems) == len(lines) - 1
    assert reaches.of(ip_address("8.8.8.8"), 15169, None) is Reach.ANYCAST
    assert reaches.of(ip_address("104.16.1.1"), 13335, None) is Reach.ANYCAST
    assert reaches.of(ip_address("98.97.12.1"), 14593, None) is Reach.SATELLITE
    assert reaches.of(ADDRESS, 64501, None) is None
    assert reaches.of(ADDRESS, None, None) is None


def test_the_longest_network_goes_before_the_as_and_the_file_before_both() -> None:
    """The operator's category decides; of our rows the longest network, then the AS."""
    reaches = Reaches.read(
        [
            "reach,match,name,source,date",
            "anycast,198.51.0.0/16,Wide,here,2026-11-22",
            "satellite,198.51.100.0/24,Narrow,here,2026-11-22",
            "anycast,as64501,Whole,here,2026-11-22",
        ]
    )

    assert reaches.of(ADDRESS, 64501, None) is Reach.SATELLITE
    assert reaches.of(ADDRESS, 64501, Category.ANYCAST) is Reach.ANYCAST
    assert reaches.of(ip_address("198.51.1.1"), None, Category.HOSTING) is Reach.ANYCAST
    assert reaches.of(ip_address("192.0.2.1"), 64501, Category.SATELLITE) is Reach.SATELLITE
    assert reaches.of(ip_address("192.0.2.1"), 64501, None) is Reach.ANYCAST
    assert placed(Atlas(reaches=reaches), file=fact("NL", Category.HOSTING)).reach is Reach.SATELLITE
    assert placed(file=fact("NL", Category.ANYCAST)).reach is Reach.ANYCAST
    assert placed(file=fact("NL")).reach is None


@pytest.mark.parametrize("reach", list(Reach))
def test_what_stands_in_no_one_place_says_whose_country_it_shows(reach: Reach) -> None:
    """The words name the holder's country."""
    assert reach.value in reach.words
    assert "holder's" in reach.words
