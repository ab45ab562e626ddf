"""Politeness inside one daemon: how many connections at once to one host, to one network, and in all."""

import asyncio
from collections.abc import Hashable
from typing import Final

from monitor.faults import Fault
from schemas.check import Sight
from schemas.hosting import Address

#: Connections at once in all: bounds sockets and memory of one daemon.
ALL: Final = 512
#: How long one question waits for its turn before the look ends as "we were too busy".
WAIT_S: Final = 60.0
#: What counts as one network by the IP version: a /24 (the smallest that is announced), a /48 (one site, RFC 6177).
_NETWORK_BITS: Final = {4: 32 - 24, 6: 128 - 48}


class Slots:
    """Hands out turns to dial; a look's deadline stands still while it waits for one."""

    def __init__(self, per_host: int, per_network: int) -> None:
        self.all = asyncio.Semaphore(ALL)
        self._per_host, self._per_network = per_host, per_network
        self._turns: dict[Hashable, tuple[asyncio.Semaphore, int]] = {}

    def hold(self, host: str, address: Address | None, deadline: asyncio.Timeout) -> "_Turn":
        """Hold one connection's turn at a host and at an address's network; Fault when none comes free."""
        return _Turn(self, host, address, deadline)

    def enter(self, key: Hashable, limit: int) -> asyncio.Semaphore:
        """Come to a door; who came must leave."""
        turn, users = self._turns.get(key) or (asyncio.Semaphore(limit), 0)
        self._turns[key] = turn, users + 1
        return turn

    def leave(self, key: Hashable) -> None:
        """Leave a door; the last one closes it."""
        turn, users = self._turns.pop(key)
        if users > 1:
            self._turns[key] = turn, users - 1

    def doors(self, host: str, address: Address | None) -> tuple[tuple[Hashable, int], ...]:
        """Name the doors to a host and its network with their limits, in the one order in which everybody waits."""
        if address is None:
            return ((host, self._per_host),)
        network = (address.version, int(address) >> _NETWORK_BITS[address.version])
        return (host, self._per_host), (network, self._per_network)


class _Turn:
    """A turn as a block. A class, because it stands in the way of every single request."""

    __slots__ = ("_address", "_deadline", "_entered", "_held", "_host", "_slots")

    def __init__(self, slots: Slots, host: str, address: Address | None, deadline: asyncio.Timeout) -> None:
        self._slots, self._host, self._address, self._deadline = slots, host, address, deadline
        self._entered: list[Hashable] = []
        self._held: list[asyncio.Semaphore] = []

    async def __aenter__(self) -> None:
        slots = self._slots
        try:
            for key, limit in slots.doors(self._host, self._address):
                turn = slots.enter(key, limit)
                self._entered.append(key)
                await self._take(turn)
            await self._take(slots.all)
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_fault: object) -> None:
        self._leave()

    async def _take(self, turn: asyncio.Semaphore) -> None:
        await _wait(turn, self._deadline)
        self._held.append(turn)

    def _leave(self) -> None:
        for turn in self._held:
            turn.release()
        for key in self._entered:
            self._slots.leave(key)


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
