"""The whole story of one item, and lists of many: what `ntd show` and `ntd list` print (contract, sections 5 and 6)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ntd import acts
from ntd.store.items import Filters, listing, pages, story
from schemas.errors import NotFound, Refused
from schemas.ids import ItemId
from schemas.item import State
from tests.walk.house import DOWN, REFUSED, House, house, spot

URL = "http://img.one.test/i/1.jpg"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

#: Every key that the contract promises.
STORY = (
    "id url state attention host site classification confirmed source priority reports references hosting hosters "
    "clock notices forwards checks relocations history"
)
HOSTING = "observed_at addresses ip prefix asn as_name country country_sources country_disputed hoster front contact"
CLOCK = (
    "received_at confirmed_at resolved_at first_attempt_at first_accepted_at last_up_at first_down_at gone_at gone_by "
    "closed_at held_s"
)
NOTICE = "id kind to channel format message_id state attempts accepted_at delivered_at items"
OBSERVATION = "vantage outcome addresses address hops status type length_bytes sha256 fault elapsed_s"
LINE = "id url state attention host site country asn hoster source priority received_at last"


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which one host lives at two hosters."""
    async with house(database, tmp_path) as opened:
        opened.names.at["img.one.test"] = (
            spot(64500, "NL", "192.0.2.9", "abuse@one.example", "second@one.example"),
            spot(64501, "NL", "192.0.2.200", "abuse@two.example"),
        )
        yield opened


async def test_every_key_is_there_from_the_first_moment(home: House) -> None:
    """What is not known is null; no key comes and goes."""
    (item,) = await home.submit(URL, report="M-1", reference="R-1", source="inhope", priority=2)
    told = await home.show(item)

    assert set(STORY.split()) <= told.keys()
    assert set(HOSTING.split()) <= told["hosting"].keys()
    assert set(CLOCK.split()) <= told["clock"].keys()
    assert (told["state"], told["host"], told["site"]) == ("received", "img.one.test", "one.test")
    assert (told["reports"], told["references"], told["source"], told["priority"]) == (["M-1"], ["R-1"], "inhope", 2)
    assert (told["hosting"]["country"], told["hosting"]["addresses"], told["hosters"]) == (None, [], [])
    assert told["checks"] == {"count": 0, "last": None}
    assert (told["clock"]["gone_at"], told["clock"]["held_s"]) == (None, 0)
    assert told["clock"]["received_at"] == "2026-11-02T12:00:00Z"


async def test_hosting_is_of_the_lowest_address_and_hosters_are_all(home: House) -> None:
    """The lowest address speaks for the host; each hoster has its addresses and its contact with the reason."""
    (item,) = await home.submit(URL)
    await home.settle()
    told = await home.show(item)

    hosting = told["hosting"]
    assert (hosting["ip"], hosting["asn"], hosting["prefix"]) == ("192.0.2.9", 64500, "192.0.2.0/24")
    assert hosting["addresses"] == ["192.0.2.9", "192.0.2.200"]
    assert (hosting["hoster"], hosting["country"], hosting["front"]) == ("Hoster 64500", "NL", None)
    assert (hosting["contact"]["address"], hosting["contact"]["source"]) == ("abuse@one.example", "rdap")
    assert hosting["contact"]["rule"] == "abuse role"
    assert [(one["asn"], one["addresses"]) for one in told["hosters"]] == [
        (64500, ["192.0.2.9"]),
        (64501, ["192.0.2.200"]),
    ]
    assert [one["contact"]["address"] for one in told["hosters"]] == ["abuse@one.example", "abuse@two.example"]


async def test_each_notice_has_its_attempts(home: House) -> None:
    """Who was told, by whom it was taken, what was said on refusal, and who was told next."""
    home.post.does["abuse@one.example"] = [REFUSED]
    (item, _) = await home.submit(URL, "http://img.one.test/i/2.jpg")
    await home.settle()
    await home.later(2 * HOUR)
    told = await home.show(item)

    notices = {notice["to"]: notice for notice in told["notices"]}
    assert notices.keys() == {"abuse@one.example", "second@one.example", "abuse@two.example"}
    assert all(set(NOTICE.split()) <= notice.keys() for notice in told["notices"])
    failed, taken = notices["abuse@one.example"], notices["second@one.example"]
    assert (failed["state"], failed["accepted_at"], failed["items"]) == ("failed", None, 2)
    (attempt,) = failed["attempts"]
    assert (attempt["outcome"], attempt["reply"]) == ("permanent", "550 no such user")
    assert (taken["state"], taken["kind"], taken["channel"]) == ("accepted", "first", "mail")
    assert taken["attempts"][0]["by"] == "relay"
    assert taken["message_id"] == f"<{taken['id']}@hotline.example>"
    assert told["clock"]["first_accepted_at"] == min(
        one["accepted_at"] for one in notices.values() if one["accepted_at"]
    )


