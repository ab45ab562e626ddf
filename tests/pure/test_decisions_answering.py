"""What is said about an item, and what the same URL again changes: history, not truth."""

from dataclasses import replace
from datetime import datetime

import pytest

from ntd.acting import up
from ntd.answering import heeded, partner_says, recipient_says
from ntd.case import Step
from ntd.duplicates import Standing, again, changes, folded, later
from schemas.check import Baseline
from schemas.exchange import Action, LinkAnswer, PartnerAnswer
from schemas.item import Attention, Classification, State, Submission
from schemas.url import parse_url
from tests.fakes.decisions_case import (
    ABROAD,
    DAY,
    HERE,
    HOUR,
    NOON,
    act,
    forwarded_at,
    gone_at,
    located,
    rules,
    told_at,
    world,
)

RULES = rules()
URL = parse_url("http://img.one.test/i/1.jpg")
FORWARDED = forwarded_at(located(ABROAD), NOON)
LATER = NOON + HOUR


def says(action: Action, reason: str | None = None) -> PartnerAnswer:
    """Make a partner's answer."""
    return PartnerAnswer(item=FORWARDED.item.id, action=action, reason=reason, at=LATER, note="", hosting=None)


@pytest.mark.parametrize(
    ("action", "reason", "check_at", "look_up", "attention"),
    [
        (Action.REPORTED_TO_LEA, None, None, False, set()),
        (Action.REPORTED_TO_ISP, None, None, False, set()),
        (Action.CONTENT_REMOVED, None, LATER, False, set()),
        (Action.CONTENT_UNAVAILABLE, "LinkExpired", LATER, False, set()),
        (Action.CONTENT_UNAVAILABLE, "UnableToAccess", None, False, {Attention.PARTNER_CANNOT_SEE}),
        (Action.MOVED, None, LATER, True, set()),
    ],
)
def test_what_a_partner_says_is_recorded_and_checked(
    action: Action, reason: str | None, check_at: datetime | None, look_up: bool, attention: set[Attention]
) -> None:
    """Never believed by itself; "I cannot see it" is for a human, not for a look."""
    step = partner_says(FORWARDED, "md", says(action, reason), RULES, LATER)

    assert (step.check_at, step.look_up, set(step.case.item.attention)) == (check_at, look_up, attention)
    assert (step.case.item.state, step.history[0].event) == (State.FORWARDED, "answered")


def test_an_answer_is_a_sign_of_life() -> None:
    """The first one counts; attention to its silence falls, its patience runs on."""
    silent = replace(FORWARDED, item=replace(FORWARDED.item, attention=frozenset({Attention.PARTNER_SILENT})))
    first = partner_says(silent, "md", says(Action.REPORTED_TO_LEA), RULES, LATER)
    second = partner_says(first.case, "md", says(Action.REPORTED_TO_ISP), RULES, LATER + HOUR)

    assert [step.case.stays[0].answered_at for step in (first, second)] == [LATER, LATER]
    assert (first.case.item.attention, first.case.stays[0].follow_up_at) == (frozenset(), NOON + 3 * DAY)


def test_another_partners_answer_is_no_sign_of_life_of_this_one() -> None:
    """Nor of a stay that has ended."""
    ended = replace(FORWARDED.stays[0], ended_at=NOON, ended_by="relocated", ended_known_at=NOON)
    case = replace(FORWARDED, stays=(*FORWARDED.stays, ended))
    step = partner_says(case, "de", says(Action.REPORTED_TO_LEA), RULES, LATER)

    assert [stay.answered_at for stay in step.case.stays] == [None, None]


def test_not_illegal_is_a_partners_final_no() -> None:
    """Refused where no hoster was told, with the answer in the history before it."""
    step = partner_says(FORWARDED, "md", says(Action.NOT_ILLEGAL, "VirtualMaterial"), RULES, LATER)

    assert (step.case.item.state, [line.event for line in step.history]) == (State.REFUSED, ["answered", "refused"])


@pytest.mark.parametrize(("state", "look"), [(State.GONE, True), (State.HELD, False), (State.WITHDRAWN, False)])
def test_an_answer_has_nothing_probed_that_must_not_be(state: State, look: bool) -> None:
    """A held or withdrawn item is not looked at, whatever is said."""
    case = replace(FORWARDED, item=replace(FORWARDED.item, state=state))

    assert (partner_says(case, "md", says(Action.CONTENT_REMOVED), RULES, LATER).check_at is not None) == look


