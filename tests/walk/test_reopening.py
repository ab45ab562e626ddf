"""What is reopened is looked up anew, and placed by what that look-up finds; a place that was never seen counts not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from ntd import acts
from ntd.store.reports import sla
from ntd.walk.look_up import LookUp
from schemas.ids import ItemId
from schemas.report import ReportQuery
from tests.walk.house import DOWN, UP, House, spot

URL = "http://img.one.test/i/1.jpg"
HOUR, DAY, MINUTE, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
ONE = spot(64500, "NL", "192.0.2.1", "abuse@one.example")
TWO = spot(64600, "NL", "198.51.100.1", "abuse@two.example")


async def reopened(home: House) -> UUID:
    """Have an item withdrawn, and reopened two hours later."""
    (item,) = await home.submit(URL)
    await home.settle()
    await acts.withdraw(
        home.store, home.settings, [ItemId(item)], because="police", reason="wait", by="x", now=home.now
    )
    await home.later(2 * HOUR)
    return item


async def reopen(home: House, item: UUID) -> None:
    """Reopen it now."""
    await acts.reopen(home.store, home.settings, [ItemId(item)], reason="back", by="x", now=home.now)


async def since(home: House, moment: Any) -> list[tuple[str | None, int, int]]:
    """Count stays and relocations by hoster, of what began at a moment or later."""
    rows = (await sla(home.store, ReportQuery(begin=moment), home.now))["rows"]
    return [(one["key"], one["items"], one["relocated"]) for one in rows]


async def test_a_host_that_left_just_before_the_reopening_has_no_stay_at_the_old_place(home: House) -> None:
    """Until the move is confirmed the item is received; then it is at the new place, since it was reopened."""
    item = await reopened(home)
    home.names.at["img.one.test"] = (TWO,)
    at = home.now
    await reopen(home, item)
    await home.settle()
    first = await home.state(item)
    await home.later(SECOND)
    waiting = await home.state(item)
    await home.later(3 * HOUR, 5 * MINUTE)
    told = await home.show(item)

    assert (first, waiting) == ("received", "received")
    assert [one.to for one in home.post.handed] == ["abuse@two.example"]
    assert await since(home, at) == [("Hoster 64600", 1, 0)]
    assert [one["event"] for one in told["history"] if one["event"] in {"resolved", "relocated"}] == ["resolved"] * 2
    assert {one["items"] for one in told["relocations"]} <= {0}


async def test_of_two_places_the_one_that_no_look_shows_any_more_counts_not(home: House) -> None:
    """One of two addresses was dropped before the reopening: one stay, and no relocation."""
    home.names.at["img.one.test"] = (ONE, TWO)
    item = await reopened(home)
    home.names.at["img.one.test"] = (ONE,)
    at = home.now
    await reopen(home, item)
    await home.later(3 * HOUR, 5 * MINUTE)

    assert await since(home, at) == [("Hoster 64500", 1, 0)]
    assert {one["items"] for one in (await home.show(item))["relocations"]} <= {0}
    assert await home.state(item) == "noticed"


async def test_a_glitch_in_the_look_that_follows_a_reopening_is_no_move(home: House) -> None:
    """Elsewhere once, then where it always was: placed there by the second look."""
    item = await reopened(home)
    home.names.at["img.one.test"] = (TWO,)
    at = home.now
    await reopen(home, item)
    await home.settle()
    home.names.at["img.one.test"] = (ONE,)
    await home.later(2 * MINUTE, MINUTE)
    await home.later(2 * HOUR, 20 * MINUTE)

    assert await since(home, at) == [("Hoster 64500", 1, 0)]
    assert await home.state(item) == "noticed"


async def test_a_look_up_that_began_before_the_reopening_is_not_the_one(home: House) -> None:
    """It is settled, and the host looked up once more; the item is placed by that."""
    item = await reopened(home)
    line = LookUp(home.store, home.settings, home.names, home.clock, home.token)  # type: ignore[arg-type]
    await home.store.pool.execute("UPDATE host SET look_due_at = $1", home.now)
    under_way = [await line.do(job) for job in await line.claim(home.now, 10)]
    home.clock.at[0] += SECOND
    await reopen(home, item)
    await line.settle(under_way, home.now)
    await home.settle()
    before = await home.state(item)
    await home.later(MINUTE)

    assert (len(under_way), before, await home.state(item)) == (1, "received", "routed")


async def test_more_reopened_items_than_are_placed_at_once_wait_and_follow(home: House) -> None:
    """A turn in which all have to wait for the look-up is no work; after it all of them are placed."""
    items = await home.submit(*(f"{URL}{n}" for n in range(501)))
    await home.settle(looking=False)
    ids = [ItemId(one) for one in items]
    await acts.withdraw(home.store, home.settings, ids, because="police", reason="wait", by="x", now=home.now)
    await home.later(HOUR)
    await acts.reopen(home.store, home.settings, ids, reason="back", by="x", now=home.now)
    await home.submit("http://img.one.test/new.jpg")
    host = await home.store.pool.fetchval("UPDATE host SET look_due_at = NULL RETURNING id")
    await home.settle(looking=False)
    count = "SELECT count(*) FROM item WHERE state = 'received'"
    waiting = await home.store.pool.fetchval(count)
    await home.store.pool.execute("UPDATE host SET look_due_at = $2 WHERE id = $1", host, home.now)
    await home.settle(looking=False)

    assert (waiting, await home.store.pool.fetchval(count)) == (501, 0)


async def test_what_comes_back_at_a_place_that_joined_meanwhile_begins_with_its_return(home: House) -> None:
    """Gone at two places, seen again at one of them and, a look-up later, at a third: no stay began before."""
    where = "img.one.test"
    home.names.at[where] = (ONE, TWO)
    home.pages.at[URL] = DOWN
    (item,) = await home.submit(URL)
    await home.later(3 * HOUR, 15 * MINUTE)
    await home.later(20 * HOUR, 6 * HOUR)
    assert await home.state(item) == "gone"

    third = spot(64700, "BE", "203.0.113.1", "abuse@three.example")
    home.names.at[where] = (ONE, TWO, third)
    await home.store.pool.execute("UPDATE host SET look_due_at = $1", home.now)
    await home.settle(looking=False)
    home.clock.at[0] += 30 * SECOND
    home.pages.by_address[URL, "192.0.2.1"] = home.pages.by_address[URL, "203.0.113.1"] = UP
    await home.store.pool.execute("UPDATE schedule SET due_at = $1", home.now)
    at = home.now
    await home.settle()
    await home.later(HOUR, MINUTE)

    rows = await home.store.pool.fetch("SELECT began_at, began_by, gone_at FROM stay WHERE ended_at IS NULL")
    work = sorted((one["began_by"], one["began_at"]) for one in rows if one["gone_at"] is None)
    assert work == [("joined", at), ("return", at)]
