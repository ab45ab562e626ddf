"""Items that are up for the first time, beside those that are gone under other names of their sites."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from geo.moves import Abode, kind_of
from ntd.store import cases
from ntd.store.base import Connection, Row, Store
from ntd.store.sql import statement
from ntd.succeeding import Succession, former_urls, histories
from schemas.ids import ItemId
from schemas.url import Url

_OTHER_HOSTS = statement("successors.other_hosts")
_BY_PATH = statement("successors.by_path")
_BY_BODY = statement("successors.by_body")
_PLACES = statement("successors.places")
_RELOCATE = statement("successors.relocate")
_PLACE_FACTS = statement("hosts.place_facts")

#: Names of a site, and equal bodies, that are looked at for one item.
HOSTS: Final = 64
BODIES: Final = 8


async def succeed(connection: Connection, store: Store, fresh: Mapping[ItemId, Url], *, by: str, now: datetime) -> None:
    """Find what items that are up for the first time succeed, and write it down at both."""
    if not fresh:
        return
    hosts: dict[ItemId, list[str]] = {}
    for row in await connection.fetch(_OTHER_HOSTS, sorted(fresh), HOSTS):
        hosts.setdefault(row["item_id"], []).append(store.open("host.name", row["name_hash"], row["name"]))
    if not hosts:
        return
    found = await _by_path(connection, store, fresh, hosts)
    for row in await connection.fetch(_BY_BODY, sorted(hosts), BODIES):
        found.setdefault((row["item_id"], row["id"]), "body")
    successions = [Succession(item=item, of=of, by=how) for (item, of), how in sorted(found.items())]
    await cases.record(connection, store, histories(successions, now), by=by, now=now)
    await _relocate(connection, successions, now)


async def _by_path(
    connection: Connection, store: Store, fresh: Mapping[ItemId, Url], hosts: Mapping[ItemId, list[str]]
) -> dict[tuple[ItemId, ItemId], str]:
    wanted = {
        store.vault.hash("url", text): item for item, names in hosts.items() for text in former_urls(fresh[item], names)
    }
    rows = await connection.fetch(_BY_PATH, list(wanted))
    return {(wanted[row["url_hash"]], ItemId(row["id"])): "path" for row in rows}


async def _relocate(connection: Connection, found: list[Succession], now: datetime) -> None:
    """Record the move of a host whose name was taken away; one that stands has lost an item, and has not moved."""
    named = sorted({one.of for one in found} | {one.item for one in found})
    rows: dict[ItemId, Row] = {row["item_id"]: row for row in await connection.fetch(_PLACES, named)}
    places = sorted({row["place_id"] for row in rows.values()})
    abodes = {
        row["id"]: Abode(hoster=row["hoster_id"], country=row["country"], fronted=row["fronted"])
        for row in await connection.fetch(_PLACE_FACTS, places)
    }
    for one in found:
        old, new = rows.get(one.of), rows.get(one.item)
        if old is None or new is None or old["gone_by"] != "name" or old["last_up_at"] is None:
            continue
        kind = kind_of(abodes[old["place_id"]], abodes[new["place_id"]], frozenset())
        await connection.execute(
            _RELOCATE,
            *(old["site_id"], old["host_id"], kind.value, old["last_up_at"], now),
            *(old["place_id"], new["place_id"]),
        )
