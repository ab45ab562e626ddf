"""A look's answer depends on the world, not on what was asked before, at the same time, or remembered."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from schemas.url import HostKind
from tests.fakes.geo_rdap import entity, network
from tests.fakes.geo_world import World, a_world

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTS = {
    "a.test": ["127.1.0.1", "127.3.0.1"],
    "b.test": ["127.1.0.2"],
    "c.test": ["127.1.9.1", "127.1.0.1"],
    "d.test": ["127.1.77.1"],
    "e.test": ["127.2.0.1", "10.0.0.1"],
    "f.test": ["127.5.0.1"],
    "g.test": ["127.5.200.1"],
    "wide.test": ["127.6.0.1"],
    "wide-narrow.test": ["127.6.200.1"],
    "h.test": ["127.5.201.1", "127.1.77.2"],
    "gone.test": [],
}


def furnish(world: World) -> None:
    """Fill the tables."""
    for host, addresses in HOSTS.items():
        if addresses:
            world.dns.name(host, A=addresses)
    for block, kind in (
        ("127.1.0.0/16", "ALLOCATED PA"),
        ("127.1.77.0/24", "ASSIGNED PA"),
        ("127.1.9.0/24", None),
        ("127.2.0.0/16", None),
        ("127.5.0.0/16", "DIRECT ALLOCATION"),
        ("127.5.200.0/24", "REASSIGNMENT"),
        ("127.6.0.0/16", None),
        ("127.6.200.0/24", None),
    ):
        members: dict[str, Any] = {"type": kind} if kind is not None else {}
        desk = entity("abuse", None, f"abuse@{block.replace('/', '-').replace('.', '-')}.test")
        world.rdap.networks[block] = network(block, entity("registrant", f"Owner of {block}", None, desk), **members)
    # Mailboxes that take mail, say that they do not, are nobody's, or cannot be found out.
    world.dns.name("127-1-0-0-16.test", MX=["10 mx.test."])
    world.dns.name("127-2-0-0-16.test", MX=["0 ."])
    world.dns.faults["127-5-0-0-16.test"] = "SERVFAIL"
    world.book = "127.5.0.0/16,abuse,book@far.test,,,\nas64502,never,abuse@127-2-0-0-16.test,,,\n"
    # One that names nobody, so that its parent is asked, and one whose holder publishes where it is.
    world.rdap.networks["127.5.201.0/24"] = network("127.5.201.0/24", type="ASSIGNED PA")
    world.rdap.networks["127.1.77.0/24"]["links"] = [{"rel": "geo", "href": f"{world.rdap.base}feed.csv"}]
    world.rdap.files["feed.csv"] = "127.1.77.0/25,SE,,,\n127.1.0.0/16,FI,,,\n"


async def answer(locator: Locator, host: str) -> tuple[object, ...]:
    """Ask, and keep what may not depend on anything but the world."""
    found = await locator.resolve(host, host, HostKind.WEB, NOW)
    return found.fate, found.addresses, found.not_public, found.located, found.complete


async def all_alone(world: World) -> dict[str, tuple[object, ...]]:
    """Ask each host in a world that remembers nothing."""
    alone = {}
    for host in HOSTS:
        async with world.locator() as locator:
            alone[host] = await answer(locator, host)
    return alone


async def together(world: World, order: list[str], at_once: int) -> dict[str, tuple[object, ...]]:
    """Ask in an order, so many at once, with what was asked before remembered."""
    found: dict[str, tuple[object, ...]] = {}
    async with world.locator(MemoryRegistrations()) as locator:
        for start in range(0, len(order), at_once):
            hosts = order[start : start + at_once]
            found |= dict(zip(hosts, await asyncio.gather(*(answer(locator, host) for host in hosts)), strict=True))
    return found


async def compare(orders: list[tuple[list[str], int]]) -> None:
    """Ask in each order, and compare with each host alone."""
    with TemporaryDirectory() as folder:
        async with a_world(Path(folder)) as world:
            furnish(world)
            alone = await all_alone(world)
            for order, at_once in orders:
                assert await together(world, order, at_once) == {host: alone[host] for host in order}


@settings(max_examples=3, deadline=timedelta(seconds=20))
@example([(sorted(HOSTS), 1), (sorted(HOSTS, reverse=True), 1)])
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(sorted(HOSTS)), min_size=4, max_size=10), st.integers(1, 8)),
        min_size=2,
        max_size=4,
    )
)
def test_no_order_and_no_cache_changes_an_answer(orders: list[tuple[list[str], int]]) -> None:
    """In any order, at once or one by one, with warm or cold caches: the same places and the same contacts."""
    asyncio.run(compare(orders))
