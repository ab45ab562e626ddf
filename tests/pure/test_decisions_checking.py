"""What a round does: runs, gone, the watch afterwards, and the return."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.verdict import NO_ADDRESS_EVERYWHERE
from ntd.case import Case, Step
from ntd.checking import Judged, settle
from ntd.placing import place
from ntd.returning import return_to_work
from ntd.targets import OWN, Target
from ntd.world import World
from schemas.check import Baseline, GoneBy, Meaning, Verdict
from schemas.item import Attention, State
from schemas.notice import Kind
from tests.fakes.decisions_case import (
    ABROAD,
    ABUSE,
    BLOCKED,
    CHANGED,
    DAY,
    DOWN,
    HERE,
    HOUR,
    MINUTE,
    NOON,
    OTHER,
    THERE,
    UNKNOWN,
    UP,
    forwarded_at,
    gone_at,
    located,
    received,
    rules,
    seat,
    seen,
    told_at,
    world,
)

QUARTER = timedelta(minutes=15)
NAMELESS = Meaning(verdict=Verdict.UNKNOWN, reason=NO_ADDRESS_EVERYWHERE)


def look(case: Case, *meanings: Meaning, at: datetime = NOON, place_: World | None = None, moved: bool = False) -> Step:
    """Look once; a meaning for each open stay in its order, the first one for the round as a whole."""
    by_stay = dict(zip((stay.id for stay in case.open), meanings, strict=False))
    judged = Judged(round=seen(meanings[0], at), by_stay=by_stay, next_at=at + HOUR, moved=moved)
    return settle(case, judged, place_ or world(HERE, THERE), at)


def looks(case: Case, *meanings: Meaning, at: datetime = NOON) -> Case:
    """Look once for each meaning, a quarter of an hour apart."""
    for n, meaning in enumerate(meanings):
        case = look(case, meaning, at=at + n * QUARTER).case
    return case


@pytest.mark.parametrize(
    ("meanings", "rounds", "state"),
    [
        ((DOWN, DOWN), 2, State.ROUTED),
        ((DOWN, DOWN, DOWN), 3, State.GONE),
        ((DOWN, DOWN, UP, DOWN), 1, State.ROUTED),
        ((DOWN, DOWN, CHANGED, DOWN), 1, State.ROUTED),
        ((DOWN, UNKNOWN, DOWN, BLOCKED, DOWN), 3, State.GONE),
        ((NAMELESS, NAMELESS, NAMELESS), 3, State.GONE),
        ((UNKNOWN,) * 5, 0, State.ROUTED),
    ],
)
def test_gone_needs_a_run(meanings: tuple[Meaning, ...], rounds: int, state: State) -> None:
    """`up` and `changed` break a run, `unknown` and `blocked` neither count nor break."""
    case = looks(located(), *meanings)

    assert (case.stays[0].run_rounds, case.item.state) == (rounds, state)


def test_gone_is_dated_by_the_first_down_after_the_last_up() -> None:
    """A change breaks the run, not the memory of when it was last seen up (definitions, `gone_at`)."""
    case = looks(located(), UP, DOWN, CHANGED, DOWN, DOWN, DOWN)
    (stay,) = case.stays

    assert (stay.last_up_at, stay.gone_at, stay.gone_known_at) == (NOON, NOON + QUARTER, NOON + 5 * QUARTER)
    assert (case.item.gone_at, case.item.gone_known_at) == (NOON + QUARTER, NOON + 5 * QUARTER)


def test_a_name_without_address_everywhere_is_taken_away_with_its_name() -> None:
    """NODATA that lasts is not the hoster's merit."""
    assert looks(located(), NAMELESS, NAMELESS, NAMELESS).item.gone_by is GoneBy.NAME


def test_a_gone_item_is_struck_and_watched() -> None:
    """Waiting messages go no further; the next look is the first of `watch_after_gone`."""
    case = looks(located(), DOWN, DOWN)
    step = look(case, DOWN, at=NOON + 2 * QUARTER)
    off = world(HERE, settings=rules(monitor={"watch_after_gone": []}))

    assert (step.strike, step.check_at, step.no_more_checks) == (True, NOON + DAY, False)
    closed = look(case, DOWN, at=NOON + 2 * QUARTER, place_=off)
    assert (closed.no_more_checks, closed.check_at, closed.case.item.state) == (True, None, State.CLOSED)
    assert [line.event for line in closed.history][-2:] == ["gone", "closed"]


def test_while_a_run_stands_messages_wait_and_looks_come_often() -> None:
    """Twice the time that a confirmation takes, then the first notice goes all the same."""
    step = look(located(), DOWN)

    assert step.check_at == NOON + QUARTER
    assert step.wait_for_runs == ((step.case.stays[0].id, NOON + 6 * QUARTER),)


