"""A database that goes away and comes back is survived without a restart."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from pathlib import Path

import aiohttp
import asyncpg
import psutil
import pytest

from ntd.clock import SystemClock
from ntd.daemon import Role, run
from ntd.lab.processes import must, ntd
from ntd.store import embedded
from ntd.store.embedded import shipped_binaries
from ntd.store.embedded_folder import open_folder
from ntd.store.embedded_process import live_postmaster
from ntd.vault import create_key_file
from schemas.settings import Settings
from tests.fakes.faults_world import World, all_in, ask, twins, until, world

HOSTS, URLS = 10, 6


def readiness(lab: World, config: Path, status: int) -> Callable[[], Awaitable[bool]]:
    """Make the question whether the daemon's readiness is this status."""
    listen = next(line for line in config.read_text().splitlines() if line.startswith("public_url"))
    url = listen.split('"')[1] + "/readyz"

    async def so() -> bool:
        try:
            async with lab.http.get(url) as answer:
                return answer.status == status
        except aiohttp.ClientConnectionError:
            return False

    return so


async def told(lab: World) -> bool:
    """Say whether the first messages were taken."""
    seen = await lab.counts()
    return seen["mails"] + seen["reports"] + seen["forwards"] > 0


@pytest.mark.timeout(240)
async def test_a_killed_postmaster_is_started_again(tmp_path: Path) -> None:
    """The daemon starts its private server again and goes on; everything ends as it would have."""
    async with world(tmp_path, HOSTS, URLS) as lab:
        config = lab.settings(every="3s")
        async with lab.daemon(config) as daemon:
            ids = await lab.submit(config)
            await until(lambda: told(lab), 60)
            killed = lab.kill_postmaster()
            await until(readiness(lab, config, 200), 60)
            await all_in(lab.dsn, "gone", len(ids), 120)
            found = twins(await lab.ledger())
            daemon.check()
            started = live_postmaster(lab.data)
            code = await daemon.stop(10)

    assert found == {"told": HOSTS * URLS, "twice": {}, "altered": {}}
    assert started not in {None, killed}
    assert '"event": "database.started"' in lab.words()
    assert (code, lab.bugs()) == (0, [])


class Killing:
    """A clock that kills the private server whole when a daemon that starts last asks before it says it is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked = 0
        self.killed: int | None = None

    def now(self) -> datetime:
        """Say what time it is; before come the migrations, the keys, the daemon's id and the two clocks compared."""
        self.asked += 1
        if self.asked == 5:
            self.killed = live_postmaster(self._folder)
            server = psutil.Process(self.killed)
            backends = server.children()
            server.kill()
            for one in backends:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
        return SystemClock().now()


async def test_a_server_killed_while_the_daemon_starts_is_waited_for(tmp_path: Path) -> None:
    """It says that it is there as soon as the server runs again, and goes on."""
    key_file = tmp_path / "ntd.key"
    create_key_file(key_file)
    settings = Settings.model_validate(
        {"database": {"url": f"embedded:{tmp_path / 'pg'}"}, "security": {"key_file": key_file}}
    )
    clock = Killing(tmp_path / "pg")
    running = asyncio.create_task(run(settings, frozenset({Role.RESOLVE}), clock))

    async def there() -> bool:
        assert not running.done()
        if clock.killed is None:
            return False
        try:
            return bool(await ask(open_folder(tmp_path / "pg", shipped_binaries()).dsn, "SELECT FROM daemon"))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False

    await until(there, 30)
    signal.raise_signal(signal.SIGHUP)  # a terminal that is closed ends it in order, as SIGTERM does
    await asyncio.wait_for(running, 10)

    assert live_postmaster(tmp_path / "pg") is None


@pytest.mark.timeout(240)
async def test_a_server_by_url_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """While it is away the daemon is not ready, when it is back it goes on; one that hangs keeps no daemon alive."""
    async with world(tmp_path, HOSTS, URLS) as lab, AsyncExitStack() as stack:
        theirs = await stack.enter_async_context(embedded.server(tmp_path / "theirs", durable=False))
        config = lab.settings(database=theirs.dsn, every="3s")
        await must(ntd(config, "migrate"))
        async with lab.daemon(config) as daemon:
            ids = await lab.submit(config)
            await until(lambda: told(lab), 60)
            await stack.aclose()
            await until(readiness(lab, config, 503), 60)
            theirs = await stack.enter_async_context(embedded.server(tmp_path / "theirs", durable=False))
            await until(readiness(lab, config, 200), 60)
            await all_in(theirs.dsn, "gone", len(ids), 120)
            found = twins(await lab.ledger())
            assert theirs.pid is not None
            frozen = [theirs.pid, *(one.pid for one in psutil.Process(theirs.pid).children())]
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            try:
                code = await daemon.stop(10)
            finally:
                for pid in frozen:
                    os.kill(pid, signal.SIGCONT)

    assert found == {"told": HOSTS * URLS, "twice": {}, "altered": {}}
    assert {'"database.away"' in lab.words(), '"database.back"' in lab.words()} == {True}
    assert (code, lab.bugs()) == (0, [])
