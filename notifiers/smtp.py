"""By mail, over the relay: a few connections, reused, and never a doubt that could have been avoided.

The relay is whom we speak with; whether the mail arrives is another matter (bounces). A connection is tried with RSET
before it is used again, so that a stale one costs a new connection and not a doubtful message.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTPConnectResponseError, SMTPException, SMTPHeloError, SMTPResponseException
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_fixed

from notifiers.mime import address_of
from notifiers.outcomes import Stage, lost_outcome, smtp_outcome, words
from schemas.notice import AttemptOutcome, Delivery, Envelope, Took
from schemas.settings import Smtp

_LINE_START = re.compile(rb"(?m)^\.")
#: RFC 5321 section 4.5.3.1.3: a path is at most 256 octets; no space or control may stand in ours.
_ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f]{1,190}@[^\s<>@\x00-\x1f\x7f]{1,255}")
_START_INPUT = 354
_FAULTS = (SMTPException, OSError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each step may take, in seconds, and how often and how long a connection is used."""

    connect_s: float = 30.0  # dial, greeting, TLS and sign-in together, each try
    command_s: float = 30.0
    content_s: float = 180.0  # after the final dot: too short makes doubt (RFC 1047), too long holds the lease
    quit_s: float = 2.0
    between_tries_s: float = 0.5
    messages: int = 100  # per connection; relays bound this, and a fresh one also spreads over several relays


