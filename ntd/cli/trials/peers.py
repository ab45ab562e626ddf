"""Partners and hosters that are told by an API."""

from collections.abc import AsyncIterator
from typing import Final

from notifiers.post import Poster, Target
from ntd.cli.trials.finding import Finding, Health
from ntd.cli.trials.mail import by_mail
from schemas.settings import Settings

#: One that does not answer holds up the others no longer than this.
_PATIENCE_S: Final = 15.0


async def partners(settings: Settings) -> AsyncIterator[Finding]:
    """Say how each partner is reached, and whether its API answers."""
    async with Poster.open(settings.dns, "ntd-doctor", patience_s=_PATIENCE_S) as poster:
        for partner in settings.partner:
            name = f"partner {partner.code}"
            if partner.api:
                yield await _endpoint(name, poster, Target(url=f"{partner.api}/forwards", ca_file=partner.ca_file))
                if not partner.token.get_secret_value():
                    yield Finding(name=name, health=Health.FAULT, detail="no token", remedy="give it a token_file")
            elif partner.email:
                yield by_mail(name, partner, "give it a certificate, an api, or plain = true")
            else:
                yield Finding(name=name, health=Health.OK, detail="fetches its forwards with a token of ours")


async def hosters(settings: Settings) -> AsyncIterator[Finding]:
    """Say whether the API of each hoster that has one answers."""
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
