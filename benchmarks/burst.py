"""A burst: two hundred thousand items for four hundred recipients, all due at once, handed to a local relay.

    .venv/bin/python benchmarks/burst.py [--items 200000] [--recipients 400] [--daemons 1]

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
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import uvloop

from notifiers.registry import Dispatcher
from ntd.clock import SystemClock
from ntd.store.base import Connection, Store, row_id
from ntd.store.connect import open_store
from ntd.vault import create_key_file
from ntd.walk.gather import Gather
from ntd.walk.send import Send
from ntd.worker import Pulse, Runner, repeat
from schemas.ids import uuid7
from schemas.item import Basis
from schemas.settings import Database, Log, Notices, Security, Settings, Smtp

FLOOR_S = 300.0
HOSTS_OF_A_RECIPIENT = 5
LANGUAGES = ("en", "nl", "de", "fr", "es", "pt", "pl", "cs", "ro", "ru", "uk", "hi")
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


async def fill(store: Store, items: int, recipients: int, now: datetime) -> None:
    """Write items that stand at one hoster for each recipient, checked, routed, and all due to be told now."""
    async with store.pool.acquire() as connection:
        # Nobody checks what refers to what: it took as long as all the rest.
        await connection.execute("SET session_replication_role = replica")
        await _fill_recipients(connection, store, recipients, now)
        hosts = recipients * HOSTS_OF_A_RECIPIENT
        for begin in range(0, items, 50_000):
            numbers = range(begin, min(items, begin + 50_000))
            await _fill_items(connection, store, numbers, hosts, recipients, now)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")


async def _fill_recipients(connection: Connection, store: Store, recipients: int, now: datetime) -> None:
    numbers = range(1, recipients + 1)
    keys = {n: n.to_bytes(16, "big") for n in range(1, recipients * HOSTS_OF_A_RECIPIENT + 1)}
    rows: Sequence[tuple[Any, ...]] = [
        (
            keys[n],
            "mail",
            store.seal("recipient.address", keys[n], f"abuse@hoster{n}.test", now),
            LANGUAGES[n % len(LANGUAGES)],
            now,
        )
        for n in numbers
    ]
    columns = ("address_hash", "channel", "address", "language", "created_at")
    await connection.copy_records_to_table("recipient", records=rows, columns=columns)
    rows = [(keys[n], store.seal("hoster.name", keys[n], f"Hoster {n}", now), 64500, now) for n in numbers]
    await connection.copy_records_to_table("hoster", records=rows, columns=("key_hash", "name", "asn", "created_at"))
    rows = [(keys[n], n, 64500, f"Hoster {n} network", "NL", now) for n in numbers]
    columns = ("key_hash", "hoster_id", "asn", "as_name", "country", "created_at")
    await connection.copy_records_to_table("place", records=rows, columns=columns)
    rows = [(keys[n], store.seal("site.name", keys[n], f"site{n}.test", now), now) for n in keys]
    await connection.copy_records_to_table("site", records=rows, columns=("name_hash", "name", "created_at"))
    rows = [(n, keys[n], store.seal("host.name", keys[n], f"img.site{n}.test", now), now, now, now, 1) for n in keys]
    columns = ("site_id", "name_hash", "name", "created_at", "looked_at", "located_at", "looks")
    await connection.copy_records_to_table("host", records=rows, columns=columns)
    stand = [
        (
            n,
            1 + n % recipients,
            "NL",
            1 + n % recipients,
            _addresses(store, n, now),
            [1 + n % recipients],
            now,
            now,
            now,
        )
        for n in keys
    ]
    columns = (
        "host_id",
        "hoster_id",
        "country",
        "place_id",
        "addresses",
        "contacts",
        "from_at",
        "seen_at",
        "joined_at",
    )
    await connection.copy_records_to_table("episode", records=stand, columns=columns)


def _addresses(store: Store, host: int, now: datetime) -> bytes:
    return store.seal("episode.addresses", row_id(host), [f"192.0.2.{host % 256}"], now)


async def _fill_items(
    connection: Connection, store: Store, numbers: range, hosts: int, recipients: int, now: datetime
) -> None:
    ids = {n: uuid7(now) for n in numbers}
    rows: Sequence[tuple[Any, ...]] = [_item(store, n, ids[n], 1 + n % hosts, now) for n in numbers]
    columns = ("id", "url_hash", "secret", "host_id", "site_id", "state", "priority", "confirmed", "classification")
    columns += ("basis", "media", "received_at", "resolved_at", "confirmed_at", "last_up_at", "last_verdict")
    await connection.copy_records_to_table("item", records=rows, columns=columns)
    stays = {n: uuid7(now) for n in numbers}
    rows = [_stay(n, stays[n], ids[n], 1 + (1 + n % hosts) % recipients, now) for n in numbers]
    columns = ("id", "item_id", "hoster_id", "country", "place_id", "recipient_id", "began_at", "located_at")
    columns += ("last_up_at", "noticed_at", "clock_at", "told_at")
    await connection.copy_records_to_table("stay", records=rows, columns=columns)
    rows = [_telling(n, stays[n], ids[n], 1 + (1 + n % hosts) % recipients, now) for n in numbers]
    columns = ("recipient_id", "item_id", "stay_id", "kind", "step", "spell", "priority", "written_at", "gather_at")
    await connection.copy_records_to_table("telling", records=rows, columns=columns)


def _telling(number: int, stay: UUID, item: UUID, recipient: int, now: datetime) -> tuple[Any, ...]:
    reminded = _reminded(number)
    kind = "reminder" if reminded else "first"
    return (recipient, item, stay, kind, int(reminded), 1, _priority(number), now, now)


def _reminded(number: int) -> bool:
    # The items of a recipient are spread over all blocks: each has some of every sort.
    return number // BLOCK % REMINDED == 7


def _priority(number: int) -> int:
    block = number // BLOCK
    return block // URGENT % 2 if block % URGENT == 3 else 2 + block % 8


def _item(store: Store, number: int, item: UUID, host: int, now: datetime) -> tuple[Any, ...]:
    secret = {"url": f"https://img.site{host}.test/i/{item}/{number:08}-large.jpg", "hashes": {"sha256": "ab" * 32}}
    sealed = store.seal("item.secret", row_id(item), secret, now)
    state = "noticed" if _reminded(number) else "routed"
    known = (state, _priority(number), True, "baseline", Basis.CSAM.value, "image")
    return (item, item.bytes, sealed, host, host, *known, now, now, now, now, "up")


def _stay(number: int, stay: UUID, item: UUID, hoster: int, now: datetime) -> tuple[Any, ...]:
    told = now - timedelta(days=1) if _reminded(number) else None
    return (stay, item, hoster, "NL", hoster, hoster, now, now, now, told, told, told)


async def burst(store: Store, settings: Settings, items: int) -> float:
    """Gather and send until every item is told; give the seconds it took."""
    clock, pulse, stop = SystemClock(), Pulse(), asyncio.Event()
    async with Dispatcher.open(settings) as out, asyncio.TaskGroup() as group:
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
        clock = SystemClock()
        async with open_store(settings, clock) as store:
            began = time.perf_counter()
            await fill(store, chosen.items, chosen.recipients, clock.now())
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
