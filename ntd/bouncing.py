"""What a bounce takes back: the acceptance of the notice it names, and with it what that acceptance began. Pure.

A clock that the notice had started is started by the next earliest acceptance that stands, or by none; then the next
contact is told, and with none left the hoster counts as unreachable, not as slow.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ntd.case import Case, Item, Record, Stay, Step, state_after
from ntd.following import follow_up_at
from ntd.lifecycle import Event, possible
from ntd.telling import HOSTERS, STEPS, Sent, not_reached
from schemas.ids import RecipientId, StayId
from schemas.item import Attention
from schemas.notice import Kind
from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Another message about the item that was accepted, and still counts."""

    kind: Kind
    recipient: RecipientId
    partner: str | None
    stay: StayId | None  # the stay it began with
    stay_spell: int | None
    accepted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """A message that came back."""

    sent: Sent
    accepted_at: datetime | None  # None: nobody had accepted it yet
    stay: StayId | None
    status: str | None
    permanent: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What a stay loses: how it stood until now, for reports of a moment before."""

    stay: StayId
    clock_at: datetime | None
    noticed_at: datetime | None
    forwarded_at: datetime | None
    failed_at: datetime | None


def bounced(
    case: Case, back: Bounced, standing: Sequence[Standing], now: datetime, settings: Settings
) -> tuple[Step, tuple[TakenBack, ...]]:
    """Take a bounce into a case, ended stays included; give the step, and what its stays lose."""
    stays = tuple(_without(stay, back, standing) for stay in case.stays)
    stood, stands = (tuple(map(_as_it_stands, some)) for some in (case.stays, stays))
    lost = tuple(old for old, new in zip(stood, stands, strict=True) if old != new)
    before = case.item.state
    case = Case(item=_item_without(case.item, back, standing), stays=stays)
    state = state_after(case, Event.TAKEN_BACK) if possible(before, Event.TAKEN_BACK) else before
    case = replace(case, item=replace(case.item, state=state))
    line = Record(item=case.item.id, event="bounced", at=now, before=before, after=state, detail=_detail(back))
    step = not_reached(case, back.sent, now, settings, line, Attention.BOUNCED)
    item = replace(step.case.item, attention=step.case.item.attention | {Attention.BOUNCED})
    after = tuple(_go_on(stay, old, item, settings) for stay, old in zip(step.case.stays, stays, strict=True))
    return replace(step, case=Case(item=item, stays=after)), lost


def _go_on(stay: Stay, before: Stay, item: Item, settings: Settings) -> Stay:
    if stay.recipient != before.recipient:
        # Whoever is next has heard nothing yet: no reminder is on its way to them, and none is due.
        return replace(stay, asked_at=None, follow_up_at=None)
    return replace(stay, follow_up_at=follow_up_at(stay, item, settings))


def _detail(back: Bounced) -> dict[str, object]:
    return {
        "notice": str(back.sent.notice),
        "kind": back.sent.kind.value,
        "status": back.status,
        "permanent": back.permanent,
    }


def _as_it_stands(stay: Stay) -> TakenBack:
    return TakenBack(
        stay=stay.id,
        clock_at=stay.clock_at,
        noticed_at=stay.noticed_at,
        forwarded_at=stay.forwarded_at,
        failed_at=stay.failed_at,
    )


def _without(stay: Stay, back: Bounced, standing: Iterable[Standing]) -> Stay:
    """Give a stay as if the message had never been accepted: what began at that moment begins with another, or not."""
    at = back.accepted_at
    if at is None or not _about(stay, back):
        return stay
    others = [one for one in standing if _speaks_of(one, stay)]
    firsts = [one.accepted_at for one in others if one.kind is Kind.FIRST and _in_time(one, stay)]
    hosters = [one.accepted_at for one in others if one.kind in HOSTERS]
    told = [one.accepted_at for one in others if _counts_as_told(one)]
    forwards = [one.accepted_at for one in others if one.kind is Kind.FORWARD]
    return replace(
        stay,
        clock_at=min(firsts, default=None) if stay.clock_at == at else stay.clock_at,
        noticed_at=min(hosters, default=None) if stay.noticed_at == at else stay.noticed_at,
        forwarded_at=min(forwards, default=None) if stay.forwarded_at == at else stay.forwarded_at,
        told_at=max(told, default=None) if stay.told_at == at else stay.told_at,
    )


def _about(stay: Stay, back: Bounced) -> bool:
    return back.stay is None or stay.id == back.stay or stay.spell == back.sent.stay_spell


def _speaks_of(one: Standing, stay: Stay) -> bool:
    if one.kind is Kind.FORWARD or one.partner is not None:
        return one.partner == stay.partner and one.stay_spell == stay.spell
    mine = one.stay == stay.id or (one.stay_spell == stay.spell and one.recipient == stay.recipient)
    return mine or (one.kind in STEPS and one.stay_spell == stay.spell)


def _counts_as_told(one: Standing) -> bool:
    return one.partner is None and one.kind in HOSTERS | STEPS | {Kind.REMINDER}


def _in_time(one: Standing, stay: Stay) -> bool:
    # An acceptance after `gone_at` starts no clock (definitions).
    return stay.gone_at is None or one.accepted_at <= stay.gone_at


def _item_without(item: Item, back: Bounced, standing: Iterable[Standing]) -> Item:
    if back.accepted_at is None or item.first_accepted_at != back.accepted_at:
        return item
    firsts = [one.accepted_at for one in standing if one.kind is Kind.FIRST]
    return replace(item, first_accepted_at=min(firsts, default=None))
