"""The removal figures, case by case; tests/properties/test_report_recount.py compares them with a recount."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ntd.store.reports import sla
from schemas.report import By, ReportQuery
from tests.fakes.report_rows import ReportRows, report_rows

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
NOW = T0 + 40 * DAY
QUERY = ReportQuery(by=By.COUNTRY)
OUTCOMES = ("gone", "open", "forwarded", "relocated", "gone_before_notice", "refused", "withdrawn", "unreachable")


@pytest.fixture
async def rows(database: str, tmp_path: Path) -> AsyncIterator[ReportRows]:
    """Open a database to write rows into."""
    async with report_rows(database, tmp_path) as opened:
        yield opened


async def one_stay(rows: ReportRows, began_at: datetime = T0, *, site: str = "img.test", **columns: Any) -> None:
    """Write an item with one stay at a hoster in the Netherlands."""
    item = await rows.item(began_at, site=site)
    await rows.stay(item, began_at, await rows.place("Alpha", 64501, "NL"), **columns)


async def total(rows: ReportRows, query: ReportQuery = QUERY, now: datetime = NOW) -> dict[str, Any]:
    """Give the total of the report."""
    report = await sla(rows.store, query, now)
    found: dict[str, Any] = report["total"]
    return found


def outcome(figures: dict[str, Any]) -> str:
    """Give the outcome of the only stay there is."""
    counted = {name: figures[name] for name in OUTCOMES}
    assert sum(counted.values()) == figures["items"] == 1
    return max(counted, key=lambda name: counted[name])


AFTER: dict[str, Any] = {"clock_at": T0 + HOUR, "noticed_at": T0 + HOUR}
GONE: dict[str, Any] = {"gone_at": T0 + 2 * HOUR, "gone_known_at": T0 + 3 * HOUR}


MOVED = {"ended_at": T0 + 5 * HOUR, "ended_by": "relocated"}
REFUSED = {"ended_at": T0 + 5 * HOUR, "ended_by": "refused"}
WITHDRAWN = {"ended_at": T0 + 5 * HOUR, "ended_by": "withdrawn"}
TOO_LATE = {"clock_at": T0 + 2.5 * HOUR, "noticed_at": T0 + 2.5 * HOUR}
FORWARDED = {"forwarded_at": T0}
FAILED = {"failed_at": T0}
BACK = {"ended_at": T0 + 5 * DAY, "ended_by": "returned", "returned_at": T0 + 5 * DAY}
REOPENED = {"ended_at": T0 + 5 * DAY, "ended_by": "reopened"}
CASES: list[tuple[dict[str, Any], str, int]] = [
    ({}, "open", 0),
    (AFTER, "open", 1),
    (AFTER | GONE, "gone", 1),
    (GONE, "gone_before_notice", 0),
    (GONE | TOO_LATE, "gone_before_notice", 0),
    (GONE | FAILED, "gone_before_notice", 0),
    (GONE | {"noticed_at": T0}, "gone_before_notice", 0),
    (FORWARDED, "forwarded", 0),
    (FORWARDED | FAILED, "forwarded", 0),
    (FORWARDED | GONE, "forwarded", 0),
    (FORWARDED | AFTER, "open", 1),
    (FORWARDED | {"noticed_at": T0}, "open", 0),
    (FAILED, "unreachable", 0),
    (FAILED | {"noticed_at": T0}, "open", 0),
    (AFTER | MOVED, "relocated", 1),
    (FORWARDED | MOVED, "relocated", 0),
    (FORWARDED | REFUSED, "refused", 0),
    (AFTER | GONE | WITHDRAWN, "withdrawn", 1),
    (AFTER | GONE | BACK, "gone", 1),
    (AFTER | GONE | REOPENED, "gone", 1),
]


async def test_the_outcome_is_the_first_that_applies(rows: ReportRows) -> None:
    """Withdrawn, refused, relocated, a running clock, forwarded, unreachable, gone before notice, open."""
    for number, (columns, _, _) in enumerate(CASES):
        await one_stay(rows, site=f"{number:02}.test", **columns)
    report = await sla(rows.store, replace(QUERY, by=By.SITE), NOW)

    found = [(row["key"], outcome(row), row["measured"]) for row in report["rows"]]
    assert found == [(f"{number:02}.test", expected, ran) for number, (_, expected, ran) in enumerate(CASES)]


@pytest.mark.parametrize(
    ("gone_after", "within", "share"),
    [
        (DAY, 1, 1.0),
        (DAY + timedelta(microseconds=1), 0, 0.0),
        (timedelta(0), 1, 1.0),
    ],
)
async def test_twenty_four_hours_sharp_is_within(
    rows: ReportRows, gone_after: timedelta, within: int, share: float
) -> None:
    """Bounds are inclusive, to the microsecond."""
    await one_stay(rows, clock_at=T0, noticed_at=T0, gone_at=T0 + gone_after)
    figures = await total(rows)

    assert figures["within"]["24h"] == within
    assert (figures["due"], figures["share_24h"], figures["km_24h"]["share"]) == (1, share, share)
    assert figures["median_s"] == figures["p90_s"] == figures["km_median_s"] == gone_after.total_seconds()


DUE: list[tuple[dict[str, Any], int]] = [
    ({}, 1),
    ({"clock_at": NOW - DAY}, 0),
    ({"clock_at": NOW - DAY - timedelta(microseconds=1)}, 1),
    ({"ended_at": T0 + 12 * HOUR, "ended_by": "relocated"}, 0),
    ({"ended_at": T0 + DAY, "ended_by": "relocated"}, 0),
    ({"ended_at": T0 + DAY + timedelta(microseconds=1), "ended_by": "relocated"}, 1),
    ({"ended_at": T0 + 3 * DAY, "ended_by": "refused"}, 0),
    ({"ended_at": T0 + 3 * DAY, "ended_by": "withdrawn"}, 0),
]


async def test_due_is_whose_24_hours_are_decided(rows: ReportRows) -> None:
    """Gone in time or a clock that ran longer; never what was refused or withdrawn."""
    for number, (columns, _) in enumerate(DUE):
        await one_stay(rows, site=f"{number}.test", **{"clock_at": T0, "noticed_at": T0} | columns)
    report = await sla(rows.store, replace(QUERY, by=By.SITE), NOW)

    found = [(row["measured"], row["due"], row["share_24h"]) for row in report["rows"]]
    assert found == [(1, due, 0.0 if due else None) for _, due in DUE]


async def test_the_own_promise_is_counted_beside_the_24_hours(rows: ReportRows) -> None:
    """`due_sla` and `share_sla` follow sla.removal; `share_24h` always is 24 h."""
    for hours in (1, 3, 30):
        await one_stay(rows, clock_at=T0, noticed_at=T0, gone_at=T0 + hours * HOUR)
    await one_stay(rows, began_at=NOW - 3 * HOUR, clock_at=NOW - 3 * HOUR)
    figures = await total(rows, replace(QUERY, removal=2 * HOUR))

    assert (figures["due"], figures["within"]["24h"], figures["share_24h"]) == (3, 2, 2 / 3)
    assert (figures["due_sla"], figures["within_sla"], figures["share_sla"]) == (4, 1, 0.25)


async def test_quantiles_are_times_that_occurred(rows: ReportRows) -> None:
    """percentile_disc, over those that are gone; the open one counts in the Kaplan–Meier figures only."""
    for hours in (1, 2, 50, 100):
        await one_stay(rows, clock_at=T0, noticed_at=T0, gone_at=T0 + hours * HOUR)
    await one_stay(rows, clock_at=T0 + 1.5 * HOUR, noticed_at=T0)
    figures = await total(rows, replace(QUERY, as_of=T0 + 200 * HOUR))

    assert (figures["median_s"], figures["p90_s"]) == (7200, 360000)
    assert figures["within"] == {"24h": 2, "48h": 2, "3d": 3, "7d": 4, "28d": 4}
    assert figures["km_median_s"] == 180000
    assert figures["km_24h"]["share"] == pytest.approx(0.4)


async def test_a_report_of_the_past_knows_only_what_was_known_then(rows: ReportRows) -> None:
    """Gone counts from its confirmation on, and an earlier report says today what it said then."""
    await one_stay(rows, **AFTER, gone_at=T0 + 10 * HOUR, gone_known_at=T0 + 12 * HOUR, returned_at=T0 + 9 * DAY)
    states = {}
    for hours in (0, 1, 11, 12, 9 * 24):
        figures = await total(rows, replace(QUERY, as_of=T0 + hours * HOUR))
        states[hours] = (outcome(figures), figures["measured"], figures["oldest_open_s"], figures["returned"])

    assert states == {
        0: ("open", 0, None, 0),
        1: ("open", 1, 0, 0),
        11: ("open", 1, 36000, 0),
        12: ("gone", 1, None, 0),
        9 * 24: ("gone", 1, None, 1),
    }


async def test_a_move_is_known_at_its_confirmation(rows: ReportRows) -> None:
    """Until then the item has one stay, at the old hoster; from then on two, and the old clock stopped at the move."""
    item = await rows.item(T0)
    old, new = await rows.place("Alpha", 64501, "NL"), await rows.place("Beta", 64502, "MD")
    end = {"ended_at": T0 + 5 * HOUR, "ended_by": "relocated", "ended_known_at": T0 + 6 * HOUR}
    await rows.stay(item, T0, old, clock_at=T0, noticed_at=T0, **end)
    await rows.stay(item, T0 + 5 * HOUR, new, began_by="move", began_known_at=T0 + 6 * HOUR)
    before = await sla(rows.store, replace(QUERY, as_of=T0 + 5.5 * HOUR), NOW)
    after = await sla(rows.store, replace(QUERY, as_of=T0 + 6 * HOUR), NOW)

    assert [(row["key"], row["open"], row["relocated"]) for row in before["rows"]] == [("NL", 1, 0)]
    assert [(row["key"], row["open"], row["relocated"]) for row in after["rows"]] == [("MD", 1, 0), ("NL", 0, 1)]
    assert before["total"]["oldest_open_s"] == 5.5 * 3600


async def test_a_hoster_that_joined_is_known_at_its_confirmation(rows: ReportRows) -> None:
    """The further stay begins with the first look that showed the hoster and counts from the second."""
    item = await rows.item(T0)
    old, new = await rows.place("Alpha", 64501, "NL"), await rows.place("Beta", 64502, "MD")
    await rows.stay(item, T0, old)
    await rows.stay(item, T0 + HOUR, new, began_by="joined", began_known_at=T0 + 3 * HOUR)

    assert (await total(rows, replace(QUERY, as_of=T0 + 2 * HOUR)))["items"] == 1
    assert (await total(rows, replace(QUERY, as_of=T0 + 3 * HOUR)))["items"] == 2


async def test_before_it_was_located_an_item_had_one_stay_without_keys(rows: ReportRows) -> None:
    """The hosters found take over its beginning; a report of the time before counts one, of which nothing is known."""
    item = await rows.item(T0)
    for name, country in (("Alpha", "NL"), ("Beta", "MD")):
        await rows.stay(item, T0, await rows.place(name, None, country), located_at=T0 + HOUR)
    before = await sla(rows.store, replace(QUERY, as_of=T0), NOW)
    after = await sla(rows.store, QUERY, NOW)

    assert [(row["key"], row["items"]) for row in before["rows"]] == [(None, 1)]
    assert [(row["key"], row["items"]) for row in after["rows"]] == [("MD", 1), ("NL", 1)]


async def test_the_clock_of_a_copied_item_runs_from_receipt(rows: ReportRows) -> None:
    """Located or not: another notifier has told the hoster before. A return of it begins like any other."""
    item = await rows.item(T0, copied_from="c3p", resolved_at=None)
    await rows.stay(item, T0)
    place = await rows.place("Alpha", 64501, "NL")
    returned = await rows.item(T0, copied_from="c3p")
    await rows.stay(returned, T0, place, clock_at=T0, noticed_at=T0, gone_at=T0 + HOUR)
    await rows.stay(returned, T0 + DAY, place, began_by="return")
    report = await sla(rows.store, QUERY, NOW)

    found = [(row["key"], row["items"], row["measured"], row["due"], row["oldest_open_s"]) for row in report["rows"]]
    assert found == [("NL", 2, 1, 1, None), (None, 1, 1, 1, 40 * 86400)]


async def test_the_period_takes_stays_by_their_beginning_half_open(rows: ReportRows) -> None:
    """The first moment of the period is in, the first moment after it is out."""
    for began in (T0 - timedelta(microseconds=1), T0, T0 + DAY - timedelta(microseconds=1), T0 + DAY):
        await one_stay(rows, began_at=began)

    assert (await total(rows, replace(QUERY, begin=T0, end=T0 + DAY)))["items"] == 2
    assert (await total(rows, replace(QUERY, begin=T0)))["items"] == 3
    assert (await total(rows, replace(QUERY, end=T0)))["items"] == 1


async def test_two_hosters_of_one_name_are_told_apart_by_their_as(rows: ReportRows) -> None:
    """Rows are grouped by the hoster, not by its name, and come by items, then by key."""
    for name, asn, items in (("Alpha", 64501, 1), ("Alpha", 64502, 3), ("Beta", 64503, 1)):
        place = await rows.place(name, asn, "NL")
        for _ in range(items):
            await rows.stay(await rows.item(T0), T0, place)
    await rows.stay(await rows.item(T0), T0)
    report = await sla(rows.store, replace(QUERY, by=By.HOSTER), NOW)

    keys = [(row["key"], row["items"]) for row in report["rows"]]
    assert keys == [("Alpha (AS 64502)", 3), ("Alpha (AS 64501)", 1), ("Beta", 1), (None, 1)]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (By.HOSTER, ["Alpha", "Beta"]),
        (By.ASN, [64501, None]),
        (By.COUNTRY, ["MD", "NL"]),
        (By.SITE, ["a.test", "b.test"]),
        (By.SITE_TYPE, ["imagehost", None]),
        (By.SOURCE, ["inhope", None]),
        (By.MONTH, ["2026-02", "2026-03"]),
    ],
)
async def test_every_breakdown_has_its_keys(rows: ReportRows, by: By, keys: list[Any]) -> None:
    """The AS is the bare number, the month that of the beginning in UTC, nothing known is null."""
    one = await rows.item(datetime(2026, 2, 28, 23, 59, tzinfo=UTC), site="a.test", site_type="imagehost")
    await rows.stay(one, datetime(2026, 2, 28, 23, 59, tzinfo=UTC), await rows.place("Alpha", 64501, "MD"))
    two = await rows.item(datetime(2026, 3, 1, tzinfo=UTC), site="b.test", source="inhope")
    await rows.stay(two, datetime(2026, 3, 1, tzinfo=UTC), await rows.place("Beta", None, "NL"))
    report = await sla(rows.store, replace(QUERY, by=by), NOW)

    assert [row["key"] for row in report["rows"]] == keys
    assert report["by"] == by.value


async def test_held_time_is_told_and_not_deducted(rows: ReportRows) -> None:
    """Only what lies inside the stay counts; a hold that lasts counts up to the report."""
    item = await rows.item(T0)
    place = await rows.place("Alpha", 64501, "NL")
    await rows.stay(item, T0, place, clock_at=T0, noticed_at=T0, gone_at=T0 + 10 * HOUR)
    await rows.held(item, T0 - HOUR, T0 + 2 * HOUR)
    await rows.held(item, T0 + 4 * HOUR, T0 + 5 * HOUR)
    await rows.held(item, T0 + 9 * HOUR, None)
    figures = await total(rows)

    assert (figures["held_s"], figures["median_s"]) == (4 * 3600, 36000)


async def test_reminders_are_counted_per_item_once_accepted(rows: ReportRows) -> None:
    """What only a dry run accepted, what failed and what comes later does not count."""
    items = [await rows.item(T0) for _ in range(3)]
    stays = [await rows.stay(item, T0, await rows.place("Alpha", 64501, "NL")) for item in items]
    pairs = list(zip(items, stays, strict=True))
    await rows.notice("reminder", T0 + DAY, pairs)
    await rows.notice("reminder", T0 + 2 * DAY, pairs[:1])
    await rows.notice("reminder", T0 + 2 * DAY, pairs[:1], dry_run=True, voided_at=T0 + 3 * DAY)
    await rows.notice("reminder", T0 + 2 * DAY, pairs[:1], state="failed", accepted_at=None)
    await rows.notice("first", T0 + 2 * DAY, pairs[:1])

    assert (await total(rows))["reminders"] == 4
    assert (await total(rows, replace(QUERY, as_of=T0 + DAY)))["reminders"] == 3


async def test_bounds_tell_the_other_end_of_the_removal_interval(rows: ReportRows) -> None:
    """Asked for, the figures are also told as if each removal had come right after the last `up`."""
    await one_stay(rows, clock_at=T0, noticed_at=T0, last_up_at=T0 + 23 * HOUR, gone_at=T0 + 25 * HOUR)
    await one_stay(rows, clock_at=T0, noticed_at=T0, last_up_at=T0 - HOUR, gone_at=T0 + 3 * HOUR)
    await one_stay(rows, clock_at=T0, noticed_at=T0, gone_at=T0 + 3 * HOUR)
    asked = await total(rows, replace(QUERY, bounds=True))

    assert (asked["within"]["24h"], asked["share_24h"], asked["p90_s"]) == (2, 2 / 3, 90000)
    assert asked["earliest"] == {
        "within": {"24h": 3, "48h": 3, "3d": 3, "7d": 3, "28d": 3},
        "share_24h": 1.0,
        "share_sla": 1.0,
        "median_s": 0,
        "p90_s": 82800,
    }
    assert "earliest" not in await total(rows)


async def test_a_name_taken_away_is_told_apart(rows: ReportRows) -> None:
    """`gone_name` is a part of `gone`, not the hoster's merit."""
    await one_stay(rows, **AFTER, **GONE, gone_by="name")
    await one_stay(rows, **AFTER, **GONE)
    figures = await total(rows)

    assert (figures["gone"], figures["gone_name"]) == (2, 1)


async def test_over_nothing_there_are_no_shares(rows: ReportRows) -> None:
    """Shares and quantiles over nothing are null, counts are 0, and the report still says when it was made."""
    report = await sla(rows.store, QUERY, NOW)

    assert (report["rows"], report["as_of"]) == ([], "2026-04-11T09:00:00Z")
    figures = report["total"]
    absent = ("share_24h", "share_sla", "median_s", "p90_s", "km_median_s", "oldest_open_s")
    assert {figures[name] for name in absent} == {None}
    assert figures["km_24h"] == {"share": None, "low": None, "high": None}
    assert (figures["items"], figures["due"], figures["held_s"], figures["small"]) == (0, 0, 0, True)


async def test_ten_due_are_no_longer_small(rows: ReportRows) -> None:
    """`small` warns of a share over fewer than ten."""
    for _ in range(9):
        await one_stay(rows, **AFTER, **GONE)
    nine = await total(rows)
    await one_stay(rows, **AFTER, **GONE)

    assert (nine["due"], nine["small"]) == (9, True)
    assert (await total(rows))["small"] is False
