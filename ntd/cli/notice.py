"""`ntd notice`: what a notice looks like; web forms, which only a human can fill in."""

import sys
from typing import Annotated
from uuid import UUID

import typer

from notifiers.compose import compose
from notifiers.letter import letter
from notifiers.samples import plain_lines, shown
from ntd import acts
from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.words import who
from ntd.gathering import sender
from ntd.letterhead import letterhead
from ntd.sla import deadline
from ntd.store import tellings
from schemas.errors import NotFound
from schemas.ids import ItemId, NoticeId
from schemas.notice import Kind, NoticeLine

app = typer.Typer(help="What a notice looks like; and those that only a human can hand over: web forms.")

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


@app.command()
def preview(
    context: typer.Context,
    items: Annotated[list[UUID] | None, typer.Argument(metavar="[ID…]", help="Items; none: two made-up ones.")] = None,
    kind: Annotated[Kind, typer.Option(help="What for.")] = Kind.FIRST,
    language: Annotated[
        str, typer.Option(metavar="L", help="As in de; where it is not given, the first of ours.")
    ] = "",
    mail: Annotated[bool, typer.Option("--mail", help="The whole mail as it would travel, attachments too.")] = False,
) -> None:
    """Show a notice as it would be written now, in the words of notices.templates; nothing is sent or kept."""
    settings = settings_of(context)
    now = CLOCK.now()
    lines = plain_lines(now) if not items else _lines(context, [ItemId(item) for item in items])
    spoken = language or settings.organisation.languages[0]
    message = shown(kind, spoken, sender(settings), lines, now, deadline(settings, now))
    stationery = letterhead(settings, now)
    if mail:
        sys.stdout.buffer.write(compose(message, stationery).content)
        return
    written = letter(message, stationery)
    print(f"Subject: {written.subject}\n\n{written.text}", end="")


def _lines(context: typer.Context, items: list[ItemId]) -> list[NoticeLine]:
    found = with_store(context, lambda store: tellings.lines_of(store, items))
    missing = [item for item in items if item not in found]
    if missing:
        raise NotFound(f"there is no item {missing[0]}")
    return [found[item] for item in items]
