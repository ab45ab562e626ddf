"""Mail for one reader only, and mail signed for our domain."""

import base64
import email
import hashlib
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import strict
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from pysequoia import Tsk, decrypt

from notifiers.compose import compose
from notifiers.dkim import relaxed_body, relaxed_header, signer_of
from notifiers.press import open_press
from notifiers.sealing import certificates, of_mailbox, read_certificate
from notifiers.stationery import SHIPPED
from schemas.errors import Misconfigured
from schemas.notice import Channel, Message
from schemas.settings import Geo, HosterRule, Notices, Partner, Police, Regulator, Settings
from tests.fakes.notifiers_messages import NOW, line, message

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
READER = "desk@police.example"
YEAR = timedelta(days=365)


def x509_of(key: Any, until: datetime = NOW + YEAR) -> bytes:
    """Make a certificate in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, READER)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - YEAR).not_valid_after(until)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def secret() -> Tsk:
    """Make the police's OpenPGP key."""
    return Tsk.generate(f"Police <{READER}>")


def police(folder: Path, content: bytes, name: str = "police.cert") -> Settings:
    """Configure a certificate for the police."""
    (folder / name).write_bytes(content)
    return Settings(police=Police(email=READER, certificate=str(folder / name)))


def parts_of(entity: bytes) -> list[tuple[str, bytes]]:
    """Read a MIME entity as a strict parser does: each part's type and content."""
    mail = email.message_from_bytes(entity, policy=strict)
    found = []
    assert isinstance(mail, EmailMessage)
    for part in mail.iter_parts():
        assert isinstance(part, EmailMessage)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        found.append((part.get_content_type(), payload))
    return found


def sealed(settings: Settings, told: Message) -> tuple[EmailMessage, bytes]:
    """Render a message to the police and read it as a strict parser does."""
    content = open_press(settings, SHIPPED).render(told).content
    mail = email.message_from_bytes(content, policy=strict)
    assert isinstance(mail, EmailMessage)
    return mail, content


def test_openpgp_seals_all_but_the_number(tmp_path: Path, secret: Tsk) -> None:
    """RFC 3156: two parts; what stands inside is the mail itself, and outside neither URL nor subject."""
    settings = police(tmp_path, str(secret.extract_certificate()).encode())
    told = message(line(1), line(2), to=f"Police <{READER.upper()}>")
    mail, content = sealed(settings, told)
    version, inside = list(mail.iter_parts())
    opened = decrypt(inside.get_content(), decryptor=secret.decryptor()).bytes or b""

    assert (mail.get_content_type(), mail.get_param("protocol")) == ("multipart/encrypted", "application/pgp-encrypted")
    assert version.get_content_type() == "application/pgp-encrypted"
    assert version.get_payload(decode=True) == b"Version: 1"
    assert parts_of(opened) == parts_of(compose(told).content)
    assert mail["Subject"] == f"Notice {told.id}"
    assert mail["Message-ID"] == compose(told).message_id
    assert b"img.site.test" not in content
    assert b"abuse" not in content.lower()


def test_smime_seals_all_but_the_number(tmp_path: Path) -> None:
    """RFC 8551: enveloped data that the reader's key opens to the mail itself."""
    settings = police(tmp_path, x509_of(RSA))
    told = message(line(1), to=READER, language="nl")
    mail, content = sealed(settings, told)
    envelope = mail.get_payload(decode=True)
    assert isinstance(envelope, bytes)
    certificate = x509.load_pem_x509_certificate(x509_of(RSA))
    opened = pkcs7.pkcs7_decrypt_der(envelope, certificate, RSA, [])

    assert (mail.get_content_type(), mail.get_param("smime-type")) == ("application/pkcs7-mime", "enveloped-data")
    assert parts_of(opened) == parts_of(compose(told).content)
    assert mail["Subject"] == f"Notice {told.id}"
    assert b"img.site.test" not in content
    assert max(map(len, content.split(b"\r\n"))) <= 100


def test_only_whom_a_certificate_belongs_to_is_sealed_for(tmp_path: Path, secret: Tsk) -> None:
    """Everybody else, and everything that is no mail, is written as ever."""
    press = open_press(police(tmp_path, str(secret.extract_certificate()).encode()), SHIPPED)
    api = message(line(1), to="https://api.hoster.test", channel=Channel.API)

    assert press.render(message(line(1))) == compose(message(line(1)))
    assert press.render(api) == compose(api)


