"""Moves that were confirmed: of a host, and of a whole site when none of its hosts shows the old place any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from geo.moves import Abode, Seat, kind_of
from ntd.store.base import Connection
from ntd.store.sql import statement
from schemas.ids import HostId, SiteId

_STILL_THERE = statement("hosts.still_there")
_EARLIER = statement("hosts.earlier")
_PLACE_FACTS = statement("hosts.place_facts")
_RELOCATE = statement("hosts.relocate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A host has left a place for another."""

    host: HostId
    site: SiteId
    seat: Seat
    place: int
    to_place: int
    seen_old_until: datetime
    seen_new_from: datetime
    left_at: datetime  # the look from which on the old place was no longer seen


async def relocate(connection: Connection, departures: Sequence[Departure], now: datetime) -> None:
    """Record confirmed departures; the episodes they end are written already."""
    if not departures:
        return
    sites = sorted({one.site for one in departures})
    columns = [(one.site, one.seat[0], one.seat[1]) for one in departures]
    rows = await connection.fetch(_STILL_THERE, *map(list, zip(*columns, strict=True)))
    staying = {(row["site_id"], row["hoster_id"], row["country"]) for row in rows}
    earlier = [
        (row["site_id"], row["host_id"], (row["hoster_id"], row["country"]))
        for row in await connection.fetch(_EARLIER, sites)
    ]
    places = sorted({one.place for one in departures} | {one.to_place for one in departures})
    abodes = {
        row["id"]: Abode(hoster=row["hoster_id"], country=row["country"], fronted=row["fronted"])
        for row in await connection.fetch(_PLACE_FACTS, places)
    }
    for one in departures:
        of_host = frozenset(seat for _, host, seat in earlier if host == one.host and seat != one.seat)
        await _write(connection, one, one.host, abodes, of_host, now)
        if (one.site, *one.seat) not in staying:
            of_site = frozenset(seat for site, _, seat in earlier if site == one.site and seat != one.seat)
            await _write(connection, one, None, abodes, of_site, now)


async def _write(
    connection: Connection,
    one: Departure,
    host: HostId | None,
    abodes: dict[int, Abode],
    earlier: frozenset[Seat],
    now: datetime,
) -> None:
    origin, target = abodes[one.place], abodes[one.to_place]
    await connection.execute(
        _RELOCATE,
        one.site,
        host,
        kind_of(origin, target, earlier).value,
        one.seen_old_until,
        one.seen_new_from,
        now,
        one.place,
        one.to_place,
        origin.hoster,
        origin.country,
        one.left_at,
    )
