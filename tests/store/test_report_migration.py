"""Where sites went: paths, moves, and who went out of sight."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ntd.store.reports import migration
from schemas.report import ReportQuery
from tests.fakes.report_rows import ReportRows, report_rows

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = T0 + 300 * DAY
QUERY = ReportQuery(hotlines=frozenset({"NL", "MD", "US", "CZ"}))


@pytest.fixture
async def rows(database: str, tmp_path: Path) -> AsyncIterator[ReportRows]:
    """Open a database to write rows into."""
    async with report_rows(database, tmp_path) as opened:
        yield opened


async def journey(rows: ReportRows, site: str, *stops: str, begin: datetime = T0, **site_facts: Any) -> None:
    """Write a watched site that stood at these places, thirty days each; a place in lower case is a front."""
    await rows.site(site, **{"watched_since": begin} | site_facts)
    places = [
        await rows.place(f"Hoster {stop}", None, stop.upper(), stop if stop.islower() else None) for stop in stops
    ]
    for number, place in enumerate(places):
        arrived, left = begin + 30 * number * DAY, begin + 30 * (number + 1) * DAY
        await rows.episode(site, site, place, arrived, left if number < len(places) - 1 else None)
        if number:
            await rows.move(site, arrived, places[number - 1], place)


def told(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Give the rows without their names."""
    return [(row["path"], row["sites"], row["returned"], row["visible"]) for row in report["rows"]]


async def test_the_relocation_table_of_the_annual_report(rows: ReportRows) -> None:
    """Nineteen image hosters: six to Moldova, eight to the United States, one to Czechia, four to India and back."""
    plan = [("MD", 6), ("US", 8), ("CZ", 1)]
    names = iter(f"site{number:02}.test" for number in range(19))
    for country, count in plan:
        for _ in range(count):
            await journey(rows, next(names), "NL", country)
    for _ in range(4):
        await journey(rows, next(names), "NL", "IN", "NL")
    report = await migration(rows.store, QUERY, NOW)

    assert told(report) == [
        (["NL", "US"], 8, False, True),
        (["NL", "MD"], 6, False, True),
        (["NL", "IN", "NL"], 4, True, True),
        (["NL", "CZ"], 1, False, True),
    ]
    assert (report["sites"], report["stayed"], report["out_of_sight"]) == (19, 0, 0)
    assert report["total"] == {"sites": 19}
    assert len(report["moves"]) == 23


async def test_a_site_in_a_country_without_hotline_is_out_of_sight(rows: ReportRows) -> None:
    """Whether it moved there or always was there; where nothing is known nothing is said."""
    await journey(rows, "moved.test", "NL", "SC")
    await journey(rows, "always.test", "SC")
    await journey(rows, "here.test", "NL")
    await journey(rows, "hidden.test", "us")
    report = await migration(rows.store, QUERY, NOW)

    assert told(report) == [(["NL", "SC"], 1, False, False)]
    assert (report["sites"], report["stayed"], report["out_of_sight"]) == (4, 3, 2)


async def test_a_front_adds_nothing_and_repetitions_are_dropped(rows: ReportRows) -> None:
    """While only a front is known the country is unknown; the same country again is no new stop."""
    await journey(rows, "hidden.test", "NL", "us", "MD")
    await journey(rows, "same.test", "NL", "us", "NL")
    await journey(rows, "behind.test", "us", "NL", "SC")
    report = await migration(rows.store, QUERY, NOW)

    assert told(report) == [(["NL", "MD"], 1, False, True), (["NL", "SC"], 1, False, False)]
    assert report["stayed"] == 1
    fronted = next(move for move in report["moves"] if move["to"]["front"])
    assert fronted["to"] == {"country": None, "asn": None, "hoster": "Hoster us", "front": "us"}


