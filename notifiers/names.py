"""Names of APIs to addresses, by the resolvers of `[dns]`, and by the system where there are none."""

import asyncio
import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.nameserver import Do53Nameserver, Nameserver

from schemas.settings import Dns

_PORT = 53


class Names(AbstractResolver):
    """Look names up as configured; the system is asked where nothing is, and for `localhost` (RFC 6761)."""

    def __init__(self, settings: Dns) -> None:
        self._system = ThreadedResolver()
        self._resolver: Resolver | None = None
        if settings.nameservers:
            self._resolver = Resolver(configure=False)
            self._resolver.nameservers = [_nameserver(each) for each in settings.nameservers]
            self._resolver.lifetime = settings.timeout.total_seconds()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a host, IPv4 first; OSError where nobody knows any."""
        if self._resolver is None or host == "localhost":
            return await self._system.resolve(host, port, family)
        answers = await asyncio.gather(*(_addresses(self._resolver, host, kind) for kind in ("A", "AAAA")))
        found = [_result(host, address, port) for answer in answers for address in answer]
        if not found:
            raise OSError("the configured resolvers know no address of this name")
        return found

    async def close(self) -> None:
        """Let go of nothing: every look-up ends by itself."""


async def _addresses(resolver: Resolver, host: str, kind: str) -> list[str]:
    try:
        return [record.address for record in await resolver.resolve(host, kind, search=False)]
    except DNSException:
        return []


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6  # noqa: PLR2004 -- IPv4
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def _nameserver(text: str) -> Nameserver:
    address, colon, port = text.rpartition(":")
    if not colon or (":" in address.strip("[]") and not text.startswith("[")):
        return Do53Nameserver(text.strip("[]"), _PORT)
    return Do53Nameserver(address.strip("[]"), int(port))
