"""The identity of a URL: its WHATWG serialisation without fragment (https://url.spec.whatwg.org/).

A disguised host ("0x7f.1", "2130706433", a trailing dot, userinfo, backslashes) becomes what a browser makes of it.
The site is the registered domain by the public suffix list, or the host itself where there is none (an address, an
onion service).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

import ada_url
from publicsuffixlist import PublicSuffixList

from schemas.errors import Refused

_TAKEN = frozenset({"http", "https"})
# What is its own serialisation: nothing in it is lowered, encoded, decoded, resolved or left out by the parser. The
# last label is letters, so that the host is no address; "xn--" is left to the parser, and so is a dot behind a slash.
_PLAIN = re.compile(
    r"(https?)://((?!xn--)[a-z0-9-]+(?:\.(?!xn--)[a-z0-9-]+)*\.(?!xn--)[a-z]{2,})"
    r"(/(?:[A-Za-z0-9_~!$&()*+,;=:@-]++|/(?!\.)|(?<!/)\.)*(?:\?[A-Za-z0-9_.~!$&()*+,;=:@/?-]*)?)"
)
#: Characters of the longest name that the DNS has room for (RFC 1035, 2.3.4). The standard lets hosts be longer: those
#: are nobody's, and are not remembered, because a redirect may name as many as it likes.
_LONGEST_NAME = 253
# A text may hold half of a surrogate pair, which no URL can: Web IDL's USVString has U+FFFD in its place.
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
#: Schemes whose "URL" is the material itself: such a line leaves no trace (contract, section 4).
CARRIES_CONTENT = frozenset({"data", "blob"})


class HostKind(StrEnum):
    """What kind of host a URL names; each kind has its own route."""

    WEB = "web"
    ADDRESS = "address"
    ONION = "onion"


class UnsupportedScheme(Refused):
    """A URL that is neither http nor https."""

    def __init__(self, scheme: str) -> None:
        super().__init__(f"the scheme {scheme!r} is not taken; only http and https URLs are")
        self.scheme = scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A URL taken apart; `text` is its identity."""

    text: str
    scheme: str
    host: str  # lower case, punycode, without the dot that ends a full name, IPv6 without brackets
    port: int
    path: str  # with query, begins with "/"
    site: str
    kind: HostKind

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """Give the address where the host is one, else None."""
        return ip_address(self.host) if self.kind is HostKind.ADDRESS else None


def parse_url(text: str, base: Url | None = None) -> Url:
    """Take a URL apart as a browser does, one that is relative as it stands at `base`.

    Refused says why it cannot be: UnsupportedScheme where it is a URL, but neither http nor https. Neither repeats it.

    >>> parse_url("HTTPS://0x7f.1:443/a/../b#c").text
    'https://127.0.0.1/b'
    """
    if (plain := _PLAIN.fullmatch(text)) is not None:
        scheme, hostname, path = plain.groups()
        return _url(text, scheme, hostname, "", path)
    return _parsed(text, base)


def _parsed(text: str, base: Url | None) -> Url:
    try:
        whole = _serialised(_HALF_PAIR.sub("\ufffd", text), base)
    except ValueError as fault:
        raise _why_not(text) from fault
    scheme, _, rest = whole.partition("://")
    if scheme not in _TAKEN:
        raise UnsupportedScheme(whole.partition(":")[0])
    authority, slash, path = rest.partition("/")
    hostname, port = _host_and_port(authority.rpartition("@")[2])
    return _url(whole, scheme, hostname, port, slash + path)


def _serialised(text: str, base: Url | None) -> str:
    # Every other attribute costs as much as `href`; the serialisation is cut up by the caller.
    url = ada_url.URL(text) if base is None else ada_url.URL(text, base=base.text)
    return url.href.partition("#")[0]


def _url(text: str, scheme: str, hostname: str, port: str, path: str) -> Url:
    host, site, kind = _host(hostname) if len(hostname) <= _LONGEST_NAME else _read_host(hostname)
    return Url(
        text=text,
        scheme=scheme,
        host=host,
        port=int(port) if port else _default_port(scheme),
        path=path,
        site=site,
        kind=kind,
    )


def _host_and_port(text: str) -> tuple[str, str]:
    host, bracket, port = text.rpartition("]") if text.startswith("[") else text.partition(":")
    return (host + bracket, port[1:]) if bracket == "]" else (host, port)


