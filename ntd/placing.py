"""An item follows its host: stays are taken over, opened and ended; who is to be told follows. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ntd.case import Case, Item, Record, Stay, Step, Tell, state_after
from ntd.going import closing, gone_item, watch_at
from ntd.holding import hold_instead
from ntd.lifecycle import Event, all_gone
from ntd.police import police_copy
from ntd.routing import OF_FACTS, OF_ROUTING, Route, route
from ntd.routing import Case as Question
from ntd.world import Seated, World
from schemas.ids import RecipientId, StayId
from schemas.item import Attention, State
from schemas.notice import Kind


def place(case: Case, world: World, now: datetime) -> Step:
    """Let an item follow its host's standing."""
    item = replace(case.item, placed_version=world.version, looked_at=case.item.looked_at or now)
    case = replace(case, item=item)
    if not world.seats:
        return _nowhere(case, world, now)
    if item.state in {State.GONE, State.CLOSED, State.WITHDRAWN}:
        return Step(case=case)
    if item.state is State.REFUSED:
        return hold_instead(_refused(case, world, now), now)
    return _follow(case, world, now)


def _nowhere(case: Case, world: World, now: datetime) -> Step:
    if case.item.state is not State.RECEIVED:
        return Step(case=case)
    state = state_after(case, Event.NOT_LOCATED)
    line = Record(
        item=case.item.id, event="resolved", at=now, before=case.item.state, after=state, detail={"hosting": None}
    )
    # Nobody hosts it that could be told, an onion service for one: the police may find out who does.
    copies = police_copy(case.item, case.at_work, world)
    return Step(case=replace(case, item=replace(case.item, state=state)), history=(line,), tell=copies)


def _refused(case: Case, world: World, now: datetime) -> Step:
    # Nobody in the country of the final no is told again; a move elsewhere routes anew.
    told_no = refusing(case)
    seats = tuple(seat for seat in world.seats if seat.country not in told_no)
    return _follow(case, replace(world, seats=seats), now)


def refusing(case: Case) -> frozenset[str | None]:
    """Give the countries whose final no stands; one from before an analyst had the item reopened does not."""
    since = case.item.resolved_at
    return frozenset(
        stay.country
        for stay in case.stays
        if stay.ended_by == "refused" and stay.ended_at is not None and since is not None and stay.ended_at >= since
    )


#: What a human must see about whoever was told at a place: it is of no use once the item has left the place.
OF_PLACE = frozenset(
    {Attention.REFUSED_MAIL, Attention.FORWARD_REFUSED, Attention.PARTNER_SILENT, Attention.PARTNER_CANNOT_SEE}
)


def _follow(case: Case, world: World, now: datetime) -> Step:
    first = case.item.resolved_at is None
    by_seat = {seat.seat: seat for seat in world.seats}
    kept, ended = _part(case, by_seat, world, now)
    missing = [seat for seat in world.seats if seat.seat not in {stay.seat for stay in kept}]
    revealed = _revealed(case, kept, by_seat)
    if not missing and not ended and not revealed:
        return Step(case=case)
    if not missing and all_gone(stay.facts for stay in kept):
        return _only_gone_left(replace(case, stays=kept + ended), ended, world, now)
    spell = case.item.spell + (0 if first else 1)
    unlocated = tuple(stay for stay in (*kept, *ended) if stay.hoster is None or _never_there(stay))
    opened = tuple(open_stay(case.item, seat, world, spell, ended, unlocated, now) for seat in missing)
    if unlocated and opened:
        opened = (_take_over(unlocated[0], opened[0]), *opened[1:])
    mine = {stay.id for stay in opened}
    over = tuple(stay for stay in ended if stay.id not in mine)
    stays = tuple(stay for stay in kept if stay.hoster is not None) + opened
    item = replace(
        case.item,
        spell=spell if opened else case.item.spell,
        resolved_at=case.item.resolved_at or now,
        first_country=case.item.first_country or world.seats[0].country,
        ended_at=None,
        attention=case.item.attention if kept else case.item.attention - OF_PLACE,
    )
    refused = tuple(stay for stay in case.stays if stay.ended_at is not None)
    return _told(Case(item=item, stays=refused + stays + over), opened, ended, world, revealed, first=first, now=now)


