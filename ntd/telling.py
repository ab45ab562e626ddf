"""What a message that was accepted, refused or taken back does to the items it speaks of. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ntd.case import Case, Item, Record, Stay, Step, Tell, attending, state_after
from ntd.following import follow_up_at, hoster_told
from ntd.lifecycle import Event, possible
from schemas.ids import HosterId, NoticeId, RecipientId
from schemas.item import Attention
from schemas.notice import Kind
from schemas.settings import Settings

#: Kinds that tell the hoster's side that the content is there.
HOSTERS = frozenset({Kind.FIRST, Kind.FRONT})
#: Kinds that climb the ladder.
STEPS = frozenset({Kind.SITE, Kind.UPSTREAM, Kind.REGISTRAR, Kind.REGULATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as an item sees it."""

    kind: Kind
    recipient: RecipientId
    partner: str | None
    notice: NoticeId | None = None  # None: it was never written
    step: int = 0  # of the ladder, or the number of the reminder
    stay_spell: int | None = None  # of the stay it began with; None: it speaks of no stay
    hoster: HosterId | None = None  # of that stay; None: of no one hoster
    attempted_at: datetime | None = None  # when the attempt began that came to this
    dry_run: bool = False


def attempted(case: Case, sent: Sent, now: datetime) -> Case:
    """Note the first try to tell the hoster's side."""
    if sent.kind not in HOSTERS:
        return case
    tried = sent.attempted_at or now
    item = replace(case.item, first_attempt_at=case.item.first_attempt_at or tried)
    stays = tuple(
        replace(stay, first_attempt_at=stay.first_attempt_at or tried) if _concerns(stay, sent) else stay
        for stay in case.stays
    )
    return Case(item=item, stays=stays)


def accepted(case: Case, sent: Sent, now: datetime, settings: Settings, by: str | None) -> Step:
    """Take an acceptance into a case: clocks start, the state follows, the next follow-up is counted from here."""
    stays = tuple(_accept(stay, sent, now) if _concerns(stay, sent) else stay for stay in case.stays)
    stays = tuple(_followed(stay, case.item, settings) for stay in stays)
    event = Event.FORWARDED if sent.kind is Kind.FORWARD else Event.ACCEPTED
    before = state = case.item.state
    if sent.kind in HOSTERS | {Kind.FORWARD} and possible(state, event):
        state = state_after(replace(case, stays=stays), event)
    # Somebody could be written to: where a certificate has still expired, what waits for it says so again.
    attention = case.item.attention - {Attention.CERTIFICATE_EXPIRED}
    item = replace(case.item, state=state, attention=attention, **_first_times(case.item, sent, now))
    line = Record(item=item.id, event=event.value, at=now, before=before, after=state, detail=_detail(sent, by))
    return Step(case=Case(item=item, stays=stays), history=(line,))


def _first_times(item: Item, sent: Sent, now: datetime) -> dict[str, Any]:
    tried = item.first_attempt_at or sent.attempted_at or now
    match sent.kind:
        case Kind.FIRST:
            # What starts a clock: a front's and a partner's acceptance are told beside their messages.
            return {"first_attempt_at": tried, "first_accepted_at": item.first_accepted_at or now}
        case Kind.FRONT:
            return {"first_attempt_at": tried}
        case _:
            return {}


def _followed(stay: Stay, item: Item, settings: Settings) -> Stay:
    at = follow_up_at(stay, item, settings)
    return stay if at == stay.follow_up_at else replace(stay, follow_up_at=at)


def _detail(sent: Sent, by: str | None) -> dict[str, object]:
    detail: dict[str, object] = {
        "notice": str(sent.notice),
        "kind": sent.kind.value,
        "by": by,
        "dry_run": sent.dry_run,
    }
    return detail | ({"partner": sent.partner} if sent.partner else {})


def _heard(case: Case, sent: Sent) -> Case:
    # What was on its way has come to something: the next reminder or step may follow.
    stays = tuple(replace(stay, asked_at=None) if _concerns(stay, sent) else stay for stay in case.stays)
    return replace(case, stays=stays)


def _concerns(stay: Stay, sent: Sent) -> bool:
    if stay.ended_at is not None or (sent.stay_spell is not None and stay.spell != sent.stay_spell):
        return False
    if sent.kind is Kind.FORWARD or (sent.kind is Kind.REMINDER and sent.partner):
        return stay.partner == sent.partner
    if sent.kind in HOSTERS or sent.kind is Kind.REMINDER:
        return stay.recipient == sent.recipient
    return sent.kind in STEPS


