"""Data keys are made once, whoever asks, and outlive what was sealed with them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from ntd.store import keys
from ntd.store.base import Connection
from ntd.vault import MasterKeys, Vault, create_key_file, read_key_file
from schemas.errors import Misconfigured

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CLASSES = ("item", "host", "notice")


@pytest.fixture
def master(tmp_path: Path) -> MasterKeys:
    """Make a key file and read it."""
    create_key_file(tmp_path / "ntd.key")
    return read_key_file(tmp_path / "ntd.key")


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect to a fresh database."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def rows(connection: Connection) -> int:
    """Count the data keys."""
    return int(await connection.fetchval("SELECT count(*) FROM data_key"))


async def test_each_class_gets_a_key_a_month(connection: asyncpg.Connection, master: MasterKeys) -> None:
    """Asking again makes nothing; the next month's keys come a day ahead."""
    vault = Vault(master)
    await keys.ready(connection, vault, CLASSES, NOW)
    await keys.ready(connection, vault, CLASSES, NOW + timedelta(days=7))
    november = await rows(connection)
    await keys.ready(connection, vault, CLASSES, datetime(2026, 11, 30, 9, tzinfo=UTC))

    assert november == 3
    assert await rows(connection) == 6
    assert not vault.missing("item", datetime(2026, 12, 1, tzinfo=UTC).date())


async def test_daemons_at_once_share_one_key(database: str, master: MasterKeys) -> None:
    """Eight that ask at the same moment make one key a class; what one sealed every other opens."""
    vaults = [Vault(master) for _ in range(8)]
    pool = await asyncpg.create_pool(database, min_size=8, max_size=8)

    async def ask(vault: Vault) -> None:
        async with pool.acquire() as connection:
            await keys.ready(connection, vault, CLASSES, NOW)

    await asyncio.gather(*map(ask, vaults))
    async with pool.acquire() as connection:
        made = await rows(connection)
    await pool.close()
    sealed = [vault.seal("item", "item.secret", b"row", b"secret", NOW) for vault in vaults]

    assert made == 3
    assert {vault.open("item.secret", b"row", value) for vault in vaults for value in sealed} == {b"secret"}


async def test_another_key_file_stops_the_start(
    connection: asyncpg.Connection, master: MasterKeys, tmp_path: Path
) -> None:
    """A database that was sealed with another key file is left alone, and nothing is added to it."""
    await keys.ready(connection, Vault(master), CLASSES, NOW)
    create_key_file(tmp_path / "other.key")
    with pytest.raises(Misconfigured, match=r"other\.key is not the key of this database"):
        await keys.ready(connection, Vault(read_key_file(tmp_path / "other.key")), ["round"], NOW)

    assert await rows(connection) == 3


async def test_no_key_is_made_in_a_transaction(connection: asyncpg.Connection, master: MasterKeys) -> None:
    """A key of a transaction that is rolled back would seal rows that nobody can open."""
    async with connection.transaction():
        with pytest.raises(RuntimeError, match="outside of transactions"):
            await keys.ready(connection, Vault(master), CLASSES, NOW)
