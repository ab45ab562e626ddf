"""Rounds that change nothing write one narrow row; who asks sees no difference."""

from datetime import timedelta
from uuid import UUID

from ntd.store import cases
from schemas.ids import ItemId
from tests.walk.house import DOWN, UNKNOWN, House

URL = "http://img.one.test/i/1.jpg"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def versions(home: House, item: UUID) -> list[str]:
    """Give the versions of the rows of an item that a round may write."""
    rows = await home.store.pool.fetch(
        "SELECT xmin::text FROM item WHERE id = $1 UNION ALL SELECT xmin::text FROM stay WHERE item_id = $1"
        " UNION ALL SELECT xmin::text FROM last_look WHERE item_id = $1",
        item,
    )
    return [row[0] for row in rows]


async def test_up_again_touches_neither_item_nor_stay(home: House) -> None:
    """Looks over five more hours that find the same leave every wide row as it was; the story counts them."""
    (item,) = await home.submit(URL)
    await home.settle()
    # The first look after the notice, within two hours of it, plans the reminder: that is a change.
    await home.later(3 * HOUR, 30 * MINUTE)
    was, before = await versions(home, item), await home.show(item)
    await home.later(5 * HOUR, 30 * MINUTE)
    told = await home.show(item)

    assert len(was) == 3
    assert await versions(home, item) == was
    assert told["checks"]["count"] == len(home.pages.asked) >= before["checks"]["count"] + 3
    assert told["clock"]["last_up_at"] == told["checks"]["last"]["at"] > before["checks"]["last"]["at"]
    assert [seen["at"] for seen in told["checks"]["last"]["observations"]] == [told["checks"]["last"]["at"]]


async def test_the_next_change_carries_them_along(home: House) -> None:
    """Removal is the interval from the last look that found it up, whether that look was written down or not."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(5 * HOUR, 30 * MINUTE)
    last_up = (await home.show(item))["clock"]["last_up_at"]
    home.pages.at[URL] = DOWN
    await home.later(2 * HOUR, 15 * MINUTE)
    told = await home.show(item)
    row = await home.store.pool.fetchrow(
        "SELECT i.checks, i.last_up_at, s.last_up_at AS stay_up_at, q.checks AS left FROM item i"
        " JOIN stay s ON s.item_id = i.id LEFT JOIN schedule q ON q.item_id = i.id WHERE i.id = $1",
        item,
    )

    assert told["state"] == "gone"
    assert told["clock"]["last_up_at"] == last_up
    assert row is not None
    assert row["last_up_at"] == row["stay_up_at"]
    assert (row["checks"], row["left"]) == (len(home.pages.asked), None)


async def test_a_round_that_differs_finds_what_was_left(home: House) -> None:
    """A look that cannot tell leaves the last time it was up where the rounds before it had it."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(5 * HOUR, 30 * MINUTE)
    last_up = (await home.show(item))["clock"]["last_up_at"]
    home.pages.at[URL] = UNKNOWN
    await home.later(3 * HOUR, 30 * MINUTE)
    told = await home.show(item)

    assert told["checks"]["last"]["verdict"] == "unknown"
    assert told["clock"]["last_up_at"] == last_up


async def test_a_message_that_is_taken_finds_what_was_left(home: House) -> None:
    """What is written because of something else has the count and the times of all rounds before it."""
    home.rules(notices={"window": 4 * HOUR + 15 * MINUTE})
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(4 * HOUR + 30 * MINUTE, 15 * MINUTE)
    async with home.store.transaction() as connection:
        case = (await cases.lock(connection, [ItemId(item)]))[ItemId(item)]
    row = await home.store.pool.fetchrow("SELECT checks, last_up_at FROM item WHERE id = $1", item)

    assert [one.to for one in home.post.handed] == ["abuse@one.example"]
    assert row is not None
    assert row["checks"] == case.item.checks == len(home.pages.asked)
    assert [stay.last_up_at for stay in case.stays] == [case.item.last_up_at] == [row["last_up_at"]]
