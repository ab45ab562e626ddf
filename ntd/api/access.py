"""Who is asking, and may they?"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from ntd.api.desk import desk_of
from ntd.api.problems import Problem
from ntd.store import callers
from schemas.access import Caller, Role

SUBMITTERS: Final = frozenset({Role.SUBMITTER, Role.ANALYST, Role.OPERATOR})
READERS: Final = frozenset({Role.ANALYST, Role.POLICY, Role.OPERATOR})
ANALYSTS: Final = frozenset({Role.ANALYST, Role.OPERATOR})
#: Not even the operator: what is fetched here is fetched in a partner's name.
PARTNERS: Final = frozenset({Role.PARTNER})


Handle = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]
Guarded = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(handle: Handle, roles: frozenset[Role]) -> Guarded:
    """Let only these roles through to a handler."""

    async def checked(request: web.Request) -> web.StreamResponse:
        caller = await _caller(request)
        if caller.role not in roles:
            allowed = ", ".join(sorted(roles))
            raise Problem(HTTPStatus.FORBIDDEN, f"a token of role {caller.role} may not do this; it takes {allowed}")
        return await handle(request, caller)

    return checked


async def _caller(request: web.Request) -> Caller:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise _stranger("send a token: Authorization: Bearer …")
    caller = await callers.find(desk_of(request).store, secret.strip())
    if caller is None:
        raise _stranger("this token is not known here, or was revoked", ', error="invalid_token"')
    return caller


def _stranger(detail: str, fault: str = "") -> Problem:
    # RFC 6750, section 3.
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": f'Bearer realm="ntd"{fault}'})
