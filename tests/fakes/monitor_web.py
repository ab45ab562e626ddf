"""A web server that sends exactly the bytes it is told to, and the names that lead to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any

from monitor.look import Looker
from schemas.check import Baseline, Names, Round
from schemas.hosting import Address, NameFate
from schemas.settings import Monitor
from schemas.url import parse_url

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
#: Stands in every body that is served and may be found nowhere afterwards.
MARKER = "MARKER-3f9a-never-kept"

Write = Callable[[asyncio.StreamWriter], Awaitable[None]]
Reply = bytes | Write
Routes = Mapping[str, Reply] | Callable[[str], Reply]


def answer(body: str | bytes = "", status: int = 200, kind: str = "text/html; charset=utf-8", **headers: str) -> bytes:
    """Spell an honest answer."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(raw)}", "Connection: close"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


def picture(name: str) -> bytes:
    """Spell an answer with a picture."""
    return answer(f"\x89PNG {MARKER} {name} ".encode("latin-1") * 40, kind="image/png")


def page(title: str, text: str = "", more: str = "") -> str:
    """Spell a page."""
    return f"<!doctype html><html><head><title>{title}</title></head><body><p>{text}</p>{more}</body></html>"


def to(target: str, status: int = 302) -> bytes:
    """Spell a redirect."""
    return answer("moved", status, Location=target)


class Web:
    """Serves what `routes` say by "host path", by path, or by "*"; remembers what it was asked."""

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.port = 0
        self.most_at_once = 0
        self.open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None
        self.open[task] = writer
        self.most_at_once = max(self.most_at_once, len(self.open))
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            host = head.partition("Host: ")[2].partition("\r\n")[0].partition(":")[0]
            self.asked.append(f"{host}{path}")
            self.heads.append(head)
            reply = self._reply(host, path)
            if isinstance(reply, bytes):
                writer.write(reply)
                await writer.drain()
            else:
                await reply(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            del self.open[task]
            writer.close()

    def _reply(self, host: str, path: str) -> Reply:
        if callable(self.routes):
            return self.routes(path)
        for key in (f"{host}{path}", path, f"{host}*", "*"):
            if key in self.routes:
                return self.routes[key]
        return answer("no such thing", 404)


@asynccontextmanager
async def serving(
    routes: Routes, host: str = "127.0.0.1", *, port: int = 0, tls: SSLContext | None = None
) -> AsyncIterator[Web]:
    """Serve on a loopback address."""
    web = Web(routes)
    server = await asyncio.start_server(web.serve, host, port, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()
        for writer in list(web.open.values()):
            writer.transport.abort()
        await asyncio.gather(*web.open)


class NameBook:
    """Answers for names; a name that is not in the book lives at 127.0.0.1."""

    def __init__(self, **entries: str | NameFate) -> None:
        self.entries: dict[str, str | NameFate] = {name.replace("_", "."): value for name, value in entries.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Names:
        """Look a name up."""
        self.asked.append(host)
        entry = self.entries.get(host, "127.0.0.1")
        if isinstance(entry, NameFate):
            return Names(fate=entry)
        return Names(fate=NameFate.FOUND, addresses=tuple(ip_address(one) for one in entry.split()))


def loopback(address: Address) -> bool:
    """Take loopback for public, 127.9.x.x excepted."""
    return address.is_loopback and not str(address).startswith("127.9.")


async def look(
    url: str,
    *,
    names: NameBook | None = None,
    settings: Mapping[str, Any] | None = None,
    baseline: Baseline | None = None,
    **asked: Any,
) -> Round:
    """Do one round with settings of one's own."""
    rules = Monitor(**{"timeout": timedelta(seconds=3), **(settings or {})})
    async with Looker.open(rules, names=names or NameBook(), public=loopback) as looker:
        return await looker.round(parse_url(url), baseline=baseline, now=NOW, **asked)
