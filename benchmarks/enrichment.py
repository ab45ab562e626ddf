"""The same 20,000 URLs through IntelMQ 3.5.0 and through ours, durable storage included, with what is right about each.

    python benchmarks/enrichment.py [URLS [OTHERS]]

IntelMQ runs as its users run it (enrichment_peer.py): its url, gethostbyname, asn_lookup, maxmind_geoip and rdap bots,
a process each, Redis between them, which keeps nothing on disk. Ours: lines are taken as `ntd submit` takes them, and
`ntd run --only resolve` looks the hosts up and places the items; an item counts when it stands in PostgreSQL,
encrypted, with its hosters, its contacts and whom it will be told to. Servers on loopback answer both at once;
networks, countries and contacts are the same. Twice: with nothing known, and as many other URLs (or OTHERS; 0: none)
after them, of the same hosts where there are more URLs than the world has hosts.

Then every answer is compared with what is right, and a part is asked again in the reverse order.

Floor: 5 times as many items a second with nothing known, and no wrong answer.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import enrichment_peer as peer
import enrichment_world as world
import orjson
import uvloop
from enrichment_world import Hoster, Truth

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.clock import SystemClock
from ntd.intake_stream import Stream
from ntd.lab.processes import ntd, program
from ntd.store.base import Store
from ntd.store.connect import open_store
from ntd.store.items import Filters, listing
from ntd.store.seats import seats_of, with_contacts
from ntd.vault import create_key_file
from schemas.hosting import Resolution
from schemas.item import LineAnswer
from schemas.settings import Database, Dns, Geo, Monitor, Security, Settings
from schemas.url import parse_url

URLS = 20_000
REVERSED = 1_000
FLOOR = 5.0
CHUNK_BYTES = 64 * 1024
_SETTINGS = """\
[organisation]
country = "NL"
[database]
url = "embedded:pg"
[security]
key_file = "ntd.key"
[dns]
nameservers = ["127.0.0.1:{dns}"]
[geo]
networks = ["{networks}"]
registration = "http://127.0.0.1:{registry}"
[notices]
dry_run = true
[monitor]
allow = ["127.0.0.0/8"]
[log]
level = "warning"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one of the two says about a URL."""

    host: str | None
    hosters: frozenset[Hoster]


@contextmanager
def servers(folder: Path) -> Iterator[tuple[int, int]]:
    """Run name server and registry in processes of their own; give their ports."""
    with ExitStack() as stack:
        ports = []
        for kind in ("names", "registry"):
            words = [sys.executable, world.__file__, kind]
            started = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=folder)  # noqa: S603 -- our own file
            running = stack.enter_context(started)
            stack.callback(running.terminate)
            assert running.stdout is not None
            ports.append(int(running.stdout.readline()))
        yield ports[0], ports[1]


async def ours(
    batches: Sequence[Sequence[Truth]], folder: Path, dns: int, registry: int
) -> list[tuple[float, dict[str, Found]]]:
    """Have batches of URLs taken, looked up and placed, one after the other; give the seconds and what was found."""
    create_key_file(folder / "ntd.key")
    config = folder / "ntd.toml"
    config.write_text(_SETTINGS.format(dns=dns, registry=registry, networks=folder / "networks.csv"))
    settings = Settings(
        database=Database(url=f"embedded:{folder / 'pg'}"), security=Security(key_file=folder / "ntd.key")
    )
    came = []
    async with open_store(settings, SystemClock(), migrating=True) as store:
        async with program("daemon", ntd(config, "run", "--only", "resolve"), folder / "daemon.log") as daemon:
            while not await store.pool.fetchval("SELECT count(*) FROM daemon"):
                daemon.check()
                await asyncio.sleep(0.05)
            for batch in batches:
                spent_s = await _placed(store, settings, [truth.url for truth in batch])
                came.append((spent_s, await _said(store, batch)))
        if said := (folder / "daemon.log").read_text():
            print(said[-2000:], file=sys.stderr)
    return came


async def _placed(store: Store, settings: Settings, urls: Sequence[str]) -> float:
    async def answered(_answers: list[LineAnswer]) -> None:
        pass

    async def chunks() -> AsyncIterator[bytes]:
        data = b"".join(orjson.dumps({"url": url}) + b"\n" for url in urls)
        for at in range(0, len(data), CHUNK_BYTES):
            yield data[at : at + CHUNK_BYTES]

    begin = time.perf_counter()
    stream = Stream(store=store, settings=settings, clock=SystemClock(), by="benchmark", answered=answered)
    tally = await stream.run(chunks())
    taken_s = time.perf_counter() - begin
    while await store.pool.fetchval("SELECT EXISTS (SELECT FROM item WHERE state = 'received')"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)  # another process does it
    spent_s = time.perf_counter() - begin
    print(f"  ours: {tally.summary()}, taken after {taken_s:.1f} s, placed after {spent_s:.1f} s", file=sys.stderr)
    return spent_s


async def _said(store: Store, batch: Sequence[Truth]) -> dict[str, Found]:
    """Read what is kept of each URL."""
    items = (await listing(store, Filters(), limit=0))["items"]
    hosts = {one["url"]: one["host"] for one in items}
    by_host: dict[str, frozenset[Hoster]] = {}
    async with store.pool.acquire() as connection:
        rows = await connection.fetch("SELECT id, name, name_hash FROM host")
        seats = await seats_of(connection, store, [row["id"] for row in rows])
        for row in rows:
            told = await with_contacts(connection, store, seats.get(row["id"], ()), None, datetime.now(UTC))
            name = store.open("host.name", row["name_hash"], row["name"])
            by_host[name] = frozenset(
                Hoster(
                    asn=one.located.place.asn or 0,
                    country=one.located.place.country or "",
                    contact=one.located.contacts[0].address if one.located.contacts else None,
                )
                for one in told
            )
    found = {truth.url: hosts.get(parse_url(truth.url).text) for truth in batch}
    return {url: Found(host=host, hosters=by_host.get(host or "", frozenset())) for url, host in found.items()}


def theirs(answers: Mapping[str, peer.Answer]) -> dict[str, Found]:
    """Spell the answers of IntelMQ as ours."""
    return {
        url: Found(
            host=one.host,
            hosters=frozenset({Hoster(asn=one.asn or 0, country=one.country or "", contact=one.contact)}),
        )
        for url, one in answers.items()
    }


def judge(truths: Iterable[Truth], found: Mapping[str, Found]) -> dict[str, tuple[int, int, int]]:
    """Count for each column what is right, what was not said, and what is wrong."""
    columns = ("host", "host, disguised", "AS", "country", "contact", "every hoster")
    counted = {column: [0, 0, 0] for column in columns}
    for truth in truths:
        said = found.get(truth.url, Found(host=None, hosters=frozenset()))
        host = 1 if said.host is None else 0 if said.host == truth.host else 2
        counted["host"][host] += 1
        if truth.disguised:
            counted["host, disguised"][host] += 1
        for column, values, right in (
            ("AS", {one.asn for one in said.hosters} - {0}, {one.asn for one in truth.hosters}),
            ("country", {one.country for one in said.hosters} - {""}, {one.country for one in truth.hosters}),
        ):
            counted[column][1 if not values else 0 if values <= right else 2] += 1
        counted["contact"][_contact(truth, said)] += 1
        counted["every hoster"][0 if said.hosters == truth.hosters else 1 if not said.hosters else 2] += 1
    return {column: (right, none, wrong) for column, (right, none, wrong) in counted.items()}


def _contact(truth: Truth, said: Found) -> int:
    """Say whether the contact is right (0; nobody, where nobody can be told), not said (1) or somebody else's (2)."""
    told = {one.contact for one in said.hosters} - {None}
    known = {one.contact for one in truth.hosters} - {None}
    if not told:
        return 1 if known or not said.hosters else 0
    return 0 if told <= known else 2


