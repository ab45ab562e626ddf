"""Fetch one answer of a registry: bounded in time, size and redirects, dialled only at addresses that were checked.

Only an origin the operator typed may be non-public; whatever it redirects to must be public like everything else. A
server that asks for a pause is left alone until it is over, whichever question led to it: each redirect counts as a
question to the server it leads to. Messages name the origin and never the path: it holds the name of a site.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from geo.names import NameAnswer
from schemas.errors import Permanent, Temporary
from schemas.hosting import Address

#: Seconds for one answer, redirects and all.
TIMEOUT_S: Final = 10.0
#: Bytes of a registration answer that are read; the largest known are some 300 KB.
LARGEST: Final = 1_048_576
#: Bytes of a file that are read: IANA's bootstrap files have 35 KB, geofeeds of large access providers some 2 MB.
LARGEST_FILE: Final = 4_194_304
#: Redirects that are followed; registries send to each other once or twice.
REDIRECTS: Final = 5
#: The longest pause a server may ask for and be given.
LONGEST_PAUSE: Final = timedelta(hours=1)
#: A server that asks for a pause without saying how long.
PAUSE: Final = timedelta(seconds=30)
#: Servers whose pauses are remembered.
_MAX_PAUSES: Final = 1000
#: Hosts whose checked addresses are remembered.
_MAX_PINNED: Final = 4096
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})  # RFC 9110, section 15.4, those with a Location to follow
_BUSY: Final = frozenset({429, 503})  # RFC 6585, section 4; RFC 9110, section 15.6.4
#: There is no such object (404: RFC 7480, section 5.3), or no such kind of question here (400: its section 5.4; 422 and
#: 501: RFC 9082, which wants them of what a server does not support).
_NOTHING: Final = frozenset({400, 404, 422, 501})
_OK: Final = 200  # RFC 9110, section 15.3.1

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What kind of answer is fetched."""

    accept: str  # the media types asked for
    largest: int  # bytes


REGISTRATION: Final = Wanted(accept="application/rdap+json, application/json", largest=LARGEST)
#: JSON (RFC 9224, section 3); a type of their own, or what they are, CSV (RFC 9877, section 2.1; RFC 8805).
BOOTSTRAP: Final = Wanted(accept="application/json", largest=LARGEST_FILE)
GEOFEED: Final = Wanted(accept="application/geofeed+csv, text/csv, text/plain", largest=LARGEST_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The bytes of an answer; None where the registry says there is none."""

    body: bytes | None
    origin: str  # who answered in the end


class _Pinned(AbstractResolver):
    """Gives the connector the addresses that were checked for a host, and none for any other."""

    def __init__(self) -> None:
        self.addresses: dict[str, tuple[Address, ...]] = {}

    def pin(self, host: str, addresses: tuple[Address, ...]) -> None:
        """Give these addresses for the host from now on; the oldest host is forgotten where there are too many."""
        self.addresses.pop(host, None)
        self.addresses[host] = addresses
        if len(self.addresses) > _MAX_PINNED:
            del self.addresses[next(iter(self.addresses))]

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give what was pinned for the host."""
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,  # noqa: PLR2004 -- IP versions
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.addresses.get(host, ())
            if family in {socket.AF_UNSPEC, socket.AF_INET if address.version == 4 else socket.AF_INET6}  # noqa: PLR2004
        ]

    async def close(self) -> None:
        """Forget them."""
        self.addresses.clear()


