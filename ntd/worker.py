"""The two loops of the daemon: a turn repeated, and a line that claims, does and settles.

A *turn* is one batch of database work: `turn(now) -> bool` says whether there was any. A *line* is work with the
outside: jobs are claimed under a lease, done side by side, and settled in whatever batches have come together
meanwhile. Nothing here knows what the work is.

A fault that passes (the database went away) pauses a loop and is said once; a bug in one job is logged, counted and
leaves that job to its lease, and the others go on.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog

from ntd.clock import Clock
from ntd.metrics import Looks
from ntd.store.faults import PASSING

log = structlog.get_logger()

Job = TypeVar("Job")
Result = TypeVar("Result")

#: Seconds between two looks for work when there was none.
IDLE_S = 0.25
#: Seconds before the next try after a fault that passes.
PAUSE_S = 1.0
#: Seconds between two renewals of leases; every lease is at least three times as long.
RENEW_S = 10.0
#: Results settled in one transaction at most.
LARGEST_SETTLEMENT = 200
#: Seconds in which work under way may finish after a stop; the whole stop is bound to 10 s.
GRACE_S = 4.0
#: What was done outside is written after a stop too: so many tries, so many seconds apart.
_LAST_TRIES, _BETWEEN_TRIES_S = 4, 0.5
#: Seconds for giving back what was claimed, and for whoever was cut off to end.
_GIVE_BACK_S, _CUT_OFF_S = 1.0, 0.5


class Turn(Protocol):
    """One batch of database work at a time."""

    name: str

    async def turn(self, now: datetime) -> bool:
        """Do the next batch; say whether there was any."""
        ...


class Line(Protocol[Job, Result]):
    """Work with the outside."""

    name: str
    capacity: int  # jobs under way at once

    async def claim(self, now: datetime, n: int) -> Sequence[Job]:
        """Claim up to `n` jobs under a lease."""
        ...

    async def do(self, job: Job) -> Result:
        """Do one job; faults of the outside are results."""
        ...

    async def settle(self, results: Sequence[Result], now: datetime) -> None:
        """Write what jobs came to, in one transaction."""
        ...

    async def renew(self, jobs: Sequence[Job], now: datetime) -> None:
        """Keep the leases of jobs that are still under way."""
        ...

    async def give_back(self, now: datetime) -> None:
        """Give back what is claimed and not settled."""
        ...


@dataclass(slots=True)
class Pulse:
    """When each loop last finished a turn, for readiness; and what it has done, for metrics."""

    turned_at: dict[str, datetime] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    looks: Looks | None = None  # None: this daemon does not look

    def beat(self, name: str, now: datetime) -> None:
        """Note that a loop is alive."""
        self.turned_at[name] = now
        self.turns[name] = self.turns.get(name, 0) + 1

    def fault(self, name: str) -> None:
        """Count a fault."""
        self.faults[name] = self.faults.get(name, 0) + 1


async def repeat(
    name: str, turn: Callable[[datetime], Awaitable[bool]], clock: Clock, pulse: Pulse, stop: asyncio.Event
) -> None:
    """Repeat a turn until stopped; at once while there is work, else after a pause."""
    away = False
    while not stop.is_set():
        try:
            worked = await turn(clock.now())
        except PASSING as fault:
            away = _say_once(name, fault, pulse, away=away)
            await pause(stop, PAUSE_S)
            continue
        except Exception:
            # A bug ends the turn, not the daemon.
            pulse.fault(name)
            log.exception("turn.failed", loop=name)
            await pause(stop, PAUSE_S)
            continue
        if away:
            log.info("database.back", loop=name)
            away = False
        pulse.beat(name, clock.now())
        if not worked:
            await pause(stop, IDLE_S)


def _say_once(name: str, fault: BaseException, pulse: Pulse, *, away: bool) -> bool:
    pulse.fault(name)
    if not away:
        log.warning("database.away", loop=name, fault=type(fault).__name__)
    return True


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond a stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


class Runner(Generic[Job, Result]):
    """Runs one line until stopped; at the end everything is settled or given back."""

    def __init__(self, line: Line[Job, Result], clock: Clock, pulse: Pulse, stop: asyncio.Event) -> None:
        """Run `line`; nothing begins before `run`."""
        self._line, self._clock, self._pulse, self._stop = line, clock, pulse, stop
        self._under_way: dict[asyncio.Task[None], Job] = {}
        self._done: deque[Result] = deque()
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self._closing = False

    async def run(self) -> None:
        """Claim, do and settle until stopped."""
        settler = asyncio.create_task(self._settle_all())
        renewer = asyncio.create_task(repeat(f"{self._line.name}.renew", self._renew, self._clock, Pulse(), self._stop))
        try:
            await repeat(self._line.name, self._claim, self._clock, self._pulse, self._stop)
            await self._finish()
            self._closing = True
            self._came.set()
            await settler
        finally:
            # Reached early only when somebody cuts us off: what could not be settled by then is left to its lease.
            settler.cancel()
            renewer.cancel()
            await asyncio.wait([settler, renewer], timeout=_CUT_OFF_S)
            await self._give_back()

    async def _claim(self, now: datetime) -> bool:
        room = self._line.capacity - len(self._under_way) - len(self._done)
        # A claim for a handful costs as much as one for many: wait until a quarter is free.
        if room < max(1, self._line.capacity // 4):
            self._room.clear()
            await _either(self._room, self._stop)
            return True
        jobs = await self._line.claim(now, room)
        for job in jobs:
            task = asyncio.create_task(self._do(job))
            self._under_way[task] = job
            task.add_done_callback(self._finished)
        return bool(jobs)

    async def _renew(self, now: datetime) -> bool:
        if self._under_way:
            await self._line.renew(list(self._under_way.values()), now)
        await pause(self._stop, RENEW_S)
        return True

    async def _do(self, job: Job) -> None:
        try:
            self._done.append(await self._line.do(job))
        except Exception:
            # The lease lapses and the job is due again.
            self._pulse.fault(self._line.name)
            log.exception("job.failed", loop=self._line.name)
        self._came.set()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._room.set()

    async def _settle_all(self) -> None:
        while not (self._closing and not self._done):
            await self._came.wait()
            self._came.clear()
            while self._done:
                batch = [self._done.popleft() for _ in range(min(len(self._done), LARGEST_SETTLEMENT))]
                await self._settle(batch)
                self._room.set()

    async def _settle(self, batch: list[Result]) -> None:
        away, last_tries = False, _LAST_TRIES
        # What was done outside is not forgotten because the database is away: it waits here, bounded by `capacity`.
        while last_tries:
            try:
                await self._line.settle(batch, self._clock.now())
            except PASSING as fault:
                away = _say_once(self._line.name, fault, self._pulse, away=away)
                last_tries -= 1 if self._stop.is_set() else 0
                await asyncio.sleep(_BETWEEN_TRIES_S)
            except Exception:
                self._pulse.fault(self._line.name)
                log.exception("settlement.failed", loop=self._line.name, results=len(batch))
                await self._one_by_one(batch)
                return
            else:
                return

    async def _one_by_one(self, batch: list[Result]) -> None:
        # One bad row must not stop the others; alone it is left to its lease.
        if len(batch) > 1:
            for result in batch:
                await self._settle([result])

    async def _finish(self) -> None:
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=GRACE_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_CUT_OFF_S)

    async def _give_back(self) -> None:
        try:
            async with asyncio.timeout(_GIVE_BACK_S):
                await self._line.give_back(self._clock.now())
        except PASSING:
            # Leases lapse by themselves.
            log.warning("give_back.failed", loop=self._line.name)


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    waits = [asyncio.create_task(one.wait()), asyncio.create_task(other.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=PAUSE_S)
    finally:
        for wait in waits:
            wait.cancel()
