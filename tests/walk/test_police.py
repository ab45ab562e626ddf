"""Copies for the police: of what, for which reason, and how long before everybody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ntd import acts
from schemas.ids import ItemId
from schemas.item import Basis
from schemas.settings import Partner
from tests.walk.house import DOWN, REFUSED, House, house, spot

URL = "http://img.one.test/i/1.jpg"
DESK, HOSTER = "desk@police.example", "abuse@one.example"
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house whose police take plain mail, and in which one host lives at a Dutch hoster."""
    async with house(database, tmp_path) as opened:
        opened.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", HOSTER),)
        opened.rules(police={"email": DESK, "plain": True}, notices={"window": timedelta(0)})
        yield opened


def told(home: House) -> list[tuple[str, str]]:
    """Give who was handed what, in order."""
    return [(one.kind.value, one.to) for one in home.post.handed]


async def test_what_is_confirmed_is_copied_once(home: House) -> None:
    """The police hear of each confirmed item once: not of presumed ones, not on other grounds, not again by a move."""
    await home.submit(URL)
    await home.submit("http://img.one.test/i/2.jpg", confirmed=False, classification=None)
    await home.submit("http://img.one.test/i/3.jpg", basis=Basis.NCII, classification=None)
    await home.settle()
    home.names.at["img.one.test"] = (spot(64510, "NL", "203.0.113.9", "abuse@new.example"),)
    await home.later(13 * HOUR, 30 * MINUTE)

    copies = [one for one in home.post.handed if one.to == DESK]
    assert len(copies) == 1
    assert URL.encode() in copies[0].content
    assert b"i/2.jpg" not in copies[0].content
    assert b"i/3.jpg" not in copies[0].content
    assert ("first", "abuse@new.example") in told(home)


async def test_what_was_presumed_is_copied_when_it_is_confirmed(home: House) -> None:
    """An analyst's word comes later: so does the copy."""
    await home.submit(URL, confirmed=False, classification=None)
    await home.settle()
    before = told(home)
    await home.submit(URL)
    await home.settle()

    assert before == [("first", HOSTER)]
    assert told(home) == [("first", HOSTER), ("police", DESK)]


async def test_the_police_have_their_head_start(home: House) -> None:
    """The first notice goes so long after the police's copy was accepted, and the host is looked up again before."""
    home.rules(police={"before": DAY})
    await home.submit(URL)
    await home.settle()
    at_once = told(home)
    await home.later(23 * HOUR, HOUR)
    within = told(home)
    await home.later(HOUR + MINUTE, MINUTE / 2)

    assert at_once == within == [("police", DESK)]
    assert told(home) == [("police", DESK), ("first", HOSTER)]


async def test_what_is_gone_within_the_head_start_bothers_nobody_else(home: House) -> None:
    """The police have their copy; the hoster need not be told any more."""
    home.rules(police={"before": DAY})
    (item,) = await home.submit(URL)
    await home.settle()
    home.pages.at[URL] = DOWN
    await home.later(2 * DAY, HOUR)

    assert await home.state(item) == "gone"
    assert told(home) == [("police", DESK)]


async def test_a_copy_that_nobody_takes_holds_up_no_notice(home: House) -> None:
    """The police's mailbox refuses: the hoster is told all the same."""
    home.rules(police={"before": DAY})
    home.post.does[DESK] = [REFUSED]
    await home.submit(URL)
    await home.settle()
    await home.later(MINUTE)

    assert told(home) == [("police", DESK), ("first", HOSTER)]


async def test_a_victim_flagged_later_is_for_the_police_then(home: House) -> None:
    """Submitted again with the flag the item keeps it, its history says so, and the copy goes, once."""
    home.rules(police={"reasons": ["new_victim"]})
    (item,) = await home.submit(URL)
    await home.settle()
    before = [kind for kind, _ in told(home)]
    for _ in range(2):
        await home.submit(URL, new_victim=True)
        await home.later(2 * HOUR, HOUR)

    assert before.count("police") == 0
    assert [kind for kind, _ in told(home)].count("police") == 1
    assert [line["event"] for line in (await home.show(item))["history"]].count("flagged") == 1


