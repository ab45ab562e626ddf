"""Whole looks: from a host to who is told, with real name servers and a real registry on loopback."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from geo.book import BookKind
from geo.cymru import origin_name
from geo.dns import FAULT_HOLDS
from geo.registration_cache import MemoryRegistrations
from geo.resolve import MAX_ADDRESSES, Locator
from schemas.errors import Misconfigured
from schemas.hosting import Category, NameFate, Resolution
from schemas.settings import Geo, HosterRule, Settings
from schemas.url import HostKind, parse_url
from schemas.wire import resolution_json
from tests.fakes.geo_rdap import entity, network
from tests.fakes.geo_world import a_world

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def look(
    locator: Locator,
    host: str,
    now: datetime = NOW,
    *,
    registrar: bool | None = None,
    surroundings: bool = False,
) -> Resolution:
    """Resolve a host as its URL would be."""
    url = parse_url(f"http://{host}/")
    return await locator.resolve(url.host, url.site, url.kind, now, registrar=registrar, surroundings=surroundings)


def seats(resolution: Resolution) -> list[tuple[str, str | None, list[str]]]:
    """Spell the places."""
    return [
        (located.place.hoster, located.place.country, [str(address) for address in located.addresses])
        for located in resolution.located
    ]


async def test_every_hoster_behind_every_address_is_found(tmp_path: Path) -> None:
    """Grouped by hoster and country, that of the lowest address first; one hoster in two countries is two places."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        world.dns.name("img.site.test", A=["127.3.0.1", "127.4.0.1", "127.1.9.1", "127.1.0.1", "127.2.0.1"])

        found = await look(locator, "img.site.test")

    assert seats(found) == [
        ("Alpha Hosting", "NL", ["127.1.0.1", "127.4.0.1"]),
        ("Alpha Hosting", "DE", ["127.1.9.1"]),
        ("Beta CDN", "US", ["127.2.0.1"]),
        ("AS64503", "MD", ["127.3.0.1"]),
    ]
    assert [located.place.front for located in found.located] == [None, None, "Beta CDN", None]
    assert found.located[0].place.prefix == ip_network("127.1.0.0/16")
    assert found.located[0].place.category is Category.HOSTING
    assert found.located[3].contacts[0].address == "abuse@gamma.test"
    assert found.complete


async def test_no_address_that_is_not_public_is_ever_located(tmp_path: Path) -> None:
    """Private, loopback and translated addresses are named and nobody is asked about them."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        world.dns.name("img.site.test", A=["10.0.0.1", "127.1.0.1"], AAAA=["::1", "::ffff:127.1.0.1"])
        world.dns.name("only.site.test", A=["192.168.0.1"])

        found, private = await look(locator, "img.site.test"), await look(locator, "only.site.test")

        assert seats(found) == [("Alpha Hosting", "NL", ["127.1.0.1"])]
        assert [str(address) for address in found.not_public] == ["10.0.0.1", "::1", "::ffff:7f01:1"]
        assert (private.located, private.fate) == ((), NameFate.FOUND)
        assert [path for path in world.rdap.asked if path.startswith("ip/")] == ["ip/127.1.0.1"]


async def test_registration_gives_contact_and_a_second_opinion_on_the_country(tmp_path: Path) -> None:
    """The network file decides the country; the registration's other one makes it disputed; the abuse role is told."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        owner = entity("registrant", "Alpha Ltd", None, entity("abuse", None, "abuse@alpha.test"))
        world.rdap.networks["127.1.0.0/16"] = network("127.1.0.0/16", owner, country="DE")
        world.rdap.objects["autnum/64501"] = {"entities": [entity("abuse", None, "as@alpha.test")]}
        world.dns.name("img.site.test", A=["127.1.0.1"])

        (located,) = (await look(locator, "img.site.test")).located

    assert located.place.country == "NL"
    assert located.place.country_sources == {"network_file": "NL", "registration": "DE"}
    assert located.place.country_disputed
    assert [(contact.address, contact.source) for contact in located.contacts] == [
        ("abuse@alpha.test", "rdap"),
        ("as@alpha.test", "rdap autnum"),
    ]


