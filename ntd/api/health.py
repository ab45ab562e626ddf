"""Is it alive, is it ready, what are its figures?"""

from asyncio import Lock, timeout
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from ntd.api.desk import Desk, answered, desk_of
from ntd.api.problems import Problem
from ntd.metrics import Figures, Turns, exposition, stuck
from ntd.store.daemons import all_blind
from ntd.store.figures import figures, reachable
from schemas.wire import moment_json

log = structlog.get_logger(__name__)

#: Counting a million items is not repeated for whoever asks twice.
_FRESH: Final = timedelta(seconds=15)
_COUNTED_WITHIN_S: Final = 10
_REACHED_WITHIN_S: Final = 3


async def alive(_request: web.Request) -> web.Response:
    """Say that the process answers, and nothing more."""
    return answered({"alive": True})


async def ready(request: web.Request) -> web.Response:
    """Say whether the database is reachable, every role turns and looks see anything; 503 names what is not so."""
    desk = desk_of(request)
    now = desk.clock.now()
    hanging = stuck(desk.pulse.turned_at, now)
    state: dict[str, Any] = {
        "ready": False,
        "database": await _database(desk),
        "stuck": list(hanging),
        "blind": await _blind(desk, now),
        "void": sorted(name for name, failing in _void(desk).items() if failing),
        "turned_at": {loop: moment_json(at) for loop, at in desk.pulse.turned_at.items()},
    }
    if state["database"] and not hanging and not state["blind"]:
        return answered(state | {"ready": True})
    raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not ready: the members say what is missing", **state)


async def _database(desk: Desk) -> bool:
    try:
        async with timeout(_REACHED_WITHIN_S):
            await reachable(desk.store)
    except Exception as fault:  # noqa: BLE001 -- whatever the reason, it is not reachable
        log.info("http.database_away", fault=type(fault).__name__)
        return False
    return True


def _void(desk: Desk) -> Mapping[str, bool]:
    return desk.pulse.looks.void if desk.pulse.looks else {}


async def _blind(desk: Desk, now: datetime) -> bool:
    """Say whether nobody can see anything: this daemon where it looks, else none of those that do."""
    if desk.pulse.looks is not None:
        return desk.pulse.looks.blind
    try:
        async with timeout(_REACHED_WITHIN_S):
            return await all_blind(desk.store, now)
    except Exception:  # noqa: BLE001 -- that the database is away is said beside it
        return False


class Gauges:
    """Answers `/metrics`; counts at most once in fifteen seconds, however many ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: Figures | None = None
        self._counted_at: datetime | None = None

    async def show(self, request: web.Request) -> web.Response:
        """Write the figures."""
        desk = desk_of(request)
        now = desk.clock.now()
        async with self._lock:
            if self._counted_at is None or not timedelta() <= now - self._counted_at < _FRESH:
                self._counted, self._counted_at = await self._count(desk, now), now
        pulse = desk.pulse
        turns = Turns(turned_at=pulse.turned_at, turns=pulse.turns, faults=pulse.faults, looks=pulse.looks)
        body = exposition(self._counted, turns, now)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _count(self, desk: Desk, now: datetime) -> Figures | None:
        try:
            async with timeout(_COUNTED_WITHIN_S):
                return await figures(desk.store, now)
        except Exception as fault:  # noqa: BLE001 -- the figures of our own process are told all the same
            log.warning("http.figures_failed", fault=type(fault).__name__)
            return None
