"""Items over HTTP: who may do what, what comes in, what is shown, what analysts decide."""

from asyncio import Event
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ntd.api.application import routes
from tests.fakes.api_door import ROLES, Reply, Street, street
from tests.walk.house import NOON, spot

URL = "http://img.one.test/i/1.jpg"
GOOD: dict[str, Any] = {"url": URL, "report": "M-1", "reference": "R-1", "source": "inhope"}


@pytest.fixture
async def door(database: str, tmp_path: Path) -> AsyncIterator[Street]:
    """Open a door behind which one host lives in the Netherlands and one in Moldova."""
    async with street(database, tmp_path) as opened:
        opened.home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        opened.home.names.at["img.two.test"] = (spot(64510, "MD", "198.51.100.1", "abuse@two.example"),)
        yield opened


def is_problem(reply: Reply, status: int) -> bool:
    """Say whether this is a problem document of this status (RFC 9457)."""
    document = reply.json
    return (
        reply.status == status == document["status"]
        and reply.headers["Content-Type"] == "application/problem+json"
        and {"type", "title", "detail"} <= document.keys()
    )


async def test_every_path_is_closed_to_every_other_role(door: Street) -> None:
    """A token opens exactly the paths of its role; without one, or with an unknown one, nothing opens."""
    closed = 0
    for route in routes():
        if route.roles is None:
            continue
        path = route.path.replace("{id}", "0190a000-0000-7000-8000-000000000000").replace("{name}", "sla")
        assert is_problem(await door.ask(route.method, path, None), 401)
        for who in (*ROLES, "md-one"):
            role = who if who in ROLES else "partner"
            reply = await door.ask(route.method, path, who)
            assert (reply.status == 403) == (role not in route.roles), (route.method, route.path, who)
            closed += reply.status == 403
    assert closed == 41

    stranger = await door.get("/api/v1/items", None, headers={"Authorization": "Bearer nobodys"})
    assert is_problem(stranger, 401)
    assert stranger.headers["WWW-Authenticate"] == 'Bearer realm="ntd", error="invalid_token"'


async def test_a_revoked_token_opens_nothing(door: Street) -> None:
    """Revoking works at once."""
    assert (await door.get("/api/v1/items", "analyst")).status == 200
    await door.home.store.pool.execute("UPDATE token SET revoked_at = $1", NOON)
    assert is_problem(await door.get("/api/v1/items", "analyst"), 401)


async def test_one_object_is_answered_like_a_line(door: Street) -> None:
    """200 with the line's answer; the same URL again is a duplicate of the same item."""
    first = await door.post("/api/v1/items", GOOD, "submitter")
    again = await door.post("/api/v1/items", {"url": URL + "#x"}, "submitter")

    assert (first.status, first.json["outcome"], first.json["line"], first.json["error"]) == (200, "accepted", 1, None)
    assert (again.status, again.json["outcome"], again.json["id"]) == (200, "duplicate", first.json["id"])


async def test_one_object_may_stand_on_many_lines(door: Street) -> None:
    """JSON is JSON, however it is laid out."""
    body = b'{\n  "url": "http://img.one.test/i/9.jpg",\n  "priority": 1\n}\n'
    reply = await door.ask("POST", "/api/v1/items", data=body, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.json["outcome"]) == (200, "accepted")


async def test_a_refused_object_is_a_problem_with_the_lines_answer(door: Street) -> None:
    """422 says why in a sentence, and repeats no URL."""
    reply = await door.post("/api/v1/items", {"url": URL, "priority": 11}, "submitter")

    assert is_problem(reply, 422)
    assert (reply.json["line"], reply.json["outcome"], reply.json["id"]) == (1, "refused", None)
    assert "priority" in reply.json["error"]
    assert "img.one.test" not in reply.text
    assert await door.home.store.pool.fetchval("SELECT count(*) FROM item") == 0


async def test_what_is_no_item_is_told_what_to_send(door: Street) -> None:
    """Another type is 415; a body over 1 MiB is 413."""
    odd = await door.ask("POST", "/api/v1/items", data=b"url\nx\n", headers={"Content-Type": "text/csv"})
    large = await door.ask(
        "POST", "/api/v1/items", data=BytesIO(b" " * (1024 * 1024 + 1)), headers={"Content-Type": "application/json"}
    )
    assert is_problem(odd, 415)
    assert is_problem(large, 413)


