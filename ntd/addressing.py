"""Whom the stays of an item are told to: who it is by routing and by now, what a human must see, the tellings. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ntd.case import Case, Item, Stay, Tell
from ntd.routing import OF_FACTS, OF_ROUTING, Route, route
from ntd.routing import Case as Question
from ntd.world import Seated, World
from schemas.ids import RecipientId, StayId
from schemas.item import Attention
from schemas.notice import Kind


def routes_of(case: Case, stays: tuple[Stay, ...], world: World) -> dict[StayId, Route]:
    """Decide who is told about each stay whose place still stands."""
    seats = {seat.seat: seat for seat in world.seats}
    return {stay.id: route_of(case, seats[stay.seat], world) for stay in stays if stay.seat and stay.seat in seats}


def route_of(case: Case, seat: Seated, world: World) -> Route:
    """Decide who is told about an item at one place of its host: nobody where a final no stands."""
    if seat.country in refusing(case):
        return Route(attention=frozenset({Attention.FORWARD_REFUSED}))
    rules = world.settings
    return route(question_of(case.item, seat, world), rules.organisation.country, rules.routing)


def refusing(case: Case) -> frozenset[str | None]:
    """Give the countries whose final no stands; one from before an analyst had the item reopened does not."""
    since = case.item.resolved_at
    return frozenset(
        stay.country
        for stay in case.stays
        if stay.ended_by == "refused" and stay.ended_at is not None and since is not None and stay.ended_at >= since
    )


def question_of(item: Item, seat: Seated, world: World) -> Question:
    """Put what routing looks at: one item at one hoster."""
    partner = world.partners.get(seat.country or "")
    return Question(
        country=seat.country,
        fronted=seat.fronted,
        category=seat.category,
        country_disputed=seat.disputed,
        classification=item.classification,
        basis=item.basis,
        has_contact=bool(seat.contacts),
        new_contact=seat.new_contact,
        partner=partner is not None,
        endpoint=partner is not None and partner.endpoint,
    )


def attention_of(case: Case, routes: Mapping[StayId, Route]) -> frozenset[Attention]:
    """Give an item's attention with what routing says of all its stays: of those already told only what they are."""
    told = {stay.id for stay in case.at_work if stay.noticed_at or stay.forwarded_at}
    found = (one.attention & OF_FACTS if stay in told else one.attention for stay, one in routes.items())
    attention = (case.item.attention - OF_ROUTING).union(*found)
    # Where anybody but a front is known, it is not the front alone.
    known = any(Attention.FRONT_ONLY not in one.attention for one in routes.values())
    return attention - {Attention.FRONT_ONLY} if known else attention


def asked_again(
    stays: tuple[Stay, ...], routes: Mapping[StayId, Route], world: World, now: datetime
) -> tuple[Stay, ...]:
    """Have stays about which nobody can be told yet routed again later: a contact or a partner may appear."""
    later = now + world.settings.geo.refresh
    mute = {stay for stay, route in routes.items() if not route.tell}
    return tuple(replace(stay, follow_up_at=stay.follow_up_at or later) if stay.id in mute else stay for stay in stays)


def renewed(stay: Stay, case: Case, world: World) -> Stay:
    """Give the stay with the contacts and the partner that have appeared since it began."""
    seat = next((seat for seat in world.seats if seat.seat == stay.seat), None)
    if seat is None:
        return stay
    if stay.recipient is None and seat.contacts:
        stay = _as_told(replace(stay, recipient=seat.contacts[0], contacts=seat.contacts[1:]), case)
    partner = world.partners.get(seat.country or "")
    if partner is None or stay.forwarded_at is not None:
        return stay
    return replace(stay, partner=partner.code)


def _as_told(stay: Stay, case: Case) -> Stay:
    # Its mailbox was told of this very item for another place already: nobody tells it twice, and its clock runs.
    told = (one for one in case.at_work if one.id != stay.id and one.noticed_at and one.recipient == stay.recipient)
    other = next((one for one in told if one.recipient is not None and one.spell == stay.spell), None)
    if other is None:
        return stay
    return replace(
        stay,
        first_attempt_at=other.first_attempt_at,
        noticed_at=other.noticed_at,
        clock_at=other.clock_at,
        told_at=other.told_at,
        told_by_us=other.told_by_us,
    )


def together(one: Stay, other: Stay) -> bool:
    """Say whether one message speaks of both stays: the same spell, and the same mailbox or partner."""
    if one.spell != other.spell:
        return False
    return (one.recipient is not None and one.recipient == other.recipient) or (
        one.partner is not None and one.partner == other.partner
    )


def tellings(item: Item, stays: tuple[Stay, ...], routes: Mapping[StayId, Route], world: World) -> tuple[Tell, ...]:
    """Turn routes into what is to be told; each waits for the next check of the item.

    Nothing while the item waits for `ntd resume`: nobody is told by accident.
    """
    if Attention.DRY_RUN in item.attention:
        return ()
    told: dict[tuple[RecipientId, Kind, int], Tell] = {}
    for stay in stays:
        for kind in routes[stay.id].tell if stay.id in routes else ():
            partner = world.partners.get(stay.country or "")
            recipient = partner.recipient if kind is Kind.FORWARD and partner else stay.recipient
            if recipient is not None:
                told.setdefault((recipient, kind, stay.spell), _tell(item, stay, recipient, kind, world))
    return tuple(told.values())


def _tell(item: Item, stay: Stay, recipient: RecipientId, kind: Kind, world: World) -> Tell:
    # After a return the side that was told before has its time between messages.
    apart = stay.told_at + world.settings.sla.reminder_every if stay.told_at else None
    return Tell(
        recipient=recipient,
        item=item.id,
        stay=stay.id,
        kind=kind,
        spell=stay.spell,
        priority=item.priority,
        wait_for="check",
        gather_at=apart,
    )
