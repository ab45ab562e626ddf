"""Corners of the rules: what a human lets go, what a partner says of a place, looks that show strange things."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from geo.moves import Seat, Standing, look
from monitor.verdict import meaning_of
from ntd.acting import release
from ntd.addressing import tellings
from ntd.answering import partner_says
from ntd.following import follow_up
from ntd.placing import place
from ntd.routing import Case as Question
from ntd.routing import Route, route
from ntd.telling import failed, form_filled
from schemas.check import Baseline, Body, Observation, Sight, Signs, Verdict
from schemas.errors import IllegalTransition
from schemas.exchange import Action, PartnerAnswer
from schemas.hosting import Category
from schemas.item import Attention, Basis, Classification, State
from schemas.notice import Kind
from schemas.settings import Routing
from tests.fakes.decisions_case import (
    ABROAD,
    ABUSE,
    DAY,
    FOREIGN,
    HOUR,
    LADDER,
    MINUTE,
    NOON,
    OTHER,
    PARTNER,
    act,
    forwarded_at,
    located,
    received,
    rules,
    seat,
    sent,
    world,
)


def test_an_analyst_lets_go_what_a_rule_leaves_to_a_human() -> None:
    """An access line is told after the police had a look; what is already told is not told again."""
    line = seat(8, "NL", OTHER, category=Category.ISP)
    waiting = located(line)
    step = release(waiting, act(NOON + DAY), world(line))

    assert waiting.item.attention == {Attention.ACCESS_LINE}
    assert [(tell.recipient, tell.kind) for tell in step.tell] == [(OTHER, Kind.FIRST)]
    assert (step.case.item.state, step.case.item.attention) == (State.ROUTED, frozenset())
    assert (step.check_at, step.case.stays[0].follow_up_at) == (NOON + DAY, None)


def test_letting_go_leaves_alone_what_nobody_could_be_reached_of() -> None:
    """One place waits for a human, at another every contact failed: the one is told, the other asked about later."""
    line, dead = seat(8, "NL", OTHER, category=Category.ISP), seat(1, "NL", ABUSE)
    case = failed(located(line, dead), sent(Kind.FIRST, ABUSE), NOON, rules(), "550").case
    step = release(case, act(NOON + HOUR), world(line, dead))

    assert [tell.recipient for tell in step.tell] == [OTHER]
    assert [stay.follow_up_at for stay in step.case.stays if stay.failed_at] == [NOON + rules().geo.refresh]


def test_what_is_illegal_only_at_home_is_let_go_to_a_partner_at_most() -> None:
    """Without one nobody can be told, and nothing changes."""
    waiting = located(ABROAD, classification=Classification.NATIONAL)

    assert [tell.recipient for tell in release(waiting, act(), world(ABROAD)).tell] == [PARTNER]
    with pytest.raises(
        IllegalTransition, match="is routed: released is not possible as nobody can be told of it; nothing was changed"
    ):
        release(waiting, act(), world(ABROAD, partners={}))


def test_what_was_held_while_its_host_moved_is_not_forgotten_should_the_host_come_back() -> None:
    """Released before it has followed its host, it asks at once; back there, its hoster is told."""
    here, there = seat(2, "NL", ABUSE), seat(1, "NL", ABUSE)
    held = located(here)
    held = replace(held, item=replace(held.item, state=State.HELD))
    released = release(held, act(NOON + HOUR), world(there, version=2))
    back = world(there, here, version=3)
    after = place(released.case, back, NOON + 2 * HOUR).case
    stay = next(one for one in after.stays if one.hoster == here.hoster)
    step = follow_up(after, stay.id, back, LADDER, NOON + 2 * HOUR)

    assert (released.tell, [one.follow_up_at for one in released.case.stays]) == ((), [NOON + HOUR])
    assert [(tell.recipient, tell.kind, tell.stay) for tell in step.tell] == [(ABUSE, Kind.FIRST, stay.id)]


def test_a_country_on_hold_waits_for_a_human() -> None:
    """With a partner and without: nobody is told, and both say why."""
    settings = rules(routing={"country": {"MD": "hold"}})
    with_partner = place(received(), world(ABROAD, settings=settings), NOON).case
    without = place(received(), world(ABROAD, settings=settings, partners={}), NOON).case

    assert with_partner.item.attention == {Attention.COUNTRY_HELD}
    assert without.item.attention == {Attention.COUNTRY_HELD}


def test_a_partner_that_says_where_it_went_is_quoted() -> None:
    """Where it is, is ours to look up."""
    case = forwarded_at(located(ABROAD), NOON)
    answer = PartnerAnswer(
        item=case.item.id, action=Action.MOVED, reason=None, at=NOON, note="", hosting={"country": "RO"}
    )
    step = partner_says(case, "md", answer, rules(), NOON)

    assert step.history[0].detail is not None
    assert step.history[0].detail["hosting"] == {"country": "RO"}


def test_one_message_goes_to_a_contact_and_none_to_nobody() -> None:
    """A partner that routing knows and the world does not is told nothing."""
    question = Question(
        country="MD",
        fronted=False,
        category=None,
        country_disputed=False,
        classification=Classification.BASELINE,
        basis=Basis.CSAM,
        has_contact=False,
        new_contact=False,
        partner=True,
        endpoint=True,
    )
    both = route(question, "NL", Routing(abroad="both"))
    step = place(received(), world(seat(3, "MD"), settings=rules(routing={"abroad": "both"})), NOON)

    assert (both.tell, set(both.attention)) == ((Kind.FORWARD,), {Attention.NO_CONTACT})
    assert [tell.recipient for tell in step.tell] == [PARTNER]
    assert FOREIGN not in {tell.recipient for tell in step.tell}


def test_whom_nobody_knows_how_to_reach_is_told_nothing() -> None:
    """A route without an address for it comes to no telling."""
    (stay,) = located().stays

    assert (
        tellings(located().item, (replace(stay, recipient=None),), {stay.id: Route(tell=(Kind.FIRST,))}, world()) == ()
    )


def test_a_contact_found_with_a_move_of_its_neighbour_is_told() -> None:
    """Two places of one partner: when one is left, the other is routed with all that is known by now."""
    settings = rules(routing={"abroad": "both"})
    before = place(received(), world(ABROAD, seat(4, "MD"), settings=settings), NOON).case
    step = place(before, world(seat(4, "MD", OTHER), version=2, settings=settings), NOON + DAY)

    assert {(tell.recipient, tell.kind) for tell in step.tell} == {(PARTNER, Kind.FORWARD), (OTHER, Kind.FIRST)}


def test_a_form_that_was_filled_in_starts_the_clock() -> None:
    """The reference it gave back stands in the history; nobody need fill it in any more."""
    case = located()
    waiting = replace(case, item=replace(case.item, attention=frozenset({Attention.FORM_TO_FILL})))
    step = form_filled(waiting, sent(Kind.FIRST), "T-17", NOON + DAY, rules())

    assert (step.case.item.state, step.case.item.attention) == (State.NOTICED, frozenset())
    assert step.case.stays[0].clock_at == NOON + DAY
    assert [(line.detail or {})["reference"] for line in step.history] == ["T-17"]


def test_a_hoster_of_known_and_unknown_country_joins_at_both_places() -> None:
    """Two places of one hoster stand side by side, in an order."""
    seen = frozenset({(1, "NL"), (1, None)})

    assert look({}, seen, NOON, MINUTE).joined == ((1, None), (1, "NL"))


def test_a_place_seen_once_and_never_again_is_forgotten() -> None:
    """It was a glitch; what is confirmed is not."""
    standing: dict[Seat, Standing] = {
        (1, "NL"): Standing(from_at=NOON, seen_at=NOON, joined_at=NOON),
        (2, "NL"): Standing(from_at=NOON, seen_at=NOON),
    }
    soon = look(standing, frozenset({(1, "NL")}), NOON + 99 * MINUTE, MINUTE)
    late = look(standing, frozenset({(1, "NL")}), NOON + 100 * MINUTE, MINUTE)

    assert [len(change.standing) for change in (soon, late)] == [2, 1]
    assert [change.settled for change in (soon, late)] == [False, True]


def answered(status: int = 200, body: Body | None = None, **signs: object) -> Observation:
    """Make one look that was answered."""
    return Observation(
        at=NOON,
        vantage="direct",
        sight=Sight.ANSWERED,
        address=ip_address("192.0.2.1"),
        addresses=(ip_address("192.0.2.1"),),
        status=status,
        body=body,
        signs=Signs(**signs),  # type: ignore[arg-type]
    )


BASE = Baseline(sha256="aa" * 32, length_bytes=900, type="image/png")


def body(length_bytes: int, kind: str | None = "image/png", sha256: str = "bb" * 32) -> Body:
    """Make what is kept of a body."""
    return Body(sha256=sha256, length_bytes=length_bytes, type=kind)


@pytest.mark.parametrize(
    ("seen", "baseline", "verdict", "reason"),
    [
        (replace(answered(), sight=Sight.NOT_PUBLIC), None, Verdict.UNKNOWN, "address_not_public"),
        (replace(answered(), sight=Sight.VOID), None, Verdict.UNKNOWN, "vantage_void"),
        (replace(answered(), sight=Sight.TLS_FAULT), None, Verdict.UNKNOWN, "tls_fault"),
        (answered(404, default_page="cdn_error.front"), None, Verdict.UNKNOWN, "cdn_error"),
        (answered(404, default_page="default_page.server"), None, Verdict.GONE, "status_404"),
        (answered(451), None, Verdict.BLOCKED, "status_451"),
        (answered(451, removed_for_all=True), None, Verdict.GONE, "removed_for_all"),
        (answered(418), None, Verdict.UNKNOWN, "status_418"),
        (answered(body=body(10, sha256="aa" * 32), parked="parked.x"), BASE, Verdict.UP, "same_body"),
        (answered(login="captcha.x"), None, Verdict.BLOCKED, "captcha"),
        (answered(default_page="maintenance.x"), None, Verdict.UNKNOWN, "maintenance"),
        (answered(parked="account_suspended.x"), None, Verdict.GONE, "account_suspended"),
        (answered(removal_wording="x.redirect"), None, Verdict.GONE, "removal_redirect"),
        (answered(removal_wording="x"), None, Verdict.GONE, "removal_page"),
        (answered(placeholder="x"), None, Verdict.GONE, "placeholder"),
        (answered(like_sibling=True), None, Verdict.GONE, "soft_404"),
        (answered(like_sibling=True, script_only=True), None, Verdict.UNKNOWN, "script_only"),
        (answered(body=body(0)), None, Verdict.UNKNOWN, "empty_body"),
        (answered(body=body(0)), BASE, Verdict.CHANGED, "empty_body"),
        (answered(default_page="empty_body.blank"), None, Verdict.UNKNOWN, "empty_body"),
        (answered(default_page="empty_body.blank"), BASE, Verdict.CHANGED, "empty_body"),
        (answered(body=body(900, "text/html")), BASE, Verdict.CHANGED, "type_changed"),
        (answered(body=body(299)), BASE, Verdict.CHANGED, "length_changed"),
        (answered(body=body(300, None)), BASE, Verdict.UP, "status_2xx"),
        (answered(), None, Verdict.UP, "status_2xx"),
    ],
)
def test_each_sight_means_one_thing(
    seen: Observation, baseline: Baseline | None, verdict: Verdict, reason: str
) -> None:
    """Gone needs evidence; what is not clearly up is "I cannot tell"."""
    meaning = meaning_of(seen, baseline)

    assert (meaning.verdict, meaning.reason) == (verdict, reason)
    assert (meaning.gone_by is not None) is (verdict is Verdict.GONE)
