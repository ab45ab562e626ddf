"""Mail for one reader only: encrypted to the certificate that is configured for a mailbox, OpenPGP or S/MIME.

What is sealed is the whole of a mail but its headers; the subject outside says the notice's number and no more.
"""

import base64
import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options
from pysequoia import Cert, encrypt

from notifiers.mime import Wrapped, address_of
from schemas.errors import Misconfigured
from schemas.settings import Settings

_CRLF: Final = b"\r\n"
_BASE64_LINE: Final = 76  # RFC 2045, section 6.8
#: A certificate of more than this is some other file.
_LARGEST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Whom a mail can be sealed for. `expires_at` None: never."""

    path: Path
    kind: str  # OpenPGP | S/MIME
    fingerprint: str
    expires_at: datetime | None
    _seal: Callable[[bytes], bytes]

    def expired(self, now: datetime) -> bool:
        """Say whether nothing may be sealed for it any more."""
        return self.expires_at is not None and self.expires_at <= now

    def seal(self, inner: bytes, boundary: str) -> Wrapped:
        """Encrypt a MIME entity; give what stands in its place (RFC 3156, section 4; RFC 8551, section 3.3)."""
        sealed = self._seal(inner)
        return _pgp_mime(sealed, boundary) if self.kind == "OpenPGP" else _smime(sealed)


def _pgp_mime(sealed: bytes, boundary: str) -> Wrapped:
    delimiter = b"--" + boundary.encode()
    version = b"Content-Type: application/pgp-encrypted\r\nContent-Transfer-Encoding: 7bit\r\n\r\nVersion: 1\r\n"
    # "attachment": to some filters a mail without text and without an attachment is an empty one (SpamAssassin: +2.3).
    head = (
        b'Content-Type: application/octet-stream; name="encrypted.asc"\r\nContent-Transfer-Encoding: 7bit\r\n'
        b'Content-Disposition: attachment; filename="encrypted.asc"\r\n\r\n'
    )
    armored = sealed.replace(b"\r\n", b"\n").replace(b"\n", _CRLF)
    lines = [delimiter, _CRLF, version, delimiter, _CRLF, head, armored, delimiter, b"--", _CRLF]
    kind = f'multipart/encrypted;\r\n protocol="application/pgp-encrypted";\r\n boundary="{boundary}"'
    return Wrapped(headers=(("Content-Type", kind),), body=b"".join(lines))


def _smime(sealed: bytes) -> Wrapped:
    text = base64.b64encode(sealed)
    lines = (text[at : at + _BASE64_LINE] for at in range(0, len(text), _BASE64_LINE))
    headers = (
        ("Content-Type", 'application/pkcs7-mime; smime-type=enveloped-data;\r\n name="smime.p7m"'),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", 'attachment; filename="smime.p7m"'),
    )
    return Wrapped(headers=headers, body=_CRLF.join(lines) + _CRLF)


def read_certificate(path: Path) -> Certificate:
    """Read an OpenPGP certificate (public key) or an X.509 certificate in PEM; Misconfigured says why it is neither."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES)
    except OSError as fault:
        raise Misconfigured(f"{path} cannot be read: {fault.strerror}; name a file with a certificate") from fault
    return _x509(path, content) if b"BEGIN CERTIFICATE" in content else _openpgp(path, content)


def _x509(path: Path, content: bytes) -> Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(content)
    except ValueError as fault:
        raise Misconfigured(f"{path} is no X.509 certificate in PEM: {fault}") from None
    if not isinstance(certificate.public_key(), RSAPublicKey):
        raise Misconfigured(f"{path} has no RSA key, and S/MIME mail is sealed for those only; ask for one that has")

    def seal(inner: bytes) -> bytes:
        builder = PKCS7EnvelopeBuilder().set_data(inner).add_recipient(certificate)
        builder = builder.set_content_encryption_algorithm(AES256)
        return builder.encrypt(Encoding.DER, [PKCS7Options.Binary])

    return Certificate(
        path=path,
        kind="S/MIME",
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        expires_at=certificate.not_valid_after_utc,
        _seal=seal,
    )


def _openpgp(path: Path, content: bytes) -> Certificate:
    if b"PRIVATE KEY" in content:
        raise Misconfigured(f"{path} holds a private key; give the public one of whoever is to read, and nothing else")
    try:
        certificate = Cert.from_bytes(content)
        encrypt(b"", recipients=[certificate])
    except Exception as fault:  # noqa: BLE001 -- whatever the library raises, its first line says what is wrong
        why = str(fault).partition("\n")[0]
        raise Misconfigured(
            f"{path} is neither an OpenPGP certificate that can be encrypted to nor an X.509 certificate in PEM: {why}"
        ) from None
    if certificate.is_revoked:
        raise Misconfigured(f"{path} is revoked; ask for the certificate that stands in its place")
    return Certificate(
        path=path,
        kind="OpenPGP",
        fingerprint=certificate.fingerprint,
        expires_at=certificate.expiration,
        _seal=lambda inner: encrypt(inner, recipients=[certificate]),
    )


def certificates(settings: Settings) -> dict[str, Certificate]:
    """Read every certificate that is configured, by the mailbox it belongs to; Misconfigured says what is wrong."""
    found: dict[str, Certificate] = {}
    for key, mailbox, path in _configured(settings):
        try:
            found.setdefault(_plain(mailbox), read_certificate(path))
        except Misconfigured as fault:
            raise Misconfigured(f"{key}: {fault}") from fault
    return found


def of_mailbox(known: Mapping[str, Certificate], mailbox: str) -> Certificate | None:
    """Give the certificate of a mailbox, however it is written."""
    return known.get(_plain(mailbox))


def _plain(mailbox: str) -> str:
    return address_of(mailbox).lower()


def _configured(settings: Settings) -> Iterator[tuple[str, str, Path]]:
    for key, one in (("police", settings.police), ("regulator", settings.regulator)):
        if one.certificate and one.email:
            yield f"{key}.certificate", one.email, Path(one.certificate)
    for n, partner in enumerate(settings.partner):
        if partner.certificate and partner.email:
            yield f"partner[{n}].certificate", partner.email, Path(partner.certificate)
    for n, rule in enumerate(settings.hoster):
        if rule.certificate and rule.email:
            yield f"hoster[{n}].certificate", rule.email, Path(rule.certificate)
    if settings.geo.contacts:
        yield from _in_book(Path(settings.geo.contacts))


def _in_book(path: Path) -> Iterator[tuple[str, str, Path]]:
    """Read the column `certificate` of the contact book: a path beside the book."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name, mailbox = (row.get("certificate") or "").strip(), (row.get("address") or "").strip()
                if name and mailbox:
                    yield f"{path.name}, certificate of {mailbox}", mailbox, path.parent / name
    except (OSError, UnicodeDecodeError, csv.Error):
        return  # who reads the book for its contacts says what is wrong with it
