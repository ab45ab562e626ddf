"""The daemon: the one place where everything is put together.

One TaskGroup. What is opened first is closed last: the store, then the ways out (names, looks, messages), then the
loops, then the door. SIGTERM, SIGINT or SIGHUP stops the loops: work under way is finished or given back, all within
ten seconds.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
import uvloop

from geo.renewed import is_old, newest
from geo.resolve import Locator
from notifiers.press import Press, open_press
from notifiers.registry import Dispatcher
from ntd.api.application import application
from ntd.api.desk import Desk
from ntd.api.server import serving
from ntd.clock import Clock, SystemClock
from ntd.letterhead import letterhead
from ntd.looking import open_looker
from ntd.machine import Whereabouts, has_ended, here
from ntd.metrics import Looks
from ntd.pacing import Pacing
from ntd.process import collect_seldom, leave_no_core
from ntd.store import daemons
from ntd.store.base import Store
from ntd.store.connect import hang_up, open_store, refresh_keys
from ntd.store.faults import PASSING
from ntd.store.registrations import StoredRegistrations
from ntd.walk.check import Check
from ntd.walk.follow import Follow
from ntd.walk.gather import Gather
from ntd.walk.inbox import Inbox
from ntd.walk.look_up import LookUp
from ntd.walk.place import Place
from ntd.walk.send import Send
from ntd.walk.watch import Watch
from ntd.worker import PAUSE_S, Line, Pulse, Runner, Turn, pause, repeat
from schemas.errors import Misconfigured
from schemas.ids import uuid7
from schemas.settings import Settings

log = structlog.get_logger()

#: Leases and schedules of several daemons are compared: clocks further apart than this are refused.
MOST_SKEW = timedelta(seconds=5)
#: Seconds between two beats, each of which also makes sure of the data keys.
BEAT_S = 30.0
#: Seconds that the loops have to end; the door, the pool and a private server need the rest of the ten.
STOP_S = 6.5
#: Seconds that saying goodbye may take.
LEAVE_S = 1.0


Loop = Callable[[], Coroutine[Any, Any, None]]


class Role(StrEnum):
    """What a daemon can be told to do; several daemons share the work."""

    INTAKE = "intake"
    RESOLVE = "resolve"
    NOTIFY = "notify"
    CHECK = "check"


EVERY_ROLE = frozenset(Role)


def main(settings: Settings, roles: Collection[Role] = EVERY_ROLE) -> None:
    """Run the daemon until it is told to stop; Misconfigured and Unreachable say why it cannot."""
    leave_no_core()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, frozenset(roles), SystemClock()))


async def run(settings: Settings, roles: frozenset[Role], clock: Clock) -> None:
    """Run the roles until a signal comes."""
    stop = asyncio.Event()
    _listen_to_signals(stop)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, clock, migrating=True))
        pulse = Pulse()
        house = _House(settings=settings, store=store, clock=clock, pulse=pulse, daemon=uuid7(clock.now()), stop=stop)
        await _once_there(house, lambda: _compare_clocks(store, clock))
        loops = await _loops(stack, house, roles)
        if Role.INTAKE in roles:
            desk = Desk(settings=settings, store=store, clock=clock, pulse=pulse)
            url = await stack.enter_async_context(serving(application(desk), settings.api.listen))
            log.info("api.listening", at=url.removeprefix("http://"))
        collect_seldom()
        await stack.enter_async_context(_alive(house, sorted(roles)))
        log.info("daemon.started", roles=sorted(roles))
        if Role.CHECK in roles and not settings.monitor.canaries:
            log.warning(
                "checks.no_canaries", remedy="name in monitor.canaries what is always up: who lies to us is believed"
            )
        async with asyncio.TaskGroup() as group:
            turning = [group.create_task(loop()) for loop in loops]
            await stop.wait()
            log.info("daemon.stopping")
            await _come_to_an_end(turning, store)
    log.info("daemon.stopped")


async def _come_to_an_end(turning: Sequence[asyncio.Task[None]], store: Store) -> None:
    # A statement that hangs with its database would hold us for minutes; what is cut off here is left to its lease.
    _, late = await asyncio.wait(turning, timeout=STOP_S) if turning else (set(), set())
    if late:
        for task in late:
            task.cancel()
        hang_up(store)


def _listen_to_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)


async def _once_there(house: "_House", act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do what a start needs the database for, however often it goes away meanwhile; nothing after a stop."""
    away = False
    while not house.stop.is_set():
        try:
            await act()
        except PASSING as fault:
            if not away:
                log.warning("database.away", loop="start", fault=type(fault).__name__)
            away = True
            await pause(house.stop, PAUSE_S)
        else:
            return


