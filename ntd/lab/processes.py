"""Programs of their own: started, waited for, stopped by their id; none outlives the demo."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import NtdError

_TAIL_BYTES = 3000


class DemoFailed(NtdError):  # noqa: N818 -- what happened, in words for whoever typed `make demo`
    """The demo could not be played, or did not end as the table says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Program:
    """A program that runs until it is told to stop."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def check(self) -> None:
        """Raise DemoFailed, with the last it said, when it has ended by itself."""
        if self.process.returncode is not None:
            raise DemoFailed(f"the {self.name} ended with code {self.process.returncode}; it said last:\n{self.tail()}")

    def tail(self) -> str:
        """Give the last lines of its log."""
        return self.log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace") if self.log.exists() else ""

    async def stop(self, within_s: float) -> int | None:
        """Send SIGTERM and give the exit code; None when it had to be killed."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within_s):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            return None


def ntd(config: Path, *arguments: str) -> list[str]:
    """Give the command line of an `ntd` command."""
    return [sys.executable, "-m", "ntd", "--config", str(config), *arguments]


def _environment() -> dict[str, str]:
    # An operator's NTD_… variables would lead the demo's daemon to the operator's database.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NTD_")}
    return kept | {"PYTHONUNBUFFERED": "1", "COLUMNS": "110"}


@asynccontextmanager
async def program(name: str, arguments: Sequence[str], log: Path, *, attached: bool = False) -> AsyncIterator[Program]:
    """Run a program for as long as the block lasts; whatever ends the block ends the program.

    `attached`: its standard input stays open as long as we live. In a session of its own, so that Ctrl-C reaches us
    alone and we can end things in order.
    """
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE if attached else asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=_environment(),
            start_new_session=True,
        )
    running = Program(name, process, log)
    try:
        yield running
    finally:
        if process.returncode is None:
            await asyncio.shield(running.stop(10))


async def command(arguments: Sequence[str], within_s: float = 30) -> Finished:
    """Run a command to its end; DemoFailed when it takes too long."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(within_s):
            out, err = await process.communicate()
    except TimeoutError as fault:
        raise DemoFailed(f"`{typed(arguments)}` did not end within {within_s:.0f} s") from fault
    finally:
        with suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
    return Finished(code=process.returncode or 0, out=out.decode(), err=err.decode())


async def must(arguments: Sequence[str], *codes: int) -> Finished:
    """Run a command that must end with 0 or one of `codes`; DemoFailed says what it said instead."""
    done = await command(arguments)
    if done.code not in (0, *codes):
        raise DemoFailed(f"`{typed(arguments)}` ended with code {done.code}: {(done.err or done.out).strip()}")
    return done


def typed(arguments: Sequence[str]) -> str:
    """Write a command line as it would be typed."""
    words = [one for one in arguments if one != sys.executable]
    return " ".join(words).replace("-m ntd --config ", "ntd --config ")
