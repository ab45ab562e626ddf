"""Registration data from a registry on loopback: kept, shared, polite, bounded."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from geo.bootstrap import Bootstrap
from geo.dns import Resolver
from geo.fetch import LARGEST, REDIRECTS, Fetcher
from geo.rdap import network_record
from geo.registration import Registrations
from geo.registration_cache import ENTRIES, MemoryRegistrations
from geo.registries import Registries, typed_base
from geo.reserved import is_public
from geo.rulebook import shipped_bootstrap, shipped_countries
from geo.whois import PortFortyThree
from geo.whois_text import as_rdap
from schemas.errors import Misconfigured, Temporary
from schemas.hosting import Address
from tests.fakes.geo_dns import serving
from tests.fakes.geo_rdap import FakeRdap, card, entity, network, registering

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADDRESS = ip_address("198.51.100.7")
REFRESH = timedelta(hours=12)
RECORDED = json.loads((Path(__file__).parents[1] / "data" / "registration" / "port43" / "answers.json").read_text())
ABUSE = entity("abuse", None, "abuse@alpha.test")


def nobody_public(_: Address) -> bool:
    """Say no."""
    return False


@asynccontextmanager
async def asking(fake: FakeRdap, **options: object) -> AsyncIterator[Registrations]:
    """Open registrations that ask the fake."""
    public = options.pop("public", nobody_public)
    patience_s = options.pop("patience_s", 5.0)
    bootstrap = options.pop("bootstrap", shipped_bootstrap())
    async with serving() as dns, Resolver.open([dns.address], timedelta(seconds=5)) as resolver:
        fetching = Fetcher(resolver.look, public, fake.base, **options)  # type: ignore[arg-type]
        async with fetching as fetcher:
            registries = Registries(fetcher=fetcher, bootstrap=bootstrap, typed=fake.base)  # type: ignore[arg-type]
            found = Registrations(
                registries=registries,
                cache=MemoryRegistrations(),
                refresh=REFRESH,
                countries=shipped_countries(),
                patience_s=patience_s,  # type: ignore[arg-type]
            )
            yield found
            await found.close()


async def test_a_network_is_asked_once_for_all_its_addresses() -> None:
    """Fifty hosts at once in one network, and one an hour later: one question."""
    async with registering() as fake, asking(fake) as registrations:
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", ABUSE)
        fake.delay_s = 0.02
        addresses = [ip_address(f"198.51.100.{number}") for number in range(50)]

        looked = await asyncio.gather(*(registrations.network(address, None, NOW) for address in addresses))
        later = await registrations.network(ADDRESS, None, NOW + timedelta(hours=1))

        assert fake.asked.total() == 1
        assert {one.record.abuse[0].address for one in looked if one.record} == {"abuse@alpha.test"}
        assert later.questions[0].at == NOW


async def test_an_answer_is_asked_again_when_it_is_old_and_serves_while_nobody_answers() -> None:
    """After `geo.refresh` it is asked again; an old answer with the fault beside it is better than none."""
    async with registering() as fake, asking(fake) as registrations:
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", ABUSE)
        await registrations.network(ADDRESS, None, NOW)
        fake.replies[f"ip/{ADDRESS}"] = [web.Response(status=500)]

        stale = await registrations.network(ADDRESS, None, NOW + REFRESH)
        fresh = await registrations.network(ADDRESS, None, NOW + REFRESH)

        assert stale.record == fresh.record
        assert stale.complete
        assert next(question.answer.partition(":")[0] for question in stale.questions) == "could not find out"
        assert fake.asked.total() == 3
        assert fresh.questions[0].at == NOW + REFRESH


async def test_an_answer_for_a_larger_block_does_not_hide_one_for_a_smaller() -> None:
    """An allocation stands only for the /24 around the address; its neighbour is asked for itself."""
    async with registering() as fake, asking(fake) as registrations:
        fake.networks["198.51.0.0/16"] = network("198.51.0.0/16", ABUSE, type="ALLOCATED PA")
        fake.networks["198.51.200.0/24"] = network("198.51.200.0/24", entity("abuse", None, "small@beta.test"))

        large = await registrations.network(ADDRESS, None, NOW)
        small = await registrations.network(ip_address("198.51.200.1"), None, NOW)

        assert large.record is not None
        assert small.record is not None
        assert (large.record.abuse[0].address, small.record.abuse[0].address) == ("abuse@alpha.test", "small@beta.test")


async def test_an_answer_for_a_wider_network_is_not_carried_into_one_that_the_network_file_knows() -> None:
    """Whether or not the address beside it was asked first: somebody else may be registered inside."""
    async with registering() as fake, asking(fake) as registrations:
        fake.networks["198.51.0.0/16"] = network("198.51.0.0/16", ABUSE)
        fake.networks["198.51.200.0/24"] = network("198.51.200.0/24", entity("abuse", None, "small@beta.test"))
        wide, narrow, beside = map(ip_network, ("198.51.0.0/16", "198.51.200.0/24", "198.51.201.0/24"))

        large = await registrations.network(ADDRESS, wide, NOW)
        small = await registrations.network(ip_address("198.51.200.1"), narrow, NOW)
        again = await registrations.network(ip_address("198.51.201.1"), beside, NOW)
        fake.replies["ip/198.51.202.1"] = [web.Response(status=500)]
        unknown = await registrations.network(ip_address("198.51.202.1"), ip_network("198.51.202.0/24"), NOW)

        said = [one.record.abuse[0].address for one in (large, small, again) if one.record is not None]
        assert said == ["abuse@alpha.test", "small@beta.test", "abuse@alpha.test"]
        assert (unknown.record, unknown.complete) == (None, False)


async def test_an_entity_named_only_by_its_handle_is_asked_for() -> None:
    """A network whose abuse role, or whose owner, came without a card: the entity is asked for once, and kept."""
    async with registering() as fake, asking(fake) as registrations:
        desk = {"objectClassName": "entity", "handle": "DESK-1", "roles": ["abuse"]}
        owner = {"objectClassName": "entity", "handle": "ORG-1", "roles": ["registrant"]}
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", owner, desk)
        fake.networks["203.0.113.0/24"] = network("203.0.113.0/24", owner)
        fake.objects["entity/DESK-1"] = {"handle": "DESK-1", "vcardArray": card(None, "desk@alpha.test")}
        fake.objects["entity/ORG-1"] = entity("registrant", "Alpha", "info@alpha.test", ABUSE)

        looks = [await registrations.network(ip_address(text), None, NOW) for text in ("198.51.100.1", "198.51.100.2")]
        other = await registrations.network(ip_address("203.0.113.1"), None, NOW)

        assert [one.record.abuse[0].address for one in (*looks, other) if one.record] == [
            "desk@alpha.test",
            "desk@alpha.test",
            "abuse@alpha.test",
        ]
        assert (fake.asked["entity/DESK-1"], fake.asked["entity/ORG-1"]) == (1, 1)


async def test_the_memory_of_one_process_is_bounded() -> None:
    """The oldest answers go, and their blocks with them; what is kept is still found by its block."""
    cache = MemoryRegistrations()
    networks = [ip_network(((192 << 24) + number * 2, 31)) for number in range(ENTRIES + 2)]
    for block in networks:
        await cache.put(f"ip/{block}", block, b"x", NOW, NOW + REFRESH)

    assert await cache.block(networks[0][0], NOW) is None
    assert await cache.block(networks[-1][0], NOW) == b"x"
    assert sum(map(len, cache._blocks.values())) <= ENTRIES


async def test_nothing_registered_is_an_answer_and_kept() -> None:
    """404 is no fault; it is not asked again before its time."""
    async with registering() as fake, asking(fake) as registrations:
        await registrations.network(ADDRESS, None, NOW)
        await registrations.system(64501, NOW)
        await registrations.domain("site.test", NOW)
        looked = await registrations.network(ADDRESS, None, NOW)
        system = await registrations.system(64501, NOW)
        domain = await registrations.domain("site.test", NOW)

        assert [one.record for one in (looked, system, domain)] == [None, None, None]
        assert all(one.complete for one in (looked, system, domain))
        assert fake.asked == {f"ip/{ADDRESS}": 1, "autnum/64501": 1, "domain/site.test": 1}


async def test_an_old_answer_serves_while_a_newer_one_is_fetched() -> None:
    """Who looks waits for a short moment; the question goes on, and the next one who looks has its answer."""
    async with registering() as fake, asking(fake, patience_s=0.05) as registrations:
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", ABUSE)
        await registrations.network(ADDRESS, None, NOW)
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", entity("abuse", None, "new@alpha.test"))
        fake.answering.clear()

        looks = await asyncio.gather(*(registrations.network(ADDRESS, None, NOW + REFRESH) for _ in range(5)))
        fake.answering.set()
        later = await settled(registrations, NOW + REFRESH)

        assert {look.record.abuse[0].address for look in looks if look.record} == {"abuse@alpha.test"}
        assert all(look.complete for look in looks)
        assert looks[0].questions[0].answer.startswith("not answered yet")
        assert later == "new@alpha.test"
        assert fake.asked[f"ip/{ADDRESS}"] == 2


async def settled(registrations: Registrations, now: datetime) -> str:
    """Look again with all the patience there is."""
    registrations.answers.patience_s = 5.0
    looked = await registrations.network(ADDRESS, None, now)
    assert looked.record is not None
    return looked.record.abuse[0].address


async def test_a_short_pause_is_waited_for_and_a_long_one_obeyed() -> None:
    """429 with no time at all: asked again; with a minute: nobody is asked until it is over."""
    async with registering() as fake, asking(fake) as registrations:
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", ABUSE)
        fake.replies[f"ip/{ADDRESS}"] = [web.Response(status=429, headers={"Retry-After": "0"})]
        waited = await registrations.network(ADDRESS, None, NOW)
        fake.replies["domain/site.test"] = [web.Response(status=503, headers={"Retry-After": "60"})]

        told = [await registrations.domain("site.test", NOW), await registrations.domain("other.test", NOW)]
        after = await registrations.domain("other.test", NOW + timedelta(seconds=60))

        assert waited.record is not None
        assert [one.complete for one in told] == [False, False]
        assert after.complete
        assert fake.asked == {f"ip/{ADDRESS}": 2, "domain/site.test": 1, "domain/other.test": 1}


async def test_a_pause_without_a_length_lasts_half_a_minute() -> None:
    """429 alone: the server is left alone for 30 s, and every question meanwhile fails at once."""
    async with registering() as fake, asking(fake) as registrations:
        fake.replies["domain/site.test"] = [web.Response(status=429)]
        early, late = NOW + timedelta(seconds=24), NOW + timedelta(seconds=30)

        told = [await registrations.domain("site.test", NOW), await registrations.domain("other.test", early)]
        after = await registrations.domain("other.test", late)

        assert [one.complete for one in (*told, after)] == [False, False, True]
        assert "asked for a pause" in told[1].questions[0].answer
        assert fake.asked == {"domain/site.test": 1, "domain/other.test": 1}


async def test_the_registry_that_asked_for_a_pause_is_the_one_that_gets_it() -> None:
    """A redirect leads to a busy registry: that one is left alone, the one that sent us there is not."""
    async with registering() as other, registering() as fake:
        other.replies[f"ip/{ADDRESS}"] = [web.Response(status=503, headers={"Retry-After": "60"})]
        target = {"Location": f"{other.base}ip/{ADDRESS}"}
        fake.replies[f"ip/{ADDRESS}"] = [web.Response(status=301, headers=target) for _ in range(2)]
        allowed = [ip_network("127.0.0.0/8")]
        async with asking(fake, public=lambda address: is_public(address, allowed)) as registrations:
            busy = await registrations.network(ADDRESS, None, NOW)
            again = await registrations.network(ADDRESS, None, NOW)
            domain = await registrations.domain("site.test", NOW)

        assert [busy.complete, again.complete, domain.complete] == [False, False, True]
        assert (other.asked.total(), fake.asked[f"ip/{ADDRESS}"]) == (1, 2)


@pytest.mark.parametrize(
    ("inner", "outer", "found"),
    [
        ({"type": "ASSIGNED PA"}, {}, ["outer@alpha.test"]),
        ({"type": "ALLOCATED PA"}, {}, []),
        ({"type": "ASSIGNED PA"}, {"block": "198.0.0.0/8"}, []),
        ({"type": "ASSIGNED PA", "abuse": True}, {}, ["abuse@alpha.test"]),
    ],
)
async def test_the_parent_network_serves_unless_it_is_the_registrys(
    inner: dict[str, Any], outer: dict[str, Any], found: list[str]
) -> None:
    """RIPE's order of abuse-c: own, organisation's, parent's; never that of what IANA gave the registry itself."""
    async with registering() as fake, asking(fake) as registrations:
        block, mine = outer.get("block", "198.51.96.0/19"), [ABUSE] if inner.pop("abuse", False) else []
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", *mine, **inner)
        fake.networks[block] = network(block, entity("abuse", None, "outer@alpha.test"))

        looked = await registrations.network(ADDRESS, None, NOW)

        assert looked.record is not None
        assert [contact.address for contact in looked.record.abuse] == found
        assert looked.complete


