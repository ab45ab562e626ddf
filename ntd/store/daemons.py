"""Which daemons live, and whether their clocks agree with the database's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from ntd.store.base import Store
from ntd.store.sql import statement

_CLOCK = statement("daemon.clock")
_BEAT = statement("daemon.beat")
_LEAVE = statement("daemon.leave")


async def skew(store: Store, now: datetime) -> timedelta:
    """Say how far our clock is from the database's, always positive."""
    return abs(await store.pool.fetchval(_CLOCK) - now)


async def beat(store: Store, daemon: UUID, roles: Sequence[str], started_at: datetime, now: datetime) -> None:
    """Note that a daemon lives."""
    await store.pool.execute(_BEAT, daemon, list(roles), started_at, now)


async def leave(store: Store, daemon: UUID, now: datetime) -> None:
    """Note that a daemon has ended."""
    await store.pool.execute(_LEAVE, daemon, now)
