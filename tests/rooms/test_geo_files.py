"""Network files on disk: .mmdb and .csv together."""

import os
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from geo.networks import Networks
from geo.packaged import Packaged, fact_from
from geo.watched import Watched
from schemas.errors import Misconfigured
from schemas.hosting import Category
from tests.fakes.geo_mmdb import write_mmdb


async def test_an_mmdb_and_a_csv_stand_beside_each_other(tmp_path: Path) -> None:
    """The first file that knows decides, its blanks are filled by the second, and the prefix is that of the first."""
    first, second = tmp_path / "asn.mmdb", tmp_path / "country.csv"
    alpha = {"autonomous_system_number": 64501, "autonomous_system_organization": "Alpha"}
    write_mmdb(first, {"198.51.100.0/24": alpha}, version=4)
    second.write_text("network,asn,as_name,country\n198.51.0.0/16,,,NL\n203.0.113.0/24,64502,Beta,DE\n")
    networks = Networks([first, second])

    assert await networks.open() == ()
    both = await networks.find(ip_address("198.51.100.7"))
    only_second = await networks.find(ip_address("203.0.113.7"))

    assert both is not None
    assert (both.asn, both.as_name, both.country, both.source) == (64501, "Alpha", "NL", "asn.mmdb")
    assert both.prefix == ip_network("198.51.100.0/24")
    assert only_second is not None
    assert only_second.source == "country.csv"
    assert await networks.find(ip_address("192.0.2.1")) is None
    assert await networks.find(ip_address("2001:db8::1")) is None
    assert networks.names == "asn.mmdb, country.csv"


async def test_faults_of_all_files_are_given_at_the_start(tmp_path: Path) -> None:
    """Each with its file and line; the good rows count."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("\ufeffnetwork,asn,as_name,country\n198.51.100.0/24,1,A,NL\n", encoding="utf-8")
    bad.write_text("network,asn,as_name,country\nx,1,A,NL\n")

    (fault,) = await Networks([good, bad]).open()

    assert fault.startswith("bad.csv, line 2: ")


@pytest.mark.parametrize("name", ["none.csv", "none.mmdb"])
async def test_a_missing_file_is_misconfigured(tmp_path: Path, name: str) -> None:
    """The key and the file are named, each once, and why."""
    with pytest.raises(Misconfigured) as said:
        await Networks([tmp_path / name]).open()

    assert str(said.value) == f"geo.networks: {tmp_path / name} cannot be read: No such file or directory"


@pytest.mark.parametrize(("name", "content"), [("bad.mmdb", b"no database"), ("bad.csv", b"\xff\xfe\x00")])
async def test_a_file_of_another_kind_is_misconfigured(tmp_path: Path, name: str, content: bytes) -> None:
    """Noise under the right name stops the start, in words."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(Misconfigured, match=name):
        await Networks([tmp_path / name]).open()


async def test_a_file_of_another_maker_is_understood_for_both_families(tmp_path: Path) -> None:
    """GeoLite2-ASN, IPinfo and our own columns: AS, name, country, category and network."""
    file = tmp_path / "mixed.mmdb"
    records: dict[str, dict[str, Any]] = {
        "192.0.2.0/24": {"autonomous_system_number": 64501, "autonomous_system_organization": "Alpha"},
        "198.51.100.0/25": {
            "asn": "AS64502",
            "name": "Beta",
            "type": "hosting",
            "country": "DE",
            "domain": "beta.test",
        },
        "2001:db8:1::/48": {"asn": "64504_64503", "as_name": "Gamma", "country": "MD", "category": "cdn"},
        "2001:db8:2::/48": {"country": {"iso_code": "FR"}, "traits": {"is_hosting_provider": True}},
    }
    write_mmdb(file, records)
    networks = Networks([file])
    await networks.open()

    found = [
        await networks.find(ip_address(one)) for one in ("192.0.2.9", "198.51.100.9", "2001:db8:1::9", "2001:db8:2::9")
    ]

    assert [str(one.prefix) for one in found if one is not None] == list(records)
    assert [one.origins for one in found if one is not None] == [(64501,), (64502,), (64503, 64504), ()]
    assert [one.country for one in found if one is not None] == [None, "DE", "MD", "FR"]
    assert [one.category for one in found if one is not None] == [
        None,
        Category.HOSTING,
        Category.CDN,
        Category.HOSTING,
    ]
    assert await networks.find(ip_address("198.51.100.200")) is None