async def test_a_parents_mailbox_says_whose_it_is_and_is_asked_for_once() -> None:
    """Two levels up, by way of an organisation named only by its handle; neighbours ask nothing anew."""
    async with registering() as fake, asking(fake) as registrations:
        owner = {"objectClassName": "entity", "handle": "ORG-1", "roles": ["registrant"]}
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24")
        fake.networks["198.51.100.0/22"] = network("198.51.100.0/22")
        fake.networks["198.51.96.0/19"] = network("198.51.96.0/19", owner)
        fake.objects["entity/ORG-1"] = entity("registrant", "Alpha", None, ABUSE)

        looks = [await registrations.network(ip_address(f"198.51.100.{number}"), None, NOW) for number in (1, 2)]

        provenance = [contact.provenance for look in looks if look.record for contact in look.record.abuse]
        assert (
            provenance == ["abuse role of abuse-1, 1 inside another entity, of the parent network 198.51.96.0/19"] * 2
        )
        assert fake.asked == {
            "ip/198.51.100.1": 1,
            "ip/198.51.100.0/23": 1,
            "ip/198.51.96.0/21": 1,
            "entity/ORG-1": 1,
        }


async def test_a_server_that_knows_no_blocks_is_asked_no_further() -> None:
    """The operator's own server may refuse, or answer with the same network: nobody is found, and that is complete."""
    async with registering() as fake, asking(fake) as registrations:
        fake.networks["198.51.100.0/24"] = alone = network("198.51.100.0/24")
        fake.replies["ip/198.51.100.0/23"] = [web.Response(status=500), web.json_response(alone)]

        looks = [await registrations.network(ADDRESS, None, NOW) for _ in range(2)]

        assert [(look.record.abuse, look.complete) for look in looks if look.record] == [((), True)] * 2
        assert fake.asked.total() == 3


