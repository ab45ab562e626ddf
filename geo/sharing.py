"""One question in flight serves everybody who asks the same meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Sharing(Generic[T]):
    """Runs one task per key; whoever stops waiting does not stop it for the others."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str, find_out: Callable[[], Awaitable[T]]) -> T:
        """Wait for the answer to the question `key`, asking it only where nobody is asking already."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(_run(find_out))
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel what is still under way and wait until it has stopped."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(find_out: Callable[[], Awaitable[T]]) -> T:
    return await find_out()
