"""Whether a domain takes mail, and what that does to the order of contacts."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.names import NameAnswer, Reply
from geo.postal import domains_of, doubt_of, put_last
from schemas.hosting import Contact, NameFate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NO_NAME, NOTHING = "the name does not exist", "it has neither MX nor address"


def mx(fate: NameFate, *values: str) -> Reply:
    """Make what was said of a domain's MX records."""
    return Reply(server="127.0.0.1:53", fate=fate, values=values)


def addresses(fate: NameFate, *, complete: bool = True) -> NameAnswer:
    """Make what was said of its addresses."""
    found = (ip_address("192.0.2.1"),) if fate is NameFate.FOUND else ()
    return NameAnswer(host="a.test", at=NOW, until=NOW, fate=fate, addresses=found, complete=complete)


@pytest.mark.parametrize(
    ("said", "of_addresses", "doubt"),
    [
        (mx(NameFate.FOUND, "10 mx.a.test"), None, None),
        (mx(NameFate.FOUND, "0 ."), None, "it says so: null MX, RFC 7505"),
        (mx(NameFate.FOUND, "0 .", "10 mx.a.test"), None, None),
        (mx(NameFate.NODATA), addresses(NameFate.FOUND), None),
        (mx(NameFate.NODATA), addresses(NameFate.NODATA), NOTHING),
        (mx(NameFate.NODATA), addresses(NameFate.NODATA, complete=False), None),
        (mx(NameFate.NODATA), addresses(NameFate.TIMEOUT, complete=False), None),
        (mx(NameFate.NODATA), None, None),
        (mx(NameFate.NXDOMAIN), addresses(NameFate.NXDOMAIN), NO_NAME),
        (mx(NameFate.NXDOMAIN), addresses(NameFate.FOUND), None),
        (mx(NameFate.NXDOMAIN), addresses(NameFate.SERVFAIL, complete=False), None),
        (mx(NameFate.SERVFAIL), addresses(NameFate.NXDOMAIN), None),
        (mx(NameFate.TIMEOUT), addresses(NameFate.NODATA), None),
        (mx(NameFate.REFUSED), addresses(NameFate.NODATA), None),
    ],
)
def test_only_certainty_is_a_doubt(said: Reply, of_addresses: NameAnswer | None, doubt: str | None) -> None:
    """Whatever could not be found out leaves the contact where its rule puts it."""
    assert doubt_of(said, of_addresses) == doubt


def contact(address: str, source: str = "rdap", channel: str = "mail") -> Contact:
    """Make a contact."""
    return Contact(channel=channel, address=address, source=source, rule="abuse role")


def test_who_takes_no_mail_is_told_last_and_not_dropped() -> None:
    """Each says why; the others keep their order, and what the operator wrote stands as he wrote it."""
    contacts = (
        contact("config@dead.test", "config"),
        contact("a@dead.test"),
        contact("https://dead.test/form", "platform", "form"),
        contact("b@alive.test", "network file"),
        contact("c@dead.test", "rdap autnum"),
    )
    sorted_ = put_last(contacts, {"dead.test": NO_NAME})

    assert [one.address for one in sorted_] == [
        "config@dead.test",
        "https://dead.test/form",
        "b@alive.test",
        "a@dead.test",
        "c@dead.test",
    ]
    assert [one.doubt for one in sorted_[3:]] == ["dead.test takes no mail: the name does not exist"] * 2
    assert {one.doubt for one in sorted_[:3]} == {None}


def test_only_domains_that_others_named_are_asked_about() -> None:
    """Each once, in one order."""
    contacts = (contact("a@b.test"), contact("c@a.test"), contact("d@B.test"), contact("e@own.test", "contacts"))

    assert domains_of([*contacts, *contacts]) == ("a.test", "b.test")


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.sets(st.sampled_from("abcdef")))
def test_the_order_among_equals_stays(domains: list[str], dead: set[str]) -> None:
    """A stable partition: nobody is lost, nobody overtakes another of his kind, and doing it again changes nothing."""
    contacts = tuple(contact(f"x@{one}.test") for one in domains)
    doubts = {f"{one}.test": NO_NAME for one in dead}
    once = put_last(contacts, doubts)

    assert [one.address[2] for one in once] == [d for d in domains if d not in dead] + [d for d in domains if d in dead]
    assert put_last(once, doubts) == once