async def test_a_registrar_named_only_by_its_handle_is_asked_for() -> None:
    """Registrar, its abuse desk, status, servers and date of a domain whose registrar came without a card."""
    async with registering() as fake, asking(fake) as registrations:
        bare = {"objectClassName": "entity", "handle": "REG-1", "roles": ["registrar"]}
        fake.objects["domain/site.test"] = {
            "objectClassName": "domain",
            "ldhName": "site.test",
            "entities": [bare],
            "status": ["active"],
            "nameservers": [{"ldhName": "NS.site.test"}],
            "events": [{"eventAction": "registration", "eventDate": "2020-01-02T00:00:00Z"}],
        }
        fake.objects["entity/REG-1"] = entity("registrar", "Registrar Inc.", None, ABUSE)

        looked = await registrations.domain("site.test", NOW)

        assert looked.record is not None
        assert (looked.record.registrar, looked.record.abuse[0].address) == ("REG-1", "abuse@alpha.test")
        assert looked.questions[0].answer == "registrar REG-1, created 2020-01-02, active, servers ns.site.test"


@pytest.mark.parametrize(
    "reply",
    [
        web.Response(status=500),
        web.Response(text="<html>", content_type="text/html"),
        web.Response(body=b"[" * 5000),
        web.json_response(
            {"objectClassName": "ip network", "startAddress": "203.0.113.0", "endAddress": "203.0.113.9"}
        ),
        web.Response(status=302),
        web.Response(status=302, headers={"Location": "file:///etc/passwd"}),
        web.Response(body=b" " * (LARGEST + 1)),
    ],
)
async def test_a_bad_answer_is_could_not_find_out(reply: web.Response) -> None:
    """Errors, pages, other blocks, strange redirects and floods are faults in the facts, and nothing is kept."""
    async with registering() as fake, asking(fake) as registrations:
        fake.replies[f"ip/{ADDRESS}"] = [reply]

        bad = await registrations.network(ADDRESS, None, NOW)
        again = await registrations.network(ADDRESS, None, NOW)

        assert (bad.record, bad.complete) == (None, False)
        assert bad.questions[0].answer.startswith("could not find out: ")
        assert again.complete


