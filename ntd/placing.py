"""An item follows its host: stays are taken over, opened and ended; who is to be told follows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ntd.addressing import asked_again, attention_of, refusing, renewed, routes_of, tellings, together
from ntd.case import Case, Item, Record, Stay, Step, state_after
from ntd.going import closing, gone_item, watch_at
from ntd.holding import hold_instead
from ntd.lifecycle import Event, all_gone
from ntd.police import police_copy
from ntd.world import Seated, World
from schemas.ids import StayId
from schemas.item import Attention, State


def place(case: Case, world: World, now: datetime) -> Step:
    """Let an item follow its host's standing; what was reopened waits until that was looked up anew."""
    if _to_be_looked_up(case, world, now):
        return Step(case=case)
    item = replace(case.item, placed_version=world.version, looked_at=case.item.looked_at or now)
    case = replace(case, item=item)
    if not world.seats:
        return _nowhere(case, world, now)
    if item.state in {State.GONE, State.CLOSED, State.WITHDRAWN}:
        return Step(case=case)
    if item.state is State.REFUSED:
        return hold_instead(_refused(case, world, now), now)
    return _follow(case, world, now)


#: How many times `geo.move_confirmed_after` a reopened item waits at most for the confirmation of a move: a host that
#: is elsewhere at each look never confirms one.
_SETTLES_WITHIN = 5


def _to_be_looked_up(case: Case, world: World, now: datetime) -> bool:
    reopened = [stay.began_at for stay in case.at_work if stay.hoster is None]
    if case.item.placed_version >= 0 or not reopened:
        return False
    since = max(reopened)
    if world.looked_at is None or world.looked_at < since:
        return True
    left = bool(world.seats) and all(seat.missed for seat in world.seats)
    return left and now - since < _SETTLES_WITHIN * world.settings.geo.move_confirmed_after


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
    never = tuple(stay for stay in ended if _never_was(stay, world))
    over = tuple(stay for stay in ended if stay not in never)
    if not missing and all_gone(stay.facts for stay in kept):
        step = _only_gone_left(replace(case, stays=kept + over), ended, world, now)
        return replace(step, never_were=_left_to(kept[0], never))
    spell = case.item.spell + (0 if first else 1)
    waiting = (*(stay for stay in kept if stay.hoster is None), *never)
    opened = _opened(case, missing, world, spell, waiting, moved=bool(over), now=now)
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
    after = Case(item=item, stays=refused + stays + over)
    step = _told(after, opened, ended, world, revealed, first=first, now=now)
    return replace(step, never_were=_left_to(after.at_work[0], never[len(opened) :]))


def _left_to(heir: Stay, never: tuple[Stay, ...]) -> tuple[tuple[StayId, StayId], ...]:
    return tuple((stay.id, heir.id) for stay in never)


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


def _opened(
    case: Case,
    missing: Sequence[Seated],
    world: World,
    spell: int,
    waiting: tuple[Stay, ...],
    *,
    moved: bool,
    now: datetime,
) -> tuple[Stay, ...]:
    # Whoever waits for its first place is found there; the hosters first found all take over the beginning of an
    # unlocated stay (definitions, "Stay").
    begun = (waiting[0].began_at, waiting[0].began_by) if waiting and not moved else None
    opened = tuple(
        open_stay(case.item, seat, world, spell, begun or _beginning(case, seat, moved=moved, now=now), now)
        for seat in missing
    )
    taken = (_take_over(was, found) for was, found in zip(waiting, opened, strict=False))
    return (*taken, *opened[len(waiting) :])


def open_stay(
    item: Item, seat: Seated, world: World, spell: int, beginning: tuple[datetime, str], now: datetime
) -> Stay:
    """Open a stay at a place; `beginning`: when it begins, and by what."""
    partner = world.partners.get(seat.country or "")
    began_at, began_by = beginning
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


def _beginning(case: Case, seat: Seated, *, moved: bool, now: datetime) -> tuple[datetime, str]:
    item = case.item
    if item.resolved_at is None:
        return item.received_at, "receipt"
    # Never before the item was received, came back or was reopened: the host may have moved earlier.
    return min(max(seat.seen_from, _here_since(case)), now), (
        "move" if moved or item.state is State.REFUSED else "joined"
    )


def _here_since(case: Case) -> datetime:
    # Since when it has been seen at one place or another without being gone from all of them meanwhile. What a final no
    # has ended belongs to the same time.
    said_no = (stay for stay in case.stays if stay.ended_at is not None and stay.ended_at == case.item.ended_at)
    since = min((stay.began_at for stay in (*case.at_work, *said_no)), default=case.item.received_at)
    gone = ((stay.gone_at, stay.began_at) for stay in case.open if stay.gone_at is not None)
    for gone_at, began_at in sorted(gone, reverse=True):
        since = min(since, began_at) if gone_at >= since else since
    return since


def _never_was(ended: Stay, world: World) -> bool:
    # It began where its host had been until then, for all we knew: the host had left before, and nobody was told. What
    # comes back or is reopened is looked up anew: where no look has shown it since, it was not.
    left = ended.ended_at is not None and ended.ended_at <= ended.began_at
    shown = world.shown_at.get(ended.seat) if ended.seat is not None else None
    unseen = ended.began_by in {"return", "reopen"} and shown is not None and shown < ended.began_at
    return (left or unseen) and not (ended.noticed_at or ended.forwarded_at)


def _take_over(waiting: Stay, found: Stay) -> Stay:
    return replace(
        found,
        id=waiting.id,
        began_at=waiting.began_at,
        began_by=waiting.began_by,
        began_known_at=waiting.began_known_at,
        last_up_at=waiting.last_up_at,
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
