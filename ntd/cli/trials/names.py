"""Name servers, registration data, and the lists by which registries are found."""

import secrets
from collections.abc import AsyncIterator

from geo.canary import NOWHERE
from geo.dns import Resolver
from geo.registration_cache import MemoryRegistrations
from geo.renewed import is_old, newest
from geo.resolve import Locator
from ntd.cli.frame import CLOCK
from ntd.cli.trials.finding import Finding, Health
from schemas.settings import Settings
from schemas.url import HostKind


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


async def names(settings: Settings) -> AsyncIterator[Finding]:
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


async def registries(settings: Settings) -> AsyncIterator[Finding]:
    """Say how old the lists are by which registries are found; nobody renews them by himself."""
    if settings.geo.registration == "https":
        published, now = newest(settings.geo.data), CLOCK.now()
        detail = f"as IANA published them by {published.date().isoformat()}, {(now - published).days} days ago"
        remedy = "ask for newer lists: `ntd geo refresh`" if is_old(published, now) else ""
        yield Finding(name="registries", health=Health.OK, detail=detail, remedy=remedy)
