"""Servers that stall, lie, flood and bomb: each ends in a named outcome, in time, in bounded memory, never in gone.

One process looks at all of them, one after the other, with the daemon's event loop; this one serves.
"""

import asyncio
import gzip
import json
import ssl
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import brotli
import trustme
from backports import zstd

from schemas.check import Names, Verdict
from tests.fakes.monitor_web import NameBook, Reply, answer, look, page, picture, serving, to

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TIMEOUT_S = 0.25
MEMORY_MIB = 8.0
MIB = 1024 * 1024

BAD, UP, SLOW, GONE = ("bad_answer",) * 2, ("answered", "status_2xx"), ("timeout",) * 2, ("unreachable",) * 2
#: Open tags, names and blanks, which a careless pattern can put together in a hundred thousand ways.
PLACES = "<div" * 20 + " id=app" * 14 + " " * 401
NOTHING = ("answered", "empty_body")  # a page that shows nothing
PRIVATE, TLS, CIRCLE = ("not_public", "address_not_public"), ("tls_fault",) * 2, ("too_many_redirects",) * 2


def forever(head: bytes, piece: bytes, pause_s: float = 0.0) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    """Send a head, then the same piece until the other side has had enough."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return write


def drip(whole: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    """Send a little at a time."""

    async def write(writer: asyncio.StreamWriter) -> None:
        for at in range(len(whole)):
            writer.write(whole[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0.02)

    return write


async def silent(writer: asyncio.StreamWriter) -> None:
    """Say nothing, for ever."""
    await writer.wait_closed()


async def reset(writer: asyncio.StreamWriter) -> None:
    """Reset the connection."""
    writer.transport.abort()


async def reset_inside(writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of a body."""
    writer.write(HEAD + b"Content-Length: 100000\r\n\r\n" + bytes(50_000))
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


def bomb(packings: str, megabytes: int = 64) -> bytes:
    """Answer with zeros, packed as Content-Encoding says."""
    first, *others = packings.split(", ")
    packed = ZEROS[first](megabytes) if first in ZEROS else PACK[first](bytes(megabytes * MIB))
    for packing in others:
        packed = PACK[packing](packed)
    return answer(packed, kind="image/jpeg", Content_Encoding=packings)


def deflated(megabytes: int) -> bytes:
    """Pack zeros: one MiB, and then again and again what it was packed to, which takes no time."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return (packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)) * megabytes + packer.flush()


ZEROS: Mapping[str, Callable[[int], bytes]] = {
    # RFC 1952, section 2.3; RFC 1950, section 2.2. No look comes as far as the sum and the length: they are noughts.
    "gzip": lambda megabytes: b"\x1f\x8b\x08" + bytes(7) + deflated(megabytes) + bytes(8),
    "deflate": lambda megabytes: b"\x78\x9c" + deflated(megabytes) + bytes(4),
}


PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(body, quality=3, lgwin=21),
    "zstd": lambda body: zstd.compress(body, options={zstd.CompressionParameter.window_log: 21}),
}


def wide(packing: str) -> bytes:
    """Answer with a packing whose window is larger than what a look has."""
    body = bytes(64 * MIB)
    if packing == "br":
        return packed(brotli.compress(body, quality=3, lgwin=24), "br")
    return packed(zstd.compress(body, options={zstd.CompressionParameter.window_log: 27}), "zstd")


def certified(names: int) -> ssl.SSLContext:
    """Give a server whose certificate has that many names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    others = (f"a-rather-long-name-of-a-host-{number}.test" for number in range(names))
    trustme.CA().issue_cert("img.test", *others).configure_cert(context)
    return context


def packed(body: bytes, encoding: str = "gzip") -> bytes:
    """Answer with what may be packed as it says."""
    return answer(body, kind="image/jpeg", Content_Encoding=encoding)


