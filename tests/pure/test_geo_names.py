"""What replies of the DNS mean, what they say of who gave them, and what stands around a host."""

from datetime import UTC, datetime
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from geo.canary import song
from geo.names import (
    ADDRESSES_MOST,
    MAX_NEGATIVE_S,
    MAX_TTL_S,
    Joint,
    NameAnswer,
    Reply,
    ZoneAnswer,
    join,
    read_reply,
    said,
    wire_name,
)
from geo.wire import A, mailbox_of, plain, thorough
from geo.zones import NEVER, Zone, is_wildcard, zone_of
from schemas.canary import NameCanary
from schemas.hosting import NameFate, Soa

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOST = "img.site.test"
SOA_TEXT = "ns.test. hostmaster.test. 7 2 3 4 30"
SOA = Soa(zone="test", primary="ns.test", mailbox="hostmaster@test", serial=7, negative_s=30)
HERE, ELSEWHERE = ip_address("192.0.2.7"), ip_address("192.0.2.66")


def message(
    *answer: str, authority: tuple[str, ...] = (), rcode: str = "NOERROR", flags: int = dns.flags.AA
) -> dns.message.Message:
    """Make a reply to "A img.site.test" of records in text."""
    made = dns.message.make_response(dns.message.make_query(HOST, "A"))
    made.flags |= flags
    made.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in ((made.answer, answer), (made.authority, authority)):
        for line in lines:
            name, ttl, kind, value = line.split(" ", 3)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, value))
    return made


def reply(made: dns.message.Message | bytes, kind: int = A) -> Reply:
    """Read a reply as that of the server "ns"."""
    wire = made if isinstance(made, bytes) else made.to_wire()
    return read_reply(wire, server="ns", host=HOST, kind=kind)


@pytest.mark.parametrize(
    ("made", "fate", "text"),
    [
        (message(f"{HOST}. 60 A 192.0.2.7"), NameFate.FOUND, "192.0.2.7"),
        (message(authority=(f"test. 60 SOA {SOA_TEXT}",)), NameFate.NODATA, "NODATA in test"),
        (message(), NameFate.NODATA, "NODATA"),
        (message(rcode="NXDOMAIN", authority=(f"test. 60 SOA {SOA_TEXT}",)), NameFate.NXDOMAIN, "NXDOMAIN in test"),
        (message(rcode="NXDOMAIN", authority=("test. 60 NS ns.test.",)), NameFate.NXDOMAIN, "NXDOMAIN"),
        (message(rcode="SERVFAIL"), NameFate.SERVFAIL, "SERVFAIL"),
        (message(rcode="YXDOMAIN"), NameFate.SERVFAIL, "SERVFAIL: YXDOMAIN"),
        (message(rcode="REFUSED"), NameFate.REFUSED, "REFUSED"),
        (message(rcode="NOTAUTH"), NameFate.REFUSED, "REFUSED: NOTAUTH"),
        (
            message(authority=("test. 60 NS ns.test.",), flags=0),
            NameFate.LAME,
            "LAME: no answer, a referral to the servers of test",
        ),
        (
            message(authority=("test. 60 NS ns.test.",), flags=dns.flags.RA),
            NameFate.LAME,
            "LAME: no answer, a referral to the servers of test",
        ),
        (
            message(authority=(". 60 NS ns.test.",), flags=0),
            NameFate.LAME,
            "LAME: no answer, a referral to the root, upwards",
        ),
        (message(authority=("test. 60 NS ns.test.",)), NameFate.NODATA, "NODATA"),
        (message(authority=(f". 60 SOA {SOA_TEXT}",)), NameFate.NODATA, "NODATA in ."),
        (b"no message at all", NameFate.SERVFAIL, "SERVFAIL: unreadable reply"),
    ],
)
def test_each_reply_is_its_own_fact(made: dns.message.Message | bytes, fate: NameFate, text: str) -> None:
    """Found, empty, dead, failing, refusing and pointing elsewhere are told apart, with what was said.

    Name servers without an SOA are a referral, unless who gives it answers for the zone (RFC 2308, section 2.2).
    """
    one = reply(made)

    assert (one.fate, said(one).partition(" (")[0]) == (fate, text)


