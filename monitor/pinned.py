"""One question to exactly one address, and everything that can go wrong with it by name.

The request's URL holds the checked address itself, so nothing is resolved again between look-up and dial; the name
travels as Host and SNI. Certificates are noted, not obeyed: a hoster with an expired one still serves. Every question
has its own connection, cookies are not kept.
"""

import errno
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError
from multidict import CIMultiDictProxy
from yarl import URL

from schemas.check import Sight
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
#: What the HTTP library raises, and what that is: the first that fits.
_NAMED: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Sight, str], ...]] = (
    (
        (ProxyError, ProxyConnectionError, ProxyTimeoutError),
        Sight.OUR_FAULT,
        "the proxy could not or would not connect",
    ),
    ((aiohttp.ConnectionTimeoutError, aiohttp.SocketTimeoutError), Sight.TIMEOUT, "no connection in time"),
    (ssl.SSLError, Sight.TLS_FAULT, "TLS broke before an answer"),
    (aiohttp.ServerDisconnectedError, Sight.UNREACHABLE, "closed the connection without an answer"),
    (OSError, Sight.UNREACHABLE, "the connection broke before an answer"),
    ((aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError), Sight.BAD_ANSWER, "the answer breaks HTTP"),
)
_HEADER_BYTES: Final = 16_384
_HEADER_COUNT: Final = 200
_CHUNK_BYTES: Final = 65_536


class Fault(Exception):  # noqa: N818 -- a fact about the look, which becomes part of the observation
    """The question got no usable answer; `words` say why, without URL or host."""

    def __init__(self, sight: Sight, words: str) -> None:
        super().__init__(words)
        self.sight, self.words = sight, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The head of an answer, and the stream of its body while the connection is open."""

    status: int
    headers: CIMultiDictProxy[str]
    body: aiohttp.StreamReader
    tls: str | None


class Dialler:
    """Asks addresses, directly or through one proxy."""

    def __init__(self, connector: aiohttp.TCPConnector, *, connect_timeout_s: float) -> None:
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s),
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_HEADER_COUNT,
            read_bufsize=_CHUNK_BYTES,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        self._strict, self._lenient = _trust(check=True), _trust(check=False)

    @classmethod
    def direct(cls, connect_timeout_s: float) -> Self:
        """Dial from this machine."""
        return cls(
            aiohttp.TCPConnector(limit=0, force_close=True, use_dns_cache=False), connect_timeout_s=connect_timeout_s
        )

    @classmethod
    def through(cls, proxy: str, connect_timeout_s: float) -> Self:
        """Dial through a proxy (socks5://… or http://…), which is asked to connect to the checked address.

        A proxy's HTTP is only ever CONNECT, for plain http too: it must not resolve, cache or answer itself.
        """
        connector = ProxyConnector.from_url(proxy, limit=0, force_close=True, rdns=True)
        return cls(connector, connect_timeout_s=connect_timeout_s)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    @asynccontextmanager
    async def ask(self, url: Url, address: Address | None, headers: Mapping[str, str]) -> AsyncIterator[Answer]:
        """Send GET to `address` (None: an onion service, by name) and give the answer's head; Fault says why not.

        The body's own faults come out of reading it inside the block, as Fault too.
        """
        with _NamedFaults():
            response, tls = await self._get(url, address, headers)
            try:
                yield Answer(status=response.status, headers=response.headers, body=response.content, tls=tls)
            finally:
                response.close()

    async def _get(
        self, url: Url, address: Address | None, headers: Mapping[str, str]
    ) -> tuple[aiohttp.ClientResponse, str | None]:
        try:
            return await self._send(url, address, headers, self._strict), "ok" if url.scheme == "https" else None
        except aiohttp.ClientConnectorCertificateError as fault:
            noted = _certificate_words(fault.certificate_error)
        return await self._send(url, address, headers, self._lenient), noted

    async def _send(
        self, url: Url, address: Address | None, headers: Mapping[str, str], trust: ssl.SSLContext
    ) -> aiohttp.ClientResponse:
        return await self._session.get(
            _target(url, address),
            headers={"Host": host_header(url), **headers},
            allow_redirects=False,
            ssl=trust,
            server_hostname=url.host,
        )


def _target(url: Url, address: Address | None) -> URL:
    if address is None and url.kind is not HostKind.ONION:
        raise Fault(Sight.OUR_FAULT, "a name was to be dialled instead of an address")
    host = url.host if address is None else f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
    return URL(f"{url.scheme}://{host}:{url.port}{url.path}", encoded=True)


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


def _certificate_words(fault: Exception) -> str:
    return _CERTIFICATE.get(getattr(fault, "verify_code", 0), "not trusted")


class _NamedFaults:
    """Translate what the HTTP library raises into Faults, once."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, Exception) and (named := _fault_of(fault)) is not None:
            raise named from fault


def _fault_of(fault: Exception) -> Fault | None:
    if isinstance(fault, aiohttp.ClientConnectorError):
        return _no_connection(fault.os_error)
    return next((Fault(sight, words) for kinds, sight, words in _NAMED if isinstance(fault, kinds)), None)


def _no_connection(fault: OSError) -> Fault:
    if isinstance(fault, ssl.SSLError):
        reason = re.sub(r"[^a-z0-9]+", " ", (fault.reason or "handshake failed").lower())
        return Fault(Sight.TLS_FAULT, f"TLS: {reason[:80]}")
    words = errno.errorcode.get(fault.errno or 0, "no connection").lower()
    return Fault(Sight.OUR_FAULT if fault.errno in _OURS else Sight.UNREACHABLE, words)
