"""An item that was seen up again goes back to work: gone stays end as returned, new ones begin and are told. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ntd.addressing import asked_again, attention_of, routes_of, tellings
from ntd.case import Case, Item, Record, Stay, Step, Tell, state_after
from ntd.lifecycle import Event
from ntd.placing import open_stay
from ntd.routing import Route
from ntd.world import World
from schemas.check import Round
from schemas.ids import StayId
from schemas.item import State


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
    refused = tuple(stay for stay in case.stays if stay.ended_at is not None)
    anew = Case(item=_item_back(case.item, spell), stays=(*refused, *kept, *opened))
    routes = routes_of(anew, anew.at_work, world)
    after = replace(anew.item, attention=attention_of(anew, routes))
    state = state_after(anew, _EVENT.get(case.item.state, Event.LOCATED))
    line = Record(item=after.id, event="returned", at=now, before=case.item.state, after=state)
    mine = {stay.id: routes[stay.id] for stay in opened if stay.id in routes}
    stays = (*refused, *ended, *kept, *asked_again(opened, mine, world, now))
    return Step(
        case=Case(item=replace(after, state=state), stays=stays),
        tell=_told_again(after, opened, routes, world, now),
        history=(line,),
        check_at=now + world.settings.monitor.confirm_every,
        look_up=True,
        round=seen,
    )


#: What a return is called, in the states in which it is not a place found anew.
_EVENT = {State.GONE: Event.RETURNED, State.CLOSED: Event.RETURNED, State.REFUSED: Event.RELOCATED}


def _opened_again(
    item: Item, kept: tuple[Stay, ...], returning: tuple[Stay, ...], world: World, spell: int, now: datetime
) -> tuple[Stay, ...]:
    taken = {stay.seat for stay in kept}
    found = tuple(
        open_stay(item, seat, world, spell, (now, "return"), now) for seat in world.seats if seat.seat not in taken
    ) or tuple(_as_before(stay, world, spell, now) for stay in returning)
    # Who was told before has its time between messages also over a return, however often it comes and goes.
    told = max((at for stay in returning for at in (stay.told_at, stay.forwarded_at) if at), default=None)
    return tuple(
        replace(stay, began_at=now, began_by="return", began_known_at=None, last_up_at=now, told_at=told)
        for stay in found
    )


def _as_before(stay: Stay, world: World, spell: int, now: datetime) -> Stay:
    # Up again, but nobody knows where just now: at the place where it was, until the next look; routed again later.
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
        located_at=stay.located_at,
        follow_up_at=now + world.settings.geo.refresh,
    )


def _item_back(item: Item, spell: int) -> Item:
    # It still has to follow its host: another of its places may have been left meanwhile.
    return replace(
        item,
        spell=spell,
        gone_at=None,
        gone_known_at=None,
        gone_by=None,
        first_down_at=None,
        closed_at=None,
        ended_at=None,
        watch=0,
    )


def _told_again(
    item: Item, opened: tuple[Stay, ...], routes: Mapping[StayId, Route], world: World, now: datetime
) -> tuple[Tell, ...]:
    # A return waits as a reminder does: `reminder_every` after the last message (contract, section 5).
    earliest = now + world.settings.notices.window
    return tuple(
        replace(one, wait_for=None, gather_at=max(earliest, one.gather_at or earliest))
        for one in tellings(item, opened, routes, world)
    )