async def test_a_file_that_changes_is_read_again_and_a_broken_one_costs_nothing(tmp_path: Path) -> None:
    """Overwritten in place, broken, taken away, replaced: what was read last stands until then."""
    file = tmp_path / "nets.mmdb"
    write_mmdb(file, {"192.0.2.0/24": {"asn": 64501}})
    networks = Networks([file])
    await networks.open()
    asns = []

    async def now() -> None:
        found = await networks.find(ip_address("192.0.2.9"))
        asns.append(found.asn if found is not None else None)

    await now()
    file.write_bytes(b"torn")  # in place: the bytes under an open map are gone
    await now()
    file.unlink()
    await now()
    other = tmp_path / "other"
    write_mmdb(other, {"192.0.2.0/25": {"asn": 64502}, "192.0.2.128/25": {"asn": 64503}})
    other.replace(file)
    await now()

    assert asns == [64501, 64501, 64501, 64502]


async def test_a_broken_file_is_read_once_for_each_change(tmp_path: Path) -> None:
    """A file that cannot be read is not tried at every question."""
    file, reads = tmp_path / "nets.csv", []

    def read(path: Path) -> str:
        reads.append(path)
        if path.read_text() == "bad":
            raise ValueError("bad")
        return path.read_text()

    file.write_text("good")
    watched = Watched(file, "geo.networks", read)
    await watched.open()
    file.write_text("bad")
    os.utime(file, ns=(1, 1))
    said = [await watched.current() for _ in range(5)]
    file.write_text("better")

    assert said == ["good"] * 5
    assert len(reads) == 2
    assert await watched.current() == "better"


def package(answer: Any = None, *, fault: Exception | None = None) -> ModuleType:
    """Make a module that answers as plevin does."""
    module = ModuleType("plevin")

    def opened() -> SimpleNamespace:
        if fault is not None:
            raise fault
        return SimpleNamespace(lookup=lambda _text: SimpleNamespace(network=answer))

    vars(module)["Plevin"] = opened
    return module


def carried(**facts: Any) -> SimpleNamespace:
    """Make a network as plevin 0.2.3 spells it."""
    operator = SimpleNamespace(company="Alpha B.V.", brand="Alpha", category="hosting", abuse_email="abuse@alpha.test")
    carrier = SimpleNamespace(user_type="hosting")
    usual = {"asn": 64501, "handle": "ALPHA", "cidr": "192.0.2.0/24", "country": "NL"}
    return SimpleNamespace(**(usual | {"operator": operator, "carrier": carrier} | facts))


async def test_the_optional_package_is_one_more_source() -> None:
    """Its network, AS, organisation, country of registration, category and mailbox are read like a row."""
    source = Packaged(lambda _name: package(carried()))

    assert await source.open() == ()
    found = await source.find(ip_address("192.0.2.9"))

    assert found is not None
    assert (str(found.prefix), found.asn, found.as_name, found.country) == ("192.0.2.0/24", 64501, "Alpha B.V.", "NL")
    assert (found.category, found.abuse_email, found.source) == (Category.HOSTING, "abuse@alpha.test", "plevin")


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (None, False),
        (carried(cidr=None), False),
        (carried(asn=None, operator=None, carrier=None), True),
        (carried(asn="x", handle=7, country=7, operator=7, carrier=7), True),
    ],
)
def test_an_answer_of_another_shape_says_less_and_raises_nothing(answer: Any, *, known: bool) -> None:
    """What the package leaves out or spells differently is simply not known."""
    assert (fact_from(SimpleNamespace(network=answer)) is not None) is known


@pytest.mark.parametrize(
    "fault", [ImportError("No module named 'plevin'"), LookupError("no database found"), ValueError("bad file")]
)
async def test_a_package_that_is_missing_or_empty_names_the_remedy(fault: Exception) -> None:
    """Configured and not installed: the message names the key and the command."""

    def load(_name: str) -> ModuleType:
        if isinstance(fault, ImportError):
            raise fault
        return package(fault=fault)

    with pytest.raises(Misconfigured, match=r"geo\.networks.*pip install 'ntd\[networks\]'"):
        await Packaged(load).open()


async def test_the_installed_package_answers() -> None:
    """With plevin and its data installed an address of the root of the DNS is known; without them the remedy is."""
    networks = Networks(["plevin"])
    if find_spec("plevin") is None or find_spec("plevin_db_network") is None:
        with pytest.raises(Misconfigured, match=r"pip install 'ntd\[networks\]'"):
            await networks.open()
        return
    await networks.open()
    found = await networks.find(ip_address("193.0.14.129"))  # k.root-servers.net, operated by RIPE NCC

    assert found is not None
    assert found.asn == 25152


async def test_what_stands_is_said_at_once_and_what_changed_is_not(tmp_path: Path) -> None:
    """Not read yet, or changed: nothing is said without reading; what is gone stands as it was read last."""
    file = tmp_path / "nets.csv"
    file.write_text("one")
    watched = Watched(file, "geo.networks", Path.read_text)
    said = [watched.standing()]
    await watched.open()
    said.append(watched.standing())
    file.write_text("other")
    said.append(watched.standing())
    await watched.current()
    said.append(watched.standing())
    file.unlink()
    said.append(watched.standing())

    assert said == [None, "one", None, "other", "other"]
