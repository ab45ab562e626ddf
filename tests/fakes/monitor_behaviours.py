"""The page behaviours of tests/data/*.toml, served by one loopback server and looked at; a host name for each row."""

import asyncio
import gzip
import hashlib
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any, Final

from monitor.look import Looker
from monitor.verdict import baseline_of
from schemas.check import Names, Round
from schemas.hosting import NameFate
from schemas.settings import Monitor, Vantage
from schemas.url import Url, parse_url
from tests.fakes.monitor_proxy import proxying
from tests.fakes.monitor_web import NOW, loopback

#: Looks from here are what the second vantage's proxy dials from.
FAR: Final = "127.0.0.5"
_ITEM: Final = "/i/a1B2c3D4.jpg"
_DATA: Final = Path(__file__).parent.parent / "data"
_NAV: Final = (
    '<header><a href="/">Pics</a><img src="/logo.svg"><a href="/upload">Upload</a><a href="/login">Log in</a>'
    '<form action="/search"><input name="q"></form></header>'
)
_FOOT: Final = (
    '<footer><a href="/terms">Terms</a> <a href="/abuse">Report abuse</a> Pics 2019-2026. Illegal content is removed '
    "within a day. Images of suspended accounts are deleted.</footer>"
)
_NOT_THERE: Final = {"status": 404, "title": "404 Not Found", "heading": "Not Found"}
#: For looks at a server that never answers, and for all others.
_TIMEOUT: Final = timedelta(seconds=0.4)
_PATIENCE: Final = timedelta(seconds=20)

Reply = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One behaviour: what is served, and what a look must mean."""

    name: str
    host: str
    path: str
    replies: tuple[Reply, ...]  # of the item, one a round; the last one stays
    verdicts: tuple[str, ...]
    raw: Mapping[str, Any]

    @property
    def stalls(self) -> bool:
        """Say whether a look ends only with its time."""
        faults = {reply.get("fault") for reply in (*self.replies, self.raw.get("far", {}))}
        return bool(faults & {"stall", "drip", "stall in body"})

    def reply(self, host: str, path: str, turn: int, *, far: bool) -> Reply:
        """Say what stands at a path of this row's host or of one that leads to it."""
        raw, bare = self.raw, path.partition("?")[0]
        if other := next((at for start, at in raw.get("at_host", {}).items() if host.startswith(start)), None):
            return dict(other)
        for key in (path, bare):
            if key in raw.get("at", {}):
                return dict(raw["at"][key])
        item = raw["far"] if far and "far" in raw else self.replies[min(turn, len(self.replies) - 1)]
        if path == self.path:
            return item
        if by_prefix := next((at for start, at in raw.get("prefix", {}).items() if path.startswith(start)), None):
            return dict(by_prefix)
        other = raw.get("other", _NOT_THERE)
        return item if other == "same" else dict(other)


def rows_of(table: str) -> list[Row]:
    """Read a table of behaviours."""
    raw = tomllib.loads((_DATA / f"{table}.toml").read_text("utf-8"))["row"]
    return [_row(entry, f"r{number}.test") for number, entry in enumerate(raw)]


def _row(entry: Mapping[str, Any], host: str) -> Row:
    replies = entry.get("rounds") or [entry.get("item", {"status": 404})]
    verdicts = entry.get("verdicts") or [entry["verdict"]]
    return Row(
        name=entry["name"],
        host=host,
        path=entry.get("path", _ITEM),
        replies=tuple(replies),
        verdicts=tuple(verdicts),
        raw=entry,
    )


_STRANGER: Final = Row(
    name="a stranger",
    host="stranger.example",
    path="",
    replies=({"title": "Hello", "text": "Somebody else's front page, with a few words of welcome."},),
    verdicts=(),
    raw={"other": "same"},
)


