"""A hold that is asked for while nothing is to be sent comes into force when something would be."""

from dataclasses import replace
from datetime import datetime

import pytest

from ntd.acting import release, reopen, up, withdraw
from ntd.case import Case, Step
from ntd.checking import Judged, settle
from ntd.duplicates import again
from ntd.placing import place
from schemas.check import Meaning
from schemas.item import State, Submission
from schemas.url import parse_url
from tests.fakes.decisions_case import (
    ABROAD,
    DAY,
    DOWN,
    HERE,
    HOUR,
    NOON,
    THERE,
    UP,
    act,
    forwarded_at,
    gone_at,
    located,
    seen,
    told_at,
    world,
)

LATER = NOON + DAY


def asked(case: Case, until: datetime | None = None) -> Case:
    """Submit the URL again, to be held."""
    given = Submission(url=parse_url("http://img.one.test/1"), hold=True, hold_until=until)
    return again(case, given, "police", NOON + HOUR).case


def look(case: Case, meaning: Meaning, at: datetime) -> Step:
    """Look once."""
    judged = Judged(round=seen(meaning, at), by_stay={stay.id: meaning for stay in case.open}, next_at=at + HOUR)
    return settle(case, judged, world(HERE), at)


def refused() -> Case:
    """Make an item that a partner has refused for good."""
    case = forwarded_at(located(ABROAD), NOON)
    stays = tuple(replace(stay, ended_at=NOON, ended_by="refused", ended_known_at=NOON) for stay in case.stays)
    return Case(item=replace(case.item, state=State.REFUSED), stays=stays)


@pytest.mark.parametrize("state", [State.GONE, State.CLOSED])
def test_what_returns_and_was_to_be_held_is_held_and_nobody_is_told(state: State) -> None:
    """Gone, submitted again with a hold, and seen up: held at once."""
    gone = gone_at(told_at(located(), NOON), NOON)
    waiting = asked(replace(gone, item=replace(gone.item, state=state, closed_at=NOON)))
    step = look(waiting, UP, LATER)

    assert (waiting.item.state, waiting.item.hold_on_return) == (state, True)
    assert (step.case.item.state, step.case.item.hold_on_return) == (State.HELD, False)
    assert (step.tell, step.check_at, step.no_more_checks) == ((), None, True)
    assert step.held_from == LATER
    assert [line.event for line in step.history][-2:] == ["returned", "held"]
    assert [tell.kind.value for tell in release(step.case, act(LATER + DAY), world(HERE)).tell] == ["first"]


def test_what_does_not_return_stays_gone() -> None:
    """The hold waits; the watch goes on."""
    step = look(asked(gone_at(located(), NOON)), DOWN, LATER)
    assert (step.case.item.state, step.case.item.hold_on_return, step.held_from) == (State.GONE, True, None)


def test_a_refused_item_that_moves_is_held() -> None:
    """A move elsewhere would route it anew; it is held instead, also when it is seen again by hand."""
    step = place(asked(refused()), world(THERE, version=2), LATER)
    assert (step.case.item.state, step.tell, step.held_from) == (State.HELD, (), LATER)


def test_a_hold_that_was_over_before_the_return_holds_nothing() -> None:
    """Its date has passed: the item goes back to work."""
    step = look(asked(gone_at(located(), NOON), until=NOON + 2 * HOUR), UP, LATER)

    assert step.case.item.state is State.ROUTED
    assert (step.case.item.hold_on_return, step.case.item.hold_until) == (False, None)
    assert len(step.tell) == 1


def test_the_later_end_wins() -> None:
    """Asked for twice, it lasts as long as the longer of them."""
    twice = asked(asked(gone_at(located(), NOON), until=NOON + 3 * DAY), until=NOON + 2 * DAY)
    assert twice.item.hold_until == NOON + 3 * DAY
    assert asked(twice).item.hold_until is None


def test_a_person_takes_it_back() -> None:
    """A release, a withdrawal and a reopening end what was asked for; `up` by hand brings it into force."""
    waiting = asked(gone_at(located(), NOON))
    released = release(waiting, act(LATER), world(HERE))
    by_hand = up(waiting, act(LATER), world(HERE))

    assert (released.case.item.state, released.case.item.hold_on_return) == (State.GONE, False)
    assert not withdraw(waiting, act(LATER), "error", ()).case.item.hold_on_return
    assert not reopen(waiting, act(LATER), world(HERE)).case.item.hold_on_return
    assert (by_hand.case.item.state, by_hand.tell) == (State.HELD, ())


def test_a_withdrawn_item_needs_no_hold() -> None:
    """Nothing is sent about it whatever happens, and a human sees that it came again."""
    withdrawn = withdraw(located(), act(), "error", ()).case
    assert not asked(withdrawn).item.hold_on_return