@pytest.mark.parametrize(
    ("answer", "note", "unread"),
    [
        (LinkAnswer.REMOVED, "", False),
        (LinkAnswer.REMOVED, "and two more", True),
        (LinkAnswer.NOT_OURS, "", True),
        (LinkAnswer.DISPUTED, "", True),
    ],
)
def test_what_a_recipient_says_is_checked_and_read(answer: LinkAnswer, note: str, unread: bool) -> None:
    """A plain "removed" needs nobody; everything else an analyst."""
    step = recipient_says(told_at(located(), NOON), answer, note, LATER, look=True)

    assert (step.check_at, Attention.UNREAD_ANSWER in step.case.item.attention) == (LATER, unread)


@pytest.mark.parametrize(
    ("state", "look", "checked"),
    [(State.CLOSED, True, True), (State.NOTICED, False, False), (State.HELD, True, False)],
)
def test_an_answer_leads_to_a_look_within_limits(state: State, look: bool, checked: bool) -> None:
    """Not too often, and never about what is not to be probed."""
    case = replace(located(), item=replace(located().item, state=state))

    assert (recipient_says(case, LinkAnswer.REMOVED, "", LATER, look=look).check_at is not None) == checked


def given(**facts: object) -> Submission:
    """Make the same URL again, presumed and of no hurry."""
    usual = {"url": URL, "confirmed": False, "classification": None, "priority": 9}
    return Submission(**(usual | facts))  # type: ignore[arg-type]


def standing(
    state: State = State.NOTICED, *, resubmitted: bool = False, confirmed: bool = True, new_victim: bool = False
) -> Standing:
    """Make an item that stands."""
    return Standing(state=state, priority=5, confirmed=confirmed, new_victim=new_victim, resubmitted=resubmitted)


@pytest.mark.parametrize(
    ("stands", "comes", "matters"),
    [
        (standing(), given(), False),
        (standing(), given(hold=True), True),
        (standing(), given(priority=4), True),
        (standing(), given(new_victim=True), True),
        (standing(new_victim=True), given(new_victim=True), False),
        (standing(), given(confirmed=True), False),
        (standing(confirmed=False), given(confirmed=True), True),
        (standing(State.GONE), given(), True),
        (standing(State.CLOSED), given(), True),
        (standing(State.WITHDRAWN), given(), True),
        (standing(State.REFUSED, resubmitted=True), given(), False),
    ],
)
def test_most_duplicates_change_nothing(stands: Standing, comes: Submission, matters: bool) -> None:
    """What can matter is known without loading the item."""
    assert changes(stands, comes) is matters


def test_the_more_careful_wins_and_never_the_reverse() -> None:
    """A hold, a more urgent priority and a confirmation win over what stood."""
    presumed = located(confirmed=False, classification=None)
    step = again(presumed, given(confirmed=True, classification=Classification.A1, priority=1), "tok", LATER)
    lesser = again(step.case, given(), "tok", LATER)

    assert (step.case.item.confirmed, step.case.item.classification, step.case.item.priority) == (
        True,
        Classification.A1,
        1,
    )
    assert [(line.event, line.detail) for line in step.history] == [("confirmed", None)]
    assert lesser.case.item == step.case.item


def test_who_confirmed_is_written_down() -> None:
    """With the moment, where both are known."""
    presumed = located(confirmed=False, classification=None)
    step = again(presumed, given(confirmed=True, confirmed_by="analyst-7", confirmed_at=NOON), "tok", LATER)

    assert step.history[0].detail == {"by": "analyst-7", "at": NOON.isoformat()}


def test_a_hold_asked_for_again_holds_and_lasts_longer() -> None:
    """The later end wins, and none is the latest; where no hold is possible nothing changes."""
    held = again(located(), given(hold=True, hold_until=NOON + DAY), "tok", LATER)
    longer = again(held.case, given(hold=True, hold_until=NOON + 2 * DAY), "tok", LATER)
    ever = again(longer.case, given(hold=True), "tok", LATER)
    gone = again(gone_at(located(), NOON), given(hold=True), "tok", LATER)

    assert [step.case.item.hold_until for step in (held, longer, ever)] == [NOON + DAY, NOON + 2 * DAY, None]
    assert (held.strike, longer.strike, gone.case.item.state) == (True, False, State.GONE)
    assert later(NOON, None) is None