def _accept(stay: Stay, sent: Sent, now: datetime) -> Stay:
    # What was on its way has come to something: the next reminder or step may follow.
    told: dict[str, Any] = {"asked_at": None}
    if sent.kind in HOSTERS:
        told["first_attempt_at"] = stay.first_attempt_at or sent.attempted_at or now
        told |= {"noticed_at": stay.noticed_at or now, "told_at": now, "told_by_us": True, "failed_at": None}
    match sent.kind:
        case Kind.FORWARD:
            told["forwarded_at"] = stay.forwarded_at or now
        case Kind.FIRST:
            # An acceptance after `gone_at` starts no clock (definitions).
            told["clock_at"] = stay.clock_at or (now if stay.gone_at is None or now <= stay.gone_at else None)
        case Kind.REMINDER if not sent.partner:
            told |= {"told_at": now, "reminders": stay.reminders + 1}
        case kind if kind in STEPS:
            told |= {"told_at": now, "steps_done": _climbed(stay, sent)}
    return replace(stay, **told)


def _climbed(stay: Stay, sent: Sent) -> int:
    # One message is enough for all stays of the spell whose next step it is. An upstream is that of one hoster.
    same = sent.kind is not Kind.UPSTREAM or sent.hoster in {None, stay.hoster}
    return sent.step if same and stay.steps_done == sent.step - 1 else stay.steps_done


def failed(case: Case, sent: Sent, now: datetime, settings: Settings, reply: str, *, no_way: bool = False) -> Step:
    """Take a permanent failure into a case: the next contact is tried; with none left a human must see it.

    `no_way`: nobody has refused it, there is nothing there that takes messages of its kind.
    """
    case = _heard(attempted(case, sent, now), sent)
    detail = {"notice": str(sent.notice), "kind": sent.kind.value, "reply": reply}
    line = Record(item=case.item.id, event="notice_failed", at=now, detail=detail)
    return not_reached(case, sent, now, settings, line, Attention.NO_ENDPOINT if no_way else Attention.REFUSED_MAIL)


def not_reached(case: Case, sent: Sent, now: datetime, settings: Settings, line: Record, seen: Attention) -> Step:
    """Go on where a recipient cannot be reached: to the next contact, or, with none left, to a human."""
    if sent.kind is Kind.FORWARD:
        return Step(case=attending(_no_way(case, sent, now, settings), seen), history=(line,))
    if not _has_next(sent) or case.item.state.ended:
        stays = tuple(replace(one, follow_up_at=follow_up_at(one, case.item, settings)) for one in case.stays)
        return Step(case=attending(replace(case, stays=stays), seen), history=(line,))
    return _next_contact(case, sent, now, settings, line, seen)


def _has_next(sent: Sent) -> bool:
    # A hoster may have further contacts; a partner, an upstream or a regulator has one.
    return sent.kind in HOSTERS or (sent.kind is Kind.REMINDER and not sent.partner)


def _no_way(case: Case, sent: Sent, now: datetime, settings: Settings) -> Case:
    # Nobody else can be told instead: what was told of the stay so far decides whether the ladder goes on. That another
    # notifier told somebody is nothing that we told.
    untold = (stay for stay in case.at_work if not stay.forwarded_at and not hoster_told(stay, case.item))
    lost = {stay.id for stay in untold if _concerns(stay, sent)}
    stays = tuple(_lost(stay, settings, now) if stay.id in lost else stay for stay in case.stays)
    stays = tuple(replace(stay, follow_up_at=follow_up_at(stay, case.item, settings)) for stay in stays)
    return replace(case, stays=stays)


def unable(case: Case, sent: Sent, now: datetime, settings: Settings) -> Step:
    """Take it that this channel has no words for the item: the next contact is told, or a human must see it."""
    case = _heard(case, sent)
    detail = {"kind": sent.kind.value, "why": "the recipient's channel has no words for it"}
    line = Record(item=case.item.id, event="not_told", at=now, detail=detail)
    if sent.kind is Kind.FORWARD:
        return Step(case=attending(_no_way(case, sent, now, settings), Attention.NO_ENDPOINT), history=(line,))
    if sent.kind is Kind.WITHDRAWAL:
        return Step(case=attending(case, Attention.NO_ENDPOINT), history=(line,))
    if not _has_next(sent):
        stays = tuple(replace(one, follow_up_at=follow_up_at(one, case.item, settings)) for one in case.stays)
        return Step(case=replace(case, stays=stays), history=(line,))
    step = _next_contact(case, sent, now, settings, line, Attention.REFUSED_MAIL)
    if step.tell:
        return step
    return replace(step, case=attending(case, Attention.NO_ENDPOINT))


