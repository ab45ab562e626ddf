"""`ntd submit`: items in, as NDJSON or CSV, however many."""

import asyncio
import stat
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from os import fstat
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import orjson
import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from ntd.cli.frame import CLOCK, run, say, settings_of
from ntd.cli.words import who
from ntd.intake_stream import Stream, Tally
from ntd.rejects import Rejects
from ntd.store.connect import open_store
from schemas.errors import Misconfigured
from schemas.item import LineAnswer, Outcome
from schemas.settings import Settings

app = typer.Typer(add_completion=False)

PARTLY_REFUSED: Final = 3
_STDIN: Final = Path("-")
# Small enough that reading and parsing one leaves the database its turn.
_CHUNK_BYTES: Final = 64 * 1024

Answered = Callable[[list[LineAnswer]], Awaitable[None]]


@app.command()
def submit(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="[FILE|-]", help="- is standard input.")] = _STDIN,
    *,
    source: Annotated[str | None, typer.Option(metavar="S", help="The source of lines that name none.")] = None,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where refused lines are written, byte for byte.")
    ] = None,
) -> int:
    """Take items. Each line is answered on standard output; the summary goes to standard error.

    On a terminal only refusals are shown. Exit code 3: some lines were refused, all others are taken.
    """
    settings = settings_of(context)
    if rejects is not None and rejects.exists() and file.exists() and rejects.samefile(file):
        raise Misconfigured("the rejects would overwrite the file they come from; name another")
    with (
        nullcontext(sys.stdin.buffer) if file == _STDIN else _open(file) as opened,
        closing(Rejects(rejects)) if rejects else nullcontext() as kept,
        _progress() if sys.stdout.isatty() else nullcontext(_print) as answered,
    ):
        tally = run(_take(settings, opened, answered, source=source, kept=kept))
    if tally.schemes:
        say("refused schemes: " + ", ".join(f"{scheme} {count}" for scheme, count in sorted(tally.schemes.items())))
    say(tally.summary())
    return PARTLY_REFUSED if tally.refused else 0


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as fault:
        raise Misconfigured(f"{file} cannot be read: {fault.strerror}") from fault


async def _take(
    settings: Settings, opened: BinaryIO, answered: Answered, *, source: str | None, kept: Rejects | None
) -> Tally:
    async with open_store(settings, CLOCK) as store:
        stream = Stream(
            store=store,
            settings=settings,
            clock=CLOCK,
            by=who(),
            answered=answered,
            source=source,
            rejects=kept,
        )
        return await stream.run(_chunks(opened))


async def _print(answers: list[LineAnswer]) -> None:
    sys.stdout.buffer.write(b"".join(orjson.dumps(answer, default=str) + b"\n" for answer in answers))
    sys.stdout.buffer.flush()


@contextmanager
def _progress() -> Iterator[Answered]:
    """Show how far it is, and of the answers only the refusals."""
    columns = (TextColumn("{task.completed} lines, {task.fields[refused]} refused"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, refused=0)
        refused = 0

        async def answered(answers: list[LineAnswer]) -> None:
            nonlocal refused
            for answer in answers:
                if answer.outcome is Outcome.REFUSED:
                    refused += 1
                    progress.console.print(answer.error, markup=False, highlight=False)
            progress.update(task, advance=len(answers), refused=refused)

        yield answered


async def _chunks(opened: BinaryIO) -> AsyncGenerator[bytes, None]:
    """Read without holding up the loop: what comes through a pipe or from a keyboard is waited for."""
    mode = fstat(opened.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or opened.isatty()):
        while chunk := opened.read(_CHUNK_BYTES):
            yield chunk
        return
    reader = asyncio.StreamReader(limit=_CHUNK_BYTES)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), opened)
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            yield chunk
    finally:
        transport.close()
