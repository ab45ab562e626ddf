"""What every test can ask for: a fresh database on a real PostgreSQL.

One private server per worker, durable against nothing, with one database migrated once; each test gets a copy of it,
emptied after the test before: emptying costs a fifth of copying.
NTD_TEST_DATABASE=postgresql://user@host/db takes a server of yours instead (its user must be allowed to create
databases), NTD_TEST_POSTGRES=FOLDER the programs of another PostgreSQL.

Generated cases are the same in each run, so that whoever sees a failure sees their own; NTD_FAULTS=long generates
others in each run, for whoever changes a rule. Neither has a clock over it: a busy machine is no fault.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import settings

from ntd.store import embedded
from ntd.store.migrate import migrate

settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("others", deadline=None, print_blob=True)
settings.load_profile("others" if os.environ.get("NTD_FAULTS") == "long" else "same")

MIGRATED_AT = datetime(2026, 11, 1, tzinfo=UTC)

#: Only tables that hold something are emptied; who is still connected is thrown out, as DROP DATABASE would.
EMPTY = """
DO $$
DECLARE
    one text;
    holds boolean;
    filled text[] := '{}';
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR one IN SELECT oid::regclass::text FROM pg_class
                WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migration'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || one || ')' INTO holds;
        IF holds THEN filled := filled || one; END IF;
    END LOOP;
    IF filled <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE'; END IF;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$"""


class Databases:
    """Makes and drops databases on one server; a runner of its own, so that sync and async tests can ask alike."""

    def __init__(self, runner: asyncio.Runner, url: str) -> None:
        self._runner = runner
        self._url = url
        self._admin = runner.run(asyncpg.connect(url))
        self._emptied: list[str] = []
        self._template = f"ntd_template_{uuid4().hex[:12]}"
        self.create(self._template)
        runner.run(self._migrate())

    async def _migrate(self) -> None:
        connection = await asyncpg.connect(self.url(self._template))
        await migrate(connection, MIGRATED_AT)
        await connection.close()

    def url(self, name: str) -> str:
        """Give the URL of the database `name` on this server."""
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))

    def create(self, name: str, *, template: str = "template0") -> str:
        """Make a database and give its URL."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url(name)

    def lend(self) -> str:
        """Give the URL of a migrated database with nothing in it."""
        return self._emptied.pop() if self._emptied else self.create(f"ntd_{uuid4().hex[:12]}", template=self._template)

    def give_back(self, url: str) -> None:
        """Empty a database that was lent, for the next who asks."""
        self._runner.run(self._empty(url))
        self._emptied.append(url)

    async def _empty(self, url: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(EMPTY)
        finally:
            await connection.close()

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Leave nothing on the server."""
        for url in self._emptied:
            self.drop(urlsplit(url).path.removeprefix("/"))
        self.drop(self._template)
        self._runner.run(self._admin.close())

    def _execute(self, statement: str) -> None:
        self._runner.run(self._admin.execute(statement))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Give the server of this worker."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        url = os.environ.get("NTD_TEST_DATABASE")
        if not url:
            programs = os.environ.get("NTD_TEST_POSTGRES")
            private = embedded.server(
                tmp_path_factory.mktemp("postgres") / "pg", durable=False, binaries=Path(programs) if programs else None
            )
            url = runner.run(stack.enter_async_context(private)).dsn
        made = Databases(runner, url)
        yield made
        made.close()
        runner.run(stack.aclose())


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """Give the URL of a database with nothing in it."""
    name = f"ntd_{uuid4().hex[:12]}"
    yield databases.create(name)
    databases.drop(name)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """Give the URL of a fresh, migrated database."""
    url = databases.lend()
    yield url
    databases.give_back(url)
