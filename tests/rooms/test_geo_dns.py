"""Names through real name servers on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from geo.dns import FAULT_HOLDS, Resolver, parse_nameserver
from geo.names import MAX_NEGATIVE_S
from geo.nameserver import FIRST_WINDOW, WINDOW, waits_s
from schemas.errors import Misconfigured
from schemas.hosting import NameFate
from tests.fakes.geo_dns import FakeDns, serving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATIENCE = timedelta(seconds=5)
IMPATIENCE = timedelta(milliseconds=300)
HOST = "img.site.test"


@asynccontextmanager
async def asking(*servers: FakeDns, timeout: timedelta = PATIENCE) -> AsyncIterator[Resolver]:
    """Open a resolver for the servers."""
    async with Resolver.open([server.address for server in servers], timeout) as resolver:
        yield resolver


def texts(values: tuple[object, ...]) -> list[str]:
    """Spell values."""
    return [str(value) for value in values]


async def test_every_address_is_found_ipv4_first_and_ascending() -> None:
    """Both families are asked, behind a CNAME chain, and the order does not depend on the answer's."""
    async with serving() as dns, asking(dns) as resolver:
        dns.name(HOST, CNAME=["a.cdn.test"])
        dns.name("a.cdn.test", A=["198.51.100.200", "198.51.100.9"], AAAA=["2001:db8::2", "2001:db8::1"])

        answer = await resolver.look(HOST, NOW)

    assert answer.fate is NameFate.FOUND
    assert texts(answer.addresses) == ["198.51.100.9", "198.51.100.200", "2001:db8::1", "2001:db8::2"]
    assert answer.cnames == ("a.cdn.test",)
    assert [question.asked for question in answer.questions] == [f"A {HOST}", f"AAAA {HOST}"]
    assert answer.questions[0].of == dns.address


@pytest.mark.parametrize(
    ("fault", "fate", "complete"),
    [
        ("SERVFAIL", NameFate.SERVFAIL, False),
        ("REFUSED", NameFate.REFUSED, False),
        ("SILENT", NameFate.TIMEOUT, False),
        ("GARBAGE", NameFate.SERVFAIL, False),
        ("LAME", NameFate.LAME, False),
        ("UPWARD", NameFate.LAME, False),
        ("NO-EDNS", NameFate.FOUND, True),
        ("TRUNCATED", NameFate.FOUND, True),
        ("OTHER-ID", NameFate.FOUND, True),
        ("OTHER-NAME", NameFate.FOUND, True),
        ("NO-QUESTION", NameFate.FOUND, True),
    ],
)
async def test_each_outcome_is_its_own_fact(fault: str, fate: NameFate, complete: bool) -> None:
    """Failures are told apart; a cut answer comes whole by TCP; a reply to another question is no reply."""
    async with serving() as dns, asking(dns, timeout=IMPATIENCE if fault == "SILENT" else PATIENCE) as resolver:
        dns.name(HOST, A=["192.0.2.7"], AAAA=["2001:db8::7"])
        dns.faults[HOST] = fault

        answer = await resolver.look(HOST, NOW)

        assert (answer.fate, answer.complete) == (fate, complete)
        assert texts(answer.addresses) == (["192.0.2.7", "2001:db8::7"] if fate is NameFate.FOUND else [])
        assert dns.by_tcp.total() == (2 if fault == "TRUNCATED" else 0)


async def test_a_dead_name_and_an_empty_one_are_told_apart() -> None:
    """NXDOMAIN and NODATA are answers, each its own."""
    async with serving() as dns, asking(dns) as resolver:
        dns.name("site.test", TXT=['"here"'])

        dead, empty = await resolver.look("gone.test", NOW), await resolver.look("site.test", NOW)

    assert (dead.fate, dead.complete, dead.unanimous) == (NameFate.NXDOMAIN, True, True)
    assert (empty.fate, empty.complete, empty.unanimous) == (NameFate.NODATA, True, True)


async def test_every_resolver_is_asked_before_a_name_is_called_dead() -> None:
    """One that knows the name is right; the dead name of one alone is not believed."""
    async with serving() as first, serving() as second, asking(first, second) as resolver:
        second.name(HOST, A=["192.0.2.7"])

        found, dead = await resolver.look(HOST, NOW), await resolver.look("gone.test", NOW)

        assert texts(found.addresses) == ["192.0.2.7"]
        assert (dead.fate, dead.unanimous) == (NameFate.NXDOMAIN, True)
        assert second.questions("A gone.test") == second.questions("AAAA gone.test") == 1


async def test_a_name_that_one_calls_dead_and_another_empty_is_only_empty() -> None:
    """Contradiction is never death, and is said."""
    async with serving() as first, serving() as second, asking(first, second) as resolver:
        second.name(HOST, TXT=['"here"'])

        answer = await resolver.look(HOST, NOW)

    assert (answer.fate, answer.unanimous) == (NameFate.NODATA, False)