async def in_order(truths: Sequence[Truth], folder: Path, dns: int, registry: int) -> dict[str, Resolution]:
    """Look the hosts of URLs up one after the other, with nothing known."""
    settings = Settings(
        dns=Dns(nameservers=[f"127.0.0.1:{dns}"]),
        geo=Geo(networks=[folder / "networks.csv"], registration=f"http://127.0.0.1:{registry}"),
        monitor=Monitor(allow=[ip_network("127.0.0.0/8")]),
    )
    now, found = datetime.now(UTC), {}
    async with Locator.open(settings, MemoryRegistrations()) as locator:
        for truth in truths:
            url = parse_url(truth.url)
            found[truth.url] = await locator.resolve(url.host, url.site, url.kind, now)
    return found


def contacts_of(found: Mapping[str, Resolution]) -> dict[str, frozenset[str]]:
    """Give the chosen contacts of each URL."""
    return {
        url: frozenset(one.contacts[0].address for one in resolution.located if one.contacts)
        for url, resolution in found.items()
    }


def table(rows: Mapping[str, tuple[int, int, int]], more: Mapping[str, tuple[int, int, int]]) -> None:
    """Print both sides by side."""
    print(f"{'':18}{'ours: right':>12}{'not said':>10}{'wrong':>8}{'IntelMQ: right':>18}{'not said':>10}{'wrong':>8}")
    for column, (right, none, wrong) in rows.items():
        their = more[column]
        print(f"{column:18}{right:>12,}{none:>10,}{wrong:>8,}{their[0]:>18,}{their[1]:>10,}{their[2]:>8,}")