def _why_not(text: str) -> Refused:
    scheme, colon, _ = text.strip().partition(":")
    if colon and scheme.lower() not in {"http", "https"} and scheme.isascii() and scheme.replace("-", "").isalnum():
        return UnsupportedScheme(scheme.lower()[:20])
    return Refused('url is not a valid URL; write it in full, for example "https://img.example/i/1.jpg"')


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _read_host(hostname: str) -> tuple[str, str, HostKind]:
    # One dot ends a full name. More of them make a host to the standard and a name to nobody: it stays as it is.
    bare = hostname.strip("[]")
    host = bare if bare == "." or bare.endswith("..") else bare.removesuffix(".")
    if hostname.startswith("[") or _is_ipv4(host):
        return host, host, HostKind.ADDRESS
    if host.endswith(".onion"):
        return host, ".".join(host.split(".")[-2:]), HostKind.ONION
    return host, registered_domain(host) if len(host) <= _LONGEST_NAME else host, HostKind.WEB


_host = lru_cache(maxsize=65536)(_read_host)


def host_kind(host: str) -> tuple[str, HostKind]:
    """Give site and kind of a host already in its normal form: that of `Url.host`, IPv6 without brackets.

    >>> host_kind("img.example.co.uk")
    ('example.co.uk', <HostKind.WEB: 'web'>)
    """
    _, site, kind = _host(f"[{host}]" if ":" in host else host)
    return site, kind


def _is_ipv4(host: str) -> bool:
    # The WHATWG parser has already turned every number-like host into four decimals.
    return host.replace(".", "").isdigit() and host.count(".") == 3  # noqa: PLR2004 -- four parts


@cache
def _suffixes(*, only_icann: bool = False) -> PublicSuffixList:
    # Read when first asked: a tenth of a second each, which most commands do not need. `only_icann`: without its second
    # half, the suffixes that companies asked for because strangers publish under them.
    return PublicSuffixList(only_icann=only_icann)


def read_suffixes() -> None:
    """Read the public suffix list now, where it was not: a long-lived process should not pause for it later."""
    _suffixes()
    _suffixes(only_icann=True)


@lru_cache(maxsize=65536)
def registered_domain(host: str) -> str:
    """Give the registered domain of a host by the public suffix list, or the host where it is itself a suffix.

    The list (https://publicsuffix.org/list/) is that of the installed package publicsuffixlist, its private half too.

    >>> registered_domain("a.b.example.co.uk")
    'example.co.uk'
    """
    return _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=65536)
def shared_suffix(host: str) -> str | None:
    """Give the suffix under which strangers publish that a host stands at or under, else None.

    These are the private domains of the public suffix list (https://publicsuffix.org/submit/): what stands under one
    belongs to whoever was given it, the domain itself to the company that gives it away.

    >>> shared_suffix("someone.github.io"), shared_suffix("img.example.co.uk")
    ('github.io', None)
    """
    suffix: str | None = _suffixes().publicsuffix(host)
    return suffix if suffix != _suffixes(only_icann=True).publicsuffix(host) else None


def under_a_registry(host: str) -> bool:
    """Say whether names are registered directly under a host: it is a suffix, and no site that anybody could have.

    >>> under_a_registry("co.uk"), under_a_registry("example.co.uk"), under_a_registry("github.io")
    (True, False, False)
    """
    return _suffixes(only_icann=True).privatesuffix(host) is None


def upwards(name: str) -> Iterator[str]:
    """Give a DNS name and every name above it but the root, the longest first, in lower case.

    >>> list(upwards("ns1.Site.test.")), list(upwards(""))
    (['ns1.site.test', 'site.test', 'test'], [])
    """
    end = name.lower().rstrip(".")
    while end:
        yield end
        end = end.partition(".")[2]


def sibling_of(url: Url, name: str) -> str:
    """Give the URL of another name in the same directory, without query: to see what a missing page looks like.

    >>> sibling_of(parse_url("http://img.example/a/b.jpg?c"), "x")
    'http://img.example/a/x'
    """
    path = url.path.partition("?")[0]
    authority = url.text.split("/", 3)
    return "/".join(authority[:3]) + path.rpartition("/")[0] + "/" + name
