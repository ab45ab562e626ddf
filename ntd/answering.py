"""What an answer does to an item: it is history, not truth; it has the item checked. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from ntd.case import Case, Record, Step
from ntd.following import follow_up_at
from ntd.telling import final_no
from schemas.exchange import CANNOT_SEE, Action, LinkAnswer, PartnerAnswer
from schemas.item import Attention, State
from schemas.settings import Settings


def partner_says(case: Case, partner: str, answer: PartnerAnswer, settings: Settings, now: datetime) -> Step:
    """Take a partner's answer about an item it was forwarded."""
    stays = tuple(
        replace(stay, answered_at=stay.answered_at or now) if stay.partner == partner and not stay.ended_at else stay
        for stay in case.stays
    )
    stays = tuple(replace(stay, follow_up_at=follow_up_at(stay, case.item, settings)) for stay in stays)
    item = replace(case.item, attention=case.item.attention - {Attention.PARTNER_SILENT})
    case = replace(case, item=item, stays=stays)
    detail: dict[str, object] = {
        "partner": partner,
        "action": answer.action.value,
        "reason": answer.reason,
        "note": answer.note,
    }
    if answer.hosting:
        detail["hosting"] = answer.hosting
    line = Record(item=item.id, event="answered", at=now, detail=detail)
    return _what_follows(case, partner, answer, line, now)


def _what_follows(case: Case, partner: str, answer: PartnerAnswer, line: Record, now: datetime) -> Step:
    look = now if case.item.state.checked else None
    match answer.action:
        case Action.REPORTED_TO_LEA | Action.REPORTED_TO_ISP:
            return Step(case=case, history=(line,))
        case Action.CONTENT_REMOVED:
            return Step(case=case, history=(line,), check_at=look)
        case Action.CONTENT_UNAVAILABLE if answer.reason in CANNOT_SEE:
            return Step(case=_attend(case, Attention.PARTNER_CANNOT_SEE), history=(line,))
        case Action.CONTENT_UNAVAILABLE:
            return Step(case=case, history=(line,), check_at=look)
        case Action.MOVED:
            # Where to is the partner's word; where it is, is ours to look up, and what it named is for an analyst.
            if answer.hosting:
                case = _attend(case, Attention.UNREAD_ANSWER)
            return Step(case=case, history=(line,), check_at=look, look_up=True)
        case Action.NOT_ILLEGAL:
            detail: dict[str, object] = {"partner": partner, "reason": answer.reason}
            step = final_no(case, partner, now, detail)
            return replace(step, history=(line, *step.history))
        case _ as never:
            assert_never(never)


def recipient_says(case: Case, answer: LinkAnswer, note: str, now: datetime, *, look: bool) -> Step:
    """Take what a recipient said through the answer link; the item is checked at once, within limits."""
    line = Record(
        item=case.item.id, event="answered", at=now, detail={"by": "link", "action": answer.value, "note": note}
    )
    attention = case.item.attention
    # A new recipient or origin named there, and a dispute, need an analyst (contract, section 7).
    if answer is not LinkAnswer.REMOVED or note:
        attention |= {Attention.UNREAD_ANSWER}
    checked = look and (case.item.state.checked or case.item.state is State.CLOSED)
    return Step(
        case=replace(case, item=replace(case.item, attention=attention)),
        history=(line,),
        check_at=now if checked else None,
    )


def _attend(case: Case, attention: Attention) -> Case:
    return replace(case, item=replace(case.item, attention=case.item.attention | {attention}))
