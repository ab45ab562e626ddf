"""How many hosts a second are resolved, cold and warm, against servers 50 ms away, each in a process of its own.

    python benchmarks/resolution.py [HOSTS]

First names alone (A and AAAA), then whole looks: addresses, name servers, network file, registration of network and AS,
contact and whether its domain takes mail; not a neighbour (is it a wildcard?), which the daemon asks for too. Every
host stands in a site of its own; they share 50 networks. 5 % of the sites never answer and 2 % always with SERVFAIL; of
all other questions one in a hundred is lost the first time.
`dns.timeout` is its default, 3 s, so nothing cold ends before. Every answer is compared with the table: of the silent
"timeout" is right, of the failing "servfail", of all others exactly their addresses, network and contact.

Warm rounds are short, 5,000 hosts in a twentieth of a second, so that there are thirty of them: the median is what the
floor is about, and the worst tells of the pauses (Python looking for rings of objects, others on the machine).

The floors: 1,000 hosts/s cold, 50,000 hosts/s warm, 0 wrong, each network asked for once.
"""

import asyncio
import multiprocessing
import os
import resource
import select
import socket
import statistics
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import uvloop
from aiohttp import web

from geo.dns import Resolver
from geo.names import NameAnswer
from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.process import collect_seldom
from schemas.hosting import NameFate, Resolution
from schemas.settings import Dns, Geo, Monitor, Settings
from schemas.url import HostKind

T = TypeVar("T")
Answer = TypeVar("Answer", NameAnswer, Resolution)

HOSTS = 5_000
NETWORKS = 50
LATENCY_S = 0.05
WARM_ROUNDS = 30
SILENT_PERCENT, FAILING_PERCENT, LOST_PERCENT = 5, 2, 1
NOERROR, SERVFAIL = 0, 2
A, NS, AAAA = 1, 2, 28
TTL_S = 300


