"""A dry run is over: what was only accepted in it counts nowhere, what was really told before it stands. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ntd.addressing import together
from ntd.case import Case, Item, Record, Stay, Step, state_after
from ntd.holding import copied
from ntd.lifecycle import Event, possible
from schemas.ids import StayId
from schemas.item import Attention, State


@dataclass(frozen=True, slots=True, kw_only=True)
class ReallyTold:
    """What was really accepted about a stay."""

    last_at: datetime
    reminders: int


def void_dry_run(case: Case, really: Mapping[StayId, ReallyTold], now: datetime) -> Step:
    """Take back what was only accepted in a dry run; where nobody was really told, the item waits for `ntd resume`."""
    told = {stay.id: _really(stay, case, really) for stay in case.stays if stay.ended_at is None}
    stays = tuple(_as_told(stay, told[stay.id], case.item, now) if stay.id in told else stay for stay in case.stays)
    item = _item(case.item, waits=None in told.values(), kept=any(told.values()))
    if not any(stay.forwarded_at for stay in stays if stay.ended_at is None):
        item = replace(item, attention=item.attention - {Attention.PARTNER_SILENT})
    case = Case(item=item, stays=stays)
    state = state_after(case, Event.TAKEN_BACK) if possible(item.state, Event.TAKEN_BACK) else item.state
    line = Record(
        item=item.id,
        event="acceptance_taken_back",
        at=now,
        before=item.state,
        after=state,
        detail={"why": "it was a dry run"},
    )
    return Step(case=replace(case, item=replace(item, state=state)), history=(line,))


def _really(stay: Stay, case: Case, really: Mapping[StayId, ReallyTold]) -> ReallyTold | None:
    # One message may speak of several stays; it is kept with the one it began with.
    found = (really[one.id] for one in case.stays if one.id in really and (one.id == stay.id or together(one, stay)))
    return next(found, None)


def _as_told(stay: Stay, told: ReallyTold | None, item: Item, now: datetime) -> Stay:
    return _void(stay, item, now) if told is None else _kept(stay, told, now)


def _void(stay: Stay, item: Item, now: datetime) -> Stay:
    return replace(
        stay,
        clock_at=stay.clock_at if copied(stay, item) else None,
        noticed_at=stay.noticed_at if copied(stay, item) else None,
        forwarded_at=None,
        told_at=None,
        told_by_us=False,
        first_attempt_at=None,
        reminders=0,
        steps_done=0,
        asked_at=None,
        # Whom nobody has told was neither reminded nor silent, and nobody's patience with him is over.
        partner_reminded=False,
        told_directly=False,
        # Whether another contact is known by now is asked of whom none was reached.
        follow_up_at=now if stay.failed_at else None,
    )


def _kept(stay: Stay, told: ReallyTold, now: datetime) -> Stay:
    # What only a dry run took of its reminders and steps is missed, and missed ones are not made up.
    follow_up_at = now if stay.gone_at is None else None
    return replace(stay, told_at=told.last_at, reminders=told.reminders, asked_at=None, follow_up_at=follow_up_at)


def _item(item: Item, *, waits: bool, kept: bool) -> Item:
    attention = item.attention
    if waits and (item.state.in_work or item.state is State.HELD):
        attention |= {Attention.DRY_RUN}
    if kept:
        return replace(item, attention=attention)
    return replace(item, first_attempt_at=None, first_accepted_at=None, attention=attention)
