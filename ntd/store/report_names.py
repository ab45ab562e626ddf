"""Open the names that reports show: SQL groups by ids, names are decrypted only where they are shown."""

from collections.abc import Iterable

from ntd.reports.keys import HosterName
from ntd.store.base import Connection, Store
from ntd.store.sql import statement

_HOSTERS = statement("report_names.hosters")
_SITES = statement("report_names.sites")


async def hosters(store: Store, connection: Connection, ids: Iterable[int]) -> dict[int, HosterName]:
    """Open the names of these hosters."""
    return {
        row["id"]: HosterName(name=store.open("hoster.name", row["key_hash"], row["name"]), asn=row["asn"])
        for row in await connection.fetch(_HOSTERS, sorted(set(ids)))
    }


async def sites(store: Store, connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Open the names of these sites."""
    return {
        row["id"]: store.open("site.name", row["name_hash"], row["name"])
        for row in await connection.fetch(_SITES, sorted(set(ids)))
    }
