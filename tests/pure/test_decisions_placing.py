"""An item follows its host: stays taken over, opened and ended, and who is told about them."""

from dataclasses import replace
from typing import Any

from ntd.acting import reopen
from ntd.addressing import renewed
from ntd.case import Case
from ntd.placing import place
from ntd.returning import return_to_work
from schemas.check import GoneBy
from schemas.item import Attention, Classification, State
from schemas.notice import Kind
from tests.fakes.decisions_case import (
    ABROAD,
    ABUSE,
    DAY,
    FOREIGN,
    FRONT,
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


def refused_in(case: Case, country: str) -> Case:
    """Have the hotline of a country say its final no, two hours after noon."""
    at = NOON + 2 * HOUR
    stays = tuple(
        replace(stay, ended_at=at, ended_by="refused", ended_known_at=at) if stay.country == country else stay
        for stay in case.stays
    )
    return Case(item=replace(case.item, state=State.REFUSED, ended_at=at), stays=stays)


def test_the_hosters_first_found_take_over_the_beginning() -> None:
    """The one stay without a place becomes the first hoster's; the others begin with it, at receipt."""
    before = received()
    step = place(before, world(HERE, THERE), NOON + HOUR)

    assert [stay.began_at for stay in step.case.stays] == [NOON, NOON]
    assert step.case.stays[0].id == before.stays[0].id
    assert {(tell.recipient, tell.kind, tell.wait_for) for tell in step.tell} == {
        (ABUSE, Kind.FIRST, "check"),
        (OTHER, Kind.FIRST, "check"),
    }
    assert (step.case.item.state, step.check_at) == (State.ROUTED, NOON + HOUR)


def test_two_hosters_with_one_mailbox_get_one_message() -> None:
    """One message per recipient, item, kind and spell: it speaks of both places."""
    step = place(received(), world(HERE, seat(2, "NL", ABUSE)), NOON)

    assert [(tell.recipient, tell.spell) for tell in step.tell] == [(ABUSE, 1)]
    assert len(step.case.at_work) == 2


def test_an_item_without_a_place_is_untraceable_and_stays_so_until_there_is_one() -> None:
    """The first look that finds nothing says so once; a second changes nothing."""
    step = place(received(), world(), NOON)
    again = place(step.case, world(version=2), NOON + HOUR)

    assert (step.case.item.state, step.history[0].detail) == (State.UNTRACEABLE, {"hosting": None})
    assert (again.case.item.state, again.history) == (State.UNTRACEABLE, ())
    assert place(again.case, world(HERE, version=3), NOON + DAY).case.item.state is State.ROUTED


def test_a_move_ends_the_stay_and_begins_another_in_a_new_spell() -> None:
    """The old hoster's waiting messages are struck, the new one is told, each clock is its own."""
    before = told_at(located(), NOON + HOUR)
    gone_from = {HERE.seat: NOON + 3 * HOUR}
    there = replace(THERE, seen_from=NOON + 3 * HOUR)
    step = place(before, world(there, version=2, left_at=gone_from), NOON + 4 * HOUR)
    old, new = (next(stay for stay in step.case.stays if stay.hoster == n) for n in (1, 2))

    assert (old.ended_by, old.ended_at, old.ended_known_at) == ("relocated", NOON + 3 * HOUR, NOON + 4 * HOUR)
    assert (new.began_by, new.began_at, new.spell, new.clock_at) == ("move", NOON + 3 * HOUR, 2, None)
    assert (step.strike_stays, step.case.item.state) == ((old.id,), State.ROUTED)
    assert [(tell.recipient, tell.spell) for tell in step.tell] == [(OTHER, 2)]


def test_a_move_never_ends_a_stay_before_it_began() -> None:
    """The host may have left a place before it was known that an item stood there; who was told keeps a stay."""
    case = told_at(located(), NOON + MINUTE)
    step = place(case, world(THERE, version=2, left_at={HERE.seat: NOON - DAY}), NOON + HOUR)

    assert [(one.hoster, one.began_by, one.ended_at) for one in step.case.stays] == [
        (2, "move", None),
        (1, "receipt", NOON),
    ]
    assert step.never_were == ()


def test_what_was_received_after_its_host_had_left_begins_where_it_is_found() -> None:
    """Received between a move and its confirmation it never stood where the host was thought to be."""
    before = located(HERE, seat(4, "NL", NOC))
    left = {(1, "NL"): NOON - HOUR, (4, "NL"): NOON - MINUTE}
    one = place(located(), world(THERE, version=2, left_at=left), NOON + HOUR)
    two = place(before, world(ABROAD, THERE, version=2, left_at=left), NOON + HOUR)

    assert [(stay.hoster, stay.began_by, stay.began_at, stay.ended_at) for stay in one.case.stays] == [
        (2, "receipt", NOON, None)
    ]
    assert [(stay.hoster, stay.began_by, stay.began_at) for stay in two.case.stays] == [
        (3, "receipt", NOON),
        (2, "receipt", NOON),
    ]
    assert one.history[0].event == "relocated"


def test_more_stays_that_never_were_than_places_found_are_forgotten() -> None:
    """One place takes over one of them; what was tried to say of the others is kept with it, and they are no more."""
    case = located(HERE, seat(4, "NL", NOC), seat(9, "RU", OTHER))
    left = {(1, "NL"): NOON, (4, "NL"): NOON, (9, "RU"): NOON}
    first, second, third = (one.id for one in case.stays)
    step = place(case, world(THERE, version=2, left_at=left), NOON + HOUR)
    kept = place(case, world(HERE, version=2, left_at=left), NOON + HOUR)

    assert [(one.id, one.hoster) for one in step.case.stays] == [(first, 2)]
    assert step.never_were == ((second, first), (third, first))
    assert set(step.strike_stays) == {first, second, third}
    assert [one.id for one in kept.case.stays] == [first]
    assert kept.never_were == ((second, first), (third, first))


def test_a_place_that_never_was_leaves_the_item_gone_where_it_was_gone() -> None:
    """It came back where its host had been until then, and only the gone place is left: gone, and no stay more."""
    both = located(HERE, THERE)
    here = replace(both.stays[0], gone_at=NOON, gone_known_at=NOON + HOUR, first_down_at=NOON)
    there = replace(both.stays[1], began_by="return", began_at=NOON + HOUR)
    left = {THERE.seat: NOON + MINUTE}
    step = place(replace(both, stays=(here, there)), world(HERE, version=2, left_at=left), NOON + 2 * HOUR)

    assert (step.case.item.state, [one.id for one in step.case.stays]) == (State.GONE, [here.id])
    assert (step.never_were, step.strike) == (((there.id, here.id),), True)


def test_a_place_never_joins_an_item_before_it_was_back() -> None:
    """The host may have had it before: the stay there begins no earlier than what it joins."""
    case = located(HERE)
    back = replace(case, stays=tuple(replace(one, began_by="return", began_at=NOON + HOUR) for one in case.stays))
    step = place(back, world(HERE, THERE, version=2), NOON + 2 * HOUR)

    assert [(one.hoster, one.began_by, one.began_at) for one in step.case.stays] == [
        (1, "return", NOON + HOUR),
        (2, "joined", NOON + HOUR),
    ]


def test_a_hoster_that_joins_is_told_and_the_others_run_on() -> None:
    """A further stay in a new spell; the first keeps its own."""
    step = place(told_at(located(), NOON), world(HERE, THERE, version=2), NOON + HOUR)

    assert [(stay.hoster, stay.spell, stay.began_by) for stay in step.case.at_work] == [
        (1, 1, "receipt"),
        (2, 2, "joined"),
    ]
    assert (step.case.item.state, [tell.recipient for tell in step.tell]) == (State.NOTICED, [OTHER])
    assert step.history[0].event == "resolved"


def test_what_joins_does_not_hide_that_somebody_else_cannot_be_told() -> None:
    """Attention says what holds for all stays, not for the one that was looked at last."""
    before = located(seat(4, "NL"))
    step = place(before, world(seat(4, "NL"), THERE, version=2), NOON + HOUR)

    assert before.item.attention == step.case.item.attention == {Attention.NO_CONTACT}


def test_of_who_was_told_only_the_facts_stay_in_attention() -> None:
    """That a place hides behind a front, or its country is disputed, is true also when somebody was told there."""
    disputed = replace(HERE, disputed=True, contacts=())
    before = told_at(located(replace(HERE, disputed=True)), NOON)
    step = place(before, world(disputed, THERE, version=2), NOON + HOUR)

    assert step.case.item.attention == {Attention.COUNTRY_DISPUTED}


def test_that_a_national_item_stands_abroad_is_seen_whoever_was_told() -> None:
    """A mailbox at home may serve a place abroad too: it counts as told there, but nobody is pressed for it."""
    both = (seat(3, "NL", OTHER), seat(9, "RU", OTHER))
    case = told_at(located(*both, classification=Classification.NATIONAL), NOON)
    step = place(case, world(*both, HERE, version=2), NOON + HOUR)

    assert [stay.country for stay in case.stays if stay.noticed_at] == ["NL", "RU"]
    assert step.case.item.attention == {Attention.NATIONAL_ABROAD}


def test_what_was_wrong_at_a_place_is_left_with_it() -> None:
    """A partner's no or its silence, a mailbox that refused: whoever is told now is another; what was read is not."""
    wrong = frozenset({Attention.PARTNER_SILENT, Attention.REFUSED_MAIL, Attention.UNREAD_ANSWER})
    case = forwarded_at(located(ABROAD), NOON)
    silent = replace(case, item=replace(case.item, attention=wrong))
    moved = place(silent, world(HERE, version=2), NOON + HOUR)
    joined = place(silent, world(ABROAD, HERE, version=2), NOON + HOUR)
    refused = refused_in(silent, "MD")
    refused = replace(refused, item=replace(refused.item, attention=frozenset({Attention.FORWARD_REFUSED})))

    assert moved.case.item.attention == {Attention.UNREAD_ANSWER}
    assert joined.case.item.attention == wrong
    assert place(refused, world(HERE, version=2), NOON + DAY).case.item.attention == frozenset()


def test_a_message_for_two_places_is_told_again_when_one_of_them_is_left() -> None:
    """It is struck with the stay it began with; the hoster that stays must not go without."""
    both = (HERE, seat(2, "NL", ABUSE), THERE)
    before = located(*both)
    step = place(before, world(*both[1:], version=2), NOON + HOUR)

    assert step.strike_stays == (before.stays[0].id,)
    assert [(tell.recipient, tell.spell, tell.kind) for tell in step.tell] == [(ABUSE, 1, Kind.FIRST)]


def test_one_forward_for_two_places_is_forwarded_again_when_one_of_them_is_left() -> None:
    """The same holds for a partner that two hosters of its country share."""
    step = place(located(ABROAD, seat(4, "MD")), world(seat(4, "MD"), version=2), NOON + HOUR)

    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(PARTNER, Kind.FORWARD)]


