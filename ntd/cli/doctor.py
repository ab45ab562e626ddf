"""`ntd doctor`: everything outside is tried, a line each; nothing is sent, nothing is changed."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from geo.canary import NOWHERE
from geo.dns import Resolver
from geo.registration_cache import MemoryRegistrations
from geo.renewed import is_old, newest
from geo.resolve import Locator
from notifiers.imap import Mailbox
from notifiers.post import Poster, Target
from notifiers.press import open_press
from notifiers.sealing import Certificate
from notifiers.smtp import Relay
from ntd.cli.frame import CLOCK, run, settings_of
from ntd.cli.output import print_json
from ntd.letterhead import letterhead
from ntd.looking import open_looker
from ntd.store.connect import open_store
from ntd.vault import read_key_file
from schemas.check import Round
from schemas.errors import NtdError, Unreachable
from schemas.settings import Reader, Settings
from schemas.url import HostKind, parse_url

app = typer.Typer(add_completion=False)

# One thing that does not answer holds up the others no longer than this.
_PATIENCE_S = 15.0
# A certificate that ends within this is a fault today: getting the next one takes people and time.
_SOON = timedelta(days=30)
# Messages that are counted in the mailbox.
_MANY = 10_000


class Health(StrEnum):
    """How something outside is."""

    OK = "ok"
    OFF = "off"
    FAULT = "fault"
    AWAY = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was tried, how it is, what to do."""

    name: str
    health: Health
    detail: str
    remedy: str = ""


Trial = Callable[[Settings], AsyncIterator[Finding]]


@app.command()
def doctor(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False
) -> int:
    """Try everything outside, a line each; 1 when something is wrong, 5 when something needed cannot be reached."""
    findings = run(examine(settings_of(context)))
    if json:
        print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        print("\n".join(map(_line, findings)))
    healths = {finding.health for finding in findings}
    return 5 if Health.AWAY in healths else 1 if Health.FAULT in healths else 0


def _line(finding: Finding) -> str:
    remedy = f" — {finding.remedy}" if finding.remedy else ""
    return f"{finding.health.upper():<12} {finding.name}: {finding.detail}{remedy}"


async def examine(settings: Settings) -> list[Finding]:
    """Try one after the other."""
    trials: Sequence[Trial] = (
        *(_database, _names, _registries, _mail, _inbox),
        *(_partners, _hosters, _letters, _vantages, _readers),
    )
    return [finding for trial in trials async for finding in _safely(trial, settings)]


async def _safely(trial: Trial, settings: Settings) -> AsyncIterator[Finding]:
    name = trial.__name__.strip("_")
    try:
        async for finding in trial(settings):
            yield finding
    except Unreachable as fault:
        yield Finding(name=name, health=Health.AWAY, detail=str(fault))
    except NtdError as fault:
        yield Finding(name=name, health=Health.FAULT, detail=str(fault))


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    read_key_file(settings.security.key_file)
    yield Finding(name="key file", health=Health.OK, detail=str(settings.security.key_file))
    async with open_store(settings, CLOCK) as store:
        version = await store.pool.fetchval("SHOW server_version")
    yield Finding(name="database", health=Health.OK, detail=f"PostgreSQL {version}, at this version of ntd")


async def _name_server(settings: Settings, server: str, domain: str) -> Finding:
    """Ask one name server alone: behind another that answers, a dead one would not be seen."""
    asked = server or "the system's name servers"
    # What nobody ever gave out, under a name that cannot exist: a server that finds it lies, canaries or none.
    truth = [*settings.dns.canaries, f"!{secrets.token_hex(8)}.{NOWHERE}"]
    servers = [server] if server else []
    async with Resolver.open(servers, settings.dns.timeout, canaries=truth) as resolver:
        found = await resolver.look(domain, CLOCK.now())
        lies = resolver.lies()
    if lies:
        remedy = "ask another in dns.nameservers; named in dns.canaries, such names keep the daemon from believing it"
        return Finding(name="dns", health=Health.FAULT, detail=f"lies: {'; '.join(lies)}", remedy=remedy)
    if not found.fate.answered:
        return Finding(name="dns", health=Health.AWAY, detail=f"{asked}: {found.fate}", remedy="see dns.nameservers")
    return Finding(name="dns", health=Health.OK, detail=f"{asked} answered for {domain}: {found.fate}")


