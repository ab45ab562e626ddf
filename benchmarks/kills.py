"""kill -9 of the daemon at random instants, against a relay that drops the connection before, in and after DATA.

    .venv/bin/python benchmarks/kills.py [--runs 1000] [--items 20] [--seed 20261122] [--fresh 10]

Each run has more items be due, starts a daemon with the role notify over the same database and kills it as it stands:
one run in `--fresh` as `ntd run` typed anew, the others forked from a process that has read the modules already. In the
end one daemon works in peace until everything is accepted. Floor: every item was told, by one message only; what
arrived more than once did so with the same Message-ID and the same bytes; no attempt is left open. The short form is
tests/faults/test_notices_killed.py.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.fakes.faults_nursery import Nursery
from tests.fakes.faults_relay import KEPT, DroppingRelay, Outbox


async def measure(runs: int, items: int, seed: int, fresh: int) -> dict[str, Any]:
    """Kill so many daemons, and say what arrived."""
    chance, began = random.Random(seed), time.perf_counter()  # noqa: S311 -- repeatable, not secret
    with tempfile.TemporaryDirectory() as folder:
        async with (
            DroppingRelay(chance).running() as relay,
            Outbox.open(Path(folder), relay) as outbox,
            Nursery.open(outbox.config) as nursery,
        ):
            for run in range(1, runs + 1):
                if run % fresh == 0:
                    await outbox.killed_run(items, chance)
                else:
                    await outbox.killed_soon(nursery, items, chance)
                if run % 50 == 0:
                    print(f"{run} killed, {len(relay.arrivals)} arrivals, {outbox.again()} of them again", flush=True)
            await outbox.drain(900)
            return {
                "runs": runs,
                "items": len(outbox.items),
                "arrivals": len(relay.arrivals),
                "arrived_again": outbox.again(),
                "fates": dict(relay.fates),
                **await outbox.verdict(),
                "bugs": outbox.bugs(),
                "took_s": round(time.perf_counter() - began),
            }


def main() -> None:
    """Measure and print one JSON document; exit 1 where something was lost, told twice or altered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--fresh", type=int, default=10)
    chosen = parser.parse_args()
    found = uvloop.run(measure(chosen.runs, chosen.items, chosen.seed, chosen.fresh))
    print(json.dumps(found, indent=2))
    if found["bugs"] or any(found[key] != value for key, value in KEPT.items()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
