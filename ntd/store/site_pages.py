"""Sites and their moves in pages, for whoever follows them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ntd.reports.keys import told_apart
from ntd.reports.paths import move
from ntd.store import origins, report_names
from ntd.store.base import Connection, Row, Store
from ntd.store.sql import statement
from schemas.wire import moment_json

_SITES = statement("site_pages.sites")
_SEATS = statement("site_pages.seats")
_ORIGINS = statement("origins.listed")
_RELOCATIONS = statement("site_pages.relocations")


async def sites(
    store: Store, *, watched: bool | None, label: str | None, limit: int, after: int | None
) -> dict[str, Any]:
    """Give a page of sites, oldest known first; `watched` and `label` None: whatever it is."""
    async with store.pool.acquire() as connection:
        rows = await connection.fetch(_SITES, after, watched, label, limit + 1)
        shown = rows[:limit]
        seats = await connection.fetch(_SEATS, [row["id"] for row in shown])
        hidden = await connection.fetch(_ORIGINS, [row["id"] for row in shown])
        hosters = (row["hoster_id"] for row in (*seats, *hidden) if row["hoster_id"] is not None)
        names = await _names(connection, store, hosters)
    told = origins.listed(store, hidden, names)
    return {"sites": [_site(store, row, seats, names, told) for row in shown], "next": _next(rows, limit)}


def _site(
    store: Store, row: Row, seats: Sequence[Row], names: dict[int, str], told: Mapping[int, list[dict[str, Any]]]
) -> dict[str, Any]:
    return {
        "site": store.open("site.name", row["name_hash"], row["name"]),
        "label": row["label"],
        "watched_since": moment_json(row["watched_since"]),
        "known_since": moment_json(row["created_at"]),
        "items": row["items"],
        "open": row["open_items"],
        "hosters": [
            {
                "hoster": names[seat["hoster_id"]],
                "asn": seat["asn"],
                "country": seat["country"],
                "front": seat["front"],
                "origin": seat["origin"],
            }
            for seat in seats
            if seat["site_id"] == row["id"]
        ],
        "origins": told.get(row["id"], []),
    }


async def relocations(
    store: Store, *, since: datetime | None, site: str | None, limit: int, after: int | None
) -> dict[str, Any]:
    """Give a page of confirmed moves of sites, in the order in which they became known."""
    wanted = store.vault.hash("site", site) if site else None
    async with store.pool.acquire() as connection:
        rows = await connection.fetch(_RELOCATIONS, after, since, wanted, limit + 1)
        shown = rows[:limit]
        site_names = await report_names.sites(store, connection, (row["site_id"] for row in shown))
        names = await _names(connection, store, (row[side] for row in shown for side in ("from_hoster", "to_hoster")))
    return {"relocations": [move(dict(row), site_names, names) for row in shown], "next": _next(rows, limit)}


async def _names(connection: Connection, store: Store, ids: Iterable[int]) -> dict[int, str]:
    return told_apart(await report_names.hosters(store, connection, ids))


def _next(rows: Sequence[Row], limit: int) -> str | None:
    """Give the cursor of the next page, None on the last."""
    return str(rows[limit - 1]["id"]) if len(rows) > limit else None
