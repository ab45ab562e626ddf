"""One connection: a request goes out, an answer comes in piece by piece and is handed on, never stored."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from monitor.faults import Fault
from monitor.framing import BrokenAnswer, Framing, Head, HeadReader
from schemas.check import Sight


class Sink(Protocol):
    """Takes a body in."""

    def take(self, piece: bytes) -> bool:
        """Take a piece of the body; say whether more is wanted. Fault ends the exchange."""
        ...


#: Told the head of the answer; gives who takes the body, None when nobody wants it.
OnHead = Callable[[int, Mapping[str, str]], Sink | None]


class Exchange(asyncio.Protocol):
    """A request and its answer. Everything happens as the bytes come: what a server sends ahead is kept nowhere."""

    def __init__(self, request: bytes, on_head: OnHead, *, waits: bool) -> None:
        """Take the request; `waits`: nothing is sent or read before `send`, because TLS comes first."""
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._request, self._on_head, self._waits = request, on_head, waits
        self._reader: HeadReader | None = HeadReader()
        self._framing: Framing | None = None
        self._sink: Sink | None = None
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        #: Times of the running loop: the request was sent, the head had come, all was over.
        self.sent_at = self.head_at = self.over_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, and send the request unless it has to wait."""
        # uvloop's transports are transports without saying so.
        connected = cast("asyncio.Transport", transport)
        if self._waits:
            self._transport = connected
            connected.pause_reading()
        else:
            self.send(connected)

    def send(self, transport: asyncio.Transport) -> None:
        """Send the request."""
        self._transport = transport
        self.sent_at = self._loop.time()
        if not self._over.done():
            transport.write(self._request)

    async def over(self, head_within_s: float) -> None:
        """Wait until the answer is over; Fault says why there is none."""
        if self._framing is None:
            self._timer = self._loop.call_later(head_within_s, self._no_head)
        await self._over

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._over.done():
            return
        try:
            self._take(data)
        except (Fault, BrokenAnswer) as fault:
            self._end(fault)

    def connection_lost(self, fault: Exception | None) -> None:
        """Take the end of the connection, which ends some bodies and breaks others."""
        if self._over.done():
            return
        if self._framing is None:
            begun = self._reader is not None and self._reader.begun
            self._end(fault or (BrokenAnswer("the answer ends inside its head") if begun else _unanswered()))
        elif fault is not None:
            self._end(BrokenAnswer("the connection broke inside the answer"))
        else:
            self._close_body(self._framing)

    def drop(self) -> None:
        """Close without a word: the other side is told nothing and waited for nowhere."""
        self._end(_unanswered())
        if self._transport is not None:
            self._transport.abort()

    def _take(self, data: bytes) -> None:
        if self._reader is not None:
            head = self._reader.feed(data)
            if head is None:
                return
            data, self._reader = self._reader.rest, None
            self._take_head(head)
        if self._framing is None or self._sink is None or self._over.done():
            return
        if ((content := self._framing.feed(data)) and not self._sink.take(content)) or self._framing.done:
            self._end()

    def _take_head(self, head: Head) -> None:
        self.head_at = self._loop.time()
        self._stop_timer()
        self._framing = head.framing
        self._sink = self._on_head(head.status, head.fields)
        if self._sink is None:
            self._end()

    def _close_body(self, framing: Framing) -> None:
        try:
            framing.close()
        except BrokenAnswer as fault:
            self._end(fault)
        else:
            self._end()

    def _no_head(self) -> None:
        self._end(Fault(Sight.TIMEOUT, "no answer in time"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, fault: Exception | None = None) -> None:
        self._stop_timer()
        if self._over.done():
            return
        self.over_at = self._loop.time()
        if fault is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(fault)
            self._over.exception()  # whoever drops the exchange does not ask


def _unanswered() -> Fault:
    return Fault(Sight.UNREACHABLE, "closed the connection without an answer")