def _canaries_of_names(settings: Settings) -> Finding:
    name, canaries = "dns canaries", settings.dns.canaries
    if canaries:
        return Finding(name=name, health=Health.OK, detail=f"{', '.join(canaries)}: a server that says else is void")
    remedy = 'name some, e.g. dns.canaries = ["www.example.org", "!nobody.invalid"]'
    return Finding(name=name, health=Health.OFF, detail="none: a name server that lies is believed", remedy=remedy)


async def _names(settings: Settings) -> AsyncIterator[Finding]:
    """Look our own domain up: an honest "there is no such name" is an answer too."""
    domain = settings.organisation.domain
    servers = [await _name_server(settings, server, domain) for server in settings.dns.nameservers or [""]]
    for finding in servers:
        yield finding
    yield _canaries_of_names(settings)
    if not any(finding.health is Health.OK for finding in servers):
        return
    async with Locator.open(settings, MemoryRegistrations()) as locator:
        for fault in locator.faults:
            yield Finding(name="tables", health=Health.FAULT, detail=fault, remedy="correct this row")
        if settings.geo.registration == "off":
            yield Finding(name="registration", health=Health.OFF, detail="geo.registration is off")
            return
        resolution = await locator.resolve(domain, domain, HostKind.WEB, CLOCK.now(), registrar=True)
    yield (
        Finding(name="registration", health=Health.OK, detail="everybody asked has answered")
        if resolution.complete
        else Finding(
            name="registration",
            health=Health.AWAY,
            detail="somebody asked for registration data did not answer",
            remedy=f"`ntd resolve https://{domain}/` shows who; see geo.registration",
        )
    )


async def _registries(settings: Settings) -> AsyncIterator[Finding]:
    """Say how old the lists are by which registries are found; nobody renews them by himself."""
    if settings.geo.registration == "https":
        published, now = newest(settings.geo.data), CLOCK.now()
        detail = f"as IANA published them by {published.date().isoformat()}, {(now - published).days} days ago"
        remedy = "ask for newer lists: `ntd geo refresh`" if is_old(published, now) else ""
        yield Finding(name="registries", health=Health.OK, detail=detail, remedy=remedy)


async def _mail(settings: Settings) -> AsyncIterator[Finding]:
    smtp = settings.smtp
    where = f"{smtp.host}:{smtp.port}, tls {smtp.tls}"
    if settings.notices.dry_run:
        yield Finding(name="smtp", health=Health.OFF, detail=f"a dry run writes to {settings.notices.folder}")
        return
    async with Relay.open(smtp, settings.organisation.domain) as relay:
        fault = await relay.reach()
    yield (
        Finding(name="smtp", health=Health.OK, detail=f"{where} is ready")
        if fault is None
        else Finding(name="smtp", health=Health.AWAY, detail=f"{where}: {fault}", remedy="see [smtp]")
    )


async def _inbox(settings: Settings) -> AsyncIterator[Finding]:
    inbox = settings.inbox
    if not inbox.imap_host:
        detail = "no inbox.imap_host: bounces and answers are taken by `ntd inbox` only"
        yield Finding(name="imap", health=Health.OFF, detail=detail)
        return
    where = f"{inbox.imap_host}:{inbox.imap_port}, tls {inbox.tls}"
    async with Mailbox.open(inbox) as mailbox:
        waiting = await mailbox.waiting(_MANY)
        marks = mailbox.keeps_words
    yield Finding(
        name="imap", health=Health.OK, detail=f"{where}: messages that wait in {inbox.folder}: {len(waiting)}"
    )
    if not marks:
        yield Finding(
            name="imap",
            health=Health.OK if inbox.done_folder else Health.FAULT,
            detail="the folder keeps no keywords: what was taken cannot be marked",
            remedy="" if inbox.done_folder else "name a folder in inbox.done_folder that it is moved to",
        )


async def _partners(settings: Settings) -> AsyncIterator[Finding]:
    async with Poster.open(settings.dns, "ntd-doctor", patience_s=_PATIENCE_S) as poster:
        for partner in settings.partner:
            name = f"partner {partner.code}"
            if partner.api:
                yield await _endpoint(name, poster, Target(url=f"{partner.api}/forwards", ca_file=partner.ca_file))
                if not partner.token.get_secret_value():
                    yield Finding(name=name, health=Health.FAULT, detail="no token", remedy="give it a token_file")
            elif partner.email:
                yield _by_mail(name, partner, "give it a certificate, an api, or plain = true")
            else:
                yield Finding(name=name, health=Health.OK, detail="fetches its forwards with a token of ours")


