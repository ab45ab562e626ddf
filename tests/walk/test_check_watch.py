"""What cannot be seen is not looked at and is made up for; what a host can bear holds for all daemons together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from monitor.look import Looker
from monitor.shares import Share
from ntd.metrics import Looks
from ntd.pacing import Pacing
from ntd.store import daemons
from ntd.store.checks import ItemToCheck
from ntd.walk.check import Check
from ntd.walk.watch import JOINS_AFTER, Watch
from schemas.check import Hop, Observation, Round, Sight
from schemas.ids import uuid7
from schemas.settings import Monitor
from schemas.url import Url, parse_url
from tests.fakes.monitor_web import NameBook, answer, loopback, serving
from tests.walk.house import NOON, UNKNOWN, House, house, spot

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ROLES = ["check"]


class Eyes:
    """Looks as the house's pages are, from one vantage whose canaries sing or do not."""

    def __init__(self, home: House) -> None:
        self.home, self.dark = home, False
        self.networks = {"direct": "direct"}
        self.retry_after_s: float | None = None
        self.shared = Share()
        self.asked: list[str] = []

    @property
    def void(self) -> tuple[str, ...]:
        """Name the vantage while it is void."""
        return ("direct",) if self.dark else ()

    async def blind(self, _now: datetime) -> bool:
        """Ask the canaries."""
        return self.dark

    def share(self, share: Share) -> None:
        """Take this daemon's part."""
        self.shared = share

    async def round(self, url: Url, *, now: datetime, seed: UUID, **_ignored: object) -> Round:
        """Look; in the dark nothing is seen."""
        self.asked.append(url.text)
        assert seed
        if self.dark:
            seen = Observation(at=now, vantage="direct", sight=Sight.VOID, address=None, addresses=())
            return Round(at=now, observations=(seen,), meaning=replace(UNKNOWN, reason="vantage_void"))
        one = await self.home.pages.round(url, now=now)
        if self.retry_after_s is None:
            return one
        first = one.observations[0]
        hops = (Hop(url=url.text, status=429),)
        busy = replace(first, status=429, body=None, hops=hops, retry_after_s=self.retry_after_s)
        return Round(at=now, observations=(busy,), meaning=replace(UNKNOWN, reason="status_429"))


