"""The hosters' web servers: one port on every address of the world; what a page does follows its script."""

import asyncio
from collections import Counter
from ipaddress import ip_address

from aiohttp import web

from ntd.clock import Clock
from ntd.lab.ledger import Ledger
from ntd.lab.pages import CLOAKED, OF_THE_WHOLE_HOST, Page, beyond, flapping, page
from ntd.lab.plot import Plot
from ntd.lab.world import Hoster, World

_DRIP_EVERY_S = 0.5
_DRIP_TIMES = 240  # two minutes: longer than any look
_PARKING = "parkeer"
_HOME = "127.0.0.1"


class Web:
    """Answers for every hoster; which one is asked shows in the address that was dialled."""

    def __init__(self, world: World, plot: Plot, ledger: Ledger, clock: Clock) -> None:
        self._world = world
        self._plot = plot
        self._ledger = ledger
        self._clock = clock
        self._flaps: Counter[str] = Counter()

    def app(self) -> web.Application:
        """Give the application to be served."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        host, path = _host(request), request.path_qs
        self._ledger.requests[host + path] += 1
        shown = self.page(host, path, self._hoster(request), far=request.remote != _HOME)
        match shown.manner:
            case "reset":
                return _cut(request)
            case "stall":
                await asyncio.sleep(_DRIP_TIMES * _DRIP_EVERY_S)
                return _cut(request)
            case "drip":
                return await _drip(request, shown)
            case _:
                return web.Response(
                    status=shown.status, body=shown.body, headers={"Content-Type": shown.kind, **shown.headers}
                )

    def page(self, host: str, path: str, hoster: Hoster | None, *, far: bool = False) -> Page:
        """Give what this hoster answers for a path of a host now; `far`: to somebody who comes from elsewhere."""
        if hoster is not None and hoster.key == _PARKING:
            return page("parked", path)
        now = self._clock.now()
        action = self._plot.page((host, path), hoster.key if hoster else "", now)
        if action == "flap":
            self._flaps[host + path] += 1
            return flapping(self._flaps[host + path] - 1, path)
        if action in CLOAKED:
            return page("image" if far else CLOAKED[action], path)
        if action is not None:
            return page(action, path)
        shared = OF_THE_WHOLE_HOST.intersection(self._plot.of_host(host, now))
        return page(min(shared), path) if shared else beyond(path)

    def _hoster(self, request: web.Request) -> Hoster | None:
        own = request.transport.get_extra_info("sockname") if request.transport else None
        return self._world.hoster_of(ip_address(own[0])) if own else None


def _host(request: web.Request) -> str:
    name, _, port = request.host.rpartition(":")
    return (name if port.isdigit() and name else request.host).lower()


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _drip(request: web.Request, shown: Page) -> web.StreamResponse:
    response = web.StreamResponse(status=shown.status, headers={"Content-Type": shown.kind})
    response.content_length = len(shown.body)
    await response.prepare(request)
    for at in range(_DRIP_TIMES):
        await response.write(shown.body[at : at + 1])
        await asyncio.sleep(_DRIP_EVERY_S)
    return response
