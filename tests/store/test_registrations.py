"""Registration answers in the database: by key and by smallest block, until they expire."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from ntd.store.connect import open_store
from ntd.store.registrations import FORGET_EVERY, StoredRegistrations
from ntd.vault import create_key_file
from schemas.settings import Database, Security, Settings

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SOON = NOON + timedelta(hours=1)
WIDE, NARROW = ip_network("198.51.0.0/16"), ip_network("198.51.100.0/24")


class Noon:
    """A clock that stands."""

    def now(self) -> datetime:
        """Say noon."""
        return NOON


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Name a fresh database and a fresh key."""
    create_key_file(tmp_path / "ntd.key")
    return Settings(database=Database(url=database), security=Security(key_file=tmp_path / "ntd.key"))


async def test_the_smallest_block_that_has_not_expired_answers(settings: Settings) -> None:
    """Of nested blocks the smallest, of both families; what has expired is not given; a newer answer replaces."""
    async with open_store(settings, Noon()) as store:
        kept = StoredRegistrations(store)
        await kept.put("ip/wide", WIDE, b"wide", NOON, SOON + timedelta(hours=1))
        await kept.put("ip/narrow", NARROW, b"old", NOON, SOON)
        await kept.put("ip/narrow", NARROW, b"narrow", NOON, SOON)
        await kept.put("ip/six", ip_network("2001:db8::/32"), b"six", NOON, SOON)

        addresses = [ip_address(text) for text in ("198.51.100.7", "198.51.1.1", "2001:db8::1", "192.0.2.1")]
        assert [await kept.block(address, NOON) for address in addresses] == [b"narrow", b"wide", b"six", None]
        assert await kept.block(addresses[0], SOON) == b"wide"
        assert (await kept.get("ip/narrow", NOON), await kept.get("ip/narrow", SOON)) == (b"narrow", None)


async def test_an_answer_is_sealed_and_a_large_one_is_kept_whole(settings: Settings) -> None:
    """Neither key nor answer can be read in the database; a geofeed of four megabytes comes back as it went."""
    large = b"198.51.100.0/24,NL\n" * 220_000
    async with open_store(settings, Noon()) as store:
        kept = StoredRegistrations(store)
        await kept.put("geofeed/https://holder.test/feed.csv", None, large, NOON, SOON)
        (row,) = await store.pool.fetch("SELECT * FROM registration")

        assert b"holder.test" not in row["key_hash"]
        assert b"198.51.100.0" not in row["answer"]
        assert await kept.get("geofeed/https://holder.test/feed.csv", NOON) == large


async def test_what_has_expired_takes_no_room(settings: Settings) -> None:
    """Every hundredth answer kept lets the expired ones be forgotten, and no other."""
    async with open_store(settings, Noon()) as store:
        kept = StoredRegistrations(store)
        for number in range(FORGET_EVERY - 1):
            await kept.put(f"domain/{number}", None, b"x", NOON, SOON if number % 2 else NOON)
        before = await store.pool.fetchval("SELECT count(*) FROM registration")

        await kept.put("domain/last", None, b"x", NOON, SOON)
        after = await store.pool.fetchval("SELECT count(*) FROM registration")

        assert (before, after) == (99, 50)
