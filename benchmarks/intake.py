"""Items a second of intake, beside a bare COPY of the same lines in the same run.

python benchmarks/intake.py [LINES]: NDJSON with every key filled, 200 hosts; parsed, encrypted, written, answered, by
one process on an embedded database of its own that keeps what a power cut would lose. Floor: 8,000 items a second.
"""

import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import orjson
import uvloop

from ntd.clock import SystemClock
from ntd.intake_stream import Stream
from ntd.store.base import Store
from ntd.store.connect import open_store
from ntd.vault import create_key_file
from schemas.item import LineAnswer
from schemas.settings import Database, Security, Settings

FLOOR = 8000
CHUNK_BYTES = 64 * 1024
HOSTS = 200
SITES = 50


def lines(count: int) -> list[bytes]:
    """Make lines as a hotline would send them."""
    return [
        orjson.dumps(
            {
                "url": f"https://img{n % HOSTS}.site{n % SITES}.example/i/{n:08}/large.jpg",
                "report": f"M-2026-{n:06}",
                "reference": f"SCART-{n}",
                "source": "inhope",
                "confirmed": True,
                "classification": "baseline",
                "confirmed_at": "2026-11-20T09:00:00Z",
                "confirmed_by": "analyst-7",
                "site_type": "imagehost",
                "media": "image",
                "hashes": {"sha256": f"{n:064x}"},
                "series": "S-17",
                "priority": n % 10,
                "reason": "",
            }
        )
        + b"\n"
        for n in range(count)
    ]


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    """Give the data as a file would."""
    for at in range(0, len(data), CHUNK_BYTES):
        yield data[at : at + CHUNK_BYTES]


async def bare_copy(store: Store, records: list[bytes]) -> float:
    """Write the lines as they are into a table of one column, durably; give the seconds."""
    begin = perf_counter()
    async with store.pool.acquire() as connection:
        await connection.execute("CREATE TABLE bare (line bytea NOT NULL)")
        await connection.copy_records_to_table("bare", records=[(line,) for line in records])
    return perf_counter() - begin


async def intake(store: Store, settings: Settings, records: list[bytes]) -> float:
    """Take the lines as `ntd submit` does; give the seconds."""
    written = 0

    async def answered(answers: list[LineAnswer]) -> None:
        nonlocal written
        written += sum(len(orjson.dumps(answer, default=str)) for answer in answers)

    begin = perf_counter()
    stream = Stream(store=store, settings=settings, clock=SystemClock(), by="benchmark", answered=answered)
    tally = await stream.run(chunks(b"".join(records)))
    spent = perf_counter() - begin
    assert tally.summary() == f"{len(records)} lines: {len(records)} accepted, 0 duplicate, 0 refused", tally.summary()
    return spent


async def main(count: int) -> int:
    """Measure both and say so; 1 below the floor."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        create_key_file(root / "ntd.key")
        settings = Settings(
            database=Database(url=f"embedded:{root / 'pg'}"), security=Security(key_file=root / "ntd.key")
        )
        async with open_store(settings, SystemClock()) as store:
            await intake(store, settings, lines(100)[:0] or lines(1))
            records = [line.replace(b".example/i/", b".test/i/") for line in lines(count)]
            copied = await bare_copy(store, records)
            taken = await intake(store, settings, records)
    rate = count / taken
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC  {count} lines")
    print(f"bare COPY  {count / copied:10,.0f} lines/s")
    print(f"intake     {rate:10,.0f} items/s  ({copied / taken:.3f} of the bare COPY; floor {FLOOR:,})")
    return 0 if rate >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)))
