"""What a person decides: hold, release, withdraw, reopen, gone, up, resume. Pure.

An act that the state does not allow is an IllegalTransition; nothing changes.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from monitor.schedule import next_watch
from ntd.case import Case, Item, Record, Stay, Step, Tell, state_after
from ntd.lifecycle import Event
from ntd.placing import OF_ROUTING, World, asked_again, route_of, tellings
from ntd.returning import return_to_work
from schemas.check import GoneBy, Meaning, Round, Verdict
from schemas.errors import IllegalTransition
from schemas.ids import RecipientId
from schemas.item import Attention, State
from schemas.notice import Kind
from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who decided, why, and when."""

    by: str
    reason: str
    now: datetime


def _record(case: Case, act: Act, word: str, state: State, **detail: object) -> Record:
    return Record(
        item=case.item.id,
        event=word,
        at=act.now,
        before=case.item.state,
        after=state,
        detail={"reason": act.reason, **detail},
    )


def hold(case: Case, act: Act, until: datetime | None) -> Step:
    """Stop everything about the item until a date or a release."""
    state = state_after(case, Event.HELD)
    line = _record(case, act, "held", state, until=until.isoformat() if until else None)
    item = replace(case.item, state=state, hold_until=until)
    stays = tuple(replace(stay, follow_up_at=None) for stay in case.stays)
    return Step(case=Case(item=item, stays=stays), history=(line,), strike=True, no_more_checks=True, held_from=act.now)


def release(case: Case, act: Act, world: World) -> Step:
    """Let a held item go on: its state is what the facts say; who was not told yet is told."""
    state = state_after(case, Event.RELEASED)
    line = _record(case, act, "released", state)
    item = replace(case.item, state=state, hold_until=None)
    open_stays = tuple(stay for stay in case.at_work if stay.hoster is not None)
    released = _route_anew(Case(item=item, stays=case.stays), open_stays, world, act.now)
    return replace(
        released,
        history=(line,),
        check_at=act.now if open_stays else None,
        look_up=not open_stays,
        held_until=act.now,
    )


def _route_anew(case: Case, stays: tuple[Stay, ...], world: World, now: datetime) -> Step:
    seats = {seat.seat: seat for seat in world.seats}
    routes = {
        stay.id: route_of(case.item, seats[stay.seat], world) for stay in stays if stay.seat and stay.seat in seats
    }
    attention = (case.item.attention - OF_ROUTING).union(*(one.attention for one in routes.values()))
    case = replace(case, item=replace(case.item, attention=attention))
    if case.item.copied_from and not any(stay.told_by_us for stay in stays):
        due = case.item.received_at + world.settings.sla.removal
        later = tuple(replace(stay, follow_up_at=due) if stay in stays else stay for stay in case.stays)
        return Step(case=replace(case, stays=later))
    untold = tuple(stay for stay in stays if stay.noticed_at is None)
    case = replace(case, stays=asked_again(case.stays, routes, world, now))
    return Step(case=case, tell=tellings(case.item, untold, routes, world.partners))


def withdraw(case: Case, act: Act, because: str, told: tuple[RecipientId, ...]) -> Step:
    """Take the item back; only an error of ours tells those who were told, by item id, without URL."""
    state = state_after(case, Event.WITHDRAWN)
    line = _record(case, act, "withdrawn", state, because=because)
    stays = tuple(
        replace(stay, ended_at=act.now, ended_by="withdrawn", ended_known_at=act.now, follow_up_at=None)
        for stay in case.open
    )
    item = replace(case.item, state=state, ended_at=act.now, hold_until=None, attention=frozenset())
    tell = tuple(_withdrawal(case.item, recipient, act.now) for recipient in told) if because == "error" else ()
    return Step(
        case=Case(item=item, stays=stays),
        history=(line,),
        tell=tell,
        strike=True,
        no_more_checks=True,
        held_until=act.now if case.item.state is State.HELD else None,
    )


def _withdrawal(item: Item, recipient: RecipientId, now: datetime) -> Tell:
    return Tell(
        recipient=recipient,
        item=item.id,
        stay=None,
        kind=Kind.WITHDRAWAL,
        spell=item.spell,
        priority=item.priority,
        gather_at=now,
    )


def reopen(case: Case, act: Act, world: World) -> Step:
    """Begin anew with an ended or gone item: a new stay, looked up and told anew."""
    state = state_after(case, Event.REOPENED)
    line = _record(case, act, "reopened", state)
    ended = tuple(
        replace(stay, ended_at=act.now, ended_by="reopened", ended_known_at=act.now, follow_up_at=None)
        for stay in case.open
    )
    spell = case.item.spell + 1
    fresh = Stay(
        id=world.new_stay(),
        item=case.item.id,
        hoster=None,
        country=None,
        place=None,
        recipient=None,
        contacts=(),
        partner=None,
        spell=spell,
        began_at=act.now,
        began_by="reopen",
    )
    item = replace(
        case.item,
        state=state,
        spell=spell,
        placed_version=0,
        attention=frozenset(),
        resolved_at=None,
        looked_at=None,
        gone_at=None,
        gone_known_at=None,
        gone_by=None,
        first_down_at=None,
        closed_at=None,
        ended_at=None,
        watch=0,
        copied_from=None,
    )
    return Step(case=Case(item=item, stays=(*ended, fresh)), history=(line,), look_up=True, no_more_checks=True)


