"""`ntd demo`: the lab and the daemon together, end to end."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ntd.lab.demo import Wishes, play

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", help="Where the reports are left.")] = Path("demo-output"),
    *,
    serve: Annotated[bool, typer.Option("--serve", help="Keep everything up until Ctrl-C.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the working folder with database and mails.")] = False,
    within: Annotated[float, typer.Option("--within", help="Seconds until every row must have ended.")] = 90.0,
    table: Annotated[Path | None, typer.Option("--table", help="Another table of scenarios.")] = None,
) -> int:
    """Play the lab's whole table against an unmodified daemon; 1 when a row did not end as it says."""
    return asyncio.run(play(Wishes(output=output, serve=serve, keep=keep, within_s=within, table=table)))