def test_a_run_at_one_place_delays_nobody_elsewhere() -> None:
    """Each place has its own run; a message that speaks of a place where it is up does not wait."""
    apart = look(located(HERE, THERE), DOWN, UP)
    shared = look(located(HERE, replace(THERE, contacts=HERE.contacts)), DOWN, UP)

    assert [stay for stay, _ in apart.wait_for_runs] == [apart.case.stays[0].id]
    assert (apart.ready, shared.ready, shared.wait_for_runs) == (NOON, NOON, ())


def test_without_a_run_messages_go_and_looks_follow_the_schedule() -> None:
    """A look that cannot tell stops nothing; an address nobody knew has the host looked up."""
    step = look(located(), UNKNOWN, moved=True)

    assert (step.check_at, step.wait_for_runs, step.ready, step.look_up) == (NOON + HOUR, (), NOON, True)


def test_a_stay_about_which_the_round_says_nothing_is_left_alone() -> None:
    """Each stay has its own run over its own addresses."""
    case = look(located(HERE, THERE), DOWN).case

    assert [stay.run_rounds for stay in case.stays] == [1, 0]


def test_gone_at_one_of_two_hosters_the_other_speaks_for_the_item() -> None:
    """Noticed there and untold here: the item is routed again, and who is rid of it is told nothing more."""
    case = located(HERE, THERE)
    noticed = told_at(case, NOON - HOUR).stays[0]
    case = Case(item=replace(case.item, state=State.NOTICED), stays=(noticed, case.stays[1]))
    for n in range(2):
        case = look(case, DOWN, UP, at=NOON + n * QUARTER).case
    step = look(case, DOWN, UP, at=NOON + 2 * QUARTER)

    assert (case.item.state, step.case.item.state) == (State.NOTICED, State.ROUTED)
    assert step.strike_stays == (noticed.id,)
    assert [line.event for line in step.history] == ["gone_here"]


def test_a_message_that_speaks_of_another_place_too_is_not_struck() -> None:
    """Two hosters with one mailbox: gone at one of them, the other still has to hear."""
    case = located(HERE, seat(2, "NL", ABUSE))
    for n in range(2):
        case = look(case, DOWN, UP, at=NOON + n * QUARTER).case

    assert look(case, DOWN, UP, at=NOON + 2 * QUARTER).strike_stays == ()


def test_one_of_two_hosters_that_shows_it_again_begins_a_new_stay() -> None:
    """Its old stay ends as returned, also where the other is gone for good in the same round: the item is not."""
    case = located(HERE, THERE)
    gone = replace(case.stays[0], gone_at=NOON - HOUR, gone_known_at=NOON, gone_by=GoneBy.CONTENT)
    busy = replace(case.stays[1], run_rounds=2, run_at=NOON, first_down_at=NOON)
    step = look(replace(case, stays=(gone, busy)), UP, DOWN, at=NOON + QUARTER)

    assert [stay.ended_by for stay in step.case.stays if stay.id == gone.id] == ["returned"]
    assert [(stay.hoster, stay.began_by, stay.spell) for stay in step.case.at_work] == [(1, "return", 2)]
    assert [line.event for line in step.history] == ["returned"]
    assert step.strike_stays == (busy.id,)


def test_what_a_round_says_of_the_item_is_kept() -> None:
    """Last verdict and reason, the last time up, what a human must see; only rounds that change something are kept."""
    disagree = Meaning(verdict=Verdict.UP, reason="vantages_disagree")
    first = look(located(), UP)
    again = look(first.case, UP, at=NOON + HOUR)
    odd = look(again.case, disagree, at=NOON + 2 * HOUR)

    assert (first.case.item.checks, first.case.item.last_up_at) == (1, NOON)
    assert (first.round is None, again.round is None, odd.round is None) == (False, True, False)
    assert [line.event for line in (*first.history, *again.history)] == ["up"]
    assert odd.case.item.attention == {Attention.VANTAGES_DISAGREE}
    assert look(odd.case, UP).case.item.attention == frozenset()


def test_what_was_first_seen_is_not_kept_twice() -> None:
    """The second look that shows the very body first seen changes the reason and is not kept; another body is."""
    same = Meaning(verdict=Verdict.UP, reason="same_body")
    first = look(located(), UP)
    again = look(first.case, same, at=NOON + HOUR)
    other = look(again.case, UP, at=NOON + 2 * HOUR)
    back = look(look(again.case, BLOCKED, at=NOON + 2 * HOUR).case, same, at=NOON + 3 * HOUR)

    assert [one.round is None for one in (first, again, other, back)] == [False, True, False, False]
    assert again.case.item.last_reason == "same_body"


