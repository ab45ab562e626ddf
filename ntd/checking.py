"""What a round of looks does to an item: runs, gone, return, closing. Pure (contract, section 5 "Runs").

`up` and `changed` break a run, `unknown` and `blocked` neither count nor break. Each hoster's stay has its own run over
that hoster's addresses; the item is gone when all its stays are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from monitor.verdict import NO_ADDRESS_EVERYWHERE, baseline_of
from ntd.addressing import together
from ntd.case import Case, Item, Record, Stay, Step, having, state_after
from ntd.following import follow_up_at
from ntd.going import closing, gone_item, watch_at
from ntd.holding import hold_instead
from ntd.lifecycle import Event, all_gone
from ntd.returning import return_to_work
from ntd.succeeding import sent_to
from ntd.targets import NEW_TARGET, Target, astray, led
from ntd.world import World
from schemas.check import Baseline, GoneBy, Meaning, Round, Verdict
from schemas.ids import StayId
from schemas.item import Attention, State
from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A round, and what it means for each open stay."""

    round: Round
    by_stay: Mapping[StayId, Meaning]
    next_at: datetime  # when the schedule would have the next look
    moved: bool = False  # the name has addresses that no stay of the item knows
    target: Target | None = None  # where it led; None: that could not be seen


def settle(case: Case, judged: Judged, world: World, now: datetime) -> Step:
    """Take one round into a case."""
    there = led(case.item, judged.target, now)
    judged = _elsewhere(judged) if there.unassessed else _by_rule(judged, world.settings)
    step = _settled(case, _counted(replace(case, item=there.item), judged, now), judged, world, now)
    return replace(step, history=(*there.history, *step.history)) if there.history else step


def _elsewhere(judged: Judged) -> Judged:
    # What stands there nobody has assessed: it is not the content that was seen up.
    by_stay = {stay: _not_up(meaning) for stay, meaning in judged.by_stay.items()}
    return replace(judged, round=replace(judged.round, meaning=_not_up(judged.round.meaning)), by_stay=by_stay)


#: What `monitor.changed` takes another body for.
_RULED: Final = {
    "gone": Meaning(verdict=Verdict.GONE, reason="changed", gone_by=GoneBy.CONTENT),
    "up": Meaning(verdict=Verdict.UP, reason="changed"),
}


def _by_rule(judged: Judged, rules: Settings) -> Judged:
    """Decide about a changed body as the operator has, where that is not left to an analyst."""
    ruled = _RULED.get(rules.monitor.changed)
    if ruled is None or judged.round.meaning.verdict is not Verdict.CHANGED:
        return judged
    by_stay = {stay: ruled if it.verdict is Verdict.CHANGED else it for stay, it in judged.by_stay.items()}
    return replace(judged, round=replace(judged.round, meaning=ruled), by_stay=by_stay)


def _not_up(meaning: Meaning) -> Meaning:
    return NEW_TARGET if meaning.verdict in {Verdict.UP, Verdict.CHANGED} else meaning


def _settled(case: Case, seen: Case, judged: Judged, world: World, now: datetime) -> Step:
    if case.item.state in {State.GONE, State.CLOSED}:
        return hold_instead(_watched(case, seen, judged, world, now), now)
    probed = case.item.state is State.HELD and world.settings.police.probe_held
    if not case.item.state.checked and not probed:
        return Step(case=seen, no_more_checks=True)
    return hold_instead(_at_work(case, seen, judged, world, now), now)


def _counted(case: Case, judged: Judged, now: datetime) -> Case:
    meaning = judged.round.meaning
    item = replace(
        case.item,
        checks=case.item.checks + 1,
        checked_at=now,
        last_verdict=meaning.verdict,
        last_reason=meaning.reason,
        last_up_at=judged.round.at if meaning.verdict is Verdict.UP else case.item.last_up_at,
        baseline=_baseline(case.item, judged.round),
        attention=_attention(case.item, meaning),
    )
    return replace(case, item=item)


def _baseline(item: Item, seen: Round) -> Baseline | None:
    # What a person said is not the thing stands until something else is seen up.
    if item.baseline is None or (item.baseline.denied and seen.meaning.verdict is Verdict.UP):
        return baseline_of(seen)
    return item.baseline


def _attention(item: Item, meaning: Meaning) -> frozenset[Attention]:
    seen = item.attention - {Attention.VANTAGES_DISAGREE}
    if meaning.reason == "vantages_disagree":
        return seen | {Attention.VANTAGES_DISAGREE}
    match meaning.verdict:
        case Verdict.CHANGED:
            return seen if meaning == NEW_TARGET else seen | {Attention.CHANGED}
        case Verdict.UP:
            return seen - {Attention.CHANGED, Attention.BLOCKED}
        case Verdict.BLOCKED if item.last_verdict is Verdict.BLOCKED:
            return seen | {Attention.BLOCKED}
        case _:
            return seen


