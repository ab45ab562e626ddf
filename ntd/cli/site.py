"""`ntd site`: sites followed even with no open item."""

from typing import Annotated, Any

import typer

from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.output import emit
from ntd.store import site_pages, watching
from ntd.store.base import Store

app = typer.Typer(help="Sites followed even with no open item: watch, unwatch, list.")

_COLUMNS = ("site", "label", "watched_since", "known_since", "items", "open", "hosters")
_PAGE = 500


@app.command()
def watch(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Its name, a host of it, or a URL on it.")],
    label: Annotated[str | None, typer.Option(help="Your own word for a set of sites.")] = None,
) -> None:
    """Follow a site: where it lives is looked up from now on."""
    settings = settings_of(context)
    name = with_store(context, lambda store: watching.watch(store, settings, site, label, CLOCK.now()))
    say(f"{name} is followed")


@app.command()
def unwatch(context: typer.Context, site: Annotated[str, typer.Argument(metavar="SITE")]) -> None:
    """Follow a site no longer; what it has shown so far stays."""
    say(f"{with_store(context, lambda store: watching.unwatch(store, site))} is not followed any more")


@app.command("list")
def listing(
    context: typer.Context,
    label: Annotated[str | None, typer.Option(help="Only sites with this label.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Sites that are not followed too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Rows as CSV.")] = False,
) -> None:
    """List followed sites with where they stand."""
    rows = with_store(context, lambda store: _all(store, watched=None if every else True, label=label))
    shown = rows if json or csv else [row | {"hosters": list(map(_in_words, row["hosters"]))} for row in rows]
    emit({"sites": rows}, _COLUMNS, shown, json=json, csv=csv)


async def _all(store: Store, *, watched: bool | None, label: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: int | None = None
    while True:
        page = await site_pages.sites(store, watched=watched, label=label, limit=_PAGE, after=after)
        rows += page["sites"]
        if page["next"] is None:
            return rows
        after = int(page["next"])


def _in_words(hoster: dict[str, Any]) -> str:
    front = f", front {hoster['front']}" if hoster["front"] else ""
    return f"{hoster['hoster']} ({hoster['country'] or '?'}{front})"
