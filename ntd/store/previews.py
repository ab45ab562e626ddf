"""What a preview of a message is about: items by id or URL, or those of a message that was written once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ntd.store.base import Store
from ntd.store.sql import statement
from schemas.ids import ItemId
from schemas.notice import Kind

_OF_NOTICE = statement("notices.of_notice")
_TOLD = statement("notices.told_about")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a message was about."""

    kind: Kind
    items: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who is told about items, or would be."""

    channel: str
    address: str
    language: str | None


async def written(store: Store, notice: UUID) -> Written | None:
    """Give what a message was about; None: there is no such message."""
    rows = await store.pool.fetch(_OF_NOTICE, notice)
    return Written(kind=Kind(rows[0]["kind"]), items=tuple(ItemId(row["item_id"]) for row in rows)) if rows else None


async def readers(store: Store, items: Sequence[ItemId]) -> list[Reader]:
    """Give who is told about items as their hoster or front."""
    return [
        Reader(
            channel=row["channel"],
            address=store.open("recipient.address", row["address_hash"], row["address"]),
            language=row["language"],
        )
        for row in await store.pool.fetch(_TOLD, list(items))
    ]
