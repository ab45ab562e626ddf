"""Answers on their way to a reader who may take them later than we make them, in bounded memory."""

from asyncio import Event
from tempfile import SpooledTemporaryFile
from typing import Final

#: What waits beyond this waits on disk: line numbers, ids and sentences without URLs, in a file without a name.
_IN_MEMORY_BYTES: Final = 1024 * 1024
_AT_ONCE_BYTES: Final = 64 * 1024


class Spool:
    """Bytes in at one end, out at the other. Many a client sends everything before it reads the first answer."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 -- lives as long as the spool
        self._read = self._written = 0
        self._ended = False
        self._more = Event()

    def put(self, data: bytes) -> None:
        """Add bytes."""
        self._file.seek(self._written)
        self._file.write(data)
        self._written += len(data)
        self._more.set()

    def end(self) -> None:
        """Say that there will be no more."""
        self._ended = True
        self._more.set()

    async def get(self) -> bytes:
        """Give the next bytes, waiting for them; empty at the end."""
        while self._read == self._written:
            if self._ended:
                return b""
            self._more.clear()
            await self._more.wait()
        self._file.seek(self._read)
        data = self._file.read(_AT_ONCE_BYTES)
        self._read += len(data)
        if self._read == self._written:
            self._file.seek(0)
            self._file.truncate()
            self._read = self._written = 0
        return data

    def close(self) -> None:
        """Forget what is left."""
        self._file.close()
