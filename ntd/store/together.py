"""Questions of the same moment are one statement: those that come while one is under way go with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from geo.sharing import Sharing

K = TypeVar("K")
#: Answers the keys asked for, each as of its moment; what is not known is left out.
Ask = Callable[[Mapping[K, datetime]], Awaitable[Mapping[K, bytes]]]


class Together(Generic[K]):
    """Gathers keys while a statement runs; as many wait as look-ups are under way (`geo.resolve.AT_ONCE`)."""

    def __init__(self, ask: Ask[K]) -> None:
        """Answer a batch with `ask`."""
        self._ask = ask
        self._gathered: dict[K, datetime] = {}
        self._batch = 0
        self._turn = asyncio.Lock()
        self._sharing: Sharing[Mapping[K, bytes]] = Sharing()

    async def get(self, key: K, now: datetime) -> bytes | None:
        """Give what is known under a key at a moment, None where nothing is; what `ask` raises is raised for all."""
        self._gathered.setdefault(key, now)
        return (await self._sharing.get(self._batch, self._next)).get(key)

    async def _next(self) -> Mapping[K, bytes]:
        async with self._turn:
            gathered, self._gathered = self._gathered, {}
            self._batch += 1
            return await self._ask(gathered)
