"""Claim-and-settle a second on a table of ten thousand items, beside the same on a million.

    .venv/bin/python benchmarks/claims.py [--items 1000000] [--checks 20000] [--batch 200] [--rounds 5]

Items are claimed and settled by the daemon's own turn (`ntd.walk.check.Check`), each look of them scripted: what is
measured is everything about a check but the look. Both tables lie on embedded databases that keep what a power cut
would lose, and take turns; the medians are compared. Before that each is worked off for some seconds as its looks fall
due, once an hour, and the worst lateness is told. Floor: on a million not slower than 0.8 times on ten thousand.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import uvloop

from monitor.look import Looker
from ntd.clock import SystemClock
from ntd.store import checks
from ntd.store.base import Connection, Store, row_id
from ntd.store.cases import observations_of
from ntd.store.connect import open_store
from ntd.vault import create_key_file
from ntd.walk.check import Check
from schemas.check import Body, Meaning, Observation, Round, Sight, Verdict
from schemas.ids import uuid7
from schemas.item import Basis
from schemas.settings import Database, Security, Settings

FLOOR = 0.8
SMALL = 10_000
ITEMS_OF_A_HOST = 50
HOUR = timedelta(hours=1)
ADDRESS = "192.0.2.7"
BODY = Body(sha256="aa" * 32, length_bytes=2700, type="image/jpeg")
UP = Meaning(verdict=Verdict.UP, reason="status_2xx")
_BLOCK = 50_000
#: The daemon claims the next while it settles the last.
SIDE_BY_SIDE = 2


SEEN = Observation(
    at=datetime(2026, 11, 20, tzinfo=UTC),
    vantage="direct",
    sight=Sight.ANSWERED,
    address=ip_address(ADDRESS),
    addresses=(ip_address(ADDRESS),),
    status=200,
    body=BODY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """Where the items of a table live, and what a look at one shows."""

    template: Observation = SEEN
    meaning: Meaning = UP
    url: Callable[[int, UUID], str] = lambda _host, item: f"https://img.bench.test/i/{item}/large.jpg"
    address: Callable[[int], str] = lambda _host: ADDRESS
    every: timedelta = HOUR

    def seen(self, host: int, item: UUID, now: datetime) -> Round:
        """Show what a look at an item of a host shows."""
        here, hops = ip_address(self.address(host)), self.template.hops
        if hops:
            hops = (replace(hops[0], url=self.url(host, item)),)
        look = replace(self.template, at=now, address=here, addresses=(here,), hops=hops)
        return Round(at=now, observations=(look,), meaning=self.meaning)


class Scripted:
    """Sees every page up, at once."""

    async def round(self, *_ignored: object, now: datetime, **_also: object) -> Round:
        """Answer as `monitor.look.Looker` does."""
        return Street().seen(1, uuid7(now), now)


async def fill(store: Store, items: int, now: datetime, street: Street | None = None) -> None:
    """Write so many items that a hoster was told about and that were seen up, due evenly over an hour from now."""
    street = street or Street()
    hosts = max(1, items // ITEMS_OF_A_HOST)
    async with store.pool.acquire() as connection:
        # Nobody checks what refers to what: it took as long as all the rest.
        await connection.execute("SET session_replication_role = replica")
        await _fill_places(connection, store, hosts, now, street)
        chance = random.Random(1)  # noqa: S311 -- the same tables each time
        # In the order of their ids, as they come in.
        every = sorted(uuid7(now) for _ in range(items))
        for begin in range(0, items, _BLOCK):
            ids = every[begin : begin + _BLOCK]
            lives = [(one, 1 + n % hosts) for n, one in enumerate(ids)]
            await _fill_items(connection, store, lives, now, street)
            await _fill_stays(connection, ids, now)
            seen = [(one, street.seen(host, one, now)) for one, host in lives]
            await _fill_looks(connection, store, seen, now)
            due = [(one, _due(now, street, chance), checks.evidence_of(look)) for one, look in seen]
            await connection.copy_records_to_table("schedule", records=due, columns=("item_id", "due_at", "evidence"))
        await connection.execute("RESET session_replication_role")
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")


async def plan_anew(store: Store, now: datetime, every: timedelta) -> None:
    """Have all items due anew, evenly over an interval from now, as if nothing had ever been looked at."""
    chance = random.Random(2)  # noqa: S311 -- the same times each time
    async with store.transaction() as connection:
        known = await connection.fetch("SELECT item_id, evidence FROM schedule ORDER BY item_id")
        await connection.execute("TRUNCATE schedule")
        due = [(row[0], _due(now, Street(every=every), chance), row[1]) for row in known]
        await connection.copy_records_to_table("schedule", records=due, columns=("item_id", "due_at", "evidence"))
    await store.pool.execute("VACUUM ANALYZE schedule")
    await store.pool.execute("CHECKPOINT")


def _due(now: datetime, street: Street, chance: random.Random) -> datetime:
    # To the second, as `monitor.schedule` says.
    return (now + street.every * chance.random()).replace(microsecond=0)


async def _fill_places(connection: Connection, store: Store, hosts: int, now: datetime, street: Street) -> None:
    name = store.seal("site.name", b"", "bench.test", now)
    await connection.execute("INSERT INTO site (name_hash, name, created_at) VALUES ('s', $1, $2)", name, now)
    await connection.execute(
        "INSERT INTO hoster (key_hash, name, asn, created_at) VALUES ('h', $1, 64501, $2)", name, now
    )
    await connection.execute(
        "INSERT INTO place (key_hash, hoster_id, asn, country, created_at) VALUES ('p', 1, 64501, 'NL', $1)", now
    )
    await connection.execute(
        "INSERT INTO recipient (address_hash, channel, address, created_at) VALUES ('r', 'mail', $1, $2)", name, now
    )
    named = [(1, n.to_bytes(8, "big"), name, now) for n in range(1, hosts + 1)]
    await connection.copy_records_to_table(
        "host", records=named, columns=("site_id", "name_hash", "name", "created_at")
    )
    stand = [
        (n, 1, "NL", 1, store.seal("episode.addresses", row_id(n), [street.address(n)], now), [1], now, now, now)
        for n in range(1, hosts + 1)
    ]
    await connection.copy_records_to_table(
        "episode",
        records=stand,
        columns=(
            "host_id",
            "hoster_id",
            "country",
            "place_id",
            "addresses",
            "contacts",
            "from_at",
            "seen_at",
            "joined_at",
        ),
    )


async def _fill_items(
    connection: Connection, store: Store, lives: list[tuple[UUID, int]], now: datetime, street: Street
) -> None:
    body = street.template.body or BODY
    rows = [
        (
            one,
            one.bytes,
            store.seal("item.secret", row_id(one), {"url": street.url(host, one)}, now),
            host,
            1,
            "noticed",
            5,
            True,
            Basis.CSAM.value,
            now,
            now,
            now,
            now,
            street.meaning.verdict.value,
            street.meaning.reason,
            bytes.fromhex(body.sha256),
            body.type,
            body.length_bytes,
        )
        for one, host in lives
    ]
    await connection.copy_records_to_table(
        "item",
        records=rows,
        columns=(
            "id",
            "url_hash",
            "secret",
            "host_id",
            "site_id",
            "state",
            "priority",
            "confirmed",
            "basis",
            "received_at",
            "resolved_at",
            "first_accepted_at",
            "last_up_at",
            "last_verdict",
            "last_reason",
            "first_sha256",
            "first_type",
            "first_length",
        ),
    )


async def _fill_looks(connection: Connection, store: Store, seen: list[tuple[UUID, Round]], now: datetime) -> None:
    rows = [
        (one, now, store.seal_bytes("round.observations", row_id(one), observations_of(look), now))
        for one, look in seen
    ]
    await connection.copy_records_to_table("last_look", records=rows, columns=("item_id", "at", "observations"))


async def _fill_stays(connection: Connection, ids: list[UUID], now: datetime) -> None:
    rows = [(uuid7(now), one, 1, "NL", 1, 1, now, now, now, now, now, now + timedelta(days=1)) for one in ids]
    await connection.copy_records_to_table(
        "stay",
        records=rows,
        columns=(
            "id",
            "item_id",
            "hoster_id",
            "country",
            "place_id",
            "recipient_id",
            "began_at",
            "clock_at",
            "noticed_at",
            "told_at",
            "last_up_at",
            "follow_up_at",
        ),
    )


@asynccontextmanager
async def table(folder: Path, items: int) -> AsyncIterator[tuple[Store, Check, datetime]]:
    """Open a database of its own with so many items; give it with the daemon's turn and the moment it begins."""
    folder.mkdir()
    create_key_file(folder / "ntd.key")
    settings = Settings(
        database=Database(url=f"embedded:{folder / 'pg'}"), security=Security(key_file=folder / "ntd.key")
    )
    clock = SystemClock()
    async with open_store(settings, clock) as store:
        began = time.perf_counter()
        start = clock.now() + timedelta(seconds=1)
        await fill(store, items, start)
        print(f"{items:,} items written in {time.perf_counter() - began:.0f} s", flush=True)
        looker = cast("Looker", Scripted())
        yield store, Check(store, settings, looker, clock, uuid7(start)), start


