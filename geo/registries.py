"""Ask registries, politely: which one, a few questions at once, and none while it asked for a pause."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from geo.bootstrap import Bootstrap
from geo.fetch import GEOFEED, Fetched, Fetcher
from geo.gate import Gate
from geo.rdap import BadAnswer, load
from geo.renewed import Renewed
from geo.whois import REGISTRIES, PortFortyThree
from geo.whois_text import as_rdap
from schemas.errors import Misconfigured, Permanent, Temporary
from schemas.hosting import Address, Network

T = TypeVar("T")

#: Questions at once to one registry of the bootstrap; the registries' own limits are 1 to 10 a second and address.
AT_ONCE: Final = 4
#: Questions at once to the server the operator typed.
AT_ONCE_TYPED: Final = 32
#: Geofeeds fetched at once, from whatever servers.
AT_ONCE_FILES: Final = 4
#: A pause this short is waited for; a longer one makes the question fail until it is over.
WAITED_FOR: Final = timedelta(seconds=5)
#: Seconds for an answer on port 43.
WHOIS_S: Final = 15.0


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
    renewed: Renewed | None = None  # the bootstrap files that were renewed since, instead of `bootstrap`
    _gates: dict[str, Gate] = field(default_factory=dict)

    async def address(self, address: Address, now: datetime) -> Said | None:
        """Ask for the registration of an address; None where no registry answers for it.

        Temporary, Permanent or BadAnswer where it cannot be had.
        """
        base = await self._base(lambda known: known.for_address(address))
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

    async def block(self, block: Network, now: datetime) -> Said | None:
        """Ask for the smallest network that holds a whole block (RFC 9082, 3.1.1); None and faults as `address`."""
        base = await self._base(lambda known: known.for_address(block.network_address))
        return await self._ask(base, f"ip/{block}", now) if base is not None else None

    async def domain(self, site: str, now: datetime) -> Said | None:
        """Ask for the registration of a domain; None where no registry answers for it, faults as `address`."""
        base = await self._base(lambda known: known.for_domain(site))
        return await self._ask(base, f"domain/{site}", now) if base is not None else None

    async def system(self, asn: int, now: datetime) -> Said | None:
        """Ask for the registration of an AS; None where no registry answers for it, faults as `address`."""
        base = await self._base(lambda known: known.for_asn(asn))
        return await self._ask(base, f"autnum/{asn}", now) if base is not None else None

    async def entity(self, of: Address | int | str, handle: str, now: datetime) -> Said | None:
        """Ask for an entity by its handle, at the registry of an address, AS or domain; None, faults: as `address`."""
        base = await self._base(lambda known: known.registry_of(of))
        return await self._ask(base, f"entity/{handle}", now) if base is not None else None

    async def file(self, url: str, now: datetime) -> Fetched:
        """Fetch a geofeed that a registration links; Temporary or Permanent where it cannot be had."""
        if urlsplit(url).scheme != "https" and not (self.typed or "").startswith("http:"):
            # RFC 9632, section 2; only a registry that answers without TLS itself may point at a file without.
            raise Permanent("a geofeed has to be fetched with https")
        return await self._politely("geofeeds", AT_ONCE_FILES, lambda at: self.fetcher.get(url, at, GEOFEED), now)

    async def is_registrys_own(self, blocks: Sequence[Network]) -> bool:
        """Say whether a network is what IANA gave a registry: nobody is registered for it but the registry itself."""
        return (await self._known()).is_registrys_own(blocks)

    async def _known(self) -> Bootstrap:
        return await self.renewed.current(self.bootstrap) if self.renewed is not None else self.bootstrap

    async def _base(self, find: Callable[[Bootstrap], str | None]) -> str | None:
        return self.typed or find(await self._known())

    async def _ask(self, base: str, path: str, now: datetime) -> Said:
        at_once = AT_ONCE_TYPED if base == self.typed else AT_ONCE
        fetched = await self._politely(base, at_once, lambda at: self.fetcher.get(base + path, at), now)
        return Said(of=fetched.origin, answer=load(fetched.body) if fetched.body is not None else None)

    async def _politely(self, gate: str, at_once: int, fetch: Callable[[datetime], Awaitable[T]], now: datetime) -> T:
        """Fetch through a gate; a short pause is waited for, once."""
        async with self._gates.setdefault(gate, Gate(at_once)):
            try:
                return await fetch(now)
            except Temporary as fault:
                if fault.retry_after is None or fault.retry_after > WAITED_FOR:
                    raise
                await asyncio.sleep(fault.retry_after.total_seconds())
                return await fetch(now + fault.retry_after)


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