async def test_without_a_network_file_cymru_and_the_registration_know(tmp_path: Path) -> None:
    """Cymru names AS and country by DNS; where even that is silent the registered organisation is the hoster."""
    async with a_world(tmp_path) as world:
        world.networks, world.cymru_zone = "", "origin.asn.test"
        world.rdap.networks["127.8.0.0/16"] = network("127.8.0.0/16", entity("registrant", "Delta Ltd"), country="MD")
        world.dns.name("1.0.7.127.origin.asn.test", TXT=['"64507 64508 | 127.7.0.0/16 | NL | ripencc | 2020"'])
        world.dns.name("as64507.asn.test", TXT=['"64507 | NL | ripencc | 2020 | SEVEN Seven BV, NL"'])
        world.dns.name("img.site.test", A=["127.7.0.1", "127.8.0.1", "127.9.0.1"])
        async with world.locator() as locator:
            found = await look(locator, "img.site.test")

    assert seats(found) == [("SEVEN Seven BV", "NL", ["127.7.0.1"]), ("Delta Ltd", "MD", ["127.8.0.1"])]
    assert [located.place.asn for located in found.located] == [64507, None]
    assert found.located[0].place.country_sources == {"cymru": "NL"}
    assert found.located[0].place.origins == (64507, 64508)


async def test_the_zone_answers_for_ipv6_under_its_own_name(tmp_path: Path) -> None:
    """The zone is "origin6", the name in nibbles; both origins are kept, and shown in JSON beside the leading one."""
    async with a_world(tmp_path) as world:
        world.networks, world.cymru_zone, world.registration = "", "origin.asn.test", "off"
        world.allow = ("2001:db8::/32",)
        name = origin_name(ip_address("2001:db8::7"), world.cymru_zone)
        world.dns.name(name, TXT=['"64508 | 2001:db8::/32 | MD | ripencc |"', '"64507 | 2001:db8::/32 | MD | x |"'])
        world.dns.name("img.site.test", AAAA=["2001:db8::7"])
        async with world.locator() as locator:
            found = await look(locator, "img.site.test")
    shown = resolution_json(parse_url("http://img.site.test/"), found)

    assert ".origin6.asn.test" in name
    assert seats(found) == [("AS64507", "MD", ["2001:db8::7"])]
    assert (shown["hosting"]["asn"], shown["hosting"]["origins"]) == (64507, [64507, 64508])
    assert shown["hosters"][0]["origins"] == [64507, 64508]


async def test_what_could_not_be_found_out_is_placed_nowhere(tmp_path: Path) -> None:
    """A registry that fails hides the country: the address is not placed, so that nobody takes it for a move."""
    async with a_world(tmp_path) as world:
        world.networks = "network,asn,as_name,country\n127.1.0.0/16,64501,Alpha,\n127.2.0.0/16,64502,Beta,NL\n"
        dead, world.registration = world.rdap.base, "http://127.0.0.1:9/"
        world.dns.name("img.site.test", A=["127.1.0.1", "127.2.0.1"])
        async with world.locator() as locator:
            found = await look(locator, "img.site.test")

        assert seats(found) == [("Beta", "NL", ["127.2.0.1"])]
        assert not found.complete
        assert dead != world.registration


@pytest.mark.parametrize(
    ("name", "fault", "fate", "complete"),
    [
        ("gone.test", None, NameFate.NXDOMAIN, True),
        ("bad.test", "SERVFAIL", NameFate.SERVFAIL, False),
        ("slow.test", "SILENT", NameFate.TIMEOUT, False),
    ],
)
async def test_a_name_without_address_has_no_place_and_its_own_fact(
    tmp_path: Path,
    name: str,
    fault: str | None,
    fate: NameFate,
    complete: bool,
) -> None:
    """Faults of the outside are facts, never exceptions."""
    async with a_world(tmp_path) as world:
        if fault is not None:
            world.dns.faults[name], world.timeout = fault, timedelta(milliseconds=300)
        async with world.locator() as locator:
            found = await look(locator, name)

    around = [question.answer for question in found.questions if question.asked.startswith("NS")]
    assert (found.fate, found.complete, found.located) == (fate, complete, ())
    assert (around == ["not asked: nobody answered for the host itself"]) == (fate is NameFate.TIMEOUT)
    assert (world.dns.asked[f"NS {name}"] == 0) == (fate is NameFate.TIMEOUT)


async def test_addresses_and_onions_skip_the_dns(tmp_path: Path) -> None:
    """An address is its own answer; an onion service has no place; neither is asked of a name server."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        address, onion = await look(locator, "127.1.0.1"), await look(locator, "abcdefgh.onion")
        six = await locator.addresses("2001:db8::1", NOW)

        assert seats(address) == [("Alpha Hosting", "NL", ["127.1.0.1"])]
        assert (onion.located, onion.fate, onion.complete) == ((), NameFate.NOT_ASKED, True)
        assert (six.fate, six.addresses) == (NameFate.NOT_ASKED, (ip_address("2001:db8::1"),))
        assert world.dns.asked.total() == 0


async def test_the_domain_is_asked_about_for_the_ladder_and_when_wanted(tmp_path: Path) -> None:
    """Registrars are told only at a step of the ladder: without one nobody is asked, unless somebody looks."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        desk = entity("registrar", "Registrar Inc.", None, entity("abuse", None, "abuse@registrar.test"))
        world.rdap.objects["domain/site.test"] = {"objectClassName": "domain", "entities": [desk]}
        world.dns.name("img.site.test", A=["127.1.0.1"])

        without, wanted = await look(locator, "img.site.test"), await look(locator, "img.site.test", registrar=True)

        assert (without.registrar, wanted.registrar) == (None, "Registrar Inc.")
        assert wanted.registrar_contact is not None
        assert wanted.registrar_contact.address == "abuse@registrar.test"
        assert world.rdap.asked["domain/site.test"] == 1