class _Connection:
    """One connection to the relay and how often it was used."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.used = 0


class Relay:
    """The way by mail."""

    def __init__(
        self,
        smtp: Smtp,
        domain: str,
        *,
        connections: int = 4,
        patience: Patience = Patience(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._smtp = smtp
        self._domain = domain
        self._patience = patience
        self._tls = tls
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, smtp: Smtp, domain: str) -> AsyncIterator["Relay"]:
        """Open the way; connections are made when there is mail, and closed at the end."""
        relay = cls(smtp, domain)
        try:
            yield relay
        finally:
            await relay.aclose()

    async def aclose(self) -> None:
        """Take leave of the relay on every idle connection."""
        await asyncio.gather(*(self._leave(connection) for connection in self._idle))
        self._idle.clear()

    async def deliver(self, envelope: Envelope, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Hand a mail to the relay; `before_offer` is awaited when it said "go ahead" and nothing was sent yet."""
        to, sender = address_of(envelope.to), address_of(envelope.mail_from)
        if not _ADDRESS.fullmatch(envelope.to) or (sender and not _ADDRESS.fullmatch(sender)):
            return _ours(AttemptOutcome.PERMANENT, "not a mailbox that mail can be sent to")
        async with self._slots:
            try:
                connection = await self._ready()
            except _FAULTS as fault:
                return _ours(AttemptOutcome.TEMPORARY, _said(fault))
            try:
                delivery = await _Transaction(connection.client, self._patience).run(
                    sender, to, envelope.content, before_offer
                )
            except BaseException:
                connection.client.close()  # the relay sees no final dot, so it takes nothing
                raise
            await self._put_back(connection)
            return delivery

    async def reach(self) -> str | None:
        """Connect, sign in and take leave without sending anything; say the fault, None when the relay is ready."""
        try:
            connection = await self._ready()
        except _FAULTS as fault:
            return _said(fault)
        await self._put_back(connection)
        return None

    async def _ready(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            with suppress(*_FAULTS):
                async with asyncio.timeout(self._patience.command_s):
                    await connection.client.rset()
                return connection
            connection.client.close()
        tries = AsyncRetrying(
            stop=stop_after_attempt(2),
            wait=wait_fixed(self._patience.between_tries_s),
            retry=retry_if_exception(_worth_another_try),
            reraise=True,
        )
        return _Connection(await tries(self._connect))

    async def _connect(self) -> aiosmtplib.SMTP:
        client = aiosmtplib.SMTP(
            hostname=self._smtp.host,
            port=self._smtp.port,
            username=self._smtp.username or None,
            password=self._smtp.password.get_secret_value() or None,
            local_hostname=self._domain,
            timeout=None,  # deadlines are ours: asyncio.wait_for can swallow a cancellation before Python 3.12
            use_tls=self._smtp.tls == "implicit",
            start_tls=self._smtp.tls == "starttls",  # True demands it: aiosmtplib raises where it is not offered
            tls_context=self._tls,
        )
        try:
            async with asyncio.timeout(self._patience.connect_s):
                await client.connect()
                if client.is_ehlo_or_helo_needed:
                    await _greet(client)
        except BaseException:
            client.close()
            raise
        return client

    async def _put_back(self, connection: _Connection) -> None:
        connection.used += 1
        if not connection.client.is_connected:
            return
        if connection.used < self._patience.messages:
            self._idle.append(connection)
        else:
            await self._leave(connection)

    async def _leave(self, connection: _Connection) -> None:
        with suppress(*_FAULTS):
            async with asyncio.timeout(self._patience.quit_s):
                await connection.client.quit()
        connection.client.close()


class _Transaction:
    """One mail over one connection, and how far it came."""

    def __init__(self, client: aiosmtplib.SMTP, patience: Patience) -> None:
        self._client = client
        self._patience = patience

    async def run(self, sender: str, to: str, content: bytes, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        needs_utf8 = not (sender + to).isascii() or not content.isascii()
        if needs_utf8 and not self._client.supports_extension("smtputf8"):
            return _ours(AttemptOutcome.PERMANENT, "the address needs SMTPUTF8 (RFC 6531) and the relay has none")
        try:
            refusal = await self._envelope(sender, to, self._options(content, needs_utf8))
        except _FAULTS as fault:
            return self._broken(Stage.ENVELOPE, fault)
        if refusal is not None:
            return refusal
        await before_offer()
        try:
            return await self._content(content)
        except _FAULTS as fault:
            return self._broken(Stage.CONTENT, fault)

    def _options(self, content: bytes, needs_utf8: bool) -> list[bytes]:
        options = [f"SIZE={len(content)}".encode()] if self._client.supports_extension("size") else []
        return [*options, *([b"BODY=8BITMIME", b"SMTPUTF8"] if needs_utf8 else [])]

    async def _envelope(self, sender: str, to: str, options: list[bytes]) -> Delivery | None:
        """Say who and to whom; None: the relay is waiting for the content."""
        for command, wanted in (
            ((b"MAIL", f"FROM:<{sender}>".encode(), *options), 200),
            ((b"RCPT", f"TO:<{to}>".encode()), 200),
            ((b"DATA",), _START_INPUT),
        ):
            async with asyncio.timeout(self._patience.command_s):
                reply = await self._client.execute_command(*command)
            if reply.code // 100 != wanted // 100:
                return _answered(Stage.ENVELOPE, reply.code, reply.message)
        return None

    async def _content(self, content: bytes) -> Delivery:
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        ended = content if content.endswith(b"\r\n") else content + b"\r\n"
        protocol.write(_LINE_START.sub(b"..", ended) + b".\r\n")
        async with asyncio.timeout(self._patience.content_s):
            reply = await protocol.read_response()
        return _answered(Stage.CONTENT, reply.code, reply.message)

    def _broken(self, stage: Stage, fault: Exception) -> Delivery:
        # Whatever comes later on this connection could be taken for the answer to something else.
        self._client.close()
        return _ours(lost_outcome(stage), _said(fault))


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()


def _worth_another_try(fault: BaseException) -> bool:
    # A relay that greets with "not now" has answered; one that cannot be reached may be restarting.
    unreachable = isinstance(fault, ConnectionError | TimeoutError)
    return unreachable and not isinstance(fault, SMTPConnectResponseError)


def _answered(stage: Stage, code: int, message: str) -> Delivery:
    outcome = smtp_outcome(stage, code)
    text = message.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    took = Took.RELAY if outcome is AttemptOutcome.ACCEPTED else None
    return Delivery(outcome=outcome, by=took, reply=words(f"{code} {text}"))


def _ours(outcome: AttemptOutcome, why: str) -> Delivery:
    return Delivery(outcome=outcome, reply=words(why))


def _said(fault: Exception) -> str:
    if isinstance(fault, SMTPResponseException):
        return f"{fault.code} {fault.message}"
    return str(fault) or f"{type(fault).__name__}: no answer in time"
