"""`ntd migrate`: bring the database to this version."""

import typer

from ntd.cli.frame import CLOCK, run, say, settings_of
from ntd.store.connect import bring_up_to_date

app = typer.Typer(add_completion=False)


@app.command()
def migrate(context: typer.Context) -> None:
    """Apply the migrations that the database lacks."""
    settings = settings_of(context)
    applied = run(bring_up_to_date(settings, CLOCK.now()))
    for name in applied:
        say(f"applied {name}")
    say("the database is up to date")
