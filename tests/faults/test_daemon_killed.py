"""kill -9 at any moment loses nothing and tells nobody twice."""

import os
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest

from tests.fakes.faults_world import World, all_in, ask, twins, until, world

LONG = os.environ.get("NTD_FAULTS") == "long"
HOSTS, URLS = 40, 25
KILLS = 40 if LONG else 5


class Victim:
    """A daemon that is killed and started again."""

    def __init__(self, lab: World, config: Path) -> None:
        self._lab, self._config = lab, config
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Start a daemon."""
        self._running = await self._stack.enter_async_context(self._lab.daemon(self._config))

    async def kill(self) -> None:
        """Kill it as it stands."""
        self._running.process.kill()
        await self._running.process.wait()
        await self._stack.aclose()

    async def stop(self) -> int | None:
        """Ask it to stop and give its exit code."""
        code = await self._running.stop(10)
        await self._stack.aclose()
        return code


async def progress(lab: World) -> float:
    """Say how much of the work is done, from 0 to 1: half of it are looks, half are messages."""
    seen = await lab.counts()
    items = HOSTS * URLS
    messages = items // 5 + 4 * items // 5 // 10
    told = seen["mails"] + seen["reports"] + seen["forwards"]
    return min(1.0, (seen["requests"] / (3.2 * items) + told / messages) / 2)


@pytest.mark.timeout(1800 if LONG else 240)
async def test_a_thousand_items_survive_every_kill(tmp_path: Path) -> None:
    """Whoever is killed whenever, every accepted item ends as it would have, and each recipient is told once."""
    chance = Random(int(os.environ.get("NTD_FAULTS_SEED", "20261120")))  # noqa: S311 -- repeatable, not secret
    moments = sorted(chance.uniform(0.02, 0.9) for _ in range(KILLS))
    victims = [chance.choice(["daemon", "daemon", "postmaster", "both"]) for _ in moments]
    async with world(tmp_path, HOSTS, URLS) as lab:
        config = lab.settings()
        daemon = Victim(lab, config)
        await daemon.start()
        accepted = await lab.submit(config)
        for moment, victim in zip(moments, victims, strict=True):

            async def reached(moment: float = moment) -> bool:
                return await progress(lab) >= moment

            await until(reached, 60)
            if victim != "daemon":
                lab.kill_postmaster()
            if victim != "postmaster":
                await daemon.kill()
                await daemon.start()
        await all_in(lab.dsn, "gone", len(accepted), 180)
        found = twins(await lab.ledger())
        notices = await ask(lab.dsn, "SELECT state, count(*) AS n FROM notice GROUP BY state")
        open_attempts = await ask(lab.dsn, "SELECT id FROM attempt WHERE finished_at IS NULL")
        told = await ask(
            lab.dsn, "SELECT DISTINCT item_id FROM stay WHERE noticed_at IS NOT NULL OR forwarded_at IS NOT NULL"
        )
        code = await daemon.stop()

    assert len(set(accepted)) == HOSTS * URLS
    assert found == {"told": HOSTS * URLS, "twice": {}, "altered": {}}
    assert {row["state"] for row in notices} == {"accepted"}
    assert (len(open_attempts), len(told)) == (0, HOSTS * URLS)
    assert lab.bugs() == []
    assert code == 0
