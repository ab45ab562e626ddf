"""The link in every notice: read by machines, answered by people, and it shows no URL."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from schemas.settings import Notices, Organisation, Settings
from tests.fakes.api_door import Reply, Street, street
from tests.walk.house import DOWN, spot

HOUR = timedelta(hours=1)


@pytest.fixture
async def door(database: str, tmp_path: Path) -> AsyncIterator[Street]:
    """Open a door behind which one host lives at a Dutch hoster."""
    settings = Settings(notices=Notices(), organisation=Organisation(languages=["en"]))
    async with street(database, tmp_path, settings) as opened:
        opened.home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        yield opened


async def noticed(door: Street, count: int) -> tuple[list[UUID], str]:
    """Have items noticed; give them and the path of the notice's answer link."""
    items = await door.home.submit(*(f"http://img.one.test/{number}.jpg" for number in range(count)))
    await door.home.settle()
    await door.home.later(HOUR)
    (link,) = set(re.findall(rb"/h/[A-Za-z0-9_-]{22}", door.home.post.handed[-1].content.replace(b"=\r\n", b"")))
    return items, link.decode()


async def answer(door: Street, path: str, **fields: str | list[str]) -> Reply:
    """Send the form."""
    pairs = [(name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])]
    return await door.ask("POST", path, None, data=pairs)


async def answers_of(door: Street, item: UUID) -> list[str]:
    """Say what the story has of the recipient's answers."""
    (notice,) = (await door.home.show(item))["notices"]
    return [one["action"] for one in notice["answers"]]


async def test_looking_records_nothing(door: Street) -> None:
    """GET shows item ids and the deadline, never a URL or a host, and changes nothing, however often."""
    items, link = await noticed(door, 3)
    before = await door.home.show(items[0])
    pages = [await door.get(link, None) for _ in range(3)]

    for page in pages:
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert all(str(item) in page.text for item in items)
        assert "one.test" not in page.text
        assert "http://" not in page.text
        assert "2026-11-03 13:00 UTC" in page.text
    assert await door.home.show(items[0]) == before


async def test_whoever_only_tries_the_link_gets_the_head_of_the_page(door: Street) -> None:
    """HEAD, as mail scanners and link checkers ask, is GET without its body, and nothing follows from it either."""
    (item,), link = await noticed(door, 1)
    before = await door.home.show(item)
    for path in (link, "/h/unknown", "/healthz"):
        page, head = await door.get(path, None), await door.ask("HEAD", path, None)

        assert (head.status, head.body) == (page.status, b"")
        assert {name: value for name, value in head.headers.items() if name != "Date"} == {
            name: value for name, value in page.headers.items() if name != "Date"
        }
    assert await door.home.show(item) == before


async def test_the_page_gives_nothing_away(door: Street) -> None:
    """No script, no referrer, no cache, no index; the style is the one that the policy names."""
    _, link = await noticed(door, 1)
    page = await door.get(link, None)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "<script" not in page.text


async def test_an_answer_is_recorded_and_the_item_checked(door: Street) -> None:
    """What the recipient says is history; gone is what we see."""
    (item,), link = await noticed(door, 1)
    looks = len(door.home.pages.asked)
    reply = await answer(door, link, item=str(item), answer="removed", note="since noon\r\nby hand")
    await door.home.settle()

    assert reply.status == 200
    assert "Thank you" in reply.text
    assert len(door.home.pages.asked) == looks + 1
    story = await door.home.show(item)
    assert story["state"] == "noticed"
    (given,) = story["notices"][0]["answers"]
    assert (given["by"], given["action"], given["note"]) == ("link", "removed", "since noon\nby hand")
    door.home.pages.at["http://img.one.test/0.jpg"] = DOWN
    await answer(door, link, item=str(item), answer="removed", note="really")
    await door.home.later(HOUR, timedelta(minutes=15))
    assert await door.home.state(item) == "gone"


async def test_one_several_or_all(door: Street) -> None:
    """`item` takes an id, several, or all; ids win over a tick for all that was left standing."""
    items, link = await noticed(door, 4)
    assert (await answer(door, link, item=str(items[0]), answer="removed")).status == 200
    assert (await answer(door, link, item=["all", str(items[1]), str(items[2])], answer="passed_on")).status == 200
    assert [await answers_of(door, item) for item in items] == [["removed"], ["passed_on"], ["passed_on"], []]
    assert (await answer(door, link, item="all", answer="disputed", note="why")).status == 200
    assert [len(await answers_of(door, item)) for item in items] == [2, 2, 2, 1]
    assert "answered: disputed" in (await door.get(link, None)).text


