"""What a message that was accepted, refused or never written does to the items it speaks of."""

from dataclasses import replace

import pytest

from ntd.acting import withdraw
from ntd.answering import seen
from ntd.case import Case
from ntd.telling import accepted, attempted, attend, failed, forward_refused, unable
from schemas.errors import IllegalTransition
from schemas.item import Attention, State
from schemas.notice import Kind
from tests.fakes.decisions_case import (
    ABROAD,
    ABUSE,
    DAY,
    FOREIGN,
    FRONT,
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
    rules,
    seat,
    sent,
    told_at,
)

LATER = NOON + HOUR
RULES = rules()


def held(case: Case) -> Case:
    """Have the item on hold."""
    return replace(case, item=replace(case.item, state=State.HELD))


def test_a_first_notice_starts_the_clock_of_its_hoster_only() -> None:
    """The clock of a hoster runs from the acceptance of *its* first notice."""
    case = accepted(located(HERE, THERE), sent(Kind.FIRST), LATER, RULES, "relay").case

    assert [(stay.clock_at, stay.noticed_at) for stay in case.stays] == [(LATER, LATER), (None, None)]
    assert (case.item.state, case.item.first_accepted_at) == (State.NOTICED, LATER)


def test_one_mailbox_of_two_hosters_starts_both_clocks() -> None:
    """The one message told them both."""
    case = accepted(located(HERE, seat(2, "NL", ABUSE)), sent(Kind.FIRST), LATER, RULES, "relay").case

    assert [stay.clock_at for stay in case.stays] == [LATER, LATER]


def test_a_front_is_noticed_without_a_clock() -> None:
    """Fronts start none (definitions)."""
    case = accepted(located(seat(5, "US", FRONT, fronted=True)), sent(Kind.FRONT, FRONT), LATER, RULES, "relay").case

    assert (case.item.state, case.stays[0].noticed_at, case.stays[0].clock_at) == (State.NOTICED, LATER, None)


def test_the_clock_starts_once() -> None:
    """A second acceptance moves the last message, not the beginning."""
    case = told_at(located(), NOON)
    again = accepted(case, sent(Kind.FIRST), LATER, RULES, "relay").case.stays[0]

    assert (again.clock_at, again.told_at) == (NOON, LATER)


def test_an_acceptance_after_gone_starts_no_clock() -> None:
    """Who hears of it when it is gone has nothing left to do."""
    case = accepted(gone_at(located(), NOON), sent(Kind.FIRST), LATER, RULES, "relay").case

    assert (case.item.state, case.stays[0].clock_at, case.stays[0].noticed_at) == (State.GONE, None, LATER)


def test_an_acceptance_after_a_move_touches_no_other_stay() -> None:
    """The message was for a stay that has ended; the new hoster has heard nothing."""
    here = located(HERE).stays[0]
    ended = replace(here, ended_at=NOON, ended_by="relocated", ended_known_at=NOON)
    case = located(THERE)
    stays = (ended, *(replace(stay, spell=2) for stay in case.stays))
    after = accepted(replace(case, stays=stays), sent(Kind.FIRST), LATER, RULES, "relay").case

    assert [stay.clock_at for stay in after.stays] == [None, None]
    assert after.item.state is State.ROUTED


def test_a_held_item_stays_held_when_a_message_that_had_left_is_accepted() -> None:
    """What was on its way before the hold counts, and changes no state."""
    case = accepted(held(located()), sent(Kind.FIRST), LATER, RULES, "relay").case

    assert (case.item.state, case.stays[0].clock_at) == (State.HELD, LATER)


def test_a_forward_is_accepted_by_the_partner_of_the_stay() -> None:
    """`forwarded`: only a partner has it, no clock runs, its silence is followed up."""
    case = accepted(located(ABROAD), sent(Kind.FORWARD, PARTNER, partner="md"), LATER, RULES, "recipient").case
    (stay,) = case.stays

    assert (case.item.state, stay.forwarded_at, stay.clock_at) == (State.FORWARDED, LATER, None)
    assert stay.follow_up_at == LATER + RULES.partner[0].acknowledge