@pytest.mark.parametrize(
    ("ttl", "soa_ttl", "minimum", "held"),
    [
        (60, 0, 0, 60),
        (90_000, 0, 0, MAX_TTL_S),
        (None, 600, 30, 30),
        (None, 30, 600, 30),
        (None, 86_400, 86_400, 10_800),
    ],
)
def test_what_is_there_holds_a_day_and_what_is_not_three_hours(
    ttl: int | None, soa_ttl: int, minimum: int, held: int
) -> None:
    """A TTL bounds an answer, the smaller of an SOA's TTL and minimum an absence, and we bound both."""
    soa = f"test. {soa_ttl} SOA ns.test. hostmaster.test. 1 2 3 4 {minimum}"
    made = message(f"{HOST}. {ttl} A 192.0.2.7") if ttl is not None else message(authority=(soa,))

    assert reply(made).ttl_s == held
    assert MAX_NEGATIVE_S == 10_800


def test_the_start_of_a_zone_is_read_wherever_it_stands() -> None:
    """Asked for, it is the answer; beside an absence it names the zone; both readers say the same."""
    asked = dns.message.make_response(dns.message.make_query("test", "SOA"))
    asked.answer.append(dns.rrset.from_text("test.", 60, "IN", "SOA", SOA_TEXT))
    absent = message(authority=(f"test. 60 SOA {SOA_TEXT}",))

    found = read_reply(asked.to_wire(), server="ns", host="test", kind=6)
    quick = plain(absent.to_wire(), HOST)

    assert (found.soa, said(found)) == (SOA, "ns.test, run by hostmaster@test, serial 7")
    assert reply(absent).soa == SOA
    assert quick is not None
    assert quick.soa == SOA


def test_mail_exchangers_are_read_too() -> None:
    """Preference and name, for whoever must know whether a domain takes mail."""
    asked = dns.message.make_response(dns.message.make_query("test", "MX"))
    asked.answer.append(dns.rrset.from_text("test.", 60, "IN", "MX", "10 mx.test.", "20 mx2.test."))

    found = read_reply(asked.to_wire(), server="ns", host="test", kind=15)

    assert found.values == ("10 mx.test", "20 mx2.test")


def joint(fate: NameFate, *addresses: str, target: str | None = None, cnames: tuple[str, ...] = ()) -> Joint:
    """Make what one server said."""
    found = tuple(ip_address(text) for text in addresses)
    one = Reply(server="ns", fate=fate, addresses=found, target=target, cnames=cnames)
    return join("A x", [one], 1)


EMPTY, DEAD, AWAY = joint(NameFate.NODATA), joint(NameFate.NXDOMAIN), joint(NameFate.TIMEOUT)
FOUND, OTHER = joint(NameFate.FOUND, "192.0.2.7"), joint(NameFate.FOUND, "192.0.2.66")
LINK = joint(NameFate.NODATA, target="b.test", cnames=("b.test",))


@pytest.mark.parametrize(
    ("canary", "a", "aaaa", "truthful"),
    [
        ("!nobody.invalid", DEAD, DEAD, True),
        ("!nobody.invalid", EMPTY, EMPTY, True),
        ("!nobody.invalid", FOUND, EMPTY, False),
        ("!nobody.invalid", LINK, EMPTY, False),
        ("!nobody.invalid", DEAD, AWAY, None),
        ("www.test", FOUND, EMPTY, True),
        ("www.test", FOUND, AWAY, True),
        ("www.test", DEAD, DEAD, False),
        ("www.test", EMPTY, EMPTY, False),
        ("www.test", EMPTY, AWAY, None),
        ("www.test", LINK, LINK, None),
        ("www.test=192.0.2.7", FOUND, EMPTY, True),
        ("www.test=192.0.2.7,192.0.2.8", FOUND, EMPTY, True),
        ("www.test=192.0.2.7", OTHER, EMPTY, False),
        ("www.test=192.0.2.7", FOUND, OTHER, False),
    ],
)
def test_a_server_lies_that_answers_otherwise_than_it_must(
    canary: str, a: Joint, aaaa: Joint, truthful: bool | None
) -> None:
    """Something for a name that cannot exist, nothing or something else for one that is known; silence is no lie."""
    heard = song(NameCanary.read(canary), [a, aaaa])

    assert heard.truthful is truthful
    assert heard.verdict.startswith(
        {True: "as it must: ", False: "A LIE: ", None: "could not be found out: "}[truthful]
    )


