"""`ntd demo` from the first line to the last: the lab, an unmodified daemon, and what came of it."""

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import aiohttp

from ntd.lab import keepsakes
from ntd.lab.ledger import key_of
from ntd.lab.processes import DemoFailed, Program, must, ntd, program, typed
from ntd.lab.screen import Screen
from ntd.lab.stage import world_of
from ntd.lab.tables import TITLES, report_table
from ntd.lab.verify import (
    Mismatch,
    check_answers,
    check_arrivals,
    check_item,
    check_ledger,
    check_migration,
    check_sla,
    check_times,
    check_turns,
)
from ntd.lab.watching import Watch
from ntd.lab.world import Item, World

_LAB_WITHIN_S = 20.0
_DAEMON_WITHIN_S = 40.0
#: After the last row has ended nothing more may happen for so long: a message too many needs time to be seen.
_QUIET_S = 4.0
_GLANCE_EVERY_S = 1.0
#: What `ntd run` promises after SIGTERM.
_STOPS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was typed."""

    output: Path
    serve: bool
    keep: bool
    within_s: float  # from the handing in: what has not ended as it must by then never will
    table: Path | None  # None: the shipped one


class Since:
    """Seconds since the demo began."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()

    @property
    def seconds(self) -> float:
        """Say how many have passed."""
        return self._loop.time() - self._begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The lab and the daemon, up."""

    folder: Path
    config: Path
    on: dict[str, Any]
    lab: Program
    daemon: Program
    world: World

    @property
    def api(self) -> str:
        """Give the daemon's base URL."""
        return f"http://127.0.0.1:{self.on['api']}"

    @property
    def control(self) -> str:
        """Give the lab's own base URL."""
        return f"http://127.0.0.1:{self.on['control']}"

    def check(self) -> None:
        """Raise DemoFailed when one of them has died."""
        self.lab.check()
        self.daemon.check()


