"""A name server on loopback that answers from a table, over UDP and TCP, and misbehaves where the table says so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

type_text = dns.rdatatype.to_text


@dataclass(slots=True)
class FakeDns:
    """Zone data: (name, type) → values; a name in `faults` does what it says there; `asked` counts the questions.

    Instead of answering well it can be SERVFAIL, REFUSED, SILENT, TRUNCATED, CUT-TWICE, GARBAGE, OTHER-ID, OTHER-NAME,
    NO-QUESTION, LAME, UPWARD or NO-EDNS.
    """

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    ttl: int = 60
    negative_ttl: int = 30
    zone: str = "test."
    soa: bool = True
    delay_s: float = 0.0
    lose_first: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    by_tcp: Counter[str] = field(default_factory=Counter)
    identities: set[tuple[str, int]] = field(default_factory=set)  # of the questions, by their ids
    port: int = 0

    @property
    def address(self) -> str:
        """Give what `dns.nameservers` wants."""
        return f"127.0.0.1:{self.port}"

    def name(self, name: str, **values: list[str]) -> None:
        """Add records: `dns.name("img.site.test", A=["192.0.2.1"])`."""
        for kind, texts in values.items():
            self.records[name, kind] = texts

    def questions(self, asked: str) -> int:
        """Count how often something ("MX site.test") was asked; a question sent again, as to a slow machine, is one."""
        return sum(question == asked for question, _ in self.identities)

    def answer(self, asked: bytes, *, tcp: bool = False) -> list[bytes]:
        """Give the replies to one question: none, one, or a forged one first."""
        query = dns.message.from_wire(asked)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), type_text(question.rdtype)
        self.asked[f"{kind} {name}"] += 1
        self.identities.add((f"{kind} {name}", query.id))
        if tcp:
            self.by_tcp[f"{kind} {name}"] += 1
        fault = self.faults.get(name)
        if name in self.lose_first:
            self.lose_first.discard(name)
            return []
        if fault == "SILENT" or (fault == "CUT-TWICE" and tcp):
            return []
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        misbehaving = _misbehaving(fault, query, reply, tcp=tcp)
        if misbehaving is not None:
            return [misbehaving]
        forged: list[bytes] = []
        if fault in {"OTHER-ID", "OTHER-NAME"}:
            lie = dns.message.make_response(query)
            lie.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "203.0.113.66"))
            if fault == "OTHER-ID":
                lie.id = (query.id + 1) % 65_536
            else:
                lie.question = [dns.rrset.RRset(dns.name.from_text("other.test."), question.rdclass, question.rdtype)]
            forged.append(lie.to_wire())
        if fault == "NO-QUESTION":
            lie = dns.message.make_response(query)
            lie.question = []
            lie.set_rcode(dns.rcode.NXDOMAIN)
            forged.append(lie.to_wire())
        self._fill(reply, name, kind)
        return [*forged, reply.to_wire(max_size=65_535)]

    def _found(self, name: str, kind: str) -> list[str] | None:
        """Find records, those of a wildcard where the name itself is not there (RFC 4592)."""
        while not any(known == name for known, _ in self.records):
            above = name.removeprefix("*.").partition(".")[2]
            if not above:
                return None
            name = f"*.{above}"
        return self.records.get((name, kind))

    def _exists(self, name: str) -> bool:
        wild = {f"*.{name.split('.', cut)[-1]}" for cut in range(1, name.count(".") + 1)}
        return any(known == name or known.endswith("." + name) or known in wild for known, _ in self.records)

    def _fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(30):
            values = self._found(name, kind)
            link = self._found(name, "CNAME")
            if values is not None:
                reply.answer.append(dns.rrset.from_text_list(name + ".", self.ttl, "IN", kind, values))
                return
            if link is None:
                break
            reply.answer.append(dns.rrset.from_text_list(name + ".", self.ttl, "IN", "CNAME", [link[0] + "."]))
            name = link[0]
            if not name.endswith(self.zone.rstrip(".")):
                return
        if not self._exists(name):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if self.soa:
            soa = f"ns.{self.zone} hostmaster.{self.zone} 1 2 3 4 {self.negative_ttl}"
            reply.authority.append(dns.rrset.from_text(self.zone, 3600, "IN", "SOA", soa))


def _misbehaving(
    fault: str | None, query: dns.message.Message, reply: dns.message.Message, *, tcp: bool
) -> bytes | None:
    """Do what the name is told to do instead of answering; None where that is nothing, or a forged reply."""
    match fault:
        case "TRUNCATED" | "CUT-TWICE" if not tcp:
            reply.flags |= dns.flags.TC
        case "GARBAGE":
            wire = bytearray(reply.to_wire())
            wire[7] = 9  # nine answers are promised, none follows
            return bytes(wire)
        case "SERVFAIL" | "REFUSED":
            reply.set_rcode(dns.rcode.from_text(fault))
        case "LAME" | "UPWARD":
            reply.flags &= ~dns.flags.AA
            zone = "test." if fault == "LAME" else "."
            reply.authority.append(dns.rrset.from_text(zone, 60, "IN", "NS", "ns.elsewhere.test."))
        case "NO-EDNS" if query.edns >= 0:
            reply = dns.message.make_response(query)
            reply.use_edns(edns=False)
            reply.set_rcode(dns.rcode.FORMERR)
        case _:
            return None
    return reply.to_wire()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, fake: FakeDns) -> None:
        self.fake = fake

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for wire in self.fake.answer(data):
            if self.fake.delay_s:
                asyncio.get_running_loop().call_later(self.fake.delay_s, self.transport.sendto, wire, addr)
            else:
                self.transport.sendto(wire, addr)


_Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _both(fake: FakeDns, speak: _Speak) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
    """Bind one port for UDP and TCP; the next one where somebody has it for TCP already."""
    loop = asyncio.get_running_loop()
    while True:
        transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(fake), local_addr=("127.0.0.1", 0))
        fake.port = transport.get_extra_info("sockname")[1]
        try:
            return transport, await asyncio.start_server(speak, "127.0.0.1", fake.port)
        except OSError:
            transport.close()


@asynccontextmanager
async def serving(
    records: Mapping[str, Mapping[str, list[str]]] | None = None, **options: object
) -> AsyncIterator[FakeDns]:
    """Serve a table on an ephemeral port of 127.0.0.1."""
    fake = FakeDns(**options)  # type: ignore[arg-type]
    for name, values in (records or {}).items():
        fake.name(name, **values)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            for wire in fake.answer(await reader.readexactly(length), tcp=True):
                writer.write(len(wire).to_bytes(2, "big") + wire)
            await writer.drain()
        finally:
            writer.close()

    transport, server = await _both(fake, speak)
    try:
        yield fake
    finally:
        transport.close()
        server.close()
        await server.wait_closed()