def test_changed_and_blocked_ask_for_a_human_until_it_is_up() -> None:
    """One blocked round may be a hiccup, two in a row are not."""
    changed = look(located(), CHANGED).case
    once = look(changed, BLOCKED).case
    twice = look(once, BLOCKED).case

    assert (set(changed.item.attention), set(once.item.attention)) == ({Attention.CHANGED}, {Attention.CHANGED})
    assert twice.item.attention == {Attention.CHANGED, Attention.BLOCKED}
    assert look(twice, UP).case.item.attention == frozenset()


@pytest.mark.parametrize("state", [State.RECEIVED, State.UNTRACEABLE, State.HELD, State.WITHDRAWN])
def test_what_is_not_to_be_looked_at_is_not_looked_at_again(state: State) -> None:
    """A look that comes too late ends the looking."""
    step = look(received(state=state), UP)

    assert (step.no_more_checks, step.case.item.state) == (True, state)


@pytest.mark.parametrize(
    ("rule", "rounds", "state", "attention"),
    [("analyst", 5, State.ROUTED, True), ("gone", 3, State.GONE, False), ("up", 5, State.ROUTED, False)],
)
def test_changed_is_what_the_operator_says(rule: str, rounds: int, state: State, *, attention: bool) -> None:
    """Another body waits for an analyst; by rule it counts as gone, round by round, or as up."""
    case, ruled = located(), replace(world(HERE, THERE), settings=rules(monitor={"changed": rule}))
    for n in range(rounds):
        case = look(case, CHANGED, at=NOON + n * QUARTER, place_=ruled).case

    assert (case.item.state, Attention.CHANGED in case.item.attention) == (state, attention)
    assert (case.item.last_up_at is not None) == (rule == "up")


def test_where_it_leads_is_for_a_human_whatever_the_rule() -> None:
    """A new target is no changed body: no rule decides about what nobody has assessed."""
    case, ruled = located(), world(HERE, settings=rules(monitor={"changed": "gone"}))
    case = replace(case, item=replace(case.item, target=OWN))
    judged = Judged(
        round=seen(UP, NOON),
        by_stay={case.stays[0].id: UP},
        next_at=NOON + HOUR,
        target=Target(key="elsewhere", site="other.test", url="http://other.test/"),
    )
    step = settle(case, judged, ruled, NOON)

    assert (step.case.item.last_reason, step.case.stays[0].run_rounds) == ("new_target", 0)


def test_what_was_denied_by_hand_is_kept_until_something_else_is_up() -> None:
    """A denied body stays denied over looks that see it, and gives way to what a return shows."""
    denied = Baseline(sha256="a" * 64, length_bytes=1000, type="text/html", denied=True)
    gone = gone_at(located(), NOON)
    case = replace(gone, item=replace(gone.item, baseline=denied))

    assert look(case, DOWN, at=NOON + HOUR).case.item.baseline == denied
    assert look(case, UP, at=NOON + HOUR).case.item.baseline is None


def test_a_refused_item_is_looked_at_on_but_never_gone_by_it() -> None:
    """It has no stay that could be; a place left gone before is no evidence about the refused one."""
    case = located(HERE, ABROAD)
    gone = replace(case.stays[0], gone_at=NOON, gone_known_at=NOON, gone_by=GoneBy.CONTENT)
    refused = replace(case.stays[1], ended_at=NOON, ended_by="refused", ended_known_at=NOON)
    case = Case(item=replace(case.item, state=State.REFUSED), stays=(gone, refused))
    down = look(case, DOWN, at=NOON + HOUR, place_=world(HERE, ABROAD))
    up = look(case, UP, at=NOON + HOUR, place_=world(HERE, ABROAD))

    assert (down.case.item.state, down.check_at) == (State.REFUSED, NOON + 2 * HOUR)
    assert (up.case.item.state, [tell.recipient for tell in up.tell]) == (State.ROUTED, [ABUSE])
    assert Attention.FORWARD_REFUSED in up.case.item.attention


GONE = gone_at(told_at(located(), NOON - 3 * HOUR), NOON - 2 * HOUR)


def test_the_watch_ends_in_closed() -> None:
    """A look after 1, 7 and 28 days from `gone_at`; the last one closes."""
    first = look(GONE, DOWN, at=NOON + DAY)
    second = look(first.case, DOWN, at=NOON + 7 * DAY)
    last = look(second.case, DOWN, at=NOON + 28 * DAY)
    item = last.case.item

    assert [first.check_at, second.check_at] == [NOON - 2 * HOUR + 7 * DAY, NOON - 2 * HOUR + 28 * DAY]
    assert (item.state, item.closed_at, last.no_more_checks) == (State.CLOSED, NOON + 28 * DAY, True)


