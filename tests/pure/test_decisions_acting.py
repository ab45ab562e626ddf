"""What people decide: hold, release, withdraw, reopen, gone, up, and the end of a dry run."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ntd.acting import gone, release, reopen, resume, up, withdraw
from ntd.case import Case, Step
from ntd.holding import hold
from ntd.placing import place
from ntd.returning import return_to_work
from ntd.voiding import ReallyTold, void_dry_run
from schemas.check import Baseline, Body, GoneBy, Verdict
from schemas.errors import IllegalTransition
from schemas.item import Attention, State
from schemas.notice import Kind
from tests.fakes.decisions_case import (
    ABROAD,
    ABUSE,
    DAY,
    FOREIGN,
    HERE,
    HOUR,
    MINUTE,
    NOC,
    NOON,
    OTHER,
    PARTNER,
    THERE,
    UP,
    act,
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

HOME = world(HERE)
RULES = rules()


def with_state(case: Case, state: State) -> Case:
    """Have the item in this state, whatever its stays say."""
    return replace(case, item=replace(case.item, state=state))


def held(case: Case) -> Case:
    """Have the item on hold since noon."""
    return hold(case, act(), None).case


def test_a_hold_strikes_and_stops_everything() -> None:
    """Nothing goes out and nothing is probed, until a date where one is given."""
    step = hold(told_at(located(), NOON, follow_up_at=NOON + DAY), act(NOON + HOUR), NOON + 2 * DAY)

    assert (step.case.item.state, step.case.item.hold_until) == (State.HELD, NOON + 2 * DAY)
    assert (step.strike, step.no_more_checks, step.held_from) == (True, True, NOON + HOUR)
    assert step.case.stays[0].follow_up_at is None


def test_a_release_returns_to_what_the_facts_say() -> None:
    """Who was told stays told, who was not is told now, and it is looked at first."""
    case = located(HERE, THERE)
    told = told_at(case, NOON).stays[0]
    step = release(held(replace(case, stays=(told, case.stays[1]))), act(NOON + DAY), world(HERE, THERE))

    assert (step.case.item.state, step.held_until, step.check_at) == (State.NOTICED, NOON + DAY, NOON + DAY)
    assert [(tell.recipient, tell.wait_for) for tell in step.tell] == [(OTHER, "check")]


def test_a_release_before_anything_is_known_looks_the_host_up() -> None:
    """There is nothing to look at yet."""
    step = release(with_state(received(), State.HELD), act(), world(version=0))

    assert (step.case.item.state, step.look_up, step.check_at) == (State.RECEIVED, True, None)


def test_a_release_after_a_return_still_waits_its_time() -> None:
    """The side that was told before has `reminder_every` between messages, hold or not."""
    back = return_to_work(gone_at(told_at(located(), NOON), NOON + HOUR), None, seen(UP, NOON), HOME, NOON + 2 * HOUR)
    step = release(held(Case(item=back.case.item, stays=back.case.at_work)), act(NOON + 3 * HOUR), HOME)

    assert [tell.gather_at for tell in step.tell] == [NOON + DAY]


def test_a_release_takes_in_who_has_appeared() -> None:
    """A contact found during the hold is told; where there is still nobody, a human sees it."""
    found = release(held(located(seat(1, "NL"))), act(NOON + DAY), HOME)
    still = release(held(located(seat(1, "NL"))), act(NOON + DAY), world(seat(1, "NL")))

    assert [tell.recipient for tell in found.tell] == [ABUSE]
    assert (still.tell, set(still.case.item.attention)) == ((), {Attention.NO_CONTACT})
    assert still.case.stays[0].follow_up_at == NOON + DAY + RULES.geo.refresh


def test_after_the_release_a_partners_patience_is_over_again() -> None:
    """The direct notice was struck with the hold; it has its time again, unless the partner said no."""
    case = forwarded_at(located(ABROAD), NOON, told_directly=True)
    told = told_at(case, NOON)
    no = replace(case, item=replace(case.item, attention=frozenset({Attention.FORWARD_REFUSED})))

    assert [held(one).stays[0].told_directly for one in (case, told, no)] == [False, True, True]


def test_after_the_release_a_copied_items_time_is_up_again() -> None:
    """What we had decided to send and did not is due again; what another notifier told is not told before."""
    decided = replace(located(copied_from="c3p").stays[0], told_by_us=True)
    case = replace(located(copied_from="c3p"), stays=(decided,))
    sent = replace(case, stays=(replace(decided, told_at=NOON),))
    step = release(held(case), act(NOON + HOUR), HOME)

    assert (step.tell, step.case.stays[0].follow_up_at) == ((), NOON + DAY)
    assert (held(case).stays[0].told_by_us, held(sent).stays[0].told_by_us) == (False, True)


def test_a_moved_copied_item_is_told_at_its_release() -> None:
    """The new hoster has heard from nobody."""
    moved = place(located(copied_from="c3p"), world(THERE, version=2), NOON + HOUR).case
    step = release(held(Case(item=moved.item, stays=moved.at_work)), act(NOON + 2 * HOUR), world(THERE, version=2))

    assert [tell.recipient for tell in step.tell] == [OTHER]


@pytest.mark.parametrize(("because", "told"), [("error", [ABUSE, PARTNER]), ("police", []), ("duplicate", [])])
def test_only_an_error_of_ours_tells_the_recipients(because: str, told: list[int]) -> None:
    """The item ends, its stays with it, everything is struck."""
    step = withdraw(told_at(located(), NOON), act(NOON + DAY), because, (ABUSE, PARTNER))

    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(one, Kind.WITHDRAWAL) for one in told]
    assert (step.case.item.state, [stay.ended_by for stay in step.case.stays]) == (State.WITHDRAWN, ["withdrawn"])
    assert (step.strike, step.no_more_checks, step.held_until) == (True, True, None)


def test_a_withdrawal_ends_a_hold() -> None:
    """The held spell is counted until here."""
    assert withdraw(held(located()), act(NOON + DAY), "police", ()).held_until == NOON + DAY


@pytest.mark.parametrize("state", [State.GONE, State.CLOSED, State.REFUSED, State.WITHDRAWN])
def test_an_ended_or_gone_item_can_be_begun_anew(state: State) -> None:
    """A new stay without a place, in a new spell, looked up and told anew; a copied one as ours."""
    case = with_state(gone_at(told_at(located(copied_from="c3p"), NOON), NOON + HOUR), state)
    step = reopen(case, act(NOON + DAY), HOME)
    fresh = step.case.stays[-1]
    again = place(step.case, world(HERE, version=2), NOON + DAY + MINUTE)

    assert (step.case.item.state, step.look_up, step.no_more_checks) == (State.RECEIVED, True, True)
    assert (fresh.seat, fresh.spell, fresh.began_at, fresh.began_by) == (None, 2, NOON + DAY, "reopen")
    assert [stay.ended_by for stay in step.case.stays[:-1]] == ["reopened"]
    assert [(tell.recipient, tell.kind, tell.spell) for tell in again.tell] == [(ABUSE, Kind.FIRST, 2)]


def test_gone_by_hand_is_dated_by_the_first_down() -> None:
    """Or by the decision, where nothing was seen to be gone; stays gone before keep their own date."""
    case = located(HERE, THERE)
    ran = replace(case.stays[0], first_down_at=NOON + HOUR, run_at=NOON + HOUR, run_rounds=1)
    step = gone(replace(case, stays=(ran, case.stays[1])), act(NOON + DAY), RULES)
    again = gone(located(), act(NOON + DAY), rules(monitor={"watch_after_gone": []}))

    assert [stay.gone_at for stay in step.case.stays] == [NOON + HOUR, NOON + DAY]
    assert (step.case.item.state, step.case.item.gone_by, step.strike) == (State.GONE, GoneBy.CONTENT, True)
    assert (step.check_at, step.history[0].detail) == (NOON + 2 * DAY, {"reason": "because", "by_hand": True})
    assert (again.no_more_checks, again.held_until) == (True, None)


def test_gone_by_hand_ends_a_hold_and_leaves_what_was_gone() -> None:
    """The held spell ends with it; what has ended or was gone before is not touched."""
    case = located(HERE, THERE)
    before = replace(case.stays[0], gone_at=NOON, gone_known_at=NOON, gone_by=GoneBy.NAME)
    step = gone(held(replace(case, stays=(before, case.stays[1]))), act(NOON + DAY), RULES)

    assert (step.held_until, step.case.stays[0].gone_by) == (NOON + DAY, GoneBy.NAME)


def test_a_refused_item_said_to_be_gone_is_gone_now() -> None:
    """No stay is left that could date it."""
    step = gone(Case(item=with_state(located(), State.REFUSED).item, stays=()), act(NOON + DAY), RULES)

    assert (step.case.item.gone_at, step.case.item.gone_by) == (NOON + DAY, GoneBy.CONTENT)


FIRST = Baseline(sha256="a" * 64, length_bytes=1000, type="text/html", likeness="text:00000000000000ff:1")


def seen_last(verdict: Verdict, baseline: Baseline | None = FIRST) -> Case:
    """Make a case whose last look came out like this."""
    case = located()
    return replace(case, item=replace(case.item, last_verdict=verdict, baseline=baseline))


LAST = Body(sha256="b" * 64, length_bytes=900, type="text/html", likeness="text:0000000000000fff:0")
DENIED = Baseline(sha256="b" * 64, length_bytes=900, type="text/html", likeness=LAST.likeness, denied=True)


@pytest.mark.parametrize(
    ("verdict", "baseline", "seen", "after"),
    [
        (Verdict.UP, FIRST, LAST, DENIED),
        (Verdict.UP, None, LAST, DENIED),
        (Verdict.CHANGED, FIRST, LAST, DENIED),
        (Verdict.UP, FIRST, None, FIRST),
        (Verdict.BLOCKED, FIRST, LAST, FIRST),
        (Verdict.UNKNOWN, None, LAST, None),
    ],
)
def test_what_stands_there_is_denied_by_a_gone_by_hand(
    verdict: Verdict, baseline: Baseline | None, seen: Body | None, after: Baseline | None
) -> None:
    """What was last seen in its place is not the thing: seeing it again is no return, and nobody is asked again."""
    assert gone(seen_last(verdict, baseline), act(), RULES, seen).case.item.baseline == after


@pytest.mark.parametrize(
    ("verdict", "baseline", "after"),
    [
        (Verdict.CHANGED, FIRST, None),
        (Verdict.UP, FIRST, FIRST),
        (Verdict.GONE, FIRST, FIRST),
        (Verdict.GONE, replace(FIRST, denied=True), None),
    ],
)
def test_what_stands_there_is_taken_anew_after_an_up_by_hand(
    verdict: Verdict, baseline: Baseline, after: Baseline | None
) -> None:
    """A changed body that a person calls up is what the next look keeps; so is one that was denied before."""
    assert up(seen_last(verdict, baseline), act(), HOME).case.item.baseline == after


@pytest.mark.parametrize(("baseline", "after"), [(replace(FIRST, denied=True), None), (FIRST, FIRST), (None, None)])
def test_what_was_called_gone_is_looked_at_anew_once_it_is_begun_anew(
    baseline: Baseline | None, after: Baseline | None
) -> None:
    """Else what somebody begins anew, as it stands there, would be gone again without a look that says so."""
    case = with_state(seen_last(Verdict.GONE, baseline), State.GONE)

    assert reopen(case, act(), HOME).case.item.baseline == after


def test_up_by_hand_breaks_a_run() -> None:
    """Messages go, and it is looked at; a stay that is gone is left alone."""
    case = located(HERE, THERE)
    ran = replace(case.stays[0], first_down_at=NOON, run_at=NOON, run_rounds=2)
    there = replace(case.stays[1], gone_at=NOON, gone_known_at=NOON)
    step = up(replace(case, stays=(ran, there)), act(NOON + HOUR), HOME)

    assert [(stay.run_rounds, stay.last_up_at) for stay in step.case.stays] == [(0, NOON + HOUR), (0, None)]
    assert (step.ready, step.check_at, step.case.item.last_up_at) == (NOON + HOUR, NOON + HOUR, NOON + HOUR)


def test_up_by_hand_before_a_place_is_known_plans_no_look() -> None:
    """There is nothing to look at until it is located."""
    assert up(received(), act(NOON + HOUR), HOME).check_at is None


def test_gone_by_hand_and_up_by_hand_is_a_return() -> None:
    """A new stay, a first notice again, and the reason of who said so."""
    step = up(gone(told_at(located(), NOON), act(NOON + HOUR), RULES).case, act(NOON + 2 * DAY), HOME)

    assert [(stay.ended_by, stay.began_by) for stay in step.case.stays] == [("returned", "receipt"), (None, "return")]
    assert [(tell.recipient, tell.kind, tell.spell) for tell in step.tell] == [(ABUSE, Kind.FIRST, 2)]
    assert step.history[0].detail == {"reason": "because", "by_hand": True}
    assert step.case.item.last_up_at == step.case.stays[-1].last_up_at == NOON + 2 * DAY


def test_an_item_gone_before_it_was_located_can_return() -> None:
    """Gone by hand at once, found and up later: its hoster is told."""
    case = gone(received(), act(NOON + HOUR), RULES).case
    step = up(case, act(NOON + DAY), HOME)
    nowhere = up(case, act(NOON + DAY), world())
    found = place(Case(item=nowhere.case.item, stays=nowhere.case.at_work), HOME, NOON + 2 * DAY)

    assert [tell.recipient for tell in step.tell] == [ABUSE]
    assert (nowhere.case.item.state, found.case.item.state) == (State.RECEIVED, State.ROUTED)
    assert [stay.began_at for stay in found.case.at_work] == [NOON + DAY]


@pytest.mark.parametrize(
    ("decide", "state"),
    [
        (lambda case: hold(case, act(), None), State.GONE),
        (lambda case: release(case, act(), HOME), State.ROUTED),
        (lambda case: withdraw(case, act(), "error", ()), State.CLOSED),
        (lambda case: reopen(case, act(), HOME), State.ROUTED),
        (lambda case: gone(case, act(), RULES), State.GONE),
        (lambda case: up(case, act(), HOME), State.HELD),
        (lambda case: up(case, act(), HOME), State.REFUSED),
        (lambda case: resume(case, act(), HOME), State.ROUTED),
    ],
)
def test_what_the_state_does_not_allow_changes_nothing(decide: Callable[[Case], Step], state: State) -> None:
    """The exception names item and state."""
    case = with_state(located(), state)

    with pytest.raises(IllegalTransition, match=f"is {state.value}"):
        decide(case)


def test_what_a_dry_run_pretended_counts_nowhere() -> None:
    """Clocks, acceptances and reminders are void; the item waits for `ntd resume`."""
    step = void_dry_run(told_at(located(), NOON, reminders=2, steps_done=1, first_attempt_at=NOON), {}, NOON + DAY)
    (stay,) = step.case.stays

    assert (stay.clock_at, stay.noticed_at, stay.told_at, stay.first_attempt_at) == (None,) * 4
    assert (stay.reminders, stay.steps_done, stay.told_by_us) == (0, 0, False)
    assert (step.case.item.state, set(step.case.item.attention)) == (State.ROUTED, {Attention.DRY_RUN})


def test_a_partner_whom_only_a_dry_run_told_was_not_silent() -> None:
    """Its silence, its reminder and the end of its patience are void: all begin anew with the first real acceptance."""
    case = forwarded_at(located(ABROAD), NOON, partner_reminded=True, told_directly=True)
    silent = replace(case, item=replace(case.item, attention=frozenset({Attention.PARTNER_SILENT})))
    step = void_dry_run(silent, {}, NOON + DAY)
    really = void_dry_run(silent, {case.stays[0].id: ReallyTold(last_at=NOON, reminders=0)}, NOON + DAY)

    (stay,) = step.case.stays
    assert (stay.forwarded_at, stay.partner_reminded, stay.told_directly) == (None, False, False)
    assert step.case.item.attention == {Attention.DRY_RUN}
    assert really.case.item.attention == {Attention.PARTNER_SILENT}


def test_what_was_really_told_before_a_dry_run_stands() -> None:
    """Its clock runs on and its hoster is not told again; only the reminders of the dry run are void."""
    case = told_at(located(HERE, THERE), NOON, reminders=3, steps_done=1)
    step = void_dry_run(case, {case.stays[0].id: ReallyTold(last_at=NOON + HOUR, reminders=1)}, NOON + DAY)
    kept, void = step.case.stays
    resumed = resume(step.case, act(NOON + 2 * DAY), world(HERE, THERE))

    assert (kept.clock_at, kept.told_at, kept.reminders) == (NOON, NOON + HOUR, 1)
    assert (kept.follow_up_at, void.clock_at, void.noticed_at) == (NOON + DAY, None, None)
    assert step.case.item.state is State.NOTICED
    assert [tell.recipient for tell in resumed.tell] == [OTHER]


def test_nothing_waits_for_resume_where_everybody_was_really_told() -> None:
    """Two hosters with one mailbox had one message: it stands for both."""
    case = told_at(located(HERE, replace(THERE, contacts=(ABUSE,))), NOON)
    step = void_dry_run(case, {case.stays[0].id: ReallyTold(last_at=NOON, reminders=0)}, NOON + DAY)

    assert [stay.clock_at for stay in step.case.stays] == [NOON, NOON]
    assert step.case.item.attention == frozenset()
    assert step.case.item.first_accepted_at == case.item.first_accepted_at


def test_another_notifiers_word_is_not_void() -> None:
    """Its clock runs from receipt; what we pretended to tell a hoster it moved to does not count."""
    case = located(copied_from="c3p")
    moved = place(case, world(THERE, version=2), NOON + HOUR).case
    later = told_at(Case(item=moved.item, stays=moved.at_work), NOON + 2 * HOUR)

    assert void_dry_run(case, {}, NOON + DAY).case.stays[0].clock_at == NOON
    assert void_dry_run(later, {}, NOON + DAY).case.stays[0].clock_at is None


@pytest.mark.parametrize("state", State)
def test_a_dry_run_ends_for_items_in_any_state(state: State) -> None:
    """No state stops the turn; who is in work or held waits for resume."""
    case = with_state(located(), state)
    ended = replace(case.stays[0], ended_at=NOON, ended_by="refused", ended_known_at=NOON)
    step = void_dry_run(replace(case, stays=(*case.stays, ended)), {}, NOON + DAY)

    assert step.case.stays[1] == ended
    assert (Attention.DRY_RUN in step.case.item.attention) == (state.in_work or state is State.HELD)
    assert (step.case.item.state is state) or state.in_work


def test_resume_tells_for_real_in_a_new_spell() -> None:
    """The messages of the dry run are not the messages of now."""
    waiting = void_dry_run(told_at(located(), NOON), {}, NOON + HOUR).case
    step = resume(waiting, act(NOON + DAY), HOME)

    assert [(tell.recipient, tell.kind, tell.spell) for tell in step.tell] == [(ABUSE, Kind.FIRST, 2)]
    assert (step.case.item.attention, step.check_at) == (frozenset(), NOON + DAY)


def test_a_held_item_that_is_resumed_is_told_at_its_release() -> None:
    """Held: nothing goes out; released before it is resumed, it still waits."""
    waiting = void_dry_run(held(told_at(located(), NOON)), {}, NOON + HOUR).case
    resumed = resume(waiting, act(NOON + DAY), HOME)

    assert (resumed.tell, resumed.check_at, resumed.case.item.spell) == ((), None, 2)
    assert [tell.spell for tell in release(resumed.case, act(NOON + DAY), HOME).tell] == [2]
    assert release(waiting, act(NOON + DAY), HOME).tell == ()


def test_resume_leaves_copied_items_to_their_time_and_gone_stays_alone() -> None:
    """And an item that lost its place meanwhile is looked up, not looked at."""
    case = void_dry_run(located(copied_from="c3p"), {}, NOON).case
    step = resume(case, act(NOON + HOUR), HOME)
    here, there = located(HERE, THERE).stays
    gone_here = replace(here, gone_at=NOON, gone_known_at=NOON)
    both = void_dry_run(replace(located(HERE, THERE), stays=(gone_here, there)), {}, NOON).case
    without = void_dry_run(with_state(received(), State.UNTRACEABLE), {}, NOON).case

    assert (step.tell, step.case.stays[0].follow_up_at) == ((), NOON + DAY)
    assert [stay.spell for stay in resume(both, act(), world(HERE, THERE)).case.stays] == [1, 2]
    assert resume(without, act(), world()).check_at is None


def test_nobody_but_the_next_contact_is_told_at_the_release() -> None:
    """The stay knows whom it had come to."""
    turned = replace(located().stays[0], recipient=NOC, contacts=())
    step = release(held(replace(located(), stays=(turned,))), act(NOON + DAY), HOME)

    assert [tell.recipient for tell in step.tell] == [NOC]
    assert FOREIGN not in {tell.recipient for tell in step.tell}
