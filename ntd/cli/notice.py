"""`ntd notice`: what a notice looks like; web forms, which only a human can fill in."""

import sys
from typing import Annotated
from uuid import UUID

import typer

from notifiers.compose import compose
from notifiers.letter import letter
from ntd import acts
from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.words import who
from ntd.letterhead import letterhead
from ntd.preview import about_what, made_up, message_about
from schemas.ids import NoticeId
from schemas.notice import Kind

app = typer.Typer(
    add_completion=False, help="What a notice looks like; and those that only a human can hand over: web forms."
)

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
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|URL…]",
            help="Items, or a notice whose items are meant; none: two made-up ones.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option(help="What for; where it is not given, the notice's, else first.", show_default=False)
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="L", help="As in de; where it is not given, the one it would be written in.")
    ] = "",
    mail: Annotated[bool, typer.Option("--mail", help="The whole mail as it would travel, attachments too.")] = False,
) -> None:
    """Show a notice as it would be written now, in the words of notices.templates; nothing is sent or kept."""
    settings = settings_of(context)
    now = CLOCK.now()
    about = with_store(context, lambda store: about_what(store, items)) if items else made_up(now)
    if len(about.readers) > 1:
        say(f"these items are told to {len(about.readers)} recipients, each about its own; here they stand together")
    stationery = letterhead(settings, now)
    if language and not stationery.serves(language):
        known = ", ".join(stationery.languages)
        raise typer.BadParameter(f"no words in {language!r}; there are {known}, and more by notices.templates")
    message = message_about(about, settings, kind=kind, language=language, now=now)
    if mail:
        sys.stdout.buffer.write(compose(message, stationery).content)
        return
    written = letter(message, stationery)
    print(f"Subject: {written.subject}\n\n{written.text}", end="")
