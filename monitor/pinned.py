"""One question to exactly one address, and everything that can go wrong with it by name.

The checked address itself is dialled, so nothing is resolved again between look-up and dial; the name travels as Host
and SNI. Certificates are noted, not obeyed: a hoster with an expired one still serves. Every question has its own
connection, cookies are not kept.
"""

import asyncio
import errno
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from socket import socket
from typing import Final, Protocol

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from python_socks.async_.asyncio import Proxy

from monitor.certificate import tls_facts
from monitor.exchange import Exchange, Sink
from monitor.faults import Fault
from monitor.framing import BrokenAnswer
from schemas.check import Phases, Sight, Tls
from schemas.hosting import Address
from schemas.url import HostKind, Url

#: What we cannot do here and now, whoever is asked.
_OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EACCES})
#: OpenSSL's X509_V_ERR codes (x509_vfy.h) in words.
_CERTIFICATE: Final = {
    9: "not yet valid",
    10: "expired",
    18: "self-signed",
    19: "self-signed",
    20: "unknown issuer",
    62: "wrong name",
    64: "wrong name",
}
#: What is raised while dialling or asking, and what that is: the first that fits.
_NAMED: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Sight, str], ...]] = (
    (
        (ProxyError, ProxyConnectionError, ProxyTimeoutError),
        Sight.OUR_FAULT,
        "the proxy could not or would not connect",
    ),
    (TimeoutError, Sight.TIMEOUT, "no connection in time"),
)
#: Parts of a whole look: how long its phases may take, so that another address can still be tried.
_DIAL_SHARE: Final = 1 / 3
_TLS_SHARE: Final = 1 / 3
_HEAD_SHARE: Final = 4 / 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The head of an answer."""

    status: int
    fields: Mapping[str, str]  # by name in lower case
    tls: Tls | None


#: Told the head of the answer as soon as it is there; gives who takes the body, None when nobody wants it.
Take = Callable[[Answer], Sink | None]


class Way(Protocol):
    """How a connection comes about."""

    async def connect(self, exchange: Exchange, host: str, port: int, within_s: float) -> asyncio.Transport:
        """Connect `exchange` to an address, or to an onion service by its name."""
        ...


class Direct:
    """From this machine."""

    async def connect(self, exchange: Exchange, host: str, port: int, within_s: float) -> asyncio.Transport:
        """Connect to an address."""
        async with asyncio.timeout(within_s):
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: exchange, host, port)
        return transport


class ByProxy:
    """Through a proxy, which is asked to connect to the checked address.

    A proxy's HTTP is only ever CONNECT, for plain http too: it must not resolve, cache or answer itself.
    """

    def __init__(self, url: str) -> None:
        self._proxy = Proxy.from_url(url, rdns=True, loop=asyncio.get_running_loop())

    async def connect(self, exchange: Exchange, host: str, port: int, within_s: float) -> asyncio.Transport:
        """Connect as the proxy does."""
        joined: socket = await self._proxy.connect(host, port, timeout=within_s)
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: exchange, sock=joined)
        return transport


class Dialler:
    """Asks addresses, each within the phases that a look of `timeout_s` has."""

    def __init__(self, way: Way, *, timeout_s: float) -> None:
        self._way = way
        self._dial_s, self._tls_s = timeout_s * _DIAL_SHARE, timeout_s * _TLS_SHARE
        self._head_s = timeout_s * _HEAD_SHARE

    async def ask(self, url: Url, address: Address | None, fields: bytes, take: Take) -> Phases:
        """Send GET to `address` (None: an onion service, by name), hand the answer to `take`, say how long it took.

        `fields` are the lines of the request's head behind Host. Fault says why there is no answer; once `take` was
        called, it says what broke behind the head.
        """
        request = request_of(url, fields)
        if url.scheme == "http":
            return await self._ask(url, address, request, take, None)
        try:
            return await self._ask(url, address, request, take, _trust(check=True))
        except ssl.SSLCertVerificationError as fault:
            doubt = _CERTIFICATE.get(fault.verify_code, "not trusted")
        return await self._ask(url, address, request, take, _trust(check=False), doubt)

    async def _ask(
        self,
        url: Url,
        address: Address | None,
        request: bytes,
        take: Take,
        tls: ssl.SSLContext | None,
        trust: str = "ok",
    ) -> Phases:
        noted: Tls | None = None
        # `take` is handed the facts of a handshake that came before the head.
        exchange = Exchange(
            request,
            lambda status, fields: take(Answer(status=status, fields=fields, tls=noted)),
            waits=tls is not None,
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            with _named_faults():
                transport = await self._way.connect(exchange, _host(url, address), url.port, self._dial_s)
                joined = loop.time()
                if tls is not None:
                    secured, noted = await self._handshake(exchange, transport, tls, url.host, trust)
                    exchange.send(secured)
                await exchange.over(self._head_s)
        finally:
            exchange.drop()
        return Phases(
            dial_s=(exchange.sent_at if tls is None else joined) - began,
            tls_s=0.0 if tls is None else exchange.sent_at - joined,
            wait_s=exchange.head_at - exchange.sent_at,
            read_s=exchange.over_at - exchange.head_at,
        )

    async def _handshake(
        self, exchange: Exchange, transport: asyncio.Transport, context: ssl.SSLContext, host: str, trust: str
    ) -> tuple[asyncio.Transport, Tls]:
        try:
            async with asyncio.timeout(self._tls_s):
                secured = await asyncio.get_running_loop().start_tls(transport, exchange, context, server_hostname=host)
        except TimeoutError as fault:
            raise Fault(Sight.TIMEOUT, "no TLS in time") from fault
        except (ConnectionError, ValueError) as fault:  # ValueError: a name that cannot be asked for
            if isinstance(fault, ssl.SSLError):
                raise
            raise Fault(Sight.TLS_FAULT, "TLS: the connection broke in the handshake") from fault
        if secured is None:
            raise Fault(Sight.TLS_FAULT, "TLS: the connection broke in the handshake")
        spoken: ssl.SSLObject = secured.get_extra_info("ssl_object")
        der = spoken.getpeercert(binary_form=True) or b""
        return secured, tls_facts(der, trust=trust, protocol=spoken.version(), host=host)


def _host(url: Url, address: Address | None) -> str:
    if address is not None:
        return str(address)
    if url.kind is not HostKind.ONION:
        raise Fault(Sight.OUR_FAULT, "a name was to be dialled instead of an address")
    return url.host


def request_of(url: Url, fields: bytes) -> bytes:
    """Write the request: its first line, Host, and the given lines."""
    return b"GET %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (url.path.encode(), host_header(url).encode(), fields)


def host_header(url: Url) -> str:
    """Give the value of Host (RFC 9110, 7.2): the name, and the port unless it is the scheme's own."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if url.port == (443 if url.scheme == "https" else 80) else f"{host}:{url.port}"


@cache
def _trust(*, check: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not check:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # Old servers are looked at too: nothing secret travels, and "cannot speak to it" would leave items unseen.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextmanager
def _named_faults() -> Iterator[None]:
    """Translate what is raised while dialling and asking into Faults, once."""
    try:
        yield
    except (Fault, ssl.SSLCertVerificationError):
        raise
    except BrokenAnswer as fault:
        raise Fault(Sight.BAD_ANSWER, str(fault)) from fault
    except ssl.SSLError as fault:
        reason = re.sub(r"[^a-z0-9]+", " ", (fault.reason or "broke before an answer").lower())
        raise Fault(Sight.TLS_FAULT, f"TLS: {reason[:80]}") from fault
    except Exception as fault:
        if (named := _fault_of(fault)) is None:
            raise
        raise named from fault


def _fault_of(fault: Exception) -> Fault | None:
    for kinds, sight, words in _NAMED:
        if isinstance(fault, kinds):
            return Fault(sight, words)
    if isinstance(fault, OSError):
        words = errno.errorcode.get(fault.errno or 0, "the connection broke before an answer").lower()
        return Fault(Sight.OUR_FAULT if fault.errno in _OURS else Sight.UNREACHABLE, words)
    return None
