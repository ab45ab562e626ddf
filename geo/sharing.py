"""One question in flight serves everybody who asks the same meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Running(Generic[T]):
    task: "asyncio.Future[T]"
    waiting: "list[asyncio.Future[T]]" = field(default_factory=list)


class Sharing(Generic[T]):
    """Runs one task per key; whoever stops waiting does not stop it for the others."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: dict[Hashable, _Running[T]] = {}

    def get(self, key: Hashable, find_out: Callable[[], Awaitable[T]]) -> "asyncio.Future[T]":
        """Begin to find out the answer to the question `key`, unless somebody does already; wait for it where needed.

        What `find_out` raises is raised for everybody who waits.
        """
        loop = asyncio.get_running_loop()
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running(asyncio.ensure_future(find_out()))
            running.task.add_done_callback(partial(self._tell, key))
        waiting: asyncio.Future[T] = loop.create_future()
        running.waiting.append(waiting)
        return waiting

    def _tell(self, key: Hashable, task: "asyncio.Future[T]") -> None:
        fault = None if task.cancelled() else task.exception()
        for waiting in self._running.pop(key).waiting:
            if waiting.done():
                continue
            if task.cancelled():
                waiting.cancel()
            elif fault is not None:
                waiting.set_exception(fault)
            else:
                waiting.set_result(task.result())

    async def close(self) -> None:
        """Cancel what is still under way and wait until it has stopped."""
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
