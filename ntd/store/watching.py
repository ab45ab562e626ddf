"""Sites that are followed even with no open item."""

from datetime import datetime
from typing import Final

from ntd.store.base import Store
from ntd.store.sql import statement
from schemas.errors import NotFound, Refused
from schemas.settings import Settings
from schemas.url import HostKind, Url, parse_url, under_a_registry

_WATCH: Final = statement("watching.watch")
_ADD_HOST: Final = statement("watching.add_host")
_WAKE: Final = statement("watching.wake")
_UNWATCH: Final = statement("watching.unwatch")


async def watch(store: Store, settings: Settings, site: str, label: str | None, now: datetime) -> str:
    """Follow a site from now on and give its name; Refused when it cannot be one."""
    url = named(site)
    if url.kind is HostKind.WEB and under_a_registry(url.site):
        raise Refused(
            f"{url.site} is a public suffix and no site: others register their names under it, and each of those is a "
            f"site; write for example imagehost.{url.site}"
        )
    key, host_key = store.vault.hash("site", url.site), store.vault.hash("host", url.site)
    async with store.transaction() as connection:
        row = await connection.fetchval(_WATCH, key, store.seal("site.name", key, url.site, now), now, label)
        await connection.execute(_ADD_HOST, row, host_key, store.seal("host.name", host_key, url.site, now), now)
        await connection.execute(_WAKE, row, now, settings.geo.watch_every)
    return url.site


async def unwatch(store: Store, site: str) -> str:
    """Follow a site no longer; NotFound when it is not followed."""
    url = named(site)
    if await store.pool.fetchval(_UNWATCH, store.vault.hash("site", url.site)) is None:
        raise NotFound("this site is not followed; `ntd site list` shows those that are")
    return url.site


def named(site: str) -> Url:
    """Read a site as it is typed: its name, one of its hosts, or a URL on it; Refused when it cannot be one."""
    try:
        return parse_url(site if "://" in site else f"http://{site}/")
    except Refused:
        raise Refused("this is not the name of a site; write for example imagehost.example") from None
