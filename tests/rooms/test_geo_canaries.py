"""Name servers that lie: found out by names whose answers are known, and believed no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from geo.dns import Resolver
from ntd.cli.trials.names import names
from schemas.hosting import NameFate
from schemas.url import parse_url
from tests.fakes.geo_dns import FakeDns, serving
from tests.fakes.geo_world import a_world

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANARIES = ("known.test=192.0.2.1", "!nobody.invalid")
HOST = "img.site.test"


@asynccontextmanager
async def believing(*servers: FakeDns) -> AsyncIterator[Resolver]:
    """Open a resolver that listens to the canaries of the servers."""
    addresses = [server.address for server in servers]
    async with Resolver.open(addresses, timedelta(seconds=5), canaries=CANARIES) as resolver:
        yield resolver


@asynccontextmanager
async def truthful() -> AsyncIterator[FakeDns]:
    """Run a server that knows the canary and the host."""
    async with serving({"known.test": {"A": ["192.0.2.1"]}, HOST: {"A": ["192.0.2.7"]}}) as server:
        yield server


@asynccontextmanager
async def lying() -> AsyncIterator[FakeDns]:
    """Run a server that finds everything in one place."""
    async with serving({"*.test": {"A": ["203.0.113.66"]}, "*.invalid": {"A": ["203.0.113.66"]}}) as server:
        yield server


async def test_a_server_that_lies_is_not_asked_and_another_is() -> None:
    """What the liar would have said counts nowhere; the record names the server and the lie."""
    async with lying() as liar, truthful() as server, believing(liar, server) as resolver:
        answer = await resolver.look(HOST, NOW)

        assert [str(address) for address in answer.addresses] == ["192.0.2.7"]
        assert (liar.asked[f"A {HOST}"], server.questions(f"A {HOST}")) == (0, 1)
        assert [(question.of, question.answer) for question in answer.questions[:2]] == [
            (liar.address, "VOID: not asked: it lies about known.test, nobody.invalid"),
            (server.address, "192.0.2.7"),
        ]
        assert resolver.lies() == (
            f"{liar.address} says of known.test: 203.0.113.66; NODATA in test, although it has 192.0.2.1",
            f"{liar.address} says of nobody.invalid: 203.0.113.66; NODATA in test, although it does not exist",
        )


async def test_where_only_liars_are_left_nothing_could_be_found_out() -> None:
    """Void is a fact of its own: neither found nor dead, never complete and never unanimous."""
    async with lying() as liar, believing(liar) as resolver:
        answer = await resolver.look(HOST, NOW)

    assert (answer.fate, answer.complete, answer.unanimous, answer.addresses) == (NameFate.VOID, False, False, ())


async def test_a_canary_is_listened_to_once_a_minute_while_names_are_found() -> None:
    """A hundred names cost one song of each canary, and their answers are those of the server."""
    async with truthful() as server, believing(server) as resolver:
        for number in range(100):
            server.name(f"h{number}.test", A=["192.0.2.9"])
            await resolver.look(f"h{number}.test", NOW)

        assert server.questions("A known.test") == server.questions("A nobody.invalid") == 1
        assert [question.answer for question in resolver.heard()] == [
            "as it must: 192.0.2.1; NODATA in test",
            "as it must: NXDOMAIN in test",
        ]


async def test_a_name_is_dead_only_if_the_canaries_sing_after_it_was_called_so() -> None:
    """A server that begins to lie within the minute makes no name dead, and what it said before is forgotten."""
    async with truthful() as server, believing(server) as resolver:
        before = await resolver.look(HOST, NOW)
        server.records.clear()  # it now says of every name that there is none
        dead = await resolver.look("other.test", NOW)
        after = await resolver.look(HOST, NOW)

    assert (before.fate, dead.fate, after.fate) == (NameFate.FOUND, NameFate.VOID, NameFate.VOID)
    assert resolver.caught == 1


async def test_an_honest_server_may_say_that_a_name_is_dead() -> None:
    """Its canaries are asked again, and it is believed."""
    async with truthful() as server, believing(server) as resolver:
        found, dead = await resolver.look(HOST, NOW), await resolver.look("gone.test", NOW)

        assert (found.fate, dead.fate, dead.unanimous) == (NameFate.FOUND, NameFate.NXDOMAIN, True)
        assert server.questions("A known.test") == 2


async def test_a_server_that_does_not_answer_is_no_liar() -> None:
    """Silence and failure are what they are."""
    async with truthful() as server, believing(server) as resolver:
        server.faults |= {"known.test": "REFUSED", "nobody.invalid": "REFUSED", "away.test": "REFUSED"}

        found, away = await resolver.look(HOST, NOW), await resolver.look("away.test", NOW)

        assert (found.fate, away.fate, resolver.lies()) == (NameFate.FOUND, NameFate.REFUSED, ())


async def test_a_whole_look_by_a_liar_places_nothing_and_is_made_again(tmp_path: Path) -> None:
    """Neither a place nor a death comes of it; when the server tells the truth again it is believed again."""
    async with a_world(tmp_path) as world:
        world.canaries = ["!nobody.invalid"]
        world.dns.name(HOST, A=["127.1.0.1"])
        url = parse_url(f"http://{HOST}/")
        async with world.locator() as locator:
            honest = await locator.resolve(url.host, url.site, url.kind, NOW)
            world.dns.name("nobody.invalid", A=["127.2.0.1"])
            world.dns.records.pop((HOST, "A"))
            await locator.resolve("gone.test", "gone.test", url.kind, NOW)
            void = await locator.resolve(url.host, url.site, url.kind, NOW)

    assert [located.place.hoster for located in honest.located] == ["Alpha Hosting"]
    assert (void.fate, void.located, void.complete) == (NameFate.VOID, (), False)


async def test_doctor_names_the_liar_with_or_without_canaries(tmp_path: Path) -> None:
    """Each server is tried alone with a name that cannot exist; a line says which lies, how, and what to do."""
    async with a_world(tmp_path) as world, lying() as liar:
        settings = world.settings()
        dns = settings.dns.model_copy(update={"nameservers": [liar.address, world.dns.address]})
        findings = [one async for one in names(settings.model_copy(update={"dns": dns}))]

    said = {(one.name, one.health.value): f"{one.detail} — {one.remedy}" for one in findings}
    assert f"lies: {liar.address} says of " in said["dns", "fault"]
    assert "203.0.113.66; NODATA in test, although it does not exist" in said["dns", "fault"]
    assert "dns.canaries" in said["dns", "fault"]
    assert said["dns", "ok"].startswith(f"{world.dns.address} answered for hotline.example")
    assert "a name server that lies is believed" in said["dns canaries", "off"]