async def test_a_second_resolver_stands_in_for_one_that_fails() -> None:
    """A fault is reported only when nobody could answer."""
    async with serving() as first, serving() as second, asking(first, second) as resolver:
        first.faults[HOST] = "REFUSED"
        second.name(HOST, A=["192.0.2.7"])

        answer = await resolver.look(HOST, NOW)

    assert (answer.fate, answer.complete) == (NameFate.FOUND, True)
    assert [question.of for question in answer.questions].count(second.address) == 2


async def test_a_first_resolver_that_knows_is_enough() -> None:
    """The second resolver is not asked about A when the first has found it."""
    async with serving() as first, serving() as second, asking(first, second) as resolver:
        first.name(HOST, A=["192.0.2.7"], AAAA=["2001:db8::7"])

        await resolver.look(HOST, NOW)

        assert second.asked.total() == 0


async def test_a_lost_datagram_is_sent_again() -> None:
    """One lost question costs a third of the timeout, not the answer."""
    async with serving(lose_first={HOST}) as dns, asking(dns, timeout=timedelta(seconds=1.5)) as resolver:
        dns.name(HOST, A=["192.0.2.7"], AAAA=["2001:db8::7"])

        answer = await resolver.look(HOST, NOW)

        assert answer.complete
        assert (dns.asked.total(), len(dns.identities)) == (3, 2)


async def test_a_chain_out_of_the_zone_is_followed_and_a_loop_ends() -> None:
    """A server that knows only the first link is asked for the next; a loop is a fault, found in few steps."""
    async with serving() as dns, asking(dns) as resolver:
        dns.name("out.test", CNAME=["x.example"])
        dns.name("x.example", A=["192.0.2.7"])
        dns.name("a.test", CNAME=["b.example"])
        dns.name("b.example", CNAME=["a.test"])

        out, loop = await resolver.look("out.test", NOW), await resolver.look("a.test", NOW)

        assert (texts(out.addresses), out.cnames) == (["192.0.2.7"], ("x.example",))
        assert loop.fate is NameFate.SERVFAIL
        assert dns.asked.total() < 60


async def test_an_answer_is_kept_as_long_as_its_ttl_and_no_longer() -> None:
    """Inside the TTL nobody is asked; at its end everybody is."""
    async with serving(ttl=60, negative_ttl=600) as dns, asking(dns) as resolver:
        dns.name(HOST, A=["192.0.2.7"], AAAA=["2001:db8::7"])

        await resolver.look(HOST, NOW)
        kept = await resolver.look(HOST, NOW + timedelta(seconds=59))
        asked_meanwhile = len(dns.identities)
        await resolver.look(HOST, NOW + timedelta(seconds=60))

        assert (kept.at, asked_meanwhile, len(dns.identities)) == (NOW, 2, 4)


async def test_no_answer_is_kept_longer_than_the_operator_allows() -> None:
    """`geo.refresh` caps a TTL."""
    async with serving(ttl=86_400) as dns:
        dns.name(HOST, A=["192.0.2.7"], AAAA=["2001:db8::7"])
        async with Resolver.open([dns.address], PATIENCE, timedelta(minutes=1)) as resolver:
            await resolver.look(HOST, NOW)
            await resolver.look(HOST, NOW + timedelta(seconds=60))

            assert len(dns.identities) == 4


async def test_a_negative_answer_is_kept_by_its_soa_and_at_most_three_hours() -> None:
    """The SOA's minimum bounds what is not there, and we bound the SOA's."""
    async with serving(negative_ttl=30) as dns, serving(negative_ttl=86_400) as other:
        async with asking(dns) as resolver:
            for seconds in (0, 29, 30):
                await resolver.look("gone.test", NOW + timedelta(seconds=seconds))
        async with asking(other) as resolver:
            for seconds in (0, MAX_NEGATIVE_S - 1, MAX_NEGATIVE_S):
                await resolver.look("gone.test", NOW + timedelta(seconds=seconds))

        assert dns.questions("A gone.test") == other.questions("A gone.test") == 2


async def test_what_could_not_be_found_out_is_not_asked_again_for_a_moment() -> None:
    """A thousand URLs of a host whose servers are away wait once, and the next look is made when it is due."""
    async with serving() as dns:
        dns.faults[HOST] = "REFUSED"
        for retry in (timedelta(minutes=15), timedelta(seconds=1)):
            async with Resolver.open([dns.address], PATIENCE, retry=retry) as resolver:
                held = min(retry, FAULT_HOLDS)
                for at in (NOW, NOW + held, NOW + held + PATIENCE):
                    await resolver.look(HOST, at)

        assert dns.questions(f"A {HOST}") == 4


