"""So many at once and no more; the others wait in order.

Python 3.11's semaphore looks through all who wait each time one comes or goes; with thousands waiting that costs more
than what they wait for.
"""

import asyncio
from collections import deque


class Gate:
    """Lets `places` in at once, and of a crowd only `in_a_turn` in each turn of the loop (None: all of them)."""

    __slots__ = ("_a_turn", "_free", "_left", "_opening", "_waiting")

    def __init__(self, places: int, in_a_turn: int | None = None) -> None:
        self._free = places
        self._a_turn = self._left = in_a_turn or places
        self._opening = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if self._free and self._left and not self._waiting:
            self._enter()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # Called and cancelled in the same moment: the place goes to the next.
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def _enter(self) -> None:
        self._free -= 1
        self._left -= 1
        if not self._opening:
            self._opening = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._left, self._opening = self._a_turn, False
        while self._waiting and self._free and self._left:
            turn = self._waiting.popleft()
            if not turn.done():
                self._enter()
                turn.set_result(None)

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
