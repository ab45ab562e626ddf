"""A mail signed for our domain (DKIM, RFC 6376; Ed25519 by RFC 8463), for relays that do not sign themselves.

Relaxed canonicalisation of headers and body; the same mail and the same moment always give the same signature.
"""

import base64
import hashlib
import re
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifiers.mime import address_of
from schemas.errors import Misconfigured
from schemas.settings import Settings

#: What is signed where it is there (RFC 6376, section 5.4.1); From once more, so that none can be added.
SIGNED: Final = (
    "from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references", "auto-submitted",
    "mime-version", "content-type",
)  # fmt: skip
_AGAIN: Final = "from"
#: RFC 8301, section 3.2: verifiers refuse shorter keys.
_SHORTEST_RSA_BITS: Final = 1024
_MAKE_ONE: Final = "make one with: openssl genrsa -out dkim.pem 2048"
#: Characters of the signature on one line; RFC 5322, section 2.1.1, wants no more than 78.
_FOLD: Final = 70
_WSP: Final = re.compile(rb"[ \t]+")
_HEADER: Final = re.compile(rb"([^\r\n:]+):((?:[^\r\n]*\r\n)(?:[ \t][^\r\n]*\r\n)*)")


class Signer:
    """Signs mails with one key."""

    def __init__(self, key: RSAPrivateKey | Ed25519PrivateKey, domain: str, selector: str) -> None:
        """Sign for `domain`; the public key stands in the DNS at SELECTOR._domainkey.DOMAIN."""
        self._key, self._domain, self._selector = key, domain, selector

    def sign(self, mail: bytes, at: datetime) -> bytes:
        """Give the mail with a DKIM-Signature before its other headers."""
        head, _, body = mail.partition(b"\r\n\r\n")
        headers = [(name.decode().lower(), name + b":" + value) for name, value in _HEADER.findall(head + b"\r\n")]
        names = [name for name in SIGNED if any(name == known for known, _ in headers)]
        mark = self._mark([*names, _AGAIN], _digest(relaxed_body(body)), at)
        signed = b"".join(relaxed_header(dict(headers)[name]) + b"\r\n" for name in names)
        signature = base64.b64encode(self._signed(signed + relaxed_header(mark + b"\r\n"))).decode()
        folded = "\r\n ".join(signature[begin : begin + _FOLD] for begin in range(0, len(signature), _FOLD))
        return mark + f"\r\n {folded}\r\n".encode() + mail

    def _mark(self, names: list[str], digest: str, at: datetime) -> bytes:
        algorithm = "rsa-sha256" if isinstance(self._key, RSAPrivateKey) else "ed25519-sha256"
        return (
            f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={self._domain}; s={self._selector};\r\n"
            f" t={int(at.timestamp())}; h={':'.join(names)};\r\n"
            f" bh={digest};\r\n b="
        ).encode()

    def _signed(self, data: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(data, PKCS1v15(), SHA256())
        return self._key.sign(hashlib.sha256(data).digest())  # RFC 8463, section 3


def _digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def relaxed_header(header: bytes) -> bytes:
    r"""Give a header field as it is signed (RFC 6376, section 3.4.2), without its line end.

    >>> relaxed_header(b"SUBJect : a \r\n b\r\n")
    b'subject:a b'
    """
    name, _, value = header.partition(b":")
    unfolded = _WSP.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip().lower() + b":" + unfolded


def relaxed_body(body: bytes) -> bytes:
    r"""Give a body as it is signed (RFC 6376, section 3.4.4).

    >>> relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n")
    b' C\r\nD E\r\n'
    """
    lines = [_WSP.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def signer_of(settings: Settings) -> Signer | None:
    """Read the key that notices.dkim_key_file names; None where mail is signed by the relay, or not at all."""
    notices = settings.notices
    if notices.dkim_key_file is None:
        return None
    path = notices.dkim_key_file
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as fault:
        raise Misconfigured(f"notices.dkim_key_file: {path} cannot be read: {fault.strerror}; {_MAKE_ONE}") from fault
    except (ValueError, TypeError) as fault:
        raise Misconfigured(
            f"notices.dkim_key_file: {path} is no private key in PEM without a password "
            f"({str(fault).splitlines()[0]}); {_MAKE_ONE}"
        ) from None
    weak = isinstance(key, RSAPrivateKey) and key.key_size < _SHORTEST_RSA_BITS
    if weak or not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise Misconfigured(
            f"notices.dkim_key_file: {path} is neither an RSA key of {_SHORTEST_RSA_BITS} bits or more nor an Ed25519 "
            f"key; {_MAKE_ONE}"
        )
    return Signer(key, notices.dkim_domain or address_of(notices.from_).rpartition("@")[2], notices.dkim_selector)
