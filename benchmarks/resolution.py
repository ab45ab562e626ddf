"""How many hosts a second are resolved, cold and warm, against servers 50 ms away in a process of their own.

    python benchmarks/resolution.py [HOSTS]

First names alone (A and AAAA), then whole looks: addresses, name servers, network file, registration of network and AS,
contact. Every host is a site of its own; they share 50 networks. 5 % of the names get no answer the first time and 2 %
get SERVFAIL the first time, as on a bad day. Every answer is compared with the table: wrong answers must be 0.
"""

import asyncio
import multiprocessing
import resource
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from aiohttp import web

from geo.dns import Resolver
from geo.names import NameAnswer
from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from schemas.hosting import NameFate, Resolution
from schemas.settings import Dns, Geo, Monitor, Settings
from schemas.url import HostKind

HOSTS = 5_000
NETWORKS = 50
LABELS = ("cold", "warm")
LATENCY_S = 0.05
WARM_ROUNDS = 20
SILENT_PERCENT, FAILING_PERCENT = 5, 2
NOERROR, SERVFAIL = 0, 2
A, NS, AAAA = 1, 2, 28


def address_of(number: int) -> IPv4Address:
    """Give the A record of host `number`: the hosts are dealt out to the networks."""
    return IPv4Address(0x7F00_0000 + (1 + number % NETWORKS << 16) + number // NETWORKS)


class Server(asyncio.DatagramProtocol):
    """Answers hNUMBER.test from arithmetic; the first question for some names is lost or fails."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self.transport = transport
        self.loop = asyncio.get_running_loop()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question, later."""
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        number = int(question[2 : 1 + question[0]])
        first = question not in self.seen
        self.seen.add(question)
        if first and number % 100 < SILENT_PERCENT:
            return
        rcode = SERVFAIL if first and number % 100 < SILENT_PERCENT + FAILING_PERCENT else NOERROR
        body = self.body(number, int.from_bytes(question[-4:-2], "big"))
        record = b"\xc0\x0c" + question[-4:] + struct.pack(">IH", 300, len(body)) + body
        head = data[:2] + bytes((0x85, 0x80 | rcode)) + struct.pack(">HHHH", 1, 0 if rcode else 1, 0, 0)
        reply = head + question + (b"" if rcode else record)
        self.loop.call_later(LATENCY_S, self.transport.sendto, reply, addr)  # type: ignore[attr-defined]

    def body(self, number: int, kind: int) -> bytes:
        """Give the data of a record."""
        if kind == A:
            return address_of(number).packed
        return IPv6Address((0x2001_0DB8 << 96) + number).packed if kind == AAAA else b"\x02ns\xc0\x0c"


def serve(told: Connection) -> None:
    """Run name server and registry, tell their ports, and how often each block was asked for."""

    async def run() -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(("127.0.0.1", 0))
        await asyncio.get_running_loop().create_datagram_endpoint(Server, sock=sock)
        runner = web.AppRunner(registry(asked := Counter[str]()))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        told.send((sock.getsockname()[1], runner.addresses[0][1]))
        await asyncio.to_thread(told.recv)
        told.send(asked)

    uvloop.run(run())


def registry(asked: Counter[str]) -> web.Application:
    """Make a registry that knows each network by its /16."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(LATENCY_S)
        kind, _, what = request.path.lstrip("/").partition("/")
        if kind != "ip":
            return web.json_response({}, status=404)
        block = ip_network(f"{what}/16", strict=False)
        asked[str(block)] += 1
        entity = {"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", f"abuse@n{block[0]}.test"]]]}
        ends = {"startAddress": str(block[0]), "endAddress": str(block[-1])}
        return web.json_response({"objectClassName": "ip network", **ends, "entities": [entity]})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app


def wrong_names(answers: Sequence[NameAnswer]) -> int:
    """Count answers that are not what the table says."""
    return sum(
        answer.fate is NameFate.FOUND and answer.addresses[0] != address_of(number)
        for number, answer in enumerate(answers)
    )


def wrong_places(looks: Sequence[Resolution]) -> int:
    """Count looks whose AS or contact is not that of the table."""
    found = ((number, look.located[0]) for number, look in enumerate(looks) if look.located)
    return sum(
        located.place.asn != 64_500 + number % NETWORKS
        or located.contacts[0].address != f"abuse@n127.{1 + number % NETWORKS}.0.0.test"
        for number, located in found
    )


class Stopwatch:
    """Prints how many of something were done a second, and a second of our processor."""

    def __init__(self) -> None:
        self.wall_s, self.busy_s = time.perf_counter(), time.process_time()

    def print(self, label: str, count: int) -> None:
        """Print the figure."""
        wall_s, busy_s = time.perf_counter() - self.wall_s, time.process_time() - self.busy_s
        print(f"{label:<20} {count / wall_s:,.0f} hosts/s ({count / busy_s:,.0f} per second of our processor)")


async def names_alone(port: int, names: Sequence[str], now: datetime) -> None:
    """Look every name up once cold, then warm."""
    async with Resolver.open([f"127.0.0.1:{port}"], timedelta(seconds=3)) as resolver:
        watch = Stopwatch()
        answers = await asyncio.gather(*(resolver.look(name, now) for name in names))
        watch.print("names, cold", len(names))
        watch = Stopwatch()
        for _ in range(WARM_ROUNDS):
            for name in names:
                await resolver.look(name, now)
        watch.print("names, warm", len(names) * WARM_ROUNDS)
    print(f"  not found out      {sum(not answer.complete for answer in answers)}")
    print(f"  wrong answers      {wrong_names(answers)}")


async def whole_looks(ports: tuple[int, int], names: Sequence[str], now: datetime) -> None:
    """Resolve every host once cold, then warm."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "networks.csv"
        rows = (f"127.{1 + n}.0.0/16,{64_500 + n},Network {n},NL,hosting" for n in range(NETWORKS))
        file.write_text("\n".join(("network,asn,as_name,country,category", *rows)))
        settings = Settings(
            dns=Dns(nameservers=[f"127.0.0.1:{ports[0]}"]),
            geo=Geo(networks=[file], registration=f"http://127.0.0.1:{ports[1]}"),
            monitor=Monitor(allow=[ip_network("127.0.0.0/8")]),
        )
        async with Locator.open(settings, MemoryRegistrations()) as locator:
            looks: list[Resolution] = []
            for label in LABELS:
                watch = Stopwatch()
                looks = await asyncio.gather(*(locator.resolve(n, n, HostKind.WEB, now) for n in names))
                watch.print(f"whole looks, {label}", len(names))
    print(f"  not complete       {sum(not look.complete for look in looks)}")
    print(f"  wrong places       {wrong_places(looks)}")


async def measure(ours: Connection, hosts: int) -> None:
    """Measure both, and print the figures."""
    ports: tuple[int, int] = ours.recv()
    now = datetime.now(UTC)
    print(f"hosts                {hosts:,}, servers {LATENCY_S * 1000:.0f} ms away")
    await names_alone(ports[0], [f"h{number}.test" for number in range(hosts)], now)
    await whole_looks(ports, [f"h{number}.example" for number in range(hosts)], now)
    ours.send("enough")
    asked: Counter[str] = ours.recv()
    print(f"  registry asked     {asked.total()} times for {len(asked)} networks")
    print(f"memory at most       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def main() -> None:
    """Start the servers, measure, stop the servers."""
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else HOSTS
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        uvloop.run(measure(ours, hosts))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
