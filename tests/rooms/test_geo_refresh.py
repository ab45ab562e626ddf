"""`ntd geo refresh`: IANA's files from a real server, checked, put in place whole, used without a restart."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from geo.bootstrap import NAMES
from geo.dns import Resolver
from geo.fetch import Fetcher
from geo.renewal import Renewal, renew, replace
from geo.renewed import Renewed, in_use, is_old, newest, shipped
from geo.rulebook import shipped_bootstrap
from ntd.cli.app import run
from schemas.hosting import Address
from tests.fakes.geo_dns import serving
from tests.fakes.loopback import listening

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OURS = files("geo") / "data" / "rdap"
LATER = "2026-11-20T00:00:00Z"


def newer(name: str, **changes: Any) -> dict[str, Any]:
    """Make a newer file of ours: AS 64496 and the network 203.0.113.0/24 have a registry of their own."""
    content: dict[str, Any] = json.loads((OURS / f"{name}.json").read_text())
    entry = {"ipv4": "203.0.113.0/24", "ipv6": "2001:db8::/32", "asn": "64496-64511", "dns": "test"}[name]
    services = [[[entry], ["https://rdap.new.test"]], *content["services"]]
    return {**content, "publication": LATER, "services": services, **changes}


@asynccontextmanager
async def publishing(answers: dict[str, web.Response | dict[str, Any]]) -> AsyncIterator[str]:
    """Serve the files on loopback; what is not given is not found."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found = answers.get(request.path.removeprefix("/rdap/"))
        if found is None:
            return web.Response(status=404)
        return found if isinstance(found, web.Response) else web.json_response(found)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with listening(app) as port:
        yield f"http://127.0.0.1:{port}/rdap/"


async def renewed(folder: Path, base: str) -> dict[str, Renewal]:
    """Renew everything once."""

    def nobody(_: Address) -> bool:
        return False

    async with (
        serving() as dns,
        Resolver.open([dns.address], timedelta(seconds=5)) as names,
        Fetcher(names.look, nobody, base) as fetcher,
    ):
        return {one.name: one for one in await renew(folder, base, fetcher, NOW)}


async def test_newer_files_are_put_in_place_and_used_at_once(tmp_path: Path) -> None:
    """All four are fetched, written whole, and the bootstrap in use knows the new registry; again: unchanged."""
    bootstrap, ours = Renewed(tmp_path / "geo"), shipped_bootstrap()
    before = await bootstrap.current(ours)
    async with publishing({f"{name}.json": newer(name) for name in NAMES}) as base:
        first = await renewed(tmp_path / "geo", base)
        second = await renewed(tmp_path / "geo", base)
    after = await bootstrap.current(ours)

    assert {one.outcome for one in first.values()} == {"renewed"}
    assert {one.outcome for one in second.values()} == {"unchanged"}
    assert before is ours
    assert after.for_address(ip_address("203.0.113.9")) == "https://rdap.new.test/"
    assert (after.for_asn(64500), after.for_domain("a.test")) == ("https://rdap.new.test/",) * 2
    assert sorted(path.name for path in (tmp_path / "geo").iterdir()) == sorted(f"{name}.json" for name in NAMES)


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (web.Response(text="{"), "refused", "no bootstrap file"),
        (newer("asn", version="2.0"), "refused", "version '2.0'"),
        (newer("asn", services=[]), "refused", "0 entries"),
        (newer("asn", services=[[["64496"], ["https://rdap.new.test/"]]]), "refused", "has 1 entries where"),
        (newer("asn", services=[[["64496-1"], ["https://rdap.new.test/"]]]), "refused", "no range of AS numbers"),
        (newer("asn", services=[[["64496"], ["ftp://rdap.new.test/"]]]), "refused", "no bootstrap file"),
        (newer("asn", publication="2019-01-01T00:00:00Z"), "refused", "before the one in use"),
        (newer("asn", publication="soon"), "refused", "no bootstrap file"),
        (newer("ipv4"), "refused", "no bootstrap file"),
        (web.Response(body=b" " * 4_194_305), "unreachable", "sends more than 4194304 bytes"),
        (web.Response(status=500), "unreachable", "answers 500"),
        (web.Response(status=404), "unreachable", "has no asn.json"),
        (
            web.Response(status=302, headers={"Location": "http://127.0.0.2/asn.json"}),
            "unreachable",
            "no public address",
        ),
    ],
)
async def test_a_file_that_cannot_be_used_leaves_the_old_one(
    tmp_path: Path, answer: web.Response | dict[str, Any], outcome: str, reason: str
) -> None:
    """Cut, empty, of another kind, older, too large, led astray: what is in use stays, and the reason is said."""
    async with publishing({"asn.json": answer}) as base:
        found = (await renewed(tmp_path, base))["asn"]

    assert (found.outcome, found.now_used) == (outcome, shipped("asn").publication)
    assert reason in (found.reason or "")
    assert list(tmp_path.iterdir()) == []


