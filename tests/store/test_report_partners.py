"""What became of the items that partners accepted."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ntd.store.reports import partners
from schemas.report import ReportQuery
from tests.fakes.report_rows import ReportRows, report_rows

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = T0 + timedelta(days=40)
QUERY = ReportQuery()


@pytest.fixture
async def rows(database: str, tmp_path: Path) -> AsyncIterator[ReportRows]:
    """Open a database to write rows into."""
    async with report_rows(database, tmp_path) as opened:
        yield opened


async def forward(rows: ReportRows, partner: str = "md", at: datetime = T0, **stay: Any) -> tuple[UUID, UUID]:
    """Write an item that a partner accepted; give the notice and the item."""
    item = await rows.item(T0)
    stay_id = await rows.stay(item, T0, await rows.place("Beta", 64502, "MD"), partner=partner, **stay)
    return await rows.notice("forward", at, [(item, stay_id)], partner=partner, channel="api"), item


async def row(rows: ReportRows, query: ReportQuery = QUERY) -> dict[str, Any]:
    """Give the only row; the total is the same."""
    report = await partners(rows.store, query, NOW)
    (only,) = report["rows"]
    assert {"key": only["key"]} | report["total"] == only
    found: dict[str, Any] = only
    return found


async def test_every_accepted_item_has_one_outcome(rows: ReportRows) -> None:
    """Gone, open, refused, relocated, withdrawn add up to forwarded; open and unanswered is silent."""
    await forward(rows)
    await forward(rows, gone_at=T0 + 2 * HOUR)
    for ended_by in ("refused", "relocated", "withdrawn"):
        await forward(rows, ended_at=T0 + HOUR, ended_by=ended_by)
    notice, item = await forward(rows)
    await rows.answer(notice, item, T0 + 3 * HOUR, "reported_to_isp")
    notice, item = await forward(rows)
    await rows.answer(notice, item, T0 + HOUR, "not_illegal")

    assert await row(rows) == {
        "key": "md",
        "forwarded": 7,
        "acknowledged": 2,
        "answered": 2,
        "gone": 1,
        "open": 2,
        "refused": 2,
        "relocated": 1,
        "withdrawn": 1,
        "silent": 1,
        "median_acknowledge_s": 3600,
        "median_s": 7200,
    }


async def test_what_was_not_accepted_is_no_forward(rows: ReportRows) -> None:
    """Refused items, failed messages, void dry runs and other kinds count nowhere."""
    item = await rows.item(T0)
    stay = await rows.stay(item, T0, await rows.place("Beta", 64502, "MD"), partner="md")
    pair = [(item, stay)]
    await rows.notice("forward", T0, pair, partner="md", outcome="refused")
    await rows.notice("forward", T0, pair, partner="md", state="failed", accepted_at=None)
    await rows.notice("forward", T0, pair, partner="md", dry_run=True, voided_at=T0 + HOUR)
    await rows.notice("reminder", T0, pair, partner="md")

    assert (await partners(rows.store, QUERY, NOW))["total"]["forwarded"] == 0


async def test_partners_come_by_what_they_got(rows: ReportRows) -> None:
    """Rows by items descending, then key; times are measured from the acceptance by that partner."""
    await forward(rows, "us", gone_at=T0 + 4 * HOUR)
    await forward(rows, "md", T0 + HOUR, gone_at=T0 + 3 * HOUR)
    await forward(rows, "md", T0 + 2 * HOUR, gone_at=T0 + HOUR)
    await forward(rows, "cz")
    report = await partners(rows.store, QUERY, NOW)

    found = [(row["key"], row["forwarded"], row["gone"], row["median_s"]) for row in report["rows"]]
    assert found == [("md", 2, 2, 7200), ("cz", 1, 0, None), ("us", 1, 1, 14400)]
    assert (report["total"]["forwarded"], report["total"]["gone"]) == (4, 3)


async def test_a_sign_of_life_comes_after_the_acceptance(rows: ReportRows) -> None:
    """A machine that takes a forward proves nothing about people; what is proved later does."""
    item = await rows.item(T0)
    stay = await rows.stay(item, T0, await rows.place("Beta", 64502, "MD"), partner="md")
    await rows.notice("forward", T0, [(item, stay)], partner="md", delivered_at=T0)
    at_once = await row(rows)
    await rows.store.pool.execute("UPDATE notice SET delivered_at = $1", T0 + 5 * HOUR)

    assert (at_once["acknowledged"], at_once["silent"], at_once["median_acknowledge_s"]) == (0, 1, None)
    later = await row(rows)
    assert (later["acknowledged"], later["answered"], later["median_acknowledge_s"]) == (1, 0, 18000)


async def test_looking_back_knows_only_what_was_known_then(rows: ReportRows) -> None:
    """Answers by their time, gone by its confirmation, forwards by their acceptance."""
    notice, item = await forward(rows, at=T0 + HOUR, gone_at=T0 + 4 * HOUR, gone_known_at=T0 + 5 * HOUR)
    await rows.answer(notice, item, T0 + 2 * HOUR, "reported_to_lea")
    seen = {}
    for hours in (0, 1, 2, 4, 5):
        total = (await partners(rows.store, replace(QUERY, as_of=T0 + hours * HOUR), NOW))["total"]
        seen[hours] = (total["forwarded"], total["answered"], total["silent"], total["gone"])

    assert seen == {0: (0, 0, 0, 0), 1: (1, 0, 1, 0), 2: (1, 1, 0, 0), 4: (1, 1, 0, 0), 5: (1, 1, 0, 1)}


async def test_the_period_takes_acceptances(rows: ReportRows) -> None:
    """Half-open, like every period."""
    for hours in (0, 1, 2):
        await forward(rows, at=T0 + hours * HOUR)

    assert (await row(rows, replace(QUERY, begin=T0 + HOUR, end=T0 + 2 * HOUR)))["forwarded"] == 1


async def test_an_item_at_two_hosters_is_gone_when_the_last_is(rows: ReportRows) -> None:
    """One forward may speak of several stays; another spell is another acceptance."""
    item = await rows.item(T0)
    one = await rows.stay(item, T0, await rows.place("Beta", 1, "MD"), partner="md", gone_at=T0 + HOUR)
    await rows.stay(item, T0, await rows.place("Gamma", 2, "MD"), partner="md", gone_at=T0 + 9 * HOUR)
    await rows.notice("forward", T0, [(item, one)], partner="md")
    again = await rows.stay(item, T0 + 20 * HOUR, await rows.place("Beta", 1, "MD"), partner="md", spell=2)
    await rows.notice("forward", T0 + 21 * HOUR, [(item, again)], partner="md", spell=2)

    then = await row(rows, replace(QUERY, as_of=T0 + 5 * HOUR))
    assert (then["forwarded"], then["open"], then["gone"]) == (1, 1, 0)
    now = await row(rows)
    assert (now["forwarded"], now["open"], now["gone"], now["median_s"]) == (2, 1, 1, 32400)
