"""A small IMAP4rev1 server on loopback, as far as a client of ours asks: folders in memory, and faults on demand.

Tried beside it by hand in November 2026: the same client against Dovecot 2.3.19 and pymap 0.36.7.
"""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_UIDS = re.compile(r"(\d+)")
_SECTION = re.compile(r"BODY\.PEEK\[\]<0\.(\d+)>")


@dataclass(slots=True)
class Stored:
    """A message in a folder."""

    uid: int
    content: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ImapServer:
    """What stands in the folders, what the server can, and what it does wrong."""

    folders: dict[str, list[Stored]] = field(default_factory=lambda: {"INBOX": []})
    user: str = "hotline"
    password: str = 'p"w\\d'
    capabilities: str = "IMAP4rev1 IDLE MOVE UIDPLUS"
    keywords: bool = True
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    greeting: bytes = b"* OK ready\r\n"
    hang_up_before: set[str] = field(default_factory=set)  # commands that are answered by closing the connection
    hang_up_after: set[str] = field(default_factory=set)  # commands that are done, and then not answered
    say_instead: dict[str, bytes] = field(default_factory=dict)  # command → raw answer
    commands: list[str] = field(default_factory=list)
    port: int = 0
    _uids: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _sessions: set[asyncio.Task[None]] = field(default_factory=set)

    def put(self, content: bytes, folder: str = "INBOX") -> Stored:
        """Deliver a message."""
        self._uids += 1
        stored = Stored(uid=self._uids, content=content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        self.folders.setdefault(folder, []).append(stored)
        self._news.set()
        return stored

    def asked(self, command: str) -> int:
        """Say how often a command came."""
        return sum(one.startswith(command) for one in self.commands)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ImapServer"]:
        """Listen while the block runs."""
        server = await asyncio.start_server(self._session, "127.0.0.1", 0, ssl=self.tls if self.implicit else None)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for session in self._sessions:
                session.cancel()
            await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        assert session is not None
        self._sessions.add(session)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await _Session(self, reader, writer).run()
        finally:
            writer.transport.abort()
            self._sessions.discard(session)


class _Over(Exception):  # noqa: N818
    """The connection is to be closed."""


class _Session:
    """One connection."""

    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._folder = ""
        self._known = False

    async def run(self) -> None:
        await self._say(self._server.greeting)
        with contextlib.suppress(_Over):
            while line := await self._reader.readline():
                await self._do(*self._parsed(line.decode().rstrip("\r\n")))

    def _parsed(self, line: str) -> tuple[str, str, str]:
        tag, _, rest = line.partition(" ")
        word, _, arguments = rest.partition(" ")
        if word.upper() == "UID":
            second, _, arguments = arguments.partition(" ")
            word = f"UID {second}"
        return tag, word.upper(), arguments

    async def _do(self, tag: str, command: str, arguments: str) -> None:
        server = self._server
        server.commands.append(f"{command} {arguments}")
        if command in server.hang_up_before:
            raise _Over
        if command in server.say_instead:
            await self._say(server.say_instead[command].replace(b"TAG", tag.encode()))
            return
        done = await getattr(self, f"_{command.lower().replace(' ', '_')}")(tag, arguments)
        if command in server.hang_up_after:
            raise _Over
        await self._say(f"{tag} {done}\r\n".encode())
        if command == "STARTTLS":
            assert server.tls is not None
            await self._writer.start_tls(server.tls)
        if command == "LOGOUT":
            raise _Over

    async def _say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def _capability(self, _tag: str, _: str) -> str:
        await self._say(f"* CAPABILITY {self._server.capabilities}\r\n".encode())
        return "OK done"

    async def _starttls(self, _tag: str, _: str) -> str:
        return "OK begin"

    async def _noop(self, _tag: str, _: str) -> str:
        return "OK done"

    async def _logout(self, _tag: str, _: str) -> str:
        await self._say(b"* BYE\r\n")
        return "OK done"

    async def _login(self, _tag: str, arguments: str) -> str:
        server = self._server
        wanted = " ".join(
            '"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in (server.user, server.password)
        )
        return self._let_in(arguments == wanted)

    async def _authenticate(self, _tag: str, _: str) -> str:
        await self._say(b"+ \r\n")
        said = base64.b64decode(await self._reader.readline())
        return self._let_in(said == f"\0{self._server.user}\0{self._server.password}".encode())

    def _let_in(self, known: bool) -> str:
        self._known = known
        return "OK in" if known else "NO [AUTHENTICATIONFAILED] no"

    async def _select(self, _tag: str, arguments: str) -> str:
        self._folder = arguments.strip('"')
        if not self._known or self._folder not in self._server.folders:
            return "NO no such folder"
        await self._say(f"* {len(self._here)} EXISTS\r\n".encode())
        words = r" \*" if self._server.keywords else ""
        await self._say(rf"* OK [PERMANENTFLAGS (\Seen \Deleted{words})] limited".encode() + b"\r\n")
        return "OK [READ-WRITE] selected"

    @property
    def _here(self) -> list[Stored]:
        return self._server.folders[self._folder]

    def _meant(self, arguments: str) -> Stored | None:
        found = _UIDS.match(arguments)
        return next((one for one in self._here if found and one.uid == int(found[1])), None)

    async def _uid_search(self, _tag: str, _: str) -> str:
        found = [str(one.uid) for one in self._here if not one.flags & {"NtdTaken", "\\Deleted"}]
        await self._say(" ".join(["* SEARCH", *found]).encode() + b"\r\n")
        return "OK done"

    async def _uid_fetch(self, _tag: str, arguments: str) -> str:
        section = _SECTION.search(arguments)
        if (one := self._meant(arguments)) and section:
            part = one.content[: int(section[1])]
            at = self._here.index(one) + 1
            await self._say(f"* {at} FETCH (UID {one.uid} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")\r\n")
        return "OK done"

    async def _uid_store(self, _tag: str, arguments: str) -> str:
        if one := self._meant(arguments):
            one.flags.add(arguments.rpartition("(")[2].rstrip(")"))
        return "OK done"

    async def _uid_copy(self, _tag: str, arguments: str) -> str:
        target = arguments.partition(" ")[2].strip('"')
        if target not in self._server.folders:
            return "NO [TRYCREATE] no such folder"
        if one := self._meant(arguments):
            self._server.folders[target].append(Stored(uid=one.uid, content=one.content))
        return "OK done"

    async def _uid_move(self, tag: str, arguments: str) -> str:
        done = await self._uid_copy(tag, arguments)
        if done.startswith("OK") and (one := self._meant(arguments)):
            self._here.remove(one)
        return done

    async def _uid_expunge(self, _tag: str, arguments: str) -> str:
        if (one := self._meant(arguments)) and "\\Deleted" in one.flags:
            self._here.remove(one)
        return "OK done"

    async def _create(self, _tag: str, arguments: str) -> str:
        self._server.folders[arguments.strip('"')] = []
        return "OK done"

    async def _idle(self, _tag: str, _: str) -> str:
        await self._say(b"+ idling\r\n")
        done = asyncio.create_task(self._reader.readline())
        news = asyncio.create_task(self._server._news.wait())
        await asyncio.wait([done, news], return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            await self._say(f"* {len(self._here)} EXISTS\r\n".encode())
        self._server._news.clear()
        news.cancel()
        await done
        return "OK done"
