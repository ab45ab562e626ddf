"""Ask one name server: datagrams first, TCP where the answer was cut off, never longer than the deadline.

One process asks thousands of names at once, so a server has a few connected sockets that all questions share, one
clock for all their deadlines, and a window: only so many questions are sent before the first of them are answered. A
reply counts only with the right source (the socket is connected), id and question (RFC 5452, section 9); the sockets
have random ports and the id is random.
"""

import asyncio
import secrets
import socket
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from geo.gate import Gate
from geo.names import Reply, read_reply, wire_name
from geo.wire import TRUNCATED
from schemas.hosting import NameFate

#: Sockets per server: spreads the receive buffers and adds four bits to what a forger must guess.
SOCKETS: Final = 16
#: Seconds for which the first datagram of a question is waited for, at most; each further one twice as long.
FIRST_WAIT_S: Final = 0.5
#: Questions sent within the last `_AWAITED_S` seconds and not answered; further ones wait. It opens by one with each
#: answer, so that the first burst fits a receive buffer (Linux gives 212,992 bytes, some 250 datagrams) and the answers
#: set the pace of all that follows. A server 50 ms away is asked twenty thousand a second with it, less what is silent.
WINDOW: Final = 1024
FIRST_WINDOW: Final = 128
#: What was not answered for so long waits for somebody else, and says nothing of how much the server can take.
_AWAITED_S: Final = 0.2
#: Questions under way at one server, slow ones included; each takes about 1 KB.
IN_FLIGHT: Final = 16_384
#: Conversations over TCP with one server; each takes a file descriptor.
CONVERSATIONS: Final = 64
#: Bytes a datagram may have: what crosses every link without fragments (DNS flag day 2020).
PAYLOAD: Final = 1232
_READ_BYTES: Final = 4096  # of one datagram: more than we said may come
_RECEIVE_BUFFER_BYTES: Final = 1 << 20  # asked for; the kernel gives what its administrator allows
_DRAINED: Final = 256  # datagrams read from a socket in one go before others have their turn
_READ: Final = 32  # replies, in one turn of the loop
_WOKEN: Final = 32  # who waited for questions to be sent, in one turn of the loop

_HEADER_BYTES: Final = 12  # RFC 1035, section 4.1.1, as are the bits below
_FLAGS_RD: Final = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
# OPT record, RFC 6891, section 6.1.2: root name, type 41, payload size, no flags, no options.
_OPT: Final = b"\x00\x00\x29" + PAYLOAD.to_bytes(2, "big") + b"\x00" * 6
_TRUNCATED: Final = TRUNCATED >> 8
_RESPONSE: Final = 0x80
_RCODE: Final = 0x0F
_READ_IT: Final = frozenset({0, 3})  # NOERROR, NXDOMAIN
_NO_EDNS: Final = frozenset({1, 4})  # FORMERR, NOTIMP: a server from before EDNS (RFC 6891, section 7)


@dataclass(slots=True, eq=False, repr=False)
class _Inquiry:
    """One question under way."""

    host: str
    kind: int
    question: bytes
    reply: "asyncio.Future[Reply]"
    line: "_Line | None" = None
    identity: int = 0
    sent: int = 0  # datagrams, ever
    waited: int = 0  # how many of them in vain
    edns: bool = True
    fresh: bool = False  # counts in the window


