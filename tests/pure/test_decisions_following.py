"""What follows up on a stay: reminders, the ladder, a partner's silence, and who can be told at last."""

from dataclasses import replace

from ntd.case import Case, Stay, Step
from ntd.checking import Judged, settle
from ntd.following import Ladder, dues, follow_up, follow_up_at, follow_up_first, next_step, partner_of
from ntd.placing import place
from ntd.telling import Sent, accepted, failed
from ntd.world import PartnerSeat, Seated, World
from schemas.item import Attention, Classification, State
from schemas.notice import Kind
from tests.fakes.decisions_case import (
    ABROAD,
    ABUSE,
    DAY,
    FOREIGN,
    HERE,
    HOUR,
    LADDER,
    MINUTE,
    NOC,
    NOON,
    OTHER,
    PARTNER,
    REGULATOR,
    UP,
    forwarded_at,
    gone_at,
    located,
    received,
    rules,
    seat,
    seen,
    sent,
    told_at,
    world,
)

RULES = rules()
HOME = world(HERE)
HOME_BARE = world(seat(1, "NL", ABUSE))
MUTE = located(seat(1, "NL"))
MD = world(ABROAD)


#: Both mailboxes of the hoster were tried.
TRIED = replace(LADDER, tried=frozenset({ABUSE, NOC}))


def due_at(case: Case, at: object, world_: World = HOME, ladder: Ladder = LADDER, n: int = 0) -> Step:
    """Do what is due on one of the stays at work."""
    return follow_up(case, case.at_work[n].id, world_, ladder, at)  # type: ignore[arg-type]


def one(step: Step) -> Stay:
    """Give the only stay."""
    (stay,) = step.case.stays
    return stay


def test_a_reminder_goes_a_day_later_when_it_was_seen_up() -> None:
    """And the next waits for what becomes of it, at the latest until it is given up."""
    step = due_at(told_at(located(), NOON), NOON + DAY)

    assert [(tell.recipient, tell.kind, tell.step) for tell in step.tell] == [(ABUSE, Kind.REMINDER, 1)]
    assert (one(step).asked_at, one(step).follow_up_at) == (NOON + DAY, NOON + DAY + RULES.notices.give_up)


def test_nothing_goes_that_is_not_due() -> None:
    """Too early, not seen up since, or while a run stands: only the time of the next follow-up changes."""
    told = told_at(located(), NOON)
    unseen = told_at(located(), NOON, last_up_at=NOON - HOUR)
    running = told_at(located(), NOON, run_rounds=1, run_at=NOON)

    assert (due_at(told, NOON + HOUR).tell, one(due_at(told, NOON + HOUR)).follow_up_at) == ((), NOON + DAY)
    assert (due_at(unseen, NOON + DAY).tell, one(due_at(unseen, NOON + DAY)).follow_up_at) == ((), None)
    assert (due_at(running, NOON + DAY).tell, one(due_at(running, NOON + DAY)).follow_up_at) == ((), None)


def test_one_message_at_a_time() -> None:
    """While a reminder is on its way nothing follows; when nothing came of it, it does."""
    case = told_at(located(), NOON, asked_at=NOON + DAY)
    given_up = NOON + DAY + RULES.notices.give_up

    assert one(due_at(case, NOON + 2 * DAY)).follow_up_at == given_up
    assert [tell.kind for tell in due_at(case, given_up).tell] == [Kind.REMINDER]


def test_a_follow_up_of_what_came_to_nothing_does_not_stay_due() -> None:
    """Nothing more is due but to ask whether another contact is known by now: it does not turn for ever."""
    case = told_at(located(), NOON, asked_at=NOON, failed_at=NOON, steps_done=1)
    later = NOON + 30 * DAY
    step = due_at(case, later, ladder=TRIED)

    assert (step.tell, one(step).follow_up_at, one(step).asked_at) == ((), later + RULES.geo.refresh, None)


def test_nothing_follows_on_what_is_over() -> None:
    """A stay that ended or is gone, an item that is held: the follow-up falls."""
    gone, case = gone_at(located(), NOON), told_at(located(), NOON)
    held = replace(case, item=replace(case.item, state=State.HELD))

    assert follow_up(gone, gone.stays[0].id, HOME, LADDER, NOON + DAY).tell == ()
    assert (due_at(held, NOON + DAY).tell, one(due_at(held, NOON + DAY)).follow_up_at) == ((), None)
    assert (dues(gone.stays[0], gone.item, RULES), dues(held.stays[0], held.item, RULES)) == ((), ())


