"""The server as a process: finding it, starting it, waiting for it, ending it."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import psutil

from ntd.store import embedded_drop

Found = TypeVar("Found")

_LOOK_AGAIN: Final = timedelta(milliseconds=10)
# postmaster.pid, from PostgreSQL's utils/pidfile.h: the pid on line 1, the status on line 8.
_STATUS_LINE: Final = 7
_PID_FILE_LIMIT: Final = 4096
# Polite first (waits for sessions), then at once, then without a checkpoint: the daemon has 10 s in all.
_STOPPING: Final = (
    (signal.SIGTERM, timedelta(milliseconds=500)),
    (signal.SIGINT, timedelta(seconds=6)),
    (signal.SIGQUIT, timedelta(seconds=2)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom the server runs as. `drops`: we are root and become it first; `capability`: see embedded_drop, 0 = none."""

    uid: int
    gid: int
    drops: bool
    capability: int = 0


async def until(look: Callable[[], Found | None], deadline: timedelta) -> Found | None:
    """Look again and again until there is something to see; None when the deadline passes."""
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            while (found := look()) is None:  # noqa: ASYNC110 -- other processes cannot set an Event of ours
                await asyncio.sleep(_LOOK_AGAIN.total_seconds())
            return found
    except TimeoutError:
        return None


def spawn(account: Account, command: list[str], *, stdin: int, log: int, stale_pid: int | None = None) -> int:
    """Start a program of the server in a session of its own (no Ctrl-C reaches it) and give its pid.

    `stale_pid`: a pid in old lock files that is known to be no postmaster of this folder, whatever lives under it now.
    PostgreSQL skips it as it skips the pid of pg_ctl's shell, and still checks that no old backend is left.
    """
    if account.drops:
        drop = [sys.executable, "-I", embedded_drop.__file__]
        command = [*drop, str(account.uid), str(account.gid), str(account.capability), *command]
    # Nothing of ours: PGDATA, PGPORT or a locale in the environment would change what the server does.
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    if stale_pid is not None:
        environment["PG_GRANDPARENT_PID"] = str(stale_pid)
    streams = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
    return os.posix_spawn(command[0], command, environment, file_actions=streams, setsid=True)


def exit_status(pid: int) -> int | None:
    """Reap a child: its exit status (negative: the signal that ended it), None while it runs or when it is not ours."""
    try:
        reaped, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if reaped else None


def recorded_pid(folder: Path) -> int | None:
    """Read the pid in postmaster.pid; None when there is no file or no pid in it."""
    try:
        return int(_pid_file(folder)[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def live_postmaster(folder: Path) -> int | None:
    """Find the pid of the folder's running postmaster; a zombie, or another program under its old pid, is none."""
    pid = recorded_pid(folder)
    return pid if pid is not None and is_alive(pid) and _serves(pid, folder) else None


def is_alive(pid: int) -> bool:
    """Say whether a process runs; reap it if it was our child and has ended."""
    if exit_status(pid) is not None:
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _serves(pid: int, folder: Path) -> bool:
    """Say whether a process is the folder's server: not while it still turns from one program into the next."""
    try:
        return str(folder) in psutil.Process(pid).cmdline()
    except psutil.Error:
        # Gone meanwhile, or another user's, whose command line macOS hides: not ours in either case.
        return False


def is_ready(folder: Path, pid: int) -> bool:
    """Say whether the postmaster `pid` takes connections."""
    try:
        lines = _pid_file(folder)
        return int(lines[0]) == pid and lines[_STATUS_LINE].strip() == "ready"
    except (FileNotFoundError, IndexError, ValueError):
        return False


def _pid_file(folder: Path) -> list[str]:
    """Read the lines of postmaster.pid."""
    with (folder / "postmaster.pid").open(encoding="utf-8", errors="replace") as file:
        return file.read(_PID_FILE_LIMIT).splitlines()


async def stop(folder: Path) -> bool:
    """End the folder's postmaster and wait until it has gone; False when it is still there after everything."""
    pid = live_postmaster(folder)
    if pid is None:
        return True
    for number, patience in _STOPPING:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if await until(lambda: None if is_alive(pid) else True, patience):
            return True
    return False