def test_a_lie_is_told_beside_the_truth() -> None:
    """What it said, and what it should have said."""
    canaries = ("!nobody.invalid", "www.test", "www.test=192.0.2.7")
    lies = [song(NameCanary.read(text), [one]).line for text, one in zip(canaries, (OTHER, DEAD, OTHER), strict=True)]

    assert lies == [
        "192.0.2.66, although it does not exist",
        "NXDOMAIN, although it has an address",
        "192.0.2.66, although it has 192.0.2.7",
    ]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("WWW.Example.test.", "www.example.test"),
        (" !nobody.invalid ", "!nobody.invalid"),
        ("www.test = 192.0.2.8, 2001:db8::1", "www.test=192.0.2.8,2001:db8::1"),
    ],
)
def test_a_canary_is_written_in_three_ways(text: str, canonical: str) -> None:
    """A name that has an address, one that has these, one that does not exist."""
    assert str(NameCanary.read(text)) == canonical


@pytest.mark.parametrize(
    "text", ["", "!", "192.0.2.7", "a..b", "!a=192.0.2.7", "a=", "a=b", "http://a/", "a b", "-a.test"]
)
def test_what_is_no_canary_is_said_with_right_examples(text: str) -> None:
    """The message repeats the value and shows all three ways."""
    with pytest.raises(ValueError, match=r'www\.example\.org=192\.0\.2\.7".*"!nobody\.invalid"'):
        NameCanary.read(text)


def named(fate: NameFate, *addresses: str, cnames: tuple[str, ...] = (), soa: Soa | None = None) -> NameAnswer:
    """Make what a look at a name came to."""
    found = tuple(ip_address(text) for text in addresses)
    return NameAnswer(host=HOST, at=NOW, until=NOW, fate=fate, addresses=found, cnames=cnames, soa=soa)


@pytest.mark.parametrize(
    ("host", "neighbour", "wildcard"),
    [
        (named(NameFate.FOUND, "192.0.2.7"), named(NameFate.FOUND, "192.0.2.8", "192.0.2.7"), True),
        (named(NameFate.FOUND, "192.0.2.7"), named(NameFate.FOUND, "192.0.2.8"), False),
        (
            named(NameFate.FOUND, "192.0.2.7", cnames=("a.test", "pool.test")),
            named(NameFate.FOUND, "192.0.2.8", cnames=("pool.test",)),
            True,
        ),
        (named(NameFate.FOUND, "192.0.2.7"), named(NameFate.NXDOMAIN), False),
        (named(NameFate.FOUND, "192.0.2.7"), named(NameFate.TIMEOUT), None),
        (named(NameFate.FOUND, "192.0.2.7"), None, None),
        (named(NameFate.NXDOMAIN), named(NameFate.NXDOMAIN), None),
    ],
)
def test_a_wildcard_is_a_neighbour_that_answers_the_same(
    host: NameAnswer, neighbour: NameAnswer | None, wildcard: bool | None
) -> None:
    """One address in common or the same end of the chain; where something was not found out, nothing is said."""
    assert is_wildcard(host, neighbour) is wildcard


def test_the_start_of_the_zone_is_taken_from_whatever_brought_it() -> None:
    """The question for it, the name servers' absence, the neighbour's in the same zone; another zone's is not."""
    zone = ZoneAnswer(zone="test", at=NOW, until=NOW, names=("ns.test",))
    start = Joint(reply=Reply(server="ns", fate=NameFate.FOUND, soa=SOA), said=(), unanimous=True)
    beside = named(NameFate.NXDOMAIN, soa=SOA)
    other = ZoneAnswer(zone="site.test", at=NOW, until=NOW)

    assert zone_of(zone, None, (start, NOW)).soa == SOA
    assert zone_of(ZoneAnswer(zone="test", at=NOW, until=NOW, soa=SOA), None, None).soa == SOA
    assert zone_of(zone, beside, None).soa == SOA
    assert zone_of(other, beside, None).soa is None
    assert zone_of(zone, None, None).soa is None
    assert Zone().until == NEVER


@pytest.mark.parametrize(("host", "wire"), [("", b"\0"), ("é.test", None), ("a..test", None), ("x" * 64, None)])
def test_only_a_name_that_the_dns_has_room_for_is_a_name(host: str, wire: bytes | None) -> None:
    """The root is one; letters beyond ASCII, empty labels and labels of 64 octets are none."""
    assert wire_name(host) == wire


QUESTION = b"\x03img\x04site\x04test\x00\x00\x01\x00\x01"
HERE_TOO = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"
LINKED = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x10"


