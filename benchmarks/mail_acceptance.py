"""What others make of our mail: a real MTA with its own checks, strict parsers, the XARF validator, SpamAssassin.

    .venv/bin/python benchmarks/mail_acceptance.py [--languages en,nl,…]

Every kind in every language as a digest and where it fits as XARF, signed (DKIM) and sealed (OpenPGP, S/MIME), of
ordinary items; and every kind in every language of the hardest items. Our own relay client hands each to a Postfix of
its own (loopback, a temporary folder, every strictness switched on), which relays it to a sink, where it must come out
as the bytes that went in. What came out is read by Python's `email` with the strict policy, its tables and reports by
`csv` and the package `xarf`, and scored by SpamAssassin with its local tests as at a recipient in the internet. Needs
Debian's packages postfix and spamassassin, and root for Postfix; without them it says so and exits with 5. Floor:
everything relayed and unaltered, no defect, every score below 2.
"""

import argparse
import asyncio
import csv
import email
import io
import json
import mailbox
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import strict
from pathlib import Path
from typing import Final, cast

import xarf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from mail_postfix import Absent, postfix, present, program
from pysequoia import Tsk

sys.path.insert(0, str(Path(__file__).parents[1]))
from notifiers.compose import return_path
from notifiers.press import AS_SHIPPED, Press, open_press
from notifiers.samples import plain_lines, samples
from notifiers.smtp import Relay
from notifiers.stationery import SHIPPED
from ntd.clock import SystemClock
from ntd.lab.sockets import free_port
from schemas.ids import NoticeId, uuid7
from schemas.notice import AttemptOutcome, Channel, Envelope, Format, Kind, Message
from schemas.settings import HosterRule, Notices, Settings, Smtp
from tests.fakes.faults_world import until
from tests.fakes.notifiers_messages import SENDER, nothing
from tests.fakes.notifiers_smtp import FakeRelay

