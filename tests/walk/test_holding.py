"""While an item is held nothing goes out about it, not even again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from ntd import acts
from schemas.ids import ItemId
from schemas.item import Classification
from schemas.settings import Partner
from tests.walk.house import BUSY, DOUBT, DOWN, TAKEN, UP, House, house, spot

ONE, TWO = "http://img.one.test/1", "http://img.one.test/2"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MAILBOX = "abuse@one.example"


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which one host lives at a Dutch hoster."""
    async with house(database, tmp_path) as opened:
        opened.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", MAILBOX),)
        yield opened


async def test_a_message_in_doubt_is_not_offered_again_during_a_hold(home: House) -> None:
    """Two items in one message, one of them held: after the release the same bytes go again, under the same name."""
    home.post.does[MAILBOX] = [DOUBT, TAKEN]
    one, two = await home.submit(ONE, TWO)
    await home.settle()
    await home.later(65 * MINUTE)
    offered = len(home.post.handed)
    await acts.hold(home.store, home.settings, [ItemId(one)], until=None, reason="police", by="x", now=home.now)
    await home.later(5 * HOUR, 30 * MINUTE)
    during = len(home.post.handed)
    await acts.release(home.store, home.settings, [ItemId(one)], reason="over", by="x", now=home.now)
    await home.settle()

    assert (offered, during, len(home.post.handed)) == (1, 1, 2)
    assert home.post.handed[0].content == home.post.handed[1].content
    assert [one.again for one in home.post.handed] == [False, True]
    assert [await home.state(item) for item in (one, two)] == ["noticed", "noticed"]


async def test_a_message_that_was_put_off_is_written_anew_after_the_hold(home: House) -> None:
    """Never offered to anybody: struck with the hold, and told again after it; the other item is told meanwhile."""
    home.post.does[MAILBOX] = [BUSY, TAKEN]
    one, two = await home.submit(ONE, TWO)
    await home.later(HOUR, 30 * MINUTE)
    await acts.hold(home.store, home.settings, [ItemId(one)], until=None, reason="police", by="x", now=home.now)
    await home.later(2 * HOUR, 10 * MINUTE)
    states = [await home.state(item) for item in (one, two)]
    await acts.release(home.store, home.settings, [ItemId(one)], reason="over", by="x", now=home.now)
    await home.later(2 * HOUR, 10 * MINUTE)

    assert states == ["held", "noticed"]
    assert await home.state(one) == "noticed"
    assert ONE not in home.post.handed[1].content.decode()


async def test_submitted_again_to_be_held_while_gone(home: House) -> None:
    """It is looked at at once, and held when it is up; nobody is told."""
    (one,) = await home.submit(ONE)
    await home.later(2 * HOUR, 30 * MINUTE)
    home.pages.at[ONE] = DOWN
    await home.later(3 * HOUR, 15 * MINUTE)
    told = len(home.post.handed)
    assert await home.state(one) == "gone"
    await home.submit(ONE, hold=True)
    await home.settle()
    assert await home.state(one) == "gone"
    home.pages.at[ONE] = UP
    await home.submit(ONE, hold=True)
    await home.later(30 * HOUR, HOUR)

    assert await home.state(one) == "held"
    assert len(home.post.handed) == told


async def test_a_message_in_doubt_is_not_offered_after_its_withdrawal(home: House) -> None:
    """The withdrawal is the last that its recipient hears of an item that was an error."""
    home.post.does[MAILBOX] = [DOUBT, TAKEN]
    (one,) = await home.submit(ONE)
    await home.settle()
    await home.later(65 * MINUTE)
    await acts.withdraw(home.store, home.settings, [ItemId(one)], because="error", reason="ours", by="x", now=home.now)
    await home.later(5 * HOUR, 30 * MINUTE)

    assert [envelope.kind.value for envelope in home.post.handed] == ["first", "withdrawal"]
    assert ONE not in home.post.handed[1].content.decode()


async def test_a_step_that_a_hold_struck_is_climbed_after_it(home: House) -> None:
    """A quiet day had it wait; nobody was told, so it is due again with the release, and told once."""
    quiet = {"quiet": ["Thu"]}
    home.rules(regulator={"email": "desk@regulator.example", "plain": True}, notices=quiet)
    (item,) = await home.submit(ONE)
    await home.settle()
    await home.later(HOUR)
    await home.later(74 * HOUR, 2 * HOUR)
    waiting = await home.store.pool.fetchval("SELECT count(*) FROM telling WHERE kind = 'regulator'")
    await acts.hold(home.store, home.settings, [ItemId(item)], until=None, reason="police", by="x", now=home.now)
    struck = await home.store.pool.fetchval("SELECT count(*) FROM telling WHERE kind = 'regulator'")
    await acts.release(home.store, home.settings, [ItemId(item)], reason="over", by="x", now=home.now)
    await home.later(10 * HOUR, HOUR)

    assert (waiting, struck) == (1, 0)
    assert [one.kind.value for one in home.post.handed].count("regulator") == 1


async def test_what_turns_out_illegal_only_at_home_is_not_told_abroad(home: House) -> None:
    """A presumed item waits for a foreign hoster to be told, and is confirmed as national: the notice never goes."""
    home.rules(routing={"abroad": "notify"})
    home.names.at["img.one.test"] = (spot(64510, "MD", "192.0.2.1", MAILBOX),)
    (item,) = await home.submit(ONE, confirmed=False, classification=None)
    await home.settle()
    waiting = await home.store.pool.fetchval("SELECT count(*) FROM telling WHERE kind = 'first'")
    await home.submit(ONE, classification=Classification.NATIONAL)
    await home.later(5 * HOUR, HOUR)
    told = await home.show(item)

    assert waiting == 1
    assert (home.post.handed, told["state"], told["attention"]) == ([], "routed", ["national_abroad"])


async def test_a_partner_whose_reminder_a_hold_has_struck_is_reminded_after_it(home: House) -> None:
    """Never taken by anybody: the partner is reminded before a human is told that it is silent."""
    desk = "desk@md.example"
    partner = Partner(code="md", countries=["MD"], email=desk, plain=True)
    home.settings = home.settings.model_copy(update={"partner": [partner]})
    home.names.at["img.one.test"] = (spot(64510, "MD", "192.0.2.1", "abuse@md-hoster.example"),)
    home.post.does[desk] = [TAKEN, BUSY, TAKEN]
    (item,) = await home.submit(ONE)
    await home.later(26 * HOUR, HOUR)
    offered = [one.kind.value for one in home.post.handed]
    await acts.hold(home.store, home.settings, [ItemId(item)], until=None, reason="police", by="x", now=home.now)
    await home.later(2 * HOUR)
    await acts.release(home.store, home.settings, [ItemId(item)], reason="over", by="x", now=home.now)
    await home.later(2 * HOUR, HOUR)
    told = await home.show(item)

    assert offered[:2] == ["forward", "reminder"]
    assert len(home.post.handed) == len(offered) + 1
    assert [(one["kind"], one["state"]) for one in told["notices"]] == [
        ("reminder", "struck"),
        ("reminder", "accepted"),
    ]
    assert told["attention"] == []
