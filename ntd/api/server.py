"""The application on a socket: how it listens, how long it waits for whom, and what it says about it."""

import logging
from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.typedefs import Handler, Middleware

from ntd.api.desk import desk_of
from ntd.api.problems import BrokenOff, Problem
from schemas.errors import Misconfigured

log = structlog.get_logger(__name__)

#: A connection without a whole request head for so long is closed: nobody holds one open by writing slowly.
_IDLE_S: Final = 30
#: How long requests may go on when the daemon stops, and again how long they may take to end: it has ten seconds for
#: everything.
_STOP_S: Final = 1
#: A request line and each header: a cursor, a token and a URL of an item fit in, little else is asked here.
_LINE_LIMIT_BYTES: Final = 8190
_HEADERS: Final = 64
#: Requests in work at once; one more is told to come back.
_AT_ONCE: Final = 256

_ROUTE: Final = web.RequestKey("route", str)
#: Asked every few seconds by machines that watch us: said only to those who want to hear everything.
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})


@asynccontextmanager
async def serving(application: web.Application, listen: str) -> AsyncIterator[str]:
    """Serve on `listen` ("127.0.0.1:8080", port 0: any) and give the base URL; Misconfigured when it is taken."""
    runner = web.AppRunner(
        application,
        access_log_class=AccessLogger,
        logger=_own_logger(),
        keepalive_timeout=_IDLE_S,
        shutdown_timeout=_STOP_S,
        max_line_size=_LINE_LIMIT_BYTES,
        max_field_size=_LINE_LIMIT_BYTES,
        max_headers=_HEADERS,
    )
    await runner.setup()
    try:
        yield await _listen(runner, listen)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, listen: str) -> str:
    wanted = urlsplit(f"//{listen}")
    site = web.TCPSite(runner, wanted.hostname, wanted.port)
    try:
        await site.start()
    except OSError as fault:
        raise Misconfigured(
            f"api.listen: {listen} cannot be listened on ({fault.strerror}); is another ntd running? "
            'Write for example "127.0.0.1:8081"'
        ) from fault
    host = f"[{wanted.hostname}]" if ":" in (wanted.hostname or "") else wanted.hostname
    return f"http://{host}:{site.port}"


class AccessLogger(AbstractAccessLogger):
    """Writes `http.request`: which route, never which path, for paths and queries hold tokens, hosts and URLs."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write one request; `time` is in seconds."""
        route = request.get(_ROUTE, "-") if isinstance(request, web.Request) else "-"
        say = log.debug if route in _QUIET else log.info
        method, sent, ms = request.method[:10], response.body_length, round(time * 1000, 1)
        say("http.request", method=method, route=route, status=response.status, bytes=sent, ms=ms)


class _Faults(logging.Filter):
    """Says what the library has to say about broken requests, without the bytes it quotes."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.exc_info[0] if record.exc_info else None
        log.info("http.malformed", fault=kind.__name__ if kind else None)
        return False


def _own_logger() -> logging.Logger:
    logger = logging.Logger("ntd.api.wire", logging.WARNING)  # noqa: LOG001 -- not in the tree: nothing of it is written
    logger.addFilter(_Faults())
    return logger


@web.middleware
async def in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the route for the log, and let no reader keep an answer waiting."""
    resource = request.match_info.route.resource
    request[_ROUTE] = resource.canonical if resource is not None else "-"
    response = await handler(request)
    try:
        async with timeout(desk_of(request).patience.taken_s):
            await response.prepare(request)
            await response.write_eof()
    except TimeoutError as fault:
        log.info("http.not_taken", route=request[_ROUTE])
        raise BrokenOff(request, "the reader was too slow") from fault
    return response


def not_too_many() -> Middleware:
    """Make the middleware that bounds the requests in work at once."""
    at_work = 0

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal at_work
        if at_work >= _AT_ONCE:
            wait = {"Retry-After": "1"}
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at once; try again shortly", headers=wait)
        at_work += 1
        try:
            return await handler(request)
        finally:
            at_work -= 1

    return counted


HARDENED: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Server": "ntd",
}


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on that every answer has: what is said here is for the asker alone."""
    for name, value in HARDENED.items():
        response.headers.setdefault(name, value)
