"""An API on loopback that takes documents, and misbehaves as its script says."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

DROP_AT_ONCE = "drop at once"  # closes before it has read anything
DROP_AFTER_BODY = "drop after body"  # reads all of it, then closes without an answer
STALL_AFTER_BODY = "stall after body"


@dataclass(slots=True)
class Request:
    """One request as it came."""

    line: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(slots=True)
class FakeApi:
    """What it answers (`answer`: raw bytes of a response, or a misbehaviour) and what it was sent."""

    answer: bytes | str = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def base(self) -> str:
        """The base URL to be configured."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeApi"]:
        """Listen on a port of its own."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await self._serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.answer == DROP_AT_ONCE:
            return
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append(Request(line=head[0], headers=headers, body=body))
        if self.answer == STALL_AFTER_BODY:
            await asyncio.Event().wait()
        if isinstance(self.answer, bytes):
            writer.write(self.answer)
            await writer.drain()


def response(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """Write a response; underscores in header names become dashes."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
