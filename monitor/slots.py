"""Politeness: how many connections at once to one host, and in all."""

import asyncio
from typing import Final

from monitor.pinned import Fault
from schemas.check import Sight

#: Connections at once in all: bounds sockets and memory of one daemon.
ALL: Final = 512
#: How long one question waits for its turn before the look ends as "we were too busy".
WAIT_S: Final = 60.0


class Slots:
    """Hands out turns to dial; a look's deadline stands still while it waits for one."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._all = asyncio.Semaphore(ALL)
        self._hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}

    def hold(self, host: str, deadline: asyncio.Timeout) -> "_Turn":
        """Hold one connection's turn at a host; Fault when none comes free."""
        return _Turn(self, host, deadline)

    async def take(self, host: str, deadline: asyncio.Timeout) -> None:
        """Take a turn at a host, then one of all."""
        turn, users = self._hosts.get(host) or (asyncio.Semaphore(self._per_host), 0)
        self._hosts[host] = turn, users + 1
        try:
            await _wait(turn, deadline)
            try:
                await _wait(self._all, deadline)
            except BaseException:
                turn.release()
                raise
        except BaseException:
            self._leave(host)
            raise

    def give_back(self, host: str) -> None:
        """Give both turns back."""
        self._all.release()
        self._hosts[host][0].release()
        self._leave(host)

    def _leave(self, host: str) -> None:
        turn, users = self._hosts.pop(host)
        if users > 1:
            self._hosts[host] = turn, users - 1


class _Turn:
    """A turn as a block. A class, because it stands in the way of every single request."""

    __slots__ = ("_deadline", "_host", "_slots")

    def __init__(self, slots: Slots, host: str, deadline: asyncio.Timeout) -> None:
        self._slots, self._host, self._deadline = slots, host, deadline

    async def __aenter__(self) -> None:
        await self._slots.take(self._host, self._deadline)

    async def __aexit__(self, *_fault: object) -> None:
        self._slots.give_back(self._host)


async def _wait(turn: asyncio.Semaphore, deadline: asyncio.Timeout) -> None:
    if not turn.locked():
        await turn.acquire()
        return
    loop, ends = asyncio.get_running_loop(), deadline.when()
    began = loop.time()
    deadline.reschedule(None)
    try:
        async with asyncio.timeout(WAIT_S):
            await turn.acquire()
    except TimeoutError as fault:
        raise Fault(Sight.OUR_FAULT, "too many questions to this host at once; raise monitor.per_host") from fault
    finally:
        if ends is not None:
            deadline.reschedule(ends + loop.time() - began)
