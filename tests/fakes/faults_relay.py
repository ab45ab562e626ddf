"""A relay that drops the connection before, in and after DATA, and the daemon that is killed while it sends to it.

`Outbox` writes items that are due to be told, runs a daemon with the role notify over them and kills it at random
instants; `verdict` says what arrived against what was promised.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from ntd.clock import SystemClock
from ntd.lab.processes import Program, ntd, program
from ntd.lab.sockets import free_port
from ntd.store.base import Store
from ntd.store.connect import open_store
from ntd.vault import create_key_file
from schemas.settings import Database, Security, Settings
from tests.fakes.faults_nursery import Nursery
from tests.fakes.faults_world import BUGS, until
from tests.fakes.outbox_rows import Rows

#: What becomes of a message, and how often: taken and said so, and a connection that is dropped at four moments.
FATES: Final = {"take": 8, "before": 2, "inside": 2, "after": 2, "late": 2}
_CHUNK_BYTES: Final = 2000
_MESSAGE_ID: Final = re.compile(rb"(?m)^Message-ID: <([^>]+)>")
_SETTINGS: Final = """\
[organisation]
name = "Kills Hotline"
domain = "hotline.example"
contact_email = "notices@hotline.example"
[database]
url = "embedded:pg"
[api]
listen = "127.0.0.1:{api}"
[security]
key_file = "ntd.key"
[dns]
nameservers = ["127.0.0.1:{dns}"]
[geo]
registration = "off"
[notices]
window = "0s"
largest = 5
retry = "100ms"
dry_run = false
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
"""


@dataclass(slots=True)
class Arrival:
    """One message whose final dot was taken; `said`: the sender was told so."""

    message_id: str
    sha256: str
    said: bool


@dataclass(slots=True)
class DroppingRelay:
    """Takes mail and drops connections, as chance says."""

    chance: Random
    arrivals: list[Arrival] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    port: int = 0
    calm: bool = False  # once set, everything is taken

    @asynccontextmanager
    async def running(self) -> AsyncIterator["DroppingRelay"]:
        """Listen on a port of its own."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.test\r\n")
        while line := await reader.readline():
            match line[:4].upper():
                case b"DATA":
                    if not await self._content(reader, writer):
                        return
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"250 ok\r\n")
            await writer.drain()

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one message as its fate says; False: the connection is dropped."""
        fate = "take" if self.calm else self.chance.choices(list(FATES), list(FATES.values()))[0]
        self.fates[fate] += 1
        if fate == "before":
            return False
        writer.write(b"354 go ahead\r\n")
        if fate == "inside":
            await reader.readexactly(_CHUNK_BYTES)
            return False
        content = await reader.readuntil(b"\r\n.\r\n")
        found = _MESSAGE_ID.search(content)
        arrival = Arrival(
            message_id=found[1].decode() if found else "",
            sha256=hashlib.sha256(content).hexdigest(),
            said=False,
        )
        self.arrivals.append(arrival)
        if fate == "after":
            return False
        if fate == "late":
            await asyncio.sleep(self.chance.uniform(0.01, 0.2))
        arrival.said = True
        writer.write(b"250 taken\r\n")
        return True


@dataclass(slots=True)
class Outbox:
    """A database with items that are due to be told, and the daemons that tell of them."""

    folder: Path
    store: Store
    rows: Rows
    config: Path
    relay: DroppingRelay
    items: list[UUID] = field(default_factory=list)
    logs: int = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, relay: DroppingRelay, recipients: int = 6) -> AsyncIterator["Outbox"]:
        """Open a database of its own, kept safe from power cuts, with so many recipients."""
        create_key_file(folder / "ntd.key")
        config = folder / "ntd.toml"
        ports = {"api": free_port("127.0.0.1"), "dns": free_port("127.0.0.1"), "smtp": relay.port}
        config.write_text(_SETTINGS.format(**ports))
        settings = Settings(
            database=Database(url=f"embedded:{folder / 'pg'}"), security=Security(key_file=folder / "ntd.key")
        )
        clock = SystemClock()
        async with open_store(settings, clock) as store:
            rows = Rows(recipients=recipients)
            async with store.pool.acquire() as connection:
                await rows.add_recipients(connection, store, clock.now())
            yield cls(folder, store, rows, config, relay)

    async def add(self, count: int) -> None:
        """Have so many more items be due."""
        now = SystemClock().now()
        async with self.store.pool.acquire() as connection:
            await connection.execute("UPDATE host SET looked_at = $1", now)
            numbers = range(len(self.items), len(self.items) + count)
            self.items += await self.rows.add_items(connection, self.store, numbers, now)

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Program]:
        """Run a daemon that notifies; it ends with the block."""
        self.logs += 1
        log = self.folder / f"daemon{self.logs}.log"
        async with program("daemon", ntd(self.config, "run", "--only", "notify"), log) as running:
            yield running

    async def killed_run(self, items: int, chance: Random) -> None:
        """Have items be due, start a daemon and kill it as it stands: mostly at work, now and then as it begins."""
        await self.add(items)
        async with self.daemon() as running:
            await self._kill_at_random(running.log, items // 5, chance)
            running.process.kill()
            await running.process.wait()

    async def killed_soon(self, nursery: Nursery, items: int, chance: Random) -> None:
        """Do the same with a daemon that is forked, which starts at once."""
        await self.add(items)
        self.logs += 1
        log = self.folder / f"daemon{self.logs}.log"
        pid = await nursery.start(log)
        try:
            # What is tried again counts too: for each message there are about two.
            await self._kill_at_random(log, items, chance)
        finally:
            await nursery.kill(pid)

    async def _kill_at_random(self, log: Path, most: int, chance: Random) -> None:
        """Wait for the moment, at which so many messages at most were offered."""
        seen = self.relay.fates.total()
        # Among as many messages as there are, or at any moment after the start.
        wanted = seen + chance.randint(0, most) if chance.random() < 0.8 else seen
        if chance.random() < 0.9:
            await until(lambda: _started(log), 30, 0.01)
            with suppress(TimeoutError):
                await until(lambda: self._handed(wanted), 3, 0.001)
        await asyncio.sleep(chance.uniform(0, 0.05))

    async def _handed(self, count: int) -> bool:
        return self.relay.fates.total() >= count

    async def drain(self, within_s: float) -> None:
        """Let a daemon work in peace until everything is accepted."""
        async with self.daemon():
            await until(self._all_accepted, within_s, 0.1)

    async def _all_accepted(self) -> bool:
        told = await self.store.pool.fetchval(
            "SELECT count(DISTINCT item_id) FROM notice_item ni JOIN notice n ON n.id = ni.notice_id"
            " WHERE n.state = 'accepted'"
        )
        left = await self.store.pool.fetchval(
            "SELECT count(*) FROM notice WHERE state NOT IN ('accepted', 'superseded')"
        )
        return bool(told == len(self.items) and left == 0)

    async def verdict(self) -> dict[str, object]:
        """Say what arrived against what was promised."""
        rows = await self.store.pool.fetch(
            "SELECT n.message_id, n.state, ni.item_id FROM notice n JOIN notice_item ni ON ni.notice_id = n.id"
        )
        of_item: dict[UUID, set[str]] = {}
        for row in rows:
            of_item.setdefault(row["item_id"], set()).add(row["message_id"].strip("<>"))
        arrived: dict[str, list[Arrival]] = {}
        for one in self.relay.arrivals:
            arrived.setdefault(one.message_id, []).append(one)
        told = {item: sum(name in arrived for name in names) for item, names in of_item.items()}
        open_attempts = await self.store.pool.fetchval("SELECT count(*) FROM attempt WHERE finished_at IS NULL")
        return {
            "never_told": len(self.items) - sum(count > 0 for count in told.values()),
            "told_under_two_names": sum(count > 1 for count in told.values()),
            "unknown_arrivals": len(arrived.keys() - {name for names in of_item.values() for name in names}),
            "altered": sum(len({one.sha256 for one in each}) > 1 for each in arrived.values()),
            "open_attempts": open_attempts,
        }

    def again(self) -> int:
        """Count messages that arrived more than once."""
        names = Counter(one.message_id for one in self.relay.arrivals)
        return sum(count > 1 for count in names.values())

    def bugs(self) -> list[str]:
        """Give the lines in which a daemon complains of something unforeseen."""
        words = "".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("daemon*.log")))
        return [line for line in words.splitlines() if any(f'"{bug}"' in line for bug in BUGS)]


async def _started(log: Path) -> bool:
    return log.exists() and b"daemon.started" in log.read_bytes()


#: What every harness must find.
KEPT: Final = {"never_told": 0, "told_under_two_names": 0, "unknown_arrivals": 0, "altered": 0, "open_attempts": 0}