async def play(wishes: Wishes) -> int:
    """Play the whole demo; 0 when every row ended as the table says, else 1."""
    screen = Screen()
    _stop_on_signals()
    wishes.output.mkdir(parents=True, exist_ok=True)
    since = Since()
    folder = Path(mkdtemp(prefix="ntd-demo-"))
    folder.chmod(0o711)  # as root the database runs as another user, who must reach its own folder below
    try:
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(_up(folder, wishes, screen, since))
            found = await _perform(running, wishes, screen, since)
            if wishes.serve:
                verdict(screen, found, wishes, since.seconds)
                await _serve(running, screen)
            found += await _leave(running)
        return verdict(screen, found, wishes, since.seconds)
    finally:
        screen.end()
        if wishes.keep:
            screen.say(f"kept: {folder}", "dim")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _stop_on_signals() -> None:
    """Let SIGTERM and a closed terminal end the demo as Ctrl-C does: in order, with nothing left behind."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


@asynccontextmanager
async def _up(folder: Path, wishes: Wishes, screen: Screen, since: Since) -> AsyncIterator[Running]:
    """Bring the lab and the daemon up; both are stopped with the block, the daemon first."""
    world, config = world_of(wishes.table), folder / "ntd.toml"
    screen.title(world)
    lab_command = [sys.executable, "-m", "ntd.lab", "--attached", "--dir", str(folder)]
    lab_command += ["--table", str(wishes.table)] if wishes.table else []
    async with program("lab", lab_command, folder / "lab.log", attached=True) as lab:
        await _until(lab, (folder / "lab.json").exists, _LAB_WITHIN_S)
        on = json.loads((folder / "lab.json").read_text(encoding="utf-8"))
        screen.step(since.seconds, f"the lab is open: http://127.0.0.1:{on['control']}/lab/ledger")
        await must(ntd(config, "init", str(folder)))
        screen.step(since.seconds, "key file and database are made")
        # Its log is what an operator would read first when something went wrong: kept whatever happens.
        async with program("daemon", ntd(config, "run"), wishes.output / "daemon.log") as daemon:
            running = Running(folder=folder, config=config, on=on, lab=lab, daemon=daemon, world=world)
            await _ready(running)
            screen.step(since.seconds, f"the daemon is up: {running.api}")
            yield running


async def _until(one: Program, true: Any, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not true():
                one.check()
                await asyncio.sleep(0.05)
    except TimeoutError as fault:
        raise DemoFailed(f"the {one.name} was not up within {within_s:.0f} s; it said last:\n{one.tail()}") from fault


async def _ready(running: Running) -> None:
    """Wait until the daemon says that it is ready."""
    try:
        async with asyncio.timeout(_DAEMON_WITHIN_S), aiohttp.ClientSession() as session:
            while not await _answers(session, f"{running.api}/readyz"):
                running.check()
                await asyncio.sleep(0.1)
    except TimeoutError as fault:
        said = running.daemon.tail()
        raise DemoFailed(f"the daemon was not ready within {_DAEMON_WITHIN_S:.0f} s; it said last:\n{said}") from fault


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200  # noqa: PLR2004 -- OK
    except aiohttp.ClientError:
        return False


async def _perform(running: Running, wishes: Wishes, screen: Screen, since: Since) -> list[Mismatch]:
    """Submit, watch, report; give everything that is not as it must be."""
    token = await _introduce(running)
    screen.step(since.seconds, "partners have their tokens, one site is followed")
    answers, summary = await _submit(running)
    screen.step(since.seconds, f"submitted {summary}")
    headers = {"Authorization": f"Bearer {token}"}
    items = {item.at(running.on["web"]): item for item in running.world.items}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=20)) as session:
        watch = Watch(items, session, running.api, running.control)
        await _watch(running, watch, screen, since, wishes.within_s)
        # First what arrived, then what the daemon says of it: the other way round a mail could come in between.
        ledger, stories = await watch.ledger(), await watch.stories()
        documents = {name: await watch.report(report, by) for name, report, by in keepsakes.REPORTS}
    by_row = _by_row(items, stories, ledger)
    others = [
        *check_answers(running.world, answers),
        *check_ledger(running.world, ledger),
        *check_sla(running.world, documents["sla-by-site"]),
        *check_migration(running.world, documents["migration"]),
    ]
    states = {items[url].url: story["state"] for url, story in stories.items()}
    shown = next(story for url, story in stories.items() if items[url].url == running.world.shown)
    keepsakes.write_rows(wishes.output, running.world, by_row, others, states)
    keepsakes.write_ledger(wishes.output, ledger, running.folder / "mail")
    keepsakes.write_documents(wishes.output, documents | {"item": shown, "stories": list(stories.values())})
    text = await keepsakes.write_texts(running.config, wishes.output, shown["id"])
    _show(screen, running.world, by_row, states, documents, text)
    return [one for found in by_row.values() for one in found] + others


async def _introduce(running: Running) -> str:
    """Give partners and ourselves tokens, follow a site; give our own token."""
    folder, config = running.folder / "tokens", running.config
    codes = [one.code for one in running.world.partners.values() if one.way in {"api", "fetch"}]
    watched = [story for story in running.world.stories if story.watched]
    ours, *theirs = await asyncio.gather(
        must(ntd(config, "token", "create", "demo", "--role", "operator")),
        *(must(ntd(config, "token", "create", code, "--role", "partner", "--partner", code)) for code in codes),
        *(must(ntd(config, "site", "watch", story.site, "--label", story.watched)) for story in watched),
    )
    for code, done in zip(codes, theirs, strict=False):
        (folder / code).write_text(done.out, encoding="utf-8")
    return ours.out.strip()


async def _submit(running: Running) -> tuple[list[dict[str, Any]], str]:
    """Hand the items in, bad lines and all: exit code 3 says that some were refused."""
    rejects = str(running.folder / "rejects.ndjson")
    done = await must(ntd(running.config, "submit", str(running.folder / "items.ndjson"), "--rejects", rejects), 3)
    return [json.loads(line) for line in done.out.splitlines()], done.err.strip().rpartition("\n")[2]


async def _watch(running: Running, watch: Watch, screen: Screen, since: Since, within_s: float) -> None:
    """Look until everything has ended and stayed so, or the time is over."""
    quiet_since, deadline = None, since.seconds + within_s
    screen.begin()
    while since.seconds < deadline:
        running.check()
        at_s = since.seconds
        screen.show(await watch.glance(at_s))
        quiet_since = (quiet_since or at_s) if watch.complete else None
        if quiet_since is not None and at_s - quiet_since >= _QUIET_S:
            break
        await asyncio.sleep(_GLANCE_EVERY_S)
    screen.end()


def _by_row(
    items: dict[str, Item], stories: dict[str, dict[str, Any]], ledger: dict[str, Any]
) -> dict[str, list[Mismatch]]:
    found: dict[str, list[Mismatch]] = {}
    for url, item in items.items():
        story = stories.get(url)
        if story is None:
            found[item.url] = [Mismatch(about=item.url, what="item", expected="known", seen="nothing")]
            continue
        found[item.url] = [
            *check_item(item, story),
            *check_times(item, story, ledger),
            *check_turns(item, story, ledger),
            *check_arrivals(item, story, ledger),
        ]
    return found


def _show(
    screen: Screen,
    world: World,
    found: dict[str, list[Mismatch]],
    states: dict[str, str],
    documents: dict[str, dict[str, Any]],
    story: str,
) -> None:
    screen.rows(world, found, states)
    for name, title in TITLES.items():
        screen.report(title, report_table(name, documents[name]))
    screen.report("the whole story of one item", story)


async def _serve(running: Running, screen: Screen) -> None:
    """Stay up until somebody stops us, which here is the wanted end and no failure."""
    done = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    screen.say("\nserving until Ctrl-C", "bold")
    screen.say(f"  API      {running.api}/api/v1   described by {running.api}/api/openapi.json")
    screen.say(f"  figures  {running.api}/metrics   health {running.api}/readyz")
    screen.say(f"  lab      {running.control}/lab/ledger")
    screen.say(f"  try      {typed(ntd(running.config, 'list'))}")
    while not done.is_set():
        running.check()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GLANCE_EVERY_S):
                await done.wait()


async def _leave(running: Running) -> list[Mismatch]:
    """Stop the daemon as an operator would and hold it to its promise."""
    code = await running.daemon.stop(_STOPS_WITHIN_S)
    if code == 0:
        return []
    seen = "it had to be killed" if code is None else f"code {code}"
    expected = f"exit code 0 within {_STOPS_WITHIN_S:.0f} s"
    return [Mismatch(about="daemon", what="SIGTERM", expected=expected, seen=seen)]


def verdict(screen: Screen, found: list[Mismatch], wishes: Wishes, took_s: float) -> int:
    """Say how it ended and give the exit code."""
    screen.say("")
    screen.mismatches(found)
    if found:
        rows = len({key_of("http://" + one.about) if "/" in one.about else one.about for one in found})
        screen.say(f"{rows} did not end as they must, after {took_s:.0f} s; see {wishes.output}/scenarios.txt", "red")
        return 1
    screen.say(f"✓ everything ended as the table says, after {took_s:.0f} s", "bold green")
    screen.say(f"reports, ledger and a real notice lie in {wishes.output}/", "dim")
    return 0