async def test_no_mail_goes_openly_that_must_not(home: House) -> None:
    """Without a certificate and without `plain` there is no copy, and no head start."""
    home.rules(police={"plain": False, "before": DAY})
    await home.submit(URL)
    await home.settle()

    assert told(home) == [("first", HOSTER)]


MD = Partner(code="md", countries=["MD"], api="https://exchange.md.example")


@pytest.mark.parametrize(
    ("reason", "changes", "copied"),
    [
        ("new_hoster", {}, True),
        ("new_hoster", {"known": True}, False),
        ("new_victim", {}, False),
        ("new_victim", {"facts": {"new_victim": True}}, True),
        ("no_partner", {}, False),
        ("no_partner", {"country": "MD"}, True),
        ("no_partner", {"country": "MD", "partner": [MD]}, False),
        ("unreachable", {}, False),
        ("unreachable", {"refuses": True}, True),
        ("tor", {}, False),
        ("tor", {"url": f"http://{'a' * 56}.onion/i/1.jpg"}, True),
    ],
)
async def test_copies_only_for_a_reason(home: House, reason: str, changes: dict[str, Any], copied: bool) -> None:
    """With reasons configured the police hear of items for which one holds, and of no others."""
    home.rules(police={"reasons": [reason]})
    home.settings = home.settings.model_copy(update={"partner": changes.get("partner", [])})
    if changes.get("known"):
        await home.submit("http://img.one.test/i/0.jpg")
        await home.settle()
        home.post.handed.clear()
    home.names.at["img.one.test"] = (spot(64500, changes.get("country", "NL"), "192.0.2.1", HOSTER),)
    home.post.does[HOSTER] = [REFUSED] if changes.get("refuses") else []
    await home.submit(changes.get("url", URL), **changes.get("facts", {}))
    await home.settle()
    await home.later(MINUTE)

    assert (("police", DESK) in told(home)) is copied


async def test_whoever_was_told_hears_that_it_was_withdrawn(home: House) -> None:
    """The police too."""
    (item,) = await home.submit(URL)
    await home.settle()
    now = home.now + MINUTE
    await acts.withdraw(
        home.store, home.settings, [ItemId(item)], because="error", reason="wrong", by="analyst", now=now
    )
    await home.later(2 * MINUTE)

    assert sorted(one for one in told(home) if one[0] == "withdrawal") == [("withdrawal", HOSTER), ("withdrawal", DESK)]


@pytest.mark.parametrize(("probed", "ends"), [(False, "held"), (True, "gone")])
async def test_held_items_are_looked_at_only_if_the_police_agree(home: House, probed: bool, ends: str) -> None:
    """Held, nothing is probed; with probe_held the looks go on, and what is gone is seen to be."""
    home.rules(police={"probe_held": probed})
    (item,) = await home.submit(URL)
    await home.settle()
    await _hold(home, item)
    home.pages.at[URL] = DOWN
    looks = len(home.pages.asked)
    await home.later(3 * HOUR, 10 * MINUTE)

    assert await home.state(item) == ends
    assert (len(home.pages.asked) > looks) is probed


async def test_what_is_submitted_as_held_is_looked_at_if_the_police_agree(home: House) -> None:
    """From its first look-up on; nobody is told."""
    home.rules(police={"probe_held": True})
    (item,) = await home.submit(URL, hold=True)
    await home.settle()
    await home.later(2 * HOUR, 30 * MINUTE)

    assert await home.state(item) == "held"
    assert len(home.pages.asked) >= 2
    assert told(home) == []


async def _hold(home: House, item: UUID) -> None:
    await acts.hold(
        home.store, home.settings, [ItemId(item)], until=None, reason="an investigation", by="police", now=home.now
    )
