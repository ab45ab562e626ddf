"""Two daemons on one database share the work, and nothing is done twice."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from ntd.lab.ledger import key_of
from tests.fakes.faults_world import all_in, ask, twins, until, world

HOSTS, URLS = 15, 10


@pytest.mark.timeout(240)
async def test_two_daemons_do_nothing_twice(tmp_path: Path) -> None:
    """Each look, message and attempt is one daemon's; the one that is told to stop in the middle loses nothing."""
    async with world(tmp_path, HOSTS, URLS) as lab:
        one, other = lab.settings("one", every="4s"), lab.settings("other", every="4s")
        async with lab.daemon(one) as first, lab.daemon(other) as second:

            async def both_there() -> bool:
                first.check()
                return all(b"daemon.started" in log.read_bytes() for log in lab.logs)

            async def at_work() -> bool:
                # Which of the two sends first is chance; both look.
                return any(b"notice.attempted" in log.read_bytes() for log in lab.logs)

            await until(both_there, 60)
            ids = await lab.submit(one)
            await until(at_work, 60)
            began = asyncio.get_running_loop().time()
            code = await first.stop(10)
            took_s = asyncio.get_running_loop().time() - began
            await all_in(lab.dsn, "gone", len(ids), 120)
            ledger = await lab.ledger()
            submitted = [json.loads(line)["url"] for line in (tmp_path / "items.ndjson").read_text().splitlines()]
            paths = ["".join(key_of(url)) for url in submitted]
            attempts = await ask(
                lab.dsn,
                "SELECT n.id, count(*) FILTER (WHERE a.outcome = 'accepted') AS accepted,"
                " count(*) FILTER (WHERE a.outcome = 'doubtful') AS doubtful"
                " FROM notice n JOIN attempt a ON a.notice_id = n.id GROUP BY n.id",
            )
            (checks,) = await ask(lab.dsn, "SELECT sum(checks) AS n FROM item")
            events = await ask(
                lab.dsn,
                "SELECT item_id FROM event WHERE event IN ('resolved', 'gone', 'notice_accepted', 'forwarded')"
                " GROUP BY item_id, event HAVING count(*) > 1",
            )
            last = await second.stop(10)

    taken = Counter(mail["letter"]["message_id"] for mail in ledger["mails"] if mail["outcome"] == "taken")
    assert (code, last) == (0, 0)
    assert took_s < 10
    assert twins(ledger) == {"told": HOSTS * URLS, "twice": {}, "altered": {}}
    assert set(taken.values()) == {1}
    assert [one["outcome"] for one in ledger["reports"] + ledger["forwards"] if one["outcome"] == "again"] == []
    assert {row["accepted"] for row in attempts} == {1}
    # The hoster that hangs up after the content has one message in doubt, offered again under the same name.
    assert sum(row["doubtful"] for row in attempts) == 1
    assert sum(ledger["requests"][path] for path in paths) == checks["n"]
    assert events == []
    assert lab.bugs() == []
