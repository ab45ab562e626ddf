"""What a person decides: hold, release, withdraw, reopen, gone, up, resume. Pure.

An act that the state does not allow is an IllegalTransition; nothing changes.
"""

from dataclasses import replace
from datetime import datetime

from ntd.addressing import asked_again, attention_of, renewed, routes_of, tellings
from ntd.case import Case, Item, Stay, Step, Tell, state_after
from ntd.going import closing, gone_item, watch_at
from ntd.holding import Act, copied, hold_instead, record_of
from ntd.lifecycle import Event
from ntd.police import police_copy
from ntd.returning import return_to_work
from ntd.targets import assessed_by_hand
from ntd.world import World
from schemas.check import Baseline, Body, GoneBy, Meaning, Round, Verdict
from schemas.errors import IllegalTransition
from schemas.ids import RecipientId
from schemas.item import Attention, State
from schemas.notice import Kind
from schemas.settings import Settings

#: What a rule of `[routing]` leaves to a human; `release` is that human's word.
WAITS_FOR_A_HUMAN = frozenset(
    {
        Attention.NEW_CONTACT,
        Attention.NO_PARTNER,
        Attention.ACCESS_LINE,
        Attention.NATIONAL_ABROAD,
        Attention.COUNTRY_HELD,
    }
)


def release(case: Case, act: Act, world: World) -> Step:
    """Let a held item go on: its state is what the facts say; who was not told yet is told.

    An item that waits for a human because of a rule is let go past that rule; one that was to be held when it returns
    is not to be any more.
    """
    if case.item.state is State.ROUTED and case.item.attention & WAITS_FOR_A_HUMAN:
        return _let_go(case, act, world)
    if case.item.hold_on_return:
        item = replace(case.item, hold_on_return=False, hold_until=None)
        return Step(case=replace(case, item=item), history=(record_of(case, act, "released", item.state),))
    state = state_after(case, Event.RELEASED)
    line = record_of(case, act, "released", state)
    item = replace(case.item, state=state, hold_until=None)
    open_stays = tuple(stay for stay in case.at_work if stay.hoster is not None)
    released = _route_anew(Case(item=item, stays=case.stays), open_stays, world, act.now)
    return replace(
        released,
        tell=(*released.tell, *police_copy(item, case.at_work, world)),
        history=(line,),
        check_at=act.now if open_stays else None,
        look_up=not open_stays,
        held_until=act.now,
    )


def _let_go(case: Case, act: Act, world: World) -> Step:
    # What is illegal only at home is let go to a partner at most: the rule that never bends is routing's own.
    freely = {"new_contact": "send", "isp": "send", "without_partner": "notify", "national_abroad": "forward"}
    held = {code: rule for code, rule in world.settings.routing.country.items() if rule != "hold"}
    rules = world.settings.routing.model_copy(update={**freely, "country": held})
    open_world = replace(world, settings=world.settings.model_copy(update={"routing": rules}))
    case = replace(
        case, stays=tuple(renewed(stay, case, world) if stay.ended_at is None else stay for stay in case.stays)
    )
    # Of whom no contact was reached, another is looked for by the clock.
    untold = tuple(
        stay for stay in case.at_work if stay.hoster is not None and stay.noticed_at is None and stay.failed_at is None
    )
    routes = routes_of(case, case.at_work, open_world)
    tell = tellings(case.item, untold, routes, open_world)
    if not tell:
        raise IllegalTransition(case.item.id, "routed", "released", why="as nobody can be told of it")
    told = {one.stay for one in tell}
    stays = tuple(replace(stay, follow_up_at=None) if stay.id in told else stay for stay in case.stays)
    item = replace(case.item, attention=attention_of(case, routes))
    line = record_of(case, act, "released", State.ROUTED)
    return Step(case=Case(item=item, stays=stays), tell=tell, history=(line,), check_at=act.now)


def _route_anew(case: Case, stays: tuple[Stay, ...], world: World, now: datetime) -> Step:
    mine = {stay.id: _copied_waits(renewed(stay, case, world), case.item, world) for stay in stays}
    case = replace(case, stays=tuple(mine.get(stay.id, stay) for stay in case.stays))
    routes = routes_of(case, case.at_work, world)
    item = replace(case.item, attention=attention_of(case, routes))
    untold = tuple(stay for stay in mine.values() if stay.noticed_at is None)
    asked = asked_again(case.stays, {stay.id: routes[stay.id] for stay in untold if stay.id in routes}, world, now)
    # A place that the host has left: its stay ends when the item follows, or is told should the host be back by then.
    # Of whom no contact was reached another may be known by now.
    ask = {stay.id for stay in mine.values() if stay.failed_at or (stay.noticed_at is None and stay.id not in routes)}
    stays = tuple(replace(stay, follow_up_at=now) if stay.id in ask else stay for stay in asked)
    return Step(case=Case(item=item, stays=stays), tell=tellings(item, untold, routes, world))


def _copied_waits(stay: Stay, item: Item, world: World) -> Stay:
    # Whom another notifier has told is told by us only after the SLA.
    if not copied(stay, item) or stay.told_by_us:
        return stay
    return replace(stay, follow_up_at=item.received_at + world.settings.sla.removal)