async def _compare_clocks(store: Store, clock: Clock) -> None:
    apart = await daemons.skew(store, clock.now())
    if apart > MOST_SKEW:
        raise Misconfigured(
            f"this machine's clock and the database's are {apart.total_seconds():.0f} s apart; set both by NTP: "
            "leases and clocks of several daemons are compared"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _House:
    """What every loop is given."""

    settings: Settings
    store: Store
    clock: Clock
    pulse: Pulse
    daemon: UUID
    stop: asyncio.Event

    def turn(self, one: Turn) -> Loop:
        """Make a loop of a turn."""
        return lambda: repeat(one.name, one.turn, self.clock, self.pulse, self.stop)

    def line(self, one: Line[Any, Any]) -> Loop:
        """Make a loop of a line."""
        return Runner(one, self.clock, self.pulse, self.stop).run


async def _loops(stack: AsyncExitStack, house: _House, roles: frozenset[Role]) -> list[Loop]:
    settings, store, clock, daemon = house.settings, house.store, house.clock, house.daemon
    loops: list[Loop] = []
    # Both who resolves and who checks asks for names; asking for none costs nothing.
    locator = await stack.enter_async_context(Locator.open(settings, StoredRegistrations(store)))
    for fault in locator.faults:
        log.warning("geo.bad_row", fault=fault)
    if settings.geo.registration == "https" and is_old(published := newest(settings.geo.data), clock.now()):
        log.warning("geo.registries.old", published=published.date().isoformat(), remedy="ntd geo refresh")
    if Role.RESOLVE in roles:
        loops += [
            house.line(LookUp(store, settings, locator, clock, daemon)),
            house.turn(Place(store, settings, daemon)),
        ]
    if Role.NOTIFY in roles:
        out = await stack.enter_async_context(Dispatcher.open(settings, clock.now))
        loops += [
            house.turn(Gather(store, settings, _press(settings, clock.now()))),
            house.line(Send(store, settings, out, clock, daemon)),
            house.turn(Follow(store, settings, locator, daemon)),
        ]
        if settings.inbox.imap_host:
            loops.append(house.turn(await stack.enter_async_context(Inbox.open(store, settings, house.stop))))
    if Role.CHECK in roles:
        salt = store.vault.hash("likeness", b"")
        looker = await stack.enter_async_context(open_looker(settings, locator, clock, salt))
        pacing, looks = Pacing(settings.monitor.per_host), Looks()
        house.pulse.looks = looks
        watch = Watch(store, looker, pacing, looks, daemon)
        check = Check(store, settings, looker, clock, daemon, pacing=pacing, looks=looks, may_look=watch.may_look)
        loops += [house.turn(watch), house.line(check)]
    return loops


def _press(settings: Settings, now: datetime) -> Press:
    press = open_press(settings, letterhead(settings, now))
    for certificate in press.expired(now):
        log.warning("certificate.expired", path=str(certificate.path))
    return press


@asynccontextmanager
async def _alive(house: _House, roles: Sequence[Role]) -> AsyncIterator[None]:
    started, where = house.clock.now(), here()
    await _once_there(house, lambda: _announce(house, roles, where, started))
    beating = asyncio.create_task(_beat(house, roles, where, started))
    try:
        yield
    finally:
        beating.cancel()
        leaving = asyncio.create_task(_leave(house))
        # Not a timeout around it: a database that hangs answers no cancellation either.
        if (await asyncio.wait([beating, leaving], timeout=LEAVE_S))[1]:
            hang_up(house.store)


async def _announce(house: _House, roles: Sequence[str], where: Whereabouts | None, started: datetime) -> None:
    # Said once before anything else is: a daemon that cannot write must not begin, and none claims before it said where
    # it runs.
    await daemons.beat(house.store, house.daemon, roles, where, started, started)
    # Who was killed before us has no part of any host any more: we need not wait for him to be counted out.
    await _take_back(house, where, started)


async def _leave(house: _House) -> None:
    try:
        await daemons.leave(house.store, house.daemon, house.clock.now())
    except PASSING as fault:
        log.warning("daemon.leave_failed", fault=type(fault).__name__)


async def _beat(house: _House, roles: Sequence[Role], where: Whereabouts | None, started: datetime) -> None:
    async def turn(now: datetime) -> bool:
        await refresh_keys(house.store, now)
        await daemons.beat(house.store, house.daemon, roles, where, started, now)
        await _take_back(house, where, now)
        await pause(house.stop, BEAT_S)
        return True

    await repeat("beat", turn, house.clock, Pulse(), house.stop)


async def _take_back(house: _House, where: Whereabouts | None, now: datetime) -> None:
    if where and (killed := await daemons.take_back(house.store, house.daemon, where, has_ended, now)):
        log.warning("daemon.killed", daemons=killed)