def _revealed(
    case: Case, kept: tuple[Stay, ...], by_seat: Mapping[tuple[int, str | None], Seated]
) -> tuple[StayId, ...]:
    """Name the stays whose hoster was told as a front, and turns out to have the machine itself."""
    if Attention.FRONT_ONLY not in case.item.attention:
        return ()
    return tuple(
        stay.id
        for stay in kept
        # What is gone is kept though the host has left that place.
        if stay.clock_at is None and stay.gone_at is None and stay.seat is not None
        if stay.seat in by_seat and by_seat[stay.seat].origin
    )


def _only_gone_left(case: Case, ended: tuple[Stay, ...], world: World, now: datetime) -> Step:
    # The last place that still showed it was left, and everywhere else it is gone: so is the item.
    detail = {"hosting": world.seats[0].as_hosting()}
    item = gone_item(case, now)
    lines = (
        Record(item=item.id, event="relocated", at=now, before=case.item.state, after=case.item.state, detail=detail),
        Record(item=item.id, event="gone", at=now, before=case.item.state, after=item.state),
    )
    step = Step(
        case=replace(case, item=item),
        history=lines,
        strike=True,
        strike_stays=tuple(stay.id for stay in ended),
        check_at=watch_at(item, world.settings),
        held_until=now if case.item.state is State.HELD else None,
    )
    return closing(step, world.settings, now)


def _part(
    case: Case, by_seat: Mapping[tuple[int, str | None], Seated], world: World, now: datetime
) -> tuple[tuple[Stay, ...], tuple[Stay, ...]]:
    kept, ended = [], []
    for stay in case.at_work:
        if stay.seat is None or stay.seat in by_seat:
            kept.append(stay)
        else:
            since = max(world.left_at.get(stay.seat, now), stay.began_at)
            ended.append(
                replace(
                    stay,
                    ended_at=since,
                    ended_by="relocated",
                    ended_known_at=now,
                    follow_up_at=None,
                    run_at=None,
                    run_rounds=0,
                )
            )
    gone = tuple(stay for stay in case.open if stay.gone_at is not None)
    return (*gone, *kept), tuple(ended)


def open_stay(
    item: Item,
    seat: Seated,
    world: World,
    spell: int,
    ended: tuple[Stay, ...],
    unlocated: tuple[Stay, ...],
    now: datetime,
) -> Stay:
    """Open a stay at a place of the host; `ended`: stays that a move has ended, `unlocated`: to be taken over."""
    partner = world.partners.get(seat.country or "")
    began_at, began_by = _beginning(item, seat, ended, unlocated, now)
    return Stay(
        id=world.new_stay(),
        item=item.id,
        hoster=seat.hoster,
        country=seat.country,
        place=seat.place,
        recipient=seat.contacts[0] if seat.contacts else None,
        contacts=seat.contacts[1:],
        partner=partner.code if partner else None,
        spell=spell,
        began_at=began_at,
        began_by=began_by,
        began_known_at=now if began_by in {"move", "joined"} else None,
        located_at=now,
    )


def _beginning(
    item: Item, seat: Seated, ended: tuple[Stay, ...], unlocated: tuple[Stay, ...], now: datetime
) -> tuple[datetime, str]:
    # The hosters first found take over the unlocated stay's beginning (definitions, "Stay").
    if unlocated:
        return unlocated[0].began_at, unlocated[0].began_by
    if item.resolved_at is None:
        return item.received_at, "receipt"
    # Never before the item was received: the host may have moved earlier than we knew the item.
    began = min(max(seat.seen_from, item.received_at), now)
    return began, "move" if ended or item.state is State.REFUSED else "joined"


def _never_there(ended: Stay) -> bool:
    # It returned where its host had been until then, for all we knew: the host had left before, and nobody was told.
    left = ended.ended_at is not None and ended.ended_at <= ended.began_at
    return left and ended.began_by == "return" and not (ended.noticed_at or ended.forwarded_at)


def _take_over(unlocated: Stay, found: Stay) -> Stay:
    return replace(
        found,
        id=unlocated.id,
        began_at=unlocated.began_at,
        began_by=unlocated.began_by,
        last_up_at=unlocated.last_up_at,
    )


