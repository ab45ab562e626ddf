"""A file that is read again when it changes, without a restart."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from schemas.errors import Misconfigured

T = TypeVar("T")
_log = structlog.get_logger()


class Watched(Generic[T]):
    """Holds what `read` makes of a file; an unreadable new state is reported and the old one kept."""

    __slots__ = ("_key", "_lock", "_read", "_state", "_value", "path")

    def __init__(self, path: Path, key: str, read: Callable[[Path], T]) -> None:
        self.path, self._key, self._read = path, key, read
        self._state: tuple[int, int, int] | None = None
        self._value: T | None = None
        self._lock = asyncio.Lock()

    async def open(self) -> T:
        """Read the file for the first time; Misconfigured where it is missing or not what it should be."""
        try:
            self._state = _state(self.path)
            self._value = await asyncio.to_thread(self._read, self.path)
        except (OSError, ValueError) as fault:
            raise Misconfigured(f"{self._key}: {self.path} cannot be read: {fault}") from fault
        return self._value

    async def current(self) -> T:
        """Give what the file says now."""
        if self._value is None:
            return await self.open()
        if self._changed():
            async with self._lock:
                await self._reread()
        return self._value

    def _changed(self) -> bool:
        try:
            return _state(self.path) != self._state
        except OSError:
            return False  # being replaced, or gone: what was read last still stands

    async def _reread(self) -> None:
        if not self._changed():
            return
        try:
            state = _state(self.path)
            value = await asyncio.to_thread(self._read, self.path)
        except (OSError, ValueError) as fault:
            _log.warning("geo.file.unreadable", file=str(self.path), key=self._key, fault=str(fault))
            return
        self._state, self._value = state, value
        _log.info("geo.file.read", file=str(self.path), key=self._key)


def _state(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
