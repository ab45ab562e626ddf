"""How many hosts a second are resolved, cold and warm, against a name server 50 ms away in a process of its own.

    python benchmarks/resolution.py [HOSTS]

Each host has an A and an AAAA record; 5 % of the questions get no answer the first time and 2 % get SERVFAIL the first
time, as on a bad day. Every answer is compared with the table: the last figure must be 0.
"""

import asyncio
import multiprocessing
import socket
import struct
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from multiprocessing.connection import Connection

import uvloop

from geo.dns import Resolver
from geo.names import NameAnswer
from schemas.hosting import NameFate

HOSTS = 5_000
LATENCY_S = 0.05
WARM_ROUNDS = 20
SILENT_PERCENT, FAILING_PERCENT = 5, 2
_A, _SERVFAIL = 1, 2


def address_of(number: int) -> IPv4Address:
    """Give the A record of host `number`."""
    return IPv4Address(0x7F10_0000 + number)


class Server(asyncio.DatagramProtocol):
    """Answers hNUMBER.bench.test from arithmetic; the first question for some names is lost or fails."""

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
        rcode, first = 0, question not in self.seen
        self.seen.add(question)
        if first and number % 100 < SILENT_PERCENT:
            return
        if first and number % 100 < SILENT_PERCENT + FAILING_PERCENT:
            rcode = _SERVFAIL
        kind = int.from_bytes(question[-4:-2], "big")
        body = address_of(number).packed if kind == _A else IPv6Address((0x2001_0DB8 << 96) + number).packed
        record = b"\xc0\x0c" + question[-4:] + struct.pack(">IH", 300, len(body)) + body
        head = data[:2] + bytes((0x85, 0x80 | rcode)) + struct.pack(">HHHH", 1, 0 if rcode else 1, 0, 0)
        reply = head + question + (b"" if rcode else record)
        self.loop.call_later(LATENCY_S, self.transport.sendto, reply, addr)  # type: ignore[attr-defined]


def serve(ready: Connection) -> None:
    """Run the name server and tell its port."""

    async def run() -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(("127.0.0.1", 0))
        await asyncio.get_running_loop().create_datagram_endpoint(Server, sock=sock)
        ready.send(sock.getsockname()[1])
        await asyncio.Event().wait()

    uvloop.run(run())


def wrong(answers: Sequence[NameAnswer]) -> int:
    """Count answers that are not what the table says."""
    return sum(
        answer.fate is NameFate.FOUND and answer.addresses[0] != address_of(number)
        for number, answer in enumerate(answers)
    )


async def measure(port: int, hosts: int) -> None:
    """Look every host up once cold, then warm, and print the figures."""
    names = [f"h{number}.bench.test" for number in range(hosts)]
    now = datetime.now(UTC)
    async with Resolver.open([f"127.0.0.1:{port}"], timedelta(seconds=1)) as resolver:
        began = time.perf_counter()
        answers = await asyncio.gather(*(resolver.look(name, now) for name in names))
        cold_s = time.perf_counter() - began
        began = time.perf_counter()
        for _ in range(WARM_ROUNDS):
            for name in names:
                await resolver.look(name, now)
        warm_s = time.perf_counter() - began
    lost = sum(not answer.complete for answer in answers)
    print(f"hosts                {hosts}")
    print(f"cold                 {hosts / cold_s:,.0f} hosts/s (server {LATENCY_S * 1000:.0f} ms away)")
    print(f"warm                 {hosts * WARM_ROUNDS / warm_s:,.0f} hosts/s")
    print(f"not found out        {lost}")
    print(f"wrong answers        {wrong(answers)}")


def main() -> None:
    """Start the server, measure, stop the server."""
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else HOSTS
    receiving, sending = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(sending,), daemon=True)
    server.start()
    try:
        uvloop.run(measure(receiving.recv(), hosts))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
