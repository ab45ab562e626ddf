"""Where registration answers are kept: in the daemon's database, or in memory for one look."""

from datetime import datetime
from typing import Final, Protocol

from geo.remembered import Remembered
from schemas.hosting import Address, Network

#: Answers kept in memory.
ENTRIES: Final = 10_000


class RegistrationCache(Protocol):
    """Keeps answers by key, those about networks also by the block they stand for."""

    async def get(self, key: str, now: datetime) -> bytes | None:
        """Give the answer under a key that has not expired, else None."""
        ...

    async def block(self, address: Address, now: datetime) -> bytes | None:
        """Give the answer of the smallest block that holds the address and has not expired, else None."""
        ...

    async def put(
        self, key: str, block: Network | None, answer: bytes, fetched_at: datetime, expires_at: datetime
    ) -> None:
        """Keep an answer, in the place of an older one under the same key."""
        ...


class MemoryRegistrations:
    """A cache that lasts as long as the process."""

    def __init__(self) -> None:
        self._kept: Remembered[bytes] = Remembered(ENTRIES)
        self._blocks: dict[tuple[int, int], set[int]] = {}

    async def get(self, key: str, now: datetime) -> bytes | None:
        """Give the answer under a key that has not expired, else None."""
        return self._kept.get(key, now)

    async def block(self, address: Address, now: datetime) -> bytes | None:
        """Give the answer of the smallest block that holds the address and has not expired, else None."""
        bits, number = address.max_prefixlen, int(address)
        for version, length in sorted(self._blocks, reverse=True):
            start = number >> (bits - length) << (bits - length) if version == address.version else None
            if start is not None and start in self._blocks[version, length]:
                found = self._kept.get(_key(version, start, length), now)
                if found is not None:
                    return found
        return None

    async def put(
        self,
        key: str,
        block: Network | None,
        answer: bytes,
        fetched_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Keep an answer, in the place of an older one under the same key."""
        self._kept.put(key, answer, expires_at)
        if block is not None:
            start, size = int(block.network_address), (block.version, block.prefixlen)
            self._blocks.setdefault(size, set()).add(start)
            self._kept.put(_key(block.version, start, block.prefixlen), answer, expires_at)
            if len(self._blocks[size]) > ENTRIES:
                self._forget(size, fetched_at)

    def _forget(self, size: tuple[int, int], now: datetime) -> None:
        """Forget the blocks of one size whose answers are kept no more."""
        version, length = size
        kept = {start for start in self._blocks[size] if self._kept.get(_key(version, start, length), now) is not None}
        self._blocks[size] = kept


def _key(version: int, start: int, length: int) -> str:
    return f"block {version} {start} {length}"
