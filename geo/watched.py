"""A file that is read again when it changes, without a restart."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from schemas.errors import Misconfigured

T = TypeVar("T")
#: Time of the last change in nanoseconds, size in bytes, inode.
_State = tuple[int, int, int]
_log = structlog.get_logger()


class Watched(Generic[T]):
    """Holds what `read` makes of a file; an unreadable new state is reported once and the old one kept.

    While the file is read again, in a thread, whoever asks is answered from what was read last.
    """

    __slots__ = ("_key", "_lock", "_read", "_same_at_s", "_state", "_value", "path")

    def __init__(self, path: Path, key: str, read: Callable[[Path], T]) -> None:
        self.path, self._key, self._read = path, key, read
        self._state: _State | None = None
        self._value: T | None = None
        self._lock = asyncio.Lock()
        self._same_at_s: float | None = None  # on the loop's clock

    async def open(self) -> T:
        """Read the file for the first time; Misconfigured where it is missing or not what it should be."""
        try:
            self._state, value = await asyncio.to_thread(_settled, self.path, self._read)
        except (OSError, ValueError) as fault:
            raise Misconfigured(f"{self._key}: {self.path} cannot be read: {_why(fault)}") from fault
        self._value = value
        return value

    async def current(self) -> T:
        """Give what the file says now; Misconfigured where it was never read and cannot be."""
        held = self._value
        if held is None:
            return await self.open()
        if self._changed() and not self._lock.locked():
            async with self._lock:
                self._value = held = await self._reread(held)
        return held

    def standing(self) -> T | None:
        """Give what the file says where that can be said at once; None where it is to be read: ask `current`."""
        return None if self._value is None or self._changed() else self._value

    def _changed(self) -> bool:
        # A loop that keeps one time for each of its turns has many ask within it: the first of them looks for all.
        now_s = asyncio.get_running_loop().time()
        if now_s == self._same_at_s:
            return False
        try:
            changed = _state(self.path) != self._state
        except OSError:
            changed = False  # being replaced, or gone: what was read last still stands
        self._same_at_s = None if changed else now_s
        return changed

    async def _reread(self, held: T) -> T:
        try:
            before = _state(self.path)
        except OSError:
            return held
        try:
            self._state, value = await asyncio.to_thread(_settled, self.path, self._read)
        except (OSError, ValueError) as fault:
            self._state = before  # said once for each change, not at every question
            _log.warning("geo.file.unreadable", file=str(self.path), key=self._key, fault=_why(fault))
            return held
        _log.info("geo.file.read", file=str(self.path), key=self._key)
        return value


def _settled(path: Path, read: Callable[[Path], T]) -> tuple[_State, T]:
    """Read a file with the state it had before: what changes meanwhile is another state and is read again."""
    state = _state(path)
    return state, read(path)


def _why(fault: OSError | ValueError) -> str:
    # What the system says of a file ends with its name, which is said already.
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)


def _state(path: Path) -> _State:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
