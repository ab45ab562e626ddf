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
_LOCK_RECIPIENT = statement("notices.lock_recipient_of")
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
    started_at: datetime
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
    return [_outgoing(store, row, attempts[row["id"]], now, token) for row in rows]


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
        started_at=now,
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
        await connection.execute(_LOCK_RECIPIENT, sent.id)
        items = await connection.fetch(_ITEMS_OF, sent.id)
        before = await cases.lock(connection, sorted({ItemId(row["item_id"]) for row in items}))
        row = await connection.fetchrow(_HELD_BY, sent.id, sent.token)
        if row is None:
            return False
        reply = store.seal("attempt.reply", row_id(sent.id), delivery.reply, now) if delivery.reply else None
        by = delivery.by.value if delivery.by else None
        await connection.execute(_FINISH, sent.attempt, now, delivery.outcome.value, by, reply)
        told = [(before[ItemId(item["item_id"])], sent_of(row, item, sent.started_at)) for item in items]
        desk = _Desk(connection=connection, store=store, settings=settings, now=now)
        steps = await _carry_out(desk, row, told, delivery)
        await cases.settle(connection, store, settings, before, steps, by="notify", now=now)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What a settlement works with."""

    connection: Connection
    store: Store
    settings: Settings
    now: datetime


def _final(delivery: Delivery, row: Row, settings: Settings, now: datetime) -> AttemptOutcome:
    late = now - row["written_at"] >= settings.notices.give_up
    if late and delivery.outcome in {AttemptOutcome.TEMPORARY, AttemptOutcome.DOUBTFUL}:
        return AttemptOutcome.PERMANENT
    return delivery.outcome


async def _carry_out(desk: _Desk, row: Row, told: Sequence[tuple[Case, Sent]], delivery: Delivery) -> list[Step]:
    match _final(delivery, row, desk.settings, desk.now):
        case AttemptOutcome.ACCEPTED:
            return await _accepted(desk, row, told, delivery)
        case AttemptOutcome.PERMANENT:
            await desk.connection.execute(_FAIL, row["id"], desk.now)
            await desk.connection.execute(_HEALTH, row["recipient_id"], "failed", desk.now)
            return [failed(case, sent, desk.now, desk.settings, delivery.reply) for case, sent in told]
        case AttemptOutcome.TEMPORARY | AttemptOutcome.DOUBTFUL as outcome:
            doubted = row["doubted"] or outcome is AttemptOutcome.DOUBTFUL
            again = desk.now + _pause(delivery, row, desk.settings)
            await desk.connection.execute(_LATER, row["id"], again, doubted)
            return [Step(case=attempted(case, sent, desk.now)) for case, sent in told]


async def _accepted(desk: _Desk, row: Row, told: Sequence[tuple[Case, Sent]], delivery: Delivery) -> list[Step]:
    by = delivery.by.value if delivery.by else None
    await desk.connection.execute(_ACCEPT, row["id"], desk.now, by)
    if not row["dry_run"]:
        await desk.connection.execute(_HEALTH, row["recipient_id"], "good", desk.now)
    refused = dict(delivery.refused) if row["partner"] is not None else {}
    await _answer_per_item(desk, row, refused)
    return [
        forward_refused(case, sent, refused[case.item.id], desk.now)
        if case.item.id in refused and sent.kind is Kind.FORWARD
        else accepted(case, sent, desk.now, desk.settings, by)
        for case, sent in told
    ]


def _pause(delivery: Delivery, row: Row, settings: Settings) -> timedelta:
    if delivery.retry_after is not None:
        return delivery.retry_after
    doubled: timedelta = settings.notices.retry * 2 ** min(row["attempts"] - 1, 20)
    return min(doubled, LONGEST_PAUSE)


def sent_of(notice: Row, item: Row, attempted_at: datetime) -> Sent:
    """Say what a message was, as one of its items sees it."""
    return Sent(
        notice=NoticeId(notice["id"]),
        kind=Kind(notice["kind"]),
        recipient=RecipientId(notice["recipient_id"]),
        partner=notice["partner"],
        step=item["step"],
        stay_spell=item["stay_spell"],
        attempted_at=attempted_at,
        dry_run=notice["dry_run"],
    )


async def _answer_per_item(desk: _Desk, row: Row, refused: dict[ItemId, str]) -> None:
    if row["partner"] is None:
        return
    if refused:
        columns = [
            (item, desk.store.seal("notice_item.refused_for", row_id(row["id"], item), reason, desk.now))
            for item, reason in refused.items()
        ]
        await desk.connection.execute(_REFUSED, row["id"], *map(list, zip(*columns, strict=True)))
    await desk.connection.execute(_ACCEPTED, row["id"])


async def renew(store: Store, ids: Sequence[NoticeId], token: UUID, until: datetime) -> None:
    """Keep the leases of work under way until a moment."""
    await store.pool.execute(_RENEW, list(ids), token, until)