async def test_contact_rules_and_the_ladder_come_from_the_operator(tmp_path: Path) -> None:
    """[[hoster]] before the book; the ladder's site and upstream from the book; none: the step is skipped."""
    async with a_world(tmp_path) as world:
        world.book = (
            "as64501,abuse,book@alpha.test,,,\nsite.test,site,owner@site.test,,,\nas64501,upstream,noc@up.test,,,\n"
        )
        world.hosters = (HosterRule(match="127.1.0.0/16", api="https://api.alpha.test/x", email="mail@alpha.test"),)
        world.dns.name("img.site.test", A=["127.1.0.1"])
        async with world.locator() as locator:
            (located,) = (await look(locator, "img.site.test")).located
            ladder = [
                await locator.ladder_contact(
                    kind,
                    host="img.site.test",
                    site="site.test",
                    addresses=located.addresses,
                    asn=located.place.asn,
                )
                for kind in (BookKind.SITE, BookKind.UPSTREAM, BookKind.REGISTRAR)
            ]

    assert [contact.channel for contact in located.contacts] == ["api", "mail", "mail"]
    assert [contact.address for contact in located.contacts[1:]] == ["mail@alpha.test", "book@alpha.test"]
    assert [contact.address if contact else None for contact in ladder] == ["owner@site.test", "noc@up.test", None]


async def test_files_are_read_again_when_they_change(tmp_path: Path) -> None:
    """The next look knows a moved network and a new contact, without a restart; a broken file changes nothing."""
    async with a_world(tmp_path) as world:
        world.book = "as64501,abuse,old@alpha.test,,,\n"
        world.dns.name("img.site.test", A=["127.1.0.1"])
        async with world.locator() as locator:
            before = await look(locator, "img.site.test")
            (tmp_path / "networks.csv").write_text("network,asn,as_name,country\n127.1.0.0/16,64599,Omega,MD\n")
            (tmp_path / "book.csv").write_text("match,kind,address\nas64599,abuse,new@omega.test\n")
            after = await look(locator, "img.site.test")
            (tmp_path / "networks.csv").write_text("this is no network file")
            still = await look(locator, "img.site.test")

    assert [(seats(one)[0][0], one.located[0].contacts[0].address) for one in (before, after, still)] == [
        ("Alpha Hosting", "old@alpha.test"),
        ("Omega", "new@omega.test"),
        ("Omega", "new@omega.test"),
    ]


async def test_a_look_is_kept_whole_until_the_first_of_its_facts_expires(tmp_path: Path) -> None:
    """Inside every TTL nobody is asked, and the answer is the same but for its age; at the shortest TTL somebody is."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        world.dns.name("img.site.test", A=["127.1.0.1"], AAAA=["2001:db8::1"])
        soa = "ns.site.test. hostmaster.site.test. 1 7200 3600 1209600 300"
        world.dns.name("site.test", NS=["ns.site.test."], SOA=[soa])

        first = await look(locator, "img.site.test", surroundings=True)
        asked, soon = world.dns.asked.total(), NOW + timedelta(seconds=29)
        kept = await look(locator, "img.site.test", soon, surroundings=True)
        asked_meanwhile = world.dns.asked.total()
        # What holds shortest is the neighbour's absence, 30 s.
        await look(locator, "img.site.test", NOW + timedelta(seconds=31), surroundings=True)

        assert kept == replace(first, at=soon, ttl_s=first.ttl_s - 29)
        assert {question.age_s(kept.at) for question in kept.questions} == {29.0}
        assert (asked_meanwhile, world.dns.asked.total()) == (asked, asked + 1)


async def test_a_look_that_met_a_fault_is_made_again_after_a_moment(tmp_path: Path) -> None:
    """What could not be found out is kept for seconds, not for the TTL of what was."""
    async with a_world(tmp_path) as world:
        world.networks = "network,asn,as_name,country\n127.1.0.0/16,64501,Alpha,\n"
        alive, world.registration = world.rdap.base, "http://127.0.0.1:9/"
        world.dns.name("img.site.test", A=["127.1.0.1"], AAAA=["2001:db8::1"])
        world.dns.name("site.test", NS=["ns.site.test."])
        async with world.locator() as locator:
            looks = [
                await look(locator, "img.site.test", NOW + at) for at in (timedelta(0), FAULT_HOLDS, 2 * FAULT_HOLDS)
            ]

    assert [one.complete for one in looks] == [False, False, False]
    asked_at = [question.at for one in looks for question in one.questions if question.asked.startswith("rdap ip")]
    assert [at - NOW for at in asked_at] == [timedelta(0), timedelta(0), 2 * FAULT_HOLDS]
    assert alive != world.registration


async def test_the_surroundings_of_a_host_are_facts_beside_its_place(tmp_path: Path) -> None:
    """Name servers, who runs the zone, and whether a name that nobody ever gave out is answered the same."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        soa = "ns.site.test. hostmaster.site.test. 2026112201 7200 3600 1209600 300"
        world.dns.name("site.test", NS=["ns.site.test."], SOA=[soa])
        world.dns.name("img.site.test", A=["127.1.0.1"])
        world.dns.name("*.pool.test", A=["127.1.0.2"])

        own = await look(locator, "img.site.test", surroundings=True)
        pool = await look(locator, "any.pool.test", surroundings=True)
        address = await look(locator, "127.1.0.1", surroundings=True)
        unasked = await look(locator, "any.pool.test")

    assert [one.wildcard for one in (own, pool, address, unasked)] == [False, True, None, None]
    assert own.soa is not None
    assert (own.soa.zone, own.soa.mailbox, own.soa.serial) == ("site.test", "hostmaster@site.test", 2026112201)
    assert pool.located[0].place.hoster == "Alpha Hosting"
    assert resolution_json(parse_url("http://img.site.test/"), own)["hosting"]["soa"]["primary"] == "ns.site.test"


