"""What a URL that is submitted again changes about the item that stands. Pure.

The more careful wins and never the reverse: a hold over none, a more urgent priority, confirmed over presumed, a victim
whom perhaps nobody knows yet. What was gone is looked at again at once; what was withdrawn or refused is a human's
decision, and so is what a person called gone though it was seen there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ntd.case import Case, Item, Record, Stay, Step
from ntd.holding import Act, hold, hold_on_return
from ntd.lifecycle import Event, possible
from schemas.ids import StayId
from schemas.item import Attention, Classification, State, Submission

_HELD_AGAIN = "submitted again, to be held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides whether a duplicate changes anything at all."""

    state: State
    priority: int
    confirmed: bool
    new_victim: bool
    resubmitted: bool  # already marked


def folded(submissions: Sequence[Submission]) -> Submission:
    """Make one submission of several for the same URL: the first, with what the others win."""
    first, *others = submissions
    for other in others:
        first = _with_confirmation(_with_hold(first, other), other)
    return replace(
        first,
        priority=min(one.priority for one in submissions),
        new_victim=any(one.new_victim for one in submissions),
    )


def _with_hold(one: Submission, other: Submission) -> Submission:
    if not other.hold:
        return one
    until = later(one.hold_until, other.hold_until) if one.hold else other.hold_until
    return replace(one, hold=True, hold_until=until)


def _with_confirmation(one: Submission, other: Submission) -> Submission:
    if one.confirmed or not other.confirmed:
        return one
    return replace(
        one,
        confirmed=True,
        classification=other.classification,
        confirmed_at=other.confirmed_at,
        confirmed_by=other.confirmed_by,
    )


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Give the later end of two holds; None is never."""
    return None if one is None or other is None else max(one, other)


def changes(standing: Standing, given: Submission) -> bool:
    """Say whether a duplicate may change the standing item: cheap, and never False where `again` would do something."""
    return (
        given.hold
        or given.priority < standing.priority
        or (given.confirmed and not standing.confirmed)
        or (given.new_victim and not standing.new_victim)
        or standing.state in {State.GONE, State.CLOSED}
        or (standing.state in {State.WITHDRAWN, State.REFUSED} and not standing.resubmitted)
    )


def again(case: Case, given: Submission, by: str, now: datetime, *, home: str | None = None) -> Step:
    """Decide what a duplicate does to the item that stands; `home`: the country where "national" is illegal."""
    step = _held(case, given, Act(by=by, reason=_HELD_AGAIN, now=now))
    item, history = step.case.item, list(step.history)
    if given.confirmed and not item.confirmed:
        item = replace(item, confirmed=True, classification=given.classification)
        history.append(Record(item=item.id, event="confirmed", at=now, detail=_confirmed_by(given)))
        step = replace(step, strike_stays=_forbidden(item, step.case.stays, home))
    if given.new_victim and not item.new_victim:
        item = replace(item, new_victim=True)
        history.append(Record(item=item.id, event="flagged", at=now, detail={"new_victim": True}))
    if (item.confirmed, item.new_victim) != (case.item.confirmed, case.item.new_victim):
        # It may be for the police now: whoever follows up knows.
        stays = tuple(replace(one, follow_up_at=now) if one in step.case.at_work else one for one in step.case.stays)
        step = replace(step, case=replace(step.case, stays=stays))
    if _decided(item) and Attention.RESUBMITTED not in item.attention:
        item = replace(item, attention=item.attention | {Attention.RESUBMITTED})
        history.append(Record(item=item.id, event="resubmitted", at=now))
    return replace(
        step,
        case=replace(step.case, item=replace(item, priority=min(item.priority, given.priority))),
        history=tuple(history),
        check_at=now if item.state in {State.GONE, State.CLOSED} else step.check_at,
    )


def _decided(item: Item) -> bool:
    # No look brings back what a person called gone as it stands there: another person says that it is there.
    denied = item.baseline is not None and item.baseline.denied
    return item.state in {State.WITHDRAWN, State.REFUSED} or (denied and item.state in {State.GONE, State.CLOSED})


def _held(case: Case, given: Submission, act: Act) -> Step:
    if not given.hold:
        return Step(case=case)
    if case.item.state is State.HELD:
        until = later(case.item.hold_until, given.hold_until)
        return Step(case=replace(case, item=replace(case.item, hold_until=until)))
    if possible(case.item.state, Event.HELD):
        return hold(case, act, given.hold_until)
    # Withdrawn: nothing is sent whatever happens, and a human is asked.
    return Step(case=case) if case.item.state is State.WITHDRAWN else _held_on_return(case, act, given.hold_until)


def _held_on_return(case: Case, act: Act, until: datetime | None) -> Step:
    if case.item.hold_on_return:
        until = later(case.item.hold_until, until)
    return hold_on_return(case, act, until)


def _forbidden(item: Item, stays: Sequence[Stay], home: str | None) -> tuple[StayId, ...]:
    """Name the stays whose waiting messages may not go: presumed illegal everywhere, and turned out so only at home."""
    if item.classification is not Classification.NATIONAL or home is None:
        return ()
    return tuple(
        stay.id for stay in stays if stay.ended_at is None and stay.hoster is not None and stay.country != home
    )


def _confirmed_by(given: Submission) -> dict[str, object] | None:
    at = given.confirmed_at.isoformat() if given.confirmed_at else None
    return {"by": given.confirmed_by, "at": at} if given.confirmed_by or at else None
