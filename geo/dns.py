"""Names to addresses through the configured servers, remembered no longer than the answers allow.

All servers are asked before a name is called dead or a fault is reported; a fault is never remembered.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final, Self

import dns.exception
import dns.rdatatype
import dns.resolver

from geo.gate import Gate
from geo.names import Joint, NameAnswer, Reply, combine, follow, join, questions_of, settled
from geo.nameserver import NameServer
from geo.remembered import Remembered
from geo.sharing import Sharing
from schemas.errors import Misconfigured
from schemas.hosting import NameFate, Question

#: Names kept in memory, about 1.5 KB each.
ENTRIES: Final = 50_000
#: Names looked up at once; further ones wait. At 3 s for a name nobody answers for, a thousand a second still pass.
AT_ONCE: Final = 2048
PORT: Final = 53

_EXAMPLE: Final = 'write for example "192.0.2.53", "127.0.0.1:5353" or "[2001:db8::53]:53"'


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAnswer:
    """The name servers of the zone a site stands in."""

    zone: str
    names: tuple[str, ...]
    complete: bool
    questions: tuple[Question, ...]


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Asks names of the configured servers. Make it with `Resolver.open`."""

    servers: tuple[NameServer, ...]
    keep: timedelta
    _names: Remembered[NameAnswer] = field(default_factory=lambda: Remembered(ENTRIES))
    _zones: Remembered[ZoneAnswer] = field(default_factory=lambda: Remembered(ENTRIES))
    _texts: Remembered[tuple[Joint, datetime]] = field(default_factory=lambda: Remembered(ENTRIES))
    _looking: Sharing[NameAnswer] = field(default_factory=Sharing)
    _zoning: Sharing[ZoneAnswer] = field(default_factory=Sharing)
    _texting: Sharing[tuple[Joint, datetime]] = field(default_factory=Sharing)
    _places: Gate = field(default_factory=lambda: Gate(AT_ONCE))

    @classmethod
    @asynccontextmanager
    async def open(
        cls, nameservers: Sequence[str], timeout: timedelta, keep: timedelta = timedelta(hours=12)
    ) -> AsyncIterator[Self]:
        """Open a resolver for `nameservers` ("ip", "ip:port", "[v6]:port"; none given: the system's).

        Misconfigured names an entry that is none of these.
        """
        addresses = [parse_nameserver(text) for text in nameservers] or _system_nameservers()
        servers = tuple(
            NameServer(label=label, address=address, port=port, timeout_s=timeout.total_seconds())
            for label, address, port in addresses
        )
        resolver = cls(servers=servers, keep=keep)
        try:
            yield resolver
        finally:
            await resolver.close()

    async def close(self) -> None:
        """Stop what is under way and close the sockets."""
        await asyncio.gather(self._looking.close(), self._zoning.close(), self._texting.close())
        for server in self.servers:
            server.close()

    async def look(self, host: str, now: datetime) -> NameAnswer:
        """Find every A and AAAA of a host, from memory while the answers still hold."""
        kept = self._names.get(host, now)
        return kept if kept is not None else await self._looking.get(host, lambda: self._look(host, now))

    async def _look(self, host: str, now: datetime) -> NameAnswer:
        async with self._places:
            a, aaaa = await asyncio.gather(self._chase(host, dns.rdatatype.A), self._chase(host, dns.rdatatype.AAAA))
        answer = combine(host, now, a, aaaa)
        if answer.complete:
            self._names.put(host, answer, now + self._span(answer.ttl_s))
        return answer

    async def nameservers(self, site: str, now: datetime) -> ZoneAnswer:
        """Find the name servers of a site's registered domain, or of the nearest zone above it."""
        kept = self._zones.get(site, now)
        return kept if kept is not None else await self._zoning.get(site, lambda: self._zone(site, now))

    async def _zone(self, site: str, now: datetime) -> ZoneAnswer:
        zone, reply = site, None
        questions: tuple[Question, ...] = ()
        for _ in range(2):
            joint = await self._ask_all(zone, dns.rdatatype.NS)
            questions, reply = (*questions, *questions_of(joint, now)), joint.reply
            if reply.fate is not NameFate.NODATA or reply.zone in {None, zone} or reply.zone is None:
                break
            zone = reply.zone
        found = reply is not None and reply.fate is NameFate.FOUND
        answer = ZoneAnswer(
            zone=zone,
            names=reply.values if found and reply is not None else (),
            complete=reply is None or reply.fate.answered,
            questions=questions,
        )
        if reply is not None and answer.complete:
            self._zones.put(site, answer, now + self._span(reply.ttl_s))
        return answer

    async def texts(self, name: str, now: datetime) -> tuple[Joint, datetime]:
        """Ask for the TXT records of a name; with the time they were asked."""
        kept = self._texts.get(name, now)
        return kept if kept is not None else await self._texting.get(name, lambda: self._text(name, now))

    async def _text(self, host: str, now: datetime) -> tuple[Joint, datetime]:
        joint = await self._chase(host, dns.rdatatype.TXT)
        if joint.reply.fate.answered:
            self._texts.put(host, (joint, now), now + self._span(joint.reply.ttl_s))
        return joint, now

    def _span(self, ttl_s: int) -> timedelta:
        return min(timedelta(seconds=ttl_s), self.keep)

    async def _chase(self, host: str, kind: dns.rdatatype.RdataType) -> Joint:
        joint = await self._ask_all(host, kind)
        # Each pass makes the chain longer, and `follow` ends a chain that is too long.
        while joint.reply.target is not None:
            joint = follow(joint, await self._ask_all(joint.reply.target, kind))
        return joint

    async def _ask_all(self, host: str, kind: dns.rdatatype.RdataType) -> Joint:
        replies = await self._ask_each(host, kind)
        if all(reply.fate is NameFate.SERVFAIL for reply in replies):
            # A resolver's failure is often over a moment later; once more, then it is the answer.
            replies = await self._ask_each(host, kind)
        return join(f"{kind.name} {host}", replies, len(self.servers))

    async def _ask_each(self, host: str, kind: dns.rdatatype.RdataType) -> list[Reply]:
        if not self.servers:
            return [Reply(server="us", fate=NameFate.FAULT, detail="no name server is configured")]
        first = await self.servers[0].ask(host, kind)
        if settled(first) or len(self.servers) == 1:
            return [first]
        return [first, *await asyncio.gather(*(server.ask(host, kind) for server in self.servers[1:]))]


def parse_nameserver(text: str) -> tuple[str, str, int]:
    """Read "ip", "ip:port" or "[v6]:port" into label, address and port; Misconfigured says what is wrong with it."""
    bare, _, port = text.strip().rpartition(":")
    try:
        if text.startswith("[") or (bare and ":" not in bare):
            return text, str(ip_address(bare.strip("[]"))), _port(port)
        return text, str(ip_address(text.strip().strip("[]"))), PORT
    except ValueError as fault:
        raise Misconfigured(f"dns.nameservers: {text!r} is no name server; {_EXAMPLE}") from fault


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_535:  # noqa: PLR2004 -- what a port may be
        raise ValueError(text)
    return port


def _system_nameservers() -> list[tuple[str, str, int]]:
    try:
        system = dns.resolver.Resolver(configure=True)
    except (dns.exception.DNSException, OSError):
        return []  # every look will say so; the daemon's other work goes on
    return [(str(server), str(server), system.port) for server in system.nameservers]
