"""The private server survives whatever happens to it, to its folder and to the processes that use it."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import psutil
import pytest

from ntd.store import embedded
from ntd.store.embedded_process import is_alive, live_postmaster, until
from schemas.errors import Misconfigured, Unreachable

SOON = timedelta(seconds=20)
USER = Path(__file__).with_name("server_user.py")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one data folder and stop its server; tests get copies, because making one takes longest."""
    folder = tmp_path_factory.mktemp("made") / "pg"

    async def make() -> None:
        async with embedded.server(folder, durable=False) as server:
            connection = await asyncpg.connect(server.dsn)
            await connection.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('before')")
            await connection.close()

    asyncio.run(make())
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Give a stopped data folder of its own."""
    return copy(made, tmp_path / "pg")


def copy(made: Path, to: Path, mode: str = "u=rwX") -> Path:
    """Copy a folder with its owners."""
    to.parent.mkdir(exist_ok=True)
    subprocess.run(["/bin/cp", "-a", made, to], check=True)
    subprocess.run(["/bin/chmod", "-R", mode, to], check=True)
    return to


@asynccontextmanager
async def another(folder: Path, *mode: str) -> AsyncIterator[tuple[Process, int]]:
    """Start another process that uses the server; give it and the postmaster's pid that it saw."""
    process = await asyncio.create_subprocess_exec(sys.executable, USER, folder, *mode, stdin=PIPE, stderr=PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(SOON.total_seconds()):
            while not (line := await process.stderr.readline()).startswith(b"pid "):
                assert line, "it ended before it used the server"
        yield process, int(line.split()[1])
    finally:
        await leave(process)


async def leave(process: Process) -> None:
    """Let another process leave the server, if it still runs."""
    if process.returncode is None:
        await process.communicate(b"")


async def kept(dsn: str) -> list[str]:
    """Read what was committed before."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row["word"] for row in await connection.fetch("SELECT word FROM kept")]
    finally:
        await connection.close()


async def gone(pid: int) -> bool:
    """Wait for a process to end."""
    return bool(await until(lambda: None if is_alive(pid) else True, SOON))


async def replaced(server: embedded.Server, old: int) -> int | None:
    """Wait until another postmaster than `old` runs."""

    def look() -> int | None:
        pid = server.pid
        return pid if pid != old else None

    return await until(look, SOON)


@pytest.mark.parametrize("name", ["a folder with spaces", "far" * 40, "a,b'c"], ids=["spaces", "long", "commas"])
async def test_any_path_will_do(made: Path, tmp_path: Path, name: str) -> None:
    """A path may hold spaces, be longer than a socket's address, hold what a URL splits at; nothing stays outside."""
    folder = tmp_path / name / "pg"
    async with embedded.server(copy(made, folder), durable=False) as server:
        socket_folder = Path(server.connection["host"])
        mode = socket_folder.stat().st_mode & 0o777
        by_url = await kept(server.dsn)
        connection = await asyncpg.connect(**server.connection)
        await connection.close()

    assert by_url == ["before"]
    assert mode == 0o700
    assert socket_folder.is_relative_to(folder) or not socket_folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its rights")
@pytest.mark.parametrize("mode", ["go=rX", "go="], ids=["readable", "private"])
async def test_root_keeps_folders_closed(folder: Path, tmp_path: Path, mode: str) -> None:
    """Under root the server runs as another user, also from programs in folders closed to it, which stay closed."""
    programs = copy(embedded.shipped_binaries().parent, tmp_path / "closed" / "pginstall", mode)
    closed = programs.parent
    closed.chmod(0o700)
    async with embedded.server(folder, durable=False, binaries=programs / "bin") as server:
        assert server.pid
        uids = psutil.Process(server.pid).uids()
        words = await kept(server.dsn)

    assert words == ["before"]
    assert 0 not in uids
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_only_a_private_socket(folder: Path) -> None:
    """The server listens on no network address, its folder is closed to others, Ctrl-C does not reach it."""
    async with embedded.server(folder, durable=False) as server:
        assert server.pid
        inet = psutil.Process(server.pid).net_connections("inet")
        session = os.getsid(server.pid)
        pid = server.pid

    assert inet == []
    assert folder.stat().st_mode & 0o777 == 0o700
    assert session == pid != os.getsid(0)
    assert not is_alive(pid)


async def test_no_value_in_the_log(folder: Path) -> None:
    """A statement that fails leaves neither its text nor its values in the server's log."""
    async with embedded.server(folder, durable=False) as server:
        connection = await asyncpg.connect(server.dsn)
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await connection.execute("SELECT 'secret-site.example'::int")
        with pytest.raises(asyncpg.RaiseError):
            await connection.execute("DO $$ BEGIN RAISE EXCEPTION '%', repeat('secret-site', 2); END $$")
        await connection.close()

    assert "secret-site" not in (folder / "server.log").read_text()


async def test_a_killed_postmaster_is_started_again(folder: Path) -> None:
    """After kill -9 of the postmaster the watch starts it again, under the same URL, with everything committed."""
    async with embedded.server(folder, durable=False) as server:
        first = server.pid
        assert first
        os.kill(first, signal.SIGKILL)
        second = await replaced(server, first)
        await server.ensure()
        words = await kept(server.dsn)

    assert second not in (None, first)
    assert words == ["before"]


async def test_old_backends_are_waited_for(folder: Path) -> None:
    """A backend that outlives its postmaster holds the data: the new server starts only after it has ended."""
    async with embedded.server(folder, durable=False) as server:
        connection = await asyncpg.connect(server.dsn)
        backend = psutil.Process(connection.get_server_pid())
        backend.suspend()
        assert server.pid
        first = server.pid
        os.kill(first, signal.SIGKILL)
        log = folder / "server.log"
        refused = await until(lambda: True if "shared memory block" in log.read_text() else None, SOON)
        during = live_postmaster(folder)
        backend.resume()
        second = await replaced(server, first)
        await server.ensure()
        words = await kept(server.dsn)
        connection.terminate()

    assert refused
    assert during is None
    assert second
    assert words == ["before"]


async def test_an_orphan_is_joined(folder: Path) -> None:
    """A server left running by kill -9 of its user is joined by the next one, which stops it when it leaves."""
    async with another(folder) as (process, left):
        process.kill()
        await process.wait()
    async with asyncio.timeout(2), embedded.server(folder, durable=False) as server:
        joined = server.pid

    assert joined == left
    assert not is_alive(left)


async def test_a_zombie_is_no_server(folder: Path) -> None:
    """A dead postmaster that nobody has reaped yet is replaced."""
    async with another(folder, "deaf") as (process, dead):
        os.kill(dead, signal.SIGKILL)
        assert await gone(dead)
        assert psutil.Process(dead).status() == psutil.STATUS_ZOMBIE
        async with embedded.server(folder, durable=False) as server:
            fresh = server.pid
            words = await kept(server.dsn)
        still_used = is_alive(fresh or 0)
        await leave(process)

    assert fresh not in (None, dead)
    assert words == ["before"]
    assert still_used
    assert live_postmaster(folder) is None


async def test_a_stale_pid_file_is_no_server(folder: Path) -> None:
    """After a crash another program may live under the old postmaster's pid; the server starts all the same."""
    stranger = await asyncio.create_subprocess_exec("/bin/cat", stdin=PIPE)
    (folder / "postmaster.pid").write_text(f"{stranger.pid}\n{folder}\n1790000000\n5432\n\n\n 0 0\nready   \n")
    async with embedded.server(folder, durable=False) as server:
        pid = server.pid
        words = await kept(server.dsn)
    await stranger.communicate(b"")

    assert pid not in (None, stranger.pid)
    assert words == ["before"]


async def test_an_empty_pid_file_is_no_server(folder: Path) -> None:
    """A power cut can leave an empty pid file; the server starts all the same."""
    (folder / "postmaster.pid").touch()
    async with embedded.server(folder, durable=False) as server:
        assert await kept(server.dsn) == ["before"]


async def test_the_last_to_leave_stops_it(folder: Path) -> None:
    """Two processes use one server; whoever started it may leave first."""
    async with another(folder) as (process, started), embedded.server(folder, durable=False) as server:
        joined = server.pid
        await leave(process)
        words = await kept(server.dsn)
        running = is_alive(started)

    assert joined == started
    assert words == ["before"]
    assert running
    assert not is_alive(started)


async def test_two_starters_make_one_server(tmp_path: Path) -> None:
    """Two processes that begin on nothing at the same time end up on the same server."""
    folder = tmp_path / "new" / "pg"
    async with asyncio.TaskGroup() as group:
        ready = asyncio.Barrier(2)

        async def begin() -> int:
            async with another(folder) as (_, pid):
                await ready.wait()
                return pid

        first, second = group.create_task(begin()), group.create_task(begin())

    assert first.result() == second.result()
    assert (folder / "server.log").read_text().count("running bootstrap script") == 1
    assert live_postmaster(folder) is None


async def test_a_killed_initdb_is_done_again(tmp_path: Path) -> None:
    """After kill -9 in the middle of making the folder the next start makes it anew, one initdb at a time."""
    folder = tmp_path / "pg"
    process = await asyncio.create_subprocess_exec(sys.executable, USER, folder, stdin=PIPE, stderr=PIPE)
    begun = await until(lambda: True if (folder / "init" / "base").exists() else None, SOON)
    process.kill()
    await process.communicate()
    async with embedded.server(folder, durable=False) as server:
        connection = await asyncpg.connect(server.dsn)
        one = await connection.fetchval("SELECT 1")
        await connection.close()

    assert begun
    assert one == 1
    assert (folder / "server.log").read_text().count("running bootstrap script") == 2
    assert not (folder / "init").exists()


async def test_a_half_moved_initdb_is_done_again(folder: Path) -> None:
    """Without PG_VERSION in its place the folder does not count as made, and is made anew."""
    (folder / "init").mkdir()
    (folder / "PG_VERSION").rename(folder / "init" / "PG_VERSION")
    async with embedded.server(folder, durable=False) as server:
        with pytest.raises(asyncpg.UndefinedTableError):
            await kept(server.dsn)


async def test_a_cancelled_start_leaves_nothing_running(folder: Path) -> None:
    """A start that is cancelled while the server comes up stops it again."""
    task = asyncio.create_task(embedded.server(folder, durable=False).__aenter__())
    assert await until(lambda: live_postmaster(folder), SOON)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert live_postmaster(folder) is None
    async with embedded.server(folder, durable=False) as server:
        assert await kept(server.dsn) == ["before"]


async def test_another_version_is_refused(folder: Path) -> None:
    """A folder of another major version is left alone; the message says what to do."""
    (folder / "PG_VERSION").write_text("14\n")
    with pytest.raises(Misconfigured, match=r"was made by PostgreSQL 14, this ntd brings 18: dump it"):
        await embedded.server(folder, durable=False).__aenter__()

    assert live_postmaster(folder) is None


async def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    """A folder with other people's files is not touched."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "note.txt").write_text("mine")
    if os.geteuid() == 0:
        os.chown(folder, 1, 1)
    with pytest.raises(Misconfigured, match=r"neither empty nor a database folder"):
        await embedded.server(folder, durable=False).__aenter__()

    assert (folder / "note.txt").read_text() == "mine"


async def test_a_vanished_folder_is_not_made_anew(folder: Path) -> None:
    """When the data disappears under a running daemon it says so instead of going on with an empty database."""
    async with embedded.server(folder, durable=False) as server:
        pid = server.pid
        assert pid
        aside = folder.rename(folder.with_name("aside"))
        os.kill(pid, signal.SIGKILL)
        assert await gone(pid)
        with pytest.raises(Unreachable, match=r"is gone: put it back"):
            await server.ensure()
        aside.rename(folder)
        assert await replaced(server, pid)