def test_nobody_is_reminded_where_there_is_nobody() -> None:
    """Another notifier told a hoster of whom we know no address."""
    step = due_at(told_at(located(), NOON, recipient=None), NOON + DAY)

    assert (step.tell, one(step).follow_up_at) == ((), None)


def test_reminders_wait_for_the_end_of_quiet_hours() -> None:
    """Steps of the ladder and reminders do, first notices never."""
    quiet = world(HERE, settings=rules(notices={"quiet": ["Tue"]}))
    step = due_at(told_at(located(), NOON), NOON + DAY, quiet)

    assert [tell.gather_at for tell in step.tell] == [NOON + DAY + 12 * HOUR]


def test_the_ladder_is_climbed_in_place_of_a_reminder() -> None:
    """The regulator at 72 h; its step is done when it is on its way."""
    case = told_at(located(), NOON, told_at=NOON + 2 * DAY, last_up_at=NOON + 50 * HOUR)
    step = due_at(case, NOON + 3 * DAY)

    assert [(tell.recipient, tell.kind, tell.step) for tell in step.tell] == [(REGULATOR, Kind.REGULATOR, 1)]
    assert (one(step).steps_done, one(step).asked_at) == (1, NOON + 3 * DAY)


def test_a_step_without_a_contact_is_skipped_and_recorded() -> None:
    """And the next message follows from what was told."""
    case = told_at(located(), NOON, told_at=NOON + 2 * DAY, last_up_at=NOON + 50 * HOUR)
    step = due_at(case, NOON + 3 * DAY, ladder=Ladder(by_kind={}))

    assert (step.tell, [line.event for line in step.history]) == ((), ["step_skipped"])
    assert (one(step).steps_done, one(step).follow_up_at) == (1, NOON + 3 * DAY)


def test_a_step_goes_before_the_reminder_to_a_mailbox_that_it_shares() -> None:
    """Else each reminder about the one stay would put the step of the other off, as it counts for both."""
    both = world(HERE, seat(2, "BE", ABUSE))
    case = told_at(located(HERE, seat(2, "BE", ABUSE)), NOON, told_at=NOON + 2 * DAY, last_up_at=NOON + 50 * HOUR)
    home, abroad = case.stays
    climbed = replace(case, stays=(home, replace(abroad, steps_done=1)))
    due = (abroad.id, home.id)
    step = follow_up_first(climbed, due, both, dict.fromkeys(due, LADDER), NOON + 3 * DAY)

    assert [(tell.kind, tell.stay) for tell in step.tell] == [(Kind.REGULATOR, home.id)]
    assert step.case.stays[1] == climbed.stays[1]


def test_where_nothing_is_told_about_one_stay_the_others_are_still_due() -> None:
    """A step without a contact is skipped, and the next turn is that of whoever climbs; what is asked waits."""
    both = world(HERE, seat(2, "BE", ABUSE))
    case = told_at(located(HERE, seat(2, "BE", ABUSE)), NOON, told_at=NOON + 2 * DAY, last_up_at=NOON + 50 * HOUR)
    home, abroad = (replace(stay, follow_up_at=NOON + 4 * DAY) for stay in case.stays)
    asked = replace(case, stays=(replace(home, asked_at=NOON + 3 * DAY), abroad))
    due = (home.id, abroad.id)
    step = follow_up_first(asked, due, both, dict.fromkeys(due, Ladder(by_kind={})), NOON + 3 * DAY)

    assert [line.event for line in step.history] == ["step_skipped"]
    assert [stay.follow_up_at for stay in step.case.stays] == [NOON + 3 * DAY, NOON + 3 * DAY]


def test_the_next_step_is_the_earliest_not_yet_done() -> None:
    """However they stand in the configuration."""
    settings = rules(sla={"escalation": [{"after": "96h", "to": "site"}, {"after": "72h", "to": "regulator"}]})
    (stay,) = located().stays
    kinds = [next_step(replace(stay, steps_done=done), settings) for done in range(3)]

    assert kinds == [Kind.REGULATOR, Kind.SITE, None]


def test_after_a_dead_mailbox_the_ladder_goes_on() -> None:
    """The reminder failed and nobody else is known there: no more reminders, the regulator at 72 h."""
    case = told_at(located(), NOON, failed_at=NOON + DAY, last_up_at=NOON + 2 * DAY)

    assert [tell.kind for tell in due_at(case, NOON + 2 * DAY, ladder=TRIED).tell] == []
    assert [tell.kind for tell in due_at(case, NOON + 3 * DAY, ladder=TRIED).tell] == [Kind.REGULATOR]


