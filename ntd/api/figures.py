"""Reports, sites and relocations, for policy staff."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from ntd.api.desk import Query, answered, desk_of, invalid
from ntd.api.problems import Problem
from ntd.hotlines import countries_in_sight
from ntd.store import reports, site_pages
from ntd.store.items import name_of
from schemas.access import Caller
from schemas.report import By, ReportName, ReportQuery

REPORT: Final = frozenset({"from", "to", "as_of", "by", "bounds", "since", "country", "label"})
SITES: Final = frozenset({"watched", "label", "limit", "cursor"})
RELOCATIONS: Final = frozenset({"since", "site", "limit", "cursor"})

_REPORTS: Final = {
    ReportName.SLA: reports.sla,
    ReportName.MIGRATION: reports.migration,
    ReportName.BACKLOG: reports.backlog,
    ReportName.PARTNERS: reports.partners,
}


async def report(request: web.Request, _caller: Caller) -> web.Response:
    """Count one report."""
    desk = desk_of(request)
    try:
        name = ReportName(request.match_info["name"])
    except ValueError as fault:
        known = ", ".join(ReportName)
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no such report; there are {known}") from fault
    return answered(await _REPORTS[name](desk.store, _query(request), desk.clock.now()))


def _query(request: web.Request) -> ReportQuery:
    query, settings = Query(request, REPORT), desk_of(request).settings
    begin, end = query.moment("from"), query.moment("to")
    if begin and end and begin >= end:
        raise invalid("to", "is not after from: the period is empty")
    return ReportQuery(
        begin=begin,
        end=end,
        as_of=query.moment("as_of"),
        by=query.choice("by", By) or By.HOSTER,
        bounds=query.yes("bounds") or False,
        since=query.moment("since"),
        country=query.read("country", str.upper, "NL"),
        label=query.text("label"),
        removal=settings.sla.removal,
        hotlines=countries_in_sight(settings),
    )


async def sites(request: web.Request, _caller: Caller) -> web.Response:
    """List sites."""
    query = Query(request, SITES)
    page = await site_pages.sites(
        desk_of(request).store,
        watched=query.yes("watched"),
        label=query.text("label"),
        limit=query.limit(),
        after=query.read("cursor", int, "the `next` of the page before"),
    )
    return answered(page)


async def relocations(request: web.Request, _caller: Caller) -> web.Response:
    """List confirmed moves of sites."""
    query = Query(request, RELOCATIONS)
    page = await site_pages.relocations(
        desk_of(request).store,
        since=query.moment("since"),
        site=query.read("site", name_of, "imagehost.example"),
        limit=query.limit(),
        after=query.read("cursor", int, "the `next` of the page before"),
    )
    return answered(page)