def test_a_return_belongs_to_the_place_where_it_was_found() -> None:
    """Seen up again before the move of its host was confirmed: no stay at the hoster it had left, but the new one's."""
    gone = gone_at(told_at(located(HERE), NOON), NOON + HOUR)
    back = return_to_work(gone, None, seen(UP, NOON + DAY), world(HERE), NOON + DAY).case
    back = replace(back, stays=back.open)
    moved = world(THERE, version=2, left_at={(1, "NL"): NOON + 2 * HOUR})
    step = place(back, moved, NOON + DAY + HOUR)
    told = place(told_at(back, NOON + DAY), moved, NOON + DAY + HOUR).case
    later = place(back, replace(moved, left_at={(1, "NL"): NOON + DAY + MINUTE}), NOON + DAY + HOUR).case

    assert [(one.hoster, one.began_by, one.ended_by) for one in step.case.stays] == [(2, "return", None)]
    assert (step.case.stays[0].id, step.case.stays[0].began_at) == (back.at_work[0].id, NOON + DAY)
    assert step.strike_stays == (back.at_work[0].id,)
    assert [(one.recipient, one.stay, one.kind) for one in step.tell] == [(OTHER, back.at_work[0].id, Kind.FIRST)]
    assert [(one.hoster, one.ended_by) for one in told.stays] == [(2, None), (1, "relocated")]
    assert [(one.hoster, one.ended_by) for one in later.stays] == [(2, None), (1, "relocated")]


