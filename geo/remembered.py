"""What was found out and still holds: a bounded memory with an expiry for each entry."""

from collections.abc import Hashable
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Keeps at most `entries` values until they expire; the oldest written goes first."""

    __slots__ = ("_entries", "_kept")

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._kept: dict[Hashable, tuple[datetime, T]] = {}

    def get(self, key: Hashable, now: datetime) -> T | None:
        """Give what is kept under the key and has not expired, else None."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept[0] > now:
            return kept[1]
        del self._kept[key]
        return None

    def put(self, key: Hashable, value: T, expires_at: datetime) -> None:
        """Keep a value, and forget the oldest where there is no room."""
        self._kept.pop(key, None)
        while len(self._kept) >= self._entries:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (expires_at, value)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
