"""What observations mean: the rules of the contract, section 5, one by one."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.verdict import baseline_of, meaning_of, round_meaning
from schemas.check import Baseline, Body, GoneBy, Observation, Round, Sight, Signs, Verdict

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ONE, TWO = ip_address("192.0.2.1"), ip_address("192.0.2.2")
PICTURE = Body(sha256="a" * 64, length_bytes=1000, type="image/jpeg")


def seen(status: int | None = 200, *, sight: Sight = Sight.ANSWERED, **fields: Any) -> Observation:
    """Spell one look."""
    given_ = {"vantage": "here", "address": ONE, "addresses": (ONE,), "body": PICTURE, **fields}
    return Observation(at=NOW, sight=sight, status=status, **given_)


def test_every_status_has_a_meaning_and_only_404_and_410_are_gone() -> None:
    """Of all statuses only 404 and 410 are gone-answers by themselves."""
    found: dict[Verdict, set[int]] = {verdict: set() for verdict in Verdict}
    for status in range(100, 1000):
        found[meaning_of(seen(status)).verdict].add(status)

    assert found[Verdict.GONE] == {404, 410}
    assert found[Verdict.UP] == {200, 203, 206}
    assert found[Verdict.BLOCKED] == {401, 402, 403, 423, 429, 451, 999}
    assert found[Verdict.CHANGED] == set()
    assert len(found[Verdict.UNKNOWN]) == 900 - 12


@pytest.mark.parametrize("sight", [one for one in Sight if one not in {Sight.ANSWERED, Sight.NO_NAME}])
@pytest.mark.parametrize("status", [None, 200, 404])
def test_look_without_a_whole_answer_is_unknown(sight: Sight, status: int | None) -> None:
    """Whatever had been seen before a look broke off, it cannot tell."""
    assert meaning_of(seen(status, sight=sight)).verdict is Verdict.UNKNOWN


def test_nxdomain_is_gone_by_name() -> None:
    """A name that does not exist takes everything under it away."""
    assert meaning_of(seen(None, sight=Sight.NO_NAME)).gone_by is GoneBy.NAME


@pytest.mark.parametrize(
    ("mark", "reason", "by"),
    [
        ({"parked": "parked.service"}, "parked", GoneBy.NAME),
        ({"parked": "for_sale.text"}, "for_sale", GoneBy.NAME),
        ({"parked": "account_suspended.page"}, "account_suspended", GoneBy.ACCOUNT),
        ({"removal_wording": "removed.en"}, "removal_page", GoneBy.CONTENT),
        ({"removal_wording": "removed.redirect"}, "removal_redirect", GoneBy.CONTENT),
        ({"placeholder": "placeholder.blank_pixel"}, "placeholder", GoneBy.CONTENT),
        ({"front_page": True}, "front_page", GoneBy.CONTENT),
        ({"parked": "parked.name_servers.sedo"}, "parked", GoneBy.NAME),
        ({"like_sibling": True}, "soft_404", GoneBy.CONTENT),
    ],
)
def test_content_that_says_it_is_gone(mark: dict[str, Any], reason: str, by: GoneBy) -> None:
    """A page can say in many ways that the item is not there, and what was taken away."""
    meaning = meaning_of(seen(signs=Signs(**mark)))

    assert (meaning.verdict, meaning.reason, meaning.gone_by) == (Verdict.GONE, reason, by)


@pytest.mark.parametrize(
    "mark", [{"login": "login.heading"}, {"default_page": "maintenance.text"}, {"script_only": True}]
)
def test_wall_or_server_page_before_every_name_is_no_soft_404(mark: dict[str, Any]) -> None:
    """What stands before every name alike says nothing about one of them."""
    assert meaning_of(seen(signs=Signs(like_sibling=True, **mark))).verdict is not Verdict.GONE


@pytest.mark.parametrize("mark", [{"like_sibling": True}, {"removal_wording": "removed.en"}, {"login": "login.text"}])
def test_first_body_is_up_whatever_else_is_seen(mark: dict[str, Any]) -> None:
    """The very body that was first seen up is up."""
    first = Baseline(sha256=PICTURE.sha256, length_bytes=1000, type=None)

    assert meaning_of(seen(signs=Signs(**mark)), first).reason == "same_body"


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (PICTURE, Verdict.GONE),
        (replace(PICTURE, sha256="b" * 64), Verdict.UP),
        (replace(PICTURE, sha256="b" * 64, likeness="picture:640x480"), Verdict.UP),
    ],
)
def test_what_a_person_denied_is_gone_and_nothing_else(body: Body, verdict: Verdict) -> None:
    """The very bytes that a person said are not the thing are gone; another picture of the same shape may be it."""
    denied = Baseline(sha256="a" * 64, length_bytes=1000, type="image/jpeg", likeness="picture:640x480", denied=True)

    assert meaning_of(seen(body=body), denied).verdict is verdict
    assert meaning_of(seen(404, body=body), denied).reason == "status_404"


@pytest.mark.parametrize(
    ("likeness", "verdict"),
    [
        ("text:00000000000000ff:1", Verdict.GONE),
        ("text:0000000000000fff:1", Verdict.GONE),
        ("text:000000000000ffff:1", Verdict.GONE),
        ("text:000000000001ffff:1", Verdict.UP),
        ("text:00000000000000ff:2", Verdict.UP),
        (None, Verdict.UP),
    ],
)
def test_page_that_a_person_denied_may_say_a_word_or_two_otherwise(likeness: str | None, verdict: Verdict) -> None:
    """A page that is the same but for a number is the same; with other words or more pictures it may be the thing."""
    denied = Baseline(
        sha256="a" * 64, length_bytes=9, type="text/html", likeness="text:00000000000000ff:1", denied=True
    )

    assert meaning_of(seen(body=replace(PICTURE, sha256="b" * 64, likeness=likeness)), denied).verdict is verdict


@pytest.mark.parametrize(
    ("was", "now", "length", "reason"),
    [
        ("picture:640x480", "picture:320x240", 101, "status_2xx"),
        ("picture:640x480", "picture:320x240", 99, "length_changed"),
        ("picture:640x480", "picture:480x640", 1000, "shape_changed"),
        ("picture:640x480", None, 334, "status_2xx"),
        ("picture:640x480", None, 333, "length_changed"),
        ("text:00000000000000ff:1", "text:00000000000000fe:1", 101, "status_2xx"),
        ("text:00000000000000ff:1", "text:ffffffffffffff00:1", 1000, "text_changed"),
        ("text:00000000000000ff:1", "text:00000000000000ff:0", 1000, "pictures_missing"),
        ("text:00000000000000ff:0", "text:00000000000000ff:1", 1000, "status_2xx"),
    ],
)
def test_changed_by_likeness(was: str, now: str | None, length: int, reason: str) -> None:
    """Words and shape decide where they are known, length where they are not; a tenth of it is too little for both."""
    first = Baseline(sha256="0" * 64, length_bytes=1000, type=None, likeness=was)
    body = Body(sha256="b" * 64, length_bytes=length, type=None, likeness=now)

    assert meaning_of(seen(body=body), first).reason == reason


@pytest.mark.parametrize("status", [404, 410, 403, 500])
def test_bytes_seen_before_are_up_behind_whatever_status(status: int) -> None:
    """Who serves the very picture is not believed when he denies it; a page may be the same for every name."""
    first = Baseline(sha256=PICTURE.sha256, length_bytes=1000, type="image/jpeg")

    assert meaning_of(seen(status), first).reason == "same_body"
    assert meaning_of(seen(status), replace(first, type="text/html")).verdict is not Verdict.UP


def test_challenge_with_a_503_is_a_wall() -> None:
    """A front that asks for a proof of being human is no server in trouble; other walls say nothing behind a 503."""
    assert meaning_of(seen(503, signs=Signs(login="captcha.markup"))).reason == "captcha"
    assert meaning_of(seen(503, signs=Signs(login="login.heading"))).reason == "status_503"


# ── rounds ──


def test_round_is_gone_only_when_every_address_was_asked() -> None:
    """A gone-answer of one of two addresses is not enough."""
    look = seen(404, addresses=(ONE, TWO))

    assert round_meaning([look]).reason == "not_all_asked"
    assert round_meaning([look, seen(410, address=TWO, addresses=(ONE, TWO))]).verdict is Verdict.GONE


def test_hoster_is_judged_by_its_own_addresses() -> None:
    """Of a name at two hosters, what one shows is its own."""
    looks = [seen(404, addresses=(ONE, TWO)), seen(200, address=TWO, addresses=(ONE, TWO))]

    assert round_meaning(looks, addresses={ONE}).verdict is Verdict.GONE
    assert round_meaning(looks, addresses={TWO}).verdict is Verdict.UP
    assert round_meaning(looks).reason == "addresses_disagree"


@pytest.mark.parametrize(
    ("far", "networks", "verdict", "reason"),
    [
        (seen(404, vantage="far"), {"here": "A", "far": "B"}, Verdict.GONE, "status_404"),
        (seen(200, vantage="far"), {"here": "A", "far": "B"}, Verdict.UP, "vantages_disagree"),
        (seen(403, vantage="far"), {"here": "A", "far": "B"}, Verdict.BLOCKED, "status_403"),
        (seen(503, vantage="far"), {"here": "A", "far": "B"}, Verdict.UNKNOWN, "no_quorum"),
        (seen(503, vantage="far"), {"here": "A", "far": "A"}, Verdict.GONE, "status_404"),
        (seen(503, vantage="far"), {}, Verdict.UNKNOWN, "no_quorum"),
        (seen(None, sight=Sight.VOID, vantage="far"), {"here": "A", "far": "B"}, Verdict.UNKNOWN, "no_quorum"),
    ],
)
def test_vantages_together(far: Observation, networks: dict[str, str], verdict: Verdict, reason: str) -> None:
    """Gone from here needs as much from another network, where there is one; one that is up outweighs all."""
    meaning = round_meaning([seen(404), far], networks=networks)

    assert (meaning.verdict, meaning.reason) == (verdict, reason)


def test_three_networks_need_two() -> None:
    """Two networks that saw it gone are enough, a third that cannot tell does not count."""
    looks = [seen(404), seen(404, vantage="b"), seen(None, sight=Sight.TIMEOUT, vantage="c")]

    assert round_meaning(looks).verdict is Verdict.GONE


def test_round_of_nothing_is_unknown() -> None:
    """No look, no verdict."""
    assert round_meaning([]).reason == "not_looked"


LOOKS = st.builds(
    lambda status, sight, vantage, address: seen(
        status if sight is Sight.ANSWERED else None, sight=sight, vantage=vantage, address=address, addresses=(ONE, TWO)
    ),
    st.sampled_from([200, 403, 404, 410, 451, 500]),
    st.sampled_from(list(Sight)),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([ONE, TWO]),
)


@given(st.lists(LOOKS, max_size=8))
def test_gone_means_that_nobody_saw_it_up_and_somebody_saw_it_gone(looks: list[Observation]) -> None:
    """However looks come together: gone_by stands exactly with gone, and gone never beside an up."""
    meaning = round_meaning(looks)
    verdicts = {meaning_of(look).verdict for look in looks}

    assert (meaning.gone_by is not None) == (meaning.verdict is Verdict.GONE)
    if meaning.verdict is Verdict.GONE:
        assert Verdict.UP not in verdicts
        assert Verdict.GONE in verdicts
    if Verdict.UP in verdicts:
        assert meaning.verdict is Verdict.UP


@given(st.lists(LOOKS, max_size=6), st.randoms(use_true_random=False))
def test_order_of_looks_does_not_matter(looks: list[Observation], shuffled: Any) -> None:
    """A verdict depends on what was seen, not on who was first."""
    other = list(looks)
    shuffled.shuffle(other)

    assert round_meaning(other).verdict is round_meaning(looks).verdict


# ── the first body ──


def test_baseline_is_the_body_of_a_look_that_was_up() -> None:
    """The baseline comes from a look that was up itself, not from another address that was gone."""
    page = Body(sha256="b" * 64, length_bytes=5, type="text/html")
    looks = (seen(404, body=page, addresses=(ONE, TWO)), seen(200, address=TWO, addresses=(ONE, TWO)))
    first = baseline_of(Round(at=NOW, observations=looks, meaning=round_meaning(looks)))

    assert first == Baseline(sha256=PICTURE.sha256, length_bytes=1000, type="image/jpeg")


@pytest.mark.parametrize("look", [seen(404), seen(200, fault="not compared with a sibling: timeout"), seen(body=None)])
def test_no_baseline_where_it_cannot_be_said(look: Observation) -> None:
    """A body that is gone, uncompared or unread is no baseline."""
    assert baseline_of(Round(at=NOW, observations=(look,), meaning=round_meaning([look]))) is None