async def test_the_last_round_is_told_with_what_was_seen(home: House) -> None:
    """Verdict and reason are of the last round; the observations are kept without any body."""
    (item,) = await home.submit(URL)
    await home.settle()
    home.pages.at[URL] = DOWN
    await home.later(2 * HOUR, 15 * MINUTE)
    told = await home.show(item)

    last = told["checks"]["last"]
    assert told["state"] == "gone"
    assert (last["verdict"], last["reason"]) == ("gone", "status_404")
    assert all(set(OBSERVATION.split()) <= seen.keys() for seen in last["observations"])
    assert {(seen["outcome"], seen["status"], seen["address"]) for seen in last["observations"]} == {
        ("answered", 404, "192.0.2.9"),
        ("answered", 404, "192.0.2.200"),
    }
    assert told["checks"]["count"] == len(home.pages.asked)
    assert told["clock"]["gone_at"] == told["clock"]["first_down_at"]


async def test_a_move_is_told_with_both_places(home: House) -> None:
    """A relocation has the shape of a move; the hosting is the new one, and the history says when."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    home.names.at["img.one.test"] = (spot(64510, "MD", "198.51.100.1", "abuse@md.example"),)
    await home.later(26 * HOUR, HOUR)
    told = await home.show(item)

    assert {move["from"]["asn"] for move in told["relocations"]} == {64500, 64501}
    move = told["relocations"][0]
    assert move.keys() == {"site", "seen_old_until", "seen_new_from", "from", "to", "kind", "items"}
    assert (move["site"], move["kind"], move["items"]) == ("one.test", "country", 1)
    assert (move["to"]["country"], move["to"]["asn"], move["to"]["hoster"]) == ("MD", 64510, "Hoster 64510")
    assert move["seen_old_until"] < move["seen_new_from"]
    assert told["hosting"]["country"] == "MD"
    assert [stay["ended_by"] for stay in told["stays"]].count("relocated") == 2


async def test_held_time_is_told_in_seconds(home: House) -> None:
    """Spells are added up; one that still runs counts until now."""
    (item,) = await home.submit(URL)
    ids, by = [ItemId(item)], "analyst"
    await acts.hold(home.store, home.settings, ids, until=None, reason="police", by=by, now=home.now)
    home.clock.at[0] += 90 * MINUTE
    assert (await home.show(item))["clock"]["held_s"] == 5400
    await acts.release(home.store, home.settings, ids, reason="done", by=by, now=home.now)
    home.clock.at[0] += HOUR
    assert (await home.show(item))["clock"]["held_s"] == 5400
    await acts.hold(home.store, home.settings, ids, until=None, reason="again", by=by, now=home.now)
    home.clock.at[0] += timedelta(seconds=1.5)
    told = await home.show(item)
    assert told["clock"]["held_s"] == 5401.5
    held = [line for line in told["history"] if line["event"] == "held"]
    assert [(line["from"], line["to"], line["detail"]["reason"]) for line in held] == [
        ("received", "held", "police"),
        ("received", "held", "again"),
    ]


async def test_an_item_is_found_by_any_spelling_of_its_url(home: House) -> None:
    """The identity of a URL is its WHATWG form without fragment; what names nothing is not found, and not repeated."""
    (item,) = await home.submit(URL)
    told = await story(home.store, "HTTP://IMG.one.test:80/a/../i/1.jpg#x", home.now)
    assert UUID(told["id"]) == item
    for ref in ("http://img.one.test/i/2.jpg", "nothing", "0190a000-0000-7000-8000-000000000000", ""):
        with pytest.raises(NotFound) as fault:
            await story(home.store, ref, home.now)
        assert "one.test" not in str(fault.value)


async def test_every_time_is_utc_with_its_zone(home: House) -> None:
    """RFC 3339, UTC, wherever a key ends in _at."""
    (item,) = await home.submit(URL)
    await home.settle()
    told = await home.show(item)
    times = [value for key, value in told["clock"].items() if key.endswith("_at") and value]
    times += [line["at"] for line in told["history"]]
    assert len(times) > 4
    assert all(time.endswith("Z") and datetime.fromisoformat(time).tzinfo for time in times)


async def test_a_list_is_told_line_by_line(home: House) -> None:
    """All keys of a line; limit 0 is all; a cursor that is none of ours is refused."""
    items = await home.submit(*(f"http://img.one.test/{number}" for number in range(7)), source="libra")
    await home.settle()
    whole = await listing(home.store, Filters(), limit=0)
    assert whole["next"] is None
    assert {UUID(line["id"]) for line in whole["items"]} == set(items)
    line = whole["items"][0]
    assert line.keys() == set(LINE.split())
    assert (line["host"], line["asn"], line["country"], line["state"]) == ("img.one.test", 64500, "NL", "routed")
    assert line["last"] == {"at": "2026-11-02T12:00:00Z", "verdict": "up"}

    part = await listing(home.store, Filters(state=State.ROUTED, asn=64501), limit=3)
    rest = await listing(home.store, Filters(state=State.ROUTED, asn=64501), limit=9, cursor=part["next"])
    assert [one["id"] for one in part["items"] + rest["items"]] == [one["id"] for one in whole["items"]]
    assert {one["asn"] for one in part["items"]} == {64501}
    assert (len(rest["items"]), rest["next"]) == (4, None)
    assert [page async for page in pages(home.store, Filters())] == [whole["items"]]
    with pytest.raises(Refused):
        await listing(home.store, Filters(), limit=1, cursor="2")