def test_reminders_are_counted_and_steps_are_done_for_all_stays() -> None:
    """A reminder counts for whom it reached; a step of the ladder speaks of the whole item."""
    case = told_at(located(HERE, THERE), NOON)
    reminded = accepted(case, sent(Kind.REMINDER), LATER, RULES, "relay").case
    climbed = accepted(case, replace(sent(Kind.REGULATOR, REGULATOR), step=1), LATER, RULES, "relay").case

    assert [(stay.reminders, stay.told_at) for stay in reminded.stays] == [(1, LATER), (0, NOON)]
    assert [(stay.steps_done, stay.told_at) for stay in climbed.stays] == [(1, LATER), (1, LATER)]


def test_an_upstream_is_that_of_one_hoster() -> None:
    """The other hoster's stays climb to their own; both wait for the next message from here."""
    case = told_at(located(HERE, THERE), NOON)
    here, there = case.stays
    told = replace(sent(Kind.UPSTREAM, NOC), step=1, hoster=here.hoster)
    climbed = accepted(replace(case, stays=(replace(here, steps_done=1), there)), told, LATER, RULES, "relay").case
    unknown = accepted(case, replace(told, hoster=None), LATER, RULES, "relay").case

    assert [(stay.steps_done, stay.told_at) for stay in climbed.stays] == [(1, LATER), (0, LATER)]
    assert [stay.steps_done for stay in unknown.stays] == [1, 1]


def test_a_step_is_not_done_for_a_stay_that_has_not_come_to_it() -> None:
    """A hoster abroad has no regulator and climbs faster: the one at home still has its regulator to be told."""
    case = told_at(located(HERE, THERE), NOON)
    here, there = case.stays
    fast = replace(case, stays=(here, replace(there, steps_done=2)))
    climbed = accepted(fast, replace(sent(Kind.REGISTRAR, NOC), step=2), LATER, RULES, "relay").case

    assert [stay.steps_done for stay in climbed.stays] == [0, 2]


def test_a_partners_reminder_counts_for_no_hoster() -> None:
    """It was not told to the hoster's side."""
    case = forwarded_at(located(ABROAD), NOON)
    step = accepted(case, sent(Kind.REMINDER, PARTNER, partner="md"), LATER, RULES, "relay")

    assert (step.case.stays[0].reminders, step.case.stays[0].told_at) == (0, None)
    assert step.history[0].detail is not None
    assert step.history[0].detail["partner"] == "md"


def test_a_withdrawal_and_a_reminder_are_no_first_attempt() -> None:
    """Only first notices, fronts and forwards date the first attempt."""
    case = located()

    assert attempted(case, sent(Kind.WITHDRAWAL, spell=None), LATER) == case
    assert attempted(case, sent(Kind.FIRST), LATER).stays[0].first_attempt_at == LATER
    assert accepted(case, sent(Kind.WITHDRAWAL, spell=None), LATER, RULES, "relay").case.stays == case.stays


def test_a_refused_mail_leads_to_the_next_contact_and_then_to_a_human() -> None:
    """Permanent: the next contact gets a first notice of its own; with none left the hoster is unreachable."""
    once = failed(located(), sent(Kind.FIRST), LATER, RULES, "550")
    twice = failed(once.case, sent(Kind.FIRST, NOC), LATER, RULES, "550")

    assert [(tell.recipient, tell.kind) for tell in once.tell] == [(NOC, Kind.FIRST)]
    assert (twice.tell, set(twice.case.item.attention)) == ((), {Attention.REFUSED_MAIL})
    assert twice.case.stays[0].failed_at == LATER


