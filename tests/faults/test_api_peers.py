"""Peers that stall, flood, break off or talk nonsense, and a database that goes away in the middle."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import structlog
from aiohttp import web

from ntd.api.desk import DESK, Desk, Patience
from ntd.api.server import in_time, serving
from ntd.api.spool import Spool
from tests.fakes.api_door import Street, street
from tests.walk.house import spot

SHORT = Patience(body_s=0.2, silent_s=1.0, left_s=0.5, taken_s=0.2)
# Its answer is long: thirty-five thousand of them are more than the kernel keeps for a reader who stands still.
REFUSED_LINE = b'{"media": 1}\n'


@pytest.fixture
async def door(database: str, tmp_path: Path) -> AsyncIterator[Street]:
    """Open a door with little patience."""
    async with street(database, tmp_path, patience=SHORT) as opened:
        opened.home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        yield opened


@asynccontextmanager
async def line_to(base: str) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """Connect by hand, with a receive buffer so small that an unread answer blocks its sender."""
    where = urlsplit(base)
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plug.setblocking(False)  # noqa: FBT003 -- the standard library's signature
    await asyncio.get_running_loop().sock_connect(plug, (where.hostname, where.port))
    reader, writer = await asyncio.open_connection(sock=plug, limit=4096)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def head(door: Street, path: str, *headers: str) -> bytes:
    """Write the head of a POST."""
    token = await door.token("operator")
    # HTTP/1.0: the answer comes without chunks, its end is the end of the connection.
    lines = (f"POST {path} HTTP/1.0", "Host: x", f"Authorization: Bearer {token}", *headers, "", "")
    return "\r\n".join(lines).encode()


async def test_who_sends_everything_before_reading_is_not_deadlocked(door: Street) -> None:
    """Thirty-five thousand lines are sent before the first answer is read, and every one is answered."""
    body = REFUSED_LINE * 35_000
    begin = await head(door, "/api/v1/items", "Content-Type: application/x-ndjson", f"Content-Length: {len(body)}")
    async with asyncio.timeout(30), line_to(door.base) as (reader, writer):
        writer.write(begin + body)
        await writer.drain()
        answer = b"".join([part async for part in _parts(reader)])
    assert answer.count(b'"refused"') == 35_000
    assert answer.endswith(b"\n")


async def _parts(reader: StreamReader) -> AsyncIterator[bytes]:
    while part := await reader.read(1 << 16):
        yield part


async def _lines(reader: StreamReader) -> int:
    """Count the lines that were under way when the connection ended."""
    count = 0
    with suppress(ConnectionError):
        async for part in _parts(reader):
            count += part.count(b"\n")
    return count


async def _said(said: list[MutableMapping[str, Any]], event: str) -> None:
    while not any(one["event"] == event for one in said):  # noqa: ASYNC110 -- the log is a list
        await asyncio.sleep(0.02)


async def test_who_never_reads_is_let_go(door: Street) -> None:
    """When everything was taken and nobody takes the answers, the connection is broken off."""
    body = REFUSED_LINE * 35_000
    begin = await head(door, "/api/v1/items", "Content-Type: application/x-ndjson", f"Content-Length: {len(body)}")
    async with asyncio.timeout(30), line_to(door.base) as (reader, writer):
        writer.write(begin + body)
        await writer.drain()
        with structlog.testing.capture_logs() as said:
            await _said(said, "intake.broken_off")
        assert await _lines(reader) < 35_000


async def test_a_sender_that_falls_silent_is_let_go(door: Street) -> None:
    """Lines that came are taken; then the sender is not waited for."""
    begin = await head(door, "/api/v1/items", "Content-Type: application/x-ndjson", "Content-Length: 100")
    async with asyncio.timeout(10), line_to(door.base) as (reader, writer):
        writer.write(begin + b'{"url": "http://img.one')
        answer = await reader.read(1 << 16)
    assert answer.startswith(b"HTTP/1.0 408 ")
    assert await door.home.store.pool.fetchval("SELECT count(*) FROM item") == 0


async def test_a_body_that_does_not_come_is_not_waited_for(door: Street) -> None:
    """408, in the time that was set."""
    begin = await head(door, "/api/v1/items", "Content-Type: application/json", "Content-Length: 100")
    async with asyncio.timeout(10), line_to(door.base) as (reader, writer):
        writer.write(begin + b'{"url"')
        answer = await reader.readline()
    assert answer == b"HTTP/1.0 408 Request Timeout\r\n"


async def test_a_database_lost_in_the_middle_breaks_the_stream(door: Street) -> None:
    """What was answered is taken; the rest ends in a broken connection, never in a whole answer."""
    answered = asyncio.Event()

    async def lines() -> AsyncIterator[bytes]:
        yield b'{"url": "http://img.one.test/1"}\n'
        await answered.wait()
        yield b'{"url": "http://img.one.test/2"}\n'

    headers = {"Authorization": f"Bearer {await door.token('operator')}", "Content-Type": "application/x-ndjson"}
    async with door.session.post(door.base + "/api/v1/items", headers=headers, data=lines()) as response:
        first = await response.content.readline()
        await door.home.store.pool.close()
        answered.set()
        with pytest.raises(aiohttp.ClientError):
            await response.content.read()
    assert b'"accepted"' in first


async def test_nonsense_is_answered_and_not_repeated_in_the_log(door: Street) -> None:
    """What is no HTTP is 400; the log names the kind of fault and quotes nothing."""
    for nonsense in (
        b"GET /h/secret HTTP/9\r\n\r\n",
        b"\x16\x03\x01secret\r\n\r\n",
        b"GET / HTTP/1.1\r\nsecret\r\n\r\n",
    ):
        with structlog.testing.capture_logs() as said:
            async with asyncio.timeout(10), line_to(door.base) as (reader, writer):
                writer.write(nonsense + b"\r\n\r\n")
                answer = await reader.readline()
        assert answer.startswith(b"HTTP/1.0 400 ")
        assert "secret" not in repr(said)


async def test_the_log_names_routes_and_nobody(door: Street) -> None:
    """Neither tokens of links nor URLs, hosts, queries or unknown paths stand in it."""
    with structlog.testing.capture_logs() as said:
        await door.get("/h/AAAAAAAAAAAAAAAAAAAAAA?x=secret", None)
        await door.get("/api/v1/items?host=img.one.test")
        await door.get("/api/v1/items/http%3A%2F%2Fimg.one.test%2F1")
        await door.get("/secret/path")
    routes = [one["route"] for one in said if one["event"] == "http.request"]
    assert routes == ["/h/{token}", "/api/v1/items", "/api/v1/items/{id}", "-"]
    assert not [word for word in ("AAAA", "secret", "one.test") if word in repr(said)]


async def test_an_answer_nobody_takes_is_dropped(door: Street) -> None:
    """A large answer to a reader that stands still ends with its connection."""

    async def flood(_request: web.Request) -> web.Response:
        return web.Response(body=b"123456789\n" * 3_000_000)

    application = web.Application(middlewares=[in_time])
    home = door.home
    application[DESK] = Desk(
        settings=home.settings, store=home.store, clock=home.clock, pulse=door.pulse, patience=SHORT
    )
    application.router.add_get("/", flood)
    async with (
        asyncio.timeout(20),
        serving(application, "127.0.0.1:0") as base,
        line_to(base) as (reader, writer),
    ):
        with structlog.testing.capture_logs() as said:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await _said(said, "http.not_taken")
        assert await _lines(reader) < 3_000_000


async def test_a_spool_gives_what_it_took() -> None:
    """In order and whole, in memory and beyond it; the end comes after everything."""
    spool = Spool()
    parts = [bytes([number % 256]) * 30_000 for number in range(100)]
    for part in parts[:50]:
        spool.put(part)
    got = [await spool.get() for _ in range(5)]
    for part in parts[50:]:
        spool.put(part)
    spool.end()
    while part := await spool.get():
        got.append(part)
    spool.close()
    assert b"".join(got) == b"".join(parts)