@dataclass(slots=True)
class Stage:
    """Serves the rows; names lead here."""

    rows: Mapping[str, Row]
    port: int = 0
    turns: dict[str, int] = field(default_factory=dict)
    open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)
    noise: Random = field(default_factory=lambda: Random(7))  # noqa: S311 -- request numbers in pages

    async def names(self, host: str) -> Names:
        """Say where a host lives."""
        row = self._row_of(host)
        dns = str(row.raw.get("dns", "")) if row and host == row.host else ""
        if host == "nxdomain.test":
            dns = "nxdomain"
        fates = {fate.value: fate for fate in NameFate}
        if dns in fates:
            return Names(fate=fates[dns], agreed=False)
        refused = row is not None and row.replies[0].get("fault") == "refused"
        addresses = dns or ("127.0.0.77" if refused else "127.0.0.1")
        return Names(fate=NameFate.FOUND, addresses=tuple(ip_address(one) for one in addresses.split()))

    async def name_servers(self, url: Url) -> tuple[str, ...]:
        """Say who answers for the domain of a URL."""
        row = self._row_of(url.host)
        return tuple(row.raw.get("ns", ())) if row else ()

    def _row_of(self, host: str) -> Row | None:
        return self.rows.get(host) or next((row for name, row in self.rows.items() if host.endswith(name)), None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None
        self.open[task] = writer
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            host = head.partition("Host: ")[2].partition("\r\n")[0].partition(":")[0]
            # A host of no row is a stranger's, where some redirects lead.
            row = self._row_of(host) or _STRANGER
            far = writer.get_extra_info("peername")[0] == FAR
            await self._send(writer, row.reply(host, path, self.turns.get(row.host, 0), far=far), row, path)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            del self.open[task]
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply, row: Row, path: str) -> None:
        fault = reply.get("fault")
        if fault == "reset":
            writer.transport.abort()
        elif fault == "ssh":
            writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        elif fault in {"stall", "drip", "stall in body"}:
            start = {"stall": b"", "drip": b"HTTP/1.1 200 OK\r\n", "stall in body": b"HTTP/1.1 200 OK\r\n\r\n"}[fault]
            writer.write(start)
            await _until_left(writer, b"X-a: b\r\n" if fault == "drip" else b"")
        elif fault != "close":
            told = self._told(reply, row, path)
            if fault == "slow":
                writer.write(told[:30])
                await asyncio.sleep(_TIMEOUT.total_seconds() / 4)
                told = told[30:]
            writer.write(told)
            await writer.drain()

    def _told(self, reply: Reply, row: Row, path: str) -> bytes:
        facts = {
            "{nav}": _NAV,
            "{foot}": _FOOT,
            "{path}": path,
            "{name}": path.rpartition("/")[2],
            "{host}": row.host,
            "{port}": str(self.port),
        }

        def filled(text: str) -> str:
            for name, value in facts.items():
                text = text.replace(name, value)
            while "{nonce}" in text:
                text = text.replace("{nonce}", f"{self.noise.getrandbits(48):012x}", 1)
            return text

        return _answer(reply, filled)


async def _until_left(writer: asyncio.StreamWriter, drip: bytes) -> None:
    while not writer.is_closing():
        await asyncio.sleep(_TIMEOUT.total_seconds() / 10)
        writer.write(drip)
        await writer.drain()


def _answer(reply: Reply, filled: Any) -> bytes:
    body, kind = _body(reply, filled)
    status = reply.get("status", 302 if "to" in reply else 200)
    kind = reply.get("type", kind)
    packed = {"Content-Encoding": "gzip"} if reply.get("packed") else {}
    body = gzip.compress(body) if packed else body
    headers = {"Connection": "close", "Content-Length": str(len(body)), **packed, **reply.get("headers", {})}
    if kind:
        headers["Content-Type"] = kind
    if "to" in reply:
        headers["Location"] = reply["to"]
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {filled(value)}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def _body(reply: Reply, filled: Any) -> tuple[bytes, str]:
    size = int(reply.get("size", 0))
    if "image" in reply:
        return picture(reply["image"], size)
    for kind, of in (("html", "text/html"), ("plain", "text/html"), ("json", "application/json"), ("xml", "text/xml")):
        if kind in reply:
            charset = reply.get("charset", "utf-8")
            raw = filled(reply[kind]).encode(charset, "xmlcharrefreplace")
            return raw + bytes(max(0, size - len(raw))), f"{of}; charset={charset}"
    if reply.get("to") or not reply.keys() & {"title", "heading", "text", "more"}:
        return b"", "text/html"
    return filled(_markup(reply)).encode(), "text/html; charset=utf-8"


