"""A lab, databases and daemons as processes of their own, to be killed: many items, little time.

The lab's table is written here: hosters that take mail at once, late, or lose their answer; one with an API; a partner.
Every page goes as soon as somebody was told about it, so each item that is not forgotten ends as gone.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiohttp
import asyncpg

from ntd.lab.processes import Finished, Program, must, ntd, program
from ntd.lab.sockets import free_port
from ntd.store.embedded import shipped_binaries
from ntd.store.embedded_folder import open_folder
from ntd.store.embedded_process import live_postmaster
from ntd.vault import create_key_file

#: What a loop says when something went wrong that is not foreseen.
BUGS: Final = ("job.failed", "turn.failed", "settlement.failed", "process.crashed")

_HOSTERS: Final = {
    "polder": 'asn = 64496\nname = "Polder"\ncountry = "NL"\nnetwork = "127.40.1.0/24"\nregistration = "nested"',
    "molen": 'asn = 64497\nname = "Molen"\ncountry = "NL"\nnetwork = "127.40.2.0/24"\nmailbox = "greylists"',
    "veste": 'asn = 64500\nname = "Veste"\ncountry = "NL"\nnetwork = "127.40.3.0/24"\nmailbox = "hangs up"',
    "dijk": 'asn = 64498\nname = "Dijk"\ncountry = "NL"\nnetwork = "127.40.4.0/24"\nrule = "api"',
    "nistru": 'asn = 64507\nname = "Nistru"\ncountry = "MD"\nnetwork = "127.40.5.0/24"',
}
_PARTNER: Final = "md-faults"

_SETTINGS: Final = """\
[organisation]
name = "Faults Hotline"
country = "NL"
domain = "hotline.example"
contact_email = "notices@hotline.example"
[database]
url = "{database}"
[api]
listen = "127.0.0.1:{api}"
public_url = "http://127.0.0.1:{api}"
[security]
key_file = "ntd.key"
[dns]
nameservers = ["127.0.0.1:{dns}"]
timeout = "2s"
[geo]
networks = ["networks.csv"]
registration = "http://127.0.0.1:{rdap}/"
refresh = "1h"
retry = "1s"
move_confirmed_after = "1s"
[routing]
abroad = "forward"
[sla]
reminder_every = "1h"
escalation = []
[notices]
window = "0s"
largest = 10
retry = "1s"
give_up = "1h"
from = "Faults Hotline <notices@hotline.example>"
dry_run = false
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
[monitor]
schedule = [["1h", "{every}"]]
confirm = 2
confirm_every = "1s"
watch_after_gone = ["1h"]
timeout = "8s"
allow = ["127.0.0.0/8"]
[log]
level = "{level}"
[[partner]]
code = "{partner}"
name = "Hotline"
countries = ["MD"]
api = "http://127.0.0.1:{partners}/{partner}"
token_file = "{partner}.token"
[[hoster]]
match = "as64498"
api = "http://127.0.0.1:{hosters}/dijk"
"""


def table(hosts: int, urls: int, *, mark: str = "", shows: Sequence[str] = ("image",)) -> str:
    """Write the lab's table: so many hosts, dealt out to the hosters in turn, each with so many items.

    `shows` is what they show until they go, in turn.
    """
    parts = ['home = "NL"\nregulator = "desk@regulator.example"\ncanary = "canary.test/real/up.jpg"']
    parts.append(f'shown = "{_host(0, mark)}/{mark}0.jpg"')
    parts += [f'[hoster.{key}]\n{row}\nabuse = "abuse{mark}@{key}.example"' for key, row in _HOSTERS.items()]
    parts.append(f'[partner.{_PARTNER}]\nname = "Hotline"\ncountries = ["MD"]\nway = "api"')
    for number in range(hosts):
        hoster = list(_HOSTERS)[number % len(_HOSTERS)]
        cue = "forwarded" if hoster == "nistru" else "told"
        host = _host(number, mark)
        address = f"{hoster}.{10 + number // len(_HOSTERS)}"
        parts.append(
            f'[[story]]\nsite = "{host.partition(".")[2]}"\ntells = "many"\nnames = {{ "{host}" = ["{address}"] }}'
        )
        parts += [
            f'[[story.item]]\nurl = "{host}/{mark}{url}.jpg"\ntells = "goes"\n'
            f'page = ["{shows[url % len(shows)]}", "{cue}: 404"]\nends = {{ state = "gone" }}'
            for url in range(urls)
        ]
    return "\n".join(parts) + "\n"


def _host(number: int, mark: str) -> str:
    return f"img{mark}.s{number}{mark}.test"


@dataclass(slots=True)
class World:
    """The lab with its folder, and the daemons that were started into it."""

    folder: Path
    ports: dict[str, Any]
    lab: Program
    http: aiohttp.ClientSession
    logs: list[Path] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """The folder of the embedded database."""
        return self.folder / "pg"

    @property
    def dsn(self) -> str:
        """Give the embedded database's URL, without taking a share of its server."""
        return open_folder(self.data, shipped_binaries()).dsn

    def settings(
        self, name: str = "ntd", *, database: str = "embedded:pg", every: str = "8s", level: str = "info"
    ) -> Path:
        """Write a configuration with a port of its own for the API. `every`: how often items are looked at."""
        config = self.folder / f"{name}.toml"
        free = {"api": free_port("127.0.0.1"), "partner": _PARTNER}
        config.write_text(_SETTINGS.format(**self.ports | free, database=database, every=every, level=level))
        if not (self.folder / "ntd.key").exists():
            create_key_file(self.folder / "ntd.key")
        return config

    @asynccontextmanager
    async def daemon(self, config: Path, *options: str) -> AsyncIterator[Program]:
        """Run a daemon until the block ends, or somebody kills it."""
        log = self.folder / f"daemon{len(self.logs)}.log"
        self.logs.append(log)
        async with program("daemon", ntd(config, "run", *options), log) as running:
            yield running

    async def submit(self, config: Path) -> list[UUID]:
        """Submit every item of the table and give the ids of those that were accepted."""
        done: Finished = await must(ntd(config, "submit", str(self.folder / "items.ndjson")))
        answers = [json.loads(line) for line in done.out.splitlines()]
        return [UUID(one["id"]) for one in answers if one["outcome"] == "accepted"]

    async def counts(self) -> Counter[str]:
        """Say how much the lab has seen."""
        return Counter(await self._ask("counts"))

    async def ledger(self) -> dict[str, Any]:
        """Give everything the lab has seen."""
        seen: dict[str, Any] = await self._ask("ledger")
        return seen

    async def _ask(self, what: str) -> Any:
        async with self.http.get(f"http://127.0.0.1:{self.ports['control']}/lab/{what}") as answer:
            return await answer.json(content_type=None)

    def words(self) -> str:
        """Give all that daemons have logged."""
        return "".join(log.read_text(errors="replace") for log in self.logs)

    def bugs(self) -> list[str]:
        """Give the lines in which a daemon complains of something unforeseen."""
        return [line for line in self.words().splitlines() if any(f'"{bug}"' in line for bug in BUGS)]

    def kill_postmaster(self) -> int:
        """Kill the embedded server as it stands; give its pid."""
        pid = live_postmaster(self.data)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid


