"""Whatever breaks on our side, nothing becomes gone: one round that saw it gone would be enough here, and none does.

Each row breaks one thing while real looks go on, several rounds long; the items' server answers 404 to whom it is asked
by, or is out of reach with everything else.
"""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from monitor.look import Looker
from ntd.looking import open_looker
from ntd.metrics import Looks
from ntd.pacing import Pacing
from ntd.store.base import Store
from ntd.store.faults import PASSING
from ntd.walk.check import Check
from ntd.walk.watch import Watch
from schemas.check import Verdict
from schemas.hosting import NameFate
from schemas.ids import uuid7
from schemas.settings import Monitor, Settings, Vantage
from tests.fakes.monitor_proxy import proxying
from tests.fakes.monitor_web import NameBook, answer, loopback, picture, serving
from tests.walk.house import House, house, spot

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOST = "img.one.test"
PAGES = {f"/i/{n}.jpg": picture(str(n)) for n in range(3)}
SOON = timedelta(seconds=0.5)


def closed_port() -> int:
    """Give a port on which nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which one host lives on loopback, and where one round is enough for gone."""
    async with house(database, tmp_path) as opened:
        opened.names.at[HOST] = (spot(64500, "NL", "127.0.0.1", "abuse@one.example"),)
        opened.rules(monitor={"confirm": 1, "confirm_every": MINUTE, "per_host": 100})
        yield opened


class Line:
    """The line that looks, with a looker of its own, turned by hand."""

    def __init__(self, home: House, looker: Looker, store: Store | None = None) -> None:
        self.home, self.token = home, uuid7(home.now)
        self.check = Check(store or home.store, home.settings, looker, home.clock, self.token)

    async def turn(self, *, settled: bool = True) -> int:
        """Look at everything that is due an hour later; `settled` False: nobody writes down what was seen."""
        self.home.clock.at[0] += 1.2 * HOUR
        jobs = await self.check.claim(self.home.now, 100)
        results = await asyncio.gather(*(self.check.do(job) for job in jobs))
        if settled:
            await self.check.settle(results, self.home.now)
        return len(results)


async def placed(home: House, port: int, items: int = 3) -> list[UUID]:
    """Take items in, place them, look once (up), and have their hoster told."""
    found = await home.submit(*(f"http://{HOST}:{port}/i/{n}.jpg" for n in range(items)))
    await home.settle()
    await home.later(2 * HOUR, HOUR)
    return found


async def told(home: House, items: list[UUID]) -> list[tuple[str, str, str]]:
    """Give state, verdict and reason of each item."""
    seen = [await home.show(item) for item in items]
    return [(one["state"], one["checks"]["last"]["verdict"], one["checks"]["last"]["reason"]) for one in seen]


Broken = Callable[[AsyncExitStack, House], Awaitable[tuple[Looker, int]]]


def rules(**keys: object) -> Monitor:
    """Set up looks that wait for nobody."""
    return Monitor.model_validate({"timeout": SOON, "confirm": 1, **keys})


async def _nothing_there(stack: AsyncExitStack) -> int:
    return (await stack.enter_async_context(serving({}))).port


async def our_resolver_is_down(stack: AsyncExitStack, home: House) -> tuple[Looker, int]:
    """Names are asked of a port on which nobody listens."""
    settings = Settings.model_validate(
        {
            "dns": {"nameservers": [f"127.0.0.1:{closed_port()}"], "timeout": "200ms"},
            "geo": {"registration": "off"},
            "monitor": {"timeout": "500ms", "allow": ["127.0.0.0/8"]},
        }
    )
    locator = await stack.enter_async_context(Locator.open(settings, MemoryRegistrations()))
    return await stack.enter_async_context(open_looker(settings, locator, home.clock)), await _nothing_there(stack)


def _names(fate: NameFate) -> Broken:
    async def broken(stack: AsyncExitStack, _home: House) -> tuple[Looker, int]:
        names = NameBook(**{HOST.replace(".", "_"): fate})
        looker = await stack.enter_async_context(Looker.open(rules(), names=names, public=loopback))
        return looker, await _nothing_there(stack)

    return broken


def _vantages(*vantages: Vantage, **keys: object) -> Broken:
    async def broken(stack: AsyncExitStack, _home: House) -> tuple[Looker, int]:
        settings = rules(vantage=[one.model_dump() for one in vantages], **keys)
        looker = await stack.enter_async_context(Looker.open(settings, names=NameBook(), public=loopback))
        return looker, await _nothing_there(stack)

    return broken


async def our_proxy_refuses(stack: AsyncExitStack, home: House) -> tuple[Looker, int]:
    """Ask a proxy that is there and connects to nothing."""
    proxy = await stack.enter_async_context(proxying("socks5", refuses=True))
    return await _vantages(Vantage(name="far", proxy=proxy.url))(stack, home)