async def test_lines_are_answered_one_by_one(door: Street) -> None:
    """One bad line costs no other; answers come in the order of the lines."""
    lines = [b'{"url": "http://img.one.test/%d"}' % number for number in range(1, 101)]
    lines[9] = b'{"url": "ftp://img.one.test/x"}'
    lines[19] = b"no json"
    reply = await door.ask(
        "POST", "/api/v1/items", "submitter", data=b"\n".join(lines), headers={"Content-Type": "application/x-ndjson"}
    )

    outcomes = [line["outcome"] for line in reply.lines]
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/x-ndjson")
    assert [line["line"] for line in reply.lines] == list(range(1, 101))
    assert (outcomes.count("accepted"), outcomes.count("refused")) == (98, 2)
    assert (outcomes[9], outcomes[19]) == ("refused", "refused")
    assert await door.home.store.pool.fetchval("SELECT count(*) FROM item") == 98


async def test_lines_are_answered_while_more_are_to_come(door: Street) -> None:
    """Who sends slowly is answered as he goes."""
    answers: list[bytes] = []
    answered = Event()

    async def lines() -> AsyncIterator[bytes]:
        yield b'{"url": "http://img.one.test/1"}\n'
        await answered.wait()
        yield b'{"url": "http://img.one.test/2"}\n'

    headers = {"Authorization": f"Bearer {await door.token('submitter')}", "Content-Type": "application/x-ndjson"}
    async with door.session.post(door.base + "/api/v1/items", headers=headers, data=lines()) as response:
        answers.append(await response.content.readline())
        answered.set()
        answers.append(await response.content.readline())
    assert [b'"accepted"' in answer for answer in answers] == [True, True]


async def test_no_lines_are_no_answers(door: Street) -> None:
    """An empty stream is an empty answer."""
    reply = await door.ask("POST", "/api/v1/items", data=b"", headers={"Content-Type": "application/x-ndjson"})
    assert (reply.status, reply.body) == (200, b"")


async def test_lists_page_newest_first(door: Street) -> None:
    """Pages follow one another without gap or overlap; the last one has no next."""
    for number in range(5):
        await door.home.submit(f"http://img.one.test/{number}")
        door.home.clock.at[0] = door.home.now.replace(microsecond=1000 * (number + 1))

    pages, cursor = [], ""
    while True:
        page = (await door.get(f"/api/v1/items?limit=2&cursor={cursor}", "policy")).json
        pages.append([item["url"][-1] for item in page["items"]])
        if page["next"] is None:
            break
        cursor = page["next"]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


async def test_lists_are_filtered(door: Street) -> None:
    """Each filter alone leaves what it names; a line names the hoster that was asked for."""
    await door.home.submit(URL, source="inhope")
    await door.home.submit("http://img.two.test/1", source="libra")
    await door.home.submit("http://img.three.test/1")
    await door.home.settle()
    every = {"img.one.test", "img.two.test", "img.three.test"}

    async def hosts(query: str) -> list[str]:
        return [item["host"] for item in (await door.get(f"/api/v1/items?{query}")).json["items"]]

    assert set(await hosts("")) == every
    assert await hosts("state=untraceable") == ["img.three.test"]
    assert await hosts("host=IMG.one.test.") == ["img.one.test"]
    assert await hosts("site=two.test") == ["img.two.test"]
    assert await hosts("asn=64510") == ["img.two.test"]
    assert await hosts("country=NL") == ["img.one.test"]
    assert await hosts("source=libra") == ["img.two.test"]
    assert await hosts("attention=bounced") == []
    (one,) = (await door.get("/api/v1/items?country=md")).json["items"]
    assert (one["country"], one["asn"], one["hoster"], one["site"]) == ("MD", 64510, "Hoster 64510", "two.test")


async def test_a_query_that_cannot_be_read_is_refused(door: Street) -> None:
    """A slip of the pen never lists everything."""
    for query in ("stat=routed", "state=lost", "limit=0", "limit=1001", "limit=x", "cursor=1", "asn=AS1"):
        reply = await door.get(f"/api/v1/items?{query}")
        assert is_problem(reply, 422)
        assert query.partition("=")[0] in reply.json["detail"]


