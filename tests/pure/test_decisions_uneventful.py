"""Rounds that change nothing leave a count and two times, and whatever changes anything else is none of them."""

from dataclasses import replace
from datetime import datetime

import pytest

from ntd.case import Case, Step
from ntd.checking import Judged, settle
from ntd.uneventful import uneventful
from schemas.check import Meaning
from schemas.item import Attention, State
from tests.fakes.decisions_case import (
    BLOCKED,
    CHANGED,
    DOWN,
    HERE,
    HOUR,
    MINUTE,
    NOON,
    THERE,
    UNKNOWN,
    UP,
    gone_at,
    located,
    seen,
    told_at,
    world,
)


def look(case: Case, *meanings: Meaning, at: datetime) -> Step:
    """Look once; a meaning for each open stay in its order."""
    by_stay = dict(zip((stay.id for stay in case.open), meanings, strict=False))
    judged = Judged(round=seen(meanings[0], at), by_stay=by_stay, next_at=at + HOUR)
    return settle(case, judged, world(HERE, THERE), at)


def test_up_after_up_leaves_a_count_and_when() -> None:
    """The second look that finds the same is uneventful, and says when every place was up."""
    first = look(told_at(located(HERE), NOON), UP, at=NOON + HOUR).case
    step = look(first, UP, at=NOON + 2 * HOUR)
    left = uneventful(first, step)

    assert left is not None
    assert (left.checks, left.at, left.up_at, left.next_at) == (2, NOON + 2 * HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR)


def test_the_same_doubt_again_says_nothing_about_up() -> None:
    """A second `unknown` in a row is counted, and leaves no time at which anything was up."""
    first = look(look(told_at(located(HERE), NOON), UP, at=NOON).case, UNKNOWN, at=NOON + HOUR).case
    left = uneventful(first, look(first, UNKNOWN, at=NOON + 2 * HOUR))

    assert left is not None
    assert (left.checks, left.up_at) == (3, None)


@pytest.mark.parametrize("then", [DOWN, CHANGED, BLOCKED, UNKNOWN])
def test_another_verdict_is_an_event(then: Meaning) -> None:
    """What differs from the round before is written where it belongs."""
    first = look(told_at(located(HERE), NOON), UP, at=NOON).case
    assert uneventful(first, look(first, then, at=NOON + HOUR)) is None


def test_each_round_of_a_run_is_an_event() -> None:
    """Rounds of a run are counted on the stay."""
    first = look(look(told_at(located(HERE), NOON), UP, at=NOON).case, DOWN, at=NOON + HOUR).case
    assert uneventful(first, look(first, DOWN, at=NOON + HOUR + MINUTE)) is None


def test_up_at_one_of_two_places_is_an_event() -> None:
    """Only a round that saw every place up is told by one time."""
    case = located(HERE, THERE)
    first = look(case, UP, UP, at=NOON).case
    assert uneventful(first, look(first, UP, UNKNOWN, at=NOON + HOUR)) is None
    assert uneventful(first, look(first, UP, UP, at=NOON + HOUR)) is not None


def test_what_ends_or_opens_is_an_event() -> None:
    """A step without a next look, another stay, or another word about the item is more than a count."""
    first = look(told_at(located(HERE), NOON), UP, at=NOON).case
    step = look(first, UP, at=NOON + HOUR)
    other = replace(step.case.item, attention=frozenset({Attention.BLOCKED}))

    assert uneventful(first, replace(step, check_at=None)) is None
    assert uneventful(first, replace(step, case=replace(step.case, item=other))) is None
    assert uneventful(first, replace(step, case=replace(step.case, stays=()))) is None
    assert uneventful(first, replace(step, case=replace(step.case, item=replace(other, checked_at=None)))) is None
    assert uneventful(first, replace(step, look_up=True)) is None


def test_the_same_answer_in_the_watch_is_uneventful() -> None:
    """An item that is gone and cannot be told about is looked at again, and nothing else is written."""
    first = gone_at(located(HERE), NOON)
    again = look(look(first, UNKNOWN, at=NOON + 24 * HOUR).case, UNKNOWN, at=NOON + 24 * HOUR + 15 * MINUTE)
    left = uneventful(replace(again.case, item=replace(again.case.item, checks=0)), again)

    assert again.case.item.state is State.GONE
    assert left is not None
    assert left.up_at is None
