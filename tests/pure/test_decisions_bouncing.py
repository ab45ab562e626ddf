"""What a bounce takes back, and what an answer by mail changes."""

from dataclasses import replace
from datetime import datetime

import pytest

from ntd.answering import Mail, reported, seen, writes
from ntd.bouncing import Bounced, Standing, TakenBack, bounced
from ntd.case import Case, Stay
from schemas.errors import IllegalTransition
from schemas.ids import NoticeId, RecipientId
from schemas.incoming import Came, Suggestion
from schemas.item import Attention, State
from schemas.notice import Kind
from tests.fakes.decisions_case import (
    ABROAD,
    ABUSE,
    DAY,
    HERE,
    HOUR,
    NOC,
    NOON,
    OTHER,
    PARTNER,
    REGULATOR,
    THERE,
    act,
    forwarded_at,
    gone_at,
    located,
    new_stay,
    rules,
    seat,
    sent,
    told_at,
)

LATER = NOON + DAY
RULES = rules()


def first(case: Case) -> Stay:
    """Give the only stay, or the first."""
    return case.stays[0]


def back(case: Case, kind: Kind = Kind.FIRST, to: RecipientId = ABUSE, at: datetime | None = NOON) -> Bounced:
    """Say that a message accepted at noon has come back."""
    partner = "md" if to == PARTNER else None
    return Bounced(
        sent=sent(kind, to, partner=partner), accepted_at=at, stay=first(case).id, status="5.1.1", permanent=True
    )


def stands(case: Case, at: datetime, kind: Kind = Kind.FIRST, to: RecipientId = ABUSE, spell: int = 1) -> Standing:
    """Say that another message was accepted."""
    partner = "md" if to == PARTNER else None
    return Standing(kind=kind, recipient=to, partner=partner, stay=first(case).id, stay_spell=spell, accepted_at=at)


def come_back(case: Case, mail: Bounced, *standing: Standing) -> tuple[Case, tuple[TakenBack, ...]]:
    """Give the case after a bounce, and what was taken back."""
    step, lost = bounced(case, mail, standing, LATER, RULES)
    return step.case, lost


def test_the_clock_stops_and_what_stood_until_now_is_kept() -> None:
    """Clock, notice and last message go; a report of before reads them from what was taken back."""
    case = told_at(located(seat(1, "NL", ABUSE)), NOON)
    after, lost = come_back(case, back(case))
    stay = first(after)

    assert (stay.clock_at, stay.noticed_at, stay.told_at, stay.failed_at) == (None, None, None, LATER)
    assert lost == (TakenBack(stay=stay.id, clock_at=NOON, noticed_at=NOON, forwarded_at=None, failed_at=None),)
    assert (after.item.state, after.item.attention) == (State.ROUTED, frozenset({Attention.BOUNCED}))


def test_the_next_contact_is_told_and_nothing_else_is_due() -> None:
    """It has heard nothing yet: its first notice, and no reminder before that."""
    case = told_at(located(HERE), NOON)
    step, _ = bounced(case, back(case), (), LATER, RULES)
    (tell,) = step.tell

    assert (tell.recipient, tell.kind, tell.step, tell.gather_at) == (NOC, Kind.FIRST, 0, LATER)
    assert (first(step.case).recipient, first(step.case).follow_up_at, first(step.case).asked_at) == (NOC, None, None)
    assert [line.event for line in step.history] == ["bounced"]


def test_the_next_earliest_acceptance_starts_the_clock() -> None:
    """Of first notices only, and only those that came in time; a front's acceptance keeps it noticed."""
    case = told_at(located(HERE), NOON)
    stay = first(case)
    others = (
        stands(case, NOON + 3 * HOUR),
        stands(case, NOON + 2 * HOUR),
        stands(case, NOON + HOUR, Kind.FRONT),
        stands(case, NOON + 5 * HOUR, Kind.REMINDER),
        stands(case, NOON + HOUR, spell=7, to=OTHER),
    )
    after, _ = come_back(case, back(case), *(others[:-1]), replace(others[-1], stay=None))
    gone, _ = come_back(gone_at(case, NOON + HOUR), back(case), stands(case, NOON + 2 * HOUR))

    assert (first(after).clock_at, first(after).noticed_at) == (NOON + 2 * HOUR, NOON + HOUR)
    assert first(after).told_at == NOON + 5 * HOUR
    assert after.item.state is State.NOTICED
    assert (first(gone).clock_at, first(gone).noticed_at, gone.item.state) == (None, NOON + 2 * HOUR, State.GONE)
    assert stay.clock_at == NOON