async def test_a_missing_file_stops_the_start_with_its_key(tmp_path: Path) -> None:
    """The message names the key and the file."""
    settings = Settings(geo=Geo(networks=[tmp_path / "none.csv"]))

    with pytest.raises(Misconfigured, match=r"geo\.networks.*none\.csv"):
        async with Locator.open(settings, MemoryRegistrations()):
            pass


async def test_a_name_with_too_many_addresses_is_bounded(tmp_path: Path) -> None:
    """So many are placed and no more, and the look says that it is not complete."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        most = [f"127.1.0.{number}" for number in range(MAX_ADDRESSES)]
        world.dns.name("most.test", A=most)
        world.dns.name("more.test", A=[*most, "127.1.1.1"])

        exactly, one_more = await look(locator, "most.test"), await look(locator, "more.test")

    assert (len(exactly.located[0].addresses), exactly.complete) == (MAX_ADDRESSES, True)
    assert (len(one_more.located[0].addresses), one_more.complete) == (MAX_ADDRESSES, False)


async def test_a_look_that_is_cancelled_leaves_the_next_one_whole(tmp_path: Path) -> None:
    """Whoever stops waiting stops nothing for the others."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        world.rdap.delay_s = world.dns.delay_s = 0.03
        world.dns.name("img.site.test", A=["127.1.0.1"])
        for patience_s in (0.005, 0.04, 0.03):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(look(locator, "img.site.test"), patience_s)

        found = await look(locator, "img.site.test")

    assert seats(found) == [("Alpha Hosting", "NL", ["127.1.0.1"])]


async def test_a_look_is_spelt_as_the_contract_says(tmp_path: Path) -> None:
    """The keys of `ntd resolve --json`, the ages of questions, null where nothing is known."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        world.dns.name("img.site.test", A=["127.3.0.2", "127.3.0.1"])
        await look(locator, "img.site.test")
        url = parse_url("HTTP://img.site.test/a#b")
        found = resolution_json(url, await look(locator, "img.site.test", NOW + timedelta(seconds=9)))
        gone = resolution_json(parse_url("http://gone.test"), await look(locator, "gone.test"))

    assert found["url"] == "http://img.site.test/a"
    assert (found["host"], found["site"], found["kind"]) == ("img.site.test", "site.test", HostKind.WEB)
    hosting = found["hosting"]
    assert hosting["observed_at"] == "2026-11-22T12:00:09Z"
    assert hosting["addresses"] == ["127.3.0.1", "127.3.0.2"]
    assert [hosting[key] for key in ("ip", "prefix", "asn", "as_name", "country", "hoster", "front")] == [
        "127.3.0.1",
        "127.3.0.0/16",
        64503,
        None,
        "MD",
        "AS64503",
        None,
    ]
    assert hosting["contact"]["address"] == found["hosters"][0]["contact"]["address"] == "abuse@gamma.test"
    assert {question["age_s"] for question in found["questions"] if question["asked"].startswith("A ")} == {9.0}
    assert gone["hosters"] == []
    assert gone["hosting"]["country"] is gone["hosting"]["ip"] is gone["hosting"]["contact"] is None
