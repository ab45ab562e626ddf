"""Our own things: the key file, the database, the words, the certificates and the key that mail is signed with."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from notifiers.press import open_press
from notifiers.sealing import Certificate
from ntd.cli.frame import CLOCK
from ntd.cli.trials.finding import Finding, Health
from ntd.letterhead import letterhead
from ntd.store.connect import open_store
from ntd.vault import read_key_file
from schemas.settings import Settings

#: A certificate that ends within this is a fault today: getting the next one takes people and time.
_SOON: Final = timedelta(days=30)


async def database(settings: Settings) -> AsyncIterator[Finding]:
    """Read the key file and open the database."""
    read_key_file(settings.security.key_file)
    yield Finding(name="key file", health=Health.OK, detail=str(settings.security.key_file))
    async with open_store(settings, CLOCK) as store:
        version = await store.pool.fetchval("SHOW server_version")
    yield Finding(name="database", health=Health.OK, detail=f"PostgreSQL {version}, at this version of ntd")


async def letters(settings: Settings) -> AsyncIterator[Finding]:
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