class Fetcher:
    """Fetches registration answers over kept connections. Use it as a context manager."""

    def __init__(
        self,
        names: Callable[[str, datetime], Awaitable[NameAnswer]],
        public: Callable[[Address], bool],
        typed: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Look names up with `names`, dial what is `public`, and the origin of `typed` wherever it is."""
        self._names, self._public, self._timeout_s = names, public, timeout_s
        self._typed = _origin(URL(typed)) if typed else None
        self._pinned = _Pinned()
        self._paused: dict[str, datetime] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(resolver=self._pinned, use_dns_cache=False, limit=64)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, now: datetime, wanted: Wanted = REGISTRATION) -> Fetched:
        """Fetch a URL; Temporary (with the server's own wish for a pause) or Permanent where that fails."""
        try:
            at = URL(url, encoded=True)
        except ValueError as fault:
            raise Permanent("a link that is no URL") from fault
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(REDIRECTS + 1):
                    found = await self._hop(at, now, wanted)
                    if isinstance(found, Fetched):
                        return found
                    at = found
        except TimeoutError as fault:
            raise Temporary(f"{_name(at)} did not answer within {self._timeout_s:g} s") from fault
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            raise Temporary(f"{_name(at)} cannot be reached ({type(fault).__name__})") from fault
        raise Permanent(f"{_name(URL(url))} redirects more than {REDIRECTS} times")

    async def _hop(self, at: URL, now: datetime, wanted: Wanted) -> Fetched | URL:
        if self._session is None:
            raise Temporary("the fetcher is not open")
        self._leave_alone(_name(at), now)
        await self._check(at, now)
        async with self._session.get(at, allow_redirects=False, headers={"Accept": wanted.accept}) as response:
            if response.status in _REDIRECTS:
                return self._target(at, response)
            if response.status in _BUSY:
                pause = self._pause(_name(at), response.headers.get("Retry-After"), now)
                raise Temporary(f"{_name(at)} answers {response.status}", retry_after=pause)
            if response.status in _NOTHING:
                return Fetched(body=None, origin=_name(at))
            if response.status != _OK:
                raise Temporary(f"{_name(at)} answers {response.status}")
            return Fetched(body=await _bounded(response, _name(at), wanted.largest), origin=_name(at))

    def _leave_alone(self, name: str, now: datetime) -> None:
        """Raise Temporary while a server has asked for a pause."""
        until = self._paused.get(name)
        if until is not None and now < until:
            raise Temporary(f"{name} asked for a pause", retry_after=until - now)

    def _pause(self, name: str, asked: str | None, now: datetime) -> timedelta:
        pause = _retry_after(asked, now)
        self._paused = {other: until for other, until in self._paused.items() if until > now}
        if len(self._paused) < _MAX_PAUSES:
            self._paused[name] = now + pause
        return pause

    def _target(self, at: URL, response: aiohttp.ClientResponse) -> URL:
        location = response.headers.get("Location", "")
        target = at.join(URL(location))
        if not location or target.scheme not in {"http", "https"} or not target.host:
            raise Permanent(f"{_name(at)} redirects to nowhere")
        if at.scheme == "https" and target.scheme != "https":
            raise Permanent(f"{_name(at)} redirects from https to http")
        return target

    async def _check(self, at: URL, now: datetime) -> None:
        """Pin the addresses of the host; Permanent where none of them is public and the operator did not type it."""
        host, typed = at.host or "", _origin(at) == self._typed
        try:
            addresses: tuple[Address, ...] = (ip_address(host),)
        except ValueError:
            addresses = (await self._names(host, now)).addresses
            if typed and not addresses:
                addresses = await _system_addresses(host, at.port or 0)
        allowed = tuple(address for address in addresses if typed or self._public(address))
        if addresses and not allowed:
            raise Permanent(f"{_name(at)} has no public address and was not typed by the operator")
        if not allowed:
            raise Temporary(f"{_name(at)} has no address")
        self._pinned.pin(host, allowed)


async def _system_addresses(host: str, port: int) -> tuple[Address, ...]:
    # "localhost" and names of the machine's own hosts file, where the operator typed them.
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(ip_address(entry[4][0]) for entry in found)


async def _bounded(response: aiohttp.ClientResponse, name: str, largest: int) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        body += piece
        if len(body) > largest:
            raise Permanent(f"{name} sends more than {largest} bytes")
    return bytes(body)


def _retry_after(text: str | None, now: datetime) -> timedelta:
    # RFC 9110, section 10.2.3: seconds, or a date.
    try:
        given = (text or "").strip()
        pause = timedelta(seconds=int(given)) if given.isdecimal() else parsedate_to_datetime(given) - now
    except (ValueError, TypeError, OverflowError):
        return PAUSE
    return max(timedelta(0), min(pause, LONGEST_PAUSE))


def _origin(url: URL) -> Origin:
    return url.scheme, url.host or "", url.port or 0


def _name(url: URL) -> str:
    return f"{url.scheme}://{url.authority}"