#: What is served under each path, how the look at it ends, and why the round means what it means.
ATTACKS: Mapping[str, tuple[Reply, tuple[str, str]]] = {
    "accepts and is silent": (silent, SLOW),
    "closes": (b"", GONE),
    "resets": (reset, GONE),
    "resets inside the body": (reset_inside, BAD),
    "drips the head": (forever(b"HTTP/1.1 200 OK\r\n", b"a", 0.01), SLOW),
    "drips the body": (forever(HEAD + b"\r\n", b"x", 0.01), SLOW),
    "drips a 404": (forever(b"HTTP/1.1 404 No\r\n\r\n", b"x", 0.01), SLOW),
    "head cut off": (HEAD, BAD),
    "endless headers": (forever(HEAD, b"X-More: and more\r\n" * 200), BAD),
    "one endless header": (forever(HEAD + b"X-More: ", b"a" * 4096), BAD),
    "an endless reason": (forever(b"HTTP/1.1 200 ", b"OK " * 2000), BAD),
    "a hundred cookies": (HEAD + b"Set-Cookie: a=" + b"b" * 400 + b"\r\n" * 100 + b"x", UP),
    "ten thousand cookies": (HEAD + b"Set-Cookie: a=b; Path=/\r\n" * 10_000 + b"\r\nx", BAD),
    "headers without a name": (HEAD + b": \r\n" * 9_000 + b"\r\nx", UP),
    "a NUL in a header": (HEAD + b"X-A: a\0b\r\n\r\nx", BAD),
    "lines folded for ever": (forever(HEAD + b"X-A: a\r\n", b" b\r\n" * 999), BAD),
    "a header of 10 MB": (HEAD + b"X: " + b"a" * 10_000_000 + b"\r\n\r\nx", BAD),
    "endless 100 Continue": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), BAD),
    "slow 103 Early Hints": (forever(b"", b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n", 0.001), BAD),
    "endless body": (forever(HEAD + b"\r\n", b"x" * 65536), UP),
    "endless multipart": (
        forever(
            b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n",
            b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + b"x" * 8192 + b"\r\n",
        ),
        UP,
    ),
    "gzip bomb": (bomb("gzip"), UP),
    "deflate bomb": (bomb("deflate"), UP),
    "bomb in a bomb": (bomb("gzip, gzip", 200), UP),
    "bomb in a bomb of another kind": (bomb("deflate, gzip", 200), UP),
    "packed ten times": (packed(b"x", ", ".join(["gzip"] * 10)), BAD),
    "endless gzip header": (forever(HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08......", b"n" * 65536), BAD),
    "endless gzip header in a bomb": (
        packed(gzip.compress(b"\x1f\x8b\x08\x08......" + b"n" * 20_000_000), "gzip, gzip"),
        BAD,
    ),
    "gzip that ends early": (packed(gzip.compress(b"x" * 5000)[:20]), BAD),
    "gzip with a wrong sum": (packed(gzip.compress(b"x" * 5000)[:-8] + bytes(8)), BAD),
    "gzip that is none": (packed(b"<html>"), BAD),
    "br that nobody asked for": (packed(PACK["br"](b"\xff\xd8" + bytes(5000)), "br"), UP),
    "zstd that nobody asked for": (packed(PACK["zstd"](b"\xff\xd8" + bytes(5000)), "zstd"), UP),
    "br that is none": (packed(b"<html>" * 900, "br"), BAD),
    "zstd that is none": (packed(b"<html>" * 900, "zstd"), BAD),
    "br that ends early": (packed(PACK["br"](bytes(range(256)) * 90)[:-9], "br"), BAD),
    "zstd that ends early": (packed(PACK["zstd"](bytes(range(256)) * 90)[:-9], "zstd"), BAD),
    "br bomb": (bomb("br"), UP),
    "zstd bomb": (bomb("zstd"), UP),
    "br bomb with a wide window": (wide("br"), BAD),
    "zstd bomb with a wide window": (wide("zstd"), BAD),
    "br bomb in a gzip bomb": (bomb("br, gzip"), UP),
    "zstd bomb in a br bomb": (bomb("zstd, br"), UP),
    "zstd bomb in a zstd bomb": (bomb("zstd, zstd"), UP),
    "br bomb with the widest window": (packed(brotli.compress(bytes(16 * MIB), lgwin=22), "br"), UP),
    "br bomb in a br bomb with the widest windows": (
        packed(brotli.compress(brotli.compress(bytes(16 * MIB), lgwin=22), lgwin=22), "br, br"),
        BAD,
    ),
    "zstd frames of nothing": (packed(zstd.compress(b"") * 90_000, "zstd"), BAD),
    "zstd frames to be skipped": (packed(b"\x50\x2a\x4d\x18\x00\x00\x00\x00" * 130_000, "zstd"), BAD),
    "an endless zstd frame to be skipped": (
        forever(HEAD + b"Content-Encoding: zstd\r\n\r\n\x50\x2a\x4d\x18\xff\xff\xff\xff", b"n" * 65536),
        BAD,
    ),
    "packed in a way of forty years ago": (packed(b"\x1f\x9d\x90" + bytes(500), "compress"), BAD),
    "packed as utf-8": (packed(b"\xff\xd8" + bytes(500), "utf-8"), UP),
    "promises more than it sends": (HEAD + b"Content-Length: 9999\r\n\r\nshort", BAD),
    "promises a petabyte": (forever(HEAD + b"Content-Length: 1000000000000000\r\n\r\n", b"x", 0.01), SLOW),
    "promises nothing and sends": (HEAD + b"Content-Length: 0\r\n\r\nxxx", BAD),
    "sends more than it promises": (HEAD + b"Content-Length: 3\r\n\r\nlonger than that", BAD),
    "two lengths": (HEAD + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", BAD),
    "a length below nothing": (HEAD + b"Content-Length: -1\r\n\r\nabcde", BAD),
    "a length of thirty digits": (HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nabcde", BAD),
    "broken chunks": (CHUNKED + b"ZZ\r\nabc\r\n0\r\n\r\n", BAD),
    "chunks without end": (CHUNKED + b"3\r\nabc\r\n", BAD),
    "a chunk longer than its size": (CHUNKED + b"3\r\nabcdefg\r\n0\r\n\r\n", BAD),
    "one endless chunk extension": (forever(CHUNKED + b"3;", b"x" * 4096), BAD),
    "extensions at every chunk": (forever(CHUNKED, b"1;" + b"x" * 2000 + b"\r\na\r\n"), BAD),
    "a chunk size of noughts": (forever(CHUNKED, b"0" * 4096), BAD),
    "chunks without a size": (forever(CHUNKED, b"\r\n" * 2000), BAD),
    "endless trailers": (forever(CHUNKED + b"3\r\nabc\r\n0\r\n", b"X-More: and more\r\n" * 200), BAD),
    "slow trailers": (forever(CHUNKED + b"3\r\nabc\r\n0\r\n", b"X: y\r\n", 0.01), SLOW),
    "a coding of its own": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", BAD),
    "garbage behind the answer": (HEAD + b"Content-Length: 3\r\n\r\nabcHTTP/1.1 404 No\r\n\r\n", BAD),
    "garbage behind the last chunk": (CHUNKED + b"3\r\nabc\r\n0\r\n\r\nHTTP/1.1 404 No\r\n\r\n", BAD),
    "HTTP/0.9": (b"<html><title>404 not found</title></html>", BAD),
    "HTTP/2": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18), BAD),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", BAD),
    "zero bytes": (bytes(2000), BAD),
    "upgrade nobody asked for": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz",
        ("answered", "status_101"),
    ),
    "status 999999": (b"HTTP/1.1 999999 What\r\n\r\n", BAD),
    "a page of open tags": (answer("<b>" * 40_000), NOTHING),
    "a page of titles": (answer("<title>x" * 16_000), NOTHING),
    "a page of headings": (answer("<h1>x" * 10_000), UP),
    "a page of entities": (answer("&amp" * 32_000), UP),
    "a page of pictures": (answer("<img src='/a.png'>" * 7_000), UP),
    "a page of attributes": (answer("<img " + "src= " * 25_000 + ">"), UP),
    "a page of passwords": (answer("<input type=passwor " * 6_000 + ">"), NOTHING),
    "a page of comments": (answer("<!-- <!-- " * 13_000), NOTHING),
    "a page of spaces": (answer("a" + " " * 130_000 + "b"), UP),
    "a page of one word": (answer("a" * 130_000), UP),
    "a page of places for scripts": (answer(f"<script></script>{PLACES * 230}"), NOTHING),
    "a page of headings and lines": (answer("<h1>x" * 13_000 + "<p>y" * 16_000), UP),
    "a page of marks out of order": (answer("\u0301" * 32_000 + "\u0316" * 32_000), UP),
    "a page of marks of one byte": (answer(b"\xcc" * 65_000 + b"\xf2" * 65_000, kind="text/html; charset=cp1258"), UP),
    "a page of no letters": (answer(b"\xc0" * 130_000), UP),
    "a character of five thousand digits": (answer(f"&#{'9' * 5000};"), UP),
    "a character of five thousand noughts": (answer(f"<title>&#{'0' * 5000}65;</title>x"), UP),
    "a text of one line": (answer("not found a.b " * 9_000, kind="text/plain"), UP),
    "JSON of names": (answer("{" + ",".join(f'"k{name}":1' for name in range(12_000)), kind="application/json"), UP),
    "deep JSON": (answer("[" * 130_000, kind="application/json"), UP),
    "long JSON": (answer('{"a": "' + "not found " * 13_000 + '"}', kind="application/json"), UP),
    "a JPEG of segments": (answer(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 250_000, kind="image/jpeg"), UP),
    "a JPEG of fillings": (answer(b"\xff\xd8" + b"\xff" * 1_000_000, kind="image/jpeg"), UP),
    "a page in a code of its own": (answer(page("x", "y"), kind="text/html; charset=punycode"), UP),
    "comes back after a century": (answer("", 503, Retry_After="9" * 4000), ("answered", "status_503")),
    "comes back at no date": (answer("", 503, Retry_After="Mon, 99 Foo 9 99:9 +9"), ("answered", "status_503")),
    "comes back at an hour of ten digits": (
        answer("", 503, Retry_After="1 Jan 2030 9999999999:1:1"),
        ("answered", "status_503"),
    ),
    "comes back in a zone far away": (
        answer("", 503, Retry_After="Fri, 01 Jan 2030 00:00:00 -9999999999999999"),
        ("answered", "status_503"),
    ),
    "redirects to itself": (to("redirects%20to%20itself"), CIRCLE),
    "redirects for ever": (b"", CIRCLE),
    "redirects to longer and longer ones": (b"", CIRCLE),
    "refreshes for ever": (b"", CIRCLE),
    "sends on by script for ever": (b"", CIRCLE),
    "sent on with a line end inside": (answer("x", 302, Location="/packed%20as%20utf-8/\r#Set-Cookie: a=b"), UP),
    "redirects with a NUL inside": (answer("x", 302, Location="/warm\0"), BAD),
    "sent on to many places": (answer("x", 302, Location="/packed%20as%20utf-8/\r\nLocation: /other"), UP),
    "redirects to a host of dots": (to("http://" + "a." * 8_000 + "test:1/"), GONE),
    "redirects with a password": (to("http://a:b@10.0.0.1/"), PRIVATE),
    "redirects to a bad address": (to("http://[::1"), BAD),
    "redirects to a file": (to("file:///etc/passwd"), BAD),
    "redirects to a script": (to("javascript:alert(1)"), BAD),
    "redirects to the material itself": (to("data:image/png;base64,AAAA"), BAD),
    "redirects to a long address": (to("/" + "a" * 60_000), BAD),
    "redirects to a private address": (to("http://10.0.0.1/"), PRIVATE),
    "redirects to ourselves": (to("http://127.9.0.1/"), PRIVATE),
    "redirects to ourselves in one number": (to("http://2131296257/"), PRIVATE),
    "redirects to ourselves mapped": (to("http://[::ffff:127.9.0.1]/"), PRIVATE),
    "redirects to the metadata of a cloud": (to("http://169.254.169.254/latest/"), PRIVATE),
    "redirects through a translator": (to("http://[64:ff9b::7f00:1]/"), PRIVATE),
}
#: Attacks on what lies below HTTP: what is served where TLS is expected.
BELOW: Mapping[str, tuple[Reply, tuple[str, str]]] = {
    "stalls the handshake": (silent, SLOW),
    "drips the handshake": (drip(b"\x16\x03\x03\x40\x00\x02" + bytes(500)), SLOW),
    "closes in the handshake": (b"", TLS),
    "no TLS": (b"HTTP/1.1 404 Not Found\r\n\r\n", TLS),
    "endless warnings": (forever(b"", b"\x15\x03\x03\x00\x02\x01\x5a" * 99), TLS),
    "endless records of nothing": (forever(b"", b"\x16\x03\x03\x00\x00" * 99), TLS),
    "a hello of 16 MB": (forever(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff", bytes(16384)), TLS),
    "a second hello": (b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 99, TLS),
    "an alert": (b"\x15\x03\x01\x00\x02\x02\x28", TLS),
}
#: Names that lead elsewhere from the second time on that they are asked for.
REBINDING: Mapping[str, tuple[Reply, tuple[str, str]]] = {
    "rebinds between look-up and dial": (picture("1"), UP),
    "rebinds before a redirect": (to("/warm"), PRIVATE),
}
INSIDE: Mapping[str, tuple[Reply, tuple[str, str]]] = {
    "accepts TLS and is silent": (silent, SLOW),
    "endless headers in TLS": (forever(HEAD, b"X-More: and more\r\n" * 200), BAD),
    "endless body in TLS": (forever(HEAD + b"\r\n", b"x" * 65536), UP),
    "closes in TLS": (b"", GONE),
    "gzip bomb in TLS": (bomb("gzip"), UP),
    "drips in TLS": (forever(HEAD + b"\r\n", b"x", 0.01), SLOW),
}
#: How many names the server's certificate has.
CERTIFICATES: Mapping[str, tuple[int, tuple[str, str]]] = {
    "a certificate of a thousand names": (1_000, UP),
    "a certificate of ten thousand names": (10_000, TLS),
}
#: Names with four thousand addresses, as many as an answer over TCP can hold.
CROWDS: Mapping[str, tuple[str, str]] = {
    "crowd of public addresses": GONE,
    "crowd of private addresses": PRIVATE,
}


def path(name: str) -> str:
    """Give the path under which an attack is served."""
    return "/" + name.replace(" ", "%20") + ("" if name.startswith("redirects") else "/")


def routes(attacks: Mapping[str, tuple[Reply, tuple[str, str]]]) -> Callable[[str], Reply]:
    """Serve the attacks."""
    by_path = {path(name): reply for name, (reply, _) in attacks.items()}

    def reply(asked: str) -> Reply:
        if asked.startswith(path("redirects for ever")):
            return to(asked + "1")
        if asked.startswith(path("redirects to longer and longer ones")):
            return to(asked + "1" * 2500)
        if asked.startswith(path("refreshes for ever")):
            return answer(f'<meta http-equiv="refresh" content="0; url={asked}1">')
        if asked.startswith(path("sends on by script for ever")):
            return answer(f'<script>location.href = "{asked}1"</script>')
        return by_path.get(asked, picture("warm"))

    return reply


class Below:
    """A server that sends what it was told to as soon as the first byte comes, whatever is spoken."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            await reader.read(1)
            if isinstance(self._reply, bytes):
                writer.write(self._reply)
            else:
                await self._reply(writer)
        except OSError:
            pass
        finally:
            del self._open[task]
            writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Serve on a port of its own."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()
        for writer in list(self._open.values()):
            writer.transport.abort()
        await asyncio.gather(*self._open)


async def test_every_attack_ends_in_a_named_outcome_in_time_and_cheaply() -> None:
    """Each attack ends as its row says, within the deadline and a second, in 8 MiB more than there was before."""
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(serving(routes({**ATTACKS, **REBINDING})))
        inside = await stack.enter_async_context(serving(routes(INSIDE), tls=certified(0)))
        looks = {name: f"http://img.test:{web.port}{path(name)}" for name in ATTACKS}
        looks |= {name: f"http://rebind{len(name)}.test:{web.port}{path(name)}" for name in REBINDING}
        for name, (reply, _) in BELOW.items():
            looks[name] = f"https://img.test:{await stack.enter_async_context(Below(reply).serving())}{path(name)}"
        looks |= {name: f"https://img.test:{inside.port}{path(name)}" for name in INSIDE}
        for name, (names, _) in CERTIFICATES.items():
            named = await stack.enter_async_context(serving({"*": picture("1")}, tls=certified(names)))
            looks[name] = f"https://img.test:{named.port}/"
        looks |= {name: f"http://{name.replace(' ', '-')}.test:{web.port}/warm" for name in CROWDS}
        warm = [f"http://img.test:{web.port}/warm", f"https://img.test:{inside.port}/warm"]
        prey = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fakes.monitor_prey",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await prey.communicate(json.dumps({"timeout_s": TIMEOUT_S, "warm": warm, "looks": looks}).encode())
    seen = json.loads(out)
    tables = (ATTACKS, REBINDING, BELOW, INSIDE, CERTIFICATES)
    expected = {name: how for rows in tables for name, (_, how) in rows.items()} | dict(CROWDS)

    assert {name: (sight, reason) for name, (sight, reason, *_) in seen.items()} == expected
    assert {name: took for name, (_, _, took, *_) in seen.items() if took > TIMEOUT_S + 1} == {}
    assert {name: cost for name, (_, _, _, cost, _) in seen.items() if cost > MEMORY_MIB} == {}


async def test_sibling_that_stalls_leaves_the_item_up() -> None:
    """A server that never answers for unknown names has answered for the item."""
    async with serving({"/i/1.jpg": picture("1"), "*": silent}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"timeout": timedelta(seconds=TIMEOUT_S)})

    assert seen.meaning.verdict is Verdict.UP
    assert seen.observations[0].fault == "not compared with a sibling: no answer in time"


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
