"""A relay on loopback that takes mail, and misbehaves at the step where its script says so."""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

DROP = "DROP"  # closes the connection instead of answering
STALL = "STALL"  # never answers
TAKE_AND_DROP = "TAKE_AND_DROP"  # keeps the mail, then closes instead of answering

_ANSWERS = {
    "GREETING": "220 relay.test ESMTP",
    "HELO": "250 relay.test",
    "EHLO": "250-relay.test\r\n250-SIZE 50000000\r\n250 8BITMIME",
    "MAIL": "250 sender ok",
    "RCPT": "250 recipient ok",
    "DATA": "354 go ahead",
    "CONTENT": "250 queued as 12345",
    "RSET": "250 reset",
    "AUTH": "235 welcome",
    "STARTTLS": "220 go ahead",
    "QUIT": "221 bye",
}


@dataclass(slots=True)
class FakeRelay:
    """What it says per step (`script`), and what it saw: the mails it took, commands and connections."""

    script: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    mails: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    open_at_once: int = 0
    most_at_once: int = 0
    port: int = 0
    hold: asyncio.Event | None = None  # while unset, content is not answered
    held: asyncio.Queue[int] = field(default_factory=asyncio.Queue)  # one entry per mail that is being held

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeRelay"]:
        """Listen on a port of its own."""
        server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self.tls if self.implicit else None, limit=2**20
        )
        self.port = server.sockets[0].getsockname()[1]
        tasks: set[asyncio.Task[None]] = set()
        self._tasks = tasks
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_at_once += 1
        self.most_at_once = max(self.most_at_once, self.open_at_once)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_at_once -= 1
            self._tasks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = to = ""
        if not await self._say(writer, "GREETING"):
            return
        while line := await reader.readline():
            command = line.decode().rstrip("\r\n")
            verb = command.split(" ")[0].upper()
            self.commands.append(command)
            if not await self._say(writer, verb):
                return
            match verb:
                case "MAIL":
                    sender = command
                case "RCPT":
                    to = command
                case "DATA" if self._answer("DATA").startswith("354"):
                    if not await self._content(reader, writer, sender, to):
                        return
                case "STARTTLS" if self.tls is not None:
                    await writer.start_tls(self.tls)
                case "QUIT":
                    return

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str, to: str) -> bool:
        if self._answer("CONTENT") == "DROP_INSIDE":
            await reader.read(100)
            return False
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line.removeprefix(b"."))
        if self.hold is not None:
            self.held.put_nowait(len(lines))
            await self.hold.wait()
        if self._answer("CONTENT").startswith("250") or self._answer("CONTENT") == TAKE_AND_DROP:
            self.mails.append((sender, to, b"".join(lines)))
        return await self._say(writer, "CONTENT")

    def _answer(self, step: str) -> str:
        return self.script.get(step, _ANSWERS.get(step, "502 not known"))

    async def _say(self, writer: asyncio.StreamWriter, step: str) -> bool:
        self.seen[step] += 1
        answer = self._answer(step)
        if answer in {DROP, TAKE_AND_DROP}:
            return False
        if answer == STALL:
            await asyncio.Event().wait()
        writer.write(answer.encode() + b"\r\n")
        await writer.drain()
        return not answer.startswith("421")