def test_certificates_of_everybody(tmp_path: Path) -> None:
    """Police, regulator, partners, hosters and the contact book's own column; a relative path lies beside the book."""
    (tmp_path / "one.pem").write_bytes(x509_of(RSA))
    one = str(tmp_path / "one.pem")
    (tmp_path / "book.csv").write_text(
        "match,kind,address,format,language,note,certificate\n"
        "as64501,abuse,abuse@book.example,,,,one.pem\nas64502,abuse,abuse@open.example,,,,\n"
    )
    settings = Settings(
        police=Police(email=READER, certificate=one),
        regulator=Regulator(email="desk@regulator.example", certificate=one),
        partner=[Partner(code="md", countries=["MD"], email="desk@partner.example", certificate=one)],
        hoster=[HosterRule(match="as64500", email="abuse@hoster.example", certificate=one)],
        geo=Geo(contacts=str(tmp_path / "book.csv")),
    )
    found = certificates(settings)

    domains = ("book", "hoster", "partner", "police", "regulator")
    assert sorted(mailbox.partition("@")[2] for mailbox in found) == [f"{domain}.example" for domain in domains]
    assert of_mailbox(found, "Abuse@HOSTER.example") is found["abuse@hoster.example"]
    assert certificates(Settings(geo=Geo(contacts=str(tmp_path / "none.csv")))) == {}


def test_who_may_be_mailed() -> None:
    """Without a certificate mail goes only where plain mail is allowed."""
    assert Police(email=READER).mailable is False
    assert Police(email=READER, plain=True).mailable is True
    assert Regulator(email=READER, certificate="x.pem").mailable is True
    assert Partner(code="md", countries=["MD"], certificate="x.pem").mailable is False


@pytest.mark.parametrize("kind", ["S/MIME", "OpenPGP"])
def test_a_certificate_that_has_expired(tmp_path: Path, kind: str) -> None:
    """It can be read, and says so from that moment on."""
    if kind == "S/MIME":
        content = x509_of(RSA, NOW + timedelta(days=1))
    else:
        content = str(Tsk.generate(READER, validity_seconds=3600).extract_certificate()).encode()
    press = open_press(police(tmp_path, content), SHIPPED)
    (certificate,) = press.sealed_for.values()
    until = certificate.expires_at

    assert certificate.kind == kind
    assert until is not None
    assert press.expired_for(READER, until - timedelta(seconds=1)) is None
    assert press.expired_for(READER, until) is certificate
    assert press.expired_for("somebody@else.example", until) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"nothing of the kind", "is neither an OpenPGP certificate that can be encrypted to nor"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is no X.509 certificate in PEM"),
        (x509_of(ec.generate_private_key(ec.SECP256R1())), "has no RSA key"),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "holds a private key"),
    ],
)
def test_what_is_no_certificate_stops_the_start(tmp_path: Path, content: bytes, why: str) -> None:
    """The key, the file and what is wrong are said."""
    settings = police(tmp_path, content)

    with pytest.raises(Misconfigured, match=f"police.certificate: {tmp_path / 'police.cert'} {why}"):
        open_press(settings, SHIPPED)


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(Misconfigured, match=r"police\.pem cannot be read: No such file"):
        read_certificate(tmp_path / "police.pem")


def test_a_revoked_certificate_is_refused(tmp_path: Path, secret: Tsk) -> None:
    """Its reader has asked that nobody uses it."""
    certificate = secret.extract_certificate()
    path = tmp_path / "revoked.pgp"
    path.write_bytes(bytes(certificate) + bytes(certificate.revoke(secret.certifier())))

    with pytest.raises(Misconfigured, match="is revoked"):
        read_certificate(path)


# ── DKIM


def pem(key: Any) -> bytes:
    """Write a private key."""
    plain = serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))