def main(count: int, others: int) -> int:
    """Measure both, compare, and say so; 1 below a floor, 2 where IntelMQ cannot be had."""
    cold, warm = world.truths(count), world.truths(others, begin=count)
    sizes = {"nothing known": count, "hosts known": others}
    batches = [batch for batch in (cold, warm) if batch]
    part = cold[:REVERSED]
    hosts, load = min(count, world.HOSTS), os.getloadavg()[0]
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {count:,} URLs of {hosts:,} hosts, load {load:.1f}")
    try:
        peer.environment()
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            world.write_networks(folder)
            with servers(folder) as (dns, registry):
                our = uvloop.run(ours(batches, folder, dns, registry))
                forward, backward = (
                    contacts_of(asyncio.run(in_order(one, folder, dns, registry))) for one in (part, part[::-1])
                )
                their = peer.run([[truth.url for truth in batch] for batch in batches], folder, dns, registry)
                turned = [[truth.url for truth in batch] for batch in (part, part[::-1])]
                ((_, first),), ((_, second),) = (peer.run([one], folder, dns, registry) for one in turned)
    except peer.Unavailable as fault:
        print(fault, file=sys.stderr)
        return 2
    for (name, size), (mine, _), (other, _) in zip(sizes.items(), our, their, strict=False):
        print(
            f"{name:18}{size / mine:>12,.0f} items/s{size / other:>18,.0f} items/s IntelMQ{other / mine:>10.1f} times"
        )
    judged = judge(cold, our[0][1])
    table(judged, judge(cold, theirs(their[0][1])))
    ours_differ = sum(forward[url] != backward[url] for url in forward)
    theirs_differ = sum(first[url].contact != second[url].contact for url in first.keys() & second.keys())
    print(
        f"another contact when asked in the reverse order: ours {ours_differ}, IntelMQ {theirs_differ} of {len(part):,}"
    )
    print(f"load {os.getloadavg()[0]:.1f}")
    times, wrong = their[0][0] / our[0][0], sum(one for _, _, one in judged.values())
    return 0 if times >= FLOOR and not wrong and not ours_differ else 1


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else URLS
    sys.exit(main(asked, int(sys.argv[2]) if len(sys.argv) > 2 else asked))
