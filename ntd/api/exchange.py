"""The exchange with partners: they fetch what is forwarded to them, and answer. Each sees its own and nothing else."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from ntd import acts
from ntd.api.desk import Desk, Query, answered, desk_of, document_of
from ntd.api.partner_answers import partner_answer
from ntd.api.problems import Problem
from ntd.store import exchange
from schemas.access import Caller
from schemas.errors import NotFound, Refused
from schemas.ids import NoticeId
from schemas.notice import Kind

#: Answers in one request.
ANSWERS: Final = 1000
PARAMETERS: Final = frozenset({"cursor", "limit"})


async def forwards(request: web.Request, caller: Caller) -> web.Response:
    """Serve what waits for a partner, and what it was served after the cursor; served is accepted."""
    desk, partner = desk_of(request), _partner(caller)
    query = Query(request, PARAMETERS)
    after = query.read("cursor", lambda text: NoticeId(UUID(text)), "the `next` of the page before, or a forward's id")
    page = await exchange.page(desk.store, partner, after, query.limit())
    if page.waiting:
        await acts.forward_served(desk.store, desk.settings, page.waiting, partner, desk.clock.now())
    documents = await exchange.served(desk.store, page.ids)
    return answered(
        {
            "forwards": [document for kind, document in documents if kind is Kind.FORWARD],
            "withdrawals": [document for kind, document in documents if kind is Kind.WITHDRAWAL],
            # Never backwards: what came late is served in front of the cursor.
            "next": str(max(page.ids[-1], after or page.ids[-1])) if page.more else None,
        }
    )


def _partner(caller: Caller) -> str:
    if caller.partner is None:
        raise Problem(HTTPStatus.FORBIDDEN, "this token belongs to no partner")
    return caller.partner


async def answers(request: web.Request, caller: Caller) -> web.Response:
    """Take one answer or a list of them; the same answer again is recorded once."""
    desk, partner = desk_of(request), _partner(caller)
    given = await document_of(request)
    if not isinstance(given, list):
        return answered({"accepted": [await _take(desk, partner, given)], "refused": []})
    if len(given) > ANSWERS:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"at most {ANSWERS} answers go into one request")
    return answered(await _take_all(desk, partner, given))


async def _take_all(desk: Desk, partner: str, given: list[Any]) -> dict[str, Any]:
    accepted: list[str] = []
    refused: list[dict[str, Any]] = []
    for index, one in enumerate(given):
        try:
            accepted.append(await _take(desk, partner, one))
        except (Refused, NotFound) as fault:
            refused.append({"index": index, "item": _named(one), "reason": str(fault)})
    return {"accepted": accepted, "refused": refused}


async def _take(desk: Desk, partner: str, given: Any) -> str:
    answer = partner_answer(given)
    await acts.partner_answered(desk.store, desk.settings, answer, partner, desk.clock.now())
    return str(answer.item)


def _named(given: Any) -> str | None:
    item = given.get("item") if isinstance(given, dict) else None
    return item[:36] if isinstance(item, str) else None
