"""Everything at once: opens the lab's servers in one process and writes the files that lead a daemon there."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from socket import socket
from typing import Any

import orjson
from aiohttp import web

from ntd.clock import Clock
from ntd.lab import settings_file
from ntd.lab.hoster_api import HosterApi
from ntd.lab.ledger import Ledger, key_of
from ntd.lab.letter import Letter
from ntd.lab.mail import MailServer
from ntd.lab.nameserver import NameServer
from ntd.lab.partner import Partners
from ntd.lab.plot import Plot
from ntd.lab.recipient import Recipients
from ntd.lab.registry_server import Registry
from ntd.lab.settings_file import Listening
from ntd.lab.sockets import free_port, has_ipv6, same_port
from ntd.lab.web import Web
from ntd.lab.world import World, read_world
from ntd.lab.zone import Zone

_HOME = "127.0.0.1"


def world_of(table: Path | None) -> World:
    """Read a table, the shipped one by default, without the rows that this machine cannot play."""
    shipped = files("ntd.lab").joinpath("scenarios.toml")
    world = read_world((table or shipped).read_text(encoding="utf-8"))
    return world if has_ipv6() else world.without("ipv6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """An open lab."""

    world: World
    plot: Plot
    ledger: Ledger
    on: Listening
    folder: Path
    clock: Clock

    def as_json(self) -> dict[str, Any]:
        """Give all that happened: what came in, and what every page and name did when."""
        return {
            "now": self.clock.now().isoformat(),
            "on": asdict(self.on),
            "pages": _steps(self.plot.steps()),
            "names": _steps(self.plot.moves()),
            **self.ledger.as_json(),
        }


def _steps(taken: dict[str, list[tuple[datetime, str]]]) -> dict[str, list[dict[str, str]]]:
    return {
        key: [{"at": moment.isoformat(), "does": action} for moment, action in steps] for key, steps in taken.items()
    }


@asynccontextmanager
async def open_stage(world: World, folder: Path, clock: Clock) -> AsyncIterator[Stage]:
    """Open every server of the world and write its files into `folder`; all is closed with the block."""
    plot, ledger = Plot(world, clock.now()), Ledger()
    async with AsyncExitStack() as stack:
        names = NameServer(Zone(world, plot), ledger, clock)
        stack.push_async_callback(names.close)
        people = Recipients(plot, ledger, clock)
        partners = Partners(world, plot, ledger, clock, folder / "tokens")
        post = _PostRoom(world, plot, people, partners)
        mail = MailServer(post.manners(), post.taken, ledger, clock, folder / "mail")
        stack.push_async_callback(mail.close)
        sockets, web_port = same_port(sorted({_HOME, *map(str, world.addresses())}))
        control: list[Stage] = []
        on = Listening(
            dns=await names.open(_HOME),
            web=await _serve(stack, Web(world, plot, ledger, clock).app(), sockets) and web_port,
            smtp=await mail.open(_HOME),
            rdap=await _serve(stack, Registry(world, ledger).app()),
            hosters=await _serve(stack, HosterApi(plot, ledger, clock).app()),
            partners=await _serve(stack, partners.app()),
            control=await _serve(stack, _control(control)),
            api=free_port(_HOME),
        )
        stage = Stage(world=world, plot=plot, ledger=ledger, on=on, folder=folder, clock=clock)
        control.append(stage)
        _write_files(stage)
        await stack.enter_async_context(people.answering())
        await stack.enter_async_context(partners.answering(on.public_url))
        yield stage


async def _serve(stack: AsyncExitStack, app: web.Application, sockets: Iterable[socket] = ()) -> int:
    """Serve an application on these sockets, or on a free port; give the port of the first."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    opened = list(sockets) or same_port([_HOME])[0]
    for one in opened:
        await web.SockSite(runner, one).start()
    return int(opened[0].getsockname()[1])


def _control(stage: list[Stage]) -> web.Application:
    async def ledger(_: web.Request) -> web.Response:
        return web.Response(body=orjson.dumps(stage[0].as_json()), content_type="application/json")

    async def counts(_: web.Request) -> web.Response:
        return web.Response(body=orjson.dumps(stage[0].ledger.counts()), content_type="application/json")

    app = web.Application()
    app.router.add_get("/lab/ledger", ledger)
    app.router.add_get("/lab/counts", counts)
    return app


def _write_files(stage: Stage) -> None:
    world, on, folder = stage.world, stage.on, stage.folder
    (folder / "tokens").mkdir(parents=True, exist_ok=True)
    written = {
        "ntd.toml": settings_file.settings_text(world, on),
        "networks.csv": settings_file.networks_text(world),
        "contacts.csv": settings_file.contacts_text(world),
        "items.ndjson": settings_file.items_text(world, on.web),
        **settings_file.token_files(world),
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    # Who waits for the lab waits for this file: it appears last, and whole.
    half = folder / "lab.json.half"
    half.write_bytes(orjson.dumps({"ledger": f"http://{_HOME}:{on.control}/lab/ledger", **asdict(on)}))
    half.replace(folder / "lab.json")


class _PostRoom:
    """Says whose mailbox is whose: hosters', partners', the regulator's."""

    def __init__(self, world: World, plot: Plot, people: Recipients, partners: Partners) -> None:
        self._plot = plot
        self._people = people
        self._partners = partners
        self._hosters = {box: one for one in world.hosters.values() for box in one.mailboxes}
        self._hotlines = {one.email: one for one in world.partners.values() if one.email}
        self._regulator = world.regulator

    def manners(self) -> dict[str, str]:
        """Give how each mailbox behaves."""
        takes = dict.fromkeys((*self._hotlines, self._regulator), "takes")
        return {box: one.mailbox for box, one in self._hosters.items()} | takes

    def taken(self, box: str, letter: Letter, at: datetime) -> None:
        """Let a mail have its effect on the world."""
        if box in self._hotlines:
            self._partners.take(self._hotlines[box], letter.message_id, letter.items)
        tell = self._plot.escalated if box == self._regulator else partial(self._told, box, letter)
        for item, url in letter.items.items():
            if url and box not in self._hotlines:
                tell(key_of(url), at)
                self._people.got(url, item, letter.link)

    def _told(self, box: str, letter: Letter, key: tuple[str, str], at: datetime) -> None:
        del letter
        self._plot.told(key, self._hosters[box].key, at)
