"""What waits, and when something is next due to happen to it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ntd.store.reports import backlog
from schemas.report import ReportQuery
from tests.fakes.report_rows import ReportRows, report_rows

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = T0 + 10 * HOUR
QUERY = ReportQuery()


@pytest.fixture
async def rows(database: str, tmp_path: Path) -> AsyncIterator[ReportRows]:
    """Open a database to write rows into."""
    async with report_rows(database, tmp_path) as opened:
        yield opened


def told(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Give the rows without their names."""
    return [tuple(row.values()) for row in report["rows"]]


async def test_rows_are_states_in_the_order_of_the_walk_with_their_attention(rows: ReportRows) -> None:
    """Attention is sorted and joined; none is null; what is gone or ended is no backlog."""
    await rows.item(T0, state="noticed")
    await rows.item(T0 + HOUR, state="noticed")
    await rows.item(T0, state="noticed", attention=["new_contact", "bounced"])
    await rows.item(T0 + 2 * HOUR, state="received")
    await rows.item(T0, state="gone", gone_at=T0)
    await rows.item(T0, state="withdrawn")
    report = await backlog(rows.store, QUERY, NOW)

    assert told(report) == [
        ("received", None, 1, 8 * 3600, None),
        ("noticed", None, 2, 10 * 3600, None),
        ("noticed", "bounced,new_contact", 1, 10 * 3600, None),
    ]
    assert report["total"] == {"items": 4, "oldest_s": 36000, "next_due_at": None}
    assert list(report) == ["report", "from", "to", "as_of", "rows", "total"]


@pytest.mark.parametrize("what", ["look", "place", "hold", "check", "follow_up", "gather", "send"])
async def test_whatever_is_due_first_is_next(rows: ReportRows, what: str) -> None:
    """Look-ups and placing of the host, the end of a hold, checks, follow-ups, gathering and sending."""
    due = T0 + 12 * HOUR
    item = await rows.item(T0, state="held" if what == "hold" else "routed", hold_until=due if what == "hold" else None)
    stay = await rows.stay(item, T0, follow_up_at=due if what == "follow_up" else due + HOUR)
    pool, recipient = rows.store.pool, await rows.recipient("abuse")
    match what:
        case "look" | "place":
            await pool.execute(f"UPDATE host SET {what}_due_at = $1", due)  # noqa: S608 -- one of two names above
        case "check":
            await pool.execute("INSERT INTO schedule (item_id, due_at) VALUES ($1, $2)", item, due)
        case "gather":
            await pool.execute(
                "INSERT INTO telling (recipient_id, item_id, kind, spell, priority, written_at, gather_at)"
                " VALUES ($1, $2, 'first', 1, 5, $3, $4)",
                recipient,
                item,
                T0,
                due,
            )
        case "send":
            await rows.notice("first", T0, [(item, stay)], state="waiting", accepted_at=None, send_at=due)
    report = await backlog(rows.store, QUERY, NOW)

    assert [row["next_due_at"] for row in report["rows"]] == ["2026-03-02T21:00:00Z"]


async def test_the_past_is_told_from_the_record_of_events(rows: ReportRows) -> None:
    """States as they were, in the order they were written at one moment; due times of then are not kept."""
    item = await rows.item(T0, state="gone", gone_at=T0 + 5 * HOUR)
    for at, event, after, attention in (
        (T0, "received", "received", None),
        (T0 + HOUR, "resolved", "routed", ["new_contact", "front_only"]),
        (T0 + HOUR, "notice_accepted", "noticed", None),
        (T0 + 2 * HOUR, "up", None, None),
        (T0 + 3 * HOUR, "answered", None, []),
        (T0 + 5 * HOUR, "gone", "gone", None),
    ):
        await rows.event(item, at, event, after, attention)
    seen = {}
    for hours in (-1, 0, 1, 4, 5):
        report = await backlog(rows.store, replace(QUERY, as_of=T0 + hours * HOUR), NOW)
        seen[hours] = told(report)

    assert seen == {
        -1: [],
        0: [("received", None, 1, 0, None)],
        1: [("noticed", "front_only,new_contact", 1, 3600, None)],
        4: [("noticed", None, 1, 4 * 3600, None)],
        5: [],
    }


async def test_the_period_takes_receipts(rows: ReportRows) -> None:
    """Half-open, like every period."""
    for hours in (0, 1, 2):
        await rows.item(T0 + hours * HOUR, state="routed")
    report = await backlog(rows.store, replace(QUERY, begin=T0 + HOUR, end=T0 + 2 * HOUR), NOW)

    assert report["total"]["items"] == 1
