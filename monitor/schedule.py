"""When to look again. Pure; chance comes from a seed, so the same item always gets the same answer."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from schemas.settings import Monitor

#: Looks are spread by this share of their interval to either side, so that items of one site do not come together.
SPREAD: Final = 0.1
#: A look falls within this time after each mark of the service level, so that "within 24 h" is known this exactly.
MARK_WITHIN: Final = timedelta(minutes=5)
#: The marks themselves (field guide, section 3: the buckets in use).
SLA_MARKS: Final = (timedelta(hours=24), timedelta(hours=48), timedelta(days=3), timedelta(days=7), timedelta(days=28))

#: Looks at least this far apart fall on whole seconds: items due at the same moment share an entry of the index of due
#: times, which is nearly all that a look which changes nothing costs the database.
WHOLE_SECONDS_FROM: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)


def interval_at(age: timedelta, schedule: Sequence[tuple[timedelta, timedelta]]) -> timedelta:
    """Give the time between looks for an item of this age; beyond the last row its interval goes on.

    >>> rows = [(timedelta(hours=24), timedelta(hours=1)), (timedelta(days=7), timedelta(hours=6))]
    >>> interval_at(timedelta(hours=24), rows)
    datetime.timedelta(seconds=3600)
    """
    return next(
        (every for until, every in schedule if age <= until), schedule[-1][1] if schedule else timedelta(days=1)
    )


def next_check(
    *,
    received_at: datetime,
    settings: Monitor,
    seed: UUID,
    now: datetime,
    clock_from: Iterable[datetime] = (),
    clock_to_come: bool = False,
    marks: Sequence[timedelta] = SLA_MARKS,
) -> datetime:
    """Give the next look of an item that is not gone.

    `clock_from` are the beginnings of its running clocks (first accepted notices): a look falls within five minutes
    after each mark of each of them, even where the schedule is thinner. `clock_to_come`: another clock may begin before
    the next look, so that look is not later than its first mark could be.
    """
    every = interval_at(now - received_at, settings.schedule)
    spread = now + every * (1 + SPREAD * _chance(seed, f"{now.timestamp():.0f}"))
    due = [spread if every < WHOLE_SECONDS_FROM else spread.replace(microsecond=0)]
    # Only marks that may have the next look: the others' moments are not even worked out.
    ahead = (start + mark for start in clock_from for mark in marks if now - MARK_WITHIN < start + mark < spread)
    due += [look for look in (_after_mark(mark, seed) for mark in ahead) if look > now]
    if clock_to_come:
        due.append(now + min(marks))
    return min(due)


def _after_mark(mark: datetime, seed: UUID) -> datetime:
    """Give the moment of the look after a mark: in the first four of the five minutes, one is left for lateness."""
    look = mark + MARK_WITHIN * (0.4 + 0.4 * _chance(seed, mark.isoformat()))
    # A whole second, and never one before the mark.
    return look.replace(microsecond=0) + _SECOND


def next_watch(gone_at: datetime, settings: Monitor, done: int) -> datetime | None:
    """Give the look that follows `done` looks after gone, exactly at its offset; None when all are done."""
    offsets = sorted(settings.watch_after_gone)
    return gone_at + offsets[done] if done < len(offsets) else None


def _chance(seed: UUID, salt: str) -> float:
    """Give a number in [-1, 1) that depends on nothing but its arguments."""
    noise = hashlib.blake2b(salt.encode(), key=seed.bytes, digest_size=8).digest()
    return int.from_bytes(noise, "big") / 2**63 - 1
