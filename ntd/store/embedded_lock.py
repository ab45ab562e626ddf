"""Locks between processes that use one database folder; the kernel lets them go when a process dies, however it dies.

`turn`: whoever initialises, starts, stops, joins or leaves holds it, one at a time.
`Membership`: every process that uses the server holds a share; who can take it whole is the last one.
"""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from ntd.store.embedded_process import until
from schemas.errors import Unreachable


@asynccontextmanager
async def turn(file: Path, uid: int, deadline: timedelta) -> AsyncIterator[int]:
    """Wait for our turn and give its descriptor: a child that inherits it keeps the turn for as long as it lives."""
    descriptor = _open(file, uid)
    try:
        if not await until(lambda: _taken(descriptor, fcntl.LOCK_EX) or None, deadline):
            raise Unreachable(
                f"another process has been starting or stopping the database in {file.parent} for "
                f"{deadline.total_seconds():.0f} s; see server.log there"
            )
        yield descriptor
    finally:
        # Closed, never unlocked: a child that still has it keeps the turn.
        os.close(descriptor)


class Membership:
    """Our share of the server, from joining to leaving. Join and leave only in your `turn`."""

    def __init__(self, file: Path, uid: int) -> None:
        self._descriptor = _open(file, uid)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Say whether nobody else uses the server; nobody can join meanwhile, because it is our turn."""
        return _taken(self._descriptor, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Give the share back."""
        os.close(self._descriptor)


def _open(file: Path, uid: int) -> int:
    """Open or make a lock file that belongs to the owner of the folder."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.fstat(descriptor).st_uid != uid:
        os.fchown(descriptor, uid, -1)
    return descriptor


def _taken(descriptor: int, kind: int) -> bool:
    """Try to take a lock without waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
