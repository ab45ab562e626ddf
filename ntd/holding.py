"""Nothing goes out about an item: a hold, now or when the item comes back. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from ntd.case import Case, Item, Record, Stay, Step, state_after
from ntd.lifecycle import Event
from schemas.item import Attention, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who decided, why, and when."""

    by: str
    reason: str
    now: datetime


def record_of(case: Case, act: Act, word: str, state: State, **detail: object) -> Record:
    """Write down an act, with the state it leads to."""
    return Record(
        item=case.item.id,
        event=word,
        at=act.now,
        before=case.item.state,
        after=state,
        detail={"reason": act.reason, **detail},
    )


def hold(case: Case, act: Act, until: datetime | None) -> Step:
    """Stop everything about the item until a date or a release."""
    state = state_after(case, Event.HELD)
    line = record_of(case, act, "held", state, until=until.isoformat() if until else None)
    item = replace(case.item, state=state, hold_until=until)
    stays = tuple(_silenced(stay, item) for stay in case.stays)
    return Step(case=Case(item=item, stays=stays), history=(line,), strike=True, no_more_checks=True, held_from=act.now)


def _silenced(stay: Stay, item: Item) -> Stay:
    # A first notice that was due and is struck now is due again after the release; a partner's no still stands.
    stands = stay.noticed_at is not None or Attention.FORWARD_REFUSED in item.attention
    return replace(
        stay,
        follow_up_at=None,
        asked_at=None,
        told_directly=stay.told_directly and stands,
        told_by_us=stay.told_by_us and not (copied(stay, item) and stay.told_at is None),
    )


def copied(stay: Stay, item: Item) -> bool:
    """Say whether the clock of a stay is another notifier's: from receipt."""
    return bool(item.copied_from) and stay.clock_at == item.received_at


def hold_on_return(case: Case, act: Act, until: datetime | None) -> Step:
    """Have an item that is gone or refused, and watched, held as soon as something would be sent about it again."""
    line = record_of(case, act, "held", case.item.state, until=until.isoformat() if until else None, when="it returns")
    return Step(case=replace(case, item=replace(case.item, hold_on_return=True, hold_until=until)), history=(line,))


def hold_instead(step: Step, now: datetime) -> Step:
    """Turn a step by which an item comes back into one by which it is held, where that was wanted and is not over."""
    item = step.case.item
    if not item.hold_on_return or not item.state.in_work:
        return step
    case = replace(step.case, item=replace(item, hold_on_return=False))
    if item.hold_until is not None and item.hold_until <= now:
        return replace(step, case=replace(case, item=replace(case.item, hold_until=None)))
    held = hold(case, Act(by="check", reason="it was to be held when it returns", now=now), item.hold_until)
    return replace(held, history=(*step.history, *held.history), round=step.round, look_up=step.look_up)
