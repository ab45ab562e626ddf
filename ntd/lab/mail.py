"""The mail server for everybody the lab can be told about: takes, greylists, refuses, or hangs up after the dot.

RFC 5321 as far as a client sees it, with no TLS: EHLO, MAIL, RCPT, DATA, RSET, NOOP, QUIT.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ntd.clock import Clock
from ntd.lab.ledger import Ledger, Mail, digest
from ntd.lab.letter import Letter, read_letter

_IDLE_S = 60.0
_LINE_BYTES = 2048  # RFC 5321, 4.5.3.1 allows 512; clients add parameters
_MESSAGE_BYTES = 32 * 1024 * 1024
_RECIPIENTS = 100
_PATH = re.compile(rb"(?:FROM|TO):\s*<([^<>\r\n]*)>", re.IGNORECASE)

#: Called for each mail that was taken: mailbox, letter, when.
Taken = Callable[[str, Letter, datetime], None]


class _HungUp(Exception):  # noqa: N818 -- what happened, not an error
    """This side ends the conversation without a word."""


@dataclass(slots=True)
class _Session:
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.sender = None
        self.recipients.clear()


class MailServer:
    """Takes mail for the mailboxes it knows; `manners` says how each behaves."""

    def __init__(self, manners: dict[str, str], taken: Taken, ledger: Ledger, clock: Clock, folder: Path) -> None:
        self._manners = {box.lower(): manner for box, manner in manners.items()}
        self._taken = taken
        self._ledger = ledger
        self._clock = clock
        self._folder = folder
        self._done_once: set[str] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str) -> int:
        """Listen on a free port of `host`; give the port."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_server(self._converse, host, 0, limit=_LINE_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session()
        with suppress(OSError, EOFError, TimeoutError, ValueError, _HungUp):
            await _say(writer, "220 mail.lab.example ESMTP")
            while True:
                async with asyncio.timeout(_IDLE_S):
                    line = await reader.readuntil(b"\r\n")
                if not await self._obey(line.rstrip(b"\r\n"), session, reader, writer):
                    break
        writer.close()

    async def _obey(
        self, line: bytes, session: _Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Carry out one command; False when the conversation is over."""
        verb, _, rest = line.partition(b" ")
        match verb.upper():
            case b"EHLO":
                await _say(writer, "250-mail.lab.example", f"250-SIZE {_MESSAGE_BYTES}", "250 8BITMIME")
            case b"HELO" | b"NOOP":
                await _say(writer, "250 OK")
            case b"RSET":
                session.reset()
                await _say(writer, "250 OK")
            case b"MAIL":
                await _say(writer, self._mail(rest, session))
            case b"RCPT":
                await _say(writer, self._rcpt(rest, session))
            case b"DATA":
                await self._data(session, reader, writer)
            case b"QUIT":
                await _say(writer, "221 Bye")
                return False
            case _:
                await _say(writer, "502 5.5.1 Command not implemented")
        return True

    @staticmethod
    def _mail(rest: bytes, session: _Session) -> str:
        match = _PATH.match(rest)
        if match is None or session.sender is not None:
            return "503 5.5.1 Bad sequence or path"
        session.sender = match[1].decode("ascii", "replace")
        return "250 2.1.0 OK"

    def _rcpt(self, rest: bytes, session: _Session) -> str:
        match = _PATH.match(rest)
        if match is None or session.sender is None or len(session.recipients) >= _RECIPIENTS:
            return "503 5.5.1 Bad sequence or path"
        box = match[1].decode("ascii", "replace").lower()
        manner = self._manners.get(box)
        if manner is None:
            self._note(session, box, "stranger")
            return "550 5.1.1 No such user here"
        if manner == "refuses":
            self._note(session, box, "refused")
            return "550 5.7.1 We do not accept reports"
        if manner == "greylists" and box not in self._done_once:
            self._done_once.add(box)
            self._note(session, box, "deferred")
            return "451 4.7.1 Greylisted, try again"
        session.recipients.append(box)
        return "250 2.1.5 OK"

    async def _data(self, session: _Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not session.recipients:
            await _say(writer, "503 5.5.1 No valid recipients")
            return
        await _say(writer, "354 End data with <CR><LF>.<CR><LF>")
        content = await _read_message(reader)
        if content is None:
            await _say(writer, "552 5.3.4 Message too big")
            return
        self._take(session, content)
        session.reset()
        await _say(writer, "250 2.0.0 Taken")

    def _take(self, session: _Session, content: bytes) -> None:
        letter = read_letter(content)
        for box in session.recipients:
            lost = self._manners[box] == "hangs up" and box not in self._done_once
            mail = self._note(session, box, "answer lost" if lost else "taken", letter, content)
            self._taken(box, letter, mail.at)
            if lost:
                self._done_once.add(box)
                raise _HungUp

    def _note(
        self, session: _Session, box: str, outcome: str, letter: Letter | None = None, content: bytes = b""
    ) -> Mail:
        mail = Mail(
            at=self._clock.now(),
            sender=session.sender or "",
            to=box,
            outcome=outcome,
            letter=letter,
            sha256=digest(content) if content else "",
        )
        self._ledger.mails.append(mail)
        if content:
            (self._folder / f"{len(self._ledger.mails):04}.eml").write_bytes(content)
        return mail


async def _read_message(reader: asyncio.StreamReader) -> bytes | None:
    """Read up to the final dot, dots unstuffed (RFC 5321, 4.5.2); None where it is too long to keep."""
    kept: list[bytes] = []
    size = 0
    while True:
        async with asyncio.timeout(_IDLE_S):
            line = await reader.readuntil(b"\r\n")
        if line == b".\r\n":
            return b"".join(kept) if size <= _MESSAGE_BYTES else None
        size += len(line)
        if size <= _MESSAGE_BYTES:
            kept.append(line[1:] if line.startswith(b".") else line)


async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode("ascii"))
    await writer.drain()