def test_a_look_out_of_turn_is_not_one_of_the_watch() -> None:
    """A duplicate or an answer has it looked at; the planned looks are still to come."""
    step = look(GONE, DOWN, at=NOON)

    assert (step.case.item.watch, step.check_at) == (0, NOON - 2 * HOUR + DAY)


def test_a_watch_that_cannot_tell_tries_again_for_a_while() -> None:
    """`confirm` times, then the look counts as done."""
    due = NOON - 2 * HOUR + DAY
    soon, late = look(GONE, UNKNOWN, at=due), look(GONE, BLOCKED, at=due + 3 * QUARTER)

    assert (soon.check_at, soon.case.item.watch) == (due + QUARTER, 0)
    assert (late.case.item.watch, late.check_at) == (1, NOON - 2 * HOUR + 7 * DAY)


def test_a_closed_item_is_looked_at_once_more_when_it_is_reported_again() -> None:
    """Still gone: nothing more; up: it has returned."""
    closed = replace(GONE, item=replace(GONE.item, state=State.CLOSED, ended_at=NOON, closed_at=NOON, watch=3))

    assert look(closed, DOWN, at=NOON + 90 * DAY).no_more_checks is True
    assert look(closed, UP, at=NOON + 90 * DAY).case.item.state is State.ROUTED


def test_a_return_ends_the_gone_stay_and_tells_anew() -> None:
    """A new stay with its own clock in a new spell, a first notice, and a look-up: it may live elsewhere now."""
    step = look(GONE, UP, at=NOON + 2 * DAY, place_=world(HERE))
    old, new = step.case.stays

    assert (old.ended_by, old.returned_at) == ("returned", NOON + 2 * DAY)
    assert (new.began_at, new.began_by, new.spell, new.clock_at) == (NOON + 2 * DAY, "return", 2, None)
    assert [(tell.recipient, tell.kind, tell.spell) for tell in step.tell] == [(ABUSE, Kind.FIRST, 2)]
    assert (step.case.item.gone_at, step.case.item.state, step.look_up) == (None, State.ROUTED, True)


def test_a_return_waits_as_a_reminder_does() -> None:
    """`reminder_every` after the last message, however often it comes and goes in between."""
    once = look(GONE, UP, at=NOON, place_=world(HERE))
    gone_again = gone_at(Case(item=once.case.item, stays=once.case.at_work), NOON + HOUR)
    twice = look(gone_again, UP, at=NOON + 2 * HOUR, place_=world(HERE))

    assert [tell.gather_at for tell in (*once.tell, *twice.tell)] == [NOON - 3 * HOUR + DAY] * 2


def test_a_return_to_a_partner_waits_too() -> None:
    """The last message was the forward."""
    gone = gone_at(forwarded_at(located(ABROAD), NOON), NOON + HOUR)
    step = look(gone, UP, at=NOON + 2 * HOUR, place_=world(ABROAD))

    assert [(tell.kind, tell.gather_at) for tell in step.tell] == [(Kind.FORWARD, NOON + DAY)]


def test_a_return_long_after_the_last_message_waits_for_the_window_only() -> None:
    """It is gathered with others for the same recipient."""
    step = look(GONE, UP, at=NOON + 5 * DAY, place_=world(HERE))

    assert [tell.gather_at for tell in step.tell] == [NOON + 5 * DAY + HOUR]


def test_up_again_where_nobody_knows_is_where_it_was() -> None:
    """The host shows no place just now: the old one stands until the next look, and is routed then."""
    step = look(GONE, UP, at=NOON + DAY, place_=world(version=2))
    (new,) = step.case.at_work

    assert (new.seat, new.began_at, step.tell) == (HERE.seat, NOON + DAY, ())
    assert new.follow_up_at == NOON + DAY + rules().geo.refresh


def test_a_returned_item_still_follows_its_host() -> None:
    """One of two hosters brings it back while the other was left: the next placing ends that stay."""
    case = located(HERE, THERE)
    gone = replace(case.stays[0], gone_at=NOON, gone_known_at=NOON, gone_by=GoneBy.CONTENT)
    now = world(HERE, version=2)
    back = return_to_work(replace(case, stays=(gone, case.stays[1])), None, seen(UP, NOON + HOUR), now, NOON + HOUR)
    step = place(Case(item=back.case.item, stays=back.case.open), now, NOON + 2 * HOUR)

    assert back.case.item.placed_version == 1
    assert [(stay.hoster, stay.ended_by) for stay in step.case.stays if stay.ended_at] == [(2, "relocated")]


def test_reminders_are_due_again_when_it_is_seen_up() -> None:
    """A round recomputes what follows up on each stay."""
    case = told_at(located(), NOON, last_up_at=None)
    step = look(case, UP, at=NOON + MINUTE)

    assert step.case.stays[0].follow_up_at == NOON + DAY
    assert OTHER not in {tell.recipient for tell in step.tell}
