"""Mail domains are asked about before a mailbox is chosen, on a real name server."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from geo.resolve import Locator
from schemas.hosting import Resolution
from schemas.settings import HosterRule
from schemas.url import parse_url
from tests.fakes.geo_rdap import entity, network
from tests.fakes.geo_world import World, a_world

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def look(locator: Locator, host: str, now: datetime = NOW) -> Resolution:
    """Resolve a host as its URL would be."""
    url = parse_url(f"http://{host}/")
    return await locator.resolve(url.host, url.site, url.kind, now)


def furnish(world: World) -> None:
    """Let a host stand in a network whose nearest abuse role is abuse@desk.test; the file names abuse@gamma.test."""
    world.dns.name("img.site.test", A=["127.3.0.1"])
    world.dns.name("gamma.test", MX=["10 mx.gamma.test."])
    world.rdap.networks["127.3.0.0/16"] = network("127.3.0.0/16", entity("abuse", None, "abuse@desk.test"))


@pytest.mark.parametrize(
    ("records", "fault", "first", "doubt"),
    [
        ({"MX": ["10 mx.desk.test."]}, None, "abuse@desk.test", None),
        ({"A": ["192.0.2.25"]}, None, "abuse@desk.test", None),
        ({"AAAA": ["2001:db8::25"]}, None, "abuse@desk.test", None),
        ({"MX": ["0 ."]}, None, "abuse@gamma.test", "desk.test takes no mail: it says so: null MX, RFC 7505"),
        ({}, None, "abuse@gamma.test", "desk.test takes no mail: the name does not exist"),
        ({"TXT": ['"nothing"']}, None, "abuse@gamma.test", "desk.test takes no mail: it has neither MX nor address"),
        ({}, "SERVFAIL", "abuse@desk.test", None),
        ({}, "REFUSED", "abuse@desk.test", None),
        ({}, "SILENT", "abuse@desk.test", None),
    ],
)
async def test_a_mailbox_that_can_get_no_mail_is_told_last(
    tmp_path: Path, records: dict[str, list[str]], fault: str | None, first: str, doubt: str | None
) -> None:
    """RFC 5321, 5.1 and RFC 7505; a name server that does not say is no reason."""
    async with a_world(tmp_path) as world:
        furnish(world)
        world.timeout = timedelta(seconds=0.3)
        world.dns.name("desk.test", **records)
        if fault is not None:
            world.dns.faults["desk.test"] = fault
        async with world.locator() as locator:
            found = await look(locator, "img.site.test")

    contacts = {one.address: one for one in found.located[0].contacts}
    assert found.located[0].contacts[0].address == first
    assert contacts["abuse@desk.test"].doubt == doubt
    assert found.complete
    assert any(question.asked == "MX desk.test" for question in found.questions)


async def test_what_the_operator_wrote_is_not_asked_about(tmp_path: Path) -> None:
    """His relay may know a way."""
    async with a_world(tmp_path) as world:
        furnish(world)
        world.hosters = (HosterRule(match="as64503", email="abuse@internal.test"),)
        async with world.locator() as locator:
            found = await look(locator, "img.site.test")

    assert found.located[0].contacts[0].address == "abuse@internal.test"
    assert world.dns.asked["MX internal.test"] == 0


async def test_a_domain_is_asked_about_once_for_every_host_that_needs_it(tmp_path: Path) -> None:
    """At once or one after the other, until the answer expires."""
    async with a_world(tmp_path) as world:
        furnish(world)
        for number in range(2, 40):
            world.dns.name(f"h{number}.test", A=[f"127.3.0.{number}"])
        async with world.locator() as locator:
            await asyncio.gather(*(look(locator, f"h{number}.test") for number in range(2, 39)))
            await look(locator, "h39.test")
            first = world.dns.questions("MX desk.test")
            await look(locator, "h39.test", NOW + timedelta(hours=13))

    assert (first, world.dns.questions("MX desk.test")) == (1, 2)


async def test_a_slow_name_server_of_a_mailbox_does_not_hold_a_look_up(tmp_path: Path) -> None:
    """After a second it could not be found out; the look is whole."""
    async with a_world(tmp_path) as world:
        furnish(world)
        world.dns.faults["desk.test"] = "SILENT"
        loop = asyncio.get_running_loop()
        async with world.locator() as locator:
            began = loop.time()
            found = await look(locator, "img.site.test")
            took_s = loop.time() - began

    assert found.located[0].contacts[0].address == "abuse@desk.test"
    assert found.complete
    assert 0.9 <= took_s < 3


async def test_a_registrar_is_told_where_mail_arrives(tmp_path: Path) -> None:
    """Of several mailboxes in the registration of a domain the first whose domain takes mail."""
    async with a_world(tmp_path) as world:
        furnish(world)
        world.dns.name("dead.test", MX=["0 ."])
        world.dns.name("desk.registrar.test", A=["192.0.2.25"])
        desks = (entity("abuse", None, f"abuse@{one}") for one in ("dead.test", "desk.registrar.test"))
        world.rdap.objects["domain/site.test"] = {
            "objectClassName": "domain",
            "ldhName": "site.test",
            "entities": [entity("registrar", "Registrar Inc.", None, *desks)],
        }
        async with world.locator() as locator:
            url = parse_url("http://img.site.test/")
            found = await locator.resolve(url.host, url.site, url.kind, NOW, registrar=True)

    assert found.registrar_contact is not None
    assert found.registrar_contact.address == "abuse@desk.registrar.test"