def address_of(number: int) -> IPv4Address:
    """Give the A record of host `number`: the hosts are dealt out to the networks."""
    return IPv4Address(0x7F00_0000 + (1 + number % NETWORKS << 16) + number // NETWORKS)


def address6_of(number: int) -> IPv6Address:
    """Give the AAAA record of host `number`, which nobody may dial."""
    return IPv6Address((0x2001_0DB8 << 96) + number)


def fate_of(number: int) -> NameFate:
    """Say what asking for host `number` comes to."""
    if number % 100 < SILENT_PERCENT:
        return NameFate.TIMEOUT
    return NameFate.SERVFAIL if number % 100 < SILENT_PERCENT + FAILING_PERCENT else NameFate.FOUND


class NameServer:
    """Knows www.sNUMBER.test and sNUMBER.test from arithmetic."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self.asked = 0

    def answer(self, data: bytes) -> bytes | None:
        """Answer one question, or stay silent."""
        self.asked += 1
        question = data[12 : data.index(b"\0", 12) + 5]
        labels = _labels(question)
        if not labels[-2].startswith(b"s"):
            return None if self.is_lost(question) else _mail(data[:2], question)
        number, kind = int(labels[-2][1:]), int.from_bytes(question[-4:-2], "big")
        fate = fate_of(number)
        if fate is NameFate.TIMEOUT or self.is_lost(question):
            return None
        found = fate is NameFate.FOUND
        head = struct.pack(">2sBBHHHH", data[:2], 0x85, 0x80 | (NOERROR if found else SERVFAIL), 1, found, 0, 0)
        return head + question + (_record(question, number, kind) if found else b"")

    def is_lost(self, question: bytes) -> bool:
        """Say whether this question is lost: some are, the first time."""
        if zlib.crc32(question) % 100 >= LOST_PERCENT or question in self.seen:
            return False
        self.seen.add(question)
        return True


def _labels(question: bytes) -> list[bytes]:
    labels, at = [], 0
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size])
        at += size + 1
    return labels


def _mail(ident: bytes, question: bytes) -> bytes:
    """Say that mail to the domain of an abuse desk goes to a machine of its own."""
    record = b"\xc0\x0c" + question[-4:] + struct.pack(">IHH", TTL_S, 7, 10) + b"\x02mx\xc0\x0c"
    return struct.pack(">2sBBHHHH", ident, 0x85, 0x80, 1, 1, 0, 0) + question + record


def _record(question: bytes, number: int, kind: int) -> bytes:
    body = {A: address_of(number).packed, AAAA: address6_of(number).packed, NS: b"\x02ns\xc0\x0c"}[kind]
    return b"\xc0\x0c" + question[-4:] + struct.pack(">IH", TTL_S, len(body)) + body


def serve_names(told: Connection) -> None:
    """Answer, each question 50 ms after it came: a plain loop, so that it is never what is waited for."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0)
    told.send(sock.getsockname()[1])
    server, later = NameServer(), deque[tuple[float, bytes, tuple[str, int]]]()
    while True:
        wait_s = max(0.0, later[0][0] - time.monotonic()) if later else 1.0
        readable = select.select([sock, told], [], [], wait_s)[0]
        if told in readable:
            told.recv()
            told.send(server.asked)
        for _ in range(100 if sock in readable else 0):
            try:
                data, addr = sock.recvfrom(512)
            except BlockingIOError:
                break
            reply = server.answer(data)
            if reply is not None:
                later.append((time.monotonic() + LATENCY_S, reply, addr))
        while later and later[0][0] <= time.monotonic():
            _, reply, addr = later.popleft()
            sock.sendto(reply, addr)


def serve_registry(told: Connection) -> None:
    """Answer for networks and AS 50 ms later; tell the port, and then what was asked how often."""

    async def run() -> None:
        runner = web.AppRunner(registry(asked := Counter[str]()))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        told.send(runner.addresses[0][1])
        await asyncio.to_thread(told.recv)
        told.send(asked)

    uvloop.run(run())


def registry(asked: Counter[str]) -> web.Application:
    """Make a registry that knows each network by its /16."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(LATENCY_S)
        kind, _, what = request.path.lstrip("/").partition("/")
        if kind != "ip":
            asked[request.path] += 1
            return web.json_response({}, status=404)
        block = ip_network(f"{what}/16", strict=False)
        asked[f"/ip/{block}"] += 1
        mailbox = f"abuse@n{block[0].packed[1]}.test"
        entity = {"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", mailbox]]]}
        ends = {"startAddress": str(block[0]), "endAddress": str(block[-1])}
        return web.json_response({"objectClassName": "ip network", **ends, "entities": [entity]})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app


@contextmanager
def running(serve: Callable[[Connection], None]) -> Iterator[Connection]:
    """Run a server in a process of its own; give the line to it."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


def is_right(number: int, answer: NameAnswer | Resolution) -> bool:
    """Compare what the DNS said with the table."""
    fate = fate_of(number)
    addresses = (address_of(number), address6_of(number)) if fate is NameFate.FOUND else ()
    return (answer.fate, answer.addresses, answer.complete) == (fate, addresses, fate is NameFate.FOUND)


def is_missed(number: int, answer: NameAnswer | Resolution) -> bool:
    """Say whether it could not be found out although the servers would have answered: not wrong, but not right."""
    return not answer.complete and fate_of(number) is NameFate.FOUND


def is_right_place(number: int, look: Resolution) -> bool:
    """Compare a whole look with the table: network, AS, contact, name servers; nothing where nothing was answered."""
    if not is_right(number, look) or fate_of(number) is not NameFate.FOUND:
        return is_right(number, look) and not look.located
    (located,) = look.located
    return (located.place.asn, located.contacts[0].address, look.nameservers) == (
        64_500 + number % NETWORKS,
        f"abuse@n{1 + number % NETWORKS}.test",
        (f"ns.s{number}.{look.host.rpartition('.')[2]}",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a round was."""

    per_s: float  # hosts
    busy_us: float  # microseconds of our processor for each


async def timed(ask: Callable[[int], Awaitable[T]], hosts: int) -> tuple[Pace, list[T]]:
    """Ask for all hosts at once."""
    wall_s, busy_s = time.perf_counter(), time.process_time()
    answers = await asyncio.gather(*map(ask, range(hosts)))
    wall_s, busy_s = time.perf_counter() - wall_s, time.process_time() - busy_s
    return Pace(per_s=hosts / wall_s, busy_us=busy_s / hosts * 1e6), answers


async def measured(
    what: str, ask: Callable[[int], Awaitable[Answer]], hosts: int, is_good: Callable[[int, Answer], bool]
) -> None:
    """Ask for every host once cold and thirty times warm; print how many a second, and how many answers were wrong."""
    cold, answers = await timed(ask, hosts)
    tally = judged(answers, is_good)
    print(f"{what}, cold".ljust(20), f"{cold.per_s:>9,.0f} hosts/s, {cold.busy_us:>6,.1f} µs of our processor each")
    rounds = []
    for _ in range(WARM_ROUNDS):
        pace, answers = await timed(ask, hosts)
        rounds.append(pace)
        tally += judged(answers, is_good)
    median, busy_us = (statistics.median(getattr(one, name) for one in rounds) for name in ("per_s", "busy_us"))
    worst, best = min(one.per_s for one in rounds), max(one.per_s for one in rounds)
    spread = f"median of {WARM_ROUNDS} rounds, {worst:,.0f} to {best:,.0f}"
    print(f"{what}, warm".ljust(20), f"{median:>9,.0f} hosts/s, {busy_us:>6,.1f} µs of our processor each: {spread}")
    missed = f"{tally['missed']} of {tally.total():,} not found out although they could be"
    print(f"  wrong              {tally['wrong']}, and {missed}; {resident_mb():,.0f} MB")


def judged(answers: Sequence[Answer], is_good: Callable[[int, Answer], bool]) -> Counter[str]:
    """Count answers that are right, wrong, or only missed."""
    return Counter(
        "right" if is_good(number, answer) else "missed" if is_missed(number, answer) else "wrong"
        for number, answer in enumerate(answers)
    )


def resident_mb() -> float:
    """Give the memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def names_alone(port: int, hosts: int) -> None:
    """Look every name up once cold, then warm."""

    def ask(number: int) -> Awaitable[NameAnswer]:
        return resolver.look(f"www.s{number}.test", datetime.now(UTC))

    async with Resolver.open([f"127.0.0.1:{port}"], timedelta(seconds=3)) as resolver:
        await measured("names", ask, hosts, is_right)


async def whole_looks(names: int, registrations: int, hosts: int) -> None:
    """Resolve every host once cold, then warm."""

    def ask(number: int) -> Awaitable[Resolution]:
        site = f"s{number}.example"
        return locator.resolve(f"www.{site}", site, HostKind.WEB, datetime.now(UTC))

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "networks.csv"
        rows = (f"127.{1 + n}.0.0/16,{64_500 + n},Network {n},NL,hosting" for n in range(NETWORKS))
        file.write_text("\n".join(("network,asn,as_name,country,category", *rows)))
        settings = Settings(
            dns=Dns(nameservers=[f"127.0.0.1:{names}"]),
            geo=Geo(networks=[file], registration=f"http://127.0.0.1:{registrations}"),
            monitor=Monitor(allow=[ip_network("127.0.0.0/8")]),
        )
        async with Locator.open(settings, MemoryRegistrations()) as locator:
            collect_seldom()  # as the daemon does
            await measured("whole looks", ask, hosts, is_right_place)


async def measure(names: Connection, registrations: Connection, hosts: int) -> None:
    """Measure both, and print the figures."""
    ports = names.recv(), registrations.recv()
    print(f"hosts                {hosts:,}, servers {LATENCY_S * 1000:.0f} ms away, load {os.getloadavg()[0]:.1f}")
    await names_alone(ports[0], hosts)
    await whole_looks(*ports, hosts)
    names.send("how many?")
    registrations.send("what?")
    asked: Counter[str] = registrations.recv()
    networks = [count for path, count in asked.items() if path.startswith("/ip/")]
    print(f"  questions          {names.recv():,} to the name server, {asked.total()} to the registry")
    print(f"  registry asked     {sum(networks)} times for {len(networks)} networks, at most {max(networks)} for one")
    print(f"memory at most       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    print(f"load                 {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Start the servers, measure, stop the servers."""
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else HOSTS
    with ExitStack() as stack:
        names, registrations = (stack.enter_context(running(serve)) for serve in (serve_names, serve_registry))
        uvloop.run(measure(names, registrations, hosts))


if __name__ == "__main__":
    main()
