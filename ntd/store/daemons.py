"""Which daemons live, whether their clocks agree with the database's, and what those held that were killed."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from ntd.machine import Whereabouts
from ntd.store.base import Store
from ntd.store.sql import statement

_CLOCK = statement("daemon.clock")
_BEAT = statement("daemon.beat")
_LEAVE = statement("daemon.leave")
_LOOKERS = statement("daemon.lookers")
_SEE = statement("daemon.see")
_ALL_BLIND = statement("daemon.all_blind")
_NEIGHBOURS = statement("daemon.neighbours")
_FORGET = statement("daemon.forget")
#: Always in this order, and each in a transaction of its own: nobody waits for one while he holds another.
_TAKE_BACK = tuple(
    statement(f"daemon.take_back_{what}") for what in ("looks", "places", "sends", "checks", "follow_ups")
)
#: No lease ends later than this after it was last written.
LONGEST_LEASE = timedelta(minutes=1)
#: A daemon that has not been heard of for so long, three beats, has no part of any limit.
SILENT = timedelta(seconds=95)


async def skew(store: Store, now: datetime) -> timedelta:
    """Say how far our clock is from the database's, always positive."""
    theirs: datetime = await store.pool.fetchval(_CLOCK)
    return abs(theirs - now)


async def beat(
    store: Store,
    daemon: UUID,
    roles: Sequence[str],
    where: Whereabouts | None,
    started_at: datetime,
    now: datetime,
) -> None:
    """Note that a daemon lives, and where; None: nobody can see whether it still does."""
    machine, pid = (where.machine, where.pid) if where else (None, None)
    await store.pool.execute(_BEAT, daemon, list(roles), started_at, now, machine, pid)


async def lookers(store: Store, now: datetime) -> list[UUID]:
    """Give the living daemons that look, in the order in which they share what a host can bear."""
    return [row["id"] for row in await store.pool.fetch(_LOOKERS, now - SILENT)]


async def see(store: Store, daemon: UUID, *, blind: bool) -> None:
    """Note whether a daemon can see anything."""
    await store.pool.execute(_SEE, daemon, blind)


async def all_blind(store: Store, now: datetime) -> bool:
    """Say whether there are daemons that look, and none of them can see anything."""
    return bool(await store.pool.fetchval(_ALL_BLIND, now - SILENT))


async def take_back(
    store: Store, daemon: UUID, where: Whereabouts, has_ended: Callable[[int], bool], now: datetime
) -> int:
    """Make due at once what the killed daemons of our machine held; give how many of them there were.

    Sound because a daemon notes where it runs before it claims anything, and a process that is over claims and settles
    nothing more. Several may do this at the same time. A killed daemon of another machine is left to its leases.
    """
    neighbours = await store.pool.fetch(_NEIGHBOURS, where.machine, daemon)
    killed = [row["id"] for row in neighbours if has_ended(row["pid"])]
    if killed:
        for sql in _TAKE_BACK:
            await store.pool.execute(sql, killed, now, LONGEST_LEASE)
        await store.pool.execute(_FORGET, killed)
    return len(killed)


async def leave(store: Store, daemon: UUID, now: datetime) -> None:
    """Note that a daemon has ended."""
    await store.pool.execute(_LEAVE, daemon, now)
