"""An item that was seen up again goes back to work: gone stays end as returned, new ones begin and are told. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ntd.case import Case, Item, Record, Stay, Step, Tell, state_after
from ntd.lifecycle import Event
from ntd.placing import OF_ROUTING, World, asked_again, open_stay, route_of, tellings
from ntd.routing import Route
from schemas.check import Round
from schemas.ids import StayId


def return_to_work(case: Case, back: frozenset[StayId] | None, seen: Round, world: World, now: datetime) -> Step:
    """Take an item back to work that was seen up again; `back`: the gone stays concerned, None means all of them.

    Each of them ends as returned, and the places where the host stands now begin new stays in a new spell.
    """
    returning = tuple(stay for stay in case.open if stay.gone_at and (back is None or stay.id in back))
    ended = tuple(
        replace(stay, ended_at=now, ended_by="returned", ended_known_at=now, returned_at=now, follow_up_at=None)
        for stay in returning
    )
    kept = tuple(stay for stay in case.open if stay not in returning)
    spell = case.item.spell + 1
    opened = _opened_again(case.item, kept, returning, world, spell, now)
    by_seat = {seat.seat: seat for seat in world.seats}
    routes = {stay.id: route_of(case.item, by_seat[stay.seat], world) for stay in opened if stay.seat in by_seat}
    after = _item_back(case.item, spell, routes, world)
    anew = Case(item=after, stays=(*kept, *opened))
    state = state_after(anew, Event.LOCATED if case.item.state.in_work else Event.RETURNED)
    line = Record(item=after.id, event="returned", at=now, before=case.item.state, after=state)
    stays = (*ended, *kept, *asked_again(opened, routes, world, now))
    return Step(
        case=Case(item=replace(after, state=state), stays=stays),
        tell=_told_again(after, opened, returning, routes, world, now),
        history=(line,),
        check_at=now + world.settings.monitor.confirm_every,
        look_up=True,
        round=seen,
    )


def _opened_again(
    item: Item, kept: tuple[Stay, ...], returning: tuple[Stay, ...], world: World, spell: int, now: datetime
) -> tuple[Stay, ...]:
    taken = {stay.seat for stay in kept}
    found = tuple(
        open_stay(item, seat, world, spell, (), (), now) for seat in world.seats if seat.seat not in taken
    ) or tuple(_as_before(stay, world, spell) for stay in returning)
    return tuple(replace(stay, began_at=now, began_by="return", last_up_at=now) for stay in found)


def _as_before(stay: Stay, world: World, spell: int) -> Stay:
    # Up again, but nobody knows where just now: at the place where it was, until the next look.
    return Stay(
        id=world.new_stay(),
        item=stay.item,
        hoster=stay.hoster,
        country=stay.country,
        place=stay.place,
        recipient=stay.recipient,
        contacts=stay.contacts,
        partner=stay.partner,
        spell=spell,
        began_at=stay.began_at,
        began_by=stay.began_by,
    )


def _item_back(item: Item, spell: int, routes: Mapping[StayId, Route], world: World) -> Item:
    return replace(
        item,
        spell=spell,
        placed_version=world.version,
        gone_at=None,
        gone_known_at=None,
        gone_by=None,
        first_down_at=None,
        closed_at=None,
        ended_at=None,
        watch=0,
        attention=(item.attention - OF_ROUTING).union(*(one.attention for one in routes.values())),
    )


def _told_again(
    item: Item,
    opened: tuple[Stay, ...],
    returning: tuple[Stay, ...],
    routes: Mapping[StayId, Route],
    world: World,
    now: datetime,
) -> tuple[Tell, ...]:
    # A return waits as a reminder does: `reminder_every` after the last message (contract, section 5).
    told = max((stay.told_at for stay in returning if stay.told_at), default=None)
    earliest = now + world.settings.notices.window
    gather = max(earliest, told + world.settings.sla.reminder_every) if told else earliest
    return tuple(
        replace(one, wait_for=None, gather_at=gather) for one in tellings(item, opened, routes, world.partners)
    )
