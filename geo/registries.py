"""Ask registries, politely: which one, a few questions at once, and none while it asked for a pause."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from geo.bootstrap import Bootstrap
from geo.fetch import Fetcher
from geo.gate import Gate
from geo.rdap import BadAnswer, load
from geo.whois import REGISTRIES, PortFortyThree
from geo.whois_text import as_rdap
from schemas.errors import Misconfigured, Permanent, Temporary
from schemas.hosting import Address

#: Questions at once to one registry of the bootstrap; the registries' own limits are 1 to 10 a second and address.
AT_ONCE: Final = 4
#: Questions at once to the server the operator typed.
AT_ONCE_TYPED: Final = 32
#: A pause this short is waited for; a longer one makes the question fail until it is over.
WAITED_FOR: Final = timedelta(seconds=5)
#: A registry that asks for a pause without saying how long.
PAUSE: Final = timedelta(seconds=30)
#: Seconds for an answer on port 43.
WHOIS_S: Final = 15.0


@dataclass(slots=True)
class _Manners:
    places: Gate
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a registry said; `answer` is None where it has nothing."""

    of: str
    answer: Mapping[str, Any] | None


@dataclass(slots=True, kw_only=True)
class Registries:
    """Every registry we may ask: those of the bootstrap, or the one server the operator typed."""

    fetcher: Fetcher
    bootstrap: Bootstrap
    typed: str | None  # base URL, or None for the bootstrap
    port43: PortFortyThree | None = None
    _manners: dict[str, _Manners] = field(default_factory=dict)

    async def address(self, address: Address, now: datetime) -> Said | None:
        """Ask for the registration of an address; None where no registry answers for it.

        Temporary, Permanent or BadAnswer where it cannot be had.
        """
        base = self.typed or self.bootstrap.for_address(address)
        if base is None:
            return None
        try:
            return await self._ask(base, f"ip/{address}", now)
        except (Temporary, Permanent, BadAnswer):
            registry = REGISTRIES.get(urlsplit(base).hostname or "")
            if self.port43 is None or registry is None:
                raise
            result = await self.port43.ask(address, registry, WHOIS_S)
            return Said(of=f"port 43 of {registry}", answer=as_rdap(result, address))

    async def domain(self, site: str, now: datetime) -> Said | None:
        """Ask for the registration of a domain; None where no registry answers for it."""
        base = self.typed or self.bootstrap.for_domain(site)
        return await self._ask(base, f"domain/{site}", now) if base is not None else None

    async def system(self, asn: int, now: datetime) -> Said | None:
        """Ask for the registration of an AS; None where no registry answers for it."""
        base = self.typed or self.bootstrap.for_asn(asn)
        return await self._ask(base, f"autnum/{asn}", now) if base is not None else None

    async def entity(self, address: Address, handle: str, now: datetime) -> Said | None:
        """Ask the registry of an address for an entity by its handle."""
        base = self.typed or self.bootstrap.for_address(address)
        return await self._ask(base, f"entity/{handle}", now) if base is not None else None

    async def _ask(self, base: str, path: str, now: datetime) -> Said:
        manners = self._manners.get(base)
        if manners is None:
            places = AT_ONCE_TYPED if base == self.typed else AT_ONCE
            manners = self._manners[base] = _Manners(Gate(places))
        if manners.paused_until is not None and now < manners.paused_until:
            raise Temporary(f"{_origin(base)} asked for a pause", retry_after=manners.paused_until - now)
        async with manners.places:
            try:
                return await self._fetch(base, path, now)
            except Temporary as fault:
                if fault.retry_after is None or fault.retry_after > WAITED_FOR:
                    manners.paused_until = _pause(manners.paused_until, fault.retry_after, now)
                    raise
                await asyncio.sleep(fault.retry_after.total_seconds())
                return await self._fetch(base, path, now)

    async def _fetch(self, base: str, path: str, now: datetime) -> Said:
        fetched = await self.fetcher.get(base + path, now)
        return Said(of=fetched.origin, answer=load(fetched.body) if fetched.body is not None else None)


def _pause(standing: datetime | None, asked: timedelta | None, now: datetime) -> datetime | None:
    return now + asked if asked is not None else standing


def _origin(base: str) -> str:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"


def typed_base(registration: str) -> str | None:
    """Read `geo.registration`: a base URL with a slash at its end; None for "https" and "off"; else Misconfigured."""
    if registration in {"https", "off"}:
        return None
    parts = urlsplit(registration)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise Misconfigured(
            f'geo.registration: {registration!r} is neither "https" nor "off" nor a base URL; '
            'write for example "https://rdap.example/"'
        )
    return registration if registration.endswith("/") else registration + "/"