@pytest.mark.parametrize(
    ("since", "paths"),
    [
        (T0, ["NL", "IN", "MD", "NL"]),
        (T0 + 10 * DAY, ["NL", "IN", "MD", "NL"]),
        (T0 + 45 * DAY, ["IN", "MD", "NL"]),
        (T0 + 75 * DAY, ["MD", "NL"]),
        (T0 - 99 * DAY, ["NL", "IN", "MD", "NL"]),
    ],
)
async def test_a_path_begins_with_the_place_at_since(rows: ReportRows, since: datetime, paths: list[str]) -> None:
    """Or with its first place after; moves are those since."""
    await journey(rows, "img.test", "NL", "IN", "MD", "NL")
    report = await migration(rows.store, replace(QUERY, since=since), NOW)

    assert [row["path"] for row in report["rows"]] == [paths]
    assert len(report["moves"]) == len(paths) - 1


async def test_after_the_last_move_it_has_stayed(rows: ReportRows) -> None:
    """A site that moved before `since` and not after stays where it went."""
    await journey(rows, "img.test", "NL", "SC")
    report = await migration(rows.store, replace(QUERY, since=T0 + 40 * DAY), NOW)

    assert (report["rows"], report["stayed"], report["out_of_sight"], report["moves"]) == ([], 1, 1, [])


async def test_country_and_label_choose_sites(rows: ReportRows) -> None:
    """`--country` filters on where the path begins, `--label` on the policy staff's own word."""
    await journey(rows, "a.test", "NL", "MD", label="image hosters 2021")
    await journey(rows, "b.test", "NL", "US")
    await journey(rows, "c.test", "MD", "NL", label="image hosters 2021")
    dutch = await migration(rows.store, replace(QUERY, country="NL"), NOW)
    labelled = await migration(rows.store, replace(QUERY, label="image hosters 2021"), NOW)

    assert [row["path"] for row in dutch["rows"]] == [["NL", "MD"], ["NL", "US"]]
    assert [move["site"] for move in dutch["moves"]] == ["a.test", "b.test"]
    assert [row["path"] for row in labelled["rows"]] == [["MD", "NL"], ["NL", "MD"]]


async def test_a_move_is_known_at_its_confirmation_and_only_whole_sites_move(rows: ReportRows) -> None:
    """Before that the site has stayed; the move of one host of it is not the site's."""
    await rows.site("img.test", watched_since=T0)
    old, new = await rows.place("Alpha", 64501, "NL"), await rows.place("Beta", 64502, "MD")
    await rows.episode("img.test", "img.test", old, T0)
    await rows.move("img.test", T0 + 2 * DAY, old, new, known_at=T0 + 3 * DAY, kind="country", items=7)
    await rows.move("img.test", T0 + DAY, old, new, host_id=await rows.host("img.test", "img.test"))
    before = await migration(rows.store, replace(QUERY, as_of=T0 + 2.5 * DAY), NOW)
    after = await migration(rows.store, replace(QUERY, as_of=T0 + 3 * DAY), NOW)

    assert (before["rows"], before["stayed"], before["moves"]) == ([], 1, [])
    assert [row["path"] for row in after["rows"]] == [["NL", "MD"]]
    assert after["moves"] == [
        {
            "site": "img.test",
            "seen_old_until": "2026-01-02T23:00:00Z",
            "seen_new_from": "2026-01-03T00:00:00Z",
            "from": {"country": "NL", "asn": 64501, "hoster": "Alpha", "front": None},
            "to": {"country": "MD", "asn": 64502, "hoster": "Beta", "front": None},
            "kind": "country",
            "items": 7,
        }
    ]


async def test_sites_with_items_are_followed_too_and_others_are_not(rows: ReportRows) -> None:
    """A site that is neither watched nor has items is nobody's concern; one with items from the first on."""
    await rows.item(T0 + DAY, site="items.test")
    await rows.site("nobody.test")
    await rows.site("later.test", watched_since=T0 + 5 * DAY)

    assert (await migration(rows.store, QUERY, NOW))["sites"] == 2
    assert (await migration(rows.store, replace(QUERY, as_of=T0 + 2 * DAY), NOW))["sites"] == 1
    assert (await migration(rows.store, replace(QUERY, as_of=T0), NOW))["sites"] == 0
