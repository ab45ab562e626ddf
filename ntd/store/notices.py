"""Messages on their way out: claimed under a lease, attempted on the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ntd.store.base import Row, Store, row_id
from ntd.store.sql import statement
from schemas.ids import NoticeId
from schemas.notice import Channel, Kind

_RENEW = statement("notices.renew")
_CLAIM = statement("notices.claim")
_CLOSE = statement("notices.close_attempts")
_ATTEMPT = statement("notices.attempt")
_OFFERED = statement("notices.offered")
_RETURN = statement("notices.return_sends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message claimed for an attempt."""

    id: NoticeId
    kind: Kind
    channel: Channel
    reached_by: str  # the recipient's channel: mail | api | form | partner
    to: str
    partner: str | None
    mail_from: str
    message_id: str
    content: bytes
    attempt: int
    again: bool  # there was an attempt before
    started_at: datetime
    urgency: int  # 0: a first notice or forward
    priority: int
    token: UUID


async def claim(store: Store, now: datetime, n: int, lease: timedelta, token: UUID) -> list[Outgoing]:
    """Claim up to `n` messages and put their attempts on record."""
    async with store.transaction() as connection:
        rows = await connection.fetch(_CLAIM, now, n, token, lease)
        if not rows:
            return []
        ids = [row["id"] for row in rows]
        await connection.execute(_CLOSE, ids, now)
        attempts = {row["notice_id"]: row["id"] for row in await connection.fetch(_ATTEMPT, ids, now)}
    found = [_outgoing(store, row, attempts[row["id"]], now, token) for row in rows]
    return sorted(found, key=lambda one: (one.urgency, one.priority, one.id))


def _outgoing(store: Store, row: Row, attempt: int, now: datetime, token: UUID) -> Outgoing:
    return Outgoing(
        id=NoticeId(row["id"]),
        kind=Kind(row["kind"]),
        channel=Channel(row["channel"]),
        reached_by=row["reached_by"],
        to=store.open("recipient.address", row["address_hash"], row["address"]),
        partner=row["partner"],
        mail_from=store.open("notice.detail", row_id(row["id"]), row["detail"])["mail_from"],
        message_id=row["message_id"],
        content=store.open_bytes("notice.message", row_id(row["id"]), row["message"]),
        attempt=attempt,
        again=row["attempts"] > 1 or row["doubted"],
        started_at=now,
        urgency=row["urgency"],
        priority=row["priority"],
        token=token,
    )


async def offered(store: Store, attempt: int, now: datetime) -> None:
    """Commit that the message itself is about to be handed over: from here on it may have been taken."""
    await store.pool.execute(_OFFERED, attempt, now)


async def give_back(store: Store, token: UUID, now: datetime) -> None:
    """Give back what was claimed and never offered."""
    await store.pool.execute(_RETURN, token, now)


async def renew(store: Store, ids: Sequence[NoticeId], token: UUID, until: datetime) -> None:
    """Keep the leases of work under way until a moment."""
    await store.pool.execute(_RENEW, list(ids), token, until)
