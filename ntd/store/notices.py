"""Messages on their way out: claimed under a lease, attempted on the record, settled once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ntd.case import Case, Step
from ntd.store import cases
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.sql import statement
from ntd.telling import Sent, accepted, attempted, failed, forward_refused
from schemas.ids import ItemId, NoticeId, RecipientId
from schemas.notice import AttemptOutcome, Channel, Delivery, Kind
from schemas.settings import Settings

_RENEW = statement("notices.renew")
_CLAIM = statement("notices.claim")
_CLOSE = statement("notices.close_attempts")
_ATTEMPT = statement("notices.attempt")
_OFFERED = statement("notices.offered")
_FINISH = statement("notices.finish_attempt")
_HELD_BY = statement("notices.held_by")
_ITEMS_OF = statement("notices.items_of")
_ACCEPT = statement("notices.accept")
_FAIL = statement("notices.fail")
_LATER = statement("notices.later")
_REFUSED = statement("notices.refused_items")
_ACCEPTED = statement("notices.accepted_items")
_HEALTH = statement("notices.health")
_RETURN = statement("notices.return_sends")
#: RFC 5321 section 4.5.4.1 asks for at least 30 minutes between tries in the long run; four hours is our longest.
LONGEST_PAUSE = timedelta(hours=4)


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
    return [_outgoing(store, row, attempts[row["id"]], token) for row in rows]


def _outgoing(store: Store, row: Row, attempt: int, token: UUID) -> Outgoing:
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
        token=token,
    )


async def offered(store: Store, attempt: int, now: datetime) -> None:
    """Commit that the message itself is about to be handed over: from here on it may have been taken."""
    await store.pool.execute(_OFFERED, attempt, now)


async def give_back(store: Store, token: UUID, now: datetime) -> None:
    """Give back what was claimed and never offered."""
    await store.pool.execute(_RETURN, token, now)


async def settle(store: Store, settings: Settings, sent: Outgoing, delivery: Delivery, now: datetime) -> bool:
    """Write what an attempt came to, once; False when somebody else holds the message by now."""
    async with store.transaction() as connection:
        # Items first, then the message: every settlement takes its locks in this order.
        items = await connection.fetch(_ITEMS_OF, sent.id)
        before = await cases.lock(connection, sorted({ItemId(row["item_id"]) for row in items}))
        row = await connection.fetchrow(_HELD_BY, sent.id, sent.token)
        if row is None:
            return False
        reply = store.seal("attempt.reply", row_id(sent.id), delivery.reply, now) if delivery.reply else None
        by = delivery.by.value if delivery.by else None
        await connection.execute(_FINISH, sent.attempt, now, delivery.outcome.value, by, reply)
        outcome = _final(delivery, row, settings, now)
        steps = await _carry_out(connection, store, settings, row, items, before, delivery, outcome, now)
        await cases.settle(connection, store, settings, before, steps, by="notify", now=now)
    return True


def _final(delivery: Delivery, row: Row, settings: Settings, now: datetime) -> AttemptOutcome:
    late = now - row["written_at"] >= settings.notices.give_up
    if late and delivery.outcome in {AttemptOutcome.TEMPORARY, AttemptOutcome.DOUBTFUL}:
        return AttemptOutcome.PERMANENT
    return delivery.outcome


async def _carry_out(
    connection: Connection,
    store: Store,
    settings: Settings,
    row: Row,
    items: Sequence[Row],
    before: dict[ItemId, Case],
    delivery: Delivery,
    outcome: AttemptOutcome,
    now: datetime,
) -> list[Step]:
    told = [(before[ItemId(item["item_id"])], sent_of(row, item)) for item in items]
    match outcome:
        case AttemptOutcome.ACCEPTED:
            by = delivery.by.value if delivery.by else None
            await connection.execute(_ACCEPT, row["id"], now, by)
            if not row["dry_run"]:
                await connection.execute(_HEALTH, row["recipient_id"], "good", now)
            refused = dict(delivery.refused)
            await _answer_per_item(connection, store, row, refused, now)
            return [_step(case, sent, refused, settings, by, now) for case, sent in told]
        case AttemptOutcome.PERMANENT:
            await connection.execute(_FAIL, row["id"], now)
            await connection.execute(_HEALTH, row["recipient_id"], "failed", now)
            return [failed(case, sent, now, settings, delivery.reply) for case, sent in told]
        case AttemptOutcome.TEMPORARY | AttemptOutcome.DOUBTFUL:
            doubted = row["doubted"] or outcome is AttemptOutcome.DOUBTFUL
            await connection.execute(_LATER, row["id"], now + _pause(delivery, row, settings), doubted)
            return [Step(case=attempted(case, sent, now)) for case, sent in told]


def _pause(delivery: Delivery, row: Row, settings: Settings) -> timedelta:
    if delivery.retry_after is not None:
        return delivery.retry_after
    doubled: timedelta = settings.notices.retry * 2 ** min(row["attempts"] - 1, 20)
    return min(doubled, LONGEST_PAUSE)


def sent_of(notice: Row, item: Row) -> Sent:
    """Say what a message was, as one of its items sees it."""
    return Sent(
        notice=NoticeId(notice["id"]),
        kind=Kind(notice["kind"]),
        recipient=RecipientId(notice["recipient_id"]),
        partner=notice["partner"],
        stay_spell=item["stay_spell"],
        dry_run=notice["dry_run"],
    )


def _step(
    case: Case, sent: Sent, refused: dict[ItemId, str], settings: Settings, by: str | None, now: datetime
) -> Step:
    reason = refused.get(case.item.id)
    if reason is not None and sent.kind is Kind.FORWARD:
        return forward_refused(case, sent, reason, now)
    return accepted(case, sent, now, settings, by)


async def _answer_per_item(
    connection: Connection, store: Store, row: Row, refused: dict[ItemId, str], now: datetime
) -> None:
    if row["partner"] is None:
        return
    if refused:
        columns = [
            (item, store.seal("notice_item.refused_for", row_id(row["id"], item), reason, now))
            for item, reason in refused.items()
        ]
        await connection.execute(_REFUSED, row["id"], *map(list, zip(*columns, strict=True)))
    await connection.execute(_ACCEPTED, row["id"])


async def renew(store: Store, ids: Sequence[NoticeId], token: UUID, until: datetime) -> None:
    """Keep the leases of work under way until a moment."""
    await store.pool.execute(_RENEW, list(ids), token, until)
