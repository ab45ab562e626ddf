"""What a server's certificate says of itself: noted, never obeyed. Pure."""

import hashlib
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from cryptography import x509

from schemas.check import Tls

#: Certificates of many items' hosts are the same: this many are remembered with what they said, …
_REMEMBERED: Final = 512
#: … if they are no longer than this, in bytes; common ones have 1 to 4 KB. One may have 100, and thousands of names.
_COMMON_BYTES: Final = 8192


def tls_facts(der: bytes, *, trust: str, protocol: str | None, host: str) -> Tls:
    """Put together what is noted of a TLS connection; `trust`: "ok", or why the certificate is not trusted."""
    sha256, expires_at, names = _read(der) if len(der) <= _COMMON_BYTES else _told_by(der)
    return Tls(
        trust=trust,
        protocol=protocol or "",
        certificate_sha256=sha256,
        expires_at=expires_at,
        name_matches=any(covers(name, host) for name in names),
    )


def _told_by(der: bytes) -> tuple[str, datetime | None, tuple[str, ...]]:
    """Give fingerprint, end of validity and names; what cannot be read is left away, the fingerprint always stands."""
    sha256 = hashlib.sha256(der).hexdigest()
    try:
        certificate = x509.load_der_x509_certificate(der)
        return sha256, certificate.not_valid_after_utc, _names_of(certificate)
    except ValueError:
        return sha256, None, ()


_read = lru_cache(maxsize=_REMEMBERED)(_told_by)


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))


def covers(name: str, host: str) -> bool:
    """Say whether a name in a certificate speaks for a host (RFC 9525, 6.3: "*" stands for one whole first label).

    >>> covers("*.site.example", "img.site.example"), covers("*.site.example", "a.b.site.example")
    (True, False)
    """
    name, host = name.lower().rstrip("."), host.lower()
    if ":" in host or host.replace(".", "").isdigit():
        return _is_address(name) and ip_address(name) == ip_address(host)
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
