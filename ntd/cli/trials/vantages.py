"""The canaries, looked at from every vantage."""

from collections.abc import AsyncIterator, Iterable

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.cli.frame import CLOCK
from ntd.cli.trials.finding import Finding, Health
from ntd.looking import open_looker
from schemas.check import Round
from schemas.settings import Settings
from schemas.url import parse_url


async def vantages(settings: Settings) -> AsyncIterator[Finding]:
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
