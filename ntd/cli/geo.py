"""`ntd geo`: the data by which registries are found; needs no database and no key."""

from datetime import datetime
from typing import Annotated, Any

import typer

from geo.dns import Resolver
from geo.fetch import Fetcher
from geo.renewal import REFUSED, UNREACHABLE, Renewal, renew
from geo.reserved import is_public
from ntd.cli.frame import CLOCK, run, settings_of
from ntd.cli.output import emit
from schemas.settings import Settings
from schemas.wire import moment_json

app = typer.Typer(add_completion=False, help="Data about registries: refresh.")

_COLUMNS = ("file", "outcome", "published", "before", "entries", "reason")


@app.callback()
def _geo() -> None:
    pass


@app.command()
def refresh(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Rows as CSV.")] = False,
) -> None:
    """Fetch IANA's newest lists of registries; a list that is not whole, or older, leaves the one in use."""
    settings = settings_of(context, required=False)
    done = run(_renew(settings, CLOCK.now()))
    rows = [_row(one) for one in done]
    emit(
        {"from": settings.geo.bootstrap, "into": str(settings.geo.data), "files": rows},
        _COLUMNS,
        rows,
        json=json,
        csv=csv,
    )
    outcomes = {one.outcome for one in done}
    if REFUSED in outcomes:
        raise typer.Exit(1)
    if UNREACHABLE in outcomes:
        raise typer.Exit(5)


async def _renew(settings: Settings, now: datetime) -> tuple[Renewal, ...]:
    base, allow = settings.geo.bootstrap, settings.monitor.allow
    async with (
        Resolver.open(settings.dns.nameservers, settings.dns.timeout, settings.geo.refresh) as names,
        Fetcher(names.look, lambda address: is_public(address, allow), base) as fetcher,
    ):
        return await renew(settings.geo.data, base, fetcher, now)


def _row(one: Renewal) -> dict[str, Any]:
    return {
        "file": f"{one.name}.json",
        "outcome": one.outcome,
        "published": moment_json(one.now_used),
        "before": moment_json(one.before),
        "entries": one.entries,
        "reason": one.reason,
    }