def unreached(where: Seated, message: Sent) -> Case:
    """Give an item of which the last recipient could not be reached."""
    return failed(located(where), message, NOON, RULES, "550").case


def test_a_contact_written_down_after_the_last_one_failed_is_told() -> None:
    """Asked about at every refresh; those that had failed are not told again."""
    dead = unreached(seat(1, "NL", ABUSE), sent(Kind.FIRST, ABUSE))
    later = NOON + RULES.geo.refresh
    ladder = replace(LADDER, tried=frozenset({ABUSE}))
    found = due_at(dead, later, world(seat(1, "NL", NOC, ABUSE, OTHER)), ladder)
    still = due_at(dead, later, world(seat(1, "NL", ABUSE)), ladder)

    assert [(stay.failed_at, stay.follow_up_at) for stay in dead.stays] == [(NOON, later)]
    assert [(tell.recipient, tell.kind, tell.gather_at) for tell in found.tell] == [(NOC, Kind.FIRST, later)]
    assert (one(found).recipient, one(found).contacts, one(found).failed_at) == (NOC, (OTHER,), None)
    assert (still.tell, one(still).failed_at, one(still).follow_up_at) == ((), NOON, later + RULES.geo.refresh)


def test_a_mailbox_that_was_tried_for_another_place_is_not_tried_again() -> None:
    """It appears as the contact of a place nobody could be told about: another is looked for there."""
    later = NOON + RULES.geo.refresh
    ladder = replace(LADDER, tried=frozenset({ABUSE}))
    none = due_at(MUTE, later, HOME_BARE, ladder)
    other = due_at(MUTE, later, HOME, ladder)

    assert (none.tell, one(none).follow_up_at) == ((), later + RULES.geo.refresh)
    assert [(tell.recipient, tell.kind) for tell in other.tell] == [(NOC, Kind.FIRST)]


def test_a_partner_whose_address_was_mended_is_told_at_the_new_one() -> None:
    """Its forward could not be delivered; the same address is not tried again."""
    dead = unreached(ABROAD, sent(Kind.FORWARD, PARTNER, partner="md"))
    ladder = replace(LADDER, tried=frozenset({PARTNER}))
    mended = world(ABROAD, partners={"MD": PartnerSeat(code="md", recipient=OTHER, endpoint=True)})
    later = NOON + RULES.geo.refresh

    assert [(tell.recipient, tell.kind) for tell in due_at(dead, later, mended, ladder).tell] == [(OTHER, Kind.FORWARD)]
    assert due_at(dead, later, MD, ladder).tell == ()


def test_a_partner_that_another_notifier_spared_is_unreached_too() -> None:
    """That somebody else told the hoster does not hide that our forward failed."""
    case = located(ABROAD, copied_from="c3p")
    (stay,) = failed(case, sent(Kind.FORWARD, PARTNER, partner="md"), NOON, RULES, "550").case.stays

    assert (stay.noticed_at, stay.failed_at) == (NOON, NOON)


def test_nobody_new_is_told_while_something_is_on_its_way_or_a_run_goes_on() -> None:
    """One message at a time, and none about what may be gone or has left its place."""
    dead = unreached(seat(1, "NL", ABUSE), sent(Kind.FIRST, ABUSE))
    later = NOON + RULES.geo.refresh
    (stay,) = dead.stays
    asked = replace(dead, stays=(replace(stay, asked_at=later),))
    down = replace(dead, stays=(replace(stay, run_at=later, run_rounds=1),))

    assert [due_at(case, later, world(seat(1, "NL", NOC))).tell for case in (asked, down)] == [(), ()]
    assert due_at(dead, later, world(seat(2, "NL", NOC))).tell == ()
    assert follow_up_at(down.stays[0], down.item, RULES) == later


FORWARDED = forwarded_at(located(ABROAD), NOON, last_up_at=NOON + MINUTE)


def test_a_silent_partner_is_reminded_and_then_a_human_asked() -> None:
    """Once after `acknowledge`, attention after as long again."""
    reminded = due_at(FORWARDED, NOON + DAY, MD)
    silent = due_at(reminded.case, NOON + 2 * DAY, MD)

    assert [(tell.recipient, tell.kind) for tell in reminded.tell] == [(PARTNER, Kind.REMINDER)]
    assert one(reminded).follow_up_at == NOON + 2 * DAY
    assert (silent.tell, set(silent.case.item.attention)) == ((), {Attention.PARTNER_SILENT})
    assert one(silent).follow_up_at == NOON + 3 * DAY


