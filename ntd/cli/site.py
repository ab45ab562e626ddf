"""`ntd site`: sites followed even with no open item, and what stands behind their fronts."""

from functools import partial
from typing import Annotated, Any

import typer

from ntd import acts
from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.output import emit
from ntd.cli.words import who
from ntd.store import origins, site_pages, watching
from ntd.store.base import Store
from schemas.url import shared_suffix

app = typer.Typer(
    add_completion=False,
    help="Sites followed even with no open item: watch, unwatch, list; what stands behind a front: origin.",
)

_COLUMNS = ("site", "label", "watched_since", "known_since", "items", "open", "hosters", "origins")
_HINTS = ("address", "at", "by", "item")
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
    others = ", but not what others publish under it: each name there is a site of its own"
    say(f"{name} is followed{others if shared_suffix(name) == name else ''}")


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
    shown = rows if json or csv else list(map(_shown, rows))
    emit({"sites": rows}, _COLUMNS, shown, json=json, csv=csv)


@app.command()
def origin(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="A site; or a host of it, which then alone is meant.")],
    address: Annotated[
        str | None, typer.Argument(metavar="ADDRESS", help="Where the machine stands; none: what answers have named.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="It stands there no more, or never did.")] = False,
    source: Annotated[str | None, typer.Option(metavar="TEXT", help="Where you know it from.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Without ADDRESS: one JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Without ADDRESS: rows as CSV.")] = False,
) -> None:
    """Say where the machine behind a site's front stands: its hoster gets its own notice and clock.

    Checks still go to the public name. Without ADDRESS, the addresses that recipients and partners have named in
    answers are listed: it is yours to confirm one.
    """
    settings, named = settings_of(context), watching.named(site)
    if address is None:
        hints = with_store(context, lambda store: origins.named_in_answers(store, settings, named))
        emit({"site": named.site, "named_in_answers": hints}, _HINTS, hints, json=json, csv=csv)
    elif remove:
        with_store(context, lambda store: origins.forget(store, settings, named, address, by=who(), now=CLOCK.now()))
        say(f"{address} is no origin of {named.host} any more")
    else:
        told = partial(acts.origin, settings=settings, named=named, address=address, by=who(), source=source)
        with_store(context, lambda store: told(store, now=CLOCK.now()))
        say(f"{address} is taken for what stands behind {named.host}; its hoster is found at the next look-up")


async def _all(store: Store, *, watched: bool | None, label: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: int | None = None
    while True:
        page = await site_pages.sites(store, watched=watched, label=label, limit=_PAGE, after=after)
        rows += page["sites"]
        if page["next"] is None:
            return rows
        after = int(page["next"])


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "hosters": list(map(_in_words, row["hosters"])),
        "origins": [one["address"] + (f" ({one['hoster']})" if one["hoster"] else "") for one in row["origins"]],
    }


def _in_words(hoster: dict[str, Any]) -> str:
    front = f", front {hoster['front']}" if hoster["front"] else ", origin" if hoster["origin"] else ""
    return f"{hoster['hoster']} ({hoster['country'] or '?'}{front})"
