"""One bounded POST of a JSON document, and what came back. No redirect is followed."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from notifiers.names import Names
from notifiers.outcomes import Stage
from schemas.settings import Dns

LONGEST_ANSWER_BYTES = 1_048_576
_CONNECTIONS = 20
_PER_HOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a document goes, and how the other side knows us."""

    url: str
    token: str = ""  # the settings refuse one that would travel in clear to another machine
    ca_file: Path | None = None  # trusted instead of the system's authorities
    headers: tuple[tuple[str, str], ...] = ()  # of a protocol of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said; `body` is bounded and None where it could not be read to the end."""

    status: int
    body: bytes | None
    retry_after: str | None
    date: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No answer: how far the document had come, and why."""

    stage: Stage
    why: str


class Poster:
    """Posts documents; every connection is used once, so that none can be stale when a document goes out."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    @classmethod
    @asynccontextmanager
    async def open(cls, dns: Dns, user_agent: str, *, patience_s: float = 60.0) -> AsyncIterator["Poster"]:
        """Open a session; `patience_s` bounds one POST whole."""
        connector = TCPConnector(force_close=True, limit=_CONNECTIONS, limit_per_host=_PER_HOST, resolver=Names(dns))
        async with ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            headers={"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=ClientTimeout(total=patience_s, connect=patience_s / 3),
            trust_env=False,
        ) as session:
            yield cls(session)

    async def post(
        self, target: Target, content: bytes, *, key: str, before_offer: Callable[[], Awaitable[None]]
    ) -> Answer | Silence:
        """Post a document; `before_offer` is awaited when the connection stands and nothing of the body was sent."""
        body = _Body(content, before_offer)
        try:
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Idempotency-Key": key}
            if target.token:
                headers["Authorization"] = f"Bearer {target.token}"
            headers |= dict(target.headers)
            trust = ssl.create_default_context(cafile=target.ca_file) if target.ca_file else True
            async with self._session.post(
                target.url, data=body.chunks(), headers=headers, ssl=trust, allow_redirects=False
            ) as response:
                return await _answer(response)
        except (ClientError, OSError, TimeoutError, ValueError) as fault:
            if body.fault is not None:
                raise body.fault from fault
            return Silence(stage=body.stage, why=f"{type(fault).__name__}: {fault}")

    async def get(self, target: Target) -> Answer | Silence:
        """Ask for a document, which changes nothing there."""
        try:
            trust = ssl.create_default_context(cafile=target.ca_file) if target.ca_file else True
            async with self._session.get(
                target.url, headers=dict(target.headers), ssl=trust, allow_redirects=False
            ) as response:
                return await _answer(response)
        except (ClientError, OSError, TimeoutError, ValueError) as fault:
            return Silence(stage=Stage.CONNECT, why=f"{type(fault).__name__}: {fault}")

    async def reach(self, target: Target) -> str | None:
        """Ask what may be asked there (OPTIONS), which changes nothing and shows no token; None when anyone answers."""
        try:
            trust = ssl.create_default_context(cafile=target.ca_file) if target.ca_file else True
            async with self._session.options(target.url, ssl=trust, allow_redirects=False):
                return None
        except (ClientError, OSError, TimeoutError, ValueError) as fault:
            return f"{type(fault).__name__}: {fault}"


class _Body:
    """The content as the transport pulls it, so that the moment before its first byte is known."""

    def __init__(self, content: bytes, before_offer: Callable[[], Awaitable[None]]) -> None:
        self._content = content
        self._before_offer = before_offer
        self.stage = Stage.CONNECT
        self.fault: BaseException | None = None  # of our own record-keeping: never to be taken for the other side's

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the content in one piece, once its record is made."""
        try:
            await self._before_offer()
        except Exception as fault:
            self.fault = fault
            raise
        self.stage = Stage.CONTENT
        yield self._content


async def _answer(response: ClientResponse) -> Answer:
    return Answer(
        status=response.status,
        body=await _bounded(response.content.iter_chunked(65536)),
        retry_after=response.headers.get("Retry-After"),
        date=response.headers.get("Date"),
    )


async def _bounded(chunks: AsyncIterator[bytes]) -> bytes | None:
    body = bytearray()
    try:
        async for chunk in chunks:
            body += chunk
            if len(body) > LONGEST_ANSWER_BYTES:
                return None
    except (ClientError, OSError, TimeoutError, asyncio.IncompleteReadError):
        return None  # the status was said; only its words are missing
    return bytes(body)
