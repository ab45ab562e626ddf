"""The exchange: a partner without an API fetches its forwards and answers; it sees its own and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.settings import Organisation, Partner, Settings
from tests.fakes.api_door import Street, street
from tests.walk.house import DOWN, spot

HOUR = timedelta(hours=1)
RULES = Settings(
    organisation=Organisation(country="NL"),
    partner=[Partner(code="md-one", countries=["MD"]), Partner(code="cz-one", countries=["CZ"])],
)
FORWARDS = "/api/v1/exchange/forwards"
ANSWERS = "/api/v1/exchange/answers"


@pytest.fixture
async def door(database: str, tmp_path: Path) -> AsyncIterator[Street]:
    """Open a door behind which two hosts live in Moldova and one in Czechia, where partners fetch from us."""
    async with street(database, tmp_path, RULES) as opened:
        await opened.token("md-one")
        await opened.token("cz-one")
        opened.home.names.at["img.one.test"] = (spot(64510, "MD", "198.51.100.1", "abuse@one.example"),)
        opened.home.names.at["img.two.test"] = (spot(64511, "MD", "198.51.100.65", "abuse@two.example"),)
        opened.home.names.at["img.cz.test"] = (spot(64520, "CZ", "203.0.113.1", "abuse@cz.example"),)
        yield opened


async def forwarded(door: Street, *urls: str) -> list[UUID]:
    """Take items in and have them forwarded."""
    items = await door.home.submit(*urls, reference="R-1", report="M-1", source="inhope")
    await door.home.settle()
    await door.home.later(HOUR)
    return items


async def test_served_is_accepted(door: Street) -> None:
    """What a partner fetches is the forward itself; by fetching it has accepted, and the story says so."""
    (item,) = await forwarded(door, "http://img.one.test/1.jpg")
    assert await door.home.state(item) == "routed"
    reply = await door.get(FORWARDS, "md-one")

    (forward,) = reply.json["forwards"]
    assert reply.json["next"] is None
    assert forward["schema"] == "ntd/forward/1"
    assert forward["recipient"] == {"code": "md-one", "country": "MD"}
    (line,) = forward["items"]
    assert (line["item"], line["url"], line["reference"]) == (str(item), "http://img.one.test/1.jpg", "R-1")
    assert (line["hosting"]["country"], line["hosting"]["asn"]) == ("MD", 64510)
    assert b"inhope" not in reply.body
    assert b"M-1" not in reply.body

    story = await door.home.show(item)
    assert story["state"] == "forwarded"
    (told,) = story["forwards"]
    assert (told["id"], told["partner"], told["state"]) == (forward["id"], "md-one", "accepted")
    assert (told["accepted_at"] is not None, told["accepted_by"]) == (True, "recipient")
    assert story["clock"]["first_accepted_at"] is None
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["accepted"]
    assert door.home.post.handed == []


async def test_a_partner_sees_its_own_and_nothing_else(door: Street) -> None:
    """Neither forwards nor items of another partner exist for it."""
    (item,) = await forwarded(door, "http://img.one.test/1.jpg")
    assert (await door.get(FORWARDS, "cz-one")).json == {"forwards": [], "withdrawals": [], "next": None}
    assert len((await door.get(FORWARDS, "md-one")).json["forwards"]) == 1

    foreign = await door.post(ANSWERS, {"item": str(item), "action": "content_removed"}, "cz-one")
    nobodys = await door.post(
        ANSWERS, {"item": "0190a000-0000-7000-8000-000000000000", "action": "content_removed"}, "cz-one"
    )
    assert (foreign.status, nobodys.status) == (404, 404)
    assert foreign.json["detail"].replace(str(item), "X") == nobodys.json["detail"].replace(
        "0190a000-0000-7000-8000-000000000000", "X"
    )


async def test_what_was_served_is_served_again_behind_its_cursor(door: Street) -> None:
    """Pages follow the cursor; what waits comes whatever the cursor; the last id is a cursor too."""
    door.home.rules(notices={"largest": 1})
    await forwarded(door, *(f"http://img.one.test/{number}.jpg" for number in range(3)))
    first = (await door.get(f"{FORWARDS}?limit=2", "md-one")).json
    second = (await door.get(f"{FORWARDS}?limit=2&cursor={first['next']}", "md-one")).json

    ids = [forward["id"] for page in (first, second) for forward in page["forwards"]]
    assert len(set(ids)) == 3
    assert second["next"] is None
    again = (await door.get(FORWARDS, "md-one")).json
    assert [forward["id"] for forward in again["forwards"]] == ids
    assert (await door.get(f"{FORWARDS}?cursor={ids[-1]}", "md-one")).json["forwards"] == []
    await forwarded(door, "http://img.one.test/9.jpg")
    (late,) = (await door.get(f"{FORWARDS}?cursor={ids[-1]}", "md-one")).json["forwards"]
    assert late["items"][0]["url"] == "http://img.one.test/9.jpg"


async def test_what_waits_is_not_lost_behind_a_cursor(door: Street) -> None:
    """A forward whose id is older than the cursor but that was never served is served."""
    door.home.rules(notices={"largest": 1})
    await forwarded(door, "http://img.one.test/1.jpg")
    page = await door.get(f"{FORWARDS}?cursor=ffffffff-ffff-7fff-bfff-ffffffffffff", "md-one")
    assert len(page.json["forwards"]) == 1
    assert page.json["next"] is None


async def test_a_struck_forward_is_not_served(door: Street) -> None:
    """What was taken back before it was fetched is never seen."""
    (item,) = await forwarded(door, "http://img.one.test/1.jpg")
    await door.post(f"/api/v1/items/{item}/hold", {"reason": "police"}, "analyst")
    assert (await door.get(FORWARDS, "md-one")).json["forwards"] == []
    assert await door.home.state(item) == "held"


async def test_an_answer_is_recorded_once_and_has_the_item_checked(door: Street) -> None:
    """`content_removed` is not believed: the item is looked at, and gone only by what is seen."""
    url = "http://img.one.test/1.jpg"
    (item,) = await forwarded(door, url)
    await door.get(FORWARDS, "md-one")
    looks = len(door.home.pages.asked)
    answer = {"item": str(item), "action": "content_removed", "reason": "", "at": "2026-11-02T13:00:00Z", "note": "ok"}
    replies = [(await door.post(ANSWERS, answer, "md-one")).json for _ in range(2)]
    await door.home.settle()

    assert replies == [{"accepted": [str(item)], "refused": []}] * 2
    assert len(door.home.pages.asked) == looks + 1
    story = await door.home.show(item)
    assert story["state"] == "forwarded"
    (given,) = story["forwards"][0]["answers"]
    assert (given["by"], given["action"], given["note"]) == ("partner:md-one", "content_removed", "ok")
    door.home.pages.at[url] = DOWN
    await door.home.later(2 * HOUR, timedelta(minutes=5))
    assert await door.home.state(item) == "gone"


async def test_not_illegal_is_a_final_no(door: Street) -> None:
    """Where no hoster was told the item is refused."""
    (item,) = await forwarded(door, "http://img.one.test/1.jpg")
    await door.get(FORWARDS, "md-one")
    answer = {"item": str(item), "action": "not_illegal", "reason": 18}
    assert (await door.post(ANSWERS, answer, "md-one")).status == 200
    story = await door.home.show(item)
    assert story["state"] == "refused"
    assert story["forwards"][0]["answers"][0]["reason"] == "VirtualMaterial"


async def test_a_list_of_answers_is_taken_one_by_one(door: Street) -> None:
    """One bad answer costs no other; each that is not taken says why."""
    one, two = await forwarded(door, "http://img.one.test/1.jpg", "http://img.two.test/2.jpg")
    await door.get(FORWARDS, "md-one")
    answers: list[Any] = [
        {"item": str(one), "action": "reported_to_lea"},
        {"item": str(two), "action": "burnt"},
        {"item": "x", "action": "moved"},
        {"item": str(two), "action": "content_unavailable", "reason": "PasswordProtected"},
        7,
        {"item": "0190a000-0000-7000-8000-000000000000", "action": "moved"},
    ]
    reply = await door.post(ANSWERS, answers, "md-one")

    assert reply.status == 200
    assert reply.json["accepted"] == [str(one), str(two)]
    assert [refused["index"] for refused in reply.json["refused"]] == [1, 2, 4, 5]
    assert all(refused["reason"] for refused in reply.json["refused"])
    assert (await door.home.show(two))["attention"] == ["partner_cannot_see"]


UNKNOWN = "0190a000-0000-7000-8000-000000000000"
UNREADABLE: tuple[Any, ...] = (
    {},
    [None] * 1001,
    {"item": UNKNOWN},
    {"item": UNKNOWN, "action": "moved", "reason": "Because"},
    {"item": UNKNOWN, "action": "moved", "at": "yesterday"},
    {"item": UNKNOWN, "action": "moved", "note": "x" * 2001},
    {"item": UNKNOWN, "action": "moved", "hosting": {"as": [64500]}},
)


async def test_an_answer_that_is_none_is_refused(door: Street) -> None:
    """A single answer that cannot be read is a problem with a sentence."""
    for answer in UNREADABLE:
        reply = await door.post(ANSWERS, answer, "md-one")
        assert (reply.status, reply.headers["Content-Type"]) == (422, "application/problem+json")


async def test_a_withdrawal_is_fetched_too(door: Street) -> None:
    """A partner that fetches learns by item id that a forward was our error."""
    (item,) = await forwarded(door, "http://img.one.test/1.jpg")
    await door.get(FORWARDS, "md-one")
    await door.post(f"/api/v1/items/{item}/withdraw", {"reason": "mistake"}, "analyst")
    await door.home.later(HOUR)
    (withdrawal,) = (await door.get(FORWARDS, "md-one")).json["withdrawals"]
    assert withdrawal["items"] == [{"item": str(item)}]


async def test_forwards_inwards_do_not_exist_yet(door: Street) -> None:
    """Nobody can forward to us over this path: it takes no POST."""
    assert (await door.post(FORWARDS, {}, "md-one")).status == 405


async def test_asking_for_the_head_of_the_forwards_accepts_nothing(door: Street) -> None:
    """Served is accepted, and a head is not served."""
    (item,) = await forwarded(door, "http://img.one.test/1.jpg")

    assert (await door.ask("HEAD", FORWARDS, "md-one")).status == 405
    assert await door.home.state(item) == "routed"
