"""`ntd resolve`: the tree for people, the document for programs, no database and no key."""

import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import cast

import orjson
from rich.console import Console

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.cli.reasoning import tree_of
from ntd.clock import SystemClock
from schemas.url import parse_url
from schemas.wire import resolution_json
from tests.fakes.geo_world import a_world


def ntd(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    run = [
        sys.executable,
        "-c",
        "import sys; from typer.main import get_command; from ntd.cli.resolve import app; get_command(app)()",
    ]
    return subprocess.run([*run, *arguments], cwd=folder, capture_output=True, timeout=30, check=False)


def test_an_address_that_nobody_may_dial_is_looked_at_without_any_configuration(tmp_path: Path) -> None:
    """No file, no database, no network needed: the answer is that there is no place."""
    done = ntd(["http://0x7f.1/", "--json"], tmp_path)

    assert done.returncode == 0, done.stderr
    document = orjson.loads(done.stdout)
    assert (document["url"], document["kind"]) == ("http://127.0.0.1/", "address")
    assert document["not_public"] == ["127.0.0.1"]
    assert (document["hosters"], document["hosting"]["hoster"]) == ([], None)
    assert list(tmp_path.iterdir()) == []


async def test_the_tree_tells_the_whole_reasoning(tmp_path: Path) -> None:
    """Host, hosters, the rule that chose the contact, and every question with its source."""
    async with a_world(tmp_path) as world:
        world.book = "as64502,front,front@beta.test,,,\n"
        world.dns.name("img.site.test", A=["127.1.0.1", "127.2.0.1", "10.0.0.1"])
        url, console = parse_url("http://img.site.test/"), Console(width=200, file=StringIO())
        async with Locator.open(world.settings(), MemoryRegistrations()) as locator:
            console.print(tree_of(url, await locator.resolve(url.host, url.site, url.kind, SystemClock().now())))
    text = cast("StringIO", console.file).getvalue()

    for line in (
        "host img.site.test, site site.test, kind web",
        "found, for 30 s",
        "network: 127.1.0.0/16, AS64501 Alpha Hosting, hosting — networks.csv, longest prefix",
        "country: NL, by the first of geo.country_order that names one — network file says NL",
        "not public, never dialled: 10.0.0.1",
        "Alpha Hosting in NL",
        "contact: nobody is known",
        "Beta CDN in US, a front: Beta CDN",
        "contact: front@beta.test (mail, contacts) — book.csv, line 2: front contact for AS64502",
        f"{world.dns.address}, now: 10.0.0.1, 127.1.0.1, 127.2.0.1",
        "networks.csv, now: 127.1.0.0/16, AS64501, Alpha Hosting, NL, hosting",
    ):
        assert line in text


async def test_the_tree_says_what_strangers_share_and_whom_that_spares(tmp_path: Path) -> None:
    """The platform is told before the network it stands on, with the row that says so; nobody asks for a registrar."""
    async with a_world(tmp_path) as world:
        world.dns.name("t.me", A=["127.3.0.1"])
        url, console = parse_url("http://t.me/somebody"), Console(width=220, file=StringIO())
        async with Locator.open(world.settings(), MemoryRegistrations()) as locator:
            found = await locator.resolve(url.host, url.site, url.kind, SystemClock().now(), registrar=True)
        console.print(tree_of(url, found))
        text, document = cast("StringIO", console.file).getvalue(), resolution_json(url, found)

    for line in (
        "shared with strangers under t.me — platforms.csv (2026-11-22): t.me stands at t.me, messenger Telegram",
        "never told about it: upstreams and registrar",
        "contact: stopCA@telegram.org (mail, platform) — platforms.csv (2026-11-22, named by others)",
        "then: abuse@gamma.test (mail, network file)",
    ):
        assert line in text
    assert document["shared"] == {
        "under": "t.me",
        "platform": "Telegram",
        "kind": "messenger",
        "own_domain": False,
        "rule": "platforms.csv (2026-11-22): t.me stands at t.me, messenger Telegram",
    }
    assert not any(question["asked"].startswith("rdap domain") for question in document["questions"])


async def test_the_tree_says_what_has_no_hoster(tmp_path: Path) -> None:
    """Content of IPFS, an onion service, what a shortener leads to: each has its own line."""
    async with a_world(tmp_path) as world, world.locator() as locator:
        text = ""
        for one in ("http://gate.test/ipfs/" + "Qm" + "a" * 44, f"http://{'a' * 56}.onion/", "http://bit.ly/a"):
            url, console = parse_url(one), Console(width=220, file=StringIO())
            console.print(tree_of(url, await locator.resolve(url.host, url.site, url.kind, SystemClock().now())))
            text += cast("StringIO", console.file).getvalue()

    for line in (
        f"IPFS content Qm{'a' * 44}, shown by a gateway: what one no longer shows, every other one still does",
        "an onion service: nobody can tell where it stands, so nobody can be told (RFC 7686)",
        "a link shortener: what it leads to is a URL of its own, told about only when it is submitted",
    ):
        assert line in text