async def lateness(store: Store, check: Check, start: datetime, seconds: float, batch: int) -> float:
    """Work off looks as they fall due from `start` on; give the worst lateness seen, in seconds."""
    worst, began = 0.0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        now = start + timedelta(seconds=passed)
        worst = max(worst, (await checks.lateness(store, now)).total_seconds())
        if not await _turn(check, now, batch):
            await asyncio.sleep(0.05)
    return worst


async def _turn(check: Check, now: datetime, batch: int) -> int:
    jobs = await check.claim(now, batch)
    if jobs:
        await check.settle([await check.do(job) for job in jobs], now)
    return len(jobs)


async def rate(check: Check, now: datetime, count: int, batch: int) -> tuple[float, datetime]:
    """Claim and settle so many; give how many a second, and the simulated moment when it was done."""
    done, began = 0, time.perf_counter()

    async def worker() -> None:
        nonlocal done, now
        while done < count:
            worked = await _turn(check, now, batch)
            # All are done: an hour passes, and all are due again.
            now += timedelta() if worked else HOUR * 1.2
            done += worked

    await asyncio.gather(*(worker() for _ in range(SIDE_BY_SIDE)))
    return done / (time.perf_counter() - began), now


async def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Fill both tables, let them take turns, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            sizes = {"small": SMALL, "large": chosen.items}
            tables = {
                name: await stack.enter_async_context(table(Path(folder) / name, size)) for name, size in sizes.items()
            }
            late = {
                name: await lateness(store, check, start, chosen.paced_s, chosen.batch)
                for name, (store, check, start) in tables.items()
            }
            now = {name: start + HOUR * 1.2 for name, (_, _, start) in tables.items()}
            rates: dict[str, list[float]] = {name: [] for name in tables}
            for _ in range(chosen.rounds + 1):
                for name, (_, check, _) in tables.items():
                    per_s, now[name] = await rate(check, now[name], chosen.checks // chosen.rounds, chosen.batch)
                    rates[name].append(per_s)
    # The first round warms caches and plans.
    small, large = rates["small"][1:], rates["large"][1:]
    return {
        f"claim_and_settle_per_s_on_{SMALL}": round(statistics.median(small)),
        f"claim_and_settle_per_s_on_{chosen.items}": round(statistics.median(large)),
        "share": round(statistics.median(b / a for a, b in zip(small, large, strict=True)), 3),
        "floor": FLOOR,
        "worst_lateness_s": {str(sizes[name]): round(seconds, 2) for name, seconds in late.items()},
        "checks": chosen.checks,
        "batch": chosen.batch,
        "rounds": chosen.rounds,
    }


def main() -> None:
    """Measure and print one JSON document; exit 1 below the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--checks", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--paced-s", type=float, default=5.0)
    result = uvloop.run(measure(parser.parse_args()))
    print(json.dumps(result, indent=2))
    if float(result["share"]) < FLOOR:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
