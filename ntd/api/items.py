"""Items: lists, stories, and what analysts decide about them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from ntd import acts
from ntd.api.access import Handle
from ntd.api.desk import Desk, Query, answered, desk_of, invalid, moment_of, object_of
from ntd.api.problems import Problem
from ntd.store import items
from ntd.store.items import Filters
from schemas.access import Caller
from schemas.ids import ItemId
from schemas.item import Attention, State

#: The longest reason for an act, in characters.
REASON_LIMIT: Final = 2000
FILTERS: Final = frozenset({"state", "host", "site", "asn", "country", "source", "attention", "limit", "cursor"})


async def listing(request: web.Request, _caller: Caller) -> web.Response:
    """List items, newest first."""
    query = Query(request, FILTERS)
    filters = Filters(
        state=query.choice("state", State),
        attention=query.choice("attention", Attention),
        host=query.text("host"),
        site=query.text("site"),
        asn=query.read("asn", int, "64501"),
        country=query.read("country", str.upper, "NL"),
        source=query.text("source"),
    )
    store = desk_of(request).store
    return answered(await items.listing(store, filters, limit=query.limit(), cursor=query.text("cursor")))


async def story(request: web.Request, _caller: Caller) -> web.Response:
    """Tell the story of one item."""
    desk = desk_of(request)
    return answered(await items.story(desk.store, str(item_of(request)), desk.clock.now()))


def item_of(request: web.Request) -> ItemId:
    """Read the item that the path names."""
    try:
        return ItemId(UUID(request.match_info["id"]))
    except ValueError as fault:
        # URLs of items have no place in a path: paths stand in the logs of proxies.
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such item; the path takes an item's id") from fault


class Because(StrEnum):
    """Why an item is withdrawn; only an error of ours tells those who were told."""

    ERROR = "error"
    POLICE = "police"
    DUPLICATE = "duplicate"


Act = Callable[[Desk, ItemId, dict[str, Any], Caller, datetime], Awaitable[None]]


def act(do: Act, *keys: str) -> Handle:
    """Make the handler of an act, which takes a reason and perhaps further keys."""

    async def handle(request: web.Request, caller: Caller) -> web.Response:
        desk, item = desk_of(request), item_of(request)
        body = await object_of(request, frozenset({"reason", *keys}))
        await do(desk, item, body | {"reason": _reason(body)}, caller, desk.clock.now())
        return answered(next(iter(await items.states(desk.store, [item]))))

    return handle


def _reason(body: dict[str, Any]) -> str:
    reason = body.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise invalid("reason", 'is missing; write for example {"reason": "the police asked for it"}')
    if len(reason) > REASON_LIMIT:
        raise invalid("reason", f"is longer than {REASON_LIMIT} characters")
    return reason.strip()


async def hold(desk: Desk, item: ItemId, body: dict[str, Any], caller: Caller, now: datetime) -> None:
    """Stop everything about an item until a date or a release."""
    until = _until(body.get("until"), now)
    await acts.hold(desk.store, desk.settings, [item], until=until, reason=body["reason"], by=caller.name, now=now)


def _until(given: Any, now: datetime) -> datetime | None:
    if given is None:
        return None
    try:
        until = moment_of(given)
    except (TypeError, ValueError) as fault:
        raise invalid("until", "is not a time with its zone; write for example 2026-11-27T09:00:00Z") from fault
    if until <= now:
        raise invalid("until", "has passed already")
    return until


async def release(desk: Desk, item: ItemId, body: dict[str, Any], caller: Caller, now: datetime) -> None:
    """Let a held item go on."""
    await acts.release(desk.store, desk.settings, [item], reason=body["reason"], by=caller.name, now=now)


async def reopen(desk: Desk, item: ItemId, body: dict[str, Any], caller: Caller, now: datetime) -> None:
    """Begin anew with an ended or gone item."""
    await acts.reopen(desk.store, desk.settings, [item], reason=body["reason"], by=caller.name, now=now)


async def gone(desk: Desk, item: ItemId, body: dict[str, Any], caller: Caller, now: datetime) -> None:
    """Take an analyst's word that the content is gone."""
    await acts.gone(desk.store, desk.settings, [item], reason=body["reason"], by=caller.name, now=now)


async def up(desk: Desk, item: ItemId, body: dict[str, Any], caller: Caller, now: datetime) -> None:
    """Take an analyst's word that the content is up."""
    await acts.up(desk.store, desk.settings, [item], reason=body["reason"], by=caller.name, now=now)


async def seen(desk: Desk, item: ItemId, body: dict[str, Any], caller: Caller, now: datetime) -> None:
    """Say that what came back about an item was seen to."""
    await acts.seen(desk.store, desk.settings, [item], reason=body["reason"], by=caller.name, now=now)


async def withdraw(desk: Desk, item: ItemId, body: dict[str, Any], caller: Caller, now: datetime) -> None:
    """Take an item back."""
    try:
        because = Because(body.get("because", Because.ERROR))
    except ValueError as fault:
        raise invalid("because", f"is none of {', '.join(Because)}") from fault
    await acts.withdraw(
        desk.store, desk.settings, [item], because=because.value, reason=body["reason"], by=caller.name, now=now
    )