def test_what_was_reopened_after_its_host_had_left_begins_where_it_is_found() -> None:
    """Each place found takes over one that never was; what began it stays what began it."""
    both = located(HERE, seat(4, "NL", NOC))
    case = replace(both, stays=tuple(replace(one, began_by="reopen") for one in both.stays))
    left = {(1, "NL"): NOON - HOUR, (4, "NL"): NOON - MINUTE}
    step = place(case, world(THERE, ABROAD, version=2, left_at=left), NOON + HOUR)

    assert [(one.hoster, one.began_by, one.began_at, one.ended_by) for one in step.case.stays] == [
        (2, "reopen", NOON, None),
        (3, "reopen", NOON, None),
    ]
    assert {one.id for one in step.case.stays} == {one.id for one in both.stays} == set(step.strike_stays)


def test_what_was_reopened_waits_until_its_host_was_looked_up() -> None:
    """It is placed by a look that began afterwards, and not at places that this look has missed, but not for ever."""
    case = reopen(gone_at(located(), NOON + HOUR), act(NOON + DAY), world()).case
    case = replace(case, stays=case.at_work)
    here, gap = world(HERE, THERE, version=3), rules().geo.move_confirmed_after
    missed = replace(here, seats=tuple(replace(one, missed=True) for one in here.seats))
    late = NOON + DAY + 5 * gap

    for at, known in (
        (late, replace(here, looked_at=None)),
        (late, replace(here, looked_at=NOON + DAY - MINUTE)),
        (late - MINUTE / 60, missed),
    ):
        assert place(case, known, at).case == case
    for at, known in (
        (NOON + DAY, replace(here, looked_at=NOON + DAY)),
        (NOON + DAY, replace(here, seats=(*missed.seats[:1], THERE))),
        (late, missed),
    ):
        found = place(case, known, at).case
        assert [(one.hoster, one.began_at) for one in found.stays] == [(1, NOON + DAY), (2, NOON + DAY)]
        assert found.item.placed_version == 3
    assert place(case, world(), NOON + DAY).case.item.state is State.UNTRACEABLE


