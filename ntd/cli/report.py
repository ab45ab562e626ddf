"""`ntd report`: the figures (contract, section 6); what each means stands in the definitions."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import typer

from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.output import console, print_csv, print_json
from ntd.cli.report_tables import drawn
from ntd.cli.words import country as of_country
from ntd.cli.words import moment
from ntd.hotlines import countries_in_sight
from ntd.reports.figures import Row
from ntd.reports.flat import columns, lines
from ntd.store import reports
from ntd.store.base import Store
from schemas.report import By, ReportQuery

app = typer.Typer(
    add_completion=False,
    help="Figures: removal (sla), where sites went (migration), what waits (backlog), what partners did (partners).",
)

_Report = Callable[[Store, ReportQuery, datetime], Coroutine[Any, Any, Row]]
From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="Only what began on this day (UTC) or later.")]
To = Annotated[str | None, typer.Option(metavar="DATE", help="Only what began before this day (UTC).")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="As it was known then; else now.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Csv = Annotated[bool, typer.Option("--csv", help="Rows as CSV, flat columns.")]


@app.command()
def sla(
    context: typer.Context,
    *,
    begin: From = None,
    to: To = None,
    as_of: AsOf = None,
    by: Annotated[By, typer.Option(help="One row for each.")] = By.HOSTER,
    bounds: Annotated[bool, typer.Option("--bounds", help="Both ends of the removal interval.")] = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Tell how fast it was removed: stays by what became of them, shares in time, quantiles, estimates."""
    query = replace(_period(begin, to, as_of), by=by, bounds=bounds, removal=settings_of(context).sla.removal)
    _tell(context, reports.sla, query, json=json, csv=csv)


@app.command()
def migration(
    context: typer.Context,
    *,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Paths begin where sites were on this day.")] = None,
    begin: From = None,
    to: To = None,
    as_of: AsOf = None,
    country: Annotated[str | None, typer.Option(metavar="CC", help="Only sites that were there at first.")] = None,
    label: Annotated[str | None, typer.Option(help="Only sites with this label.")] = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Tell where the followed sites went, and which went where no hotline is."""
    query = replace(
        _period(begin, to, as_of),
        since=moment(since),
        country=of_country(country),
        label=label,
        hotlines=countries_in_sight(settings_of(context)),
    )
    _tell(context, reports.migration, query, json=json, csv=csv)


@app.command()
def backlog(
    context: typer.Context,
    *,
    begin: From = None,
    to: To = None,
    as_of: AsOf = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Tell what is in work and waits, by state and attention."""
    _tell(context, reports.backlog, _period(begin, to, as_of), json=json, csv=csv)


@app.command()
def partners(
    context: typer.Context,
    *,
    begin: From = None,
    to: To = None,
    as_of: AsOf = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Tell what became of the items that partners accepted."""
    _tell(context, reports.partners, _period(begin, to, as_of), json=json, csv=csv)


def _period(begin: str | None, to: str | None, as_of: str | None) -> ReportQuery:
    """Read the period and the moment; a period that ends before it begins is a slip of the keyboard."""
    query = ReportQuery(begin=moment(begin), end=moment(to), as_of=moment(as_of))
    if query.begin and query.end and query.begin >= query.end:
        raise typer.BadParameter(f"the period from {begin} to {to} is empty; --to is the first day after it")
    return query


def _tell(context: typer.Context, report: _Report, query: ReportQuery, *, json: bool, csv: bool) -> None:
    now = CLOCK.now()
    if query.as_of and query.as_of > now:
        say("--as-of lies in the future: clocks that still run are counted up to then")
    told = with_store(context, lambda store: report(store, query, now))
    if json:
        print_json(told)
    elif csv:
        print_csv(columns(told), lines(told))
    else:
        console().print(*drawn(told), sep="\n")
