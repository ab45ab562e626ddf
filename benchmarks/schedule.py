"""A million items looked at once an hour, by the daemon itself: does it keep the pace, and what does that cost?

    .venv/bin/python benchmarks/schedule.py [--items 1000000] [--every 3600] [--minutes 10] [--daemons 1]

The table is filled first: every item was told about and seen up, and its looks fall due evenly over the interval. Then
`ntd run --only check,intake` works it off against a web server and a name server on loopback, 50 items a host, each
host at an address of its own; nothing changes. It is measured from outside: looks and their lateness from the daemon's
own metrics, processor and memory from the system (daemons and database; not the servers that are looked at), growth
from the database, whole and by table and index. With --folder the items are kept, 4 GB of them, and the next run
takes and plans them anew: --folder F --only-fill, then --folder F. A short form keeps the rate:
--items 20000 --every 72 --minutes 1 --warm 20.

Floors: the rate held, 99 of 100 looks begin within 60 s, 60 % of two cores (daemons and database together), 300 MiB a
daemon, 40 bytes of database a look.
"""

import argparse
import asyncio
import json
import socket
import struct
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import psutil
import uvloop
from checks import Server
from claims import ITEMS_OF_A_HOST, Street, fill, plan_anew
from prometheus_client.parser import text_string_to_metric_families

from monitor.look import Looker
from ntd.clock import SystemClock
from ntd.lab.processes import Program, ntd, program
from ntd.lab.sockets import free_port
from ntd.store.base import Store
from ntd.store.connect import open_store
from ntd.store.embedded_process import live_postmaster
from ntd.vault import create_key_file
from schemas.check import Baseline, Names
from schemas.hosting import NameFate
from schemas.settings import Database, Monitor, Security, Settings
from schemas.url import parse_url

CORES = 2
LATENESS_S, CORES_SHARE, DAEMON_MIB, BYTES_A_LOOK = 60.0, 0.6, 300.0, 40.0
#: Addresses that the hosts are dealt out to: no two of them are neighbours.
ADDRESSES = 200
_SETTINGS = """\
[organisation]
name = "Bench"
country = "NL"
domain = "hotline.example"
contact_email = "notices@hotline.example"
[database]
url = "embedded:pg"
[security]
key_file = "ntd.key"
[api]
listen = "127.0.0.1:{api}"
public_url = "http://127.0.0.1:{api}"
[dns]
nameservers = ["127.0.0.1:{dns}"]
[geo]
registration = "off"
[notices]
dry_run = true
[monitor]
schedule = [["9000d", "{every}s"]]
allow = ["127.0.0.0/8"]
[log]
level = "warning"
"""


def address_of(host: int) -> str:
    """Give the address of a host."""
    return f"127.{20 + host % ADDRESSES // 100}.{host % ADDRESSES}.1"


class _Names(asyncio.DatagramProtocol):
    """Answers A with the address of the host (its number stands in the name), and AAAA with nothing (RFC 1035)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]])
            at += 1 + data[at]
        question = data[12 : at + 5]
        is_a = question[-4:-2] == b"\0\1"
        head = data[:2] + struct.pack("!HHHHH", 0x8580, 1, int(is_a), 0, 0)
        answer = b""
        if is_a:
            packed = ip_address(address_of(int(labels[0][1:]))).packed
            answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 3600, 4) + packed
        self._transport.sendto(head + question + answer, addr)


async def _serve(ready: Connection, port: int) -> None:
    loop = asyncio.get_running_loop()
    first = await loop.create_server(Server, address_of(0), port, backlog=1024)
    port = first.sockets[0].getsockname()[1]
    for host in range(1, ADDRESSES):
        await loop.create_server(Server, address_of(host), port, backlog=1024)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        dns = taken.getsockname()[1]
    await loop.create_datagram_endpoint(_Names, ("127.0.0.1", dns))
    ready.send((port, dns))
    await first.serve_forever()


def _server_process(ready: Connection, port: int) -> None:
    uvloop.run(_serve(ready, port))


async def _street(port: int, every: timedelta) -> Street:
    """Look at one page as the daemon will, so that the table holds what it will see."""

    async def names(_host: str) -> Names:
        return Names(fate=NameFate.FOUND, addresses=(ip_address(address_of(1)),))

    url = parse_url(f"http://h1.bench.test:{port}/i/1/large.jpg")
    async with Looker.open(Monitor(), names=names, public=lambda _: True) as looker:
        first = (await looker.round(url, now=datetime.now(UTC))).observations[0].body
        assert first is not None
        # Compared with the first, as the daemon's are: not with a sibling.
        baseline = Baseline(sha256=first.sha256, length_bytes=first.length_bytes, type=first.type)
        seen = await looker.round(url, now=datetime.now(UTC), baseline=baseline)

    def lives(host: int, item: UUID) -> str:
        return f"http://h{host}.bench.test:{port}/i/{item}/large.jpg"

    return Street(template=seen.observations[0], meaning=seen.meaning, url=lives, address=address_of, every=every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What is so at one moment."""

    at: float
    looks: float
    late: dict[str, float]
    cpu_s: float
    database_cpu_s: float
    bytes: int
    wal_bytes: int
    folder_bytes: int
    relations: dict[str, int]
    kept: dict[str, int]


