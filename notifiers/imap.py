"""The mailbox that answers and bounces come to, over IMAP (RFC 3501), as far as that needs it.

Our own client: the one for asyncio that there is has no STARTTLS, waits for a lost connection until its deadline, takes
as much as a server sends, writes into its log what it does not understand, and has a licence that ours cannot carry.
Every wait has a deadline, every line and literal a bound; a message is read without being marked, and only in part.
"""

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from schemas.errors import Misconfigured, Unreachable
from schemas.settings import Inbox

#: Octets of one line: a server that lists many messages writes long ones.
_LONGEST_LINE = 1024 * 1024
#: Lines and octets of one response.
_MOST_LINES = 10_000
_LITERAL = re.compile(rb"\{(\d{1,10})\+?\}\r?\n$")
_TAKEN = "NtdTaken"
_FAULTS = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, EOFError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each step may take, in seconds."""

    connect_s: float = 30.0  # dial, TLS, greeting
    command_s: float = 60.0  # every command, the transfer of a message included
    leave_s: float = 2.0


@dataclass(slots=True)
class _Response:
    """What a server said to one command: untagged lines, with the literals in them, and how it ended."""

    ended: str  # OK | NO | BAD
    said: str
    lines: list[bytes] = field(default_factory=list)
    literals: list[bytes] = field(default_factory=list)


class Refusal(Exception):  # noqa: N818 -- a server's word, translated at this seam
    """The server said no."""


class Mailbox:
    """One folder of one account, selected."""

    def __init__(self, inbox: Inbox, patience: Patience) -> None:
        """Speak as `inbox` says; `open` connects."""
        self._inbox, self._patience = inbox, patience
        self._tags = 0
        self._can: frozenset[str] = frozenset()
        self._keeps_words = False
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._below: asyncio.StreamWriter | None = None  # what TLS runs on: forgotten, it would close the connection

    @classmethod
    @asynccontextmanager
    async def open(
        cls, inbox: Inbox, *, patience: Patience = Patience(), tls: ssl.SSLContext | None = None
    ) -> AsyncIterator["Mailbox"]:
        """Connect, sign in and select the folder.

        Unreachable: no server, or it went away. Misconfigured: it does not let us in, or there is no such folder.
        """
        mailbox = cls(inbox, patience)
        try:
            async with asyncio.timeout(patience.connect_s):
                await mailbox._connect(tls or ssl.create_default_context())
        except _FAULTS as fault:
            raise Unreachable(
                f"inbox.imap_host: the server cannot be reached: {_why(fault)}; look at host, port and tls"
            ) from fault
        try:
            await mailbox._sign_in()
            await mailbox._select()
            yield mailbox
        finally:
            await mailbox._leave()

    async def _connect(self, tls: ssl.SSLContext) -> None:
        implicit = tls if self._inbox.tls == "implicit" else None
        self._reader, self._writer = await asyncio.open_connection(
            self._inbox.imap_host, self._inbox.imap_port, ssl=implicit, limit=_LONGEST_LINE
        )
        try:
            await self._greet()
            if self._inbox.tls == "starttls":
                await self._secure(tls)
        except BaseException:
            self._writer.transport.abort()
            raise

    async def _greet(self) -> None:
        if not (await self._line()).startswith((b"* OK", b"* PREAUTH")):
            raise EOFError("it does not greet as IMAP does")

    async def _secure(self, tls: ssl.SSLContext) -> None:
        if (await self._exchange("STARTTLS")).ended != "OK":
            raise EOFError("it offers no STARTTLS")
        # A new reader: what somebody slipped in before the encryption is not read after it (RFC 3501, section 6.2.1).
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        protocol = asyncio.StreamReaderProtocol(reader)
        self._below = self._writer
        transport = await loop.start_tls(self._below.transport, protocol, tls, server_hostname=self._inbox.imap_host)
        if transport is None:
            raise EOFError("the connection was lost in the handshake")
        protocol.connection_made(transport)
        self._reader, self._writer = reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _sign_in(self) -> None:
        can = await self._capabilities()
        user, password = self._inbox.username, self._inbox.password.get_secret_value()
        if user and "AUTH=PLAIN" in can:
            secret = base64.b64encode(f"\0{user}\0{password}".encode())  # RFC 4616
            response = await self._ask("AUTHENTICATE PLAIN", then=secret)
        elif user:
            response = await self._ask(f"LOGIN {_quoted(user)} {_quoted(password)}")
        else:
            return
        if response.ended != "OK":
            raise Misconfigured(
                "inbox.username: the server does not let us in with this name and password; correct one of them"
            )
        await self._capabilities()

    async def _capabilities(self) -> frozenset[str]:
        response = await self._ask("CAPABILITY")
        words = b" ".join(line for line in response.lines if line.upper().startswith(b"* CAPABILITY"))
        self._can = frozenset(words.decode("ascii", "replace").upper().split()[2:])
        return self._can

    async def _select(self) -> None:
        response = await self._ask(f"SELECT {_folder(self._inbox.folder)}")
        if response.ended != "OK":
            raise Misconfigured("inbox.folder: there is no such folder, or it cannot be read; write for example INBOX")
        if "[READ-ONLY]" in response.said.upper():
            raise Misconfigured(
                "inbox.folder: it can only be read, and messages that were taken are marked or moved; let this account "
                "write there, or name another folder"
            )
        flags = b" ".join(line for line in response.lines if b"PERMANENTFLAGS" in line.upper())
        self._keeps_words = rb"\*" in flags or _TAKEN.encode() in flags

    @property
    def keeps_words(self) -> bool:
        """Say whether messages can be marked as taken here."""
        return self._keeps_words

    async def waiting(self, most: int) -> list[int]:
        """Give the numbers of messages that were not taken yet, oldest first."""
        response = await self._ask(f"UID SEARCH UNDELETED UNKEYWORD {_TAKEN}")
        self._expect(response)
        found = (line.split()[2:] for line in response.lines if line.upper().startswith(b"* SEARCH"))
        return sorted(int(word) for words in found for word in words if word.isdigit())[:most]

    async def fetch(self, uid: int, most_bytes: int) -> bytes | None:
        """Read the first `most_bytes` of a message without marking it; None: it is not there any more."""
        response = await self._ask(f"UID FETCH {uid} (BODY.PEEK[]<0.{most_bytes}>)", longest=most_bytes)
        self._expect(response)
        return response.literals[0] if response.literals else None

    async def mark(self, uid: int) -> None:
        """Mark a message as taken; Refusal where the folder keeps no words of ours."""
        if not self._keeps_words:
            raise Refusal("this folder keeps no keywords")
        self._expect(await self._ask(f"UID STORE {uid} +FLAGS.SILENT ({_TAKEN})"))

    async def move(self, uid: int, folder: str) -> None:
        """Move a message to another folder, which is made where it is missing."""
        to = _folder(folder)
        verb = "MOVE" if "MOVE" in self._can else "COPY"
        response = await self._ask(f"UID {verb} {uid} {to}")
        if response.ended == "NO" and "[TRYCREATE]" in response.said.upper():
            self._expect(await self._ask(f"CREATE {to}"))
            response = await self._ask(f"UID {verb} {uid} {to}")
        self._expect(response)
        if verb == "COPY":
            self._expect(await self._ask(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)"))
            if "UIDPLUS" in self._can:
                self._expect(await self._ask(f"UID EXPUNGE {uid}"))

    async def wait(self, stop: asyncio.Event, at_most_s: float) -> None:
        """Wait until something comes (RFC 2177), at most so long, and not beyond a stop."""
        if "IDLE" not in self._can:
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most_s):
                    await stop.wait()
            self._expect(await self._ask("NOOP"))
            return
        try:
            tag = await self._send("IDLE")
            async with asyncio.timeout(self._patience.command_s):
                await self._until_it_waits(tag)
            await self._news(stop, at_most_s)
            await self._write(b"DONE\r\n")
            async with asyncio.timeout(self._patience.command_s):
                await self._collect(tag)
        except _FAULTS as fault:
            raise Unreachable(f"inbox.imap_host: the server went away: {_why(fault)}") from fault

    async def _until_it_waits(self, tag: bytes) -> None:
        while not (line := await self._line()).startswith(b"+"):
            if line.startswith(tag):
                raise ValueError("it offers IDLE and does not wait")

    async def _news(self, stop: asyncio.Event, at_most_s: float) -> None:
        stopped, coming = asyncio.create_task(stop.wait()), asyncio.create_task(self._something_new())
        try:
            await asyncio.wait([stopped, coming], timeout=at_most_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            coming.cancel()
            _, came = await asyncio.gather(stopped, coming, return_exceptions=True)
        if isinstance(came, Exception):
            raise came

    async def _something_new(self) -> None:
        while not (await self._line()).rstrip().upper().endswith((b"EXISTS", b"RECENT")):
            pass

    def _expect(self, response: _Response) -> None:
        if response.ended != "OK":
            raise Refusal(response.said[:200])

    async def _ask(self, command: str, *, then: bytes = b"", longest: int = 0) -> _Response:
        try:
            async with asyncio.timeout(self._patience.command_s):
                return await self._exchange(command, then=then, longest=longest)
        except _FAULTS as fault:
            raise Unreachable(f"inbox.imap_host: the server went away: {_why(fault)}") from fault

    async def _exchange(self, command: str, *, then: bytes = b"", longest: int = 0) -> _Response:
        return await self._collect(await self._send(command), then=then, longest=longest)

    async def _send(self, command: str) -> bytes:
        self._tags += 1
        tag = f"n{self._tags} ".encode()
        await self._write(tag + command.encode() + b"\r\n")
        return tag

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def _line(self) -> bytes:
        return await self._reader.readuntil(b"\n")

    async def _collect(self, tag: bytes, *, then: bytes = b"", longest: int = 0) -> _Response:
        lines: list[bytes] = []
        literals: list[bytes] = []
        for _ in range(_MOST_LINES):
            line = await self._line()
            if line.startswith(tag):
                word, _, said = line[len(tag) :].decode("utf-8", "replace").strip().partition(" ")
                return _Response(ended=word.upper(), said=said, lines=lines, literals=literals)
            if line.startswith(b"+") and then:
                await self._write(then + b"\r\n")
            lines.append(line.strip())
            if found := _LITERAL.search(line):
                if int(found[1]) > longest:
                    raise ValueError("it sends more than was asked for")
                literals.append(await self._reader.readexactly(int(found[1])))
        raise ValueError("it says more than anybody asked")

    async def _leave(self) -> None:
        with suppress(*_FAULTS):
            async with asyncio.timeout(self._patience.leave_s):
                await self._exchange("LOGOUT")
        self._writer.close()
        with suppress(*_FAULTS, ssl.SSLError):
            async with asyncio.timeout(self._patience.leave_s):
                await self._writer.wait_closed()


def _why(fault: BaseException) -> str:
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, asyncio.IncompleteReadError):
        return "the connection was closed"
    return str(fault) or type(fault).__name__


def _quoted(text: str) -> str:
    r"""Write a string as IMAP does (RFC 3501, section 4.3); Misconfigured for what no such string can hold.

    >>> _quoted('a"b')
    '"a\\"b"'
    """
    if not text.isascii() or any(character in text for character in "\r\n\0"):
        raise Misconfigured(
            "inbox.username: this server takes only names and passwords in ASCII; give the account another one"
        )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _folder(name: str) -> str:
    """Write the name of a folder in modified UTF-7 (RFC 3501, section 5.1.3).

    >>> _folder("Entwürfe & mehr")
    '"Entw&APw-rfe &- mehr"'
    """
    pieces = re.split(r"([^ -~]+)", name.replace("&", "&-"))
    return _quoted("".join(_shifted(piece) if at % 2 else piece for at, piece in enumerate(pieces)))


def _shifted(piece: str) -> str:
    encoded = binascii.b2a_base64(piece.encode("utf-16-be", "replace"), newline=False).decode()
    return "&" + encoded.rstrip("=").replace("/", ",") + "-"
