"""What partners fetch from us, and what stands behind an answer link."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ntd.store import keys
from ntd.store.base import Row, Store, row_id
from ntd.store.sql import statement
from ntd.vault import UnknownKey
from schemas.exchange import Asked, LinkAnswer, Said
from schemas.ids import ItemId, NoticeId
from schemas.notice import Kind

_PAGE = statement("exchange.page")
_SERVED = statement("exchange.served")
_ASKED = statement("exchange.asked")
_ASKED_ITEMS = statement("exchange.asked_items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of what a partner fetches."""

    ids: tuple[NoticeId, ...]
    waiting: tuple[NoticeId, ...]  # those of them that were never served
    more: bool


async def page(store: Store, partner: str, after: NoticeId | None, limit: int) -> Page:
    """Choose the next page for a partner: everything that waits, and what it was served after `after`."""
    rows = await store.pool.fetch(_PAGE, partner, after, limit + 1)
    shown = rows[:limit]
    return Page(
        ids=tuple(NoticeId(row["id"]) for row in shown),
        waiting=tuple(NoticeId(row["id"]) for row in shown if row["state"] == "waiting"),
        more=len(rows) > limit,
    )


async def served(store: Store, ids: Sequence[NoticeId]) -> list[tuple[Kind, dict[str, Any]]]:
    """Open the messages of those that stand as accepted, byte for byte what a partner with an API is sent."""
    rows = await store.pool.fetch(_SERVED, list(ids))
    try:
        return [(Kind(row["kind"]), _document(store, row)) for row in rows]
    except UnknownKey:
        # Another daemon has made a data key since we last read them.
        async with store.pool.acquire() as connection:
            await keys.load(connection, store.vault)
        return [(Kind(row["kind"]), _document(store, row)) for row in rows]


def _document(store: Store, row: Row) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(store.open_bytes("notice.message", row_id(row["id"]), row["message"]))
    return document


def token_hash(token: str) -> bytes:
    """Give what is stored of the token of an answer link: it is random enough that it needs no salt."""
    return hashlib.sha256(token.encode()).digest()


async def asked(store: Store, token: str, now: datetime) -> Asked | None:
    """Load what is behind an answer link; None when it is unknown or expired."""
    row = await store.pool.fetchrow(_ASKED, token_hash(token), now)
    if row is None:
        return None
    items = await store.pool.fetch(_ASKED_ITEMS, row["id"])
    return Asked(
        notice=NoticeId(row["id"]),
        written_at=row["written_at"],
        deadline=await _deadline(store, row),
        language=row["language"],
        items=tuple((ItemId(item["item_id"]), _said(item)) for item in items),
    )


def _said(row: Row) -> Said | None:
    return Said(answer=LinkAnswer(row["action"]), at=row["at"]) if row["action"] else None


async def _deadline(store: Store, row: Row) -> datetime | None:
    if row["detail"] is None:
        return None
    try:
        detail = store.open("notice.detail", row_id(row["id"]), row["detail"])
    except UnknownKey:
        async with store.pool.acquire() as connection:
            await keys.load(connection, store.vault)
        detail = store.open("notice.detail", row_id(row["id"]), row["detail"])
    return datetime.fromisoformat(detail["deadline"]) if detail["deadline"] else None
