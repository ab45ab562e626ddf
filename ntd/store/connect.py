"""Open the store that the settings name: the server, the pool, the vault with its keys."""

from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from ntd.clock import Clock
from ntd.store import keys
from ntd.store.base import Connection, Store
from ntd.store.embedded import server
from ntd.store.migrate import migrate, pending
from ntd.vault import Vault, read_key_file
from schemas.errors import Misconfigured, Unreachable
from schemas.settings import Settings

#: Tables with sealed columns: each has a data key a month.
CLASSES: Final = (
    "answer",
    "attempt",
    "episode",
    "event",
    "host",
    "hoster",
    "incoming",
    "item",
    "item_report",
    "notice",
    "notice_item",
    "origin",
    "recipient",
    "registration",
    "round",
    "site",
)
_EMBEDDED: Final = "embedded:"
_CONNECT_DEADLINE: Final = timedelta(seconds=15)
_CLOSE_DEADLINE: Final = timedelta(milliseconds=500)
# The longest statements are reports over all stays.
_STATEMENT_DEADLINE: Final = timedelta(minutes=10)
_MOST_CONNECTIONS: Final = 12
_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)
_NOT_LET_IN: Final = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
# Plans are cheap and repeated: compiling them costs more than it gives.
_SERVER_SETTINGS: Final = {"application_name": "ntd", "timezone": "UTC", "jit": "off"}


@asynccontextmanager
async def open_store(settings: Settings, clock: Clock, *, migrating: bool = False) -> AsyncIterator[Store]:
    """Give the store while the block runs.

    `migrating`: an embedded database is brought to this version first (the daemon does); a fresh one always is.
    Misconfigured: key file, rights, version of the database. Unreachable: no server, or it went away in the block.
    """
    vault = Vault(read_key_file(settings.security.key_file))
    async with open_pool(settings) as pool:
        try:
            async with pool.acquire() as connection:
                await _expect_up_to_date(connection, settings, clock.now(), migrating=migrating)
                await keys.ready(connection, vault, CLASSES, clock.now())
            yield Store(pool, vault)
        except _AWAY as fault:
            raise Unreachable("the database went away: look at its server, then say it again") from fault


async def bring_up_to_date(settings: Settings, now: datetime) -> tuple[str, ...]:
    """Apply the migrations that the database lacks and name them."""
    async with open_pool(settings) as pool, pool.acquire() as connection:
        return await migrate(connection, now)


def hang_up(store: Store) -> None:
    """Close every connection without a word; what is under way on them fails at once."""
    store.pool.terminate()


async def refresh_keys(store: Store, now: datetime) -> None:
    """Make and read the data keys of this month and, a day before it begins, of the next; cheap when all are there."""
    async with store.pool.acquire() as connection:
        await keys.ready(connection, store.vault, CLASSES, now)


@asynccontextmanager
async def open_pool(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    """Give connections to the database that `database.url` names; a private server is started or joined."""
    async with AsyncExitStack() as stack:
        where: dict[str, Any] = {"dsn": settings.database.url}
        if (path := embedded_path(settings)) is not None:
            private = await stack.enter_async_context(server(path))
            where = private.connection
        yield await stack.enter_async_context(_pool(where))


def embedded_path(settings: Settings) -> Path | None:
    """Give the folder of the private server; None where the database is somebody else's."""
    url = settings.database.url
    return Path(url.removeprefix(_EMBEDDED)) if url.startswith(_EMBEDDED) else None


@asynccontextmanager
async def _pool(where: dict[str, Any]) -> AsyncIterator[asyncpg.Pool]:
    pool = asyncpg.create_pool(
        **where,
        min_size=1,
        max_size=_MOST_CONNECTIONS,
        timeout=_CONNECT_DEADLINE.total_seconds(),
        command_timeout=_STATEMENT_DEADLINE.total_seconds(),
        server_settings=_SERVER_SETTINGS,
        connect=_connect,
        reset=_as_it_was,
    )
    try:
        async with timeout(_CONNECT_DEADLINE.total_seconds()):
            await pool
    except _NOT_LET_IN as fault:
        # The server's own sentence names the user or the database, never the password.
        raise Misconfigured(f"database.url: the server does not let us in: {fault}") from fault
    except (*_AWAY, OSError, TimeoutError) as fault:
        why = fault.strerror if isinstance(fault, OSError) and fault.strerror else type(fault).__name__
        raise Unreachable(
            f"database.url: the server cannot be reached ({why}); start it, or correct the URL"
        ) from fault
    except (ValueError, asyncpg.ClientConfigurationError) as fault:
        raise Misconfigured(
            'database.url: cannot be understood; write for example "postgresql://user@host/db" or "embedded:var/pg"'
        ) from fault
    try:
        yield pool
    finally:
        await _close(pool)


async def _connect(*where: Any, **how: Any) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(*where, **how)
    except FileNotFoundError as fault:
        # A private server that was killed has left no socket: nobody listens there, as elsewhere nobody on a port.
        raise ConnectionRefusedError(fault.errno, fault.strerror) from fault


async def _as_it_was(_: object) -> None:
    # Nobody here leaves anything behind on a connection: no setting but SET LOCAL, no cursor, no LISTEN. To have the
    # server undo what nobody did costs as much as a statement, each time.
    return


async def _close(pool: asyncpg.Pool) -> None:
    # A server that hangs says no goodbye either.
    try:
        async with timeout(_CLOSE_DEADLINE.total_seconds()):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _expect_up_to_date(
    connection: Connection,
    settings: Settings,
    now: datetime,
    *,
    migrating: bool,
) -> None:
    # Asked first: whoever makes it between the two questions is waited for, and leaves nothing to be done.
    fresh = await connection.fetchval("SELECT to_regclass('migration') IS NULL")
    missing = await pending(connection)
    if not missing:
        return
    if embedded_path(settings) is None or not (migrating or fresh):
        raise Misconfigured(f"the database lacks migrations of this version: {len(missing)}; say `ntd migrate`")
    await migrate(connection, now)