async def our_network_is_down(stack: AsyncExitStack, _home: House) -> tuple[Looker, int]:
    """Nothing can be dialled, and there are no canaries to say so."""
    looker = await stack.enter_async_context(Looker.open(rules(), names=NameBook(), public=loopback))
    return looker, closed_port()


async def our_resolver_denies_every_name(stack: AsyncExitStack, _home: House) -> tuple[Looker, int]:
    """Ask a resolver that says of each name that there is none; the canaries have names too."""
    denied = {HOST.replace(".", "_"): NameFate.NXDOMAIN, "canary_test": NameFate.NXDOMAIN}
    web = await stack.enter_async_context(serving(PAGES))
    settings = rules(canaries=[f"http://canary.test:{web.port}/i/0.jpg"])
    looker = await stack.enter_async_context(Looker.open(settings, names=NameBook(**denied), public=loopback))
    return looker, web.port


async def our_proxy_answers_itself(stack: AsyncExitStack, home: House) -> tuple[Looker, int]:
    """Ask a server to connect us that is no proxy, and has a 404 for everybody."""
    port = await _nothing_there(stack)
    return await _vantages(Vantage(name="far", proxy=f"http://127.0.0.1:{port}"))(stack, home)


async def our_network_answers_for_others(stack: AsyncExitStack, _home: House) -> tuple[Looker, int]:
    """Somebody between us and the world answers 404 for everything, the canaries included."""
    web = await stack.enter_async_context(serving({}))
    settings = rules(canaries=[f"http://canary.test:{web.port}/up"])
    return await stack.enter_async_context(Looker.open(settings, names=NameBook(), public=loopback)), web.port


DOWN = Vantage(name="far", network="B", proxy="http://127.0.0.1:1")
FAULTS: Mapping[str, tuple[Broken, str]] = {
    "our resolver is down": (our_resolver_is_down, "name_fault"),
    "our resolver fails": (_names(NameFate.SERVFAIL), "name_fault"),
    "our resolver refuses": (_names(NameFate.REFUSED), "name_fault"),
    "our resolver has a fault": (_names(NameFate.FAULT), "name_fault"),
    "our proxy is down": (_vantages(DOWN), "our_fault"),
    "one of two proxies is down": (_vantages(Vantage(name="near", network="A"), DOWN), "no_quorum"),
    "our resolver denies every name": (our_resolver_denies_every_name, "vantage_void"),
    "our proxy refuses": (our_proxy_refuses, "our_fault"),
    "our proxy answers itself": (our_proxy_answers_itself, "our_fault"),
    "our network is down": (our_network_is_down, "unreachable"),
    "our network is down and canaries say so": (
        _vantages(Vantage(name="near"), canaries=[f"http://canary.test:{closed_port()}/up"]),
        "vantage_void",
    ),
    "somebody answers for the world": (our_network_answers_for_others, "vantage_void"),
    "one of two vantages is void": (
        _vantages(Vantage(name="near", network="A"), DOWN, canaries=["http://127.0.0.1:1/up"]),
        "vantage_void",
    ),
}


async def test_nothing_becomes_gone_by_a_fault_of_ours(home: House) -> None:
    """Three rounds under each fault: all are unknown for the reason in its row, and every item stays at work."""
    seen = {}
    for fault, (broken, _) in FAULTS.items():
        async with AsyncExitStack() as stack:
            looker, port = await broken(stack, home)
            items = await placed(home, port, 2)
            line = Line(home, looker)
            looked = [await line.turn() for _ in range(3)]
            seen[fault] = (looked, set(await told(home, items)))
            await home.store.pool.execute("DELETE FROM schedule")

    assert seen == {fault: ([2, 2, 2], {("noticed", "unknown", reason)}) for fault, (_, reason) in FAULTS.items()}


def _no_network_of_its_own() -> bool:
    unshare = shutil.which("unshare")
    return not unshare or subprocess.run([unshare, "--net", "true"], check=False, capture_output=True).returncode != 0