async def test_the_largest_answer_is_taken_whole() -> None:
    """One byte less than too much is an answer."""
    async with registering() as fake, asking(fake) as registrations:
        body = b'{"objectClassName": "ip network", "entities": []}'
        fake.replies[f"ip/{ADDRESS}"] = [web.Response(body=body + b" " * (LARGEST - len(body)))]

        assert (await registrations.network(ADDRESS, None, NOW)).complete


async def test_a_server_that_dribbles_ends_at_the_deadline() -> None:
    """An answer that does not come whole in time is a fault, not a wait."""
    async with registering() as fake, asking(fake, timeout_s=0.1) as registrations:
        fake.delay_s = 0.5

        looked = await registrations.network(ADDRESS, None, NOW)

    assert (looked.record, looked.complete) == (None, False)


async def test_only_the_origin_the_operator_typed_may_be_private() -> None:
    """A redirect to another private server is refused unless that is allowed; its registry is never asked."""
    async with registering() as other, registering() as fake:
        other.networks["198.51.100.0/24"] = network("198.51.100.0/24", ABUSE)
        target = {"Location": f"{other.base}ip/{ADDRESS}"}
        fake.replies[f"ip/{ADDRESS}"] = [web.Response(status=302, headers=target) for _ in range(2)]
        async with asking(fake) as registrations:
            refused = await registrations.network(ADDRESS, None, NOW)
            asked_before = other.asked.total()
        allowed = [ip_network("127.0.0.0/8")]
        async with asking(fake, public=lambda address: is_public(address, allowed)) as registrations:
            followed = await registrations.network(ADDRESS, None, NOW)

        assert (refused.complete, asked_before) == (False, 0)
        assert followed.record is not None
        assert other.asked.total() == 1