def test_a_contact_that_refuses_for_two_hosters_is_followed_by_one_message() -> None:
    """Both turn to their next contact; where it is the same, it is told once."""
    case = located(HERE, seat(2, "NL", ABUSE, NOC))
    step = failed(case, sent(Kind.FIRST), LATER, RULES, "550")

    assert [stay.recipient for stay in step.case.stays] == [NOC, NOC]
    assert [tell.recipient for tell in step.tell] == [NOC]


def test_during_a_hold_the_next_contact_is_chosen_but_not_told() -> None:
    """Nothing goes out while it is held; the release tells the one that is next."""
    step = failed(held(located()), sent(Kind.FIRST), LATER, RULES, "550")

    assert (step.tell, step.case.stays[0].recipient) == ((), NOC)


def test_nobody_else_is_told_of_what_is_gone_at_his_place() -> None:
    """A stay that is gone turns to no further contact; one beside it does."""
    case = located(HERE, seat(2, "NL", ABUSE, OTHER))
    gone = replace(case.stays[0], gone_at=NOON, gone_known_at=NOON)
    step = failed(replace(case, stays=(gone, case.stays[1])), sent(Kind.FIRST), LATER, RULES, "550")

    assert [stay.recipient for stay in step.case.stays] == [ABUSE, OTHER]
    assert [tell.recipient for tell in step.tell] == [OTHER]


@pytest.mark.parametrize(("clock", "kind"), [(NOON, Kind.FIRST), (None, Kind.FRONT)])
def test_a_failed_reminder_is_a_first_word_to_the_next_contact(clock: object, kind: Kind) -> None:
    """It has heard nothing yet; a front's next contact gets `front`, never `first`."""
    case = told_at(located(), NOON, clock_at=clock)
    step = failed(case, sent(Kind.REMINDER), LATER, RULES, "550")

    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(NOC, kind)]


def test_a_failed_reminder_to_a_partner_tells_no_hoster() -> None:
    """The partner's mailbox is not the hoster's: a human sees it, the patience runs on."""
    case = forwarded_at(located(replace(ABROAD, contacts=(FOREIGN, NOC))), NOON)
    step = failed(case, sent(Kind.REMINDER, PARTNER, partner="md"), LATER, RULES, "550")

    assert (step.tell, set(step.case.item.attention)) == ((), {Attention.REFUSED_MAIL})
    assert (step.case.stays[0].recipient, step.case.stays[0].failed_at) == (FOREIGN, None)


def test_a_failed_forward_starts_the_ladder() -> None:
    """Nobody was told at all: a human sees it, and the steps count from here."""
    step = failed(located(ABROAD), sent(Kind.FORWARD, PARTNER, partner="md"), LATER, RULES, "500")
    told = failed(told_at(located(ABROAD), NOON), sent(Kind.FORWARD, PARTNER, partner="md"), LATER, RULES, "500")

    assert (step.case.stays[0].failed_at, set(step.case.item.attention)) == (LATER, {Attention.REFUSED_MAIL})
    assert told.case.stays[0].failed_at is None


def test_a_failed_step_lets_the_next_follow() -> None:
    """The ladder has no second contact; what was done before decides when the next message is due."""
    case = told_at(located(), NOON)
    step = failed(case, sent(Kind.REGULATOR, REGULATOR), LATER, RULES, "550")

    assert step.case.item.attention == {Attention.REFUSED_MAIL}
    assert step.case.stays[0].follow_up_at == NOON + DAY


def test_a_withdrawal_that_fails_is_for_a_human() -> None:
    """An ended item turns to no further contact."""
    case = located()
    ended = replace(case, item=replace(case.item, state=State.WITHDRAWN))

    assert failed(ended, sent(Kind.FIRST), LATER, RULES, "550").case.item.attention == {Attention.REFUSED_MAIL}


