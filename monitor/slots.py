"""Politeness: how many connections at once to one host, and in all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

    @asynccontextmanager
    async def hold(self, host: str, deadline: asyncio.Timeout) -> AsyncIterator[None]:
        """Hold one connection's turn at a host; Fault when none comes free."""
        turn, users = self._hosts.get(host) or (asyncio.Semaphore(self._per_host), 0)
        self._hosts[host] = turn, users + 1
        try:
            await _wait(turn, deadline)
            try:
                await _wait(self._all, deadline)
                try:
                    yield
                finally:
                    self._all.release()
            finally:
                turn.release()
        finally:
            self._leave(host)

    def _leave(self, host: str) -> None:
        turn, users = self._hosts.pop(host)
        if users > 1:
            self._hosts[host] = turn, users - 1


async def _wait(turn: asyncio.Semaphore, deadline: asyncio.Timeout) -> None:
    if not turn.locked():
        await turn.acquire()
        return
    loop, ends = asyncio.get_running_loop(), deadline.when()
    began = loop.time()
    deadline.reschedule(None)
    try:
        await asyncio.wait_for(turn.acquire(), WAIT_S)
    except TimeoutError as fault:
        raise Fault(Sight.OUR_FAULT, "too many questions to this host at once; raise monitor.per_host") from fault
    finally:
        if ends is not None:
            deadline.reschedule(ends + loop.time() - began)