async def test_five_redirects_are_followed_and_the_sixth_is_not() -> None:
    """The bound is exact."""
    async with registering() as fake, asking(fake) as registrations:
        fake.networks["198.51.100.0/24"] = network("198.51.100.0/24", ABUSE)
        path = f"ip/{ADDRESS}"
        again = {"Location": f"/{path}"}
        fake.replies[path] = [web.Response(status=302, headers=again) for _ in range(REDIRECTS)]
        five = await registrations.network(ADDRESS, None, NOW)
        fake.replies["domain/site.test"] = [
            web.Response(status=302, headers={"Location": "/domain/site.test"}) for _ in range(REDIRECTS + 1)
        ]
        six = await registrations.domain("site.test", NOW)

        assert five.complete
        assert not six.complete


async def test_no_message_holds_the_name_of_a_site() -> None:
    """Faults name the registry, never what was asked for."""
    async with registering() as fake, asking(fake) as registrations:
        fake.replies["domain/secret-site.test"] = [web.Response(status=500)]

        looked = await registrations.domain("secret-site.test", NOW)

    assert "secret-site" not in looked.questions[0].answer


@pytest.mark.parametrize("text", ["rdap.test", "ftp://rdap.test", "http://", "https://rdap.test/?x=1"])
def test_a_registration_that_is_no_base_url_is_said(text: str) -> None:
    """The message names the key and a right example."""
    with pytest.raises(Misconfigured, match=r"geo\.registration.*https://rdap\.example/"):
        typed_base(text)