def test_a_place_that_no_look_has_shown_since_a_return_or_reopening_never_was() -> None:
    """Where the item was reopened or came back, the others go on; whoever was told there was there."""
    both = located(HERE, THERE)
    left: dict[str, Any] = {"version": 2, "left_at": {(1, "NL"): NOON + HOUR}, "shown_at": {(1, "NL"): NOON - MINUTE}}
    for began_by, never in (("reopen", True), ("return", True), ("receipt", False)):
        case = replace(both, stays=tuple(replace(one, began_by=began_by) for one in both.stays))
        silent, told = [place(one, world(THERE, **left), NOON + DAY) for one in (case, told_at(case, NOON))]
        seen_there = place(case, world(THERE, **(left | {"shown_at": {(1, "NL"): NOON}})), NOON + DAY)

        assert [one.hoster for one in silent.case.stays] == ([2] if never else [2, 1])
        assert silent.never_were == (((both.stays[0].id, both.stays[1].id),) if never else ())
        assert [one.hoster for one in told.case.stays] == [one.hoster for one in seen_there.case.stays] == [2, 1]


def test_a_place_that_was_joined_while_the_item_was_gone_begins_with_the_return() -> None:
    """What is still gone elsewhere is no beginning; what was there when the other went is."""
    first, other = located(HERE, seat(4, "NL", NOC)).stays
    gone: dict[str, Any] = {"gone_known_at": NOON + 3 * HOUR, "gone_by": GoneBy.CONTENT}
    back = replace(first, began_at=NOON + DAY, began_by="return")
    joined = replace(THERE, seen_from=NOON + 2 * HOUR)
    known = world(HERE, seat(4, "NL", NOC), joined, version=2)
    for one, began_at in (
        ((back, replace(other, gone_at=NOON + HOUR, **gone)), NOON + DAY),
        ((replace(first, began_at=NOON + MINUTE), replace(other, gone_at=NOON + HOUR, **gone)), NOON + 2 * HOUR),
        ((replace(first, began_at=NOON + 3 * HOUR), replace(other, gone_at=NOON + 3 * HOUR, **gone)), NOON + 2 * HOUR),
    ):
        case = replace(located(), stays=one)
        found = place(case, known, NOON + 2 * DAY).case.stays[-1]

        assert (found.hoster, found.began_at, found.began_by) == (2, began_at, "joined")


