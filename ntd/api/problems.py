"""Every error of the API as a problem document (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from ntd.store.faults import PASSING
from schemas.errors import IllegalTransition, NotFound, NtdError, Refused, Temporary, Unreachable

log = structlog.get_logger(__name__)

TYPE: Final = "application/problem+json"
#: Seconds a caller is asked to wait when a part of us is away: as long as a database takes to come back.
AWAY_S: Final = 5


class Problem(Exception):  # noqa: N818 -- the word of RFC 9457
    """An answer that is an error: its status, a sentence, and members of its own."""

    def __init__(self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] = {}, **members: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.members = status, detail, dict(headers), members


class BrokenOff(ConnectionResetError):  # noqa: N818 -- what it means, not that it is an error
    """An answer had begun and cannot be finished: only the end of the connection says so."""

    def __init__(self, request: web.Request, why: str) -> None:
        super().__init__(why)
        if request.transport is not None:
            request.transport.abort()


def response(problem: Problem) -> web.Response:
    """Write a problem as the RFC wants it: `about:blank`, so the title is the status's own phrase."""
    document = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        **problem.members,
    }
    body = orjson.dumps(document)
    return web.Response(status=problem.status, body=body, content_type=TYPE, headers=problem.headers)


def problem_of(fault: Exception) -> Problem:
    """Say which problem a failure is; what nobody foresaw is ours, and its words stay with us."""
    match fault:
        case Problem():
            return fault
        case web.HTTPException():
            return _of_http(fault)
        case NotFound():
            return Problem(HTTPStatus.NOT_FOUND, str(fault))
        case Refused():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(fault))
        case IllegalTransition():
            return Problem(HTTPStatus.CONFLICT, str(fault))
        case Unreachable() | Temporary():
            return away()
        case _ if isinstance(fault, PASSING):
            return away()
        case _:
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something failed here; the log says what")


def away() -> Problem:
    """Say that a part of us, most likely the database, cannot be reached now."""
    wait = {"Retry-After": str(AWAY_S)}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "a part of this service is away; try again shortly", headers=wait)


_SENTENCES: Final = {
    HTTPStatus.NOT_FOUND: "there is nothing under this path; /api/openapi.json lists what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take this method; the Allow header lists those it takes",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is larger than this path takes",
}


def _of_http(fault: web.HTTPException) -> Problem:
    status = HTTPStatus(fault.status)
    kept = {name: fault.headers[name] for name in ("Allow",) if name in fault.headers}
    return Problem(status, _SENTENCES.get(status, status.phrase), headers=kept)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a problem document."""
    try:
        return await handler(request)
    except BrokenOff:
        raise
    except (Problem, web.HTTPException, NtdError, *PASSING) as fault:
        return response(problem_of(fault))
    except Exception as fault:
        log.exception("http.failed", fault=type(fault).__name__)
        return response(problem_of(fault))
