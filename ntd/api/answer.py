"""The link in every notice: its recipient says, without an account, what became of it. GET and HEAD record nothing."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from ntd import acts
from ntd.api.answer_form import Given, Incomplete, meant, of_form, of_json
from ntd.api.answer_reply import Came, Recorded, Shown, Unfinished, reply
from ntd.api.desk import body_of, desk_of
from ntd.api.pace import Pace
from ntd.api.problems import Problem, problem_of
from ntd.store import exchange
from ntd.store.faults import PASSING
from schemas.errors import NtdError
from schemas.exchange import Asked

#: Ten thousand items, the most a notice may hold, with room for a note in any script.
_BODY_LIMIT_BYTES: Final = 640 * 1024
#: Our tokens are 128 bits in base64: anything much longer is somebody's game.
_LONGEST_TOKEN: Final = 64


class Door:
    """The handlers of `/h/TOKEN`; they remember who came how often."""

    def __init__(self) -> None:
        self._per_token = Pace(burst=60, per_minute=60)
        self._per_client = Pace(burst=240, per_minute=240)

    async def show(self, request: web.Request) -> web.Response:
        """Show what was asked; nothing is recorded, for machines follow links too."""
        try:
            came: Came = Shown(asked=await self._behind(request))
        except (NtdError, Problem, *PASSING) as fault:
            came = problem_of(fault)
        return reply(request, desk_of(request).settings.organisation, came)

    async def take(self, request: web.Request) -> web.Response:
        """Record an answer and have its items checked."""
        try:
            came = await _record(request, await self._behind(request))
        except (NtdError, Problem, *PASSING) as fault:
            came = problem_of(fault)
        return reply(request, desk_of(request).settings.organisation, came)

    async def _behind(self, request: web.Request) -> Asked:
        """Find what the link stands for; a Problem when there is nothing, or when it is asked for too often."""
        desk, token = desk_of(request), request.match_info["token"]
        now = desk.clock.now()
        wait = self._per_client.wait(_client(request), now) or self._per_token.wait(token[:_LONGEST_TOKEN], now)
        if wait is not None:
            seconds = str(int(wait.total_seconds()) + 1)
            detail = f"too many requests; try again in {seconds} seconds"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": seconds})
        asked = await exchange.asked(desk.store, token, now) if len(token) <= _LONGEST_TOKEN else None
        if asked is None:
            raise Problem(HTTPStatus.NOT_FOUND, "this link is not known, or has expired")
        return asked


def _client(request: web.Request) -> str:
    remote = request.remote or ""
    if remote in {"127.0.0.1", "::1"}:
        # On this machine stands our own reverse proxy, and it says last for whom it asks.
        return request.headers.get("X-Forwarded-For", remote).rpartition(",")[2].strip()[:_LONGEST_TOKEN]
    return remote


async def _record(request: web.Request, asked: Asked) -> Came:
    given = await _given(request)
    try:
        answer, items = meant(asked, given)
    except Incomplete as fault:
        return Unfinished(asked=asked, given=given, missing=fault.missing)
    desk, token = desk_of(request), request.match_info["token"]
    await acts.link_answered(desk.store, desk.settings, token, items, answer, given.note, desk.clock.now())
    return Recorded(asked=asked, answer=answer, items=tuple(items))


async def _given(request: web.Request) -> Given:
    # No multipart: nobody can attach a file, so nobody can send us the material.
    match request.content_type:
        case "application/x-www-form-urlencoded":
            return of_form(await body_of(request, _BODY_LIMIT_BYTES))
        case "application/json":
            return of_json(await body_of(request, _BODY_LIMIT_BYTES))
        case _:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the form as the page does, or JSON")