def test_when_only_gone_places_are_left_the_item_is_gone() -> None:
    """Gone at one hoster, moved away from the other: nothing shows it any more, and it is watched."""
    before = located(HERE, THERE)
    here = replace(before.stays[0], gone_at=NOON + HOUR, gone_known_at=NOON + 2 * HOUR, first_down_at=NOON + HOUR)
    step = place(replace(before, stays=(here, before.stays[1])), world(HERE, version=2), NOON + 3 * HOUR)

    assert (step.case.item.state, step.case.item.gone_at) == (State.GONE, NOON + HOUR)
    assert (step.strike, step.check_at) == (True, NOON + HOUR + DAY)
    assert [line.event for line in step.history] == ["relocated", "gone"]


def test_gone_and_withdrawn_items_do_not_follow() -> None:
    """They take note of the host's standing and nothing else."""
    for state in (State.GONE, State.CLOSED, State.WITHDRAWN):
        case = gone_at(located(), NOON + HOUR)
        case = replace(case, item=replace(case.item, state=state))
        step = place(case, world(THERE, version=7), NOON + DAY)

        assert (step.case.item.placed_version, step.case.stays, step.tell) == (7, case.stays, ())


def test_nobody_in_the_country_of_a_final_no_is_told_again() -> None:
    """The refused item looks on: another hoster there changes nothing, a place elsewhere is routed anew."""
    refused = refused_in(forwarded_at(located(ABROAD), NOON + HOUR), "MD")
    there = place(refused, world(ABROAD, seat(9, "MD", OTHER), version=2), NOON + DAY)
    elsewhere = place(refused, world(ABROAD, HERE, version=2), NOON + DAY)

    assert (there.case.item.state, there.tell) == (State.REFUSED, ())
    assert (elsewhere.case.item.state, elsewhere.case.item.ended_at) == (State.ROUTED, None)
    assert [(tell.recipient, tell.spell) for tell in elsewhere.tell] == [(ABUSE, 2)]


def test_a_final_no_stands_also_when_the_item_comes_back_to_that_country() -> None:
    """It is looked at there and a human sees it, but nobody is told."""
    refused = refused_in(forwarded_at(located(ABROAD), NOON + HOUR), "MD")
    elsewhere = place(refused, world(HERE, version=2), NOON + DAY).case
    back = place(elsewhere, world(ABROAD, version=3), NOON + 2 * DAY)

    assert (back.case.item.state, back.tell) == (State.ROUTED, ())
    assert back.case.item.attention == {Attention.FORWARD_REFUSED}


def test_a_final_no_from_before_a_reopening_does_not_stand() -> None:
    """An analyst who reopens the item has it told anew."""
    refused = refused_in(forwarded_at(located(ABROAD), NOON + HOUR), "MD")
    fresh = replace(refused.item, state=State.RECEIVED, resolved_at=None, spell=2)
    stays = (*refused.stays, replace(received().stays[0], spell=2, began_by="reopen"))
    step = place(Case(item=fresh, stays=stays), world(ABROAD, version=2), NOON + DAY)

    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(PARTNER, Kind.FORWARD)]


def test_a_held_item_follows_in_silence() -> None:
    """Its stays are opened, nobody is told and nothing is looked at."""
    step = place(received(state=State.HELD), world(HERE), NOON)

    assert (step.case.item.state, step.tell, step.check_at) == (State.HELD, (), None)
    assert [stay.hoster for stay in step.case.at_work] == [1]


def test_what_another_notifier_has_told_is_noticed_from_receipt() -> None:
    """Its clock runs from receipt, and we tell only when the SLA has passed."""
    step = place(received(copied_from="c3p"), world(HERE), NOON + HOUR)
    (stay,) = step.case.stays

    assert (step.case.item.state, step.tell) == (State.NOTICED, ())
    assert (stay.clock_at, stay.follow_up_at) == (NOON, NOON + DAY)