@asynccontextmanager
async def world(
    folder: Path, hosts: int, urls: int, *, mark: str = "", shows: Sequence[str] = ("image",)
) -> AsyncIterator[World]:
    """Open a lab with so many items in a process of its own."""
    written = folder / "table.toml"
    written.write_text(table(hosts, urls, mark=mark, shows=shows))
    arguments = [sys.executable, "-m", "ntd.lab", "--dir", str(folder), "--table", str(written), "--attached"]
    async with program("lab", arguments, folder / "lab.log", attached=True) as lab, aiohttp.ClientSession() as http:
        await until(lambda: _opened(lab), 30)
        yield World(folder, json.loads((folder / "lab.json").read_text()), lab, http)


async def _opened(lab: Program) -> bool:
    lab.check()
    return "the lab is open" in lab.tail()


async def until(so: Callable[[], Awaitable[bool]], within_s: float, every_s: float = 0.05) -> None:
    """Wait until something is so; TimeoutError when it is not in time."""
    async with asyncio.timeout(within_s):
        while not await so():  # noqa: ASYNC110 -- other processes cannot set an Event of ours
            await asyncio.sleep(every_s)


async def ask(dsn: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the database on a connection of its own."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


async def all_in(dsn: str, state: str, items: int, within_s: float) -> None:
    """Wait until so many items are in a state, through whatever happens to the database meanwhile."""
    seen: dict[str, int] = {}

    async def so() -> bool:
        try:
            rows = await ask(dsn, "SELECT state, count(*) AS n FROM item GROUP BY state")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False
        seen.clear()
        seen.update({row["state"]: row["n"] for row in rows})
        return seen.get(state) == items

    try:
        await until(so, within_s, 0.2)
    except TimeoutError as fault:
        raise AssertionError(f"expected {items} {state}, seen {seen}") from fault


def twins(ledger: dict[str, Any]) -> dict[str, Any]:
    """Find everything that reached somebody twice under two names, or under one name with two contents."""
    names: dict[tuple[str, str], set[str]] = {}
    bytes_of: dict[str, set[str]] = {}
    for mail in ledger["mails"]:
        if mail["outcome"] in {"taken", "answer lost"}:
            bytes_of.setdefault(mail["letter"]["message_id"], set()).add(mail["sha256"])
            for item in mail["letter"]["items"]:
                names.setdefault((mail["to"], item), set()).add(mail["letter"]["message_id"])
    for report in ledger["reports"]:
        if report["outcome"] in {"taken", "again", "answer lost"}:
            names.setdefault((report["hoster"], report["url"]), set()).add(report["key"])
    for forward in ledger["forwards"]:
        for item in forward["items"] if forward["outcome"] == "taken" else ():
            names.setdefault((forward["partner"], item), set()).add(forward["id"])
    return {
        "told": len(names),
        "twice": {str(who): sorted(those) for who, those in names.items() if len(those) > 1},
        "altered": {name: sorted(those) for name, those in bytes_of.items() if len(those) > 1},
    }