@dataclass(slots=True, eq=False, repr=False)
class _Line:
    """One connected socket and the questions that wait on it, by id."""

    socket: socket.socket
    pending: dict[int, _Inquiry] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class NameServer:
    """One configured server; close it when done."""

    label: str  # as the operator wrote it
    address: str
    port: int
    timeout_s: float
    _lines: list[_Line] = field(repr=False, default_factory=list)
    _waiting: deque[_Inquiry] = field(repr=False, default_factory=deque)
    # By part of the deadline: when it is over, whose it is, and how many datagrams had been sent then.
    _deadlines: tuple[deque[tuple[float, _Inquiry, int]], ...] = field(repr=False, init=False)
    _waits_s: tuple[float, ...] = field(repr=False, init=False)
    _clock: asyncio.TimerHandle | None = None
    _strikes_at: float = 0.0
    _window: int = FIRST_WINDOW
    _fresh: int = 0
    _recent: deque[tuple[float, _Inquiry]] = field(repr=False, default_factory=deque)  # when each was first sent
    _under_way: int = 0
    _begun: int = 0  # questions taken off `_waiting`, ever
    # Who waits until so many have been.
    _behind: deque[tuple[int, "asyncio.Future[None]"]] = field(repr=False, default_factory=deque)
    _waking: bool = False
    _arrived: deque[tuple[_Inquiry, bytes]] = field(repr=False, default_factory=deque)  # replies, not read yet
    _conversations: set[asyncio.Task[None]] = field(repr=False, default_factory=set)
    _places: Gate = field(repr=False, default_factory=lambda: Gate(CONVERSATIONS))

    def __post_init__(self) -> None:
        self._waits_s = waits_s(self.timeout_s)
        self._deadlines = tuple(deque() for _ in self._waits_s)

    def ask(self, host: str, kind: int) -> "asyncio.Future[Reply]":
        """Ask one question; whatever happens is a Reply, never an exception.

        A server that does not answer within `timeout_s`, or cannot be reached, is a TIMEOUT; a name that the DNS has
        no room for is a FAULT of ours and is not asked.
        """
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        host = host.removesuffix(".").lower()
        name = wire_name(host)
        if name is None:
            detail = "not asked: the DNS has no room for such a name"
            reply.set_result(Reply(server=self.label, fate=NameFate.FAULT, detail=detail))
            return reply
        self._waiting.append(_Inquiry(host, kind, name + kind.to_bytes(2, "big") + b"\x00\x01", reply))
        self._begin_more()
        return reply

    async def sent(self) -> None:
        """Wait until every question that waits now has been sent: what takes long elsewhere goes before what does not.

        Questions that come meanwhile are not waited for.
        """
        if self._waiting or self._behind:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._behind.append((self._begun + len(self._waiting), turn))
            await turn

    @property
    def unanswered(self) -> int:
        """Count the questions that were sent a moment ago and are not answered: at most WINDOW."""
        return self._fresh

    def close(self) -> None:
        """Close the sockets; whoever still waits is told so."""
        if self._clock is not None:
            self._clock.cancel()
        for conversation in self._conversations:
            conversation.cancel()
        waiting, self._waiting = self._waiting, deque()
        self._begun += len(waiting)
        self._wake()
        for inquiry in (*waiting, *(one for line in self._lines for one in list(line.pending.values()))):
            self._settle(inquiry, self._unreachable("the resolver was closed"))
        for line in self._lines:
            asyncio.get_running_loop().remove_reader(line.socket)
            line.socket.close()
        self._lines.clear()

    def _begin_more(self) -> None:
        since = asyncio.get_running_loop().time() - _AWAITED_S
        while self._recent and self._recent[0][0] <= since:
            self._leave_window(self._recent.popleft()[1])
        while self._waiting and self._fresh < self._window and self._under_way < IN_FLIGHT:
            inquiry = self._waiting.popleft()
            self._begun += 1
            if not inquiry.reply.done():
                self._begin(inquiry)
        if self._behind and not self._waking and self._behind[0][0] <= self._begun:
            self._wake()

    def _wake(self) -> None:
        """Let those go on whose questions have been sent: a few in each turn, so that answers are read between."""
        for _ in range(_WOKEN):
            if not self._behind or self._behind[0][0] > self._begun:
                break
            turn = self._behind.popleft()[1]
            if not turn.done():
                turn.set_result(None)
        self._waking = bool(self._behind) and self._behind[0][0] <= self._begun
        if self._waking:
            asyncio.get_running_loop().call_soon(self._wake)

    def _begin(self, inquiry: _Inquiry) -> None:
        dice = secrets.token_bytes(3)
        try:
            line = self._lines[dice[2] % SOCKETS] if len(self._lines) == SOCKETS else self._open_one()
        except OSError as fault:
            self._settle(inquiry, self._unreachable(fault.strerror or str(fault)))
            return
        identity = int.from_bytes(dice[:2], "big")
        while identity in line.pending:
            identity = (identity + 1) % 65_536
        inquiry.line, inquiry.identity, inquiry.fresh = line, identity, True
        line.pending[identity] = inquiry
        self._fresh += 1
        self._under_way += 1
        self._recent.append((asyncio.get_running_loop().time(), inquiry))
        self._send(inquiry)

    def _open_one(self) -> _Line:
        opened = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.settimeout(0)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            opened.connect((self.address, self.port))
        except OSError:
            opened.close()
            raise
        line = _Line(opened)
        self._lines.append(line)
        asyncio.get_running_loop().add_reader(opened, partial(self._readable, line))
        return line

    def _send(self, inquiry: _Inquiry) -> None:
        """Send the datagram, and note until when it is waited for."""
        line, loop = inquiry.line, asyncio.get_running_loop()
        assert line is not None  # noqa: S101 -- `_begin` gave it one
        inquiry.sent += 1
        due = loop.time() + self._waits_s[inquiry.waited]
        self._deadlines[inquiry.waited].append((due, inquiry, inquiry.sent))
        if self._clock is None or due < self._strikes_at:
            self._set_clock(due)
        try:
            line.socket.send(_message(inquiry.identity, inquiry.question, edns=inquiry.edns))
        except BlockingIOError:
            pass  # no room for it here: as good as lost on the way, and sent again like it
        except OSError as fault:
            self._broken(line, fault)

    def _set_clock(self, due: float) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._strikes_at = due
        self._clock = asyncio.get_running_loop().call_at(due, self._strike)

    def _strike(self) -> None:
        """Send again what was waited for long enough, give up what is over."""
        now, self._clock = asyncio.get_running_loop().time(), None
        # A busy loop may come to the clock before it comes to the sockets: what has arrived is not overdue.
        for line in self._lines:
            self._drain(line)
        for deadlines in self._deadlines:
            # What was answered is passed over also where it is not due: the clock need not strike for it.
            while deadlines and (deadlines[0][0] <= now or not _is_open(*deadlines[0][1:])):
                _, inquiry, sent = deadlines.popleft()
                if _is_open(inquiry, sent):
                    self._overdue(inquiry)
        heads = [deadlines[0][0] for deadlines in self._deadlines if deadlines]
        if heads:
            self._set_clock(min(heads))
        self._begin_more()

    def _overdue(self, inquiry: _Inquiry) -> None:
        inquiry.waited += 1
        if inquiry.reply.done():
            self._forget(inquiry)  # nobody waits for it any more
        elif inquiry.waited == len(self._waits_s):
            detail = f"no answer within {self.timeout_s:g} s"
            self._settle(inquiry, Reply(server=self.label, fate=NameFate.TIMEOUT, detail=detail))
        else:
            self._leave_window(inquiry)
            self._send(inquiry)

    def _readable(self, line: _Line) -> None:
        self._drain(line)
        self._begin_more()

    def _drain(self, line: _Line) -> None:
        for _ in range(_DRAINED):
            try:
                data = line.socket.recv(_READ_BYTES)
            except BlockingIOError:
                break
            except OSError as fault:
                self._broken(line, fault)
                break
            self._received(line, data)

    def _received(self, line: _Line, data: bytes) -> None:
        if len(data) < _HEADER_BYTES or not data[2] & _RESPONSE:
            return
        inquiry = line.pending.get(data[0] << 8 | data[1])
        if inquiry is None or not _answers(data, inquiry.question):
            return
        if data[3] & _RCODE in _NO_EDNS and inquiry.edns:
            inquiry.edns, inquiry.waited = False, 0
            self._send(inquiry)
        elif data[2] & _TRUNCATED:
            self._forget(inquiry)
            conversation = asyncio.ensure_future(self._converse(inquiry))
            self._conversations.add(conversation)
            conversation.add_done_callback(self._conversations.discard)
        else:
            self._window = min(self._window + 1, WINDOW)
            self._forget(inquiry)
            self._arrived.append((inquiry, data))
            if len(self._arrived) == 1:
                asyncio.get_running_loop().call_soon(self._read)

    def _read(self) -> None:
        """Read what has arrived: a little in each turn, for what waits to be asked goes before what is answered."""
        for _ in range(min(_READ, len(self._arrived))):
            inquiry, data = self._arrived.popleft()
            if inquiry.reply.done():
                continue  # nobody waits for it any more
            try:
                reply = read_reply(data, server=self.label, host=inquiry.host, kind=inquiry.kind)
            except Exception as bug:  # noqa: BLE001 -- ends the look that met it, and no other waits for ever
                inquiry.reply.set_exception(bug)
            else:
                self._settle(inquiry, reply)
        if self._arrived:
            asyncio.get_running_loop().call_soon(self._read)

    def _broken(self, line: _Line, fault: OSError) -> None:
        """Nobody listens there: whoever waits need not wait on."""
        for inquiry in list(line.pending.values()):
            self._settle(inquiry, self._unreachable(fault.strerror or str(fault)))

    def _settle(self, inquiry: _Inquiry, reply: Reply) -> None:
        self._forget(inquiry)
        if not inquiry.reply.done():
            inquiry.reply.set_result(reply)

    def _forget(self, inquiry: _Inquiry) -> None:
        if inquiry.line is not None:
            del inquiry.line.pending[inquiry.identity]
            inquiry.line = None
            self._under_way -= 1
            self._leave_window(inquiry)

    def _leave_window(self, inquiry: _Inquiry) -> None:
        if inquiry.fresh:
            inquiry.fresh = False
            self._fresh -= 1

    def _unreachable(self, why: str) -> Reply:
        return Reply(server=self.label, fate=NameFate.TIMEOUT, detail=f"cannot be reached ({why})")

    async def _converse(self, inquiry: _Inquiry) -> None:
        """Ask over TCP what was cut off."""
        async with self._places:
            try:
                async with asyncio.timeout(self.timeout_s):
                    wire = await self._by_tcp(inquiry.question)
            except TimeoutError:
                reply = self._unreachable(f"the answer was cut off, and over TCP none came within {self.timeout_s:g} s")
            except OSError as fault:
                reply = self._unreachable(f"the answer was cut off, and over TCP: {fault.strerror or fault}")
            else:
                reply = read_reply(wire, server=self.label, host=inquiry.host, kind=inquiry.kind)
                reply = replace(reply, over_tcp=True)
        self._settle(inquiry, reply)

    async def _by_tcp(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.address, self.port)
        try:
            message = _message(secrets.randbelow(65_536), question, edns=True)
            writer.write(len(message).to_bytes(2, "big") + message)
            await writer.drain()
            # Two octets of length (RFC 1035, section 4.2.2) bound what can come.
            wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        except asyncio.IncompleteReadError as fault:
            raise ConnectionResetError("closed before the whole answer came") from fault
        finally:
            writer.close()
        if len(wire) < _HEADER_BYTES or wire[:2] != message[:2] or not _answers(wire, question):
            raise ConnectionResetError("an answer to another question")
        return wire


