"""Where a URL leads: another site is for a human to assess, and never told about unassessed."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntd.acting import reopen, up
from ntd.case import Case, Step
from ntd.checking import Judged, settle
from ntd.holding import Act
from ntd.targets import NEXT, OWN, Target, astray, target_of
from schemas.check import Hop, Meaning, Observation, Round, Sight
from schemas.item import Attention, State
from tests.fakes.decisions_case import (
    BLOCKED,
    CHANGED,
    DOWN,
    HERE,
    HOUR,
    NOON,
    UNKNOWN,
    UP,
    gone_at,
    located,
    seen,
    told_at,
    world,
)

HOME = Target(key=OWN)
AWAY = Target(key="a1", site="away.test", url="http://img.away.test/1")
FAR = Target(key="f1", site="far.test", url="http://far.test/2")


def look(case: Case, target: Target | None, meaning: Meaning = UP, hours: int = 0) -> Step:
    """Look once, and be led somewhere."""
    at = NOON + hours * HOUR
    by_stay = {stay.id: meaning for stay in case.open}
    return settle(
        case, Judged(round=seen(meaning, at), by_stay=by_stay, next_at=at + HOUR, target=target), world(HERE), at
    )


def attends(case: Case) -> bool:
    """Say whether a human is asked to look at the target."""
    return Attention.NEW_TARGET in case.item.attention


def observation(*hops: str, final: str | None = None, sight: Sight = Sight.ANSWERED) -> Observation:
    """Make a look that was led over these URLs."""
    return Observation(
        at=NOON,
        vantage="direct",
        sight=sight,
        address=ip_address("192.0.2.1"),
        addresses=(ip_address("192.0.2.1"),),
        hops=tuple(Hop(url=url, status=302) for url in hops),
        final_site=final,
    )


def of(*looks: Observation, meaning: Meaning = UP) -> Target | None:
    """Say where a round of these looks led."""
    return target_of(Round(at=NOON, observations=looks, meaning=meaning), lambda sites: f"<{sites}>")


def test_an_address_that_is_not_public_is_no_target() -> None:
    """Nobody could look there or submit it: the look says `unknown`, and where the URL leads is not known."""
    inside = observation("http://img.one.test/1", final="10.9.8.7", sight=Sight.NOT_PUBLIC)
    assert of(inside, meaning=UNKNOWN) is None


def test_the_target_of_a_round_is_every_other_site_that_a_look_ended_at() -> None:
    """The names are keyed together in one order; the first of them is shown to a human."""
    home = observation("http://a.test/1")
    far = observation("http://a.test/1", "http://far.test/", final="far.test")
    away = observation("http://a.test/1", "http://x.away.test/", final="away.test", sight=Sight.TIMEOUT)

    assert of(home) == HOME
    assert of(home, far) == Target(key="<far.test>", site="far.test", url="http://far.test/")
    assert (
        of(far, away, far)
        == of(away, far)
        == Target(key="<away.test far.test>", site="away.test", url="http://x.away.test/")
    )


def test_what_was_not_answered_or_is_gone_leads_nowhere() -> None:
    """A parked domain leads to its seller: that is a sign of gone, not a target."""
    far = observation("http://a.test/1", "http://far.test/", final="far.test")

    assert of(observation(sight=Sight.TIMEOUT), meaning=UNKNOWN) is None
    assert of(far, meaning=DOWN) is None
    assert of() is None


def test_the_first_target_is_what_was_confirmed_and_a_human_is_asked_about_it() -> None:
    """The URL itself was assessed by whoever confirmed it: its notice goes; the target is a URL of its own."""
    step = look(located(), AWAY)
    (line,) = [one for one in step.history if one.event == "new_target"]

    assert attends(step.case)
    assert line.detail == {"site": "away.test", "url": "http://img.away.test/1"}
    assert (step.ready, step.case.item.target, step.case.item.last_up_at) == (NOON, "a1", NOON)


def test_the_same_target_again_is_nothing_new() -> None:
    """The line stands once, however many looks see it."""
    step = look(look(located(), AWAY).case, AWAY, hours=1)

    assert [one.event for one in step.history] == []
    assert step.case.item.last_up_at == NOON + HOUR


@pytest.mark.parametrize("before", [HOME, AWAY])
def test_a_target_that_comes_later_is_not_the_content_that_was_seen(before: Target) -> None:
    """`changed`, reason `new_target`: no `up` for reminders and steps, no message goes, and a human is asked."""
    case = look(told_at(located(), NOON), before).case
    step = look(replace(case, item=replace(case.item, attention=frozenset())), FAR, hours=1)

    assert (step.case.item.last_verdict, step.case.item.last_reason) == ("changed", "new_target")
    assert (step.ready, step.tell) == (None, ())
    assert {stay.last_up_at for stay in step.case.stays} == {NOON}
    assert attends(step.case)
    assert Attention.CHANGED not in step.case.item.attention
    assert [one.event for one in step.history if one.event == "new_target"] == ["new_target"]


def test_a_site_that_leads_elsewhere_each_time_asks_once() -> None:
    """Until somebody has seen to it there is one line in its history."""
    case = look(located(), HOME).case
    lines = []
    for n, target in enumerate((FAR, AWAY, FAR, AWAY), 1):
        step = look(case, target, hours=n)
        lines += [one.event for one in step.history if one.event == "new_target"]
        case = step.case

    assert lines == ["new_target"]


def test_what_leads_back_is_as_before() -> None:
    """Its own site again: nobody need look, and it is up."""
    case = look(look(located(), HOME).case, FAR, hours=1).case
    step = look(case, HOME, hours=2)

    assert not attends(step.case)
    assert (step.case.item.last_verdict, step.ready) == ("up", NOON + 2 * HOUR)


def test_a_persons_up_takes_the_target_as_assessed() -> None:
    """Wherever it leads at the next look; what it leads to after that is new again."""
    case = look(look(located(), HOME).case, FAR, hours=1).case
    by_hand = up(case, Act(by="analyst", reason="looked", now=NOON + HOUR), world(HERE)).case
    after = look(by_hand, FAR, hours=2)

    assert (attends(by_hand), by_hand.item.target) == (False, NEXT)
    assert (attends(after.case), after.case.item.target, after.ready) == (False, "f1", NOON + 2 * HOUR)
    assert attends(look(after.case, AWAY, hours=3).case)


def test_a_gone_item_that_leads_elsewhere_has_not_returned() -> None:
    """A sold domain leads to its seller: a human is asked, nobody is told."""
    gone = gone_at(look(located(), HOME).case, NOON + HOUR)
    step = look(gone, FAR, hours=30)
    back = look(gone, HOME, hours=30)
    by_hand = up(step.case, Act(by="analyst", reason="looked", now=NOON + 31 * HOUR), world(HERE))

    assert (step.case.item.state, step.tell, attends(step.case)) == (State.GONE, (), True)
    assert back.case.item.state is not State.GONE
    assert by_hand.case.item.state is not State.GONE
    assert not attends(by_hand.case)


@pytest.mark.parametrize("meaning", [DOWN, UNKNOWN, BLOCKED])
def test_only_what_was_seen_up_is_doubted(meaning: Meaning) -> None:
    """What cannot be told stays so, and a run goes on."""
    case = look(located(), HOME).case

    assert look(case, FAR, meaning, hours=1).case.item.last_reason == meaning.reason


def test_a_reopened_item_begins_anew() -> None:
    """Whoever has it reopened has looked at it."""
    case = gone_at(look(located(), HOME).case, NOON + HOUR)

    assert reopen(case, Act(by="analyst", reason="it is back", now=NOON), world(HERE)).case.item.target is None


@given(
    st.lists(st.tuples(st.sampled_from([HOME, AWAY, FAR, None]), st.sampled_from([UP, CHANGED, UNKNOWN])), max_size=8)
)
def test_nothing_goes_out_while_a_target_is_unassessed(rounds: list[tuple[Target | None, Meaning]]) -> None:
    """In any order of looks: whoever is led elsewhere than at first is asked about, and no `up` comes of it."""
    case = located()
    for n, (target, meaning) in enumerate(rounds):
        before = case.item.last_up_at
        step = look(case, target, meaning, hours=n)
        case = step.case
        elsewhere = target is not None and astray(case.item)

        assert not elsewhere or (step.tell, step.ready if meaning is UP else None) == ((), None)
        assert not elsewhere or (case.item.last_up_at == before and attends(case))
        assert case.item.state is State.ROUTED


def test_a_late_look_that_tells_nothing_keeps_the_question() -> None:
    """A timeout neither answers nor forgets it, and lets no message go."""
    case = look(look(located(), HOME).case, FAR, hours=1).case
    step = look(case, None, UNKNOWN, hours=2)

    assert attends(step.case)
    assert step.ready is None
    assert look(step.case, HOME, hours=3).ready == NOON + 3 * HOUR


def test_a_persons_up_says_nothing_of_a_target_that_nobody_asked_about() -> None:
    """Where it leads stays as it was confirmed."""
    case = look(located(), HOME).case

    assert up(case, Act(by="analyst", reason="looked", now=NOON), world(HERE)).case.item.target == OWN