async def test_a_file_in_the_folder_counts_only_where_it_is_whole_and_newer(tmp_path: Path) -> None:
    """A damaged one and an old one are passed over with a reason; ours serve, and the others of the folder too."""
    (tmp_path / "asn.json").write_text("{")
    (tmp_path / "dns.json").write_text(json.dumps(newer("dns", publication="2001-01-01T00:00:00Z")))
    (tmp_path / "ipv4.json").write_text(json.dumps(newer("ipv4")))
    bootstrap = await Renewed(tmp_path).current(shipped_bootstrap())

    assert [in_use(tmp_path, name).path is not None for name in ("asn", "dns", "ipv4", "ipv6")] == [
        False,
        False,
        True,
        False,
    ]
    assert "no bootstrap file" in (in_use(tmp_path, "asn").fault or "")
    assert "before the one in use" in (in_use(tmp_path, "dns").fault or "")
    assert bootstrap.for_asn(13335) == "https://rdap.arin.net/registry/"
    assert bootstrap.for_address(ip_address("203.0.113.9")) == "https://rdap.new.test/"


def test_lists_that_are_half_a_year_old_are_to_be_renewed(tmp_path: Path) -> None:
    """The newest of the files in use counts, of those shipped and those fetched."""
    before = newest(tmp_path)
    (tmp_path / "asn.json").write_text(json.dumps(newer("asn")))
    after = newest(tmp_path)

    assert (before, after) == (shipped("dns").publication, datetime.fromisoformat(LATER))
    assert [is_old(after, after + timedelta(days=days)) for days in (180, 181)] == [False, True]


def test_a_replacement_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where the file cannot take its place (a folder is in the way) the draft is taken away again."""
    (tmp_path / "asn.json" / "x").mkdir(parents=True)

    with pytest.raises(OSError, match="asn"):
        replace(tmp_path / "asn.json", b"{}")
    assert [path.name for path in tmp_path.iterdir()] == ["asn.json"]


async def test_the_command_says_what_became_of_each_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 where a file was refused, and the JSON names file, outcome, dates and reason."""
    answers: dict[str, web.Response | dict[str, Any]] = {f"{name}.json": newer(name) for name in NAMES}
    async with publishing(answers | {"dns.json": web.Response(text="no")}) as base:
        config = tmp_path / "ntd.toml"
        config.write_text(f'[geo]\nbootstrap = "{base}"\ndata = "registries"\n[dns]\nnameservers = ["127.0.0.1"]\n')
        code = await _in_thread(["geo", "refresh", "--json", "--config", str(config)])
    said = json.loads(capsys.readouterr().out)

    assert code == 1
    assert [(one["file"], one["outcome"]) for one in said["files"]] == [
        ("ipv4.json", "renewed"),
        ("ipv6.json", "renewed"),
        ("asn.json", "renewed"),
        ("dns.json", "refused"),
    ]
    assert said["files"][0]["published"] == LATER
    assert (tmp_path / "registries" / "asn.json").exists()


async def _in_thread(arguments: list[str]) -> int:
    # The command runs a loop of its own while the server runs in ours.
    return await asyncio.to_thread(run, arguments)
