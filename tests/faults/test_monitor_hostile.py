"""Servers that stall, lie, flood and bomb: each ends in a named outcome, in time, in bounded memory, never in gone."""

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import pytest

from schemas.check import Names, Sight, Verdict
from tests.fakes.monitor_web import NameBook, Reply, answer, look, picture, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
TIMEOUT_S = 0.4


def _forever(head: bytes, piece: bytes, pause_s: float = 0.0) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return write


async def _silent(writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


async def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def _bomb(levels: int = 1) -> bytes:
    packed = bytes(200 * 1024 * 1024)
    for _ in range(levels):
        packed = gzip.compress(packed)
    return packed


ATTACKS: Mapping[str, tuple[Reply, Sight, Verdict]] = {
    "says nothing": (_silent, Sight.TIMEOUT, Verdict.UNKNOWN),
    "resets": (_reset, Sight.UNREACHABLE, Verdict.UNKNOWN),
    "closes": (b"", Sight.UNREACHABLE, Verdict.UNKNOWN),
    "drips the head": (_forever(b"HTTP/1.1 200 OK\r\n", b"a", 0.01), Sight.TIMEOUT, Verdict.UNKNOWN),
    "drips the body": (_forever(HEAD + b"\r\n", b"x", 0.01), Sight.TIMEOUT, Verdict.UNKNOWN),
    "drips a 404": (_forever(b"HTTP/1.1 404 No\r\n\r\n", b"x", 0.01), Sight.TIMEOUT, Verdict.UNKNOWN),
    "endless headers": (_forever(HEAD, b"X-More: and more\r\n"), Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "one endless header": (_forever(HEAD + b"X-More: ", b"a" * 4096), Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "endless 100 Continue": (_forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "endless body": (_forever(HEAD + b"\r\n", b"x" * 65536), Sight.ANSWERED, Verdict.UP),
    "bomb": (answer(_bomb(), kind="image/jpeg", Content_Encoding="gzip"), Sight.ANSWERED, Verdict.UP),
    "bomb of zlib": (
        answer(zlib.compress(bytes(50 * 1024 * 1024)), kind="image/jpeg", Content_Encoding="deflate"),
        Sight.ANSWERED,
        Verdict.UP,
    ),
    "packed body that ends early": (
        answer(gzip.compress(b"x" * 5000)[:20], Content_Encoding="gzip"),
        Sight.BAD_ANSWER,
        Verdict.UNKNOWN,
    ),
    "promises more than it sends": (HEAD + b"Content-Length: 9999\r\n\r\nshort", Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "sends more than it promises": (
        HEAD + b"Content-Length: 3\r\n\r\nlonger than that",
        Sight.BAD_ANSWER,
        Verdict.UNKNOWN,
    ),
    "two lengths": (HEAD + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "broken chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n",
        Sight.BAD_ANSWER,
        Verdict.UNKNOWN,
    ),
    "chunks without end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "HTTP/0.9": (b"<html><title>404 not found</title></html>", Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "zero bytes": (bytes(2000), Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "upgrade nobody asked for": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz",
        Sight.ANSWERED,
        Verdict.UNKNOWN,
    ),
    "status 999999": (b"HTTP/1.1 999999 What\r\n\r\n", Sight.BAD_ANSWER, Verdict.UNKNOWN),
    "redirect to a bad address": (answer("", 302, Location="http://[::1"), Sight.BAD_ANSWER, Verdict.UNKNOWN),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_attack_ends_in_a_named_outcome(attack: str) -> None:
    """Each attack ends within the deadline and a second, as its row says."""
    reply, sight, verdict = ATTACKS[attack]
    began = time.monotonic()
    async with serving({"/i/1.jpg": reply}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"timeout": timedelta(seconds=TIMEOUT_S)})

    assert (seen.observations[0].sight, seen.meaning.verdict) == (sight, verdict), seen
    assert time.monotonic() - began < TIMEOUT_S + 1


@pytest.mark.parametrize("attack", ["endless body", "bomb", "endless headers", "one endless header"])
async def test_attack_costs_little_memory(attack: str) -> None:
    """No attack costs more than 8 MiB above what was there before."""
    reply = ATTACKS[attack][0]
    async with serving({"*": picture("warm"), "/i/1.jpg": reply}) as web:
        await look(f"http://img.test:{web.port}/warm")
        tracemalloc.start()
        await look(f"http://img.test:{web.port}/i/1.jpg", settings={"timeout": timedelta(seconds=TIMEOUT_S)})
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 8 * 1024 * 1024


async def test_sibling_that_stalls_leaves_the_item_up() -> None:
    """A server that never answers for unknown names has answered for the item."""
    async with serving({"/i/1.jpg": picture("1"), "*": _silent}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"timeout": timedelta(seconds=TIMEOUT_S)})

    assert seen.meaning.verdict is Verdict.UP
    assert seen.observations[0].fault == "not compared with a sibling: no answer in time"


async def test_no_tls_where_there_should_be() -> None:
    """A server that speaks something else where TLS should be has given no answer."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    seen = await look(f"https://img.test:{port}/i/1.jpg")
    server.close()

    assert seen.meaning.reason == "tls_fault"


class _Stuck(NameBook):
    """Never answers."""

    async def __call__(self, host: str) -> Names:
        """Wait for ever."""
        await asyncio.Event().wait()
        return await super().__call__(host)


async def test_name_that_takes_for_ever_is_unknown() -> None:
    """Names that are not found in time end the round in time."""
    seen = await look("http://img.test/i/1.jpg", names=_Stuck(), settings={"timeout": timedelta(seconds=0.05)})

    assert seen.meaning.reason == "name_fault"