class Daemon:
    """What of a daemon looks, turned by hand."""

    def __init__(self, home: House, eyes: Eyes, number: int = 0) -> None:
        self.home, self.looks, self.id = home, Looks(), uuid7(NOON + number * SECOND)
        self.pacing = Pacing(home.settings.monitor.per_host)
        self.watch = Watch(home.store, eyes, self.pacing, self.looks, self.id)  # type: ignore[arg-type]
        self.check = Check(
            *(home.store, home.settings, eyes, home.clock, self.id),  # type: ignore[arg-type]
            pacing=self.pacing,
            looks=self.looks,
            may_look=self.watch.may_look,
        )

    async def claim(self, n: int) -> Sequence[ItemToCheck]:
        """Beat, watch, and claim up to so many of what is due."""
        await daemons.beat(self.home.store, self.id, ROLES, None, NOON, self.home.now)
        await self.watch.turn(self.home.now)
        return await self.check.claim(self.home.now, n)

    async def turn(self) -> int:
        """Beat, watch, and look at what is due; give how many were looked at."""
        jobs = await self.claim(200)
        results = [await self.check.do(job) for job in jobs]
        await self.check.settle(results, self.home.now)
        return sum(seen is not None for _, seen in results)


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which two hosts live at a Dutch hoster."""
    async with house(database, tmp_path) as opened:
        opened.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        opened.names.at["img.two.test"] = (spot(64500, "NL", "192.0.2.2", "abuse@one.example"),)
        opened.rules(monitor={"per_host": 100})
        yield opened


async def dues(home: House) -> list[datetime]:
    """Give when each item is due, in order."""
    return [row["due_at"] for row in await home.store.pool.fetch("SELECT due_at FROM schedule ORDER BY due_at")]


async def test_blindness_is_said_once_and_what_it_cost_is_made_up_for(home: House) -> None:
    """In the dark nothing is looked at or gone, which is said once; then every lost round is made up for, spread."""
    urls = [f"http://img.{'one' if n % 2 else 'two'}.test/i/{n}.jpg" for n in range(60)]
    items = await home.submit(*urls)
    await home.settle()
    eyes = Eyes(home)
    daemon = Daemon(home, eyes)
    # One round is lost before the canaries are asked again.
    home.clock.at[0] += 2 * HOUR
    home.pages.at[urls[0]] = replace(UNKNOWN, reason="unreachable")
    lost = await daemon.turn()
    home.pages.at.clear()
    home.clock.at[0] += 10 * SECOND
    with capture_logs() as said:
        eyes.dark = True
        for _ in range(20):
            home.clock.at[0] += 10 * MINUTE
            await daemon.turn()
        in_the_dark, blind = list(eyes.asked[lost:]), await daemons.all_blind(home.store, home.now)
        said_so = daemon.looks.blind
        eyes.dark = False
        await daemon.turn()
    back = home.now
    spread = await dues(home)
    for _ in range(60):
        await daemon.turn()
        home.clock.at[0] += MINUTE
    states = {await home.state(item) for item in items}

    assert lost > 0
    assert (in_the_dark, blind, said_so, daemon.looks.blind) == ([], True, True, False)
    assert [line["event"] for line in said] == ["vantage.void", "checks.blind", "vantage.sound", "checks.seeing"]
    assert said[-1]["made_up"] == 60
    assert (spread[0] > back, spread[-1] <= back + 30 * MINUTE + SECOND) == (True, True)
    assert len({(at - back) // MINUTE for at in spread}) >= 20
    assert set(eyes.asked[lost:]) == set(urls)
    assert states == {"routed"}
    assert not await daemons.all_blind(home.store, home.now)


async def test_what_a_clock_gone_ahead_put_off_is_taken_up_at_once(home: House) -> None:
    """Set back by five hours, a daemon looks at its sixty items again within seconds, not within half an hour."""
    for n in range(60):
        await home.submit(f"http://img.{'one' if n % 2 else 'two'}.test/i/{n}.jpg")
    await home.settle()
    daemon, right = Daemon(home, Eyes(home)), home.now
    home.clock.at[0] += 5 * HOUR
    await daemon.turn()
    home.clock.at[0] = right
    await daemon.watch.turn(home.now)
    spread = await dues(home)

    assert (len(spread), spread[0] > right, spread[-1] <= right + 2 * SECOND) == (60, True, True)


async def test_a_first_notice_does_not_wait_for_sight(home: House) -> None:
    """What nobody can look at is told all the same: in the dark a new item has its one void look, and no other."""
    eyes = Eyes(home)
    eyes.dark = True
    daemon = Daemon(home, eyes)
    (item,) = await home.submit("http://img.one.test/i/1.jpg")
    # Looked up and placed, not yet looked at.
    await home.settle(looking=False)
    for _ in range(10):
        await daemon.turn()
        home.clock.at[0] += 20 * MINUTE
    await home.settle(looking=False)
    told = await home.show(item)

    assert eyes.asked == ["http://img.one.test/i/1.jpg"]
    assert told["state"] == "noticed"


async def test_retry_after_holds_for_the_host_and_every_daemon(home: House) -> None:
    """A host that says "later" is asked by nobody before; another host is; then all of its items have their look."""
    urls = [f"http://img.one.test/i/{n}.jpg" for n in range(12)]
    await home.submit(*urls, "http://img.two.test/i/1.jpg")
    await home.settle()
    eyes, other = Eyes(home), Eyes(home)
    daemon, second = Daemon(home, eyes), Daemon(home, other, 1)
    home.clock.at[0] += 2 * HOUR
    eyes.retry_after_s = 600.0
    asked_at = home.now
    await daemon.turn()
    first = len([url for url in eyes.asked if ".one." in url])
    eyes.retry_after_s = None
    await second.turn()
    while home.now < asked_at + timedelta(seconds=599):
        home.clock.at[0] += 60 * SECOND
        before = [url for url in (*eyes.asked, *other.asked) if ".one." in url]
        if home.now < asked_at + timedelta(seconds=600):
            await daemon.turn()
            await second.turn()
    for _ in range(5):
        home.clock.at[0] += MINUTE
        await daemon.turn()
        await second.turn()

    assert first == len(before) == 1
    assert "http://img.two.test/i/1.jpg" in {*eyes.asked, *other.asked}
    assert {*urls} <= {*eyes.asked, *other.asked}


async def test_daemons_share_what_a_host_can_bear(home: House) -> None:
    """Who is alone has all of it; who comes waits until the others know; who has gone leaves his part."""
    eyes, other = Eyes(home), Eyes(home)
    daemon, second = Daemon(home, eyes), Daemon(home, other, 1)
    await daemon.turn()
    alone, at_once = eyes.shared, daemon.watch.may_look(home.now)
    await second.turn()
    waits = second.watch.may_look(home.now)
    home.clock.at[0] += JOINS_AFTER
    await daemon.turn()
    await second.turn()
    both = {eyes.shared, other.shared, daemon.pacing.share, second.pacing.share}
    joined = second.watch.may_look(home.now)
    for _ in range(20):
        home.clock.at[0] += 10 * SECOND
        await daemon.turn()

    assert (alone, at_once, waits, joined) == (Share(), True, False, True)
    assert both == {Share(rank=0, of=2), Share(rank=1, of=2)}
    assert eyes.shared == Share()


async def test_a_daemon_that_was_not_heard_of_stops_looking(home: House) -> None:
    """Whose beat did not reach the database for too long has no part of anything until it does again."""
    eyes = Eyes(home)
    daemon = Daemon(home, eyes)
    await daemon.turn()
    home.clock.at[0] += 2 * daemons.SILENT
    await daemon.watch.turn(home.now)
    unheard = daemon.watch.may_look(home.now)
    home.clock.at[0] += JOINS_AFTER
    await daemon.turn()

    assert (unheard, daemon.watch.may_look(home.now)) == (False, True)


async def test_two_lookers_together_keep_the_limit_of_a_host() -> None:
    """Thirty rounds at two daemons never hold more connections to the host than one may."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.005)
        writer.write(answer("", 403))

    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(serving({"*": slow}))
        url = parse_url(f"http://img.test:{web.port}/i/1.jpg")
        lookers = [
            await stack.enter_async_context(Looker.open(Monitor(per_host=3), names=NameBook(), public=loopback))
            for _ in range(2)
        ]
        for rank, looker in enumerate(lookers):
            looker.share(Share(rank=rank, of=2))
        seen = await asyncio.gather(*(looker.round(url, now=NOON) for looker in lookers for _ in range(15)))

    assert {one.meaning.reason for one in seen} == {"status_403"}
    assert web.most_at_once == 3


async def test_a_crowd_at_one_host_does_not_keep_another_waiting(home: House) -> None:
    """What its host cannot bear is put off, and claimed beyond in the same turn, as long as there is room."""
    crowd = await home.submit(*(f"http://img.one.test/i/{n}.jpg" for n in range(50)))
    (other,) = await home.submit("http://img.two.test/i/1.jpg")
    await home.settle()
    home.clock.at[0] += 2 * HOUR
    await home.store.pool.execute("UPDATE schedule SET due_at = $2 WHERE item_id = ANY($1)", crowd, NOON)
    home.rules(monitor={"per_host": 1})
    claimed = await Daemon(home, Eyes(home)).claim(20)

    assert 1 < len(claimed) <= 20 // 2
    assert other in {job.id for job in claimed}
