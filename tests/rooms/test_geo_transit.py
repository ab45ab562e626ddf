"""Upstream of an AS: the configured file, the provider's own contacts, a real registry on loopback."""

import bz2
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from geo.matching import Subject
from schemas.errors import Misconfigured, Temporary
from schemas.hosting import Contact
from tests.fakes.geo_rdap import entity
from tests.fakes.geo_world import World, a_world

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONCERNED = Subject(host="img.site.test", site="site.test")


def system(asn: int, *entities: dict[str, Any]) -> dict[str, Any]:
    """Make an autnum object (RFC 9083, section 5.5)."""
    return {"objectClassName": "autnum", "startAutnum": asn, "endAutnum": asn, "entities": list(entities)}


async def upstream(world: World, asn: int) -> Contact | None:
    """Ask who is told upstream of an AS."""
    async with world.locator() as locator:
        return await locator.transit.contact(asn, CONCERNED, NOW)


async def test_the_provider_with_the_lowest_number_that_can_be_told_is_told(tmp_path: Path) -> None:
    """By its registration, unless the operator has written down another contact for it; packed files are read too."""
    file = tmp_path / "20261101.as-rel2.txt.bz2"
    sells = "# CAIDA\n64511|64501|-1|bgp\n64510|64501|-1|bgp\n64509|64501|-1|bgp\n64511|64502|-1|bgp\n"
    file.write_bytes(bz2.compress(sells.encode()))
    async with a_world(tmp_path) as world:
        world.upstreams = str(file)
        world.rdap.objects["autnum/64509"] = system(64509)
        world.rdap.objects["autnum/64510"] = system(64510, entity("abuse", None, "abuse@transit.test"))
        world.rdap.objects["autnum/64511"] = system(64511, entity("abuse", None, "abuse@other.test"))
        found = await upstream(world, 64501)
        nobody = await upstream(world, 64505)
        world.book = "as64509,abuse,noc@first.test,,,\n"
        written = await upstream(world, 64501)
        world.book = "site.test,never,abuse@transit.test,,,\n"
        spared = await upstream(world, 64501)

    assert found is not None
    assert (found.address, found.source) == ("abuse@transit.test", "rdap autnum")
    assert found.rule.startswith(f"{file.name}: AS64510 gives transit to AS64501; registration of AS64510")
    assert nobody is None
    assert written is not None
    assert (written.address, written.source) == ("noc@first.test", "contacts")
    assert spared is not None
    assert spared.address == "abuse@other.test"


async def test_nobody_is_told_upstream_of_what_strangers_share(tmp_path: Path) -> None:
    """Neither of a platform's own name nor of a domain that leads to one: it would hit everybody else there."""
    (tmp_path / "as-rel.txt").write_text("64510|64501|-1\n")
    async with a_world(tmp_path) as world:
        world.upstreams = str(tmp_path / "as-rel.txt")
        world.rdap.objects["autnum/64510"] = system(64510, entity("abuse", None, "abuse@transit.test"))
        async with world.locator() as locator:
            told = [
                await locator.transit.contact(64501, Subject(host=host, site=host), NOW, cnames=cnames)
                for host, cnames in (("t.me", ()), ("shop.test", ("shops.myshopify.com",)), ("shop.test", ()))
            ]

    assert [one.address if one else None for one in told] == [None, None, "abuse@transit.test"]


async def test_a_registry_that_does_not_answer_is_no_answer(tmp_path: Path) -> None:
    """Nobody known is not nobody: it is asked again."""
    (tmp_path / "as-rel.txt").write_text("64510|64501|-1\n")
    async with a_world(tmp_path) as world:
        world.upstreams, world.registration = str(tmp_path / "as-rel.txt"), "http://127.0.0.1:9/"
        with pytest.raises(Temporary, match="AS64501"):
            await upstream(world, 64501)


async def test_without_a_file_nobody_is_known_and_another_file_stops_the_start(tmp_path: Path) -> None:
    """The key and the file are named."""
    async with a_world(tmp_path) as world:
        assert await upstream(world, 64501) is None
        (tmp_path / "x.csv").write_text("network,asn\n")
        world.upstreams = str(tmp_path / "x.csv")
        with pytest.raises(Misconfigured, match=r"geo\.upstreams.*x\.csv"):
            await upstream(world, 64501)
