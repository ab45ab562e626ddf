"""Submissions become items in one transaction a batch; duplicates find the item that stands."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ntd import acts
from ntd.store.base import Store
from ntd.store.connect import open_store
from ntd.store.intake import take
from ntd.store.items import story
from schemas.ids import ItemId
from schemas.item import Classification, LineAnswer, Outcome, Submission
from schemas.settings import Settings
from schemas.url import parse_url
from tests.fakes.hand_clock import HandClock

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
MUCH_LATER = NOON + timedelta(hours=13)


@dataclass(frozen=True, slots=True)
class Desk:
    """A store with its settings."""

    store: Store
    settings: Settings

    async def take(self, *submissions: Submission, now: datetime = NOON) -> list[LineAnswer]:
        """Submit lines numbered from 1."""
        return await take(self.store, self.settings, list(enumerate(submissions, start=1)), now=now, by="tester")

    async def row(self, table: str, **where: Any) -> Any:
        """Read one row."""
        (name, value), *_ = where.items() or [("true", True)]
        return await self.store.pool.fetchrow(f"SELECT * FROM {table} WHERE {name} = $1", value)  # noqa: S608

    async def count(self, table: str) -> int:
        """Count rows."""
        found: int = await self.store.pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
        return found

    async def events(self, item: object) -> list[str]:
        """Name what happened to an item."""
        rows = await self.store.pool.fetch("SELECT event FROM event WHERE item_id = $1 ORDER BY id", item)
        return [row["event"] for row in rows]


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """Open a fresh store."""
    async with open_store(settings, HandClock(NOON)) as store:
        yield Desk(store, settings)


def line(url: str = "https://img.example/i/1.jpg", **values: Any) -> Submission:
    """Make a submission."""
    return Submission(url=parse_url(url), **values)


def outcomes(answers: list[LineAnswer]) -> list[str]:
    """Give the outcomes in order."""
    return [answer.outcome.value for answer in answers]


async def test_a_new_url_is_an_item_with_all_that_belongs_to_it(desk: Desk) -> None:
    """Item, stay, report, events and a host that is due for its first look; no check before it is located."""
    (answer,) = await desk.take(line(report="M-1", reference="S-1", source="inhope", priority=2))

    item = await desk.row("item", id=answer.id)
    stay = await desk.row("stay", item_id=answer.id)
    host = await desk.row("host", id=item["host_id"])
    assert (answer.line, answer.outcome) == (1, Outcome.ACCEPTED)
    assert (item["state"], item["priority"], item["source"], item["received_at"]) == ("received", 2, "inhope", NOON)
    assert (stay["hoster_id"], stay["began_at"], stay["began_by"], stay["ended_at"]) == (None, NOON, "receipt", None)
    assert (host["look_due_at"], host["place_due_at"]) == (NOON, None)
    assert await desk.events(answer.id) == ["received", "confirmed"]
    assert await desk.count("schedule") == 0
    told = await story(desk.store, str(answer.id), NOON)
    assert (told["reports"], told["references"], told["site"]) == (["M-1"], ["S-1"], "img.example")


async def test_a_held_item_begins_held(desk: Desk) -> None:
    """The police may ask for a hold before anything was done."""
    until = NOON + timedelta(days=3)

    (answer,) = await desk.take(line(hold=True, hold_until=until))

    item = await desk.row("item", id=answer.id)
    spell = await desk.row("held_spell", item_id=answer.id)
    assert (item["state"], item["hold_until"]) == ("held", until)
    assert (spell["from_at"], spell["until_at"], spell["by"]) == (NOON, None, "tester")
    assert await desk.events(answer.id) == ["received", "confirmed", "held"]


async def test_presumed_items_are_not_confirmed(desk: Desk) -> None:
    """Nobody has judged them, and the record does not say so."""
    (answer,) = await desk.take(line(confirmed=False, classification=None, confirmed_at=NOON))

    item = await desk.row("item", id=answer.id)
    assert (item["confirmed"], item["classification"], item["confirmed_at"]) == (False, None, None)
    assert await desk.events(answer.id) == ["received"]


async def test_nothing_stands_in_clear(desk: Desk) -> None:
    """No URL, host, report or password can be read in any row."""
    await desk.take(
        line("https://very-secret.example/hidden", report="M-secret", access="open-sesame", reason="why-so")
    )

    for table in ("item", "host", "site", "item_report", "event", "stay"):
        rows = await desk.store.pool.fetch(f"SELECT t.*::text AS text FROM {table} AS t")  # noqa: S608
        raw = await desk.store.pool.fetch(f"SELECT * FROM {table}")  # noqa: S608
        seen = "".join(row["text"] for row in rows) + repr([tuple(row) for row in raw])
        assert not any(word in seen for word in ("secret", "hidden", "sesame", "why-so")), table


async def test_the_same_url_twice_in_a_batch_is_one_item(desk: Desk) -> None:
    """The first line makes the item, the others add their reports; the more careful word of all wins."""
    answers = await desk.take(
        line(report="M-1", confirmed=False, classification=None, priority=7),
        line("https://b.example/"),
        line("HTTPS://IMG.example:443/i/1.jpg#top", report="M-2", priority=1, classification=Classification.A2),
        line(report="M-2", hold=True),
    )

    item = await desk.row("item", id=answers[0].id)
    assert outcomes(answers) == ["accepted", "accepted", "duplicate", "duplicate"]
    assert [answer.line for answer in answers] == [1, 2, 3, 4]
    assert answers[0].id == answers[2].id == answers[3].id != answers[1].id
    assert (item["state"], item["priority"], item["confirmed"], item["classification"]) == ("held", 1, True, "A2")
    assert await desk.count("item_report") == 2
    assert await desk.count("item") == 2
    assert await desk.count("stay") == 2


async def test_a_duplicate_adds_its_report_and_changes_nothing_else(desk: Desk) -> None:
    """A known URL is not received again; the same report again is no news."""
    (first,) = await desk.take(line(report="M-1"))
    before = await desk.row("item", id=first.id)

    again = await desk.take(line(report="M-2", reference="S-9", priority=9), line(report="M-1"), now=LATER)
    repeated = await desk.take(line(report="M-2", reference="S-9"), now=LATER)

    assert outcomes(again) == ["duplicate", "duplicate"]
    assert {answer.id for answer in (*again, *repeated)} == {first.id}
    assert await desk.row("item", id=first.id) == before
    assert await desk.count("item_report") == 2
    assert await desk.events(first.id) == ["received", "confirmed", "reported"]


async def test_a_duplicate_wins_what_is_more_careful(desk: Desk) -> None:
    """A hold, a more urgent priority and a confirmation win over what stood."""
    (first,) = await desk.take(line(confirmed=False, classification=None, priority=5))

    await desk.take(
        line(hold=True, priority=0, classification=Classification.B1, confirmed_at=NOON, confirmed_by="a"), now=LATER
    )

    item = await desk.row("item", id=first.id)
    assert (item["state"], item["priority"], item["confirmed"], item["classification"]) == ("held", 0, True, "B1")
    assert item["confirmed_at"] == NOON
    assert await desk.events(first.id) == ["received", "held", "confirmed"]
    assert (await desk.row("held_spell", item_id=first.id))["from_at"] == LATER


async def test_a_duplicate_never_makes_anything_less_careful(desk: Desk) -> None:
    """No hold, a lower priority and a presumption change nothing; a longer hold makes the hold longer."""
    (first,) = await desk.take(line(hold=True, hold_until=LATER, priority=1))

    await desk.take(line(priority=9, confirmed=False, classification=None), now=LATER)
    await desk.take(line(hold=True, hold_until=NOON), now=LATER)
    shorter = await desk.row("item", id=first.id)
    await desk.take(line(hold=True, hold_until=MUCH_LATER), now=LATER)
    longer = await desk.row("item", id=first.id)
    await desk.take(line(hold=True), now=LATER)
    endless = await desk.row("item", id=first.id)

    assert (shorter["state"], shorter["priority"], shorter["confirmed"]) == ("held", 1, True)
    assert [one["hold_until"] for one in (shorter, longer, endless)] == [LATER, MUCH_LATER, None]


async def test_a_duplicate_of_a_gone_item_has_it_looked_at_now(desk: Desk) -> None:
    """Somebody has seen it again: that is checked at once, not believed."""
    (first,) = await desk.take(line())
    item = ItemId(first.id) if first.id else None
    assert item is not None
    await acts.gone(desk.store, desk.settings, [item], reason="seen", by="tester", now=NOON)
    planned = (await desk.row("schedule", item_id=item))["due_at"]

    (again,) = await desk.take(line(), now=LATER)

    assert again.outcome is Outcome.DUPLICATE
    assert planned > LATER
    assert (await desk.row("schedule", item_id=item))["due_at"] == LATER
    assert (await desk.row("item", id=item))["state"] == "gone"


async def test_a_duplicate_of_a_withdrawn_item_asks_for_a_human(desk: Desk) -> None:
    """It stays withdrawn and is marked, once however often it comes."""
    (first,) = await desk.take(line())
    assert first.id is not None
    await acts.withdraw(desk.store, desk.settings, [first.id], because="police", reason="x", by="tester", now=NOON)

    await desk.take(line(), now=LATER)
    await desk.take(line(), now=LATER)

    item = await desk.row("item", id=first.id)
    assert (item["state"], item["attention"]) == ("withdrawn", ["resubmitted"])
    assert (await desk.events(first.id)).count("resubmitted") == 1


async def test_a_known_host_places_its_new_items_at_once(desk: Desk) -> None:
    """A host that was looked up is not asked again before it is old; its new items follow what is known."""
    await desk.take(line())
    await desk.store.pool.execute(
        "UPDATE host SET looks = 1, looked_at = $1, look_due_at = $2, place_token = gen_random_uuid()",
        NOON,
        NOON + desk.settings.geo.watch_every,
    )

    await desk.take(line("https://img.example/i/2.jpg"), now=LATER)
    fresh = await desk.row("host", true=True)
    await desk.take(line("https://img.example/i/3.jpg"), now=MUCH_LATER)
    old = await desk.row("host", true=True)

    assert (fresh["look_due_at"], fresh["place_due_at"]) == (NOON + desk.settings.geo.refresh, LATER)
    assert fresh["place_token"] is None
    assert (old["look_due_at"], old["place_due_at"]) == (NOON + desk.settings.geo.refresh, MUCH_LATER)


async def test_a_look_that_is_under_way_keeps_its_lease(desk: Desk) -> None:
    """New items do not have a host looked up twice at once."""
    await desk.take(line())
    await desk.store.pool.execute("UPDATE host SET look_token = gen_random_uuid(), look_due_at = $1", LATER)

    await desk.take(line("https://img.example/i/2.jpg"), now=NOON + timedelta(minutes=1))

    host = await desk.row("host", true=True)
    assert host["look_due_at"] == LATER
    assert host["look_token"] is not None


async def test_two_submitters_with_the_same_new_urls_do_not_harm_each_other(desk: Desk) -> None:
    """Each URL is one item, whoever was first; every line is answered."""
    one = [line(f"https://h{n % 7}.example/{n}", report=f"A-{n}") for n in range(60)]
    other = [replace(submission, report=f"B-{at}") for at, submission in enumerate(reversed(one))]

    first, second = await asyncio.gather(desk.take(*one), desk.take(*other))

    answers = [*first, *second]
    assert len(answers) == 120
    assert sum(answer.outcome is Outcome.ACCEPTED for answer in answers) == 60
    assert len({answer.id for answer in answers}) == 60
    assert await desk.count("item") == await desk.count("stay") == 60
    assert await desk.count("item_report") == 120
    assert await desk.count("host") == 7
