"""An item follows its host: stays are taken over, opened and ended; who is to be told follows. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ntd.case import Case, Item, Record, Stay, Step, Tell, state_after
from ntd.lifecycle import Event
from ntd.routing import Case as Question
from ntd.routing import Route, route
from schemas.hosting import Category
from schemas.ids import HosterId, PlaceId, RecipientId, StayId
from schemas.item import Attention, State
from schemas.notice import Kind
from schemas.settings import Settings

#: Attentions that routing sets, and takes back when it decides anew.
OF_ROUTING = frozenset(
    {
        Attention.NO_CONTACT,
        Attention.NO_ENDPOINT,
        Attention.FRONT_ONLY,
        Attention.COUNTRY_DISPUTED,
        Attention.NEW_CONTACT,
        Attention.ACCESS_LINE,
        Attention.NO_PARTNER,
        Attention.NATIONAL_ABROAD,
        Attention.COUNTRY_UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """A hoster in a country where the host stands, as items see it."""

    hoster: HosterId
    country: str | None
    place: PlaceId
    fronted: bool
    category: Category | None
    disputed: bool
    contacts: tuple[RecipientId, ...]  # usable ones in order of choice
    new_contact: bool  # the first of them was never written to
    seen_from: datetime  # first look that showed it
    address: str  # the lowest, for the history
    prefix: str | None
    asn: int | None
    as_name: str | None
    hoster_name: str

    @property
    def seat(self) -> tuple[int, str | None]:
        """Give what tells one place from another."""
        return self.hoster, self.country

    def as_hosting(self) -> dict[str, object]:
        """Write it as the `hosting` of a history event (contract, section 4)."""
        return {
            "ip": self.address,
            "prefix": self.prefix,
            "asn": self.asn,
            "as_name": self.as_name,
            "country": self.country,
            "hoster": self.hoster_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSeat:
    """The partner of a country, as routing sees it."""

    code: str
    recipient: RecipientId
    endpoint: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What placing knows besides the item: where its host stands, who the partners are, what was configured."""

    version: int  # of the host's standing
    seats: tuple[Seated, ...]
    left_at: Mapping[tuple[int, str | None], datetime]  # when a place that no longer stands was last replaced
    partners: Mapping[str, PartnerSeat]  # by country
    settings: Settings
    new_stay: Callable[[], StayId]


def place(case: Case, world: World, now: datetime) -> Step:
    """Let an item follow its host's standing."""
    item = replace(case.item, placed_version=world.version, looked_at=case.item.looked_at or now)
    case = replace(case, item=item)
    if not world.seats:
        return _nowhere(case, now)
    if item.state in {State.GONE, State.CLOSED, State.WITHDRAWN}:
        return Step(case=case)
    if item.state is State.REFUSED:
        return _refused(case, world, now)
    return _follow(case, world, now)


def _nowhere(case: Case, now: datetime) -> Step:
    if case.item.state is not State.RECEIVED:
        return Step(case=case)
    return _moved_to(case, Event.NOT_LOCATED, now, {"hosting": None}, word="resolved")


def _moved_to(case: Case, event: Event, now: datetime, detail: dict[str, object], *, word: str) -> Step:
    state = state_after(case, event)
    line = Record(item=case.item.id, event=word, at=now, before=case.item.state, after=state, detail=detail)
    return Step(case=replace(case, item=replace(case.item, state=state)), history=(line,))


def _refused(case: Case, world: World, now: datetime) -> Step:
    # Nobody in the country of the final no is told again; a move elsewhere routes anew.
    told_no = {stay.country for stay in case.stays if stay.ended_by == "refused"}
    seats = tuple(seat for seat in world.seats if seat.country not in told_no)
    if not seats:
        return Step(case=case)
    return _follow(case, replace(world, seats=seats), now)


