"""`ntd notice`: web forms, which only a human can fill in."""

from typing import Annotated
from uuid import UUID

import typer

from ntd import acts
from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.words import who
from schemas.ids import NoticeId

app = typer.Typer(help="Notices that only a human can hand over: web forms.")

Notice = Annotated[UUID, typer.Argument(metavar="ID", help="The notice, as `ntd show` names it.")]


@app.command()
def text(context: typer.Context, notice: Notice) -> None:
    """Print the text that is to be pasted into the form."""
    print(with_store(context, lambda store: acts.form_text(store, NoticeId(notice))))


@app.command()
def done(
    context: typer.Context,
    notice: Notice,
    reference: Annotated[str, typer.Option(metavar="R", help="What the form gave back: a ticket, a number.")],
) -> None:
    """Say that the form was filled in: the clock of its items runs from now."""
    settings = settings_of(context)
    with_store(
        context,
        lambda store: acts.form_done(store, settings, NoticeId(notice), reference=reference, by=who(), now=CLOCK.now()),
    )
    say("1 filled in")