async def _hosters(settings: Settings) -> AsyncIterator[Finding]:
    async with Poster.open(settings.dns, "ntd-doctor", patience_s=_PATIENCE_S) as poster:
        for hoster in settings.hoster:
            if hoster.api:
                path = "v1/abuse" if hoster.protocol == "aws-abuse-signal" else "reports"
                target = Target(url=f"{hoster.api}/{path}", ca_file=hoster.ca_file)
                yield await _endpoint(f"hoster {hoster.match}", poster, target)


async def _endpoint(name: str, poster: Poster, target: Target) -> Finding:
    fault = await poster.reach(target)
    if fault is None:
        return Finding(name=name, health=Health.OK, detail=f"{target.url} answers")
    return Finding(name=name, health=Health.AWAY, detail=f"{target.url}: {fault}", remedy="see its api and ca_file")


async def _vantages(settings: Settings) -> AsyncIterator[Finding]:
    """Look at the canaries from every vantage."""
    if not settings.monitor.canaries:
        yield Finding(
            name="canaries",
            health=Health.OFF,
            detail="none: nobody would notice that we ourselves are cut off",
            remedy="name URLs that are always up in monitor.canaries",
        )
        return
    async with (
        Locator.open(settings, MemoryRegistrations()) as locator,
        open_looker(settings, locator, CLOCK) as looker,
    ):
        for canary in settings.monitor.canaries:
            seen = await looker.round(parse_url(canary), now=CLOCK.now())
            for finding in _sung(canary, seen):
                yield finding


def _sung(canary: str, seen: Round) -> Iterable[Finding]:
    for one in seen.observations:
        healthy = one.status is not None and 200 <= one.status < 300  # noqa: PLR2004 -- 2xx
        yield Finding(
            name=f"vantage {one.vantage}",
            health=Health.OK if healthy else Health.AWAY,
            detail=f"{canary}: {one.status or one.fault or one.sight}",
            remedy="" if healthy else "while this lasts nothing becomes gone: see the vantage's proxy, or the canary",
        )


async def _readers(settings: Settings) -> AsyncIterator[Finding]:
    """Say who gets mail beside hosters and partners."""
    readers: dict[str, Reader] = {"police": settings.police}
    if any(step.to == "regulator" for step in settings.sla.escalation):
        readers = {"regulator": settings.regulator, **readers}
    for name, reader in readers.items():
        if reader.email:
            yield _by_mail(name, reader, f"name a {name}.certificate, or allow it with {name}.plain = true")
        else:
            yield Finding(name=name, health=Health.OFF, detail=f"no {name}.email: nothing is sent there")


def _by_mail(name: str, reader: Reader, remedy: str) -> Finding:
    if reader.mailable:
        return Finding(name=name, health=Health.OK, detail=f"by mail to {reader.email}")
    detail = "mail would go unencrypted, which is not allowed"
    return Finding(name=name, health=Health.FAULT, detail=detail, remedy=remedy)


async def _letters(settings: Settings) -> AsyncIterator[Finding]:
    """Try the words, the certificates and the key that mail is signed with."""
    now = CLOCK.now()
    press = open_press(settings, letterhead(settings, now))
    languages = ", ".join(press.stationery.languages)
    yield Finding(name="templates", health=Health.OK, detail=f"every kind of notice can be written in {languages}")
    for certificate in press.sealed_for.values():
        yield _certificate(certificate, now)
    if press.signer is not None:
        detail = f"mail is signed; the public key belongs at {settings.notices.dkim_selector}._domainkey of the domain"
        yield Finding(name="dkim", health=Health.OK, detail=detail)


def _certificate(certificate: Certificate, now: datetime) -> Finding:
    until = certificate.expires_at
    said = f"{certificate.kind} {certificate.fingerprint[:16]}, {certificate.path}"
    if until is None:
        return Finding(name="certificate", health=Health.OK, detail=f"{said}: does not expire")
    left = until - now
    detail = f"{said}: {'expired' if left <= timedelta(0) else 'expires'} {until:%Y-%m-%d}"
    if left <= _SOON:
        remedy = "ask its reader for the next one: until the daemon is started with it, mail waits"
        return Finding(name="certificate", health=Health.FAULT, detail=detail, remedy=remedy)
    return Finding(name="certificate", health=Health.OK, detail=detail)
