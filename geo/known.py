"""What was asked: remembered while it holds, and asked once for all who want to know it meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from datetime import datetime
from typing import Any, Generic, TypeVar

from geo.remembered import Remembered
from geo.sharing import Sharing

T = TypeVar("T")
#: Finds an answer out, and says until when it holds.
FindOut = Callable[[], Coroutine[Any, Any, tuple[T, datetime]]]


class Known(Generic[T]):
    """Answers by key, at most `entries` of them."""

    __slots__ = ("_kept", "_shared")

    def __init__(self, entries: int) -> None:
        self._kept: Remembered[T] = Remembered(entries)
        self._shared: Sharing[T] = Sharing()

    def get(self, key: Hashable, now: datetime, find_out: FindOut[T]) -> "asyncio.Future[T]":
        """Give what is known; what is not is being found out from now on, whether the future is awaited or not."""
        kept = self._kept.get(key, now)
        if kept is None:
            return self._shared.get(key, lambda: self._learn(key, now, find_out))
        known: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        known.set_result(kept)
        return known

    async def _learn(self, key: Hashable, now: datetime, find_out: FindOut[T]) -> T:
        value, until = await find_out()
        if until > now:
            self._kept.put(key, value, until)
        return value

    def forget(self) -> None:
        """Forget everything."""
        self._kept.clear()

    async def close(self) -> None:
        """Stop finding out, and wait until that has stopped."""
        await self._shared.close()
