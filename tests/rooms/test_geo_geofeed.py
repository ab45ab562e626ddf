"""Geofeeds from a real server, linked by a real registry: fetched with bounds, kept, and asked once for everybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console

from geo.dns import Resolver
from geo.fetch import LARGEST_FILE, Fetcher
from geo.geofeed import Row
from geo.looked import Looked
from geo.registration import Registrations
from geo.registration_cache import MemoryRegistrations
from geo.registries import Registries
from geo.reserved import is_public
from geo.rulebook import shipped_bootstrap, shipped_countries
from ntd.cli.reasoning import tree_of
from schemas.hosting import Address
from schemas.url import parse_url
from schemas.wire import resolution_json
from tests.fakes.geo_dns import serving
from tests.fakes.geo_rdap import FakeRdap, entity, network, registering
from tests.fakes.geo_world import a_world

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REFRESH = timedelta(hours=12)
BLOCK = "198.51.100.0/24"
ADDRESS = ip_address("198.51.100.7")
NETWORKS = """network,asn,as_name,country,category
127.1.0.0/16,64501,Alpha,NL,anycast
127.2.0.0/16,14593,Dish,US,isp
"""
DOMAIN = {
    "objectClassName": "domain",
    "entities": [entity("registrar", "Registrar Inc.", None, entity("abuse", None, "abuse@registrar.test"))],
    "status": ["active"],
    "nameservers": [{"ldhName": "NS.site.test."}],
    "events": [{"eventAction": "registration", "eventDate": "2020-01-02T00:00:00Z"}],
}
FEED = web.Response(text="198.51.100.0/25,NL,,,\n198.51.0.0/16,US,,,\n", content_type="text/csv")


@asynccontextmanager
async def asking(fake: FakeRdap, cache: MemoryRegistrations | None = None) -> AsyncIterator[Registrations]:
    """Open registrations that ask the fake; loopback counts as public."""

    def loopback(address: Address) -> bool:
        return is_public(address, [ip_network("127.0.0.0/8")])

    async with (
        serving() as dns,
        Resolver.open([dns.address], timedelta(seconds=5)) as names,
        Fetcher(names.look, loopback, fake.base) as fetcher,
    ):
        found = Registrations(
            registries=Registries(fetcher=fetcher, bootstrap=shipped_bootstrap(), typed=fake.base),
            cache=cache or MemoryRegistrations(),
            refresh=REFRESH,
            countries=shipped_countries(),
        )
        yield found
        await found.close()


def linked(fake: FakeRdap, path: str = "feed.csv", block: str = BLOCK) -> None:
    """Let the registration of the block link a geofeed on the same server."""
    links = [{"rel": "geo", "href": f"{fake.base}{path}", "type": "application/geofeed+csv"}]
    fake.networks[block] = network(block, links=links)


async def look(registrations: Registrations, address: Address = ADDRESS, now: datetime = NOW) -> Looked[Row]:
    """Ask for the registration of an address, then for its geofeed."""
    found = await registrations.network(address, None, now)
    return await registrations.geofeed(address, found.record, now)


def again(reply: web.Response, times: int = 3) -> list[web.StreamResponse]:
    """Answer the same several times."""
    return [web.Response(status=reply.status, body=reply.body, headers=reply.headers) for _ in range(times)]


async def test_a_geofeed_is_fetched_once_for_all_addresses_and_survives_the_process() -> None:
    """Fifty addresses at once, a second process on the same cache, and a look a day later: two questions."""
    cache = MemoryRegistrations()
    async with registering() as fake:
        linked(fake)
        fake.replies["feed.csv"] = again(FEED)
        addresses = [ip_address(f"198.51.100.{number}") for number in range(50)]
        async with asking(fake, cache) as registrations:
            looks = await asyncio.gather(*(look(registrations, address) for address in addresses))
        async with asking(fake, cache) as registrations:
            kept = await look(registrations)
            later = await look(registrations, now=NOW + REFRESH)

        assert {one.record.country for one in looks if one.record} == {"NL"}
        assert (kept.record, later.record) == (looks[0].record, looks[0].record)
        assert fake.asked["feed.csv"] == 2
        assert looks[0].questions[-1].answer == "198.51.100.0/25: NL"


async def test_rows_of_other_peoples_addresses_do_not_count() -> None:
    """A row wider than the registered block says nothing of it."""
    async with registering() as fake, asking(fake) as registrations:
        linked(fake)
        fake.replies["feed.csv"] = again(FEED)

        looked = await look(registrations, ip_address("198.51.100.200"))

        assert (looked.record, looked.complete) == (None, True)
        assert looked.questions[-1].answer == "nothing of it"


async def test_no_such_file_is_an_answer_and_kept() -> None:
    """404: nothing is said, and it is not asked again before its time."""
    async with registering() as fake, asking(fake) as registrations:
        linked(fake, "none.csv")

        looks = [await look(registrations) for _ in range(2)]

        assert [(one.record, one.complete) for one in looks] == [(None, True)] * 2
        assert looks[0].questions[-1].answer == "no such file"
        assert fake.asked["none.csv"] == 1


@pytest.mark.parametrize(
    "reply",
    [
        web.Response(status=500),
        web.Response(text="<html>we are sorry</html>"),
        web.Response(body=b"#" * (LARGEST_FILE + 1)),
        web.Response(status=302, headers={"Location": "http://192.0.2.1/feed.csv"}),
        web.Response(status=302, headers={"Location": "/feed.csv"}),
    ],
)
async def test_a_bad_geofeed_is_could_not_find_out(reply: web.Response) -> None:
    """Errors, pages, floods, private servers and circles: nothing is said, nothing is kept, the reason is on record."""
    async with registering() as fake, asking(fake) as registrations:
        linked(fake)
        fake.replies["feed.csv"] = again(reply, 6)

        bad = await look(registrations)
        fake.replies["feed.csv"] = again(FEED)
        good = await look(registrations)

        assert (bad.record, bad.complete) == (None, False)
        assert "could not find out" in bad.questions[0].answer
        assert good.record is not None


async def test_an_old_geofeed_serves_while_its_server_is_down() -> None:
    """What was published yesterday is better than nothing, with the fault beside it."""
    cache = MemoryRegistrations()
    async with registering() as fake:
        linked(fake)
        fake.replies["feed.csv"] = again(FEED, 1)
        async with asking(fake, cache) as registrations:
            await look(registrations)
        fake.replies["feed.csv"] = again(web.Response(status=500))
        async with asking(fake, cache) as registrations:
            stale = await look(registrations, now=NOW + REFRESH)

        assert stale.record is not None
        assert (stale.record.country, stale.complete) == ("NL", True)
        assert "could not find out" in stale.questions[0].answer


async def test_a_registry_with_tls_cannot_point_at_a_file_without() -> None:
    """RFC 9632: geofeeds are fetched with https; nothing is dialled otherwise."""
    async with registering() as fake, asking(fake) as registrations:
        linked(fake)
        found = await registrations.network(ADDRESS, None, NOW)
        assert registrations.registries is not None
        registrations.registries.typed = "https://rdap.test/"

        looked = await registrations.geofeed(ADDRESS, found.record, NOW)

        assert (looked.record, looked.complete) == (None, False)
        assert "https" in looked.questions[0].answer
        assert fake.asked["feed.csv"] == 0


async def test_a_look_says_what_the_holder_says_and_what_stands_in_no_one_place(tmp_path: Path) -> None:
    """File, geofeed, registration and AS in `country_sources`; a dispute; the reach; the domain; in tree and JSON."""
    url = parse_url("http://img.site.test/")
    async with a_world(tmp_path) as world:
        world.networks = NETWORKS
        world.dns.name("img.site.test", A=["127.1.0.1", "127.2.0.1"])
        links = [{"rel": "geo", "href": f"{world.rdap.base}feed.csv"}]
        world.rdap.networks["127.1.0.0/16"] = network("127.1.0.0/16", links=links, country="DE")
        world.rdap.objects["autnum/64501"] = {"objectClassName": "autnum", "country": "FR"}
        world.rdap.files["feed.csv"] = "127.1.0.0/24,SE,,,\n"
        world.rdap.objects["domain/site.test"] = DOMAIN

        async with world.locator() as locator:
            found = await locator.resolve(url.host, url.site, url.kind, NOW, registrar=True)

    tree = StringIO()
    Console(file=tree, width=200).print(tree_of(url, found))
    said = resolution_json(url, found)
    assert said["hosting"]["country_sources"] == {
        "network_file": "NL",
        "geofeed": "SE",
        "registration": "DE",
        "as": "FR",
    }
    assert (said["hosting"]["country"], said["hosting"]["country_disputed"]) == ("NL", True)
    assert [one["reach"] for one in said["hosters"]] == ["anycast", "satellite"]
    assert said["hosting"]["reach"] == "anycast"
    assert "anycast: answers from many places at once" in tree.getvalue()
    assert "127.1.0.0/24: SE" in tree.getvalue()
    assert "registrar: Registrar Inc., created 2020-01-02, active" in tree.getvalue()
    assert said["domain"] == {
        "registrar": "Registrar Inc.",
        "status": ["active"],
        "nameservers": ["ns.site.test"],
        "created": "2020-01-02T00:00:00Z",
    }
    assert said["registrar_contact"]["address"] == "abuse@registrar.test"


async def test_without_registration_there_is_no_geofeed() -> None:
    """Registration is off: nobody is asked."""
    registrations = Registrations(
        registries=None, cache=MemoryRegistrations(), refresh=REFRESH, countries=shipped_countries()
    )

    assert await look(registrations) == Looked(record=None)
    await registrations.close()
