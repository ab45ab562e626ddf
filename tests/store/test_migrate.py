"""Migrations: only added, applied once, never changed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from ntd.store.migrate import Migration, migrate, migrations, outstanding, pending
from schemas.errors import Misconfigured

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)

SHAPE = """
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY 1, 2
"""


@pytest.fixture
async def connection(empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect to an empty database."""
    connection = await asyncpg.connect(empty_database)
    yield connection
    await connection.close()


async def until(connection: asyncpg.Connection, so: str) -> None:
    """Wait until a question is answered with yes."""
    async with asyncio.timeout(20):
        while not await connection.fetchval(so):
            pass


def folder(path: Path, **files: str) -> Path:
    """Write migration files."""
    for name, text in files.items():
        (path / f"{name[1:]}.sql").write_text(text)
    return path


async def test_applying_twice_is_a_no_op(connection: asyncpg.Connection) -> None:
    """The second run applies nothing and changes no column."""
    first = await migrate(connection, NOW)
    shape = await connection.fetch(SHAPE)
    second = await migrate(connection, NOW)

    assert first == tuple(one.name for one in migrations())
    assert second == ()
    assert await connection.fetch(SHAPE) == shape
    assert await pending(connection) == ()


async def test_two_at_once_apply_each_once(empty_database: str) -> None:
    """Of two processes that migrate at the same time one applies everything and the other nothing."""
    pair = [await asyncpg.connect(empty_database) for _ in range(2)]
    done = await asyncio.gather(*(migrate(one, NOW) for one in pair))
    rows = await pair[0].fetchval("SELECT count(*) FROM migration")
    for one in pair:
        await one.close()

    assert min(done, key=len) == ()
    assert rows == len(migrations())


async def test_who_asks_what_is_missing_waits_for_who_applies_it(empty_database: str, tmp_path: Path) -> None:
    """A command typed while the daemon is still migrating finds the database up to date, however long that takes."""
    files = folder(tmp_path, _0001_a="CREATE TABLE a (x int);", _0002_b="SELECT pg_advisory_xact_lock(1);")
    barrier, daemon, command = [await asyncpg.connect(empty_database) for _ in range(3)]
    await barrier.execute("SELECT pg_advisory_lock(1)")
    migrating = asyncio.create_task(migrate(daemon, NOW, files))
    await until(barrier, "SELECT to_regclass('a') IS NOT NULL")
    asking = asyncio.create_task(pending(command, files))
    await until(barrier, "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    await barrier.execute("SELECT pg_advisory_unlock(1)")
    applied, missing = await asyncio.gather(migrating, asking)
    for one in (barrier, daemon, command):
        await one.close()

    assert (applied, missing) == (("0001_a", "0002_b"), ())


async def test_looks_under_way_while_leases_get_their_own_time_are_due_again(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """A database that a killed daemon left with leases of the old kind is brought to this version; no look is lost."""
    for one in migrations()[:3]:
        (tmp_path / f"{one.name}.sql").write_text(one.text)
    await migrate(connection, NOW, tmp_path)
    await connection.execute("SET session_replication_role = replica")  # no item is needed for this
    await connection.execute(
        "INSERT INTO schedule (item_id, due_at, token) SELECT gen_random_uuid(), $1, t FROM unnest($2::uuid[]) AS t",
        NOW,
        [None, UUID(int=1), UUID(int=2)],
    )
    applied = await migrate(connection, NOW)
    rows = await connection.fetch("SELECT DISTINCT due_at, token, leased_until FROM schedule")

    assert applied[0] == "0004_leases_of_looks"
    assert [tuple(row) for row in rows] == [(NOW, None, None)]


async def test_what_nobody_reads_leaves_a_database_in_use(connection: asyncpg.Connection, tmp_path: Path) -> None:
    """A database of the version before loses a column and a table that no statement names, and no row of any other."""
    for one in migrations()[:5]:
        (tmp_path / f"{one.name}.sql").write_text(one.text)
    await migrate(connection, NOW, tmp_path)
    await connection.execute("SET session_replication_role = replica")  # no recipient is needed for this
    await connection.execute(
        "INSERT INTO notice (id, replaces, created_at, written_at, kind, recipient_id, channel, format, language,"
        " state, message_id, item_count, priority) "
        "VALUES ($1, $1, $2, $2, 'first', 1, 'mail', 'digest', 'en', 'struck', 'm', 1, 5)",
        UUID(int=1),
        NOW,
    )
    applied = await migrate(connection, NOW)

    assert applied[0] == "0006_what_nobody_reads"
    assert await connection.fetchval("SELECT id FROM notice") == UUID(int=1)
    assert await connection.fetchval("SELECT to_regclass('installation')") is None
    named = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'notice' AND column_name = 'replaces'"
    assert await connection.fetchval(named) == 0


async def test_a_failing_one_leaves_what_came_before(connection: asyncpg.Connection, tmp_path: Path) -> None:
    """A migration that fails is rolled back whole; those before it stay applied."""
    files = folder(tmp_path, _0001_a="CREATE TABLE a (x int);", _0002_b="CREATE TABLE b (x int); SELECT 1/0;")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, NOW, files)

    assert await pending(connection, files) == ("0002_b",)
    assert await connection.fetchval("SELECT to_regclass('b')") is None
    folder(tmp_path, _0002_b="CREATE TABLE b (x int);")
    assert await migrate(connection, NOW, files) == ("0002_b",)


def test_a_changed_one_is_named() -> None:
    """A migration whose text differs from what was applied stops everything and is named."""
    known = [Migration(name="0001_a", text="new")]

    with pytest.raises(Misconfigured, match=r"migration 0001_a was changed"):
        outstanding(known, {"0001_a": Migration(name="0001_a", text="old").sha256})


def test_an_unknown_one_is_named() -> None:
    """A database that a newer version has migrated is left alone, and the migration is named."""
    with pytest.raises(Misconfigured, match=r"has migration 0002_b.*install a newer ntd"):
        outstanding([Migration(name="0001_a", text="")], {"0002_b": "…"})


def test_a_gap_is_named(tmp_path: Path) -> None:
    """A missing number stops everything."""
    with pytest.raises(Misconfigured, match=r"0003_c\.sql: the next number is 0002"):
        migrations(folder(tmp_path, _0001_a="", _0003_c=""))
