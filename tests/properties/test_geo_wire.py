"""The quick reader of DNS replies and dnspython say the same, and neither raises anything of its own."""

import contextlib

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.wire import Unreadable, plain, read, thorough

LABELS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABC0123456789-_", min_size=1, max_size=12)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: ".".join(labels) + ".")
TTLS = st.integers(0, 2**31 - 1)
RECORDS = st.one_of(
    st.tuples(st.just("A"), st.ip_addresses(v=4).map(str)),
    st.tuples(st.just("AAAA"), st.ip_addresses(v=6).map(str)),
    st.tuples(st.just("CNAME"), NAMES),
    st.tuples(st.just("NS"), NAMES),
    st.tuples(st.just("TXT"), st.sampled_from(['"64501 | 198.51.100.0/24 | NL"', '"a" "b"'])),
)


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """Make replies of every sort we use, some of sorts we do not."""
    asked = draw(NAMES)
    reply = dns.message.make_response(dns.message.make_query(asked, "A", use_edns=draw(st.booleans())))
    reply.flags |= draw(st.sampled_from([0, dns.flags.AA, dns.flags.RA]))
    reply.set_rcode(draw(st.sampled_from([dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL])))
    owners = st.one_of(st.just(asked), NAMES)
    for owner, ttl, (kind, value) in draw(st.lists(st.tuples(owners, TTLS, RECORDS), max_size=5)):
        reply.answer.append(dns.rrset.from_text(owner, ttl, "IN", kind, value))
    if draw(st.booleans()):
        soa = f"ns.test. mail.test. 1 2 3 4 {draw(TTLS)}"
        reply.authority.append(dns.rrset.from_text(draw(NAMES), draw(TTLS), "IN", "SOA", soa))
    if draw(st.booleans()):
        reply.additional.append(dns.rrset.from_text("ns.test.", 60, "IN", "A", "192.0.2.1"))
    return reply.to_wire()


@settings(max_examples=80)
@given(replies())
def test_the_quick_reader_says_what_dnspython_says(wire: bytes) -> None:
    """Wherever the quick reader answers at all, every record, TTL, code and SOA is that of dnspython."""
    quick = plain(wire)

    if quick is not None:
        slow = thorough(wire)
        assert {key: (ttl, sorted(values)) for key, (ttl, values) in quick.answer.items()} == {
            key: (ttl, sorted(values)) for key, (ttl, values) in slow.answer.items()
        }
        assert (quick.rcode, quick.flags, quick.soa, quick.referral) == (
            slow.rcode,
            slow.flags,
            slow.soa,
            slow.referral,
        )


@settings(max_examples=80)
@given(st.binary(max_size=120))
@example(b"\x00\x01\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01")
def test_bytes_that_are_no_reply_are_unreadable_and_nothing_worse(wire: bytes) -> None:
    """A name that points at itself, a record cut short, noise: one kind of error."""
    with contextlib.suppress(Unreadable):
        read(wire)
