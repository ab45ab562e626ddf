"""When messages are written, how many, and of what: urgent first, at a pace, and only where the host still is."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from notifiers.press import Press
from notifiers.sealing import Certificate
from ntd.walk.gather import Gather
from schemas.notice import Envelope
from schemas.pace import parse_pace
from tests.walk.house import DOWN, NOON, UNKNOWN, UP, House, house, spot

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which hosts live at two Dutch hosters with mailboxes of one domain."""
    async with house(database, tmp_path) as opened:
        opened.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@desk.example"),)
        opened.names.at["img.two.test"] = (spot(64501, "NL", "198.51.100.1", "other@desk.example"),)
        yield opened


def urls(count: int, host: str = "img.one.test") -> list[str]:
    """Give so many URLs on a host."""
    return [f"http://{host}/i/{n}.jpg" for n in range(count)]


def told(house: House) -> list[str]:
    """Give the URLs that each message handed over speaks of, in the order of their going."""
    return [_first_of(one) for one in house.post.handed]


def _first_of(one: Envelope) -> str:
    text = one.content.decode()
    return next(line.strip() for line in text.splitlines() if line.startswith("  http"))


async def test_what_is_urgent_waits_for_no_window(home: House) -> None:
    """Priority 0 and 1 go at once in a message of their own; the routine ones of the same mailbox an hour later."""
    await home.submit(*urls(3), priority=5)
    await home.submit("http://img.one.test/urgent.jpg", priority=1)
    await home.settle()
    at_once = told(home)
    await home.later(HOUR)

    assert at_once == ["http://img.one.test/urgent.jpg"]
    assert len(home.post.handed) == 2


async def test_what_becomes_urgent_goes_at_once(home: House) -> None:
    """The same URL again with an urgent priority: what waited for its window goes now."""
    await home.submit(*urls(1), priority=5)
    await home.settle()
    assert home.post.handed == []

    await home.submit(*urls(1), priority=0)
    await home.settle()

    assert told(home) == urls(1)


async def test_an_hour_has_so_many_messages_and_the_least_urgent_wait(home: House) -> None:
    """Over the cap of a recipient the most urgent go first; every hour gives room to the next, and none is lost."""
    home.rules(notices={"largest": 1, "hourly": 4, "window": timedelta(0)})
    for priority, url in zip((9, 3, 7, 2, 8, 4, 6, 5), urls(8), strict=True):
        await home.submit(url, priority=priority)
    await home.settle()
    first = told(home)
    await home.later(59 * MINUTE, 10 * MINUTE)
    meanwhile = len(home.post.handed)
    await home.later(3 * HOUR, 10 * MINUTE)

    assert first == [urls(8)[n] for n in (3, 1, 5, 7)]
    assert meanwhile == 4
    assert told(home)[4:] == [urls(8)[n] for n in (6, 2, 4, 0)]
    assert Counter(told(home)) == Counter(urls(8))


async def test_the_cap_holds_up_nobody_urgent(home: House) -> None:
    """With the hour's room used up, what is urgent goes all the same."""
    home.rules(notices={"largest": 1, "hourly": 1, "window": timedelta(0)})
    await home.submit(*urls(2), priority=5)
    await home.settle()
    await home.submit("http://img.one.test/urgent.jpg", priority=0)
    await home.settle()

    assert len(told(home)) == 2
    assert told(home)[1] == "http://img.one.test/urgent.jpg"


async def test_the_mailboxes_of_a_domain_share_its_pace(home: House) -> None:
    """Two recipients of one domain get no more together than its pace; the rest follows, and none is lost."""
    home.rules(notices={"largest": 1, "pace": parse_pace("4/m"), "window": timedelta(0)})
    await home.submit(*urls(5), *urls(5, "img.two.test"))
    await home.settle()
    at_once = len(home.post.handed)
    await home.later(MINUTE, timedelta(seconds=15))
    a_minute_later = len(home.post.handed)
    await home.later(2 * MINUTE, timedelta(seconds=15))

    assert (at_once, a_minute_later) == (4, 8)
    assert Counter(told(home)) == Counter([*urls(5), *urls(5, "img.two.test")])


async def test_an_item_that_has_moved_drops_out_just_before_it_is_told(home: House) -> None:
    """The host is looked up again when its time has come: the hoster it has left hears nothing, the new one is told."""
    (item,) = await home.submit(*urls(1))
    await home.settle()
    home.names.at["img.one.test"] = (spot(64510, "NL", "203.0.113.9", "abuse@new.example"),)
    await home.later(HOUR + 5 * MINUTE, 5 * MINUTE)
    await home.later(HOUR, 5 * MINUTE)

    assert [one.to for one in home.post.handed] == ["abuse@new.example"]
    assert [stay["to"]["asn"] for stay in (await home.show(item))["relocations"]] == [64510]


