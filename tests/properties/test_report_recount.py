"""Random pasts: what the database counts equals what going through them one by one counts."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntd.store.reports import sla
from schemas.report import By, ReportQuery
from tests.fakes.report_recount import StayFacts, recount
from tests.fakes.report_rows import ReportRows, report_rows

#: Each example has a stretch of time of its own, so that one database serves all of them.
FIRST = datetime(2030, 1, 1, tzinfo=UTC)
STRETCH = timedelta(days=60)
STEP = timedelta(hours=12)
STEPS = 20
PLACES = (("Alpha", 64501, "NL"), ("Alpha", 64502, "NL"), ("Beta", 64503, "MD"), ("Gamma", None, None))
NAMES = {0: "Alpha (AS 64501)", 1: "Alpha (AS 64502)", 2: "Beta", 3: "Gamma"}

later = st.integers(0, 5)


@st.composite
def moments(draw: st.DrawFn, after: timedelta) -> timedelta:
    """Draw a moment at or after another: often exactly a day later, sometimes a microsecond off."""
    return after + draw(later) * STEP + timedelta(microseconds=draw(st.sampled_from((0, 0, 0, 1))))


@st.composite
def told(draw: st.DrawFn, began: timedelta) -> dict[str, Any]:
    """Draw who was told and when it was gone."""
    told_who = draw(st.sampled_from(("hoster", "hoster", "hoster", "front", "partner", "both", "nobody", "failed")))
    facts: dict[str, Any] = {}
    if told_who in {"hoster", "both", "front"}:
        facts["noticed_at"] = draw(moments(began))
    if told_who in {"hoster", "both"}:
        facts["clock_at"] = facts["noticed_at"]
    if told_who in {"partner", "both"}:
        facts["forwarded_at"] = draw(moments(began))
    if told_who == "failed":
        facts["failed_at"] = draw(moments(began))
    if draw(st.booleans()):
        gone_at = draw(moments(draw(st.sampled_from((began, facts.get("clock_at", began))))))
        known_at = gone_at + draw(later) * STEP
        facts |= {"gone_at": gone_at, "gone_known_at": known_at, "gone_by": draw(st.sampled_from(("content", "name")))}
        facts |= {"returned_at": draw(st.none() | moments(known_at))}
    return facts


@st.composite
def chains(draw: st.DrawFn, began: timedelta, located: timedelta | None) -> list[dict[str, Any]]:
    """Draw the stays of an item one after the other: each ends by a move to the next, or as it likes."""
    stays, began_known, by = [], began, "receipt"
    for _ in range(draw(st.integers(1, 3))):
        place = None if located is None and by == "receipt" else draw(st.integers(0, 3))
        stay = {"began_at": began, "began_known_at": began_known, "began_by": by, "place": place} | draw(told(began))
        ended_by = draw(st.sampled_from((None, "relocated", "relocated", "withdrawn", "refused")))
        ended_at = draw(moments(began_known + STEP)) if ended_by else None
        stays.append(stay)
        if ended_at is None:
            break
        known_at = ended_at + draw(later) * STEP if ended_by == "relocated" else ended_at
        stay |= {"ended_at": ended_at, "ended_known_at": known_at, "ended_by": ended_by}
        if ended_by != "relocated" or place is None:
            break
        began, began_known, by = ended_at, known_at, "move"
    return stays


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an item with its stays, at one or two hosters from the beginning."""
    received = draw(st.integers(0, STEPS // 2)) * STEP
    located = draw(st.none() | moments(received) | st.just(received))
    stays = draw(chains(received, located))
    elsewhere = sorted(set(range(4)) - {stay["place"] for stay in stays})
    if located is not None and elsewhere and draw(st.booleans()):
        place = draw(st.sampled_from(elsewhere))
        beside = {"began_at": received, "began_known_at": received, "began_by": "receipt", "place": place}
        stays.append(beside | draw(told(received)))
    begins = sorted({draw(later) for _ in range(draw(st.integers(0, 2)))})
    return {
        "received": received,
        "located": located,
        "stays": stays,
        "held": [(received + begin * STEP, draw(st.none() | moments(received + begin * STEP))) for begin in begins],
        "reminders": [received + draw(later) * STEP for _ in range(draw(st.integers(0, 2)))],
        "site": draw(st.sampled_from(("a.test", "b.test"))),
        "source": draw(st.sampled_from((None, "inhope"))),
    }


TIMES = ("noticed_at", "clock_at", "forwarded_at", "failed_at", "gone_at", "gone_known_at", "returned_at", "ended_at",
         "ended_known_at", "began_at")  # fmt: skip


async def write(rows: ReportRows, number: int, item: dict[str, Any], zero: datetime) -> list[StayFacts]:
    """Write an item's past into the database, and give it as facts."""
    located = None if item["located"] is None else zero + item["located"]
    id_ = await rows.item(zero + item["received"], site=item["site"], source=item["source"])
    held = tuple((zero + begin, None if end is None else zero + end) for begin, end in item["held"])
    for spell in held:
        await rows.held(id_, *spell)
    facts = []
    for stay in item["stays"]:
        columns = {name: zero + stay[name] for name in TIMES if stay.get(name) is not None}
        columns |= {name: stay[name] for name in ("ended_by", "gone_by", "began_by") if stay.get(name)}
        place = None if stay["place"] is None else await rows.place(*PLACES[stay["place"]])
        began_known = zero + stay["began_known_at"]
        located_at = None if place is None else located if stay["began_by"] == "receipt" else began_known
        stay_id = await rows.stay(id_, place=place, began_known_at=began_known, located_at=located_at, **columns)
        reminders = tuple(zero + at for at in item["reminders"]) if stay is item["stays"][0] else ()
        for at in reminders:
            await rows.notice("reminder", at, [(id_, stay_id)])
        columns.pop("began_by")
        facts.append(
            StayFacts(
                item=number,
                began_known_at=began_known,
                located_at=located_at,
                keys=keys(item, stay, columns["began_at"]),
                held=held,
                reminders=reminders,
                **columns,
            )
        )
    return facts


def keys(item: dict[str, Any], stay: dict[str, Any], began_at: datetime) -> dict[str, Any]:
    """Give the keys of a stay by breakdown."""
    _, asn, country = PLACES[stay["place"]] if stay["place"] is not None else (None, None, None)
    hosting = {"hoster": stay["place"], "asn": asn, "country": country}
    return hosting | {"site": item["site"], "source": item["source"], "month": f"{began_at:%Y-%m}"}


def named(counted: dict[Any, dict[str, Any]], by: By) -> dict[Any, dict[str, Any]]:
    """Call the hosters of the recount as the report does: twins are told apart where both are there."""
    if by is not By.HOSTER:
        return counted
    twins = {0, 1} <= counted.keys()
    return {None if key is None else NAMES[key] if twins else NAMES[key].split(" (")[0]: row
            for key, row in counted.items()}  # fmt: skip


def approximately(row: dict[str, Any]) -> dict[str, Any]:
    """Allow the estimates, which are rounded products, their last digits."""
    return row | {"km_24h": pytest.approx(row["km_24h"])}


@pytest.fixture
def runner(database: str, tmp_path: Path) -> Any:
    """Open one database and one loop for all examples."""
    with asyncio.Runner() as loop:
        stack = AsyncExitStack()
        rows = loop.run(stack.enter_async_context(report_rows(database, tmp_path)))
        yield loop, rows
        loop.run(stack.aclose())


def test_the_report_equals_a_recount(runner: tuple[asyncio.Runner, ReportRows]) -> None:
    """For any past, any breakdown, any period and any moment of looking back."""
    loop, rows = runner
    stretches = iter(range(1_000_000))

    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(
        past=st.lists(items(), min_size=3, max_size=8),
        by=st.sampled_from([by for by in By if by is not By.SITE_TYPE]),
        begin=st.integers(0, STEPS // 2),
        as_of=st.integers(0, STEPS),
        removal=st.sampled_from((timedelta(hours=12), timedelta(hours=24), timedelta(hours=72))),
    )
    def examine(past: list[dict[str, Any]], by: By, begin: int, as_of: int, removal: timedelta) -> None:
        zero = FIRST + next(stretches) * STRETCH
        query = ReportQuery(
            by=by, begin=zero + begin * STEP, end=zero + STRETCH, as_of=zero + as_of * STEP, removal=removal
        )
        loop.run(compare(rows, past, query, zero))

    examine()


async def compare(rows: ReportRows, past: list[dict[str, Any]], query: ReportQuery, zero: datetime) -> None:
    """Write a past, report and recount it."""
    facts = [fact for number, item in enumerate(past) for fact in await write(rows, number, item, zero)]
    report = await sla(rows.store, query, zero)
    counted, total = recount(facts, query, zero)

    found = {row.pop("key"): row for row in report["rows"]}
    assert found == {key: approximately(row) for key, row in named(counted, query.by).items()}
    assert report["total"] == approximately(total)
    for column in ("items", "due", "gone", "open", "reminders"):
        assert sum(row[column] for row in found.values()) == report["total"][column]
