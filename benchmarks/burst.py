"""A burst: two hundred thousand items for four hundred recipients, all due at once, handed to a local relay.

    .venv/bin/python benchmarks/burst.py [--items 200000] [--recipients 400] [--format digest|xarf]

The daemon's own gathering and sending (`ntd.walk.gather`, `ntd.walk.send`) over an embedded database that keeps what a
power cut would lose, and a relay in a process of its own that takes everything. One item in ten is due for a reminder,
one in twenty is urgent (priority 0 or 1). Printed: how long until the last message was taken and settled, the largest
memory of the daemon, and how many messages came in the wrong order: a reminder before a first notice, a routine one
before an urgent one of the same kind. Floor: five minutes, nothing out of order.
"""

import argparse
import asyncio
import json
import multiprocessing
import re
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, cast

import uvloop

from notifiers.registry import Dispatcher
from ntd import log
from ntd.clock import SystemClock
from ntd.store.base import Store
from ntd.store.connect import open_store
from ntd.vault import create_key_file
from ntd.walk.gather import Gather
from ntd.walk.send import Send
from ntd.worker import Pulse, Runner, repeat
from schemas.ids import uuid7
from schemas.settings import Database, Log, Notices, Security, Settings, Smtp

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.fakes.outbox_rows import Rows

FLOOR_S = 300.0
#: One block of items in so many is urgent, one in so many is reminded.
BLOCK, URGENT, REMINDED = 1000, 20, 10
_MESSAGE_ID = re.compile(rb"(?m)^Message-ID: <([0-9a-f-]{36})@")


class Sink(asyncio.Protocol):
    """The least that a relay can do: it takes everything, and keeps who came when."""

    taken: list[str] = []  # noqa: RUF012 -- of the process: all its connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        # A transport of uvloop is no subclass of asyncio's.
        self.transport, self.buffer, self.in_content = cast("asyncio.Transport", transport), bytearray(), False
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole command, and every whole content."""
        searched = max(0, len(self.buffer) - 4)
        self.buffer += data
        while (end := self.buffer.find(b"\r\n.\r\n" if self.in_content else b"\r\n", searched)) >= 0:
            searched = 0
            if self.in_content:
                found = _MESSAGE_ID.search(self.buffer, 0, 4096)
                self.taken.append(found[1].decode() if found else "")
            starts = not self.in_content and self.buffer.startswith(b"DATA")
            del self.buffer[: end + (5 if self.in_content else 2)]
            self.in_content = starts
            self.transport.write(b"354 go\r\n" if starts else b"250 ok\r\n")


def sink(pipe: Pipe) -> None:
    """Serve until asked what came; tell it and end."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, pipe.recv)
        pipe.send(Sink.taken)

    uvloop.run(serve())


async def fill(store: Store, items: int, recipients: int, form: str, now: datetime) -> None:
    """Write items that stand at one hoster for each recipient, checked, routed, and all due to be told now."""
    rows = Rows(recipients=recipients, reminded=_reminded, priority=_priority, format=form)
    async with store.pool.acquire() as connection:
        # Nobody checks what refers to what: it took as long as all the rest.
        await connection.execute("SET session_replication_role = replica")
        await rows.add_recipients(connection, store, now)
        for begin in range(0, items, 50_000):
            await rows.add_items(connection, store, range(begin, min(items, begin + 50_000)), now)
        await connection.execute("RESET session_replication_role")
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")


def _reminded(number: int) -> bool:
    # The items of a recipient are spread over all blocks: each has some of every sort.
    return number // BLOCK % REMINDED == 7


def _priority(number: int) -> int:
    block = number // BLOCK
    return block // URGENT % 2 if block % URGENT == 3 else 2 + block % 8


async def burst(store: Store, settings: Settings, items: int) -> float:
    """Gather and send until every item is told; give the seconds it took."""
    clock, pulse, stop = SystemClock(), Pulse(), asyncio.Event()
    async with Dispatcher.open(settings, clock.now) as out, asyncio.TaskGroup() as group:
        send = Send(store, settings, out, clock, uuid7(clock.now()))
        began = time.perf_counter()
        group.create_task(repeat("gather", Gather(store, settings).turn, clock, pulse, stop))
        group.create_task(Runner(send, clock, pulse, stop).run())
        while (told := await _told(store)) < items:
            if pulse.faults:
                raise RuntimeError(f"something went wrong: {pulse.faults}")
            print(f"{time.perf_counter() - began:6.1f} s {told:8,} items told", flush=True)
            await asyncio.sleep(2.0)
        took = time.perf_counter() - began
        stop.set()
    return took


async def _told(store: Store) -> int:
    return int(
        await store.pool.fetchval("SELECT coalesce(sum(item_count), 0) FROM notice WHERE accepted_at IS NOT NULL")
    )


async def out_of_order(store: Store, taken: Sequence[str]) -> dict[str, int]:
    """Count messages that came after one that should have waited for them."""
    rows = await store.pool.fetch("SELECT id, kind, priority FROM notice")
    rank = {str(row["id"]): (row["kind"] != "first", row["priority"] > 1) for row in rows}
    return {
        "first_after_reminder": _late([rank[one][0] for one in taken]),
        "urgent_after_routine": _late([rank[one][1] for one in taken if not rank[one][0]]),
    }


def _late(waits: Sequence[bool]) -> int:
    first = next((n for n, one in enumerate(waits) if one), len(waits))
    return sum(not one for one in waits[first:])


async def measure(chosen: argparse.Namespace, port: int, pipe: Pipe) -> dict[str, Any]:
    """Fill a database, let the burst go, and say what came of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        create_key_file(folder / "ntd.key")
        settings = Settings(
            database=Database(url=f"embedded:{folder / 'pg'}"),
            security=Security(key_file=folder / "ntd.key"),
            smtp=Smtp(host="127.0.0.1", port=port, tls="none"),
            notices=Notices(largest=chosen.largest, window=timedelta(0)),
            log=Log(level="warning"),
        )
        log.configure(settings.log.format, settings.log.level)
        clock = SystemClock()
        async with open_store(settings, clock) as store:
            began = time.perf_counter()
            await fill(store, chosen.items, chosen.recipients, chosen.format, clock.now())
            print(f"{chosen.items:,} items written in {time.perf_counter() - began:.0f} s", flush=True)
            before = _peak_mb()
            took = await burst(store, settings, chosen.items)
            pipe.send(None)
            taken: list[str] = pipe.recv()
            return {
                "items": chosen.items,
                "recipients": chosen.recipients,
                "messages": len(taken),
                "twice": len(taken) - len(set(taken)),
                "took_s": round(took, 1),
                "items_per_s": round(chosen.items / took),
                "peak_mb": _peak_mb(),
                "peak_mb_before": before,
                "floor_s": FLOOR_S,
            } | await out_of_order(store, taken)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Measure and print one JSON document; exit 1 below the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--recipients", type=int, default=400)
    parser.add_argument("--largest", type=int, default=200)
    parser.add_argument("--format", choices=("digest", "xarf"), default="digest")
    chosen = parser.parse_args()
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=sink, args=(there,), daemon=True)
    process.start()
    try:
        result = uvloop.run(measure(chosen, here.recv(), here))
    finally:
        process.terminate()
    print(json.dumps(result, indent=2))
    if result["took_s"] > FLOOR_S or result["first_after_reminder"] or result["urgent_after_routine"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
