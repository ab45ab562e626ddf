"""`ntd run`: the daemon."""

from typing import Annotated

import typer

from ntd import daemon, log
from ntd.cli.frame import settings_of
from ntd.daemon import EVERY_ROLE, Role

app = typer.Typer(add_completion=False)


@app.command()
def run(
    context: typer.Context,
    only: Annotated[
        str | None,
        typer.Option(metavar="ROLE,…", help=f"Only these roles of {', '.join(Role)}; several daemons share."),
    ] = None,
) -> None:
    """Run the daemon until it is told to stop (SIGTERM, Ctrl-C, a closed terminal)."""
    roles = _roles(only)
    settings = settings_of(context)
    log.configure(settings.log.format, settings.log.level)
    daemon.main(settings, roles)


def _roles(only: str | None) -> frozenset[Role]:
    if only is None:
        return EVERY_ROLE
    try:
        return frozenset(Role(name.strip()) for name in only.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{only!r} names a role that is none of {', '.join(Role)}", param_hint="--only"
        ) from None