def _follow_up_at(stay: Stay, item: Item, rules: Settings, now: datetime) -> datetime | None:
    # What is due already is left to whoever follows up: a copy for the police is no message that a look would know of.
    due = stay.follow_up_at is not None and stay.follow_up_at <= now and stay.gone_at is None
    return stay.follow_up_at if due else follow_up_at(stay, item, rules)


def _at_work(before: Case, case: Case, judged: Judged, world: World, now: datetime) -> Step:
    rules = world.settings
    stays = tuple(_stay(stay, judged, rules, now) for stay in case.stays)
    stays = tuple(having(stay, follow_up_at=_follow_up_at(stay, case.item, rules, now)) for stay in stays)
    case = replace(case, stays=stays)
    back = frozenset(stay.id for stay in case.open if stay.gone_at and _is_up(judged, stay))
    if case.item.state is State.HELD:
        back = frozenset()  # nothing begins anew while nothing may be sent: its release decides by what is seen then
    # A refused item is watched for a move, not for its end: what it still has open is a place left behind.
    if not back and all_gone(stay.facts for stay in case.open) and case.item.state is not State.REFUSED:
        return _gone(before, case, judged, rules, now)
    case, over = _gone_here(before, case, now)
    if back:
        step = return_to_work(case, back, judged.round, world, now)
        return replace(step, history=(*over, *step.history), strike_stays=_newly_gone(before, case))
    running = [stay for stay in case.at_work if stay.run_rounds]
    down = [stay.first_down_at for stay in case.at_work if stay.first_down_at]
    case = replace(case, item=having(case.item, first_down_at=min(down, default=None)))
    notable = _notable(before, judged)
    step = Step(
        case=case,
        check_at=now + rules.monitor.confirm_every if running else judged.next_at,
        look_up=judged.moved,
        history=(*_history(before, judged, now), *over),
        round=judged.round if notable else None,
        strike_stays=_newly_gone(before, case),
    )
    # Whatever does not wait for a run may go: an `unknown` round after a run neither counts nor breaks it. While the
    # URL leads where nobody has looked, nothing does.
    return replace(step, ready=None if astray(case.item) else now, wait_for_runs=_waiting(case, rules, now))


def _waiting(case: Case, rules: Settings, now: datetime) -> tuple[tuple[StayId, datetime], ...]:
    """Give the stays whose messages wait for an unconfirmed run, and until when."""
    patience = 2 * rules.monitor.confirm * rules.monitor.confirm_every
    # A message that speaks of a place without a run too does not wait.
    steady = [stay for stay in case.at_work if not stay.run_rounds]
    return tuple(
        (stay.id, (stay.run_at or now) + patience)
        for stay in case.at_work
        if stay.run_rounds and not any(together(stay, other) for other in steady)
    )


def _gone_here(before: Case, case: Case, now: datetime) -> tuple[Case, tuple[Record, ...]]:
    # Gone at one of several hosters: the state says what holds for those where it is not.
    if not case.at_work or len(case.at_work) == len(before.at_work):
        return case, ()
    state = state_after(case, Event.RELOCATED)
    line = Record(item=case.item.id, event="gone_here", at=now, before=case.item.state, after=state)
    return replace(case, item=replace(case.item, state=state)), (line,)


def _newly_gone(before: Case, case: Case) -> tuple[StayId, ...]:
    # Nobody is told of what is gone at his place, unless the same message speaks of another place too.
    was = {stay.id for stay in before.at_work}
    return tuple(
        stay.id
        for stay in case.open
        if stay.gone_at and stay.id in was and not any(together(stay, other) for other in case.at_work)
    )


def _is_up(judged: Judged, stay: Stay) -> bool:
    meaning = judged.by_stay.get(stay.id)
    return meaning is not None and meaning.verdict is Verdict.UP


def _stay(stay: Stay, judged: Judged, rules: Settings, now: datetime) -> Stay:
    meaning = judged.by_stay.get(stay.id)
    if meaning is None or stay.ended_at is not None or stay.gone_at is not None:
        return stay
    match meaning.verdict:
        case Verdict.UNKNOWN if meaning.reason == NO_ADDRESS_EVERYWHERE:
            return _down(stay, replace(meaning, gone_by=GoneBy.NAME), judged.round.at, rules, now)
        case Verdict.UP:
            return replace(stay, last_up_at=judged.round.at, first_down_at=None, run_at=None, run_rounds=0)
        case Verdict.CHANGED:
            return replace(stay, run_at=None, run_rounds=0)
        case Verdict.GONE:
            return _down(stay, meaning, judged.round.at, rules, now)
        case _:
            return stay