def _next_contact(case: Case, sent: Sent, now: datetime, settings: Settings, line: Record, seen: Attention) -> Step:
    stays: list[Stay] = []
    tell: dict[RecipientId, Tell] = {}
    exhausted = False
    for stay in case.stays:
        if not _concerns(stay, sent) or stay.gone_at is not None:
            stays.append(stay)
        elif stay.contacts:
            turned = replace(stay, recipient=stay.contacts[0], contacts=stay.contacts[1:])
            stays.append(turned)
            tell.setdefault(stay.contacts[0], _again(case, turned, _kind_again(stay, sent), now))
        else:
            exhausted = True
            lost = _lost(stay, settings, now)
            stays.append(replace(lost, follow_up_at=follow_up_at(lost, case.item, settings)))
    case = replace(case, stays=tuple(stays))
    if exhausted:
        case = attending(case, seen)
    # While it is held nobody is told; its release tells the contact that is next now.
    return Step(case=case, history=(line,), tell=tuple(tell.values()) if case.item.state.in_work else ())


def _lost(stay: Stay, settings: Settings, now: datetime) -> Stay:
    # That nobody can be reached may be a reason for the police: asked at once. Later another contact may be known.
    again = now if "unreachable" in settings.police.reasons else now + settings.geo.refresh
    return replace(stay, failed_at=now, follow_up_at=again)


def _kind_again(stay: Stay, sent: Sent) -> Kind:
    # The next contact has heard nothing yet: what failed as a reminder is its first notice. A front's has no clock.
    if sent.kind is not Kind.REMINDER:
        return sent.kind
    return Kind.FRONT if stay.clock_at is None else Kind.FIRST


def _again(case: Case, stay: Stay, kind: Kind, now: datetime) -> Tell:
    assert stay.recipient is not None  # noqa: S101 -- just taken from the contacts
    return Tell(
        recipient=stay.recipient,
        item=case.item.id,
        stay=stay.id,
        kind=kind,
        spell=stay.spell,
        priority=case.item.priority,
        gather_at=now,
    )


def forward_refused(case: Case, sent: Sent, reason: str, now: datetime) -> Step:
    """Take a partner's refusal of one item; `not_illegal` is its final no where no hoster was told."""
    detail: dict[str, object] = {"notice": str(sent.notice), "partner": sent.partner, "reason": reason}
    case = attending(attempted(case, sent, now), Attention.FORWARD_REFUSED)
    if reason == "not_illegal":
        return final_no(case, sent.partner, now, detail)
    line = Record(item=case.item.id, event="forward_refused", at=now, detail=detail)
    return Step(case=case, history=(line,))


def final_no(case: Case, partner: str | None, now: datetime, detail: dict[str, object]) -> Step:
    """Take a partner's "not illegal here": refused if no hoster was told, else a human must see it."""
    told = any(stay.noticed_at for stay in case.open)
    concerned = tuple(stay for stay in case.at_work if stay.partner == partner)
    if told or not concerned or not possible(case.item.state, Event.REFUSED) or len(concerned) < len(case.at_work):
        line = Record(item=case.item.id, event="forward_refused", at=now, detail=detail)
        # The partner's word stands also where it ends nothing: its patience leads to no hoster there.
        stays = tuple(replace(stay, told_directly=True) if stay in concerned else stay for stay in case.stays)
        return Step(case=attending(replace(case, stays=stays), Attention.FORWARD_REFUSED), history=(line,))
    state = state_after(case, Event.REFUSED)
    line = Record(item=case.item.id, event="refused", at=now, before=case.item.state, after=state, detail=detail)
    ended = tuple(
        replace(stay, ended_at=now, ended_by="refused", ended_known_at=now, follow_up_at=None)
        if stay in concerned
        else stay
        for stay in case.stays
    )
    item = replace(case.item, state=state, ended_at=now)
    return Step(case=Case(item=item, stays=ended), history=(line,), strike=True)


def attend(case: Case, attention: Attention) -> Step:
    """Ask a human to see to the item."""
    return Step(case=attending(case, attention))


def form_filled(case: Case, sent: Sent, reference: str, now: datetime, settings: Settings) -> Step:
    """Take it that a human has filled in the hoster's form; `reference` is what the form gave back."""
    step = accepted(case, sent, now, settings, "form")
    item = replace(step.case.item, attention=step.case.item.attention - {Attention.FORM_TO_FILL})
    history = tuple(replace(line, detail={**(line.detail or {}), "reference": reference}) for line in step.history)
    return replace(step, case=replace(step.case, item=item), history=history)
