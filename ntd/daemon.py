"""The daemon: the one place where everything is put together.

One TaskGroup. What is opened first is closed last: the store, then the ways out (names, looks, messages), then the
loops, then the door. SIGTERM or SIGINT stops the loops: work under way is finished or given back, all within ten
seconds.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
import uvloop

from geo.reserved import is_public
from geo.resolve import Locator
from monitor.look import Looker
from notifiers.registry import Dispatcher
from ntd.api.application import application
from ntd.api.desk import Desk
from ntd.api.server import serving
from ntd.clock import Clock, SystemClock
from ntd.store import daemons
from ntd.store.base import Store
from ntd.store.connect import open_store, refresh_keys
from ntd.store.registrations import StoredRegistrations
from ntd.walk.check import Check
from ntd.walk.follow import Follow
from ntd.walk.gather import Gather
from ntd.walk.look_up import LookUp
from ntd.walk.place import Place
from ntd.walk.send import Send
from ntd.worker import Pulse, Runner, pause, repeat
from schemas.check import Names
from schemas.errors import Misconfigured
from schemas.hosting import Address
from schemas.ids import uuid7
from schemas.settings import Settings

log = structlog.get_logger()

#: Leases and schedules of several daemons are compared: clocks further apart than this are refused.
MOST_SKEW = timedelta(seconds=5)
#: Seconds between two beats, each of which also makes sure of the data keys.
BEAT_S = 30.0


class Role(StrEnum):
    """What a daemon can be told to do; several daemons share the work."""

    INTAKE = "intake"
    RESOLVE = "resolve"
    NOTIFY = "notify"
    CHECK = "check"


EVERY_ROLE = frozenset(Role)


def main(settings: Settings, roles: Collection[Role] = EVERY_ROLE) -> None:
    """Run the daemon until it is told to stop; Misconfigured and Unreachable say why it cannot."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, frozenset(roles), SystemClock()))


async def run(settings: Settings, roles: frozenset[Role], clock: Clock) -> None:
    """Run the roles until a signal comes."""
    stop = asyncio.Event()
    _listen_to_signals(stop)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, clock, migrating=True))
        await _compare_clocks(store, clock)
        pulse = Pulse()
        daemon = uuid7(clock.now())
        loops = await _loops(stack, settings, store, roles, clock, pulse, daemon, stop)
        if Role.INTAKE in roles:
            desk = Desk(settings=settings, store=store, clock=clock, pulse=pulse)
            url = await stack.enter_async_context(serving(application(desk), settings.api.listen))
            log.info("api.listening", at=url.removeprefix("http://"))
        await stack.enter_async_context(_alive(store, daemon, roles, clock, stop))
        log.info("daemon.started", roles=sorted(roles))
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(loop())
            group.create_task(stop.wait())
        log.info("daemon.stopping")
    log.info("daemon.stopped")


def _listen_to_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _compare_clocks(store: Store, clock: Clock) -> None:
    apart = await daemons.skew(store, clock.now())
    if apart > MOST_SKEW:
        raise Misconfigured(
            f"this machine's clock and the database's are {apart.total_seconds():.0f} s apart; set both by NTP: "
            "leases and clocks of several daemons are compared"
        )


async def _loops(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    roles: frozenset[Role],
    clock: Clock,
    pulse: Pulse,
    daemon: UUID,
    stop: asyncio.Event,
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    loops: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def turn(name: str, one: Callable[[datetime], Awaitable[bool]]) -> None:
        loops.append(lambda: repeat(name, one, clock, pulse, stop))

    # Both who resolves and who checks asks for names; asking for none costs nothing.
    locator = await stack.enter_async_context(Locator.open(settings, StoredRegistrations(store)))
    for fault in locator.faults:
        log.warning("geo.bad_row", fault=fault)
    if Role.RESOLVE in roles:
        loops.append(Runner(LookUp(store, settings, locator, clock, daemon), clock, pulse, stop).run)
        place = Place(store, settings, daemon)
        turn(place.name, place.turn)
    if Role.NOTIFY in roles:
        out = await stack.enter_async_context(Dispatcher.open(settings))
        gather, follow = Gather(store, settings), Follow(store, settings, daemon)
        turn(gather.name, gather.turn)
        turn(follow.name, follow.turn)
        loops.append(Runner(Send(store, settings, out, clock, daemon), clock, pulse, stop).run)
    if Role.CHECK in roles:
        looker = await stack.enter_async_context(_looker(settings, locator, clock))
        loops.append(Runner(Check(store, settings, looker, clock, daemon), clock, pulse, stop).run)
    return loops


def _looker(settings: Settings, locator: Locator, clock: Clock) -> AbstractAsyncContextManager[Looker]:
    async def names(host: str) -> Names:
        found = await locator.addresses(host, clock.now())
        return Names(fate=found.fate, addresses=found.addresses, agreed=found.unanimous)

    def public(address: Address) -> bool:
        return is_public(address, settings.monitor.allow)

    return Looker.open(settings.monitor, names=names, public=public)


@asynccontextmanager
async def _alive(
    store: Store, daemon: UUID, roles: frozenset[Role], clock: Clock, stop: asyncio.Event
) -> AsyncIterator[None]:
    started = clock.now()
    # Said once before anything else is: a daemon that cannot write must not begin.
    await daemons.beat(store, daemon, sorted(roles), started, started)
    pulse = asyncio.create_task(_beat(store, daemon, roles, started, clock, stop))
    try:
        yield
    finally:
        pulse.cancel()
        await asyncio.wait([pulse])
        try:
            async with asyncio.timeout(1.0):
                await daemons.leave(store, daemon, clock.now())
        except (OSError, TimeoutError) as fault:
            log.warning("daemon.leave_failed", fault=type(fault).__name__)


async def _beat(
    store: Store, daemon: UUID, roles: frozenset[Role], started: datetime, clock: Clock, stop: asyncio.Event
) -> None:
    async def turn(now: datetime) -> bool:
        await refresh_keys(store, now)
        await daemons.beat(store, daemon, sorted(roles), started, now)
        await pause(stop, BEAT_S)
        return True

    await repeat("beat", turn, clock, Pulse(), stop)
