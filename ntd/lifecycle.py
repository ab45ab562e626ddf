"""What can happen to an item, as one table: state × event → state. Pure.

Between receipt and end an item's state says what the facts of its open stays say (`standing`); the table says which
events are possible at all, and which of them leave the choice to the facts. A pair that is not in the table is an
IllegalTransition and changes nothing.

received     nobody has looked yet            routed      it is known who is to be told
held         nothing is sent, nothing probed  noticed     a hoster's side accepted a notice
untraceable  no place found; tried again      forwarded   only a partner accepted it
gone         confirmed; watched for return    closed, refused, withdrawn   ended
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.errors import IllegalTransition
from schemas.item import State


class Event(StrEnum):
    """What can happen to an item, in the words of the history."""

    LOCATED = "resolved"
    NOT_LOCATED = "not_located"
    ACCEPTED = "notice_accepted"
    FORWARDED = "forwarded"
    TAKEN_BACK = "acceptance_taken_back"
    RELOCATED = "relocated"
    GONE = "gone"
    RETURNED = "returned"
    CLOSED = "closed"
    REFUSED = "refused"
    HELD = "held"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"


#: The facts of the stays decide among the states of an item in work.
BY_FACTS = None

_WORK = {
    Event.LOCATED: BY_FACTS,
    Event.ACCEPTED: BY_FACTS,
    Event.FORWARDED: BY_FACTS,
    Event.TAKEN_BACK: BY_FACTS,
    Event.RELOCATED: BY_FACTS,
    Event.GONE: State.GONE,
    Event.REFUSED: State.REFUSED,
    Event.HELD: State.HELD,
    Event.WITHDRAWN: State.WITHDRAWN,
}

TABLE: dict[State, dict[Event, State | None]] = {
    State.RECEIVED: {
        Event.LOCATED: BY_FACTS,
        Event.NOT_LOCATED: State.UNTRACEABLE,
        Event.GONE: State.GONE,
        Event.HELD: State.HELD,
        Event.WITHDRAWN: State.WITHDRAWN,
    },
    State.UNTRACEABLE: {
        Event.LOCATED: BY_FACTS,
        Event.GONE: State.GONE,
        Event.HELD: State.HELD,
        Event.WITHDRAWN: State.WITHDRAWN,
    },
    State.ROUTED: _WORK,
    State.NOTICED: _WORK,
    State.FORWARDED: _WORK,
    State.HELD: {
        # A message that had left before the hold may still be accepted, and the host is still followed.
        Event.LOCATED: State.HELD,
        Event.NOT_LOCATED: State.HELD,
        Event.ACCEPTED: State.HELD,
        Event.FORWARDED: State.HELD,
        Event.TAKEN_BACK: State.HELD,
        Event.RELOCATED: State.HELD,
        Event.GONE: State.GONE,
        Event.RELEASED: BY_FACTS,
        Event.WITHDRAWN: State.WITHDRAWN,
    },
    State.GONE: {
        Event.ACCEPTED: State.GONE,
        Event.FORWARDED: State.GONE,
        Event.TAKEN_BACK: State.GONE,
        Event.RETURNED: BY_FACTS,
        Event.CLOSED: State.CLOSED,
        Event.WITHDRAWN: State.WITHDRAWN,
        Event.REOPENED: State.RECEIVED,
    },
    State.CLOSED: {
        Event.RETURNED: BY_FACTS,
        Event.REOPENED: State.RECEIVED,
    },
    State.REFUSED: {
        Event.ACCEPTED: State.REFUSED,
        Event.FORWARDED: State.REFUSED,
        Event.TAKEN_BACK: State.REFUSED,
        Event.RELOCATED: BY_FACTS,
        Event.GONE: State.GONE,
        Event.WITHDRAWN: State.WITHDRAWN,
        Event.REOPENED: State.RECEIVED,
    },
    State.WITHDRAWN: {
        Event.ACCEPTED: State.WITHDRAWN,
        Event.FORWARDED: State.WITHDRAWN,
        Event.TAKEN_BACK: State.WITHDRAWN,
        Event.REOPENED: State.RECEIVED,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StayFacts:
    """What an open stay says about the state of its item."""

    located: bool
    noticed_at: datetime | None = None  # a hoster's side accepted first or front, or another notifier told it
    forwarded_at: datetime | None = None
    gone_at: datetime | None = None


def standing(stays: Iterable[StayFacts], *, looked: bool) -> State:
    """Say what the open stays say: who has accepted, who is known, or nothing.

    >>> standing([StayFacts(located=True)], looked=True).value
    'routed'
    """
    facts = tuple(stays)
    if any(stay.noticed_at for stay in facts):
        return State.NOTICED
    if any(stay.forwarded_at for stay in facts):
        return State.FORWARDED
    if any(stay.located for stay in facts):
        return State.ROUTED
    return State.UNTRACEABLE if looked else State.RECEIVED


def possible(state: State, event: Event) -> bool:
    """Say whether the event can happen in this state."""
    return event in TABLE[state]


def after(item: object, state: State, event: Event, stays: Iterable[StayFacts], *, looked: bool) -> State:
    """Give the state after the event; IllegalTransition names item, state and event."""
    row = TABLE[state]
    if event not in row:
        raise IllegalTransition(item, state.value, event.value)
    target = row[event]
    return standing(stays, looked=looked) if target is BY_FACTS else target


def all_gone(stays: Iterable[StayFacts]) -> bool:
    """Say whether every open stay is gone: only then is the item."""
    facts = tuple(stays)
    return bool(facts) and all(stay.gone_at is not None for stay in facts)