def gone(case: Case, act: Act, settings: Settings) -> Step:
    """Record an analyst's verdict that the content is gone."""
    open_stays = tuple(
        replace(
            stay,
            gone_at=stay.first_down_at or act.now,
            gone_known_at=act.now,
            gone_by=GoneBy.CONTENT,
            follow_up_at=None,
        )
        if stay.gone_at is None and stay.ended_at is None
        else stay
        for stay in case.stays
    )
    state = state_after(case, Event.GONE)
    last = max((stay.gone_at for stay in open_stays if stay.gone_at), default=act.now)
    line = _record(case, act, "gone", state, by_hand=True)
    item = replace(
        case.item,
        state=state,
        gone_at=last,
        first_down_at=last,
        gone_known_at=act.now,
        gone_by=GoneBy.CONTENT,
        hold_until=None,
        attention=case.item.attention - OF_ROUTING - {Attention.CHANGED, Attention.BLOCKED},
        watch=0,
    )
    return Step(
        case=Case(item=item, stays=open_stays),
        history=(line,),
        strike=True,
        check_at=next_watch(last, settings.monitor, 0),
        no_more_checks=not settings.monitor.watch_after_gone,
        held_until=act.now if case.item.state is State.HELD else None,
    )


def up(case: Case, act: Act, world: World) -> Step:
    """Record an analyst's verdict that the content is up: a run is broken, a gone item returns."""
    seen = Round(at=act.now, observations=(), meaning=Meaning(verdict=Verdict.UP, reason="by_hand"))
    if case.item.state in {State.GONE, State.CLOSED}:
        return return_to_work(case, None, seen, world, act.now)
    if not case.item.state.in_work:
        raise IllegalTransition(case.item.id, case.item.state.value, "up")
    stays = tuple(
        replace(stay, last_up_at=act.now, first_down_at=None, run_at=None, run_rounds=0)
        if stay.gone_at is None and stay.ended_at is None
        else stay
        for stay in case.stays
    )
    item = replace(
        case.item, last_up_at=act.now, first_down_at=None, attention=case.item.attention - {Attention.CHANGED}
    )
    line = _record(case, act, "up", case.item.state, by_hand=True)
    return Step(case=Case(item=item, stays=stays), history=(line,), ready=act.now, check_at=act.now)


def void_dry_run(case: Case, now: datetime) -> Step:
    """Take back what was only accepted in a dry run: it counts nowhere, and the item waits for `ntd resume`."""
    stays = tuple(
        replace(
            stay,
            clock_at=None if not case.item.copied_from else stay.clock_at,
            noticed_at=None if not case.item.copied_from else stay.noticed_at,
            forwarded_at=None,
            told_at=None,
            told_by_us=False,
            first_attempt_at=None,
            reminders=0,
            steps_done=0,
            follow_up_at=None,
        )
        if stay.ended_at is None
        else stay
        for stay in case.stays
    )
    item = replace(
        case.item,
        first_attempt_at=None,
        first_accepted_at=None,
        attention=case.item.attention | {Attention.DRY_RUN} if case.item.state.in_work else case.item.attention,
    )
    case = Case(item=item, stays=stays)
    state = state_after(case, Event.TAKEN_BACK)
    line = Record(
        item=item.id,
        event="acceptance_taken_back",
        at=now,
        before=item.state,
        after=state,
        detail={"why": "it was a dry run"},
    )
    return Step(case=replace(case, item=replace(item, state=state)), history=(line,))


def resume(case: Case, act: Act, world: World) -> Step:
    """Tell for real what was only told in a dry run."""
    if Attention.DRY_RUN not in case.item.attention:
        raise IllegalTransition(case.item.id, case.item.state.value, "resume (it does not wait for one)")
    spell = case.item.spell + 1
    stays = tuple(
        replace(stay, spell=spell) if stay.ended_at is None and stay.gone_at is None else stay for stay in case.stays
    )
    item = replace(case.item, spell=spell, attention=case.item.attention - {Attention.DRY_RUN})
    anew = Case(item=item, stays=stays)
    step = _route_anew(anew, tuple(stay for stay in anew.at_work if stay.hoster is not None), world, act.now)
    return replace(step, history=(_record(case, act, "resumed", item.state),), check_at=act.now)