async def test_a_host_that_stays_is_looked_up_once_more_and_told(home: House) -> None:
    """What was resolved an hour ago is looked up again before it is told; what was resolved just now is not."""
    await home.submit(*urls(3))
    await home.settle()
    looks = len(home.names.asked)
    await home.later(HOUR)

    assert (looks, len(home.names.asked)) == (1, 2)
    assert [one.to for one in home.post.handed] == ["abuse@desk.example"]


async def test_a_look_that_shows_another_place_once_holds_the_message_until_the_next(home: House) -> None:
    """One look is no move: the message waits for the second, and goes when that shows the old place again."""
    there = home.names.at["img.one.test"]
    await home.submit(*urls(1))
    await home.settle()
    home.names.at["img.one.test"] = (spot(64510, "NL", "203.0.113.9", "abuse@new.example"),)
    await home.later(HOUR)
    held = list(home.post.handed)
    home.names.at["img.one.test"] = there
    await home.later(MINUTE)

    assert held == []
    assert [one.to for one in home.post.handed] == ["abuse@desk.example"]


async def test_nobody_to_look_up_holds_a_message_for_a_minute_only(home: House) -> None:
    """With no daemon that resolves, what is due goes after a minute, on what was known."""
    await home.submit(*urls(1))
    await home.settle()
    gather = Gather(home.store, home.settings)
    written = []
    for passed in (HOUR, HOUR + 30 * timedelta(seconds=1), HOUR + MINUTE):
        while await gather.turn(NOON + passed):
            pass
        written.append(await home.store.pool.fetchval("SELECT count(*) FROM notice"))

    assert written == [0, 0, 1]


async def test_hosts_are_looked_up_a_minute_before_their_notice_is_due(home: House) -> None:
    """So that a notice waits for no look when its time has come: one message for hosts that were found at two times."""
    home.names.at["img.late.test"] = home.names.at["img.one.test"]
    await home.submit(*urls(1))
    await home.settle()
    await home.later(50 * MINUTE)
    await home.submit(*urls(1, "img.late.test"))
    await home.settle()
    await home.later(9.5 * MINUTE)
    await home.settle()
    ahead = home.names.asked.count("img.one.test")
    await home.later(MINUTE)

    assert ahead == 2
    assert len(home.post.handed) == 1
    assert home.names.asked.count("img.one.test") == 2


async def test_a_hoster_that_is_down_for_days_is_not_stormed(home: House) -> None:
    """While nothing is seen up nobody is reminded; afterwards once, all items in one message."""
    await home.submit(*urls(8))
    await home.settle()
    await home.later(HOUR)
    assert len(home.post.handed) == 1

    home.pages.at |= dict.fromkeys(urls(8), UNKNOWN)
    await home.later(3 * DAY, 6 * HOUR)
    during = len(home.post.handed)
    home.pages.at |= dict.fromkeys(urls(8), UP)
    await home.later(DAY - HOUR, 6 * HOUR)

    assert (during, len(home.post.handed)) == (1, 2)


async def test_a_mass_removal_tells_nobody_anything(home: House) -> None:
    """Everything goes at once before its reminder is due: no message leaves for any of it."""
    items = await home.submit(*urls(8))
    await home.settle()
    await home.later(HOUR)
    home.pages.at |= dict.fromkeys(urls(8), DOWN)
    await home.later(2 * DAY, 3 * HOUR)

    assert {await home.state(item) for item in items} == {"gone"}
    assert len(home.post.handed) == 1


async def test_what_waits_for_a_certificate_asks_a_human(home: House) -> None:
    """Nothing goes openly where a certificate has expired: the items say so until somebody can be written to again."""
    (item,) = await home.submit("http://img.one.test/1.jpg")
    await home.settle()
    mailbox = "abuse@desk.example"
    expired = Certificate(
        path=Path("old.pem"), kind="S/MIME", fingerprint="00", expires_at=home.now, _seal=lambda inner: inner
    )
    home.clock.at[0] += 2 * HOUR
    gather = Gather(home.store, home.settings, Press(sealed_for={mailbox: expired}))
    await gather.turn(home.now)
    waiting = await home.show(item)
    await gather.turn(home.now + 2 * HOUR)
    still = await home.show(item)
    await home.later(4 * HOUR, HOUR)
    since = await home.show(item)

    assert (waiting["state"], waiting["attention"], waiting["notices"]) == ("routed", ["certificate_expired"], [])
    assert len(still["history"]) == len(waiting["history"])
    assert (since["state"], since["attention"]) == ("noticed", [])
