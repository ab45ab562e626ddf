"""Daemons in quick succession: a process that has read the daemon's modules, and forks one whenever it is asked.

What is killed is the same daemon in a process of its own, without the two seconds that reading takes. It is spoken with
in lines: "start LOG" is answered by a process id, "kill PID" once that process is dead and buried.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import ntd.cli.run  # noqa: F401 -- read once, for all of them
from ntd.cli.app import run


@dataclass(frozen=True, slots=True)
class Nursery:
    """Starts and kills daemons over one configuration."""

    process: asyncio.subprocess.Process

    @classmethod
    @asynccontextmanager
    async def open(cls, config: Path) -> AsyncIterator["Nursery"]:
        """Keep the process that forks for as long as the block lasts."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.faults_nursery", str(config)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={name: value for name, value in os.environ.items() if not name.startswith("NTD_")},
        )
        try:
            yield cls(process)
        finally:
            process.kill()
            await process.wait()

    async def start(self, log: Path) -> int:
        """Start a daemon that writes its log there; give its process id."""
        return await self._ask(f"start {log}")

    async def kill(self, pid: int) -> None:
        """Kill a daemon as it stands, and bury it."""
        await self._ask(f"kill {pid}")

    async def _ask(self, words: str) -> int:
        into, out = self.process.stdin, self.process.stdout
        if into is None or out is None:
            raise RuntimeError("the nursery has no pipes")
        into.write(f"{words}\n".encode())
        return int(await out.readline())


def main(config: str) -> None:
    """Start and kill as the lines say, until there are no more."""
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "kill":
            os.kill(int(rest), signal.SIGKILL)
            pid, _ = os.waitpid(int(rest), 0)
        else:
            pid = os.fork()
            if not pid:
                _become_a_daemon(config, rest)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become_a_daemon(config: str, log: str) -> None:
    os.setsid()
    nothing, out = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number, into in enumerate((nothing, out, out)):
        os.dup2(into, number)
    os._exit(run(["--config", config, "run", "--only", "notify"]))


if __name__ == "__main__":
    main(sys.argv[1])