@asynccontextmanager
async def port_43(reply: bytes | None) -> AsyncIterator[int]:
    """Run a whois server that answers so, or not at all."""
    talking: list[asyncio.StreamWriter] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.append(writer)
        await reader.readline()
        if reply is not None:
            writer.write(reply)
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in talking:
            writer.transport.abort()


async def test_port_43_answers_through_ipwhois() -> None:
    """Ipwhois asks and reads in its own thread; the raw text is there for the abuse line."""
    text = (
        b"% Abuse contact for '8.8.8.0 - 8.8.8.255' is 'abuse@alpha.test'\n\n"
        b"inetnum: 8.8.8.0 - 8.8.8.255\nnetname: ALPHA\ncountry: NL\n\n"
    )
    async with port_43(text) as port:
        result = await PortFortyThree(server="127.0.0.1", port=port).ask(ip_address("8.8.8.8"), "ripencc", 5)

    assert [net["cidr"] for net in result["nets"]] == ["8.8.8.0/24"]
    assert result["nets"][0]["country"] == "NL"
    assert "abuse@alpha.test" in result["raw"]


@pytest.mark.parametrize("answer", RECORDED["answers"], ids=[answer["asked"] for answer in RECORDED["answers"]])
async def test_a_recorded_answer_of_port_43_is_read_as_it_stands(answer: dict[str, Any]) -> None:
    """Country, name, block and abuse mailboxes of all five registries, through ipwhois and the shape of RDAP."""
    address, expected = ip_address(answer["asked"]), answer["expected"]
    async with port_43("\n".join([*answer["text"], ""]).encode()) as port:
        result = await PortFortyThree(server="127.0.0.1", port=port).ask(address, answer["registry"], 5)
    found = as_rdap(result, address)
    assert found is not None
    record = network_record(found, address, shipped_countries())

    assert (record.country, record.name) == (expected["country"], expected["name"])
    assert [contact.address for contact in record.abuse] == expected["abuse"]
    assert expected["block"] in {None, *map(str, record.blocks)}


async def test_port_43_is_asked_where_rdap_fails() -> None:
    """A registry of the bootstrap that cannot be reached is asked on its port 43; one that has none is not."""
    text = b"% Abuse contact for '8.8.8.0 - 8.8.8.255' is 'abuse@alpha.test'\n\ninetnum: 8.8.8.0 - 8.8.8.255\n\n"
    known = Bootstrap(
        networks=(
            (ip_network("8.8.8.0/24"), "https://rdap.db.ripe.net/"),
            (ip_network("8.8.4.0/24"), "https://rdap.other.test/"),
        ),
        systems=(),
        domains={},
    )
    async with (
        serving() as dns,
        Resolver.open([dns.address], timedelta(seconds=5)) as resolver,
        port_43(text) as port,
        Fetcher(resolver.look, nobody_public) as fetcher,
    ):
        whois = PortFortyThree(server="127.0.0.1", port=port)
        registries = Registries(fetcher=fetcher, bootstrap=known, typed=None, port43=whois)

        said = await registries.address(ip_address("8.8.8.8"), NOW)
        with pytest.raises(Temporary):
            await registries.address(ip_address("8.8.4.4"), NOW)

    assert said is not None
    assert said.of == "port 43 of ripencc"
    assert said.answer is not None
    assert said.answer["startAddress"] == "8.8.8.0"


async def test_port_43_that_hangs_is_left_behind() -> None:
    """The deadline ends the wait, two hanging threads are all there are, and a third question is refused at once."""
    async with port_43(None) as port:
        whois = PortFortyThree(server="127.0.0.1", port=port)
        questions = (whois.ask(ip_address("8.8.8.8"), "ripencc", 0.1) for _ in range(3))

        outcomes = await asyncio.gather(*questions, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Temporary] * 3
    assert sum("already hang" in str(outcome) for outcome in outcomes) == 1