@pytest.mark.parametrize(
    ("state", "check_at", "attention"),
    [
        (State.GONE, LATER, set()),
        (State.CLOSED, LATER, set()),
        (State.WITHDRAWN, None, {Attention.RESUBMITTED}),
        (State.REFUSED, None, {Attention.RESUBMITTED}),
    ],
)
def test_what_was_over_is_looked_at_or_seen_by_a_human(
    state: State, check_at: datetime | None, attention: set[Attention]
) -> None:
    """Up: it has returned. Withdrawn and refused are decisions, and marked once."""
    case = replace(located(HERE), item=replace(located(HERE).item, state=state))
    step = again(case, given(), "tok", LATER)

    assert (step.check_at, set(step.case.item.attention)) == (check_at, attention)
    assert again(step.case, given(), "tok", LATER).history == ()


@pytest.mark.parametrize("state", [State.GONE, State.CLOSED])
def test_what_a_person_called_gone_and_another_submits_is_for_a_human(state: State) -> None:
    """No look brings it back while the same body stands there: looked at, and marked until somebody calls it up."""
    case = located(HERE)
    denied = Baseline(sha256="a" * 64, length_bytes=1000, type="image/jpeg", denied=True)
    case = replace(case, item=replace(case.item, state=state, baseline=denied, gone_at=NOON))
    step = again(case, given(), "tok", LATER)
    back = up(step.case, act(LATER), world(HERE))

    assert (step.check_at, set(step.case.item.attention)) == (LATER, {Attention.RESUBMITTED})
    assert [line.event for line in step.history] == ["resubmitted"]
    assert Attention.RESUBMITTED not in back.case.item.attention


def test_several_lines_of_one_url_are_one_submission() -> None:
    """The first, with what the others win: the longest hold, the most urgent priority, the confirmation."""
    lines = [
        given(report="M-1", priority=7),
        given(hold=True, hold_until=NOON, priority=8),
        given(hold=True, hold_until=NOON + DAY, priority=3),
        given(confirmed=True, classification=Classification.B1, confirmed_by="analyst-7", confirmed_at=NOON),
        given(confirmed=True, classification=Classification.A1, hold=False, new_victim=True),
    ]
    one = folded(lines)

    assert (one.report, one.hold, one.hold_until, one.priority) == ("M-1", True, NOON + DAY, 3)
    assert (one.confirmed, one.classification, one.confirmed_by) == (True, Classification.B1, "analyst-7")
    assert one.new_victim


def test_confirmed_as_illegal_only_at_home() -> None:
    """What waits for a hoster abroad is struck; at home, and where nobody says which country that is, it goes on."""
    national = given(confirmed=True, classification=Classification.NATIONAL)
    abroad, here = (located(seat, confirmed=False, classification=None) for seat in (ABROAD, HERE))

    assert again(abroad, national, "tok", LATER, home="NL").strike_stays == tuple(stay.id for stay in abroad.stays)
    assert again(here, national, "tok", LATER, home="NL").strike_stays == ()
    assert again(abroad, national, "tok", LATER).strike_stays == ()
    assert again(abroad, given(confirmed=True), "tok", LATER, home="NL").strike_stays == ()


def test_a_victim_flagged_by_a_duplicate_is_followed_up_once() -> None:
    """The item keeps the flag, its stays are followed up now, and the same again changes nothing."""
    first = again(located(HERE), given(new_victim=True), "tok", LATER)
    second = again(first.case, given(new_victim=True), "tok", LATER + DAY)

    assert (first.case.item.new_victim, [stay.follow_up_at for stay in first.case.at_work]) == (True, [LATER])
    assert [(line.event, line.detail) for line in first.history] == [("flagged", {"new_victim": True})]
    assert (second.case, second.history) == (first.case, ())


def test_what_an_answer_said_is_done() -> None:
    """It waits for nobody any more; what waits for something else does."""
    item = replace(located(HERE).item, attention=frozenset({Attention.UNREAD_ANSWER, Attention.BOUNCED}))
    step = heeded(replace(located(HERE), item=item), act(LATER))

    assert set(step.case.item.attention) == {Attention.BOUNCED}
    assert [line.event for line in step.history] == ["seen"]
    assert heeded(step.case, act(LATER)) == Step(case=step.case)
