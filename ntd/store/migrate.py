"""Bring a database to this version: SQL files in order, each applied once in its own transaction, never changed."""

import hashlib
from asyncio import timeout
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import schemas
from ntd.store.base import Connection
from schemas.errors import Misconfigured, Unreachable

FOLDER: Final = Path(schemas.__file__).parent / "sql" / "migrations"
OLDEST_SERVER: Final = 15
# Any number will do as long as no other program on the same database takes it; held while migrations are applied.
_LOCK: Final = 0x6E74_645F_6D69
_LOCK_DEADLINE: Final = timedelta(minutes=5)

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS migration (
    name        text PRIMARY KEY,
    sha256      text NOT NULL,
    applied_at  timestamptz NOT NULL
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file: its name without the ending, and its text."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Sum up the text, so that a later change is seen."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Read the files NNNN_name.sql in their order; Misconfigured where a number is missing or given twice."""
    files = sorted(folder.glob("*.sql"))
    for number, file in enumerate(files, start=1):
        if not file.name.startswith(f"{number:04}_"):
            raise Misconfigured(
                f"migration {file.name}: the next number is {number:04}; this installation is incomplete"
            )
    return tuple(Migration(name=file.stem, text=file.read_text(encoding="utf-8")) for file in files)


def outstanding(known: Sequence[Migration], applied: dict[str, str]) -> tuple[Migration, ...]:
    """Say which of the known ones are still to be applied; Misconfigured where the database tells another story."""
    for name in sorted(applied.keys() - {migration.name for migration in known}):
        raise Misconfigured(f"the database has migration {name}, which this version does not know: install a newer ntd")
    for migration in known:
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            raise Misconfigured(
                f"migration {migration.name} was changed after it was applied to this database: "
                "install an unaltered ntd; changes go into a new migration"
            )
    return tuple(migration for migration in known if migration.name not in applied)


async def pending(connection: Connection, folder: Path = FOLDER) -> tuple[str, ...]:
    """Name the migrations that are still to be applied, and apply none; whoever is applying some is waited for."""
    missing = await _missing(connection, folder)
    if missing and await _begun(connection):
        async with _alone(connection):
            missing = await _missing(connection, folder)
    return missing


async def _begun(connection: Connection) -> bool:
    return bool(await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL"))


async def _missing(connection: Connection, folder: Path) -> tuple[str, ...]:
    applied = await _applied(connection) if await _begun(connection) else {}
    return tuple(migration.name for migration in outstanding(migrations(folder), applied))


async def migrate(connection: Connection, now: datetime, folder: Path = FOLDER) -> tuple[str, ...]:
    """Apply what is missing and name it; a second caller at the same time waits, then finds nothing to do."""
    _refuse_old_server(connection)
    known = migrations(folder)
    async with _alone(connection):
        await connection.execute(_TABLE)
        todo = outstanding(known, await _applied(connection))
        for migration in todo:
            await _apply(connection, migration, now)
    return tuple(migration.name for migration in todo)


def _refuse_old_server(connection: Connection) -> None:
    """Stop before the first statement that an old server does not know."""
    major = connection.get_server_version().major
    if major < OLDEST_SERVER:
        raise Misconfigured(f"database.url: the server is PostgreSQL {major}, ntd needs {OLDEST_SERVER} or later")


@asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[None]:
    """Wait for our turn, with a deadline; nobody else applies anything in the block."""
    try:
        async with timeout(_LOCK_DEADLINE.total_seconds()):
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    except TimeoutError as error:
        raise Unreachable(
            "another ntd has been migrating this database for five minutes: look at what it does"
        ) from error
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def _applied(connection: Connection) -> dict[str, str]:
    """Read what was applied: name and sum of the text."""
    return {row["name"]: row["sha256"] for row in await connection.fetch("SELECT name, sha256 FROM migration")}


async def _apply(connection: Connection, migration: Migration, now: datetime) -> None:
    """Apply one migration and write it down, both or neither."""
    async with connection.transaction():
        await connection.execute(migration.text)
        await connection.execute(
            "INSERT INTO migration (name, sha256, applied_at) VALUES ($1, $2, $3)",
            migration.name,
            migration.sha256,
            now,
        )