def _told(
    case: Case,
    opened: tuple[Stay, ...],
    ended: tuple[Stay, ...],
    world: World,
    revealed: tuple[StayId, ...] = (),
    *,
    first: bool,
    now: datetime,
) -> Step:
    along = tuple(stay.id for stay in _told_along(case, ended))
    case = _copied(case, opened, world, first=first)
    stays = (replace(renewed(one, case, world), asked_at=None) if one.id in along else one for one in case.stays)
    case = replace(case, stays=tuple(stays))
    routes = routes_of(case, case.at_work, world)
    case = replace(case, stays=asked_again(case.stays, {stay.id: routes[stay.id] for stay in opened}, world, now))
    item = case.item
    moved = bool(ended) or item.state is State.REFUSED
    state = state_after(case, Event.RELOCATED if moved else Event.LOCATED)
    line = Record(
        item=item.id,
        event="relocated" if ended else "resolved",
        at=now,
        before=item.state,
        after=state,
        detail=_where(world, opened, revealed),
    )
    item = replace(item, state=state, attention=attention_of(case, routes))
    again = (one for one in case.at_work if one.id in along and one.noticed_at is None)
    # What a front was told is no message to the hoster: the first notice does not wait for it.
    anew = (replace(one, told_at=None) for one in case.at_work if one.id in revealed)
    untold = (*opened, *again, *anew)
    tell = () if item.copied_from and first else tellings(item, untold, routes, world)
    return Step(
        case=replace(case, item=item),
        tell=() if state is State.HELD else (*tell, *police_copy(item, case.at_work, world)),
        history=(line,),
        strike_stays=(*(stay.id for stay in ended), *revealed),
        check_at=None if state is State.HELD and not world.settings.police.probe_held else now,
    )


def _where(world: World, opened: tuple[Stay, ...], revealed: tuple[StayId, ...]) -> dict[str, object]:
    """Say for the history where the item is now; what was learnt about the origin where nothing else has changed."""
    seats = [seat for seat in world.seats if seat.origin and seat.seat in {stay.seat for stay in opened}]
    if revealed or (seats and len(seats) == len(opened)):
        seat = seats[0] if seats else next(seat for seat in world.seats if seat.origin)
        return {"hosting": seat.as_hosting(), "origin": True}
    return {"hosting": world.seats[0].as_hosting()}


def _told_along(case: Case, ended: tuple[Stay, ...]) -> tuple[Stay, ...]:
    # One message may have been meant for several hosters with one mailbox: it is struck with the stay that moved away.
    return tuple(stay for stay in case.at_work if any(together(stay, one) for one in ended))


def together(one: Stay, other: Stay) -> bool:
    """Say whether one message speaks of both stays: the same spell, and the same mailbox or partner."""
    if one.spell != other.spell:
        return False
    return (one.recipient is not None and one.recipient == other.recipient) or (
        one.partner is not None and one.partner == other.partner
    )


def routes_of(case: Case, stays: tuple[Stay, ...], world: World) -> dict[StayId, Route]:
    """Decide who is told about each stay whose place still stands."""
    seats = {seat.seat: seat for seat in world.seats}
    return {stay.id: route_of(case, seats[stay.seat], world) for stay in stays if stay.seat and stay.seat in seats}


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


def route_of(case: Case, seat: Seated, world: World) -> Route:
    """Decide who is told about an item at one place of its host: nobody where a final no stands."""
    if seat.country in refusing(case):
        return Route(attention=frozenset({Attention.FORWARD_REFUSED}))
    rules = world.settings
    return route(question_of(case.item, seat, world), rules.organisation.country, rules.routing)


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


def _copied(case: Case, opened: tuple[Stay, ...], world: World, *, first: bool) -> Case:
    # Another notifier has told the hoster: the clock runs from receipt, we tell only after the SLA (section 4).
    if not case.item.copied_from or not first:
        return case
    received, due = case.item.received_at, case.item.received_at + world.settings.sla.removal
    mine = {stay.id for stay in opened}
    stays = tuple(
        replace(stay, clock_at=received, noticed_at=received, follow_up_at=due) if stay.id in mine else stay
        for stay in case.stays
    )
    return replace(case, stays=stays)


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