def signed(folder: Path, key: Any, **notices: str) -> tuple[bytes, dict[str, str], list[tuple[str, bytes]]]:
    """Sign a mail; give it, the tags of its signature, and its headers as they stand."""
    (folder / "dkim.pem").write_bytes(pem(key))
    rules = Notices(dkim_key_file=folder / "dkim.pem", dkim_selector="ntd", **notices)  # type: ignore[arg-type]
    mail = open_press(Settings(notices=rules), SHIPPED).render(message(line(1), language="ru")).content
    headers = [
        (raw.partition(b":")[0].decode().lower(), raw.replace(b"\x00", b"\r\n ") + b"\r\n")
        for raw in mail.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b"\x00").split(b"\r\n")
    ]
    text = "".join(headers[0][1].decode().partition(":")[2].split())
    return mail, dict(tag.split("=", 1) for tag in text.split(";")), headers


@pytest.mark.parametrize("key", [RSA, ed25519.Ed25519PrivateKey.generate()], ids=["rsa", "ed25519"])
def test_a_signature_verifies(tmp_path: Path, key: Any) -> None:
    """The body's digest and the signature over the headers named are what RFC 6376 asks for; nobody may add a From."""
    mail, tags, headers = signed(tmp_path, key)
    body = mail.partition(b"\r\n\r\n")[2]
    known = dict(headers[1:])
    named = [known.pop(name, b"") for name in tags["h"].split(":")]
    mark = headers[0][1].rpartition(b" b=")[0] + b" b="
    data = b"".join(relaxed_header(one) + b"\r\n" for one in named if one) + relaxed_header(mark)
    signature = base64.b64decode(tags["b"])

    assert (tags["d"], tags["s"], tags["c"]) == ("hotline.example", "ntd", "relaxed/relaxed")
    assert tags["bh"] == base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    assert set(tags["h"].split(":")) >= {"from", "to", "subject", "date", "message-id", "content-type"}
    assert tags["h"].split(":").count("from") == 2
    if isinstance(key, rsa.RSAPrivateKey):
        key.public_key().verify(signature, data, PKCS1v15(), hashes.SHA256())
    else:
        key.public_key().verify(signature, hashlib.sha256(data).digest())
    assert max(map(len, mail.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 160


def test_the_same_mail_has_the_same_signature(tmp_path: Path) -> None:
    """A retry after a crash is the same mail; another domain can be named."""
    first, second = signed(tmp_path, RSA), signed(tmp_path, RSA)
    other = signed(tmp_path, RSA, dkim_domain="mail.hotline.example")

    assert first[0] == second[0]
    assert other[1]["d"] == "mail.hotline.example"


def test_canonicalisation_is_that_of_the_published_example() -> None:
    """The signature of RFC 8463, appendix A, verifies over what we make of its message."""
    headers = {
        "from": b"From: Joe SixPack <joe@football.example.com>\r\n",
        "to": b"To: Suzie Q <suzie@shopping.example.net>\r\n",
        "subject": b"Subject: Is dinner ready?\r\n",
        "date": b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n",
        "message-id": b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n",
    }
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    mark = (
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
        b" d=football.example.com; i=@football.example.com;\r\n"
        b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
        b" subject : date : message-id : from : subject : date;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        b" b="
    )
    data = b"".join(relaxed_header(one) + b"\r\n" for one in headers.values()) + relaxed_header(mark)
    key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))
    signature = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="

    assert (
        base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()) == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    )
    key.verify(base64.b64decode(signature), hashlib.sha256(data).digest())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no key", "is no private key in PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "is neither an RSA key of 1024 bits or more nor an Ed25519"),
    ],
)
def test_what_is_no_key_to_sign_with(tmp_path: Path, content: bytes, why: str) -> None:
    """The key of the configuration and the file are named, and how to make one."""
    (tmp_path / "dkim.pem").write_bytes(content)
    settings = Settings(notices=Notices(dkim_key_file=tmp_path / "dkim.pem", dkim_selector="ntd"))

    with pytest.raises(Misconfigured, match=f"notices.dkim_key_file: .*dkim.pem {why}"):
        signer_of(settings)


def test_nothing_is_signed_unless_a_key_is_configured(tmp_path: Path) -> None:
    """The relay signs; a key file that is not there stops the start."""
    missing = Settings(notices=Notices(dkim_key_file=tmp_path / "none.pem", dkim_selector="ntd"))

    assert signer_of(Settings()) is None
    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        signer_of(missing)
    with pytest.raises(ValueError, match="no selector"):
        Notices(dkim_key_file=tmp_path / "none.pem")
