"""Registration answers in the database: by key and by smallest block, until they expire."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from ntd.store.connect import open_store
from ntd.store.registrations import FORGET_EVERY, StoredRegistrations
from ntd.store.together import Together
from schemas.settings import Settings
from tests.fakes.hand_clock import HandClock

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SOON = NOON + timedelta(hours=1)
WIDE, NARROW = ip_network("198.51.0.0/16"), ip_network("198.51.100.0/24")


async def test_the_smallest_block_that_has_not_expired_answers(settings: Settings) -> None:
    """Of nested blocks the smallest, of both families; what has expired is not given; a newer answer replaces."""
    async with open_store(settings, HandClock(NOON)) as store:
        kept = StoredRegistrations(store)
        await kept.put("ip/wide", WIDE, b"wide", NOON, SOON + timedelta(hours=1))
        await kept.put("ip/narrow", NARROW, b"old", NOON, SOON)
        await kept.put("ip/narrow", NARROW, b"narrow", NOON, SOON)
        await kept.put("ip/six", ip_network("2001:db8::/32"), b"six", NOON, SOON)

        addresses = [ip_address(text) for text in ("198.51.100.7", "198.51.1.1", "2001:db8::1", "192.0.2.1")]
        assert [await kept.block(address, NOON) for address in addresses] == [b"narrow", b"wide", b"six", None]
        assert await kept.block(addresses[0], SOON) == b"wide"
        assert (await kept.get("ip/narrow", NOON), await kept.get("ip/narrow", SOON)) == (b"narrow", None)


async def test_looks_of_one_moment_ask_together(settings: Settings) -> None:
    """Of sixty addresses and as many keys each gets the answer of its own block and moment."""
    addresses = [ip_address(f"198.51.{100 - number % 2}.{number}") for number in range(60)]
    async with open_store(settings, HandClock(NOON)) as store:
        kept = StoredRegistrations(store)
        await kept.put("ip/wide", WIDE, b"wide", NOON, SOON + timedelta(hours=1))
        await kept.put("ip/narrow", NARROW, b"narrow", NOON, SOON)

        found = await asyncio.gather(
            *(kept.block(address, SOON if number == 2 else NOON) for number, address in enumerate(addresses)),
            *(kept.get(f"ip/{'narrow' if number % 2 else 'nothing'}", NOON) for number in range(60)),
        )

        assert found[:4] == [b"narrow", b"wide", b"wide", b"wide"]
        assert found[4:60:2] == [b"narrow"] * 28
        assert found[60:] == [None, b"narrow"] * 30


async def test_questions_that_come_while_one_is_asked_go_together_with_the_next() -> None:
    """Three of one moment are one batch, those that come meanwhile the next; a fault is told to all of its batch."""
    batches: list[dict[str, datetime]] = []
    asked, going = asyncio.Event(), asyncio.Event()

    async def ask(keys: Mapping[str, datetime]) -> dict[str, bytes]:
        batches.append(dict(keys))
        asked.set()
        await going.wait()
        if "bad" in keys:
            raise ValueError("bad")
        return {key: key.encode() for key in keys if key != "unknown"}

    together = Together(ask)
    first = [asyncio.ensure_future(together.get(key, NOON)) for key in ("a", "b", "a")]
    await asked.wait()
    second = [asyncio.ensure_future(together.get(key, SOON)) for key in ("a", "unknown")]
    await asyncio.sleep(0)
    first[1].cancel()
    going.set()

    assert (await first[0], await first[2], await second[0], await second[1]) == (b"a", b"a", b"a", None)
    assert batches == [{"a": NOON, "b": NOON}, {"a": SOON, "unknown": SOON}]
    faults = await asyncio.gather(together.get("bad", NOON), together.get("c", NOON), return_exceptions=True)
    assert [str(fault) for fault in faults] == ["bad", "bad"]


async def test_an_answer_is_sealed_and_a_large_one_is_kept_whole(settings: Settings) -> None:
    """Neither key nor answer can be read in the database; a geofeed of four megabytes comes back as it went."""
    large = b"198.51.100.0/24,NL\n" * 220_000
    async with open_store(settings, HandClock(NOON)) as store:
        kept = StoredRegistrations(store)
        await kept.put("geofeed/https://holder.test/feed.csv", None, large, NOON, SOON)
        (row,) = await store.pool.fetch("SELECT * FROM registration")

        assert b"holder.test" not in row["key_hash"]
        assert b"198.51.100.0" not in row["answer"]
        assert await kept.get("geofeed/https://holder.test/feed.csv", NOON) == large


async def test_what_has_expired_takes_no_room(settings: Settings) -> None:
    """Every hundredth answer kept lets the expired ones be forgotten, and no other."""
    async with open_store(settings, HandClock(NOON)) as store:
        kept = StoredRegistrations(store)
        for number in range(FORGET_EVERY - 1):
            await kept.put(f"domain/{number}", None, b"x", NOON, SOON if number % 2 else NOON)
        before = await store.pool.fetchval("SELECT count(*) FROM registration")

        await kept.put("domain/last", None, b"x", NOON, SOON)
        after = await store.pool.fetchval("SELECT count(*) FROM registration")

        assert (before, after) == (99, 50)