def test_a_clock_that_another_message_started_runs_on() -> None:
    """Only the notice that is named is taken back; so does the clock of whom another notifier has told."""
    case = told_at(located(HERE), NOON)
    reminded, lost = come_back(case, back(case, Kind.REMINDER, at=NOON + HOUR))
    before_us, _ = come_back(case, back(case, at=None))

    assert (first(reminded).clock_at, lost) == (NOON, ())
    assert first(reminded).recipient == NOC
    assert first(before_us).clock_at == NOON


def test_the_items_first_acceptance_is_the_earliest_that_stands() -> None:
    """Whichever stay it was for."""
    case = told_at(located(HERE, THERE), NOON)
    case = replace(case, item=replace(case.item, first_accepted_at=NOON))
    other = stands(case, NOON + HOUR, to=OTHER)

    assert come_back(case, back(case), other)[0].item.first_accepted_at == NOON + HOUR
    assert come_back(case, back(case))[0].item.first_accepted_at is None
    assert come_back(case, back(case, at=NOON + HOUR))[0].item.first_accepted_at == NOON


def test_stays_of_another_spell_keep_what_they_have() -> None:
    """A bounce speaks of the stays that its notice spoke of."""
    case = told_at(located(HERE), NOON)
    other = replace(first(case), id=new_stay(), spell=9)
    after, lost = come_back(replace(case, stays=(*case.stays, other)), back(case))

    assert [stay.clock_at for stay in after.stays] == [None, NOON]
    assert [one.stay for one in lost] == [first(case).id]


def test_a_stay_that_is_over_loses_its_clock_too() -> None:
    """It was told nothing after all; nobody is told now."""
    case = told_at(located(seat(1, "NL", ABUSE)), NOON)
    over = replace(first(case), id=new_stay(), ended_at=NOON + HOUR, ended_by="relocated", ended_known_at=NOON + HOUR)
    here = replace(first(case), recipient=OTHER, clock_at=NOON + 2 * HOUR, noticed_at=NOON + 2 * HOUR)
    mail = replace(back(case), stay=over.id)
    step, lost = bounced(replace(case, stays=(here, over)), mail, (), LATER, RULES)

    assert [stay.clock_at for stay in step.case.stays] == [NOON + 2 * HOUR, None]
    assert step.tell == ()
    assert [one.stay for one in lost] == [over.id]


def test_a_reminder_that_bounces_after_its_stay_is_over_leaves_nothing_due() -> None:
    """It had asked and moved away before anybody answered: nobody asks again."""
    case = told_at(located(seat(1, "NL", ABUSE)), NOON)
    over = replace(first(case), asked_at=NOON, ended_at=NOON + HOUR, ended_by="relocated", ended_known_at=NOON + HOUR)
    here = replace(first(case), id=new_stay(), recipient=OTHER, follow_up_at=None)
    after, _ = come_back(replace(case, stays=(over, here)), back(case, Kind.REMINDER, at=NOON + 2 * HOUR))

    assert [stay.follow_up_at for stay in after.stays if stay.ended_at] == [None]


def test_a_forward_that_bounced_was_never_forwarded() -> None:
    """A partner has one mailbox: a human must see it."""
    case = forwarded_at(located(ABROAD), NOON)
    other = stands(case, NOON + HOUR, Kind.FORWARD, PARTNER)
    lost, _ = come_back(case, back(case, Kind.FORWARD, PARTNER))
    kept, _ = come_back(case, back(case, Kind.FORWARD, PARTNER), other)

    assert (first(lost).forwarded_at, first(lost).failed_at, lost.item.state) == (None, LATER, State.ROUTED)
    assert (first(kept).forwarded_at, kept.item.state) == (NOON + HOUR, State.FORWARDED)
    assert Attention.BOUNCED in lost.item.attention


def test_a_step_that_bounced_is_not_climbed_again() -> None:
    """The ladder goes on from the message before it."""
    case = told_at(located(HERE), NOON, told_at=NOON + 3 * DAY, steps_done=1)
    after, _ = come_back(case, back(case, Kind.REGULATOR, REGULATOR, NOON + 3 * DAY), stands(case, NOON))

    assert (first(after).told_at, first(after).steps_done, first(after).recipient) == (NOON, 1, ABUSE)
    assert first(after).clock_at == NOON


