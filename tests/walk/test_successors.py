"""Gone here, and up again under another name of the same site: both items say so; a name that is no more has moved."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.check import GoneBy, Meaning, Verdict
from tests.walk.house import House, house, spot

HOUR = timedelta(hours=1)
GONE = Meaning(verdict=Verdict.GONE, reason="status_404", gone_by=GoneBy.CONTENT)
OLD, NEW = "http://a.one.test/i/1.jpg", "http://b.one.test/i/1.jpg"


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house with two names of one site, and one of another site."""
    async with house(database, tmp_path) as opened:
        here, there = (spot(64500, "NL", f"192.0.2.{n}", "abuse@one.example") for n in (1, 2))
        opened.names.at |= {"a.one.test": (here,), "b.one.test": (there,), "img.two.test": (here,)}
        opened.rules(monitor={"confirm": 1})
        yield opened


async def seen(home: House, url: str, shows: str) -> UUID:
    """Take a URL in that shows this, and look once."""
    home.pages.bodies[url] = shows
    (item,) = await home.submit(url)
    await home.settle()
    await home.later(2 * HOUR, HOUR)
    return item


async def taken_away(home: House, url: str) -> None:
    """Take a page away and look until that is known."""
    home.pages.at[url] = GONE
    await home.later(3 * HOUR, HOUR)


async def told(home: House, item: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Give what the item's history says of others."""
    story = await home.show(item)
    return [(line["event"], line["detail"]) for line in story["history"] if line["event"] in {"successor", "succeeds"}]


@pytest.mark.parametrize(
    ("url", "shows", "by"),
    [
        (NEW, "bb", "path"),
        ("https://b.one.test/i/1.jpg", "bb", "path"),
        ("http://b.one.test/j/2.jpg", "aa", "body"),
        ("http://b.one.test/j/2.jpg", "bb", None),
        ("http://img.two.test/i/1.jpg", "aa", None),
        ("http://a.one.test/j/2.jpg", "aa", None),
    ],
    ids=["same path", "same path by https", "same body", "neither", "another site", "the same name"],
)
async def test_an_item_succeeds_what_is_gone_under_another_name(
    home: House, url: str, shows: str, by: str | None
) -> None:
    """The same path or the very same bytes, under another name of the site, are a successor; nothing else is."""
    before = await seen(home, OLD, "aa")
    await taken_away(home, OLD)
    after = await seen(home, url, shows)

    assert await home.state(before) == "gone"
    assert await told(home, before) == ([("successor", {"item": str(after), "by": by})] if by else [])
    assert await told(home, after) == ([("succeeds", {"item": str(before), "by": by})] if by else [])
    assert (await home.show(before))["relocations"] == []


async def test_what_stands_is_succeeded_by_nothing(home: House) -> None:
    """Two names that show the same at one time are two items, and neither follows the other."""
    before = await seen(home, OLD, "aa")
    after = await seen(home, NEW, "aa")

    assert [await told(home, item) for item in (before, after)] == [[], []]


async def test_it_is_said_once(home: House) -> None:
    """Later looks at the successor, and its own end and return, say nothing more."""
    before = await seen(home, OLD, "aa")
    await taken_away(home, OLD)
    after = await seen(home, NEW, "aa")
    await taken_away(home, NEW)
    del home.pages.at[NEW]
    await home.later(timedelta(days=2), 6 * HOUR)

    assert await home.state(after) in {"routed", "noticed"}
    assert len(await told(home, before)) == 1


@pytest.mark.parametrize(("country", "kind"), [("NL", "successor"), ("MD", "country")])
async def test_a_name_that_is_no_more_has_moved(home: House, country: str, kind: str) -> None:
    """Where the name itself was taken away its host stands under the new one: a move, by what else has changed."""
    home.names.at["b.one.test"] = (spot(64500, country, "192.0.2.2", "abuse@one.example"),)
    before = await seen(home, OLD, "aa")
    del home.names.at["a.one.test"]
    await home.later(3 * HOUR, HOUR)
    await seen(home, NEW, "aa")
    story = await home.show(before)

    assert story["clock"]["gone_by"] == "name"
    assert [(one["site"], one["kind"], one["items"]) for one in story["relocations"]] == [("one.test", kind, 0)]


async def test_a_return_by_a_redirect_names_where_it_is_now(home: House) -> None:
    """The old name sends to another of its site: the item is back, and its history says where."""
    item = await seen(home, OLD, "aa")
    await taken_away(home, OLD)
    del home.pages.at[OLD]
    home.pages.leads[OLD] = NEW
    await home.later(timedelta(days=2), 6 * HOUR)
    events = [line["event"] for line in (await home.show(item))["history"]]

    assert await told(home, item) == [("successor", {"url": NEW, "by": "redirect"})]
    assert events.count("returned") == 1