def _down(stay: Stay, meaning: Meaning, at: datetime, rules: Settings, now: datetime) -> Stay:
    first_down = stay.first_down_at or at
    stay = replace(stay, first_down_at=first_down, run_at=stay.run_at or at, run_rounds=stay.run_rounds + 1)
    if stay.run_rounds < rules.monitor.confirm:
        return stay
    # The first `down` after the last `up` before the confirmation (definitions, `gone_at`).
    return replace(stay, gone_at=first_down, gone_known_at=now, gone_by=meaning.gone_by, follow_up_at=None)


def _gone(before: Case, case: Case, judged: Judged, rules: Settings, now: datetime) -> Step:
    item = gone_item(case, now)
    detail = {"gone_at": item.gone_at, "gone_by": item.gone_by, "reason": judged.round.meaning.reason}
    line = Record(item=item.id, event="gone", at=now, before=before.item.state, after=item.state, detail=detail)
    step = Step(
        case=replace(case, item=item),
        history=(*_history(before, judged, now), line),
        strike=True,
        check_at=watch_at(item, rules),
        held_until=now if before.item.state is State.HELD else None,
        round=judged.round,
    )
    return closing(step, rules, now)


def _watched(before: Case, case: Case, judged: Judged, world: World, now: datetime) -> Step:
    match judged.round.meaning.verdict:
        case Verdict.UP:
            up = frozenset(stay.id for stay in case.open if _is_up(judged, stay))
            step = return_to_work(case, up or None, judged.round, world, now)
            return replace(step, history=(*step.history, *_moved_on(case.item, judged, now)))
        case Verdict.UNKNOWN | Verdict.BLOCKED if _may_retry(before.item, world.settings, now):
            again = now + world.settings.monitor.confirm_every
            return Step(case=case, check_at=again, round=_if_notable(before, judged))
        case _:
            return _watch_done(before, case, judged, world.settings, now)


def _moved_on(item: Item, judged: Judged, now: datetime) -> tuple[Record, ...]:
    """Say under which other name of its site it has returned, where its own sends there."""
    there = sent_to(judged.round)
    detail = {"url": there, "by": "redirect"}
    return () if there is None else (Record(item=item.id, event="successor", at=now, detail=detail),)


def _may_retry(item: Item, rules: Settings, now: datetime) -> bool:
    due = watch_at(item, rules)
    if due is None or now >= due + rules.monitor.confirm * rules.monitor.confirm_every:
        return False
    # A look out of turn (a duplicate, an answer) is tried once more; the next of the watch comes anyway.
    return now >= due or item.last_verdict not in {Verdict.UNKNOWN, Verdict.BLOCKED}


def _watch_done(before: Case, case: Case, judged: Judged, rules: Settings, now: datetime) -> Step:
    if case.item.state is State.CLOSED:
        return Step(case=case, no_more_checks=True, round=_if_notable(before, judged))
    item = case.item
    # A look out of turn (a duplicate, an answer) is not one of the watch.
    due = watch_at(item, rules)
    if due is None or now >= due:
        item = replace(item, watch=item.watch + 1)
    following = watch_at(item, rules)
    if following is not None:
        return Step(case=replace(case, item=item), check_at=following, round=_if_notable(before, judged))
    state = state_after(replace(case, item=item), Event.CLOSED)
    line = Record(item=item.id, event="closed", at=now, before=item.state, after=state)
    item = replace(item, state=state, closed_at=now, ended_at=now)
    return Step(case=replace(case, item=item), history=(line,), no_more_checks=True, round=judged.round)


_FIRST_UP: Final = (Verdict.UP, "status_2xx")
_SAME_AGAIN: Final = Meaning(verdict=Verdict.UP, reason="same_body")


def _notable(before: Case, judged: Judged) -> bool:
    meaning = judged.round.meaning
    was = (before.item.last_verdict, before.item.last_reason)
    # What was first seen, seen again: the round that saw it first is kept and shows the same.
    return was != (meaning.verdict, meaning.reason) and (was, meaning) != (_FIRST_UP, _SAME_AGAIN)


def _if_notable(before: Case, judged: Judged) -> Round | None:
    return judged.round if _notable(before, judged) else None


def _history(before: Case, judged: Judged, now: datetime) -> tuple[Record, ...]:
    meaning = judged.round.meaning
    if before.item.last_verdict is meaning.verdict:
        return ()
    word = {Verdict.UP: "up", Verdict.GONE: "down"}.get(meaning.verdict, meaning.verdict.value)
    return (Record(item=before.item.id, event=word, at=now, detail={"reason": meaning.reason}),)
