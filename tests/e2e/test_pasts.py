"""Pages with a past, before the unmodified daemon: its own process, its own configuration, a schedule of seconds."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ntd.lab.processes import must, ntd, program
from ntd.lab.stage import world_of
from ntd.lab.verify import check_turns, ends_in
from ntd.lab.watching import Watch
from ntd.lab.world import Item
from tests.fakes.faults_world import until
from tests.fakes.monitor_proxy import proxying

TABLE = Path(__file__).with_name("pasts.toml")
#: Who looks through the proxy comes from here; the lab's cloaking sites know our other address.
FAR = "127.0.0.5"
WITHIN_S = 75
#: After the last step of a page, so many seconds of looks must have changed nothing.
STEADY = timedelta(seconds=2)

#: What is shorter than in the lab's own configuration, and where we look from.
SHORTER = {
    "schedule": '[["1h", "2s"]]',
    "confirm_every": '"500ms"',
    "watch_after_gone": '["1s", "2s", "3s", "5s", "8s", "11s", "14s", "1h"]',
    "reminder_every": '"1s"',
    "escalation": "[]",
    "window": '"0s"',
}
VANTAGES = """
[[monitor.vantage]]
name = "near"
network = "AS64500"
[[monitor.vantage]]
name = "far"
network = "AS64501"
proxy = "{proxy}"
"""


def shortened(text: str, proxy: str) -> str:
    """Write the lab's configuration with shorter times and a second vantage."""
    for key, value in SHORTER.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, count=1, flags=re.MULTILINE)
    return text + VANTAGES.format(proxy=proxy)


async def ready(http: aiohttp.ClientSession, url: str) -> bool:
    """Say whether the daemon is up and ready."""
    try:
        async with http.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False


@asynccontextmanager
async def daemon(folder: Path) -> AsyncIterator[tuple[dict[str, Any], Path]]:
    """Run the lab, a second vantage and the daemon; give where they listen, and the configuration."""
    config = folder / "ntd.toml"
    lab = [sys.executable, "-m", "ntd.lab", "--attached", "--dir", str(folder), "--table", str(TABLE)]
    async with program("lab", lab, folder / "lab.log", attached=True), proxying("http", source=FAR) as proxy:
        await until(lambda: asyncio.sleep(0, (folder / "lab.json").exists()), 30)
        on = json.loads((folder / "lab.json").read_text())
        config.write_text(shortened(config.read_text(), proxy.url))
        await must(ntd(config, "init", str(folder)))
        async with program("daemon", ntd(config, "run"), folder / "daemon.log"), aiohttp.ClientSession() as http:
            await until(lambda: ready(http, f"http://127.0.0.1:{on['api']}/readyz"), 30)
            yield on, config


def wrong(item: Item, story: dict[str, Any], ledger: dict[str, Any]) -> list[str]:
    """Say what of an item's story is not as its row says, and what has not been seen yet."""
    ending, seen = item.ending, story["checks"]["last"] or {"verdict": None, "at": story["clock"]["received_at"]}
    steps = ledger["pages"][item.url]
    latest = max(datetime.fromisoformat(steps[-1]["at"]), datetime.fromisoformat(story["clock"]["received_at"]))
    said = {
        f"state {story['state']}": story["state"] in ends_in(ending.state),
        f"attention {story['attention']}": sorted(ending.attention) == sorted(story["attention"]),
        f"verdict {seen}": not ending.verdict or seen["verdict"] == ending.verdict,
        f"gone by {story['clock']['gone_by']}": not ending.gone_by or story["clock"]["gone_by"] == ending.gone_by,
        f"steps {steps}": len(steps) == len(item.pages[""]),
        "not looked at for long enough": datetime.fromisoformat(seen["at"]) >= latest + STEADY,
    }
    turns = [str(one) for one in check_turns(item, story, ledger)]
    return [f"{item.url} ({item.tells}): {what}" for what, so in said.items() if not so] + turns


async def told(watch: Watch, items: Mapping[str, Item], urls: Iterable[str]) -> dict[str, list[str]]:
    """Say of each of these items what is not as its row says; those that are right are left away."""
    stories, ledger = {url: await watch.story(url) for url in urls}, await watch.ledger()
    found = {url: wrong(items[url], story, ledger) for url, story in stories.items()}
    return {url: lines for url, lines in found.items() if lines}


@pytest.mark.timeout(180)
async def test_every_past_ends_as_its_row_says(tmp_path: Path) -> None:
    """Each page of the table comes to its state, attention and verdict, and is gone and back only when it was."""
    async with daemon(tmp_path) as (on, config):
        api, control = (f"http://127.0.0.1:{on[name]}" for name in ("api", "control"))
        items = {item.at(on["web"]): item for item in world_of(TABLE).items}
        token = (await must(ntd(config, "token", "create", "watcher", "--role", "operator"))).out.strip()
        await must(ntd(config, "submit", str(tmp_path / "items.ndjson")))
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            watch = Watch(items, session, api, control)
            await until(lambda: seen_all(watch, len(items)), WITHIN_S)
            left = {url: [""] for url in items}

            async def ended() -> bool:
                nonlocal left
                left = await told(watch, items, left)
                return not left

            with suppress(TimeoutError):
                await until(ended, WITHIN_S, 2.0)
            # Once more all of them: nobody became gone while the last were waited for.
            left = await told(watch, items, items)

    assert len(items) >= 50
    assert left == {}


async def seen_all(watch: Watch, number: int) -> bool:
    """Say whether the daemon lists every item."""
    await watch.glance(0)
    return len(watch.ids) == number
