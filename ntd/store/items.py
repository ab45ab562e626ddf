"""Items as they are shown: the whole story of one, and lists of many. Names are decrypted here, for showing only."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ntd.reports.keys import told_apart
from ntd.store import keys, report_names
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.hosts import facts_of
from ntd.store.seats import Seat, seats_of, with_contacts
from ntd.store.sql import statement
from ntd.store.stories import Pages, told
from ntd.vault import UnknownKey
from schemas.errors import NotFound, Refused
from schemas.hosting import Place
from schemas.item import Attention, State
from schemas.url import parse_url
from schemas.wire import moment_json

_ONE = statement("items.one")
_BY_URL = statement("items.by_url")
_PAGE = statement("items.page")
_STATES = statement("items.states")
_PAGES = {
    name: statement(f"items.{name}")
    for name in (
        "reports",
        "stays",
        "held",
        "messages",
        "attempts",
        "answers",
        "mail",
        "last_look",
        "relocations",
        "history",
    )
}
#: Rows read at once when a list is read whole.
_CHUNK = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which items are listed; None: whatever it is."""

    state: State | None = None
    host: str | None = None
    site: str | None = None
    asn: int | None = None
    country: str | None = None
    source: str | None = None
    attention: Attention | None = None


@asynccontextmanager
async def _snapshot(store: Store) -> AsyncIterator[Connection]:
    """Open one moment of the database: a story is never half before and half after an event."""
    async with store.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        # A list is asked for by any of its filters: a plan made for all of them would serve none.
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        yield connection


async def story(store: Store, ref: str, now: datetime) -> dict[str, Any]:
    """Tell the whole story of one item, named by its id or its URL (contract, section 5); NotFound."""
    async with _snapshot(store) as connection:
        try:
            return await _story(connection, store, ref, now)
        except UnknownKey:
            # Another daemon has made a data key since we last read them.
            await keys.load(connection, store.vault)
            return await _story(connection, store, ref, now)


async def _story(connection: Connection, store: Store, ref: str, now: datetime) -> dict[str, Any]:
    item = await _find(connection, store, ref)
    rows = {name: await connection.fetch(sql, item["id"]) for name, sql in _PAGES.items()}
    seats = (await seats_of(connection, store, [item["host_id"]])).get(item["host_id"], ())
    facts = facts_of(store, item["host_hash"], item["host_facts"])
    seats = await with_contacts(connection, store, seats, facts, now)
    moved = (row[side] for row in rows["relocations"] for side in ("from_hoster", "to_hoster"))
    hosters = told_apart(await report_names.hosters(store, connection, moved))
    return told(store, Pages(item=item, seats=seats, facts=facts, hosters=hosters, **rows), now)


async def _find(connection: Connection, store: Store, ref: str) -> Row:
    item = await connection.fetchrow(_ONE, await _id_of(connection, store, ref))
    if item is None:
        # Neither here nor below is the reference repeated: it may be a URL.
        raise NotFound("there is no such item; ids are those answered at submission, URLs are given in full")
    return item


async def _id_of(connection: Connection, store: Store, ref: str) -> UUID | None:
    try:
        return UUID(ref)
    except ValueError:
        try:
            url = parse_url(ref)
        except Refused:
            return None
        found: UUID | None = await connection.fetchval(_BY_URL, store.vault.hash("url", url.text))
        return found


async def states(store: Store, ids: Iterable[UUID]) -> list[dict[str, Any]]:
    """Say in which state these items are now; unknown ids are absent."""
    rows = await store.pool.fetch(_STATES, list(ids))
    return [{"id": str(row["id"]), "state": row["state"], "attention": sorted(row["attention"])} for row in rows]


async def listing(store: Store, filters: Filters, *, limit: int, cursor: str | None = None) -> dict[str, Any]:
    """List items, newest first (contract, section 6); `limit` 0: all; `next` is the cursor of the next page."""
    items: list[dict[str, Any]] = []
    more = None
    async for rows, more in _read(store, filters, limit, cursor):  # noqa: B007 -- the last page says whether there is more
        items += rows
    return {"items": items, "next": more}