class World:
    """The daemons at work, seen from outside."""

    def __init__(self, store: Store, folder: Path, daemons: list[tuple[Program, int]]) -> None:
        self._store, self._daemons, self._folder = store, daemons, folder / "pg"
        self._postmaster = psutil.Process(live_postmaster(folder / "pg"))
        self._connections: dict[int, float] = {}
        self.peak_mib = 0.0

    async def sample(self) -> Sample:
        """Take a sample."""
        late: dict[str, float] = {}
        for _, port in self._daemons:
            for limit, count in (await asyncio.to_thread(_lateness, port)).items():
                late[limit] = late.get(limit, 0) + count
        return Sample(
            at=time.perf_counter(),
            looks=late["+Inf"],
            late=late,
            cpu_s=sum(_cpu_s(psutil.Process(one.process.pid)) for one, _ in self._daemons),
            database_cpu_s=self.database_cpu_s(),
            bytes=await self._store.pool.fetchval("SELECT pg_database_size(current_database())"),
            wal_bytes=int(await self._store.pool.fetchval("SELECT pg_current_wal_lsn() - '0/0'")),
            folder_bytes=await asyncio.to_thread(_size, self._folder),
            relations={row["relname"]: row["bytes"] for row in await self._store.pool.fetch(_RELATIONS)},
            kept={row["what"]: row["rounds"] for row in await self._store.pool.fetch(_KEPT)},
        )

    def database_cpu_s(self) -> float:
        """Give the seconds of the processor that the database has had, by processes that live or ended since."""
        for one in self._postmaster.children():
            try:
                self._connections[one.pid] = _cpu_s(one)
            except psutil.NoSuchProcess:
                continue
        return sum(self._connections.values()) + _cpu_s(self._postmaster)

    def watch(self) -> None:
        """Note what memory the daemons have, and what the database's processes have used."""
        for one, _ in self._daemons:
            one.check()
            self.peak_mib = max(self.peak_mib, psutil.Process(one.process.pid).memory_info().rss / 2**20)
        self.database_cpu_s()


_RELATIONS = """
SELECT relname::text,
       pg_relation_size(oid, 'main') + pg_relation_size(oid, 'fsm') + pg_relation_size(oid, 'vm') AS bytes
  FROM pg_class WHERE relkind IN ('r', 'i', 't')"""
#: Rounds that changed something: there should be none.
_KEPT = "SELECT verdict || ' ' || reason AS what, count(*) AS rounds FROM round GROUP BY 1"