def test_a_partner_is_not_reminded_of_what_nobody_has_seen_since() -> None:
    """Its silence shows all the same; nor is one that is not configured any more."""
    unseen = due_at(forwarded_at(located(ABROAD), NOON), NOON + DAY, MD)
    without = due_at(FORWARDED, NOON + DAY, world(ABROAD, partners={}))

    assert (unseen.tell, one(unseen).partner_reminded, one(unseen).follow_up_at) == ((), True, NOON + 2 * DAY)
    assert without.case.item.attention == {Attention.PARTNER_SILENT}


def test_after_the_partners_patience_the_hoster_is_told() -> None:
    """The content is not gone, seen up or not: a first notice to the foreign hoster."""
    answered = forwarded_at(located(ABROAD), NOON, answered_at=NOON + HOUR)
    step = due_at(answered, NOON + 3 * DAY, MD)

    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(FOREIGN, Kind.FIRST)]
    assert (one(step).told_directly, one(step).follow_up_at) == (True, None)
    assert [line.event for line in step.history] == ["patience_over"]


def test_patience_tells_nobody_where_routing_forbids_or_nobody_is_known() -> None:
    """What is illegal only at home goes to no foreign hoster; without a contact a human sees it."""
    national = rules(routing={"national_abroad": "forward"})
    case = located(ABROAD, classification=Classification.NATIONAL, settings=national)
    forbidden = due_at(forwarded_at(case, NOON, answered_at=NOON), NOON + 3 * DAY, world(ABROAD, settings=national))
    bare = forwarded_at(located(seat(3, "MD")), NOON, answered_at=NOON)
    unknown = due_at(bare, NOON + 3 * DAY, world(seat(3, "MD")))
    left = due_at(bare, NOON + 3 * DAY, HOME)

    assert (forbidden.tell, unknown.tell, left.tell) == ((), (), ())
    assert unknown.case.item.attention == {Attention.NO_CONTACT}


def test_a_contact_found_meanwhile_is_told_after_the_patience() -> None:
    """The stay takes it in."""
    bare = forwarded_at(located(seat(3, "MD")), NOON, answered_at=NOON)
    step = due_at(bare, NOON + 3 * DAY, MD)

    assert [tell.recipient for tell in step.tell] == [FOREIGN]


def test_who_could_not_be_told_is_told_when_a_contact_appears() -> None:
    """Attention falls with it; until then it is asked about again and again."""
    later = NOON + RULES.geo.refresh
    found = due_at(MUTE, later, HOME)
    still = due_at(MUTE, later, world(seat(1, "NL")))
    moved = due_at(MUTE, later, world(seat(2, "NL", NOC)))

    assert [(tell.recipient, tell.wait_for) for tell in found.tell] == [(ABUSE, None)]
    assert (found.case.item.attention, one(found).follow_up_at) == (frozenset(), None)
    assert (still.tell, set(still.case.item.attention)) == ((), {Attention.NO_CONTACT})
    assert one(still).follow_up_at == one(moved).follow_up_at == later + RULES.geo.refresh


def test_a_mailbox_that_was_told_for_another_place_is_not_told_again() -> None:
    """What appears as the contact of a place has had its first notice about this item: the clock runs there too."""
    both = located(HERE, seat(4, "NL"))
    case = replace(both, stays=(*told_at(replace(both, stays=both.stays[:1]), NOON).stays, both.stays[1]))
    step = due_at(case, NOON + DAY, world(HERE, seat(4, "NL", ABUSE)), n=1)
    here, there = step.case.stays

    assert step.tell == ()
    assert (there.noticed_at, there.clock_at, there.told_at) == (here.noticed_at, here.clock_at, here.told_at)
    assert there.clock_at == NOON


def test_what_a_partner_accepts_that_appeared_later_counts() -> None:
    """The stay learns whose it is, so that the acceptance finds it."""
    hold = rules(partner=[], routing={"without_partner": "hold"})
    case = place(received(), world(ABROAD, settings=hold, partners={}), NOON).case
    step = due_at(case, NOON + DAY, MD)
    after = accepted(step.case, sent(Kind.FORWARD, PARTNER, partner="md"), NOON + DAY, RULES, "recipient").case

    assert case.item.attention == {Attention.NO_PARTNER}
    assert [tell.kind for tell in step.tell] == [Kind.FORWARD]
    assert after.item.state is State.FORWARDED


