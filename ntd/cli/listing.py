"""`ntd list`: items."""

from typing import Annotated

import typer

from ntd.cli.frame import with_store
from ntd.cli.output import emit
from ntd.cli.words import country as of_country
from ntd.cli.words import system
from ntd.store.items import Filters
from ntd.store.items import listing as items
from schemas.item import Attention, State

app = typer.Typer(add_completion=False)

# As many as a terminal has room for.
_COLUMNS = ("id", "state", "attention", "url", "country", "hoster", "received_at")
_ALL_COLUMNS = (
    *("id", "state", "attention", "url", "site", "country", "asn", "hoster", "source", "priority", "received_at"),
    *("host", "last"),
)
_ROWS = 100


@app.command("list")
def listing(
    context: typer.Context,
    *,
    state: Annotated[State | None, typer.Option(metavar="STATE", help=f"Where they stand: {', '.join(State)}.")] = None,
    host: Annotated[str | None, typer.Option(help="The name in their URLs.")] = None,
    site: Annotated[str | None, typer.Option(help="The registered domain.")] = None,
    asn: Annotated[str | None, typer.Option(metavar="N", help="The number of the AS they live in.")] = None,
    country: Annotated[str | None, typer.Option(metavar="CC", help="The country they live in.")] = None,
    source: Annotated[str | None, typer.Option(help="Who brought them.")] = None,
    attention: Annotated[
        Attention | None, typer.Option(metavar="WORD", help=f"What a human must see to: {', '.join(Attention)}.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many, newest first; 0: all.")] = _ROWS,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Rows as CSV.")] = False,
) -> None:
    """List items, newest first."""
    filters = Filters(
        state=state,
        host=host,
        site=site,
        asn=system(asn),
        country=of_country(country),
        source=source,
        attention=attention,
    )
    page = with_store(context, lambda store: items(store, filters, limit=limit))
    emit(page, _ALL_COLUMNS if csv else _COLUMNS, page["items"], json=json, csv=csv)