async def test_looks_at_one_host_under_way_are_shared_and_survive_who_leaves() -> None:
    """A hundred who ask at once are one question; the one that stops waiting does not stop the others."""
    async with serving(delay_s=0.05) as dns, asking(dns) as resolver:
        dns.name(HOST, A=["192.0.2.7"], AAAA=["2001:db8::7"])
        leaving = asyncio.ensure_future(resolver.look(HOST, NOW))
        others = [asyncio.ensure_future(resolver.look(HOST, NOW)) for _ in range(99)]
        await asyncio.wait([leaving], timeout=0.01)
        leaving.cancel()

        answers = await asyncio.gather(*others)

        assert {answer.fate for answer in answers} == {NameFate.FOUND}
        assert len(dns.identities) == 2


async def test_hundreds_of_names_at_once_are_all_right() -> None:
    """Replies are matched to their questions, whatever order they come in."""
    async with serving() as dns, asking(dns, timeout=timedelta(seconds=30)) as resolver:
        for number in range(200):
            dns.name(f"h{number}.test", A=[f"127.9.{number // 250}.{number % 250}"])

        answers = await asyncio.gather(*(resolver.look(f"h{number}.test", NOW) for number in range(200)))

    expected = [ip_address(f"127.9.{number // 250}.{number % 250}") for number in range(200)]
    assert [answer.addresses[0] for answer in answers] == expected


async def test_the_name_servers_are_those_of_the_nearest_zone() -> None:
    """A registered domain that is no zone of its own shows the servers of the zone above it."""
    async with serving(zone="platform.test.") as dns, asking(dns) as resolver:
        dns.name("site.test", NS=["ns2.site.test.", "ns1.site.test."])
        dns.name("user.platform.test", A=["192.0.2.7"])
        dns.name("platform.test", NS=["ns.platform.test."])

        own = await resolver.nameservers("site.test", NOW)
        above = await resolver.nameservers("user.platform.test", NOW)

    assert (own.zone, own.names) == ("site.test", ("ns1.site.test", "ns2.site.test"))
    assert (above.zone, above.names) == ("platform.test", ("ns.platform.test",))


async def test_a_neighbour_is_looked_up_once_for_all_hosts_beside_it() -> None:
    """A random name under the same parent, kept like any answer; both kinds of address where it has no A."""
    async with serving(negative_ttl=30) as dns, asking(dns) as resolver:
        dns.name("*.pool.test", A=["192.0.2.7"])
        dns.name("*.six.test", AAAA=["2001:db8::7"])

        pool = [await resolver.neighbour(f"h{number}.pool.test", NOW) for number in range(3)]
        six, none = await resolver.neighbour("a.six.test", NOW), await resolver.neighbour("a.other.test", NOW)

        assert texts(pool[0].addresses) == ["192.0.2.7"]
        assert pool[0] is pool[1] is pool[2]
        assert texts(six.addresses) == ["2001:db8::7"]
        assert (none.fate, none.soa is not None) == (NameFate.NXDOMAIN, True)
        assert sorted(kind for kind, _, _ in (asked.partition(" ") for asked in dns.asked)) == ["A", "A", "A", "AAAA"]


async def test_an_answer_over_tcp_says_so() -> None:
    """The record tells that the datagram was cut off."""
    async with serving() as dns, asking(dns) as resolver:
        dns.name(HOST, A=["192.0.2.7"])
        dns.faults[HOST] = "TRUNCATED"

        answer = await resolver.look(HOST, NOW)

    assert answer.questions[0].answer == "192.0.2.7, over TCP: the datagram was cut off"


async def test_a_cut_answer_that_tcp_does_not_give_could_not_be_found_out() -> None:
    """What was cut off is never taken for the whole."""
    async with serving() as dns, asking(dns) as resolver:
        dns.faults[HOST] = "CUT-TWICE"

        answer = await resolver.look(HOST, NOW)

    assert (answer.fate, answer.complete) == (NameFate.TIMEOUT, False)
    assert "the answer was cut off, and over TCP: closed before the whole answer came" in answer.questions[0].answer


async def test_other_records_are_asked_for_once() -> None:
    """Any type, shared and kept like addresses."""
    async with serving() as dns, asking(dns) as resolver:
        dns.name("site.test", MX=["10 mx.site.test."])

        (joint, at), again = await asyncio.gather(
            resolver.records("site.test", 15, NOW), resolver.records("site.test", 15, NOW)
        )

        assert (joint.reply.values, at, again[0] is joint) == (("10 mx.site.test",), NOW, True)
        assert dns.questions("MX site.test") == 1