FLOOR: Final = 2.0
DOMAIN: Final = "hoster.example"
MAILBOX: Final = f"abuse@{DOMAIN}"
#: Kinds that are reports of one item, and so go as XARF to whoever wants that.
SINGLE: Final = (Kind.FIRST, Kind.REMINDER, Kind.SITE, Kind.FRONT)
# Scored as at the recipient: there the relay is a stranger's machine, which "trusted" loopback is not. IPv6, because
# SpamAssassin knows the documentation addresses of IPv4, and takes 1.3 for any of them.
_AT_THE_RECIPIENT: Final = (
    b"Return-Path: <notices@hotline.example>\r\n"
    b"Received: from relay.hotline.example (relay.hotline.example [IPv6:2001:db8::25])\r\n"
    b"\tby mx.hoster.example (Postfix) with ESMTPS id 4F6A1\r\n\tfor <abuse@hoster.example>; %s\r\n"
)
_SCORE: Final = re.compile(r"score=(-?[0-9.]+) .*?tests=([\w,\s]+?)\s+autolearn", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mail: its form, kind and language, and its bytes."""

    form: str
    message: Message
    content: bytes
    mail_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What SpamAssassin made of one mail."""

    points: float
    tests: str


def presses(folder: Path) -> dict[str, Press]:
    """Make a press for each way in which a mail can leave."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "dkim.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "smime.pem").write_bytes(_certificate(key))
    (folder / "openpgp.asc").write_text(str(Tsk.generate(f"Abuse <{MAILBOX}>").extract_certificate()))
    signing = Settings(notices=Notices(dkim_key_file=folder / "dkim.pem", dkim_selector="ntd"))
    return {
        "digest": AS_SHIPPED,
        "dkim": open_press(signing, SHIPPED),
        "openpgp": _sealing(folder / "openpgp.asc"),
        "smime": _sealing(folder / "smime.pem"),
    }


def _sealing(certificate: Path) -> Press:
    rule = HosterRule(match="as64501", email=MAILBOX, certificate=str(certificate))
    return open_press(Settings(hoster=[rule]), SHIPPED)


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, MAILBOX)]), SystemClock().now()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=365))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def cases(folder: Path, languages: Sequence[str], now: datetime) -> Iterator[Case]:
    """Write every mail."""
    ways = presses(folder)
    for kind in Kind:
        for language in languages:
            hard, *_ = samples(kind, language, SENDER, now)
            told = replace(hard, lines=plain_lines(now), hoster="Example Hosting")
            for form, press in ways.items():
                yield _case(form, told, press, now)
            if kind in SINGLE:
                single = replace(told, format=Format.XARF, lines=told.lines[:1])
                yield _case("xarf", single, AS_SHIPPED, now)
                yield _case("xarf-dkim", single, ways["dkim"], now)
            yield _case("hard", hard, AS_SHIPPED, now)


def _case(form: str, told: Message, press: Press, now: datetime) -> Case:
    message = replace(told, id=NoticeId(uuid7(now)), to=MAILBOX)
    return Case(form=form, message=message, content=press.render(message).content, mail_from=return_path(message))


async def through_postfix(written: Sequence[Case], folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """Hand every mail to Postfix; give what came out of it by Message-ID, and what it refused."""
    port = free_port("127.0.0.1")
    async with FakeRelay().running() as sink, postfix(folder / "postfix", port=port, sink=sink.port, domain=DOMAIN):
        async with Relay.open(Smtp(host="127.0.0.1", port=port, tls="none"), SENDER.domain) as relay:
            refused = [one for one in await asyncio.gather(*(_hand_over(relay, case) for case in written)) if one]
        await until(lambda: _came(sink, len(written) - len(refused)), 120, 0.1)
        return {_message_id(content): content for _, _, content in sink.mails}, refused


async def _came(sink: FakeRelay, count: int) -> bool:
    return len(sink.mails) >= count


async def _hand_over(relay: Relay, case: Case) -> str | None:
    envelope = Envelope(
        notice=case.message.id,
        kind=case.message.kind,
        channel=Channel.MAIL,
        to=case.message.to,
        mail_from=case.mail_from,
        message_id=_message_id(case.content),
        content=case.content,
    )
    delivery = await relay.deliver(envelope, nothing)
    said = f"{_named(case)}: {delivery.outcome.value}: {delivery.reply}"
    return None if delivery.outcome is AttemptOutcome.ACCEPTED else said


def _message_id(content: bytes) -> str:
    return str(email.message_from_bytes(content)["Message-ID"])


def _named(case: Case) -> str:
    return f"{case.form} {case.message.kind.value} {case.message.language}"


def defects(case: Case, arrived: bytes | None) -> Iterator[str]:
    """Say what is wrong with a mail as it arrived."""
    if arrived is None:
        yield "did not arrive"
        return
    if not arrived.endswith(case.content):
        yield "came out altered"
    try:
        for part in _parts(email.message_from_bytes(arrived, policy=strict)):
            yield from _of_part(part)
    except (email.errors.MessageError, ValueError, LookupError) as fault:
        yield f"{type(fault).__name__}: {fault}"


def _parts(part: email.message.Message) -> Iterator[EmailMessage]:
    for name, value in part.items():
        if faults := getattr(value, "defects", ()):
            raise ValueError(f"{name}: {faults[0]}")
    if part.get_content_maintype() == "multipart":
        for inside in cast("EmailMessage", part).iter_parts():
            yield from _parts(inside)
    elif part.get_content_maintype() != "message":  # a feedback report has fields and no body
        yield cast("EmailMessage", part)


def _of_part(part: EmailMessage) -> Iterator[str]:
    match part.get_content_type():
        case "text/plain" if not part.get_content().strip():
            yield "an empty text"
        case "text/csv":
            head, *rows = csv.reader(io.StringIO(part.get_content()))
            if any(len(row) != len(head) for row in rows):
                yield "a table whose rows do not fit its head"
        case "application/json":
            result = xarf.parse(json.loads(part.get_content()))
            yield from (f"xarf: {fault}" for fault in (*result.errors, *result.warnings))


async def scores(arrived: Sequence[bytes], folder: Path, now: datetime) -> dict[str, Score]:
    """Let SpamAssassin read everything in one run of its own; give its scores by Message-ID."""
    box = mailbox.mbox(folder / "arrived.mbox")
    head = _AT_THE_RECIPIENT % now.strftime("%a, %d %b %Y %H:%M:%S +0000").encode()
    for content in arrived:
        box.add((head + content).replace(b"\r\n", b"\n"))
    box.close()
    home = folder / "home"
    home.mkdir()
    with (folder / "arrived.mbox").open("rb") as given, (folder / "scored.mbox").open("wb") as scored:
        process = await asyncio.create_subprocess_exec(
            *(program("spamassassin", "spamassassin"), "--local", "--mbox", "--cf", "use_bayes 0"),
            stdin=given,
            stdout=scored,
            stderr=asyncio.subprocess.PIPE,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )
        _, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"spamassassin ended with {process.returncode}: {said.decode(errors='replace')}")
    return {str(mail["Message-ID"]): _score(mail["X-Spam-Status"]) for mail in mailbox.mbox(folder / "scored.mbox")}


def _score(status: str) -> Score:
    found = _SCORE.search(status)
    if found is None:
        raise RuntimeError(f"no score in {status!r}")
    return Score(points=float(found[1]), tests=re.sub(r"\s", "", found[2]))


def table(written: Sequence[Case], scored: dict[str, Score]) -> str:
    """Lay out the highest score of each kind and form, over all languages, and what made it."""
    forms = list(dict.fromkeys(case.form for case in written))
    highest: dict[tuple[Kind, str], Score] = {}
    for case in written:
        score, key = scored[_message_id(case.content)], (case.message.kind, case.form)
        highest[key] = max(highest.get(key, score), score, key=lambda one: one.points)
    lines = [f"{'':12}" + "".join(f"{form:>10}" for form in forms)]
    for kind in Kind:
        found = [highest.get((kind, form)) for form in forms]
        lines.append(f"{kind.value:12}" + "".join(f"{one.points:10.1f}" if one else f"{'':10}" for one in found))
    counted = sorted({test for one in scored.values() for test in one.tests.split(",")} - {"none"})
    return "\n".join([*lines, f"tests that answered: {', '.join(counted)}"])


async def measure(languages: Sequence[str], folder: Path) -> tuple[dict[str, object], str]:
    """Write, relay, read and score every mail."""
    present()
    program("spamassassin", "spamassassin")
    now = SystemClock().now()
    written = list(cases(folder, languages, now))
    arrived, refused = await through_postfix(written, folder)
    print(f"{len(written)} mails written, {len(arrived)} came out of Postfix", flush=True)
    wrong = [
        f"{_named(case)}: {fault}"
        for case in written
        for fault in defects(case, arrived.get(_message_id(case.content)))
    ]
    scored = await scores(list(arrived.values()), folder, now)
    result: dict[str, object] = {
        "mails": len(written),
        "refused": refused[:10],
        "defects": len(wrong),
        "of_these": wrong[:10],
        "highest_score": max(one.points for one in scored.values()),
        "at_or_above_floor": sum(one.points >= FLOOR for one in scored.values()),
        "floor": FLOOR,
    }
    return result, table([case for case in written if _message_id(case.content) in scored], scored)


def main() -> None:
    """Measure and print a table and one JSON document; exit 1 below the floor, 5 where a program is missing."""
    shipped = sorted(path.stem for path in (Path(__file__).parents[1] / "notifiers/templates/words").glob("*.toml"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", default=",".join(shipped))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ntd-mail-") as folder:
        Path(folder).chmod(0o755)
        try:
            found, laid_out = asyncio.run(measure(chosen.languages.split(","), Path(folder)))
        except Absent as lacking:
            print(f"not measured: {lacking}", file=sys.stderr)
            raise SystemExit(5) from None
    print(laid_out)
    print(json.dumps(found, indent=2, ensure_ascii=False))
    if found["refused"] or found["defects"] or found["at_or_above_floor"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