def withdraw(case: Case, act: Act, because: str, told: tuple[RecipientId, ...]) -> Step:
    """Take the item back; only an error of ours tells those who were told, by item id, without URL."""
    state = state_after(case, Event.WITHDRAWN)
    line = record_of(case, act, "withdrawn", state, because=because)
    stays = tuple(
        replace(stay, ended_at=act.now, ended_by="withdrawn", ended_known_at=act.now, follow_up_at=None)
        for stay in case.open
    )
    item = replace(
        case.item, state=state, ended_at=act.now, hold_until=None, hold_on_return=False, attention=frozenset()
    )
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
    line = record_of(case, act, "reopened", state)
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
        placed_version=-1,
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
        target=None,
        baseline=_undenied(case.item.baseline),
        copied_from=None,
        hold_until=None,
        hold_on_return=False,
    )
    return Step(case=Case(item=item, stays=(*ended, fresh)), history=(line,), look_up=True, no_more_checks=True)


def _undenied(baseline: Baseline | None) -> Baseline | None:
    """Forget a body that somebody called gone: who begins anew says that it is to be looked at anew."""
    return None if baseline is not None and baseline.denied else baseline


def gone(case: Case, act: Act, settings: Settings, seen: Body | None = None) -> Step:
    """Record an analyst's verdict that the content is gone, although what was last `seen` stands there."""
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
    after = Case(item=case.item, stays=open_stays)
    item = replace(gone_item(after, act.now), gone_by=GoneBy.CONTENT, baseline=_denied(case.item, seen))
    step = Step(
        case=replace(after, item=item),
        history=(record_of(case, act, "gone", item.state, by_hand=True),),
        strike=True,
        check_at=watch_at(item, settings),
        held_until=act.now if case.item.state is State.HELD else None,
    )
    return closing(step, settings, act.now)


def _denied(item: Item, seen: Body | None) -> Baseline | None:
    """Take what a look last saw in its place as what it is not: seeing it again is no return and asks nobody again."""
    if seen is None or item.last_verdict not in {Verdict.UP, Verdict.CHANGED}:
        return item.baseline
    return Baseline(
        sha256=seen.sha256, length_bytes=seen.length_bytes, type=seen.type, likeness=seen.likeness, denied=True
    )


def _assessed(item: Item) -> Item:
    """Take a person's word for what stands there: what the next look sees is what "up" looks like."""
    item = assessed_by_hand(item)
    known = item.baseline is not None and not item.baseline.denied and item.last_verdict is not Verdict.CHANGED
    return item if known else replace(item, baseline=None)


def up(case: Case, act: Act, world: World) -> Step:
    """Record an analyst's verdict that the content is up: a run is broken, a gone item returns."""
    seen = Round(at=act.now, observations=(), meaning=Meaning(verdict=Verdict.UP, reason="by_hand"))
    if case.item.state in {State.GONE, State.CLOSED}:
        item = _assessed(case.item)
        attention = item.attention - {Attention.RESUBMITTED}
        case = replace(case, item=replace(item, last_up_at=act.now, attention=attention))
        step = return_to_work(case, None, seen, world, act.now)
        step = replace(step, history=(record_of(case, act, "returned", step.case.item.state, by_hand=True),))
        return hold_instead(step, act.now)
    if not case.item.state.in_work:
        raise IllegalTransition(case.item.id, case.item.state.value, "up")
    stays = tuple(
        replace(stay, last_up_at=act.now, first_down_at=None, run_at=None, run_rounds=0)
        if stay.gone_at is None and stay.ended_at is None
        else stay
        for stay in case.stays
    )
    item = replace(
        _assessed(case.item),
        last_up_at=act.now,
        first_down_at=None,
        attention=case.item.attention - {Attention.CHANGED, Attention.NEW_TARGET},
    )
    line = record_of(case, act, "up", case.item.state, by_hand=True)
    look = act.now if case.item.state.checked else None
    return Step(case=Case(item=item, stays=stays), history=(line,), ready=act.now, check_at=look)


def resume(case: Case, act: Act, world: World) -> Step:
    """Tell for real what was only told in a dry run."""
    if Attention.DRY_RUN not in case.item.attention:
        raise IllegalTransition(case.item.id, case.item.state.value, "resumed", why="as it was not told in a dry run")
    spell = case.item.spell + 1
    stays = tuple(
        replace(stay, spell=spell) if stay.ended_at is None and stay.gone_at is None else stay for stay in case.stays
    )
    item = replace(case.item, spell=spell, attention=case.item.attention - {Attention.DRY_RUN})
    anew = Case(item=item, stays=stays)
    line = record_of(case, act, "resumed", item.state)
    if not item.state.in_work:
        # Held: its release tells them.
        return Step(case=anew, history=(line,))
    step = _route_anew(anew, tuple(stay for stay in anew.at_work if stay.hoster is not None), world, act.now)
    return replace(step, history=(line,), check_at=act.now if item.state.checked else None)