def waits_s(timeout_s: float) -> tuple[float, ...]:
    """Divide the deadline: for how many seconds each datagram of a question is waited for.

    >>> waits_s(3.0)
    (0.5, 1.0, 1.5)
    """
    waits = [min(FIRST_WAIT_S, timeout_s / 6)]
    while (left := timeout_s - sum(waits)) > 2 * waits[-1]:
        waits.append(2 * waits[-1])
    return (*waits, left)


def _is_open(inquiry: _Inquiry, sent: int) -> bool:
    """Say whether the datagram with this number is still waited for."""
    return inquiry.line is not None and inquiry.sent == sent


def _answers(data: bytes, question: bytes) -> bool:
    asked = data[_HEADER_BYTES : _HEADER_BYTES + len(question)]
    if asked == question or asked.lower() == question.lower():
        return True
    # RFC 5452, section 9.1, wants the question in every reply. Servers that could not read it leave it out of their
    # error, which is taken: socket and id are right. That a name does not exist says only who has read the question.
    return data[4:6] == b"\x00\x00" and data[3] & _RCODE not in _READ_IT


def _message(identity: int, question: bytes, *, edns: bool) -> bytes:
    flags = _FLAGS_RD if edns else _FLAGS_RD[:-1] + b"\x00"
    return identity.to_bytes(2, "big") + flags + question + (_OPT if edns else b"")