async def test_an_item_is_shown_by_its_id_only(door: Street) -> None:
    """Unknown ids and URLs in the path are 404 alike, and no answer may be cached."""
    (item,) = await door.home.submit(URL)
    shown = await door.get(f"/api/v1/items/{item}", "policy")

    assert (shown.json["id"], shown.json["url"]) == (str(item), URL)
    assert shown.headers["Cache-Control"] == "no-store"
    assert is_problem(await door.get("/api/v1/items/0190a000-0000-7000-8000-000000000000"), 404)
    assert is_problem(await door.get("/api/v1/items/http%3A%2F%2Fimg.one.test%2Fi%2F1.jpg"), 404)


async def test_an_analyst_holds_releases_withdraws_and_reopens(door: Street) -> None:
    """Each act answers with the state it left, and stands in the history under the token's name."""
    (item,) = await door.home.submit(URL)
    path = f"/api/v1/items/{item}"
    held = await door.post(f"{path}/hold", {"reason": "police", "until": "2026-12-01T00:00:00Z"}, "analyst")
    assert held.json == {"id": str(item), "state": "held", "attention": []}
    assert (await door.post(f"{path}/release", {"reason": "done"}, "analyst")).json["state"] == "received"
    assert (await door.post(f"{path}/withdraw", {"reason": "mistake"}, "analyst")).json["state"] == "withdrawn"

    twice = await door.post(f"{path}/withdraw", {"reason": "mistake", "because": "error"}, "analyst")
    assert is_problem(twice, 409)
    assert (await door.post(f"{path}/reopen", {"reason": "it was none"}, "analyst")).json["state"] == "received"
    story = (await door.get(path)).json
    acts = [line["event"] for line in story["history"] if line["by"] == "name-of-analyst"]
    assert acts == ["held", "released", "withdrawn", "reopened"]


async def test_an_analyst_says_gone_and_up(door: Street) -> None:
    """A verdict by hand changes the state, and the history says who gave it and why."""
    (item,) = await door.home.submit(URL)
    path = f"/api/v1/items/{item}"
    gone = await door.post(f"{path}/gone", {"reason": "a removal page in Latin"}, "analyst")
    up = await door.post(f"{path}/up", {"reason": "it was none"}, "analyst")
    story = (await door.get(path)).json
    said = [(line["event"], line["detail"]) for line in story["history"] if line["by"] == "name-of-analyst"]

    assert (gone.json["state"], up.json["state"]) == ("gone", "received")
    assert said == [
        ("gone", {"by_hand": True, "reason": "a removal page in Latin"}),
        ("returned", {"by_hand": True, "reason": "it was none"}),
    ]


LACKING: tuple[tuple[str, Any, int], ...] = (
    ("hold", {}, 422),
    ("hold", {"reason": "  "}, 422),
    ("hold", {"reason": "x" * 2001}, 422),
    ("hold", {"reason": "x", "until": "2026-12-01T00:00:00"}, 422),
    ("hold", {"reason": "x", "until": 5}, 422),
    ("hold", {"reason": "x", "until": "2020-01-01T00:00:00Z"}, 422),
    ("hold", {"reason": "x", "untill": None}, 422),
    ("hold", ["reason"], 400),
    ("withdraw", {"reason": "x", "because": "whim"}, 422),
    ("withdraw", {"reason": "x", "because": ["error"]}, 422),
    ("release", {"reason": "x"}, 409),
    ("gone", {}, 422),
)


async def test_an_act_says_what_it_lacks(door: Street) -> None:
    """Every act wants a reason and takes no key that it does not know; what cannot be done changes nothing."""
    (item,) = await door.home.submit(URL)
    for act, body, status in LACKING:
        reply = await door.post(f"/api/v1/items/{item}/{act}", body, "analyst")
        assert reply.status == status, (act, body)
        assert await door.home.state(item) == "received"
    longest = await door.post(f"/api/v1/items/{item}/hold", {"reason": "x" * 2000, "until": "2026-12-01"}, "analyst")
    assert (longest.status, longest.json["state"]) == (200, "held")


async def test_errors_of_the_paths_are_problems_too(door: Street) -> None:
    """What is not there, and what takes another method, says so as any other error does."""
    nowhere = await door.get("/api/v1/nothing")
    wrong = await door.ask("DELETE", "/api/v1/items")
    assert is_problem(nowhere, 404)
    assert is_problem(wrong, 405)
    assert set(wrong.headers["Allow"].split(",")) >= {"GET", "POST"}
    broken = await door.ask(
        "POST",
        "/api/v1/items/0190a000-0000-7000-8000-000000000000/hold",
        data=b'{"reason',
        headers={"Content-Type": "application/json"},
    )
    assert is_problem(broken, 400)
