"""The relay that mail leaves by, the mailbox that it comes back to, and who reads it beside hosters and partners."""

from collections.abc import AsyncIterator
from typing import Final

from notifiers.imap import Mailbox
from notifiers.smtp import Relay
from ntd.cli.trials.finding import Finding, Health
from schemas.settings import Reader, Settings

#: Messages that are counted in the mailbox.
_MANY: Final = 10_000


async def mail(settings: Settings) -> AsyncIterator[Finding]:
    """Say whether the relay takes mail."""
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


async def inbox(settings: Settings) -> AsyncIterator[Finding]:
    """Say what waits in the mailbox, and whether what was taken can be marked there."""
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


async def readers(settings: Settings) -> AsyncIterator[Finding]:
    """Say who gets mail beside hosters and partners."""
    readers: dict[str, Reader] = {"police": settings.police}
    if any(step.to == "regulator" for step in settings.sla.escalation):
        readers = {"regulator": settings.regulator, **readers}
    for name, reader in readers.items():
        if reader.email:
            yield by_mail(name, reader, f"name a {name}.certificate, or allow it with {name}.plain = true")
        else:
            yield Finding(name=name, health=Health.OFF, detail=f"no {name}.email: nothing is sent there")


def by_mail(name: str, reader: Reader, remedy: str) -> Finding:
    """Say whether mail may go to somebody; `remedy` is what to do where it may not."""
    if reader.mailable:
        return Finding(name=name, health=Health.OK, detail=f"by mail to {reader.email}")
    detail = "mail would go unencrypted, which is not allowed"
    return Finding(name=name, health=Health.FAULT, detail=detail, remedy=remedy)