def test_a_withdrawal_that_nobody_could_take_is_for_a_human_until_that_one_has_seen_to_it() -> None:
    """No path for it, or no partner any more: said as what it is, and ended by `ntd seen` on a withdrawn item."""
    ended = withdraw(located(ABROAD), act(NOON), "error", (PARTNER,)).case
    about = sent(Kind.WITHDRAWAL, PARTNER, partner="md", spell=None)
    for step in (failed(ended, about, LATER, RULES, "404", no_way=True), unable(ended, about, LATER, RULES)):
        after = seen(step.case, act(LATER)).case.item

        assert (set(step.case.item.attention), step.tell) == ({Attention.NO_ENDPOINT}, ())
        assert (after.attention, after.state) == (frozenset(), State.WITHDRAWN)
    routed = unable(located(ABROAD), sent(Kind.FORWARD, PARTNER, partner="md"), LATER, RULES).case
    with pytest.raises(IllegalTransition, match="nothing that came back"):
        seen(routed, act(LATER))


def test_who_has_no_words_for_an_item_is_passed_over() -> None:
    """The next contact is told; with none left a human must see it."""
    once = unable(located(), sent(Kind.FIRST), LATER, RULES)
    twice = unable(once.case, sent(Kind.FIRST, NOC), LATER, RULES)

    assert [tell.recipient for tell in once.tell] == [NOC]
    assert Attention.NO_ENDPOINT in twice.case.item.attention
    assert once.history[0].event == "not_told"


def test_a_forward_that_cannot_be_written_is_seen() -> None:
    """Its partner is not configured any more: attention, and the ladder starts."""
    step = unable(located(ABROAD), sent(Kind.FORWARD, PARTNER, partner="md"), LATER, RULES)

    assert step.case.item.attention == {Attention.NO_ENDPOINT}
    assert step.case.stays[0].failed_at == LATER


def test_a_step_that_cannot_be_written_is_passed_over() -> None:
    """The ladder goes on from what was told."""
    step = unable(told_at(located(), NOON), sent(Kind.REGULATOR, REGULATOR), LATER, RULES)

    assert (step.case.item.attention, step.case.stays[0].follow_up_at) == (frozenset(), NOON + DAY)


FORWARD = sent(Kind.FORWARD, PARTNER, partner="md")


def test_not_illegal_is_the_final_no_where_no_hoster_was_told() -> None:
    """The item is refused, its stays end, waiting messages are struck."""
    step = forward_refused(located(ABROAD), FORWARD, "not_illegal", LATER)

    assert (step.case.item.state, step.case.item.ended_at, step.strike) == (State.REFUSED, LATER, True)
    assert [stay.ended_by for stay in step.case.stays] == ["refused"]


def test_any_other_refusal_is_for_a_human() -> None:
    """The partner did not take it, and did not say that it is legal."""
    step = forward_refused(located(ABROAD), FORWARD, "no_slot", LATER)

    assert (step.case.item.state, set(step.case.item.attention)) == (State.ROUTED, {Attention.FORWARD_REFUSED})


@pytest.mark.parametrize("case", [told_at(located(ABROAD), NOON), located(ABROAD, HERE), held(located(ABROAD))])
def test_a_no_that_ends_nothing_still_leads_to_no_hoster_there(case: Case) -> None:
    """A hoster was told, another place remains, or it is held: attention, and no direct notice after the patience."""
    step = forward_refused(case, FORWARD, "not_illegal", LATER)

    assert step.case.item.state is case.item.state
    assert step.case.item.attention == {Attention.FORWARD_REFUSED}
    assert [stay.told_directly for stay in step.case.stays if stay.partner == "md"] == [True]


def test_a_no_after_the_end_changes_nothing_but_attention() -> None:
    """A gone item has no stay at work that it could end."""
    step = forward_refused(gone_at(located(ABROAD), NOON), FORWARD, "not_illegal", LATER)

    assert step.case.item.state is State.GONE


def test_a_human_can_be_asked() -> None:
    """Attention alone changes nothing else."""
    case = located()

    assert attend(case, Attention.UNREAD_ANSWER).case.item.attention == {Attention.UNREAD_ANSWER}
