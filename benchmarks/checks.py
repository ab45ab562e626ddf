"""Checks per second against a fast local web server, beside a bare aiohttp loop that only dials and reads.

    .venv/bin/python benchmarks/checks.py [--checks 400] [--at-once 64] [--rounds 25] [--processes 1,2]

The server runs in its own process. Both sides open a new connection for every GET and read the same body; the bare loop
does nothing else, a check also asks for names, judges the address, hashes the body and says what it means. The sides
take turns and the medians are compared, because the machine is never quiet; with two processes both do the same side at
the same time. Floor: 0.8 of the bare loop, with one process and with two.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
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
FLOOR = 0.8
NAME = "img.bench.test"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SIDES = ("bare", "check")
_SPAWN = multiprocessing.get_context("spawn")


class Server(asyncio.Protocol):
    """Answers every request with the same picture: as cheap as a server can be, so that the client is measured."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        # uvloop's transports are transports without saying so.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(HEAD + BODY)


async def _serve(ready: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=4096)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _server_process(ready: Connection) -> None:
    uvloop.run(_serve(ready))


@contextmanager
def serving() -> Iterator[int]:
    """Serve in a process of its own; gives the port."""
    ready, theirs = _SPAWN.Pipe(duplex=False)
    server = _SPAWN.Process(target=_server_process, args=(theirs,), daemon=True)
    server.start()
    try:
        yield ready.recv()
    finally:
        server.terminate()
        server.join()


async def _run(one: Callable[[], Awaitable[None]], checks: int, at_once: int) -> None:
    """Run `one` so many times, so many at once."""
    left = checks

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await one()

    async with asyncio.TaskGroup() as together:
        for _ in range(at_once):
            together.create_task(worker())


async def _work(port: int, at_once: int, orders: Connection) -> None:
    """Do what is ordered, (side, how many), and answer with the seconds of the processor that it took."""
    url = parse_url(f"http://{NAME}:{port}/i/1.jpg")
    found = Names(fate=NameFate.FOUND, addresses=(ip_address("127.0.0.1"),))
    connector = aiohttp.TCPConnector(limit=0, force_close=True)

    async def names(_host: str) -> Names:
        return found

    async with (
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
        Looker.open(Monitor(per_host=100, per_network=500), names=names, public=lambda _: True) as looker,
    ):
        first = (await looker.round(url, now=NOW)).observations[0].body
        assert first is not None
        baseline = Baseline(sha256=first.sha256, length_bytes=first.length_bytes, type=first.type)

        async def bare() -> None:
            async with session.get(f"http://127.0.0.1:{port}/i/1.jpg") as answer:
                await answer.read()

        async def check() -> None:
            seen = await looker.round(url, baseline=baseline, now=NOW)
            assert seen.meaning.verdict is Verdict.UP, seen.meaning

        sides = {"bare": bare, "check": check}
        while (order := await asyncio.to_thread(orders.recv)) is not None:
            side, checks = order
            began = resource.getrusage(resource.RUSAGE_SELF)
            await _run(sides[side], checks, at_once)
            ended = resource.getrusage(resource.RUSAGE_SELF)
            orders.send(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)


def _worker_process(port: int, at_once: int, orders: Connection) -> None:
    uvloop.run(_work(port, at_once, orders))


def _rate(workers: Sequence[Connection], side: str, checks: int) -> tuple[float, float]:
    """Have every worker do one side at the same time; give how many a second, and processor seconds of each one."""
    began = time.perf_counter()
    for worker in workers:
        worker.send((side, checks))
    cpu_s = sum(worker.recv() for worker in workers)
    return len(workers) * checks / (time.perf_counter() - began), cpu_s / (len(workers) * checks)


def _measure(port: int, processes: int, checks: int, at_once: int, rounds: int) -> dict[str, object]:
    pipes = [_SPAWN.Pipe() for _ in range(processes)]
    started = [_SPAWN.Process(target=_worker_process, args=(port, at_once, theirs), daemon=True) for _, theirs in pipes]
    for one in started:
        one.start()
    workers = [ours for ours, _ in pipes]
    for side in SIDES:
        _rate(workers, side, checks)
    # Short turns, each side first as often as the other: what else the machine does meets both alike.
    seen = [
        {side: _rate(workers, side, checks) for side in (SIDES if turn % 2 else SIDES[::-1])} for turn in range(rounds)
    ]
    for worker, one in zip(workers, started, strict=True):
        worker.send(None)
        one.join()
    return {
        "processes": processes,
        "bare_aiohttp_per_s": round(statistics.median(one["bare"][0] for one in seen)),
        "checks_per_s": round(statistics.median(one["check"][0] for one in seen)),
        "share": round(statistics.median(one["check"][0] / one["bare"][0] for one in seen), 3),
        "bare_cpu_us": round(1e6 * statistics.median(one["bare"][1] for one in seen)),
        "check_cpu_us": round(1e6 * statistics.median(one["check"][1] for one in seen)),
    }


def main() -> None:
    """Measure and print one JSON document; exit 1 below the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=400)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--processes", default="1,2", help="how many processes, one measurement each")
    chosen = parser.parse_args()
    with serving() as port:
        runs = [
            _measure(port, int(processes), chosen.checks, chosen.at_once, chosen.rounds)
            for processes in chosen.processes.split(",")
        ]
    asked = {"checks": chosen.checks, "at_once": chosen.at_once, "rounds": chosen.rounds}
    print(json.dumps({"runs": runs, "floor": FLOOR, **asked}, indent=2))
    if min(float(str(one["share"])) for one in runs) < FLOOR:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
