"""`python -m ntd.lab`: opens the lab and keeps it open, for a daemon of your own making."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from ntd.clock import SystemClock
from ntd.lab.stage import Stage, open_stage, world_of

_READY = "the lab is open"


def lab(
    folder: Annotated[Path | None, typer.Option("--dir", help="where ntd.toml and its files are written")] = None,
    table: Annotated[Path | None, typer.Option("--table", help="another table of scenarios")] = None,
    *,
    attached: Annotated[bool, typer.Option("--attached", help="close when standard input ends")] = False,
) -> None:
    """Open a small internet on loopback and write the ntd.toml that leads a daemon into it.

    `ntd --config DIR/ntd.toml init DIR`, then `ntd --config DIR/ntd.toml run`, then
    `ntd --config DIR/ntd.toml submit DIR/items.ndjson`. For a partner that answers, put its token into
    DIR/tokens/CODE. Everything that was received is at the ledger's URL, as JSON; mails lie in DIR/mail.
    """
    asyncio.run(_live(folder or Path(mkdtemp(prefix="ntd-lab-")), table, attached=attached))


async def _live(folder: Path, table: Path | None, *, attached: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    async with open_stage(world_of(table), folder.resolve(), SystemClock()) as stage:
        typer.echo(_where(stage))
        sys.stdout.flush()
        await _until_told_to_go(attached=attached)


def _where(stage: Stage) -> str:
    on = stage.on
    return "\n".join(
        (
            f"{_READY}: {len(stage.world.items)} items on {len(stage.world.sites)} sites, {stage.folder}/ntd.toml",
            f"  DNS       127.0.0.1:{on.dns} (UDP and TCP)",
            f"  web       port {on.web} on {len(stage.world.addresses())} addresses",
            f"  RDAP      http://127.0.0.1:{on.rdap}/",
            f"  SMTP      127.0.0.1:{on.smtp}",
            f"  hosters   http://127.0.0.1:{on.hosters}/HOSTER/reports",
            f"  partners  http://127.0.0.1:{on.partners}/CODE/forwards",
            f"  ledger    http://127.0.0.1:{on.control}/lab/ledger",
        )
    )


async def _until_told_to_go(*, attached: bool) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, done.set)
    if attached:
        # Whoever started the lab holds the other end: when he dies, however he dies, the lab goes too.
        loop.add_reader(sys.stdin.fileno(), _ended, loop, done)
    await done.wait()


def _ended(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        loop.remove_reader(sys.stdin.fileno())
        done.set()


if __name__ == "__main__":
    typer.run(lab)
