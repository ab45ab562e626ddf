"""The looker as daemon, `ntd check` and `ntd doctor` use it: names from the locator, public addresses by its rule."""

from contextlib import AbstractAsyncContextManager

from geo.resolve import Locator
from monitor.look import Looker
from ntd.clock import Clock
from schemas.check import Names
from schemas.settings import Settings
from schemas.url import Url


def open_looker(
    settings: Settings, locator: Locator, clock: Clock, salt: bytes = b""
) -> AbstractAsyncContextManager[Looker]:
    """Open a looker that asks `locator` for names and dials only what it calls public.

    `salt` is the installation's: what is kept of pages can be compared with nobody else's.
    """

    async def names(host: str) -> Names:
        found = await locator.addresses(host, clock.now())
        return Names(fate=found.fate, addresses=found.addresses, agreed=found.unanimous, complete=found.complete)

    async def name_servers(url: Url) -> tuple[str, ...]:
        return await locator.name_servers(url.site, url.kind, clock.now())

    return Looker.open(settings.monitor, names=names, public=locator.is_public, name_servers=name_servers, salt=salt)