def _markup(reply: Reply) -> str:
    heading = f"<h1>{reply['heading']}</h1>" if "heading" in reply else ""
    text = f"<p>{reply['text']}</p>" if "text" in reply else ""
    return (
        f"<!doctype html><html><head><title>{reply.get('title', '')}</title></head>"
        f"<body>{heading}{text}{reply.get('more', '')}</body></html>"
    )


def picture(said: str, size: int) -> tuple[bytes, str]:
    """Make "KIND WxH SEED": the true head of such a file, then noise."""
    kind, shape, *seed = said.split()
    width, height = (int(number) for number in shape.split("x"))
    head = {
        "png": b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x08\x06\0\0\0",
        "gif": b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little"),
        "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\x08"
        + height.to_bytes(2)
        + width.to_bytes(2)
        + b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01",
        "webp": b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little"),
    }[kind]
    noise = Random(hashlib.sha256(" ".join(seed or ["x"]).encode()).digest())  # noqa: S311 -- stands for a picture
    return head + noise.randbytes(max(0, size - len(head))), f"image/{kind}"


@dataclass(slots=True)
class Seen:
    """What became of a row: a round for each of its turns."""

    row: Row
    rounds: list[Round] = field(default_factory=list)

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Give the verdicts of its rounds."""
        return tuple(seen.meaning.verdict.value for seen in self.rounds)

    @property
    def right(self) -> bool:
        """Say whether all came out as wanted, or as another verdict that the row allows."""
        return self.verdicts == self.row.verdicts or self.verdicts[0] in self.row.raw.get("also", ())

    @property
    def wrongly_gone(self) -> bool:
        """Say whether any came out gone that is not."""
        pairs = zip(self.verdicts, self.row.verdicts, strict=True)
        return any(came == "gone" != wanted for came, wanted in pairs)

    def told(self) -> str:
        """Say it in a line, for a failing test."""
        reasons = ", ".join(f"{seen.meaning.verdict} ({seen.meaning.reason})" for seen in self.rounds)
        return f"{self.row.name}: wanted {', '.join(self.row.verdicts)}; came out {reasons}"


@asynccontextmanager
async def staged(rows: Sequence[Row]) -> AsyncIterator[Stage]:
    """Serve rows on loopback."""
    stage = Stage({row.host: row for row in rows})
    server = await asyncio.start_server(stage.serve, "127.0.0.1", 0)
    stage.port = server.sockets[0].getsockname()[1]
    try:
        yield stage
    finally:
        server.close()
        for writer in list(stage.open.values()):
            writer.transport.abort()
        await asyncio.gather(*stage.open)


async def look_at_all(rows: Sequence[Row]) -> list[Seen]:
    """Look at each row from one vantage, or from two where a far one is answered otherwise."""
    known = [picture(row.replies[0]["image"], row.replies[0]["size"])[0] for row in rows if row.raw.get("known")]
    async with staged(rows) as stage, proxying("http", source=FAR) as proxy:
        near = Vantage(name="near", network="AS64500")
        vantages = {False: [near], True: [near, Vantage(name="far", network="AS64501", proxy=proxy.url)]}
        hashes = [hashlib.sha256(body).hexdigest() for body in known]
        async with AsyncExitStack() as stack:
            lookers = {
                (far, stalls): await stack.enter_async_context(
                    Looker.open(
                        Monitor(timeout=_TIMEOUT if stalls else _PATIENCE, vantage=chosen, placeholders=hashes),
                        names=stage.names,
                        public=loopback,
                        name_servers=stage.name_servers,
                    )
                )
                for far, chosen in vantages.items()
                for stalls in (False, True)
            }
            turn = asyncio.Semaphore(12)
            return await asyncio.gather(
                *(_look_at(lookers["far" in row.raw, row.stalls], stage, row, turn) for row in rows)
            )


async def _look_at(looker: Looker, stage: Stage, row: Row, turn: asyncio.Semaphore) -> Seen:
    seen, baseline = Seen(row), None
    url = parse_url(f"http://{row.host}:{stage.port}{row.path}")
    async with turn:
        for number in range(len(row.verdicts)):
            stage.turns[row.host] = number
            seen.rounds.append(await looker.round(url, now=NOW, baseline=baseline))
            baseline = baseline or baseline_of(seen.rounds[-1])
    return seen
