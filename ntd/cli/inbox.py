"""`ntd inbox`: one incoming message, from a file or a pipe."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from notifiers.incoming.mail import LONGEST_MESSAGE
from ntd import inbox
from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.output import print_json
from ntd.cli.words import who
from ntd.incoming import Judged, as_json
from schemas.errors import Misconfigured

app = typer.Typer()

_STDIN: Final = Path("-")


@app.command(name="inbox")
def take(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="[FILE|-]", help="- is standard input.")] = _STDIN,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Take one incoming message (RFC 5322), say what it is, and do what follows from it."""
    raw = _read(file)
    settings = settings_of(context)
    taken = with_store(context, lambda store: inbox.take(store, settings, raw, by=who(), now=CLOCK.now()))
    if json:
        print_json(as_json(taken.judged))
    else:
        print(_told(taken.judged))
    if taken.again:
        say("taken before: nothing was done")


def _read(file: Path) -> bytes:
    try:
        if file == _STDIN:
            return sys.stdin.buffer.read(LONGEST_MESSAGE)
        with file.open("rb") as opened:
            return opened.read(LONGEST_MESSAGE)
    except OSError as fault:
        raise Misconfigured(f"{file} cannot be read: {fault.strerror}") from fault


def _told(judged: Judged) -> str:
    """Say in a line what it is."""
    about = f"notice {judged.notice.id}, {len(judged.items)} items" if judged.notice else "no notice that we know"
    facts = {
        "permanent": judged.permanent,
        "status": judged.status,
        "recipient": judged.recipient,
        "suggestion": judged.suggestion,
        "ticket": judged.ticket.number if judged.ticket else None,
    }
    said = "".join(
        f", {name} {str(fact).lower() if fact in {True, False} else fact}"
        for name, fact in facts.items()
        if fact is not None
    )
    return f"{judged.kind}: {about}{said}" if judged.kind != "unrelated" else "unrelated"
