"""The table of states, and what the facts of stays say."""

from datetime import UTC, datetime

import pytest

from ntd.lifecycle import BY_FACTS, TABLE, Event, StayFacts, after, all_gone, possible, standing
from schemas.errors import IllegalTransition
from schemas.item import State

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_every_state_has_a_row() -> None:
    """A state without a row could never be left, nor be known not to be."""
    assert set(TABLE) == set(State)


def test_every_state_can_be_reached_and_every_event_can_happen() -> None:
    """Nothing stands in the table that cannot come about."""
    by_facts = {State.ROUTED, State.NOTICED, State.FORWARDED, State.UNTRACEABLE, State.RECEIVED}
    reached = {target for row in TABLE.values() for target in row.values() if target is not BY_FACTS} | by_facts

    assert reached == set(State)
    assert {event for row in TABLE.values() for event in row} == set(Event)


@pytest.mark.parametrize(
    ("stays", "looked", "state"),
    [
        ([], False, State.RECEIVED),
        ([], True, State.UNTRACEABLE),
        ([StayFacts(located=False)], True, State.UNTRACEABLE),
        ([StayFacts(located=True)], True, State.ROUTED),
        ([StayFacts(located=True, forwarded_at=NOON)], True, State.FORWARDED),
        ([StayFacts(located=True, forwarded_at=NOON, noticed_at=NOON)], True, State.NOTICED),
        ([StayFacts(located=True, forwarded_at=NOON), StayFacts(located=True, noticed_at=NOON)], True, State.NOTICED),
    ],
)
def test_the_facts_decide_between_receipt_and_end(stays: list[StayFacts], *, looked: bool, state: State) -> None:
    """A hoster's acceptance outweighs a partner's, a partner's outweighs knowing whom to tell."""
    assert standing(stays, looked=looked) is state


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_what_is_not_in_the_table_is_refused_by_name(state: State, event: Event) -> None:
    """An impossible event names item, state and event; a possible one gives a state."""
    if possible(state, event):
        assert after("item-1", state, event, [StayFacts(located=True)], looked=True) in State
        return
    with pytest.raises(IllegalTransition, match=f"item item-1 is {state.value}: {event.value} is not possible"):
        after("item-1", state, event, [], looked=True)


def test_an_item_is_gone_only_when_all_its_stays_are() -> None:
    """No stay is no evidence; one that is not gone is enough to keep it."""
    gone, here = StayFacts(located=True, gone_at=NOON), StayFacts(located=True)

    assert (all_gone([]), all_gone([gone, here]), all_gone([gone, gone])) == (False, False, True)
