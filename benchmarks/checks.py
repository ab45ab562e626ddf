"""Checks per second against a fast local web server, beside a bare aiohttp loop that only dials and reads.

    .venv/bin/python benchmarks/checks.py [--checks 4000] [--at-once 64] [--rounds 3]

The server runs in its own process. Both sides open a new connection for every GET and read the same body; the bare loop
does nothing else, a check also asks for names, judges the address, hashes the body and says what it means. The sides
take turns and the medians are compared, because the machine is never quiet.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from multiprocessing.connection import Connection
from typing import cast

import aiohttp
import uvloop

from monitor.look import Looker
from schemas.check import Baseline, Names, Verdict
from schemas.hosting import NameFate
from schemas.settings import Monitor
from schemas.url import parse_url

BODY = b"\xff\xd8\xff" + b"an item of 2.7 kB " * 150
HEAD = b"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(BODY)
FLOOR = 0.5
NAME = "img.bench.test"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class _Server(asyncio.Protocol):
    """Answers every request with the same picture: as cheap as a server can be, so that the client is measured."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are transports without saying so.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(HEAD + BODY)


async def _serve(ready: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0, backlog=4096)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _server_process(ready: Connection) -> None:
    uvloop.run(_serve(ready))


async def _rate(one: Callable[[], Awaitable[None]], checks: int, at_once: int) -> float:
    """Run `one` so many times, so many at once, and give how many a second."""
    left = checks

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await one()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as together:
        for _ in range(at_once):
            together.create_task(worker())
    return checks / (time.perf_counter() - began)


async def _measure(port: int, checks: int, at_once: int, rounds: int) -> dict[str, object]:
    url = parse_url(f"http://{NAME}:{port}/i/1.jpg")
    address = ip_address("127.0.0.1")
    found = Names(fate=NameFate.FOUND, addresses=(address,))
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    settings = Monitor(per_host=100, per_network=500)

    async def names(_host: str) -> Names:
        return found

    async with (
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
        Looker.open(settings, names=names, public=lambda _: True) as looker,
    ):
        baseline: Baseline | None = None

        async def bare() -> None:
            async with session.get(f"http://127.0.0.1:{port}/i/1.jpg") as answer:
                await answer.read()

        async def check() -> None:
            seen = await looker.round(url, baseline=baseline, now=NOW)
            assert seen.meaning.verdict in {Verdict.UP, Verdict.GONE}, seen.meaning

        first = (await looker.round(url, now=NOW)).observations[0].body
        assert first is not None
        baseline = Baseline(sha256=first.sha256, length_bytes=first.length_bytes, type=first.type)
        await _rate(bare, checks // 10, at_once)
        await _rate(check, checks // 10, at_once)
        both = [(await _rate(bare, checks, at_once), await _rate(check, checks, at_once)) for _ in range(rounds)]
    bare_s, check_s = (statistics.median(rates) for rates in zip(*both, strict=True))
    return {
        "bare_aiohttp_per_s": round(bare_s),
        "checks_per_s": round(check_s),
        "share": round(statistics.median(check / bare for bare, check in both), 3),
        "floor": FLOOR,
        "checks": checks,
        "at_once": at_once,
        "rounds": rounds,
    }


def main() -> None:
    """Measure and print one JSON document; exit 1 below the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=4000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    ready, theirs = multiprocessing.get_context("spawn").Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_server_process, args=(theirs,), daemon=True)
    server.start()
    try:
        result = uvloop.run(_measure(ready.recv(), chosen.checks, chosen.at_once, chosen.rounds))
    finally:
        server.terminate()
        server.join()
    print(json.dumps(result, indent=2))
    if float(str(result["share"])) < FLOOR:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