def mail(kind: Came = Came.ANSWER, suggestion: Suggestion | None = None, *, partner: str | None = None) -> Mail:
    """Make a mail about a notice."""
    return Mail(
        kind=kind,
        notice=NoticeId(first(located(HERE)).id),
        partner=partner,
        suggestion=suggestion,
        sign_of_life=True,
        had_attachment=False,
    )


@pytest.mark.parametrize(
    ("suggestion", "looked", "looked_up"),
    [
        (Suggestion.REMOVED, True, False),
        (Suggestion.NOT_OURS, True, True),
        (Suggestion.PASSED_ON, False, False),
        (Suggestion.DISPUTED, False, False),
        (Suggestion.ASKS_MORE, False, False),
        (None, False, False),
    ],
)
def test_what_an_answer_says_is_looked_at_and_never_believed(
    suggestion: Suggestion | None, looked: bool, looked_up: bool
) -> None:
    """Removed is looked at at once, whose it is is looked up; the state stays what it was, and an analyst is asked."""
    case = told_at(located(HERE), NOON)
    step = writes(case, mail(Came.ANSWER, suggestion), RULES, LATER, look=True)
    unseen = writes(case, mail(Came.ANSWER, suggestion), RULES, LATER, look=False)

    assert (step.check_at == LATER, step.look_up) == (looked, looked_up)
    assert (unseen.check_at, unseen.look_up) == (None, False)
    assert (step.case.item.state, step.case.item.attention) == (State.NOTICED, frozenset({Attention.UNREAD_ANSWER}))
    assert step.case.stays == case.stays


def test_what_a_machine_replies_asks_nobody() -> None:
    """A ticket is kept with its notice; only what was attached is noted."""
    case = told_at(located(HERE), NOON)
    step = writes(case, mail(Came.AUTO_REPLY), RULES, LATER, look=True)
    noted = writes(case, replace(mail(Came.AUTO_REPLY), had_attachment=True), RULES, LATER, look=True)
    ended = writes(gone_at(case, NOON), mail(suggestion=Suggestion.REMOVED), RULES, LATER, look=True)

    assert (step.case.item.attention, [line.event for line in step.history]) == (frozenset(), ["auto_reply"])
    assert noted.case.item.attention == {Attention.HAD_ATTACHMENT}
    assert ended.check_at == LATER


def test_a_partner_that_writes_is_not_silent() -> None:
    """Its first sign of life is kept, and nobody need be asked about it any more."""
    case = forwarded_at(located(ABROAD), NOON)
    silent = replace(case, item=replace(case.item, attention=frozenset({Attention.PARTNER_SILENT})))
    over = replace(first(case), id=new_stay(), ended_at=NOON, ended_by="returned")
    step = writes(replace(silent, stays=(*case.stays, over)), mail(partner="md"), RULES, LATER, look=True)
    again = writes(step.case, mail(partner="md"), RULES, LATER + HOUR, look=True)

    assert [stay.answered_at for stay in step.case.stays] == [LATER, None]
    assert step.case.item.attention == {Attention.UNREAD_ANSWER}
    assert first(again.case).answered_at == LATER


def test_a_delay_and_a_receipt_are_history() -> None:
    """Nothing else changes."""
    case = told_at(located(HERE), NOON)
    notice = mail().notice

    assert [reported(case, kind, notice, LATER).history[0].event for kind in (Came.DELAY, Came.DELIVERED)] == [
        "notice_delayed",
        "notice_delivered",
    ]
    assert reported(case, Came.DELAY, notice, LATER).case == case


def test_what_was_seen_to_waits_no_more_unless_nobody_can_be_reached() -> None:
    """An unreached hoster stays in sight; whoever has nothing to see to is told so."""
    case = told_at(located(seat(1, "NL", ABUSE)), NOON)
    everything = frozenset({Attention.UNREAD_ANSWER, Attention.HAD_ATTACHMENT, Attention.BOUNCED, Attention.CHANGED})
    case = replace(case, item=replace(case.item, attention=everything))
    lost, _ = come_back(case, back(case))
    reached, unreached = seen(case, act(LATER)), seen(lost, act(LATER))

    assert reached.case.item.attention == {Attention.CHANGED}
    assert unreached.case.item.attention == {Attention.CHANGED, Attention.BOUNCED}
    with pytest.raises(IllegalTransition):
        seen(unreached.case, act(LATER))