def _follow(case: Case, world: World, now: datetime) -> Step:
    first = case.item.resolved_at is None
    by_seat = {seat.seat: seat for seat in world.seats}
    kept, ended = _part(case, by_seat, world, now)
    missing = [seat for seat in world.seats if seat.seat not in {stay.seat for stay in kept}]
    unlocated = tuple(stay for stay in kept if stay.hoster is None)
    if not missing and not ended:
        return Step(case=replace(case, stays=kept))
    spell = case.item.spell + (0 if first else 1)
    opened = tuple(open_stay(case.item, seat, world, spell, ended, unlocated, now) for seat in missing)
    stays = tuple(stay for stay in kept if stay.hoster is not None) + opened
    if unlocated and opened:
        opened = (_take_over(unlocated[0], opened[0]), *opened[1:])
        stays = tuple(stay for stay in kept if stay.hoster is not None) + opened
    item = replace(
        case.item,
        spell=spell if opened else case.item.spell,
        resolved_at=case.item.resolved_at or now,
        first_country=case.item.first_country or world.seats[0].country,
    )
    return _told(Case(item=item, stays=stays + ended), opened, by_seat, world, first=first, now=now)


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
                replace(stay, ended_at=since, ended_by="relocated", ended_known_at=now, follow_up_at=None, run_at=None)
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
    """Open a stay at a place of the host; `ended`: stays that a move has ended, `unlocated`: one to be taken over."""
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


def _take_over(unlocated: Stay, found: Stay) -> Stay:
    return replace(found, id=unlocated.id, began_at=unlocated.began_at, began_by=unlocated.began_by)


def _told(
    case: Case,
    opened: tuple[Stay, ...],
    by_seat: Mapping[tuple[int, str | None], Seated],
    world: World,
    *,
    first: bool,
    now: datetime,
) -> Step:
    routes = {stay.id: route_of(case.item, by_seat[stay.seat], world) for stay in opened if stay.seat}
    moved = any(stay.ended_at is not None for stay in case.stays)
    routed = _copied(case, opened, world, first=first)
    routed = replace(routed, stays=asked_again(routed.stays, routes, world, now))
    event = Event.LOCATED if first else Event.RELOCATED
    item = routed.item
    attention = (item.attention - OF_ROUTING) if opened else item.attention
    item = replace(item, attention=attention.union(*(route.attention for route in routes.values())))
    case = replace(routed, item=item)
    state = state_after(case, event)
    detail = {"hosting": world.seats[0].as_hosting()}
    line = Record(
        item=item.id,
        event="relocated" if moved else "resolved",
        at=now,
        before=item.state,
        after=state,
        detail=detail,
    )
    tell = () if item.copied_from and first else tellings(case.item, opened, routes, world.partners)
    case = replace(case, item=replace(item, state=state))
    quiet = state in {State.HELD, State.REFUSED}
    return Step(
        case=case,
        tell=() if state is State.HELD else tell,
        history=(line,),
        strike_stays=tuple(stay.id for stay in case.stays if stay.ended_at is not None),
        check_at=None if quiet else now,
    )


def asked_again(
    stays: tuple[Stay, ...], routes: Mapping[StayId, Route], world: World, now: datetime
) -> tuple[Stay, ...]:
    """Have stays about which nobody can be told yet routed again later: a contact or a partner may appear."""
    later = now + world.settings.geo.refresh
    mute = {stay for stay, route in routes.items() if not route.tell}
    return tuple(replace(stay, follow_up_at=stay.follow_up_at or later) if stay.id in mute else stay for stay in stays)


def route_of(item: Item, seat: Seated, world: World) -> Route:
    """Decide who is told about an item at one place of its host."""
    rules = world.settings
    return route(question_of(item, seat, world), rules.organisation.country, rules.routing)


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


def tellings(
    item: Item,
    stays: tuple[Stay, ...],
    routes: Mapping[StayId, Route],
    partners: Mapping[str, PartnerSeat],
) -> tuple[Tell, ...]:
    """Turn routes into what is to be told; each waits for the first check of the item."""
    told: dict[tuple[RecipientId, Kind], Tell] = {}
    for stay in stays:
        for kind in routes[stay.id].tell if stay.id in routes else ():
            partner = partners.get(stay.country or "")
            recipient = partner.recipient if kind is Kind.FORWARD and partner else stay.recipient
            if recipient is not None:
                told.setdefault((recipient, kind), _tell(item, stay, recipient, kind))
    return tuple(told.values())


def _tell(item: Item, stay: Stay, recipient: RecipientId, kind: Kind) -> Tell:
    return Tell(
        recipient=recipient,
        item=item.id,
        stay=stay.id,
        kind=kind,
        spell=stay.spell,
        priority=item.priority,
        wait_for="check",
    )
