"""What every command needs: the settings, the store, a loop to run in."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import typer
import uvloop

from ntd import log
from ntd.clock import SystemClock
from ntd.config import load, locate
from ntd.store.base import Store
from ntd.store.connect import open_store
from schemas.settings import Settings

_Result = TypeVar("_Result")
CLOCK = SystemClock()


def chosen(context: typer.Context) -> Path | None:
    """Give the file that --config named, before or after the command's name."""
    named = context.find_root().obj
    return named if isinstance(named, Path) else None


def settings_of(context: typer.Context, *, required: bool = True) -> Settings:
    """Read the settings; not `required` (commands without database): no ntd.toml here means the defaults."""
    log.configure("console", "warning")
    return load(chosen(context), required=required)


def file_of(context: typer.Context) -> Path:
    """Say which configuration file is used."""
    return locate(chosen(context))


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run one command's work to its end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def with_store(context: typer.Context, work: Callable[[Store], Coroutine[Any, Any, _Result]]) -> _Result:
    """Open the store, do the work, close the store."""
    settings = settings_of(context)

    async def whole() -> _Result:
        async with open_store(settings, CLOCK) as store:
            return await work(store)

    return run(whole())


def say(sentence: str) -> None:
    """Tell the user something that is no result."""
    sys.stderr.write(f"{sentence}\n")
