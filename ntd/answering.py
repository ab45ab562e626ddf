"""What an answer does to an item: it is history, not truth; it has the item checked. Pure."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from ntd.case import Case, Record, Stay, Step, attending
from ntd.following import follow_up_at
from ntd.holding import Act
from ntd.telling import final_no
from schemas.errors import IllegalTransition
from schemas.exchange import CANNOT_SEE, Action, LinkAnswer, PartnerAnswer
from schemas.ids import NoticeId
from schemas.incoming import Came, Suggestion
from schemas.item import Attention, State
from schemas.settings import Settings

#: What came back and waits for somebody to read it.
OF_MAIL = frozenset({Attention.UNREAD_ANSWER, Attention.HAD_ATTACHMENT, Attention.BOUNCED, Attention.REFUSED_MAIL})
#: Of these what says that a recipient heard nothing.
UNREACHED = frozenset({Attention.BOUNCED, Attention.REFUSED_MAIL})
#: Answers per item and hour that still have it checked at once.
CHECKS_PER_HOUR = 6
_WORDS = {Came.DELAY: "delayed", Came.DELIVERED: "delivered"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that came back about a notice, as one of its items sees it."""

    kind: Came
    notice: NoticeId
    partner: str | None
    suggestion: Suggestion | None
    sign_of_life: bool  # the other side has it: an answer, or a ticket
    had_attachment: bool

    @property
    def answer(self) -> bool:
        """Say whether a person wrote it."""
        return self.kind is Came.ANSWER

    @property
    def action(self) -> str:
        """Give what it says in one word."""
        return self.suggestion.value if self.suggestion else self.kind.value


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
            return Step(case=attending(case, Attention.PARTNER_CANNOT_SEE), history=(line,))
        case Action.CONTENT_UNAVAILABLE:
            return Step(case=case, history=(line,), check_at=look)
        case Action.MOVED:
            # Where to is the partner's word; where it is, is ours to look up, and what it named is for an analyst.
            if answer.hosting:
                case = attending(case, Attention.UNREAD_ANSWER)
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


def writes(case: Case, mail: Mail, settings: Settings, now: datetime, *, look: bool) -> Step:
    """Take what somebody wrote back by mail: history, an attention, and a look where it says that it is gone."""
    item, stays = case.item, case.stays
    attention = item.attention | ({Attention.HAD_ATTACHMENT} if mail.had_attachment else frozenset())
    if mail.answer:
        attention |= {Attention.UNREAD_ANSWER}
    if mail.partner and mail.sign_of_life:
        attention -= {Attention.PARTNER_SILENT}
        stays = tuple(_alive(stay, mail.partner, now) for stay in stays)
    item = replace(item, attention=attention)
    if stays != case.stays:
        stays = tuple(replace(stay, follow_up_at=follow_up_at(stay, item, settings)) for stay in stays)
    detail = {"by": "mail", "notice": str(mail.notice), "action": mail.action, "kind": mail.kind.value}
    line = Record(item=item.id, event="answered" if mail.answer else mail.kind.value, at=now, detail=detail)
    # What they say is never believed by itself: gone is looked at at once, whose it is is looked up.
    checked = look and mail.suggestion in {Suggestion.REMOVED, Suggestion.NOT_OURS}
    return Step(
        case=Case(item=item, stays=stays),
        history=(line,),
        check_at=now if checked and (item.state.checked or item.state is State.CLOSED) else None,
        look_up=checked and mail.suggestion is Suggestion.NOT_OURS,
    )


def reported(case: Case, kind: Came, notice: NoticeId, now: datetime) -> Step:
    """Take a mail system's word on a message that is late, or has arrived."""
    line = Record(item=case.item.id, event=f"notice_{_WORDS[kind]}", at=now, detail={"notice": str(notice)})
    return Step(case=case, history=(line,))


def _alive(stay: Stay, partner: str, now: datetime) -> Stay:
    if stay.partner != partner or stay.ended_at is not None:
        return stay
    return replace(stay, answered_at=stay.answered_at or now)


def seen(case: Case, act: Act) -> Step:
    """Take it that an analyst has seen to what came back; IllegalTransition where nothing waits for one."""
    # Who cannot be reached stays in sight: nobody else tells the hoster.
    reached = all(stay.failed_at is None for stay in case.at_work)
    # What is withdrawn is routed no more: nothing but a human ends that somebody could not be told of it.
    untold = frozenset({Attention.NO_ENDPOINT}) if case.item.state is State.WITHDRAWN else frozenset()
    waiting = case.item.attention & ((OF_MAIL if reached else OF_MAIL - UNREACHED) | untold)
    if not waiting:
        raise IllegalTransition(
            case.item.id, case.item.state.value, "seen", why="as nothing that came back waits for it"
        )
    return _read(case, waiting, act)


def heeded(case: Case, act: Act) -> Step:
    """Take it that what its answers said was done: they wait for nobody any more."""
    waiting = case.item.attention & {Attention.UNREAD_ANSWER}
    return _read(case, waiting, act) if waiting else Step(case=case)


def _read(case: Case, waiting: AbstractSet[Attention], act: Act) -> Step:
    item = replace(case.item, attention=case.item.attention - waiting)
    detail = {"reason": act.reason, "seen": sorted(one.value for one in waiting), "by": act.by}
    return Step(case=replace(case, item=item), history=(Record(item=item.id, event="seen", at=act.now, detail=detail),))
