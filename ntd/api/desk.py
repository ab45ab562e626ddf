"""What every handler works with, and how it reads a request and writes an answer."""

from asyncio import timeout
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, NoReturn, TypeVar

import orjson
from aiohttp import web

from ntd.api.problems import Problem
from ntd.clock import Clock
from ntd.store.base import Store
from ntd.worker import Pulse
from schemas.settings import Settings

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)

#: A JSON body: one line of intake may be 1 MiB, and nothing else that is asked here is as large.
BODY_LIMIT_BYTES: Final = 1024 * 1024
#: Rows of a list: at most, and unless asked otherwise.
_MOST_ROWS: Final = 1000
_ROWS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long, in seconds, the other side may take; tests are less patient."""

    body_s: float = 30  # over a body that is not a stream
    silent_s: float = 60  # between two pieces of a stream
    left_s: float = 600  # over the answers that are left when a stream was taken
    taken_s: float = 60  # over an answer that lies ready
    handled_s: float = 300  # we ourselves, over anything but a stream: the longest are reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the daemon hands in."""

    settings: Settings
    store: Store
    clock: Clock
    pulse: Pulse
    patience: Patience = Patience()


DESK: Final = web.AppKey("desk", Desk)


def desk_of(request: web.Request) -> Desk:
    """Give the desk that this request came to."""
    return request.app[DESK]


def answered(value: Any, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """Answer with a JSON document."""
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


async def body_of(request: web.Request, limit_bytes: int = BODY_LIMIT_BYTES) -> bytes:
    """Read a whole body; a Problem when it is too large or too slow."""
    if (request.content_length or 0) > limit_bytes:
        _too_large(limit_bytes)
    parts, size = [], 0
    try:
        async with timeout(desk_of(request).patience.body_s):
            while part := await request.content.readany():
                size += len(part)
                if size > limit_bytes:
                    _too_large(limit_bytes)
                parts.append(part)
    except TimeoutError as fault:
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time") from fault
    return b"".join(parts)


def _too_large(limit_bytes: int) -> NoReturn:
    raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {limit_bytes} bytes")


async def document_of(request: web.Request) -> Any:
    """Read a JSON body; a Problem when it is none."""
    if request.content_type != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON, with Content-Type: application/json")
    try:
        return orjson.loads(await body_of(request))
    except orjson.JSONDecodeError as fault:
        # Without the cause's words: they may quote the body.
        raise Problem(HTTPStatus.BAD_REQUEST, "the body is not valid JSON") from fault


async def object_of(request: web.Request, known: frozenset[str]) -> dict[str, Any]:
    """Read a JSON object with no keys but the known ones; an absent body is an empty one."""
    document = await document_of(request) if request.can_read_body else {}
    if not isinstance(document, dict):
        raise Problem(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    for key in sorted(document.keys() - known):
        raise invalid(str(key)[:50], f"is not known here; known are {', '.join(sorted(known))}")
    return document


def invalid(name: str, fault: str) -> Problem:
    """Say what is wrong with one key or parameter; its value is never repeated, it may be a URL."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name} {fault}", name=name)


class Query:
    """The parameters of a request; every one must be known, or a slip of the pen would list everything."""

    def __init__(self, request: web.Request, known: frozenset[str]) -> None:
        self._given: Mapping[str, str] = request.query
        for name in sorted(self._given.keys() - known):
            raise invalid(name[:50], f"is no parameter of this path; those are {', '.join(sorted(known)) or 'none'}")

    def text(self, name: str) -> str | None:
        """Give a text, None where absent or empty."""
        return self._given.get(name) or None

    def read(self, name: str, parse: Callable[[str], Value], example: str) -> Value | None:
        """Give what `parse` makes of a parameter; a Problem with the example when it raises ValueError."""
        text = self.text(name)
        try:
            return parse(text) if text is not None else None
        except (ValueError, KeyError) as fault:
            raise invalid(name, f"cannot be read; write for example {example}") from fault

    def choice(self, name: str, among: type[Choice]) -> Choice | None:
        """Give one of a closed set."""
        return self.read(name, among, " or ".join(one.value for one in among))

    def moment(self, name: str) -> datetime | None:
        """Give a date (its beginning, UTC) or a time with its zone."""
        return self.read(name, moment_of, "2026-11-20 or 2026-11-20T09:00:00Z")

    def yes(self, name: str) -> bool | None:
        """Give true or false."""
        return self.read(name, {"true": True, "false": False}.__getitem__, "true")

    def limit(self) -> int:
        """Give how many rows are asked for."""
        asked = self.read("limit", int, str(_ROWS))
        if asked is None:
            return _ROWS
        if not 1 <= asked <= _MOST_ROWS:
            raise invalid("limit", f"is a number from 1 to {_MOST_ROWS}")
        return asked


def moment_of(text: str) -> datetime:
    """Read a date or a time with its zone as an aware moment; ValueError otherwise.

    >>> moment_of("2026-11-20").isoformat()
    '2026-11-20T00:00:00+00:00'
    """
    if len(text) == len("2026-11-20"):
        text += "T00:00:00Z"
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
