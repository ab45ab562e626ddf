"""What follows up on a stay, and when: reminders, the ladder, a partner's silence. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ntd.addressing import asked_again, attention_of, question_of, renewed, routes_of, tellings
from ntd.case import Case, Item, Record, Stay, Step, Tell
from ntd.police import police_copy
from ntd.routing import may_tell_directly
from ntd.sla import Due, Told, next_for_partner, next_message, quiet_until
from ntd.world import Seated, World
from schemas.ids import RecipientId, StayId
from schemas.item import Attention, Classification
from schemas.notice import Kind
from schemas.settings import Partner, Settings


def told_of(stay: Stay, item: Item) -> Told:
    """Say what the stay knows of what was told."""
    return Told(
        noticed_at=stay.noticed_at,
        clock_at=stay.clock_at,
        failed_at=stay.failed_at,
        told_at=stay.told_at,
        last_up_at=stay.last_up_at,
        steps_done=stay.steps_done,
        copied=bool(item.copied_from),
        ours=stay.told_by_us or not item.copied_from,
        forwarded_at=stay.forwarded_at,
        answered_at=stay.answered_at,
        reminded_partner=stay.partner_reminded,
        partner_silent=Attention.PARTNER_SILENT in item.attention,
        told_directly=stay.told_directly or hoster_told(stay, item),
    )


def hoster_told(stay: Stay, item: Item) -> bool:
    """Say whether we told the hoster of a stay ourselves; of a copied item `noticed_at` is another notifier's."""
    return (stay.first_attempt_at if item.copied_from else stay.noticed_at) is not None


def partner_of(stay: Stay, settings: Settings) -> Partner | None:
    """Give the partner that the stay is forwarded to."""
    return next((one for one in settings.partner if one.code == stay.partner), None)


def dues(stay: Stay, item: Item, settings: Settings) -> tuple[Due, ...]:
    """Give everything that will be due on an open stay, seen up since or not."""
    if stay.ended_at is not None or stay.gone_at is not None or not item.state.in_work:
        return ()
    told = told_of(stay, item)
    partner = partner_of(stay, settings)
    ours = None if _only_illegal_here(stay, item, settings) else next_message(told, settings.sla)
    return (*((ours,) if ours else ()), *(next_for_partner(told, partner) if partner else ()))


def _only_illegal_here(stay: Stay, item: Item, settings: Settings) -> bool:
    """Say whether a hoster was told of what turned out to be illegal only in our country: it is not told again."""
    return item.classification is Classification.NATIONAL and stay.country != settings.organisation.country


def follow_up_at(stay: Stay, item: Item, settings: Settings) -> datetime | None:
    """Give the time of the next follow-up, or None while one must wait for the content to be seen up."""
    if stay.ended_at is not None:
        return None
    if not _told(stay):
        return stay.follow_up_at  # when it is to be routed again, if nobody could be told
    # Of whom no contact was reached another contact is looked for meanwhile.
    again = stay.follow_up_at if stay.failed_at else None
    if stay.run_rounds:
        return again
    if stay.asked_at:
        # One at a time: what is on its way comes to something, at the latest when it is given up.
        return stay.asked_at + settings.notices.give_up
    ready = [due.at for due in dues(stay, item, settings) if _seen_up(stay, due)]
    return min([*ready, *([again] if again else [])], default=None)


def _told(stay: Stay) -> bool:
    return bool(stay.noticed_at or stay.forwarded_at or stay.failed_at)


def _seen_up(stay: Stay, due: Due) -> bool:
    return due.needs_up is None or _up_since(stay, due.needs_up)


def _up_since(stay: Stay, at: datetime | None) -> bool:
    return at is not None and stay.last_up_at is not None and stay.last_up_at > at


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Who can be told at each step; a step without a recipient is skipped and recorded."""

    by_kind: Mapping[Kind, RecipientId]
    unknown: frozenset[Kind] = frozenset()  # nobody could say who: asked again later, not skipped
    tried: frozenset[RecipientId] = frozenset()  # for whom a first word in this spell was meant


def next_step(stay: Stay, settings: Settings) -> Kind | None:
    """Give the kind of the next step of the ladder, None at its end."""
    steps = sorted(settings.sla.escalation, key=lambda step: step.after)
    return Kind(steps[stay.steps_done].to) if stay.steps_done < len(steps) else None


def follow_up_first(
    case: Case, due: Sequence[StayId], world: World, ladders: Mapping[StayId, Ladder], now: datetime
) -> Step:
    """Follow up on one of an item's stays that are due: on one that climbs the ladder, else on any.

    Reminders of a stay that shares its mailbox would put its step off for ever. Where nothing is told the others are
    due still; else they wait for a while, as what was told may count for them too.
    """
    climbing = (one.id for one in case.at_work if one.id in due and _climbs(one, case.item, world.settings, now))
    first = next(climbing, due[0])
    step = follow_up(case, first, world, ladders[first], now)
    if step.tell:
        return step
    others = {one for one in due if one != first}
    stays = tuple(replace(one, follow_up_at=now) if one.id in others else one for one in step.case.stays)
    return replace(step, case=replace(step.case, stays=stays))


def _climbs(stay: Stay, item: Item, settings: Settings, now: datetime) -> bool:
    if stay.run_rounds or stay.asked_at:
        return False
    return any(due.step and due.at <= now and _seen_up(stay, due) for due in dues(stay, item, settings))


def follow_up(case: Case, stay_id: StayId, world: World, ladder: Ladder, now: datetime) -> Step:
    """Do what is due on one stay now: one message at most, or nothing yet; and the police's copy, where one is due."""
    stay = next((one for one in case.at_work if one.id == stay_id), None)
    if stay is None or not case.item.state.in_work:
        return Step(case=_with(case, stay_id, follow_up_at=None))
    step = _due_now(case, stay, world, ladder, now)
    return replace(step, tell=(*step.tell, *police_copy(step.case.item, step.case.at_work, world)))


