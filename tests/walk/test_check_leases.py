"""A look under way is leased: nobody else has it, it costs no index, and what changes nothing leaves no trace."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from monitor.look import Looker
from monitor.schedule import next_check
from ntd.pacing import Due, Pacing
from ntd.store import checks, daemons
from ntd.store.sql import statement
from ntd.uneventful import Uneventful
from ntd.walk.check import LEASE, Check
from schemas.ids import HostId, ItemId, uuid7
from tests.walk.house import NOON, House

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
ONE, OTHER = uuid7(NOON), uuid7(NOON + SECOND)


async def looked_at(home: House, count: int) -> list[UUID]:
    """Take items in and have each looked at; all are due again two hours later."""
    items = await home.submit(*(f"http://img.one.test/i/{n}.jpg" for n in range(count)))
    await home.settle()
    home.clock.at[0] += 2 * HOUR
    return items


async def claimed(home: House, token: UUID, now: datetime) -> set[UUID]:
    """Claim everything that is due for one daemon."""
    return {job.id for job in await checks.claim(home.store, now, 1000, LEASE, token)}


async def dues(home: House) -> dict[UUID, datetime]:
    """Give when each item is due."""
    return {row["item_id"]: row["due_at"] for row in await home.store.pool.fetch("SELECT * FROM schedule")}


async def keep(home: House, looks: list[tuple[UUID, datetime]], token: UUID) -> None:
    """Settle looks that changed nothing, each with the moment of the next."""
    async with home.store.transaction() as connection:
        kept = [Uneventful(item=ItemId(one), at=home.now, checks=9, up_at=home.now, next_at=at) for one, at in looks]
        await checks.keep_uneventful(connection, kept, token)


async def test_a_lease_writes_no_index(home: House) -> None:
    """Every row that a claim leases is written over in its own page, and no entry of an index with it."""
    await looked_at(home, 20)
    hot = "SELECT pg_stat_get_xact_tuples_hot_updated('schedule'::regclass)"
    async with home.store.transaction() as connection:
        before = await connection.fetchval(hot)
        rows = await connection.fetch(statement("checks.claim"), home.now, 1000, ONE, LEASE)
        written = await connection.fetchval(hot) - before

    assert len(rows) == written == 20


async def test_what_is_leased_is_nobody_elses_until_that_lapses(home: House) -> None:
    """A second daemon gets nothing, nothing is late meanwhile, and all of it is due again when the lease has lapsed."""
    items = set(await looked_at(home, 3))
    was = await dues(home)
    first = await claimed(home, ONE, home.now)
    second = await claimed(home, OTHER, home.now + LEASE - SECOND)
    late = await checks.lateness(home.store, home.now)
    lapsed = await claimed(home, OTHER, home.now + LEASE)

    assert (first, second, lapsed) == (items, set(), items)
    assert late == timedelta()
    assert await dues(home) == was


async def test_renewed_it_lasts_longer_and_given_back_it_ends(home: House) -> None:
    """Who renews keeps what he has; who stops leaves it to the next at once."""
    items = await looked_at(home, 2)
    await claimed(home, ONE, home.now)
    await checks.renew(home.store, [ItemId(one) for one in items], ONE, home.now + 3 * LEASE)
    still = await claimed(home, OTHER, home.now + 2 * LEASE)
    await checks.give_back(home.store, ONE, home.now + 2 * LEASE)
    then = await claimed(home, OTHER, home.now + 2 * LEASE)

    assert (still, then) == (set(), set(items))


async def test_a_look_that_is_asked_for_during_a_look_comes_after_it(home: House) -> None:
    """Somebody says "removed" while a look is under way: that look began too early, and settles nothing."""
    (item,) = await looked_at(home, 1)
    await claimed(home, ONE, home.now)
    async with home.store.transaction() as connection:
        await checks.check_now(connection, [ItemId(item)], home.now)
    await keep(home, [(item, home.now + HOUR)], ONE)

    assert await claimed(home, OTHER, home.now) == {item}


async def test_a_clock_that_had_gone_ahead_leases_nothing_for_long(home: House) -> None:
    """Claimed in a time that has not come yet, an item is due again as soon as the clock is set right."""
    (item,) = await looked_at(home, 1)
    right, home.clock.at[0] = home.now, home.now + 5 * HOUR
    await claimed(home, ONE, home.now)
    before = await claimed(home, OTHER, right)
    freed = await checks.ahead_of_time(home.store, right)

    assert (before, freed) == (set(), 1)
    assert await claimed(home, OTHER, right) == {item}


async def test_looks_that_change_nothing_grow_nothing(home: House) -> None:
    """Six thousand looks in hourly rounds leave the database as large as it was, within 40 bytes a look."""
    items, rounds, rules = await looked_at(home, 200), 30, home.settings.monitor
    size = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200"
    before = await home.store.pool.fetchval(size)
    looks = 0
    for _ in range(rounds):
        due = await claimed(home, ONE, home.now)
        next_at = [next_check(received_at=home.now, settings=rules, seed=one, now=home.now) for one in due]
        await keep(home, list(zip(due, next_at, strict=True)), ONE)
        looks += len(due)
        home.clock.at[0] += 1.2 * HOUR
        # As the server does by itself where a twentieth of the rows is dead.
        await home.store.pool.execute("VACUUM schedule")
    grown = await home.store.pool.fetchval(size) - before

    assert looks == rounds * len(items)
    assert grown <= 40 * looks


async def test_a_killed_daemons_leases_fall(home: House) -> None:
    """What a daemon of this machine held that was killed is due at once, as late as it is."""
    items = set(await looked_at(home, 3))
    was = await dues(home)
    await claimed(home, ONE, home.now)
    await home.store.pool.execute(statement("daemon.take_back_checks"), [ONE], home.now, daemons.LONGEST_LEASE)

    assert await claimed(home, OTHER, home.now) == items
    assert await dues(home) == was


class Breaking(Pacing):
    """Admits as ever, but what is written down of the first admission breaks off, as when the database goes away."""

    broken = False

    def admit(
        self, due: Sequence[Due[Any]], quiet: Mapping[HostId, datetime], now: datetime
    ) -> tuple[list[Any], list[tuple[ItemId, datetime]]]:
        """Give a moment that no database takes, the first time."""
        go, later = super().admit(due, quiet, now)
        if not self.broken:
            self.broken = True
            later = [(due[0].item, cast("datetime", "soon"))]
        return go, later


async def test_a_claim_that_breaks_off_leaves_no_host_full(home: House) -> None:
    """What was let in and nobody looks at does not count: when its lease has lapsed all of it is let in again."""
    items = set(await looked_at(home, 5))
    check = Check(home.store, home.settings, cast("Looker", home.pages), home.clock, ONE, pacing=Breaking(per_host=1))
    with pytest.raises(asyncpg.DataError):
        await check.claim(home.now, 5)

    assert {job.id for job in await check.claim(home.now + LEASE, 5)} == items