INCOMPLETE: tuple[tuple[dict[str, str], str], ...] = (
    ({"item": "all"}, "four answers"),
    ({"answer": "removed"}, "at least one item"),
    ({"item": "x", "answer": "removed"}, "at least one item"),
    ({"item": "0190a000-0000-7000-8000-000000000000", "answer": "removed"}, "at least one item"),
    ({"item": "all", "answer": "maybe"}, "four answers"),
    ({"item": "all", "answer": "removed", "note": "x" * 2001}, "shorten"),
)


async def test_an_incomplete_answer_comes_back(door: Street) -> None:
    """The form says what is missing, keeps what was written, and records nothing."""
    (one, _), link = await noticed(door, 2)
    for fields, says in INCOMPLETE:
        reply = await answer(door, link, **fields)
        assert reply.status == 422
        assert says in reply.text
    assert await answers_of(door, one) == []
    assert (await answer(door, link, item="all", answer="removed", note="x" * 2000)).status == 200


async def test_what_was_written_is_shown_as_text(door: Street) -> None:
    """A note that comes back is text, whatever it holds."""
    _, link = await noticed(door, 1)
    reply = await answer(door, link, item="all", note="</textarea><script>x</script>")
    assert "<script" not in reply.text
    assert "&lt;script&gt;" in reply.text


async def test_unknown_and_expired_read_the_same(door: Street) -> None:
    """Nobody learns from the page whether a token ever was one."""
    _, link = await noticed(door, 1)
    unknown = await door.get("/h/AAAAAAAAAAAAAAAAAAAAAA", None)
    long = await door.get(f"/h/{'A' * 500}", None)
    door.home.clock.at[0] += timedelta(days=91)
    expired = await door.get(link, None)
    told = await answer(door, link, item="all", answer="removed")
    assert [reply.status for reply in (unknown, long, expired, told)] == [404] * 4
    assert unknown.text == long.text == expired.text == told.text


async def test_the_language_is_the_readers(door: Street) -> None:
    """Accept-Language first, then the language of the notice."""
    _, link = await noticed(door, 1)
    page = await door.get(link, None, headers={"Accept-Language": "sv, nl;q=0.8, en;q=0.5"})
    assert '<html lang="nl">' in page.text
    assert "Niet van ons" in page.text
    assert '<html lang="de">' in (await door.get(link, None, headers={"Accept-Language": "de-AT"})).text
    assert '<html lang="uk">' in (await door.get(link, None, headers={"Accept-Language": "uk"})).text
    assert '<html lang="en">' in (await door.get(link, None, headers={"Accept-Language": "sv"})).text


async def test_a_machine_reads_and_answers_in_json(door: Street) -> None:
    """The same, without the page; errors are problem documents."""
    items, link = await noticed(door, 2)
    shown = await door.get(link, None, headers={"Accept": "application/json"})
    assert [one["item"] for one in shown.json["items"]] == sorted(map(str, items))
    assert shown.json["deadline"] == "2026-11-03T13:00:00Z"
    told = await door.post(link, {"item": [str(items[0])], "answer": "not_ours", "note": "AS64501"}, None)
    assert told.json == {"recorded": [str(items[0])], "answer": "not_ours"}
    wrong = await door.post(link, {"item": "all", "answer": "no"}, None)
    assert (wrong.status, wrong.headers["Content-Type"]) == (422, "application/problem+json")
    odd = await door.post(link, ["all"], None)
    assert odd.status == 422


async def test_nobody_can_send_us_a_file(door: Street) -> None:
    """Only plain forms are read; a form with files, or a large one, is refused unread."""
    (item,), link = await noticed(door, 1)
    files = await door.ask(
        "POST", link, None, data=b"--x--", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    large = await answer(door, link, item="all", answer="removed", note="x" * 700_000)
    assert (files.status, large.status) == (415, 413)
    assert await answers_of(door, item) == []


async def test_who_asks_too_often_waits(door: Street) -> None:
    """Each token and each client has its pace; after a while it goes on."""
    _, link = await noticed(door, 1)
    statuses = [(await door.get(link, None)).status for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    late = await door.get(link, None)
    assert int(late.headers["Retry-After"]) >= 1
    door.home.clock.at[0] += timedelta(seconds=2)
    assert (await door.get(link, None)).status == 200


async def test_checks_by_answers_are_limited(door: Street) -> None:
    """However much is answered about an item, it is looked at a few times an hour."""
    (item,), link = await noticed(door, 1)
    looks = len(door.home.pages.asked)
    for number in range(10):
        assert (await answer(door, link, item=str(item), answer="removed", note=str(number))).status == 200
        await door.home.settle()
    assert len(door.home.pages.asked) == looks + 6
