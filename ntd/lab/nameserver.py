"""The authoritative name server, over UDP and TCP on one port."""

import asyncio
from contextlib import suppress
from typing import cast

import dns.exception
import dns.flags
import dns.message

from ntd.clock import Clock
from ntd.lab.ledger import Ledger
from ntd.lab.sockets import shared_port
from ntd.lab.zone import Zone, parse_query

_IDLE_S = 10.0  # of a TCP connection
_UDP_BYTES = 1232  # DNS flag day 2020: what fits everywhere


class NameServer:
    """Serves a zone on one address."""

    def __init__(self, zone: Zone, ledger: Ledger, clock: Clock) -> None:
        self._zone = zone
        self._ledger = ledger
        self._clock = clock
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def open(self, host: str) -> int:
        """Listen on a free port of `host`; give the port."""
        udp, tcp = shared_port(host)
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        self._tcp = await asyncio.start_server(self._converse, sock=tcp)
        return int(udp.getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()

    def reply(self, wire: bytes, limit: int) -> bytes | None:
        """Answer one message; more than `limit` bytes are cut short and say so (RFC 1035, 4.2.1)."""
        query = parse_query(wire)
        if query is None:
            return None
        if query.question:
            self._ledger.questions[query.question[0].to_text().replace(". IN", "")] += 1
        reply = self._zone.answer(query, self._clock.now())
        if reply is None:
            return None
        try:
            return reply.to_wire(max_size=limit)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC | dns.flags.AA
            return short.to_wire()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, TimeoutError):
            while True:
                async with asyncio.timeout(_IDLE_S):
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    wire = await reader.readexactly(size)
                reply = self.reply(wire, 65535)
                if reply is None:
                    break
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers leave by."""
        # Not isinstance: the loop's own class is none of the declared one before Python 3.12.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one datagram, or stay silent."""
        reply = self._server.reply(data, _UDP_BYTES)
        if reply is not None and self._transport:
            self._transport.sendto(reply, addr)
