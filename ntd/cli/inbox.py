"""`ntd inbox`: one incoming message, from a file or a pipe."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from notifiers.incoming.mail import LONGEST_MESSAGE
from ntd import inbox
from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.output import print_json
from ntd.cli.words import who
from ntd.incoming import Judged, as_json
from schemas.errors import Misconfigured
from schemas.incoming import Came

app = typer.Typer(add_completion=False)

_STDIN: Final = Path("-")
_CHUNK_BYTES: Final = 1024 * 1024


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
    if file == _STDIN:
        return _bounded(sys.stdin.buffer)
    try:
        with file.open("rb") as opened:
            return _bounded(opened)
    except OSError as fault:
        raise Misconfigured(f"{file} cannot be read: {fault.strerror}") from fault


def _bounded(opened: BinaryIO) -> bytes:
    raw = opened.read(LONGEST_MESSAGE)
    while opened.read(_CHUNK_BYTES):
        # To the end: a mail server whose pipe breaks takes the message for undelivered.
        continue
    return raw


def _told(judged: Judged) -> str:
    """Say in a line what it is."""
    if judged.kind is Came.UNRELATED:
        return "unrelated"
    about = f"notice {judged.notice.id}, {len(judged.items)} items" if judged.notice else "no notice that we know"
    facts = (
        {True: "permanent", False: "may pass", None: None}[judged.permanent],
        judged.status and f"status {judged.status}",
        judged.recipient and f"recipient {judged.recipient}",
        judged.suggestion and f"suggestion {judged.suggestion}",
        judged.ticket and f"ticket {judged.ticket.number}",
    )
    return ", ".join([f"{judged.kind}: {about}", *(fact for fact in facts if fact)])
