"""kill -9 against a relay that drops the connection: every notice arrives, and again only as the same bytes."""

import os
from pathlib import Path
from random import Random

import pytest

from tests.fakes.faults_relay import KEPT, DroppingRelay, Outbox

RUNS, ITEMS = 3, 60


@pytest.mark.timeout(120)
async def test_every_notice_arrives_and_again_only_as_the_same_bytes(tmp_path: Path) -> None:
    """Killed at random instants while connections drop before, in and after DATA: each item is told, by one message.

    What arrives twice had its final dot taken before, and comes with the same Message-ID and the same bytes. The long
    form is benchmarks/kills.py.
    """
    chance = Random(int(os.environ.get("NTD_FAULTS_SEED", "20261122")))  # noqa: S311 -- repeatable, not secret
    async with DroppingRelay(chance).running() as relay, Outbox.open(tmp_path, relay) as outbox:
        for _ in range(RUNS):
            await outbox.killed_run(ITEMS, chance)
        await outbox.drain(60)
        found = await outbox.verdict()
        bugs = outbox.bugs()

    assert found == KEPT
    assert bugs == []
    assert min(relay.fates[fate] for fate in ("before", "inside", "after", "late")) >= 1
    assert len(relay.arrivals) >= RUNS * ITEMS / 5
