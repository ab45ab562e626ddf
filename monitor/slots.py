"""Politeness inside one daemon: how many connections at once to one host, to one network, and in all."""

import asyncio
from collections import deque
from typing import Final

from monitor.faults import Fault
from monitor.shares import Share
from schemas.check import Sight
from schemas.hosting import Address

#: Connections at once in all: bounds sockets and memory of one daemon.
ALL: Final = 512
#: How long one question waits for its turn before the look ends as "we were too busy".
WAIT_S: Final = 60.0
#: What counts as one network by the IP version: a /24 (the smallest that is announced), a /48 (one site, RFC 6177).
_NETWORK_BITS: Final = {4: 32 - 24, 6: 128 - 48}
_EVERYBODY: Final = "*"


class _Door:
    """So many may be inside at once; the others wait in order."""

    __slots__ = ("inside", "waiting")

    def __init__(self) -> None:
        self.inside = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Slots:
    """Hands out turns to dial; a look's deadline stands still while it waits for one."""

    def __init__(self, per_host: int, per_network: int) -> None:
        self._per_host, self._per_network = per_host, per_network
        self._doors: dict[str, _Door] = {}
        #: This daemon's part of both limits. A host or network of which it has none is reached by a redirect only.
        self.share = Share()

    def hold(self, host: str, address: Address | None, deadline: asyncio.Timeout) -> "_Turn":
        """Hold one connection's turn at a host and at an address's network; Fault when none comes free."""
        keys = (host, _EVERYBODY) if address is None else (host, _network(address), _EVERYBODY)
        return _Turn(self, keys, deadline)

    async def enter(self, key: str, deadline: asyncio.Timeout) -> None:
        """Go through a door, now or when it is our turn."""
        door = self._doors.get(key)
        if door is None:
            door = self._doors[key] = _Door()
        if door.inside < self._limit(key):
            door.inside += 1
            return
        turn = asyncio.get_running_loop().create_future()
        door.waiting.append(turn)
        try:
            await _in_time(turn, deadline)
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.leave(key)  # let in and called away at the same time
            elif turn in door.waiting:
                door.waiting.remove(turn)
            raise

    def leave(self, key: str) -> None:
        """Come out again and let the next in; the last one closes the door."""
        door = self._doors[key]
        door.inside -= 1
        while door.waiting and door.inside < self._limit(key):
            turn = door.waiting.popleft()
            if not turn.done():
                door.inside += 1
                turn.set_result(None)
        if not door.inside and not door.waiting:
            del self._doors[key]

    def _limit(self, key: str) -> int:
        if key is _EVERYBODY:
            return ALL
        return max(1, self.share.part(self._per_network if "/" in key else self._per_host, key))


def _network(address: Address) -> str:
    bits = _NETWORK_BITS[address.version]
    return f"{int(address) >> bits:x}/{address.version}"


class _Turn:
    """A turn as a block. A class, because it stands in the way of every single request."""

    __slots__ = ("_deadline", "_entered", "_keys", "_slots")

    def __init__(self, slots: Slots, keys: tuple[str, ...], deadline: asyncio.Timeout) -> None:
        self._slots, self._keys, self._deadline = slots, keys, deadline
        self._entered: list[str] = []

    async def __aenter__(self) -> None:
        try:
            # Everybody waits in the same order, so nobody waits for somebody who waits for him.
            for key in self._keys:
                await self._slots.enter(key, self._deadline)
                self._entered.append(key)
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_fault: object) -> None:
        self._leave()

    def _leave(self) -> None:
        for key in self._entered:
            self._slots.leave(key)


async def _in_time(turn: asyncio.Future[None], deadline: asyncio.Timeout) -> None:
    loop, ends = asyncio.get_running_loop(), deadline.when()
    began = loop.time()
    deadline.reschedule(None)
    try:
        async with asyncio.timeout(WAIT_S):
            await turn
    except TimeoutError as fault:
        raise Fault(Sight.OUR_FAULT, "too many questions to this host at once; raise monitor.per_host") from fault
    finally:
        if ends is not None:
            deadline.reschedule(ends + loop.time() - began)