def _due_now(case: Case, stay: Stay, world: World, ladder: Ladder, now: datetime) -> Step:
    if stay.asked_at and now >= stay.asked_at + world.settings.notices.give_up:
        # Nothing came of it: it was struck, or met a message that had failed before.
        stay = replace(stay, asked_at=None)
        case = _with(case, stay.id, asked_at=None)
    found = () if stay.run_rounds or stay.asked_at else dues(stay, case.item, world.settings)
    ready = [due for due in found if due.at <= now and _seen_up(stay, due)]
    if not ready and not _told(stay):
        return _route_again(case, stay, world, ladder, now)
    if not ready and stay.failed_at:
        return _another_contact(case, stay, world, ladder, now)
    if not ready:
        return Step(case=_with(case, stay.id, follow_up_at=follow_up_at(stay, case.item, world.settings)))
    return _do(case, stay, min(ready, key=lambda due: due.at), world, ladder, now)


def _route_again(case: Case, stay: Stay, world: World, ladder: Ladder, now: datetime) -> Step:
    # Nobody could be told when it was placed: by now a contact or a partner may have appeared.
    stay = replace(renewed(stay, case, world), follow_up_at=None)
    stay = replace(stay, follow_up_at=follow_up_at(stay, case.item, world.settings))
    case = replace(case, stays=tuple(stay if one.id == stay.id else one for one in case.stays))
    if _told(stay):
        return Step(case=case)
    routes = routes_of(case, case.at_work, world)
    if stay.id not in routes:
        return Step(case=_with(case, stay.id, follow_up_at=now + world.settings.geo.refresh))
    item = replace(case.item, attention=attention_of(case, routes))
    case = Case(item=item, stays=asked_again(case.stays, {stay.id: routes[stay.id]}, world, now))
    if stay.recipient in ladder.tried:
        # Its mailbox was told, or was to be told, for another place of the item.
        return _another_contact(case, stay, world, ladder, now)
    tell = tuple(replace(one, wait_for=None) for one in tellings(item, (stay,), routes, world))
    return Step(case=case, tell=tell)


def _another_contact(case: Case, stay: Stay, world: World, ladder: Ladder, now: datetime) -> Step:
    # None that was tried was reached: by now the operator may have written down another, or a registry may name one.
    later = replace(stay, follow_up_at=now + world.settings.geo.refresh)
    later = replace(later, follow_up_at=follow_up_at(later, case.item, world.settings))
    seat = _seat(stay, world)
    fresh = [one for one in seat.contacts if one not in ladder.tried and one != stay.recipient] if seat else []
    found = replace(renewed(stay, case, world), failed_at=None, follow_up_at=None)
    if fresh:
        found = replace(found, recipient=fresh[0], contacts=tuple(fresh[1:]))
    told = tellings(case.item, (found,), routes_of(case, (found,), world), world)
    tell = tuple(replace(one, wait_for=None, gather_at=now) for one in told if one.recipient not in ladder.tried)
    stay = found if tell and not stay.run_rounds and not stay.asked_at else later
    stays = tuple(stay if one.id == stay.id else one for one in case.stays)
    return Step(case=replace(case, stays=stays), tell=tell if stay is found else ())


def _with(case: Case, stay_id: StayId, **changes: object) -> Case:
    stays = tuple(replace(stay, **changes) if stay.id == stay_id else stay for stay in case.stays)  # type: ignore[arg-type]
    return replace(case, stays=stays)


def _do(case: Case, stay: Stay, due: Due, world: World, ladder: Ladder, now: datetime) -> Step:
    match due.kind:
        case Kind.REMINDER:
            return _remind(case, stay, world, now)
        case Kind.FORWARD:
            return _partner_silent(case, stay, world, now)
        case Kind.FIRST if stay.noticed_at is not None and not told_of(stay, case.item).ours:
            return _tell_copied(case, stay, world, now)
        case Kind.FIRST:
            return _tell_directly(case, stay, world, now)
        case _:
            return _climb(case, stay, due, world, ladder, now)


def _tell(case: Case, stay: Stay, kind: Kind, recipient: RecipientId, at: datetime, step: int = 0) -> Tell:
    return Tell(
        recipient=recipient,
        item=case.item.id,
        stay=stay.id,
        kind=kind,
        spell=stay.spell,
        priority=case.item.priority,
        step=step,
        gather_at=at,
    )


