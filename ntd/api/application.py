"""The application: every path, who may ask for it, and what stands around all of them."""

from asyncio import timeout
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ntd.api import exchange, figures, health, items
from ntd.api.access import ANALYSTS, PARTNERS, READERS, SUBMITTERS, Guarded, Handle, guarded
from ntd.api.answer import Door
from ntd.api.desk import DESK, Desk, answered
from ntd.api.health import Gauges
from ntd.api.openapi import document
from ntd.api.problems import problems
from ntd.api.server import harden, in_time, not_too_many
from ntd.api.submit import submit
from schemas.access import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path and method. `roles` None: no token is asked for; `streams`: it takes as long as its sender.

    `acts`: more than an answer follows from it.
    """

    method: str
    path: str
    handle: Guarded
    roles: frozenset[Role] | None
    streams: bool = False
    acts: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """Give the methods served: with a GET that does nothing also its HEAD (RFC 9110, sections 9.1 and 9.3.2)."""
        return ("GET", "HEAD") if self.method == "GET" and not self.acts else (self.method,)


def _guarded(
    method: str, path: str, handle: Handle, roles: frozenset[Role], *, streams: bool = False, acts: bool = False
) -> Route:
    return Route(
        method=method, path=f"/api/v1{path}", handle=guarded(handle, roles), roles=roles, streams=streams, acts=acts
    )


def _open(method: str, path: str, handle: Guarded) -> Route:
    return Route(method=method, path=path, handle=handle, roles=None)


_BEHIND_A_TOKEN: Final = (
    _guarded("POST", "/items", submit, SUBMITTERS, streams=True),
    _guarded("GET", "/items", items.listing, READERS),
    _guarded("GET", "/items/{id}", items.story, READERS),
    _guarded("POST", "/items/{id}/hold", items.act(items.hold, "until"), ANALYSTS),
    _guarded("POST", "/items/{id}/release", items.act(items.release), ANALYSTS),
    _guarded("POST", "/items/{id}/withdraw", items.act(items.withdraw, "because"), ANALYSTS),
    _guarded("POST", "/items/{id}/reopen", items.act(items.reopen), ANALYSTS),
    _guarded("POST", "/items/{id}/gone", items.act(items.gone), ANALYSTS),
    _guarded("POST", "/items/{id}/up", items.act(items.up), ANALYSTS),
    _guarded("POST", "/items/{id}/seen", items.act(items.seen), ANALYSTS),
    _guarded("GET", "/reports/{name}", figures.report, READERS),
    _guarded("GET", "/sites", figures.sites, READERS),
    _guarded("GET", "/relocations", figures.relocations, READERS),
    _guarded("GET", "/exchange/forwards", exchange.forwards, PARTNERS, acts=True),  # served is accepted
    _guarded("POST", "/exchange/answers", exchange.answers, PARTNERS),
)


def routes() -> Iterable[Route]:
    """Give every path that is served."""
    door = Door()
    return (
        *_BEHIND_A_TOKEN,
        _open("GET", "/api/openapi.json", describe),
        _open("GET", "/healthz", health.alive),
        _open("GET", "/readyz", health.ready),
        _open("GET", "/metrics", Gauges().show),
        _open("GET", "/h/{token}", door.show),
        _open("POST", "/h/{token}", door.take),
    )


async def describe(_request: web.Request) -> web.Response:
    """Describe the API (OpenAPI 3.1)."""
    return answered(document())


def application(desk: Desk) -> web.Application:
    """Make the application that the daemon serves."""
    app = web.Application(middlewares=[in_time, problems, not_too_many()])
    app[DESK] = desk
    app.on_response_prepare.append(harden)
    for route in routes():
        handle = route.handle if route.streams else _bounded(route.handle, desk.patience.handled_s)
        for method in route.methods:
            app.router.add_route(method, route.path, handle)
    return app


def _bounded(handle: Guarded, seconds: float) -> Guarded:
    async def bounded(request: web.Request) -> web.StreamResponse:
        async with timeout(seconds):
            return await handle(request)

    return bounded