@pytest.mark.skipif(_no_network_of_its_own(), reason="this user can make no network to take away")
async def test_a_machine_without_a_network_sees_nothing_gone() -> None:
    """In a network of its own with every interface down, the dial fails at once, and that says nothing of the item."""
    asked = {"timeout_s": 0.5, "warm": [], "looks": {"http": "http://img.test/i/1.jpg", "https": "https://img.test/"}}
    prey = await asyncio.create_subprocess_exec(
        *("unshare", "--net", sys.executable, "-m", "tests.fakes.monitor_prey"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await prey.communicate(json.dumps(asked).encode())
    seen = json.loads(out)

    assert {(sight, reason, fault) for sight, reason, _, _, fault in seen.values()} == {
        ("unreachable", "unreachable", "enetunreach")
    }


@pytest.mark.parametrize("jump", [timedelta(days=400), -timedelta(days=400)], ids=["ahead", "back"])
async def test_a_clock_that_jumps_takes_nothing_away(home: House, jump: timedelta) -> None:
    """A clock that jumps, either way and back again, makes nothing gone that is up, and every item is looked at."""
    async with serving(PAGES) as web, AsyncExitStack() as stack:
        looker = await stack.enter_async_context(Looker.open(rules(), names=NameBook(), public=loopback))
        items = await placed(home, web.port)
        line = Line(home, looker)
        watch = Watch(home.store, looker, Pacing(1), Looks(), line.token)
        looked: dict[str, int] = {}
        for when, by in {"before": timedelta(), "during": jump, "after": -jump}.items():
            home.clock.at[0] += by
            await watch.turn(home.now)
            looked[when] = await line.turn()
        states = {state for state, *_ in await told(home, items)}

    assert states == {"noticed"}
    assert (looked["before"], looked["after"]) == (3, 3)
    assert looked["during"] == 3


async def test_a_claim_of_a_time_to_come_is_nobodys(home: House) -> None:
    """What was claimed under a clock that had gone ahead, by a daemon that is no more, is due when one starts."""
    async with serving(PAGES) as web, AsyncExitStack() as stack:
        looker = await stack.enter_async_context(Looker.open(rules(), names=NameBook(), public=loopback))
        await placed(home, web.port)
        home.clock.at[0] += timedelta(days=400)
        claimed = await Line(home, looker).turn(settled=False)
        home.clock.at[0] -= timedelta(days=400)
        fresh = Line(home, looker)
        await Watch(home.store, looker, Pacing(1), Looks(), fresh.token).turn(home.now)
        again = await fresh.turn()

    assert (claimed, again) == (3, 3)


async def test_a_look_that_nobody_wrote_down_counts_for_nothing(home: House) -> None:
    """Killed between observation and verdict: the item is as it was, and whoever comes next looks again."""
    async with serving({}) as web, AsyncExitStack() as stack:
        looker = await stack.enter_async_context(Looker.open(rules(), names=NameBook(), public=loopback))
        items = await placed(home, web.port)
        before = await told(home, items)
        killed = await Line(home, looker).turn(settled=False)
        unsettled = await told(home, items)
        again = await Line(home, looker).turn()

    assert (killed, again) == (3, 3)
    assert unsettled == before
    assert {state for state, *_ in await told(home, items)} == {"gone"}


async def test_a_verdict_whose_lease_was_lost_counts_for_nothing(home: House) -> None:
    """Who was thought dead and settles late writes nothing: another has looked meanwhile, and saw it up."""
    routes = {"*": answer("", 404)}
    async with serving(lambda _path: routes["*"]) as web, AsyncExitStack() as stack:
        looker = await stack.enter_async_context(Looker.open(rules(), names=NameBook(), public=loopback))
        items = await placed(home, web.port)
        slow = Line(home, looker)
        home.clock.at[0] += 1.2 * HOUR
        late = [await slow.check.do(job) for job in await slow.check.claim(home.now, 100)]
        routes["*"] = answer("here", 403)
        again = await Line(home, looker).turn()
        await slow.check.settle(late, home.now)

    assert (len(late), again) == (3, 3)
    assert set(await told(home, items)) == {("noticed", "blocked", "status_403")}


async def test_a_database_that_is_away_takes_nothing_away(home: House, database: str) -> None:
    """What was seen gone while the database was away is not written, not even half; the next look decides."""
    routes = {"*": answer("", 404)}
    async with serving(lambda _path: routes["*"]) as web, AsyncExitStack() as stack:
        looker = await stack.enter_async_context(Looker.open(rules(), names=NameBook(), public=loopback))
        items = await placed(home, web.port)
        pool = await asyncpg.create_pool(database, min_size=1, max_size=2)
        line = Line(home, looker, Store(pool, home.store.vault))
        home.clock.at[0] += 1.2 * HOUR
        seen = [await line.check.do(job) for job in await line.check.claim(home.now, 100)]
        before = await told(home, items)
        await pool.close()
        with pytest.raises(PASSING):
            await line.check.settle(seen, home.now)
        unsettled = await told(home, items)
        routes["*"] = answer("here", 403)
        again = await Line(home, looker).turn()

    assert {one[1].meaning.verdict for one in seen if one[1]} == {Verdict.GONE}
    assert (len(seen), again) == (3, 3)
    assert unsettled == before
    assert set(await told(home, items)) == {("noticed", "blocked", "status_403")}