async def test_a_burst_never_outruns_the_window() -> None:
    """Questions wait in line: no more than the window are unanswered, and each is asked once."""
    async with serving(delay_s=0.02) as dns, asking(dns) as resolver:
        most = 0

        def count(_: object) -> None:
            nonlocal most
            most = max(most, server.unanswered)

        server = resolver.servers[0]
        for number in range(300):
            server.ask(f"h{number}.gone.test", 1).add_done_callback(count)
        replies = await asyncio.gather(*(server.ask(f"h{number}.test", 1) for number in range(100)))

        assert {reply.fate for reply in replies} == {NameFate.NXDOMAIN}
        assert most <= WINDOW
        assert len(dns.asked) == 400


async def test_what_stays_silent_does_not_hold_up_the_others() -> None:
    """What was not answered for a fifth of a second counts in the window no more, long before it is sent again."""
    async with serving(delay_s=0.25) as dns, asking(dns) as resolver:
        server = resolver.servers[0]
        dns.faults["slow.test"] = "SILENT"
        for _ in range(FIRST_WINDOW - 1):
            server.ask("slow.test", 1)
        answered = server.ask("clock.test", 1)
        full = server.unanswered
        await answered

        assert (full, server.unanswered) == (FIRST_WINDOW, 0)
        assert dns.asked["A slow.test"] == FIRST_WINDOW - 1


async def test_who_has_its_answers_goes_on_once_the_questions_before_it_are_sent() -> None:
    """At once where none wait; else when all that waited then were sent, whatever came later; and when it is closed."""
    async with serving(delay_s=0.02) as dns, asking(dns) as resolver:
        server = resolver.servers[0]
        await resolver.sent()
        for number in range(3 * FIRST_WINDOW):
            server.ask(f"h{number}.gone.test", 1)
        waiting = [asyncio.ensure_future(resolver.sent()) for _ in range(200)]
        left = asyncio.ensure_future(resolver.sent())
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.gather(*waiting)

        assert server.unanswered > 0
        dns.faults["slow.test"] = "SILENT"
        for _ in range(2 * WINDOW):
            server.ask("slow.test", 1)
        cut_off = asyncio.ensure_future(resolver.sent())
        await asyncio.sleep(0)
        server.close()
        await cut_off


async def test_whoever_leaves_while_waiting_in_line_costs_nothing() -> None:
    """A question that nobody waits for any more is not asked; the resolver closes with questions under way."""
    async with serving() as dns:
        async with asking(dns) as resolver:
            server = resolver.servers[0]
            dns.faults["slow.test"] = "SILENT"
            slow = [server.ask("slow.test", kind) for kind in range(1, FIRST_WINDOW + 1)]
            left, waiting = server.ask("left.test", 1), server.ask("waiting.test", 1)
            left.cancel()
        closed = await asyncio.gather(*slow, waiting)

        assert {reply.detail for reply in closed} == {"cannot be reached (the resolver was closed)"}
        assert dns.asked["A left.test"] == 0


@pytest.mark.parametrize(
    ("timeout_s", "waits"),
    [(3.0, (0.5, 1.0, 1.5)), (0.3, (0.05, 0.1, 0.15)), (30.0, (0.5, 1.0, 2.0, 4.0, 8.0, 14.5))],
)
def test_a_deadline_is_divided_into_ever_longer_waits(timeout_s: float, waits: tuple[float, ...]) -> None:
    """A lost datagram costs half a second at most, a slow server is not flooded, and the sum is the deadline."""
    assert waits_s(timeout_s) == pytest.approx(waits)


async def test_a_server_nobody_runs_is_a_timeout_and_no_exception() -> None:
    """What cannot be reached is could-not-find-out."""
    async with serving() as dns:
        dead = dns.address
    async with Resolver.open([dead], PATIENCE) as resolver:
        answer = await resolver.look(HOST, NOW)

    assert (answer.fate, answer.complete, answer.addresses) == (NameFate.TIMEOUT, False, ())


async def test_a_name_without_room_in_the_dns_is_not_asked() -> None:
    """A label of 64 octets exists nowhere and costs no question; one of 63 is asked."""
    async with serving() as dns, asking(dns) as resolver:
        longest, longer = "x" * 63 + ".test", "x" * 64 + ".test"

        assert (await resolver.look(longer, NOW)).fate is NameFate.FAULT
        assert dns.asked.total() == 0
        assert (await resolver.look(longest, NOW)).fate is NameFate.NXDOMAIN


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("127.0.0.1:5353", "127.0.0.1", 5353),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
    ],
)
def test_a_name_server_is_written_in_three_ways(text: str, address: str, port: int) -> None:
    """An address, with a port or without, IPv6 in brackets where it has one."""
    assert parse_nameserver(text) == (text, address, port)


@pytest.mark.parametrize("text", ["dns.test", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x", "", "[::1]:"])
def test_what_is_no_name_server_is_said_with_a_right_example(text: str) -> None:
    """The message names the key and shows how it is written."""
    with pytest.raises(Misconfigured, match=r"dns\.nameservers.*127\.0\.0\.1:5353"):
        parse_nameserver(text)
