"""Proxies for vantages: SOCKS5 and HTTP CONNECT; each remembers what it was asked to connect to."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal


class Proxy:
    """Connects to what it is asked for, or refuses."""

    def __init__(self, kind: Literal["socks5", "http"], *, refuses: bool = False, source: str = "") -> None:
        self._kind, self._refuses = kind, refuses
        self._source = (source, 0) if source else None
        self.asked: list[str] = []
        self.url = ""
        self.open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        #: A port to which everybody is led instead, as somebody would who shows us something else.
        self.instead: int | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task is not None
        self.open[task] = writer
        try:
            read = self._read_socks5 if self._kind == "socks5" else self._read_connect
            host, port = await read(reader, writer)
            self.asked.append(f"{host} {port}")
            if self._refuses:
                writer.write(b"\x05\x05\x00\x01" + bytes(6) if self._kind == "socks5" else b"HTTP/1.1 502 No\r\n\r\n")
                return
            there, back = await asyncio.open_connection(host, self.instead or port, local_addr=self._source)
            writer.write(b"\x05\x00\x00\x01" + bytes(6) if self._kind == "socks5" else b"HTTP/1.1 200 Yes\r\n\r\n")
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                back.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            del self.open[task]
            writer.close()

    async def _read_socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        return host, int.from_bytes(await reader.readexactly(2), "big")

    async def _read_connect(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> tuple[str, int]:
        verb, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
        assert verb == "CONNECT"
        host, _, port = target.rpartition(":")
        return host.strip("[]"), int(port)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def proxying(kind: Literal["socks5", "http"], *, refuses: bool = False, source: str = "") -> AsyncIterator[Proxy]:
    """Run a proxy on loopback; it dials from `source` where that is given."""
    proxy = Proxy(kind, refuses=refuses, source=source)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"{kind}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for writer in list(proxy.open.values()):
            writer.transport.abort()
        await asyncio.gather(*proxy.open)