def _size(folder: Path) -> int:
    """Add up the files of a folder; what is renamed or removed meanwhile counts nothing."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def _cpu_s(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return spent.user + spent.system


def _lateness(port: int) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    return {
        sample.labels["le"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "ntd_check_lateness_seconds_bucket"
    }


def _p99(before: Sample, after: Sample) -> float:
    looks = {limit: count - before.late[limit] for limit, count in after.late.items()}
    return next((float(limit) for limit, count in looks.items() if count >= 0.99 * looks["+Inf"]), float("inf"))


async def _fill(store: Store, clock: SystemClock, chosen: argparse.Namespace, port: int) -> datetime:
    """Write the items, or plan those anew that a run before has written; give when the first look falls due."""
    began, written = time.perf_counter(), await store.pool.fetchval("SELECT count(*) FROM schedule")
    every = timedelta(seconds=chosen.every)
    # When the daemons stand.
    start = clock.now() + timedelta(seconds=(1.5 * written or 2 * chosen.items) / 24_000 + 10)
    if written:
        await plan_anew(store, start, every)
    else:
        await fill(store, chosen.items, start, await _street(port, every))
    print(
        f"{written or chosen.items:,} items stand in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True
    )
    return start


async def _run(chosen: argparse.Namespace, folder: Path, port: int, dns: int) -> dict[str, Any]:
    if not (folder / "ntd.key").exists():
        create_key_file(folder / "ntd.key")
    settings = Settings(
        database=Database(url=f"embedded:{folder / 'pg'}"), security=Security(key_file=folder / "ntd.key")
    )
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        store = await stack.enter_async_context(open_store(settings, clock, migrating=True))
        start = await _fill(store, clock, chosen, port)
        if chosen.only_fill:
            return {}
        daemons = []
        for number in range(chosen.daemons):
            api, config = free_port("127.0.0.1"), folder / f"ntd{number}.toml"
            config.write_text(_SETTINGS.format(api=api, dns=dns, every=chosen.every))
            run = program("daemon", ntd(config, "run", "--only", "check,intake"), folder / f"daemon{number}.log")
            daemons.append((await stack.enter_async_context(run), api))
        world = World(store, folder, daemons)
        await _wait(world, max(0.0, (start - clock.now()).total_seconds()) + chosen.warm)
        before = await world.sample()
        await _wait(world, 60 * chosen.minutes)
        after = await world.sample()
        world.watch()
        said = "".join((folder / f"daemon{number}.log").read_text() for number in range(chosen.daemons))
        if said:
            print(said[-3000:], file=sys.stderr)
        return _figures(chosen, before, after, world.peak_mib)


async def _wait(world: World, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        world.watch()
        await asyncio.sleep(1)


def _figures(chosen: argparse.Namespace, before: Sample, after: Sample, peak_mib: float) -> dict[str, Any]:
    passed, looks = after.at - before.at, after.looks - before.looks
    daemon_s, database_s = after.cpu_s - before.cpu_s, after.database_cpu_s - before.database_cpu_s
    return {
        "items": chosen.items,
        "hosts": max(1, chosen.items // ITEMS_OF_A_HOST),
        "daemons": chosen.daemons,
        "measured_s": round(passed),
        "wanted_per_s": round(chosen.items / chosen.every, 1),
        "looks_per_s": round(looks / passed, 1),
        "lateness_p99_at_most_s": _p99(before, after),
        "cores_share": round(
            (after.cpu_s + after.database_cpu_s - before.cpu_s - before.database_cpu_s) / passed / CORES, 3
        ),
        "daemon_cpu_us_a_look": round(1e6 * daemon_s / looks),
        "database_cpu_us_a_look": round(1e6 * database_s / looks),
        "daemon_peak_mib": round(peak_mib, 1),
        "database_bytes_a_look": round((after.bytes - before.bytes) / looks, 1),
        "of_which": {
            name: round(grown / looks, 1)
            for name, size in after.relations.items()
            if (grown := size - before.relations.get(name, 0))
        },
        "rounds_kept": {what: rounds - before.kept.get(what, 0) for what, rounds in after.kept.items()},
        "wal_bytes_a_look": round((after.wal_bytes - before.wal_bytes) / looks, 1),
        "folder_bytes_a_look": round((after.folder_bytes - before.folder_bytes) / looks, 1),
    }


def _falls_short(seen: dict[str, Any]) -> list[str]:
    floors = {
        "looks_per_s": seen["looks_per_s"] >= 0.97 * seen["wanted_per_s"],
        "lateness_p99_at_most_s": seen["lateness_p99_at_most_s"] <= LATENESS_S,
        "cores_share": seen["cores_share"] <= CORES_SHARE,
        "daemon_peak_mib": seen["daemon_peak_mib"] <= DAEMON_MIB,
        "database_bytes_a_look": seen["database_bytes_a_look"] <= BYTES_A_LOOK,
    }
    return [name for name, held in floors.items() if not held]


def main() -> None:
    """Measure and print one JSON document; exit 1 where a floor is not held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=3600, help="seconds between two looks at an item")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--warm", type=float, default=60.0, help="seconds before it is measured")
    parser.add_argument("--daemons", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the items there, and take those that a run has left there")
    parser.add_argument("--only-fill", action="store_true", help="write the items and stop")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        seen = _served(chosen, folder.resolve())
    if not seen:
        return
    short = _falls_short(seen)
    print(json.dumps(seen | {"falls_short": short}, indent=2))
    if short:
        raise SystemExit(1)


def _served(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    # The items of a run before have its port in their URLs.
    note = folder / "port"
    port = int(note.read_text()) if note.exists() else 0
    ready, theirs = get_context("spawn").Pipe(duplex=False)
    server = get_context("spawn").Process(target=_server_process, args=(theirs, port), daemon=True)
    server.start()
    try:
        port, dns = ready.recv()
        note.write_text(str(port))
        return uvloop.run(_run(chosen, folder, port, dns))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
