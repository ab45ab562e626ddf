"""Count for the reports, in sets and in one snapshot of the database each; figures are made in ntd/reports/."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from ntd.reports.backlog import figures as backlog_figures
from ntd.reports.backlog import in_walk_order
from ntd.reports.figures import Row, document, moment, seconds
from ntd.reports.keys import in_order, told_apart
from ntd.reports.partners import figures as partner_figures
from ntd.reports.paths import move, routes
from ntd.reports.sla import MICROSECOND, WITHIN
from ntd.reports.sla import figures as sla_figures
from ntd.store import report_names
from ntd.store.base import Connection, Store
from ntd.store.sql import statement
from schemas.report import By, ReportName, ReportQuery

_ROOM = statement("report_names.room")
_SLA = statement("report_sla.figures")
_PARTNERS = statement("report_partners.figures")
_BACKLOG_TODAY = statement("report_backlog.today")
_BACKLOG_THEN = statement("report_backlog.then")
_PATHS = statement("report_migration.paths")
_MOVES = statement("report_migration.moves")


@asynccontextmanager
async def _snapshot(store: Store) -> AsyncIterator[Connection]:
    """Open one moment of the database, however many statements look at it."""
    async with store.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_ROOM)
        yield connection


async def _counted(connection: Connection, sql: str, *arguments: object) -> list[Row]:
    """Run one counting statement."""
    return [dict(row) for row in await connection.fetch(sql, *arguments)]


def _parted(counted: Iterable[Row]) -> tuple[list[Row], Row]:
    """Part the rows of a statement with a grand total into rows and total."""
    rows: list[Row] = []
    total: list[Row] = []
    for row in counted:
        (total if row["whole"] else rows).append(row)
    return rows, total[0]


async def sla(store: Store, query: ReportQuery, now: datetime) -> Row:
    """Report removal by stay: what became of them, how fast, and how sure that is."""
    as_of = query.as_of or now
    async with _snapshot(store) as connection:
        limits = [limit // MICROSECOND for limit in (query.removal, *WITHIN.values())]
        counted = await _counted(
            connection, _SLA, query.begin, query.end, as_of, query.by.value, limits[0], limits[1:], query.bounds
        )
        rows, total = _parted(counted)
        names = await _names(store, connection, query.by, {row["key"] for row in rows} - {None})
    return document(
        ReportName.SLA,
        query,
        as_of,
        rows=in_order({"key": names.get(row["key"])} | sla_figures(row, bounds=query.bounds) for row in rows),
        total=sla_figures(total, bounds=query.bounds),
        by=query.by.value,
        removal_s=seconds(query.removal),
    )


async def _names(store: Store, connection: Connection, by: By, keys: set[str]) -> Mapping[str, Any]:
    """Say what the keys of the database are called."""
    match by:
        case By.HOSTER:
            hosters = await report_names.hosters(store, connection, map(int, keys))
            return {str(id_): name for id_, name in told_apart(hosters).items()}
        case By.SITE:
            sites = await report_names.sites(store, connection, map(int, keys))
            return {str(id_): name for id_, name in sites.items()}
        case By.ASN:
            return {key: int(key) for key in keys}
        case _:
            return {key: key for key in keys}


async def partners(store: Store, query: ReportQuery, now: datetime) -> Row:
    """Report what became of the items that partners accepted."""
    as_of = query.as_of or now
    async with _snapshot(store) as connection:
        rows, total = _parted(await _counted(connection, _PARTNERS, query.begin, query.end, as_of))
    return document(
        ReportName.PARTNERS,
        query,
        as_of,
        rows=in_order(({"key": row["key"]} | partner_figures(row) for row in rows), "forwarded"),
        total=partner_figures(total),
    )


async def backlog(store: Store, query: ReportQuery, now: datetime) -> Row:
    """Report what is in work and waits, by state and attention; of the past without due times."""
    as_of = query.as_of or now
    counting = _BACKLOG_TODAY if as_of >= now else _BACKLOG_THEN
    async with _snapshot(store) as connection:
        rows, total = _parted(await _counted(connection, counting, query.begin, query.end, as_of))
    return document(
        ReportName.BACKLOG,
        query,
        as_of,
        rows=in_walk_order(
            {"state": row["state"], "attention": row["attention"]} | backlog_figures(row) for row in rows
        ),
        total=backlog_figures(total),
    )


async def migration(store: Store, query: ReportQuery, now: datetime) -> Row:
    """Report where the followed sites went, and how many went out of sight."""
    as_of = query.as_of or now
    since = query.since or query.begin
    hotlines = sorted(query.hotlines)
    async with _snapshot(store) as connection:
        paths = await _counted(connection, _PATHS, since, query.end, as_of, query.country, query.label, hotlines)
        chosen = [site for row in paths for site in row["site_ids"]]
        moves = await _counted(connection, _MOVES, since, query.end, as_of, chosen)
        sites = await report_names.sites(store, connection, (row["site_id"] for row in moves))
        seats = {row[side] for row in moves for side in ("from_hoster", "to_hoster")}
        hosters = told_apart(await report_names.hosters(store, connection, seats))
    went = routes(paths)
    return document(
        ReportName.MIGRATION,
        query,
        as_of,
        since=moment(since),
        country=query.country,
        label=query.label,
        **went,
        moves=[move(row, sites, hosters) for row in moves],
    )
