"""Holding a daemon against the table: each thing that can be wrong is found."""

from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from ntd.lab.verify import (
    check_answers,
    check_arrivals,
    check_item,
    check_ledger,
    check_migration,
    check_sla,
    check_times,
    check_turns,
    within,
)
from ntd.lab.world import Item, World, read_world

WORLD = read_world(files("ntd.lab").joinpath("scenarios.toml").read_text(encoding="utf-8"))
MESSAGE_ID = "<0193@hotline.example>"


def row(url: str) -> Item:
    """Give one row of the shipped table."""
    return next(item for item in WORLD.items if item.url == url)


def told(kind: str = "first", state: str = "accepted") -> dict[str, Any]:
    """Write a notice of a story."""
    return {
        "kind": kind,
        "state": state,
        "channel": "mail",
        "message_id": MESSAGE_ID,
        "accepted_at": "2026-11-20T12:00:04Z",
    }


def story(**changes: Any) -> dict[str, Any]:
    """Write the story of an item that was told once and is gone."""
    clock = {
        "gone_by": "content",
        "last_up_at": "2026-11-20T12:00:05Z",
        "gone_at": "2026-11-20T12:00:07Z",
    }
    return {
        "state": "gone",
        "attention": [],
        "notices": [told()],
        "forwards": [],
        "relocations": [],
        "clock": clock,
        "checks": {"count": 4, "last": {"verdict": "gone"}},
        **changes,
    }


def ledger(**changes: Any) -> dict[str, Any]:
    """Write the ledger of a lab that took one mail about one page."""
    url = "http://img.pictures.test:8080/i/02.jpg"
    letter = {"message_id": MESSAGE_ID, "items": {"0193": url}, "xarf": [url], "faults": []}
    pages = {"img.pictures.test/i/02.jpg": [{"at": "2026-11-20T12:00:00Z"}, {"at": "2026-11-20T12:00:06Z"}]}
    mail = {"to": "abuse@polder.example", "outcome": "taken", "letter": letter, "sha256": "00"}
    nothing: dict[str, Any] = {"reports": [], "forwards": [], "said": [], "requests": {}}
    return {"now": "2026-11-20T12:01:00Z", "mails": [mail], "pages": pages, **nothing, **changes}


GONE = row("img.pictures.test/i/02.jpg")


def test_what_ended_as_told_has_no_mismatch() -> None:
    """A story, a ledger and a row that agree leave nothing to say."""
    assert check_item(GONE, story()) == []
    assert check_times(GONE, story(), ledger()) == []
    assert check_arrivals(GONE, story(), ledger()) == []
    assert check_ledger(WORLD, ledger()) == []


def test_closed_is_gone_whose_last_look_is_over() -> None:
    """A row that says gone is content with closed, a row that says closed is not content with gone."""
    assert check_item(GONE, story(state="closed")) == []
    assert [one.what for one in check_item(row("img.pictures.test/i/01.jpg"), story())] == ["state"]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"state": "noticed"}, "state"),
        ({"attention": ["no_contact"]}, "attention"),
        ({"notices": []}, "notices of kind first"),
        ({"notices": [told(), told()]}, "notices of kind first"),
        ({"notices": [told(), told("reminder")]}, "notices of kind reminder"),
        ({"notices": [told(state="failed")]}, "notices of kind first"),
        ({"forwards": [{"partner": "md-lab", "state": "accepted", "outcome": "accepted", "id": "1"}]}, "forwards"),
        ({"relocations": [{"kind": "country"}]}, "relocations"),
    ],
)
def test_each_part_of_a_row_is_held(changes: dict[str, Any], what: str) -> None:
    """One thing too many or too few is named."""
    assert what in [one.what for one in check_item(GONE, story(**changes))]


def test_a_message_that_nobody_has_yet_counts_for_nothing() -> None:
    """Waiting and struck messages are neither sent nor missing."""
    waiting = story(notices=[told(), told("reminder", "waiting"), told("reminder", "struck")])

    assert check_item(GONE, waiting) == []


def test_a_removal_must_lie_around_the_moment_of_removal() -> None:
    """Gone long before the page went, or up long after it, is a mismatch."""
    early = story(clock={"gone_by": "content", "last_up_at": "2026-11-20T12:00:00Z", "gone_at": "2026-11-20T12:00:01Z"})
    late = story(clock={"gone_by": "content", "last_up_at": "2026-11-20T12:00:20Z", "gone_at": "2026-11-20T12:00:21Z"})

    assert [one.what for one in check_times(GONE, early, ledger())] == ["removal"]
    assert [one.what for one in check_times(GONE, late, ledger())] == ["removal"]


TURNS = replace(GONE, ending=replace(GONE.ending, turns=("gone 1",)))


@pytest.mark.parametrize(
    ("history", "right"),
    [
        ([("received", "11:59:00"), ("gone", "12:00:09")], True),
        ([], False),
        ([("returned", "12:00:09")], False),
        ([("gone", "12:00:05")], False),
        ([("gone", "12:00:27")], False),
        ([("gone", "12:00:09"), ("returned", "12:00:12")], False),
    ],
    ids=["soon after", "never", "another", "before", "late", "and back"],
)
def test_turns_follow_from_the_steps_of_the_page(history: list[tuple[str, str]], *, right: bool) -> None:
    """Each turn comes after the step that it follows from, within twenty seconds, and there are no others."""
    told = story(history=[{"event": event, "at": f"2026-11-20T{at}Z"} for event, at in history])

    assert [one.what for one in check_turns(TURNS, told, ledger())] == ([] if right else ["turns"])


