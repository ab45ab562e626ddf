"""When the police get a copy, and for which reason."""

from dataclasses import replace
from typing import Any

import pytest

from ntd.case import Case
from ntd.placing import place
from ntd.police import Reason, police_copy, reasons_of
from ntd.telling import failed
from schemas.ids import RecipientId
from schemas.item import Basis
from schemas.notice import Kind
from tests.fakes.decisions_case import (
    ABROAD,
    HERE,
    NOON,
    located,
    received,
    rules,
    seat,
    sent,
    world,
)

DESK = RecipientId(300)


def copies(case: Case, *seats: Any, reasons: tuple[str, ...] = (), **facts: Any) -> list[tuple[Kind, int, int]]:
    """Say what the police are told about an item, by kind, recipient and spell."""
    settings = rules(police={"email": "desk@police.example", "plain": True, "reasons": list(reasons)})
    around = world(*(seats or (HERE,)), settings=settings, **({"police": DESK} | facts))
    return [(one.kind, one.recipient, one.spell) for one in police_copy(case.item, case.at_work, around)]


def test_everything_confirmed_is_copied_where_no_reason_is_asked_for() -> None:
    """Once, whatever its spell; not what is presumed, not other grounds, and to nobody where mail may not go."""
    once = [(Kind.POLICE, DESK, 1)]

    assert copies(located()) == once
    assert copies(replace(located(), item=replace(located().item, spell=4))) == once
    assert copies(located(confirmed=False, classification=None)) == []
    assert copies(located(basis=Basis.NCII)) == []
    assert copies(located(), police=None) == []
    assert copies(replace(located(), stays=())) == []


@pytest.mark.parametrize(
    ("case", "seats", "reasons"),
    [
        (located(), (HERE,), set()),
        (located(), (replace(HERE, new_contact=True),), {Reason.NEW_HOSTER}),
        (located(), (HERE, seat(9, "NL", new_contact=True)), set()),
        (located(ABROAD), (ABROAD,), set()),
        (located(seat(4, "RO")), (seat(4, "RO"),), {Reason.NO_PARTNER}),
        (located(seat(4, None)), (seat(4, None),), set()),
        (received(kind="onion"), (), {Reason.TOR}),
        (located(new_victim=True), (HERE,), {Reason.NEW_VICTIM}),
    ],
)
def test_each_reason(case: Case, seats: tuple[Any, ...], reasons: set[Reason]) -> None:
    """A reason holds for the places where the item is, and for what was said of it."""
    assert reasons_of(case.item, case.at_work, world(*seats)) == reasons
    for one in Reason:
        assert bool(copies(case, *seats, reasons=(one.value,))) is (one in reasons)


def test_nobody_can_be_reached() -> None:
    """The last contact has failed: followed up at once where that is a reason, else when the ladder goes on."""
    case = located(seat(1, "NL", RecipientId(1)))
    asked = rules(police={"reasons": ["unreachable"]})
    usual = failed(case, sent(Kind.FIRST), NOON, rules(), "550").case
    at_once = failed(case, sent(Kind.FIRST), NOON, asked, "550").case

    assert usual.at_work[0].follow_up_at != NOON
    assert at_once.at_work[0].follow_up_at == NOON
    assert reasons_of(at_once.item, at_once.at_work, world(HERE)) == {Reason.UNREACHABLE}


def test_what_nobody_hosts_is_for_the_police() -> None:
    """An onion service is found nowhere: the first look sends the copy, the second none."""
    settings = rules(police={"email": "desk@police.example", "plain": True, "reasons": ["tor"]})
    around = world(settings=settings, police=DESK)
    first = place(received(kind="onion"), around, NOON)

    assert [(one.kind, one.recipient) for one in first.tell] == [(Kind.POLICE, DESK)]
    assert place(first.case, around, NOON).tell == ()
