"""Ask one name server: datagrams first, TCP where the answer was cut off, never longer than the deadline.

One process asks thousands of names at once, so a server has a few connected sockets that all questions share. A reply
counts only with the right source (the socket is connected), id and question (RFC 5452, section 9); the sockets have
random ports and the id is random.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

import dns.rdatatype

from geo.gate import Gate
from geo.names import Reply, read_reply, wire_name
from schemas.hosting import NameFate

#: Sockets per server: spreads the receive buffers and adds four bits to what a forger must guess.
SOCKETS: Final = 16
#: Datagrams sent for one question within the deadline, the same bytes each time.
TRIES: Final = 3
#: Questions under way at one server; further ones wait their turn.
IN_FLIGHT: Final = 4096
#: Bytes a datagram may have: what crosses every link without fragments (DNS flag day 2020).
PAYLOAD: Final = 1232
_TCP_LARGEST: Final = 65_535

_HEADER_BYTES: Final = 12
_FLAGS_RD: Final = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
# OPT record, RFC 6891, section 6.1.2: root name, type 41, payload size, no flags, no options.
_OPT: Final = b"\x00\x00\x29" + PAYLOAD.to_bytes(2, "big") + b"\x00" * 6
_TRUNCATED: Final = 0x02
_RESPONSE: Final = 0x80
_RCODE: Final = 0x0F
_NO_EDNS: Final = frozenset({1, 4})  # FORMERR, NOTIMP: a server from before EDNS


@dataclass(slots=True)
class _Pending:
    question: bytes
    done: "asyncio.Future[bytes]"


class _Socket(asyncio.DatagramProtocol):
    """One connected socket and the questions that wait on it, by id."""

    def __init__(self) -> None:
        self.pending: dict[int, _Pending] = {}
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 -- the socket is connected
        if len(data) < _HEADER_BYTES or not data[2] & _RESPONSE:
            return
        waiting = self.pending.get(int.from_bytes(data[:2], "big"))
        if waiting is None or waiting.done.done() or not _answers(data, waiting.question):
            return
        waiting.done.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there: whoever waits need not wait on."""
        for waiting in self.pending.values():
            if not waiting.done.done():
                waiting.done.set_exception(exc)


def _answers(data: bytes, question: bytes) -> bool:
    asked = data[_HEADER_BYTES : _HEADER_BYTES + len(question)]
    if asked.lower() == question.lower():
        return True
    # A server that could not read the question may leave it out of its error (RFC 5452, section 9.1).
    return data[4:6] == b"\x00\x00" and data[3] & _RCODE != 0


@dataclass(slots=True, kw_only=True)
class NameServer:
    """One configured server; close it when done."""

    label: str  # as the operator wrote it
    address: str
    port: int
    timeout_s: float
    _sockets: list[_Socket] = field(default_factory=list)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _places: Gate = field(default_factory=lambda: Gate(IN_FLIGHT))

    async def ask(self, host: str, kind: dns.rdatatype.RdataType) -> Reply:
        """Ask one question; a server that does not answer in time, or cannot be reached, is a TIMEOUT."""
        name = wire_name(host)
        if name is None:
            return Reply(
                server=self.label, fate=NameFate.FAULT, detail="not asked: the DNS has no room for such a name"
            )
        question = name + int(kind).to_bytes(2, "big") + b"\x00\x01"
        async with self._places:
            try:
                wire = await self._exchange(question)
            except TimeoutError:
                return Reply(server=self.label, fate=NameFate.TIMEOUT, detail=f"no answer within {self.timeout_s:g} s")
            except OSError as fault:
                return Reply(
                    server=self.label, fate=NameFate.TIMEOUT, detail=f"cannot be reached ({fault.strerror or fault})"
                )
        return read_reply(wire, server=self.label, host=host, kind=int(kind))

    async def _exchange(self, question: bytes) -> bytes:
        wire = await self._by_datagram(question, edns=True)
        if wire[3] & _RCODE in _NO_EDNS:
            wire = await self._by_datagram(question, edns=False)
        if wire[2] & _TRUNCATED:
            async with asyncio.timeout(self.timeout_s):
                wire = await self._by_tcp(question)
        return wire

    async def _by_datagram(self, question: bytes, *, edns: bool) -> bytes:
        if len(self._sockets) < SOCKETS:
            await self._open_one()
        dice = secrets.token_bytes(3)
        socket, identity = self._sockets[dice[2] % len(self._sockets)], int.from_bytes(dice[:2], "big")
        while identity in socket.pending:
            identity = (identity + 1) % 65_536
        loop = asyncio.get_running_loop()
        waiting = socket.pending[identity] = _Pending(question, loop.create_future())
        sender = _Sender(socket, waiting, _message(identity, question, edns=edns), self.timeout_s / TRIES)
        try:
            sender.send()
            return await waiting.done
        finally:
            sender.stop()
            del socket.pending[identity]

    async def _open_one(self) -> None:
        async with self._opening:
            if len(self._sockets) < SOCKETS:
                loop = asyncio.get_running_loop()
                remote = (self.address, self.port)
                transport, socket = await loop.create_datagram_endpoint(_Socket, remote_addr=remote)
                socket.transport = transport
                self._sockets.append(socket)

    async def _by_tcp(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.address, self.port)
        try:
            message = _message(secrets.randbelow(65_536), question, edns=True)
            writer.write(len(message).to_bytes(2, "big") + message)
            await writer.drain()
            length = int.from_bytes(await reader.readexactly(2), "big")
            wire = await reader.readexactly(min(length, _TCP_LARGEST))
        except asyncio.IncompleteReadError as fault:
            raise ConnectionResetError("closed before the whole answer came") from fault
        finally:
            writer.close()
        if len(wire) < _HEADER_BYTES or wire[:2] != message[:2] or not _answers(wire, question):
            raise ConnectionResetError("an answer to another question")
        return wire

    def close(self) -> None:
        """Close the sockets; whoever still waits is told so."""
        for socket in self._sockets:
            if socket.transport is not None:
                socket.transport.abort()
            socket.error_received(ConnectionAbortedError("the resolver was closed"))
        self._sockets.clear()


class _Sender:
    """Sends the datagram again while nobody answers, and gives up after the last try."""

    __slots__ = ("_every_s", "_left", "_message", "_socket", "_timer", "_waiting")

    def __init__(self, socket: _Socket, waiting: _Pending, message: bytes, every_s: float) -> None:
        self._socket, self._waiting, self._message, self._every_s = socket, waiting, message, every_s
        self._left = TRIES
        self._timer: asyncio.TimerHandle | None = None

    def send(self) -> None:
        if self._waiting.done.done():
            return
        if self._left == 0 or self._socket.transport is None or self._socket.transport.is_closing():
            self._waiting.done.set_exception(TimeoutError())
            return
        self._left -= 1
        self._socket.transport.sendto(self._message)
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self.send)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _message(identity: int, question: bytes, *, edns: bool) -> bytes:
    flags = _FLAGS_RD if edns else _FLAGS_RD[:-1] + b"\x00"
    return identity.to_bytes(2, "big") + flags + question + (_OPT if edns else b"")