def test_turns_that_no_row_asks_for_are_not_looked_at() -> None:
    """A row without turns is content with any; a step that its page never took fits no turn."""
    far = replace(GONE, ending=replace(GONE.ending, turns=("gone 7",)))
    told = story(history=[{"event": "gone", "at": "2026-11-20T12:00:09Z"}])

    assert check_turns(GONE, told, ledger()) == []
    assert [one.what for one in check_turns(far, told, ledger())] == ["turns"]


def test_a_mail_must_arrive_and_no_other_may() -> None:
    """An acceptance without a mail, and a mail without an acceptance, are both found."""
    lost = check_arrivals(GONE, story(), ledger(mails=[]))
    extra = check_arrivals(GONE, story(notices=[]), ledger())

    assert [(one.what, one.seen) for one in lost] == [("mails that the story calls accepted", "1 did not arrive")]
    assert [(one.what, one.seen) for one in extra] == [("mails that arrived", "1 more")]


def test_what_is_held_is_not_touched() -> None:
    """One request for a held item's page is one too many."""
    held = row("img.pictures.test/i/10.jpg")
    found = check_arrivals(held, story(notices=[]), ledger(mails=[], requests={held.url: 1}))

    assert [(one.what, one.seen) for one in found] == [("requests for the page", "1")]


def test_the_whole_ledger_is_held() -> None:
    """Strangers, broken promises of form, changed bytes, wrong XARF and answers turned away are found."""
    url = "http://img.pictures.test:8080/i/15.jpg"
    letter = {"message_id": MESSAGE_ID, "items": {"1": url}, "xarf": [url], "faults": ["carries content"]}
    mails = [
        {"to": "a@b.example", "outcome": "stranger", "letter": None, "sha256": ""},
        {"to": "abuse@polder.example", "outcome": "taken", "letter": letter, "sha256": "00"},
        {"to": "abuse@polder.example", "outcome": "taken", "letter": letter, "sha256": "01"},
    ]
    said = [{"action": "moved", "status": 404}]
    found = check_ledger(WORLD, ledger(mails=mails, said=said, reports=[{"outcome": "malformed", "url": ""}]))

    whats = {one.what for one in found}
    assert whats == {
        "form",
        "unknown recipients",
        "outcomes",
        "turned away",
        "Message-IDs with different bytes",
        "XARF",
    }


def test_answers_are_held_line_by_line() -> None:
    """A line too few, a wrong outcome and a refusal that does not name the fault are found."""
    good: list[dict[str, Any]] = [{"outcome": "accepted", "error": None} for _ in WORLD.items]
    bad: list[dict[str, Any]] = [
        {"outcome": line.answer, "error": f"{line.says} is wrong" if line.says else None} for line in WORLD.lines
    ]
    silent = [*bad[:-1], {"outcome": "refused", "error": "no"}]

    assert check_answers(WORLD, good + bad) == []
    assert len(check_answers(WORLD, good + silent)) == 1
    assert len(check_answers(WORLD, good)) == 1


def right_sla(world: World) -> dict[str, Any]:
    """Write the report that the table asks for."""
    rows = []
    for site in {one.site: one for one in world.stories if one.items}.values():
        outcomes = [outcome for item in site.items for outcome in item.ending.outcomes]
        figures = {outcome: outcomes.count(outcome) for outcome in outcomes}
        rows.append({"key": site.site, "items": len(outcomes), **figures})
    keys = {key for one in rows for key in one if key != "key"}
    return {"rows": rows, "total": {key: sum(one.get(key, 0) for one in rows) for key in keys}}


def test_the_sla_report_is_held_by_site() -> None:
    """Outcomes of every site, and a total that is the sum of its rows."""
    right = right_sla(WORLD)
    wrong = right_sla(WORLD)
    wrong["rows"][0]["gone"] = wrong["rows"][0].get("gone", 0) + 1

    assert check_sla(WORLD, right) == []
    assert {one.what for one in check_sla(WORLD, wrong)} == {"outcomes", "total"}


def test_the_migration_report_is_held_by_path() -> None:
    """A path that nobody took is found."""
    paths = [story.path for story in WORLD.stories if len(story.path) > 1]
    right = {"rows": [{"path": list(path), "sites": paths.count(path)} for path in set(paths)]}

    assert check_migration(WORLD, right) == []
    assert len(check_migration(WORLD, {"rows": right["rows"][1:]})) == 1


@pytest.mark.parametrize(
    ("count", "span", "inside"),
    [(0, "0", True), (1, "0", False), (1, "1+", True), (0, "1+", False), (2, "0-1", False), (1, "0-1", True)],
)
def test_spans(count: int, span: str, *, inside: bool) -> None:
    """A number, at least a number, or from one to another."""
    assert within(count, span) is inside