async def pages(store: Store, filters: Filters) -> AsyncIterator[list[dict[str, Any]]]:
    """List all items in pages, newest first, without holding them all in memory."""
    async for rows, _ in _read(store, filters, 0, None):
        yield rows


async def _read(
    store: Store, filters: Filters, limit: int, cursor: str | None
) -> AsyncIterator[tuple[list[dict[str, Any]], str | None]]:
    before = _cursor(cursor)
    left = limit or None
    async with _snapshot(store) as connection:
        while True:
            size = min(left or _CHUNK, _CHUNK)
            rows = await connection.fetch(_PAGE, before, *_wanted(store, filters), size + 1)
            shown = rows[:size]
            more = len(rows) > size
            left = left and left - len(shown)
            ended = not more or left == 0
            before = shown[-1]["id"] if shown else None
            yield await _lines(connection, store, shown, filters), str(before) if more and ended else None
            if ended:
                return


def _cursor(cursor: str | None) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise Refused("cursor is none of ours; give `next` of the page before, or none for the first page") from None


def _wanted(store: Store, filters: Filters) -> tuple[Any, ...]:
    return (
        filters.state.value if filters.state else None,
        filters.attention.value if filters.attention else None,
        filters.source,
        store.vault.hash("host", name_of(filters.host)) if filters.host else None,
        store.vault.hash("site", name_of(filters.site)) if filters.site else None,
        filters.asn,
        filters.country,
    )


def name_of(typed: str) -> str:
    """Spell a host or site as the identity of a URL does; what cannot be one is found nowhere."""
    bracketed = f"[{typed}]" if typed.count(":") > 1 and not typed.startswith("[") else typed
    try:
        return parse_url(f"http://{bracketed}/").host
    except Refused:
        return typed


async def _lines(connection: Connection, store: Store, rows: Sequence[Row], filters: Filters) -> list[dict[str, Any]]:
    seats = await seats_of(connection, store, (row["host_id"] for row in rows))
    names = _Names(store)
    try:
        return [_line(store, row, _shown(seats.get(row["host_id"], ()), filters), names) for row in rows]
    except UnknownKey:
        await keys.load(connection, store.vault)
        return [_line(store, row, _shown(seats.get(row["host_id"], ()), filters), names) for row in rows]


def _shown(seats: Sequence[Seat], filters: Filters) -> Place | None:
    """Choose the hoster that a line names: the lowest address's, of those that were asked for."""
    asked = (
        seat.located.place
        for seat in seats
        if (filters.asn is None or seat.located.place.asn == filters.asn)
        and (filters.country is None or seat.located.place.country == filters.country)
    )
    return next(asked, None)


class _Names:
    """Opens each name once, however many items share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened: dict[tuple[str, bytes], str] = {}

    def open(self, column: str, key: bytes, sealed: bytes) -> str:
        name = self._opened.get((column, key))
        if name is None:
            name = self._opened[column, key] = self._store.open(column, key, sealed)
        return name


def _line(store: Store, row: Row, place: Place | None, names: _Names) -> dict[str, Any]:
    looked = {"at": moment_json(row["checked_at"]), "verdict": row["last_verdict"]} if row["last_verdict"] else None
    return {
        "id": str(row["id"]),
        "url": store.open("item.secret", row_id(row["id"]), row["secret"])["url"],
        "state": row["state"],
        "attention": sorted(row["attention"]),
        "host": names.open("host.name", row["host_hash"], row["host_name"]),
        "site": names.open("site.name", row["site_hash"], row["site_name"]),
        "country": place.country if place else None,
        "asn": place.asn if place else None,
        "hoster": place.hoster if place else None,
        "source": row["source"],
        "priority": row["priority"],
        "received_at": moment_json(row["received_at"]),
        "last": looked,
    }