def test_who_was_not_told_by_another_notifier_is_told_at_once() -> None:
    """A copied item that moves: its new hoster knows nothing yet."""
    before = place(received(copied_from="c3p"), world(HERE), NOON).case
    step = place(before, world(THERE, version=2), NOON + HOUR)

    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(OTHER, Kind.FIRST)]


def test_who_cannot_be_told_is_asked_about_again() -> None:
    """Nobody is dropped in silence: attention now, another try after `geo.refresh`."""
    step = place(received(), world(seat(4, "NL")), NOON)

    assert step.case.item.attention == {Attention.NO_CONTACT}
    assert step.case.stays[0].follow_up_at == NOON + rules().geo.refresh


def test_an_item_that_waits_for_resume_is_told_nothing_by_a_move() -> None:
    """Nobody is told for real by accident: what was a dry run goes on only when somebody says so."""
    before = located()
    waiting = replace(before, item=replace(before.item, attention=frozenset({Attention.DRY_RUN})))
    step = place(waiting, world(THERE, version=2), NOON + HOUR)

    assert (step.tell, set(step.case.item.attention)) == ((), {Attention.DRY_RUN})


def test_contacts_and_partners_that_appear_later_are_taken_in() -> None:
    """So that what they accept counts for the stay."""
    before = located(seat(3, "MD"), settings=rules(partner=[])).stays[0]
    bare = replace(before, partner=None, recipient=None)
    later = renewed(bare, received(), world(replace(ABROAD, contacts=(FOREIGN, NOC))))
    elsewhere = renewed(bare, received(), world(HERE))
    accepted = renewed(replace(bare, forwarded_at=NOON), received(), world(ABROAD))

    assert (later.recipient, later.contacts, later.partner) == (FOREIGN, (NOC,), "md")
    assert elsewhere == bare
    assert (accepted.partner, accepted.recipient) == (None, FOREIGN)


def test_nothing_changes_where_nothing_has_moved() -> None:
    """A look that shows the same places has no history and no message."""
    before = told_at(located(HERE, THERE), NOON + MINUTE)
    step = place(before, world(HERE, THERE, version=2), NOON + HOUR)

    assert (step.case.stays, step.tell, step.history) == (before.stays, (), ())


def fronted_case() -> Case:
    """Give an item whose front has accepted its notice."""
    shield = seat(5, "US", FRONT, fronted=True)
    return told_at(located(shield), NOON + HOUR, clock_at=None)


def test_an_origin_joins_beside_the_front_and_is_told_first() -> None:
    """A further stay with a clock to come; the front alone is known no more; the history says where it stands."""
    case, shield = fronted_case(), seat(5, "US", FRONT, fronted=True)
    behind = seat(1, "NL", ABUSE, origin=True)
    step = place(case, world(shield, behind, version=2), NOON + DAY)

    assert case.item.attention == {Attention.FRONT_ONLY}
    assert step.case.item.attention == frozenset()
    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(ABUSE, Kind.FIRST)]
    assert step.strike_stays == ()
    assert (step.history[0].event, step.history[0].detail) == (
        "resolved",
        {"hosting": behind.as_hosting(), "origin": True},
    )


def test_a_front_that_has_the_machine_itself_is_told_as_its_hoster_at_once() -> None:
    """The same stay: what waits for the front is struck, and the first notice does not wait for the front's."""
    case = fronted_case()
    revealed = seat(5, "US", FRONT, origin=True)
    step = place(case, world(revealed, version=2), NOON + 2 * HOUR)
    again = place(step.case, world(revealed, version=3), NOON + 3 * HOUR)

    assert [(tell.recipient, tell.kind, tell.gather_at) for tell in step.tell] == [(FRONT, Kind.FIRST, None)]
    assert step.strike_stays == (case.stays[0].id,)
    assert [stay.id for stay in step.case.at_work] == [case.stays[0].id]
    assert step.history[0].detail == {"hosting": revealed.as_hosting(), "origin": True}
    assert step.case.item.attention == frozenset()
    assert (again.tell, again.history) == ((), ())
