"""`ntd resolve`: one look-up with every fact and its source; needs no database and no key."""

from typing import Annotated

import typer

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.cli.frame import CLOCK, run, settings_of
from ntd.cli.output import console, print_json
from ntd.cli.reasoning import tree_of
from schemas.hosting import Resolution
from schemas.settings import Settings
from schemas.url import Url, parse_url
from schemas.wire import resolution_json

app = typer.Typer(add_completion=False)


@app.command()
def resolve(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The URL to look up.", metavar="URL")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Look one URL up, with every fact and its source."""
    settings, parsed = settings_of(context, required=False), parse_url(url)
    resolution = run(_look(settings, parsed))
    if json:
        print_json(resolution_json(parsed, resolution))
    else:
        console().print(tree_of(parsed, resolution))


async def _look(settings: Settings, url: Url) -> Resolution:
    async with Locator.open(settings, MemoryRegistrations()) as locator:
        return await locator.resolve(url.host, url.site, url.kind, CLOCK.now(), registrar=True, surroundings=True)