def counted(questions: int, answers: int, authorities: int = 0, rcode: int = 0) -> bytes:
    """Make a header."""
    return b"\0\x01\x84" + bytes([rcode]) + b"".join(n.to_bytes(2, "big") for n in (questions, answers, authorities, 0))


@pytest.mark.parametrize(
    "wire",
    [
        counted(0, 0) + b"",
        counted(2, 0) + QUESTION + QUESTION,
        counted(1, 1, rcode=2) + QUESTION + HERE_TOO,
        counted(1, 2) + QUESTION + HERE_TOO + HERE_TOO,
        counted(1, 2) + QUESTION + LINKED + LINKED,
        counted(1, 0, 1) + QUESTION + HERE_TOO,
        counted(1, 1) + QUESTION + HERE_TOO[:2] + b"\x00\x10" + HERE_TOO[4:],
        counted(1, 1) + QUESTION + HERE_TOO[:4] + b"\x00\x03" + HERE_TOO[6:],
        counted(1, 1) + QUESTION + HERE_TOO[:6] + b"\x80\x00\x00\x00" + HERE_TOO[10:],
        counted(1, 1) + QUESTION + HERE_TOO[:-1],
        counted(1, 1) + QUESTION + LINKED[:-2] + b"\xc0\x1e",
        counted(1, 1) + QUESTION + b"\xc0\x20" + HERE_TOO[2:],
        counted(1, 1) + QUESTION[:1] + b"i.g" + QUESTION[4:] + HERE_TOO,
        counted(1, 0, 1) + QUESTION + b"\0\x00\x06\x00\x01\x00\x00\x00\x3c\x00\x05\xc0\x0c\xc0\x0c\0",
        counted(1, 0) + b"\x3f" + QUESTION,
        counted(1, 1) + QUESTION + b"\xc0\x19" + HERE_TOO[2:],
        counted(1, 1) + QUESTION + b"\xc0\x1f" + HERE_TOO[2:],
        counted(1, 2) + QUESTION + LINKED[:-2] + b"\xc0\x19" + LINKED[:10] + b"\x00\x02\xc0\x19",
        b"\0\x01",
    ],
)
def test_whatever_is_odd_is_left_to_the_thorough_reader(wire: bytes) -> None:
    """Several questions, faults with records, doubles, other classes and types, cuts: the quick one is silent."""
    assert plain(wire) is None


@pytest.mark.parametrize("rcode", range(16))
def test_a_failure_that_says_nothing_else_is_read_quickly(rcode: int) -> None:
    """Whatever the code, both readers say the same of it."""
    wire = counted(1, 0, rcode=rcode) + QUESTION

    assert plain(wire) == thorough(wire)


def test_types_that_nobody_asks_for_hold_nothing() -> None:
    """A record of another type is read past."""
    other = message(f"{HOST}. 60 A 192.0.2.7", f"{HOST}. 60 HINFO a b")

    assert said(reply(other)) == "192.0.2.7"


def test_several_addresses_hold_as_long_as_the_shortest() -> None:
    """All of them are read, in order, by both readers, with the smallest TTL."""
    wire = counted(1, 2) + QUESTION + HERE_TOO[:-1] + b"\x42" + HERE_TOO[:6] + b"\0\0\0\x1e" + HERE_TOO[10:]

    one, quick = reply(wire), plain(wire, HOST)

    assert (one.addresses, one.ttl_s) == ((HERE, ELSEWHERE), 30)
    assert quick is not None
    assert quick.answer[HOST, A][0] == 30


def test_a_mailbox_with_a_dot_in_its_name_is_read() -> None:
    """RNAME escapes the dots of the local part (RFC 1035, section 8)."""
    soa = r"ns.test. host\.master.test. 7 2 3 4 30"

    found = reply(message(authority=(f"test. 60 SOA {soa}",))).soa

    assert found is not None
    assert found.mailbox == "host.master@test"
    assert mailbox_of("test") == "test"


def test_of_thousands_of_addresses_the_lowest_are_kept() -> None:
    """A name is remembered with no more addresses than a real one has, and with the same ones each time."""
    lowest = ip_address("198.18.0.0")
    found = reply(message(*(f"{HOST}. 60 A {lowest + at}" for at in reversed(range(300)))))

    assert found.addresses == tuple(lowest + at for at in range(ADDRESSES_MOST))
