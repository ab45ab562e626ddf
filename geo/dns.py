"""Names to addresses through the configured servers, remembered no longer than the answers allow.

All servers are asked before a name is called dead or a fault is reported. What a server that lies says does not count
(`geo/canaries.py`). What could not be found out is not asked again for half a minute: whoever asks a thousand times
for a host whose servers are away would wait a thousand times (RFC 9520, section 3).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from ipaddress import ip_address
from typing import Final, Self

import dns.exception
import dns.rdatatype
import dns.resolver

from geo.canaries import Canaries
from geo.known import Known
from geo.names import (
    NEGATIVE,
    Joint,
    NameAnswer,
    Reply,
    ZoneAnswer,
    combine,
    follow,
    held_s,
    join,
    settled,
)
from geo.nameserver import NameServer
from geo.wire import AAAA, NS, TXT, A
from schemas.canary import NameCanary
from schemas.errors import Misconfigured
from schemas.hosting import NameFate, Question

#: Names kept in memory, about 1.5 KB each.
ENTRIES: Final = 50_000
#: How long "could not be found out" holds: between the second and the five minutes of RFC 9520, section 3.2, and never
#: longer than `geo.retry`, after which a look is made again.
FAULT_HOLDS: Final = timedelta(seconds=30)
#: RFC 1035, sections 4.2.1 and 4.2.2.
PORT: Final = 53
_HIGHEST_PORT: Final = 65_535  # RFC 768: 16 bits
_ADDRESSES: Final = (A, AAAA)

_EXAMPLE: Final = 'write for example "192.0.2.53", "127.0.0.1:5353" or "[2001:db8::53]:53"'


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Asks names of the configured servers. Make it with `Resolver.open`."""

    servers: tuple[NameServer, ...]
    canaries: tuple[NameCanary, ...]
    keep: timedelta
    fault_holds: timedelta
    _names: Known[NameAnswer] = field(default_factory=lambda: Known(ENTRIES))
    _neighbours: Known[NameAnswer] = field(default_factory=lambda: Known(ENTRIES))
    _zones: Known[ZoneAnswer] = field(default_factory=lambda: Known(ENTRIES))
    _records: Known[tuple[Joint, datetime]] = field(default_factory=lambda: Known(ENTRIES))
    _truth: Canaries = field(init=False)
    caught: int = 0  # how often a server was found to lie: what was remembered before the last time counts no more

    def __post_init__(self) -> None:
        self._truth = Canaries(canaries=self.canaries, ask=self._of_one, caught=self._forget)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        nameservers: Sequence[str],
        timeout: timedelta,
        keep: timedelta = timedelta(hours=12),
        retry: timedelta = FAULT_HOLDS,
        canaries: Sequence[str] = (),
    ) -> AsyncIterator[Self]:
        """Open a resolver for `nameservers` ("ip", "ip:port", "[v6]:port"; none given: the system's).

        Answers are kept for their TTL, at most `keep`; faults for half a minute, at most `retry`. Misconfigured names
        an entry that is no name server.
        """
        addresses = [parse_nameserver(text) for text in nameservers] or _system_nameservers()
        servers = tuple(
            NameServer(label=label, address=address, port=port, timeout_s=timeout.total_seconds())
            for label, address, port in addresses
        )
        known = tuple(NameCanary.read(text) for text in canaries)
        resolver = cls(servers=servers, canaries=known, keep=keep, fault_holds=min(FAULT_HOLDS, retry))
        try:
            yield resolver
        finally:
            await resolver.close()

    async def close(self) -> None:
        """Stop what is under way and close the sockets."""
        known = (self._names, self._neighbours, self._zones, self._records)
        await asyncio.gather(*(one.close() for one in known), self._truth.close())
        for server in self.servers:
            server.close()

    def look(self, host: str, now: datetime) -> "asyncio.Future[NameAnswer]":
        """Find every A and AAAA of a host, from memory while the answers still hold."""
        return self._names.get(host, now, partial(self._look, host, now))

    async def _look(self, host: str, now: datetime) -> tuple[NameAnswer, datetime]:
        answer, asked_s = await self._addresses(host, now)
        # That there is nothing is believed only of servers whose canaries sing after they said so.
        while answer.fate in NEGATIVE and await self._truth.any_new(self.servers, now, since_s=asked_s):
            answer, asked_s = await self._addresses(host, now)
        return answer, answer.until

    async def _addresses(self, host: str, now: datetime) -> tuple[NameAnswer, float]:
        """Ask for both kinds of address; with the time on the loop's clock when that began."""
        began_s = asyncio.get_running_loop().time()
        joints = await self._ask(host, _ADDRESSES, now)
        return combine(host, joints, at=now, until=self._until(joints, now, began_s)), began_s

    def neighbour(self, host: str, now: datetime) -> "asyncio.Future[NameAnswer]":
        """Look up a name beside the host that nobody ever gave out."""
        parent = host.partition(".")[2]
        return self._neighbours.get(parent, now, partial(self._try, parent, now))

    async def _try(self, parent: str, now: datetime) -> tuple[NameAnswer, datetime]:
        began_s, name = asyncio.get_running_loop().time(), f"{secrets.token_hex(8)}.{parent}"
        joints = await self._ask(name, (A,), now)
        if joints[0].reply.fate is NameFate.NODATA:
            joints += await self._ask(name, (AAAA,), now)
        answer = combine(name, joints, at=now, until=self._until(joints, now, began_s))
        return answer, answer.until

    def nameservers(self, site: str, now: datetime) -> "asyncio.Future[ZoneAnswer]":
        """Find the name servers of a site's registered domain, or of the nearest zone above it."""
        return self._zones.get(site, now, partial(self._zone, site, now))

    async def _zone(self, site: str, now: datetime) -> tuple[ZoneAnswer, datetime]:
        began_s = asyncio.get_running_loop().time()
        joints = await self._ask(site, (NS,), now)
        reply, soa = joints[0].reply, joints[0].reply.soa
        if reply.fate is NameFate.NODATA and soa is not None and soa.zone != site:
            joints += await self._ask(soa.zone, (NS,), now)
        reply = joints[-1].reply
        answer = ZoneAnswer(
            zone=soa.zone if soa is not None else site,
            at=now,
            until=self._until(joints, now, began_s),
            names=reply.values if reply.fate is NameFate.FOUND else (),
            soa=soa,
            joints=tuple(joints),
        )
        return answer, answer.until

    def texts(self, name: str, now: datetime) -> "asyncio.Future[tuple[Joint, datetime]]":
        """Ask for the TXT records of a name; with the time they were asked."""
        return self.records(name, TXT, now)

    def records(self, name: str, kind: int, now: datetime) -> "asyncio.Future[tuple[Joint, datetime]]":
        """Ask for the records of one type; with the time they were asked."""
        return self._records.get((name, kind), now, partial(self._fetch, name, kind, now))

    async def _fetch(self, name: str, kind: int, now: datetime) -> tuple[tuple[Joint, datetime], datetime]:
        began_s = asyncio.get_running_loop().time()
        joints = await self._ask(name, (kind,), now)
        return (joints[0], now), self._until(joints, now, began_s)

    async def sent(self) -> None:
        """Wait until every question that waits now has been sent."""
        for server in self.servers:
            await server.sent()

    def heard(self) -> tuple[Question, ...]:
        """Tell what the canaries showed of each server when they were last asked, for the record."""
        return self._truth.questions()

    def lies(self) -> tuple[str, ...]:
        """Tell of each server that lies what it says and what it should say."""
        return self._truth.lies()

    def _until(self, joints: Sequence[Joint], now: datetime, began_s: float) -> datetime:
        seconds = held_s(joints)
        if seconds is not None:
            return now + min(timedelta(seconds=seconds), self.keep)
        took_s = asyncio.get_running_loop().time() - began_s
        return now + timedelta(seconds=took_s) + self.fault_holds

    def _forget(self) -> None:
        """Forget what a server may have said that lies."""
        self.caught += 1
        for known in (self._names, self._neighbours, self._zones, self._records):
            known.forget()

    async def _ask(self, name: str, kinds: Sequence[int], now: datetime) -> list[Joint]:
        """Ask for records of several types at once."""
        if not self.servers:
            nobody = Reply(server="us", fate=NameFate.FAULT, detail="no name server is configured")
            return [join(_asked(name, kind), [nobody], 0) for kind in kinds]
        firsts = [self._say(self.servers[0], name, kind, now) for kind in kinds]
        replies = [await first for first in firsts]
        if all(self._is_final(reply) for reply in replies):
            return [self._join(name, kind, [reply]) for kind, reply in zip(kinds, replies, strict=True)]
        chased = (self._chase(name, kind, reply, now) for kind, reply in zip(kinds, replies, strict=True))
        return await asyncio.gather(*chased)

    def _is_final(self, reply: Reply) -> bool:
        """Say whether nobody else need be asked, and nothing else: found, or absent where there is only one server."""
        if reply.fate in NEGATIVE:
            return len(self.servers) == 1 and reply.target is None
        return reply.fate is NameFate.FOUND

    def _say(self, server: NameServer, name: str, kind: int, now: datetime) -> Awaitable[Reply]:
        if not self.canaries:
            return server.ask(name, kind)
        return asyncio.ensure_future(self._say_truly(server, name, kind, now))

    async def _say_truly(self, server: NameServer, name: str, kind: int, now: datetime) -> Reply:
        lie = await self._truth.lie(server, now)
        if lie is not None:
            return Reply(server=server.label, fate=NameFate.VOID, detail=f"not asked: {lie}")
        return await server.ask(name, kind)

    async def _chase(self, name: str, kind: int, first: Reply, now: datetime) -> Joint:
        """Ask the other servers where the first does not settle it, and follow the chain to its end."""
        joint = await self._of_all(name, kind, first, now)
        # Each pass makes the chain longer, and `follow` ends a chain that is too long.
        while (target := joint.reply.target) is not None:
            first = await self._say(self.servers[0], target, kind, now)
            joint = follow(joint, await self._of_all(target, kind, first, now))
        return joint

    async def _of_all(self, name: str, kind: int, first: Reply, now: datetime) -> Joint:
        replies = await self._of_others(name, kind, first, now)
        if all(reply.fate is NameFate.SERVFAIL for reply in replies):
            # A resolver's failure is often over a moment later; once more, then it is the answer.
            first = await self._say(self.servers[0], name, kind, now)
            replies = await self._of_others(name, kind, first, now)
        return self._join(name, kind, replies)

    async def _of_others(self, name: str, kind: int, first: Reply, now: datetime) -> list[Reply]:
        if settled(first) or len(self.servers) == 1:
            return [first]
        return [first, *await asyncio.gather(*(self._say(server, name, kind, now) for server in self.servers[1:]))]

    def _join(self, name: str, kind: int, replies: Sequence[Reply]) -> Joint:
        return join(_asked(name, kind), replies, len(self.servers))

    async def _of_one(self, server: NameServer, name: str) -> list[Joint]:
        """Ask one server for the addresses of a canary; a chain that it does not follow itself is its answer."""
        return [
            join(_asked(name, kind), [reply], 1)
            for kind, reply in zip(
                _ADDRESSES, await asyncio.gather(*(server.ask(name, kind) for kind in _ADDRESSES)), strict=True
            )
        ]


def _asked(name: str, kind: int) -> str:
    return f"{_word(kind)} {name}"


@lru_cache
def _word(kind: int) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType(kind))


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
    if not 1 <= port <= _HIGHEST_PORT:
        raise ValueError(text)
    return port


def _system_nameservers() -> list[tuple[str, str, int]]:
    try:
        system = dns.resolver.Resolver(configure=True)
    except (dns.exception.DNSException, OSError):
        return []  # every look will say so; the daemon's other work goes on
    return [(str(server), str(server), system.port) for server in system.nameservers]