def _remind(case: Case, stay: Stay, world: World, now: datetime) -> Step:
    if stay.recipient is None:
        return Step(case=_with(case, stay.id, follow_up_at=None))
    case = _on_its_way(case, stay, world, now)
    at = quiet_until(world.settings.notices.quiet, now)
    return Step(case=case, tell=(_tell(case, stay, Kind.REMINDER, stay.recipient, at, stay.reminders + 1),))


def _on_its_way(case: Case, stay: Stay, world: World, now: datetime) -> Case:
    # Due again from what becomes of this one.
    return _with(case, stay.id, asked_at=now, follow_up_at=now + world.settings.notices.give_up)


def _climb(case: Case, stay: Stay, due: Due, world: World, ladder: Ladder, now: datetime) -> Step:
    if due.kind in ladder.unknown:
        return Step(case=_with(case, stay.id, follow_up_at=now + world.settings.geo.retry))
    done = stay.steps_done + 1
    recipient = ladder.by_kind.get(due.kind)
    if recipient is None:
        skipped = replace(stay, steps_done=done)
        after = follow_up_at(skipped, case.item, world.settings)
        case = _with(case, stay.id, steps_done=done, follow_up_at=after)
        detail = {"kind": due.kind.value, "why": "no contact for this step"}
        return Step(case=case, history=(Record(item=case.item.id, event="step_skipped", at=now, detail=detail),))
    case = _on_its_way(_with(case, stay.id, steps_done=done), stay, world, now)
    at = quiet_until(world.settings.notices.quiet, now)
    return Step(case=case, tell=(_tell(case, stay, due.kind, recipient, at, done),))


def _partner_silent(case: Case, stay: Stay, world: World, now: datetime) -> Step:
    partner = world.partners.get(stay.country or "")
    if partner is not None and not stay.partner_reminded:
        return _remind_partner(case, stay, partner.recipient, world, now)
    item = replace(case.item, attention=case.item.attention | {Attention.PARTNER_SILENT})
    case = _again(replace(case, item=item), replace(stay, partner_reminded=True), world)
    line = Record(item=item.id, event="partner_silent", at=now, detail={"partner": stay.partner})
    return Step(case=case, history=(line,))


def _remind_partner(case: Case, stay: Stay, recipient: RecipientId, world: World, now: datetime) -> Step:
    case = _again(case, replace(stay, partner_reminded=True), world)
    # As with a hoster: only what was seen up since is worth a reminder; its silence shows all the same.
    if not _up_since(stay, stay.forwarded_at):
        return Step(case=case)
    at = quiet_until(world.settings.notices.quiet, now)
    return Step(case=case, tell=(_tell(case, stay, Kind.REMINDER, recipient, at, 1),))


def _again(case: Case, stay: Stay, world: World) -> Case:
    stay = replace(stay, follow_up_at=follow_up_at(stay, case.item, world.settings))
    return replace(case, stays=tuple(stay if one.id == stay.id else one for one in case.stays))


def _seat(stay: Stay, world: World) -> Seated | None:
    return next((seat for seat in world.seats if seat.seat == stay.seat), None)


def _tell_directly(case: Case, stay: Stay, world: World, now: datetime) -> Step:
    # The partner's patience is over and the content is not gone.
    stay = replace(renewed(stay, case, world), told_directly=True)
    stay = replace(stay, follow_up_at=follow_up_at(stay, case.item, world.settings))
    case = replace(case, stays=tuple(stay if one.id == stay.id else one for one in case.stays))
    seat = _seat(stay, world)
    if seat is None:
        return Step(case=case)
    rules = world.settings
    told = may_tell_directly(question_of(case.item, seat, world), rules.organisation.country, rules.routing)
    item = replace(case.item, attention=case.item.attention | told.attention)
    line = Record(item=item.id, event="patience_over", at=now, detail={"partner": stay.partner})
    tell = tuple(_tell(case, stay, kind, stay.recipient, now) for kind in told.tell if stay.recipient is not None)
    return Step(case=replace(case, item=item), history=(line,), tell=tell)


def _tell_copied(case: Case, stay: Stay, world: World, now: datetime) -> Step:
    # The other notifier's word was not enough; who cannot be told yet is asked about again.
    stay = replace(renewed(stay, case, world), follow_up_at=now + world.settings.geo.refresh)
    case = replace(case, stays=tuple(stay if one.id == stay.id else one for one in case.stays))
    routes = routes_of(case, (stay,), world)
    found = tellings(case.item, (stay,), routes, world)
    if routes:
        item = replace(case.item, attention=case.item.attention | routes[stay.id].attention)
        case = replace(case, item=item)
    if not found:
        return Step(case=case)
    tell = tuple(replace(one, wait_for=None, gather_at=now) for one in found)
    # Of whom no contact was reached another is looked for.
    again = stay.follow_up_at if stay.failed_at else None
    return Step(case=_with(case, stay.id, told_by_us=True, follow_up_at=again), tell=tell)