def test_what_one_stay_finds_does_not_hide_that_another_has_nobody() -> None:
    """Attention says what holds for all of them."""
    case = located(seat(1, "NL"), seat(2, "NL"))
    step = due_at(case, NOON + DAY, world(HERE, seat(2, "NL")))

    assert step.case.item.attention == {Attention.NO_CONTACT}


def copied() -> Case:
    """Have another notifier tell the hoster."""
    return located(HERE, copied_from="c3p")


def test_after_the_sla_we_tell_whom_another_notifier_told() -> None:
    """Its clock stays from receipt; what we send is its first notice of ours."""
    step = due_at(copied(), NOON + DAY)
    after = accepted(step.case, sent(Kind.FIRST), NOON + DAY, RULES, "relay").case

    assert [(tell.recipient, tell.kind, tell.gather_at) for tell in step.tell] == [(ABUSE, Kind.FIRST, NOON + DAY)]
    assert (one(step).told_by_us, after.stays[0].clock_at) == (True, NOON)


def test_a_copied_item_of_whom_no_contact_was_reached_goes_on_looking_for_one() -> None:
    """It failed before the SLA was over, and was released from a hold: told by us or not, another may be known."""
    step = due_at(told_at(copied(), NOON, told_by_us=False, failed_at=NOON), NOON + 2 * DAY)

    assert one(step).follow_up_at == NOON + 2 * DAY + RULES.geo.refresh


def test_a_copied_item_whose_hoster_cannot_be_told_is_tried_again() -> None:
    """Not once and then never: without a contact a human sees it, and so it stays until there is one."""
    without = due_at(located(seat(1, "NL"), copied_from="c3p"), NOON + DAY, world(seat(1, "NL")))
    left = due_at(copied(), NOON + DAY, world(version=2))

    assert (without.tell, set(without.case.item.attention)) == ((), {Attention.NO_CONTACT})
    assert (one(without).told_by_us, one(without).follow_up_at) == (False, NOON + DAY + RULES.geo.refresh)
    assert (left.tell, one(left).told_by_us) == ((), False)


def test_the_patience_of_a_partner_ends_for_copied_items_too() -> None:
    """The hoster hears of us too; where the item has moved since, its new hoster like any other."""
    case = forwarded_at(located(ABROAD, copied_from="c3p"), NOON, answered_at=NOON)
    there = replace(case, stays=(replace(one(Step(case=case)), told_by_us=True),))
    moved = replace(case, stays=(replace(one(Step(case=case)), noticed_at=None, clock_at=None),))

    for each in (there, moved):
        step = due_at(each, NOON + 3 * DAY, MD)
        assert [(tell.recipient, tell.kind) for tell in step.tell] == [(FOREIGN, Kind.FIRST)]


def test_a_look_takes_back_no_follow_up_that_is_due() -> None:
    """It was asked for a reason that a look does not know; what is not due yet is counted anew."""
    due = told_at(located(), NOON, follow_up_at=NOON + HOUR)
    (stay,) = due.stays
    judged = Judged(round=seen(UP, NOON + HOUR), by_stay={stay.id: UP}, next_at=NOON + 2 * HOUR)
    early = replace(judged, round=seen(UP, NOON + MINUTE))

    assert one(settle(due, judged, HOME, NOON + HOUR)).follow_up_at == NOON + HOUR
    assert one(settle(due, early, HOME, NOON + MINUTE)).follow_up_at == NOON + DAY


def test_the_moved_stay_of_a_copied_item_is_asked_about_again() -> None:
    """Nobody was told there yet: a look at it does not make that forgotten."""
    case = located(seat(1, "NL"))
    case = replace(case, item=replace(case.item, copied_from="c3p"))
    (stay,) = case.stays
    judged = Judged(round=seen(UP, NOON), by_stay={stay.id: UP}, next_at=NOON + HOUR)

    assert one(settle(case, judged, HOME, NOON)).follow_up_at == stay.follow_up_at


def test_a_stay_without_a_partner_has_none() -> None:
    """Nothing is due from one that is not configured."""
    (stay,) = located().stays

    assert (partner_of(stay, RULES), follow_up_at(stay, received().item, RULES)) == (None, None)


def test_what_turned_out_illegal_only_at_home_is_not_pressed_for_abroad() -> None:
    """A hoster abroad that was told of it as presumed hears no more; one at home is reminded."""
    abroad, here = (told_at(located(where, classification=Classification.NATIONAL), NOON) for where in (ABROAD, HERE))

    assert dues(abroad.stays[0], abroad.item, RULES) == ()
    assert [due.kind for due in dues(here.stays[0], here.item, RULES)] == [Kind.REMINDER]
