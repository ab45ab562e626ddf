"""Fronts: by network, AS, CNAME and category; and the list that we ship."""

import csv
import re
from collections.abc import Sequence
from importlib.resources import files
from ipaddress import ip_address, ip_network

import pytest

from geo.fronts import Fronts, Sighting
from geo.rulebook import shipped_fronts
from schemas.hosting import Category

MADE_UP = Fronts.read(
    [
        "match,name,source,date",
        "192.0.2.0/25,Shield,made up,2026-11-22",
        "2001:db8:1::/48,Shield,made up,2026-11-22",
        "as64555,Cloak,made up,2026-11-22",
        "edge.test,Edge,made up,2026-11-22",
    ]
)


def front(
    address: str = "203.0.113.1",
    category: Category | None = None,
    *,
    origins: Sequence[int] = (64500,),
    name: str | None = None,
    cnames: Sequence[str] = (),
) -> str | None:
    """Name the front of an address."""
    seen = Sighting(address=ip_address(address), category=category, origins=origins, as_name=name, cnames=cnames)
    return MADE_UP.name_of(seen)


def test_a_front_is_known_by_network_as_cname_or_category() -> None:
    """Each of the four makes a front, and the more exact one names it."""
    assert front("192.0.2.1") == front("2001:db8:1::1") == "Shield"
    assert front("192.0.2.1", Category.HOSTING, origins=(64555,), cnames=("edge.test",)) == "Shield"
    assert front(origins=(64555,), cnames=("x.edge.test",)) == "Cloak"
    assert front(cnames=("x.y.edge.test",)) == front(cnames=("a.other.test", "EDGE.test.")) == "Edge"
    assert front(category=Category.CDN, name="Beta CDN") == "Beta CDN"
    assert front(category=Category.PROXY) == "AS64500"
    assert front(category=Category.CDN, origins=()) == "cdn"


def test_one_origin_of_several_that_is_a_front_makes_one() -> None:
    """A customer's network that a front announces for it is behind that front."""
    assert front(origins=(64500, 64555)) == "Cloak"


def test_what_is_no_front_has_no_name_of_one() -> None:
    """Hosting, access lines, the network next door and names that only look alike are machines themselves."""
    assert front("192.0.2.128", Category.HOSTING, name="Alpha") is None
    assert front(category=Category.ISP) is None
    assert front(cnames=("knowledge.test", "edge.test.example", "test")) is None
    assert MADE_UP.name_of(Sighting()) is None


def test_a_row_of_the_list_that_is_no_network_is_said() -> None:
    """Ours is tested below; a slip in it never passes in silence."""
    with pytest.raises(ValueError, match="host bits"):
        Fronts.read(["match,name,source,date", "192.0.2.1/24,X,made up,2026-11-22"])


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("104.16.132.229", "Cloudflare"),
        ("2606:4700::6810:84e5", "Cloudflare"),
        ("151.101.1.140", "Fastly"),
        ("13.32.99.1", "Amazon CloudFront"),
        ("2600:9000:2000::1", "Amazon CloudFront"),
        ("45.60.1.1", "Imperva"),
        ("192.88.134.1", "Sucuri"),
        ("52.95.110.1", None),  # Amazon, and not CloudFront
        ("198.51.100.1", None),
    ],
)
def test_the_published_networks_of_fronts_are_known(address: str, name: str | None) -> None:
    """Without a network file or an AS; a neighbour in the same AS is no front."""
    assert shipped_fronts().name_of(Sighting(address=ip_address(address))) == name


def test_each_row_that_we_ship_has_its_source_and_date_and_stands_once() -> None:
    """A list without provenance is a rumour."""
    rows = list(csv.DictReader((files("geo") / "data" / "fronts.csv").read_text().splitlines()))
    networks = [ip_network(row["match"]) for row in rows if "/" in row["match"]]
    wanted = {"Cloudflare", "Fastly", "Akamai", "DDoS-Guard", "Amazon CloudFront", "Sucuri", "Imperva", "Bunny.net"}

    assert len({row["match"] for row in rows}) == len(rows) > 150
    assert all(row["source"] and re.fullmatch(r"2026-\d\d-\d\d", row["date"]) for row in rows)
    assert all(
        not one.overlaps(other)
        for one in networks
        for other in networks
        if one != other and one.version == other.version
    )
    assert wanted | {"StackPath", "Gcore", "Qrator", "Azure Front Door"} <= {row["name"] for row in rows}
