"""The looker as daemon and `ntd check` open it: over the real locator, with real names on loopback."""

from pathlib import Path

import pytest

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.clock import SystemClock
from ntd.looking import open_looker
from schemas.check import Verdict
from schemas.url import parse_url
from tests.fakes.geo_world import a_world
from tests.fakes.monitor_web import answer, page, picture, serving

LANDER = answer(page("", "Reise Urlaub Auto"))


@pytest.mark.parametrize(
    ("servers", "shown", "verdict", "reason"),
    [
        (["ns1.sedoparking.com.", "ns2.sedoparking.com."], LANDER, Verdict.GONE, "parked"),
        (["ns1.sedoparking.com.", "ns1.hoster.test."], LANDER, Verdict.UP, "status_2xx"),
        (["ns1.sedoparking.com."], picture("1"), Verdict.UP, "status_2xx"),
        ([], LANDER, Verdict.UP, "status_2xx"),
    ],
    ids=["parked", "one server elsewhere", "shows a picture", "no name servers"],
)
async def test_name_servers_of_a_parking_firm(
    tmp_path: Path, servers: list[str], shown: bytes, verdict: Verdict, reason: str
) -> None:
    """A page that says nothing is parked when only a parking firm answers for its domain."""
    async with a_world(tmp_path) as world, serving({"/i/1.jpg": shown}) as web:
        world.dns.name("img.site.test", A=["127.0.0.1"])
        if servers:
            world.dns.name("site.test", NS=servers)
        async with (
            Locator.open(world.settings(), MemoryRegistrations()) as locator,
            open_looker(world.settings(), locator, SystemClock()) as looker,
        ):
            url = parse_url(f"http://img.site.test:{web.port}/i/1.jpg")
            seen = await looker.round(url, now=SystemClock().now())

    assert (seen.meaning.verdict, seen.meaning.reason) == (verdict, reason)


async def test_name_servers_are_asked_about_a_page_that_says_nothing_only(tmp_path: Path) -> None:
    """A picture, and a page that shows something, cost no question."""
    rich = answer(page("Sea", "Here it is", '<img src="/full/1.jpg">'))
    async with a_world(tmp_path) as world, serving({"/a.jpg": picture("1"), "/b.html": rich}) as web:
        world.dns.name("img.site.test", A=["127.0.0.1"])
        async with (
            Locator.open(world.settings(), MemoryRegistrations()) as locator,
            open_looker(world.settings(), locator, SystemClock()) as looker,
        ):
            for path in ("/a.jpg", "/b.html"):
                await looker.round(parse_url(f"http://img.site.test:{web.port}{path}"), now=SystemClock().now())

    assert [one for one in world.dns.asked if "NS" in one] == []
