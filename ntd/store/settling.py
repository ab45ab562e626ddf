"""What attempts came to, written once and in sets: messages, their recipients, and the items they speak of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ntd.case import Case, Step
from ntd.store import cases
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.notices import Outgoing
from ntd.store.sql import statement
from ntd.telling import Sent, accepted, attempted, failed, forward_refused
from schemas.ids import ItemId, NoticeId, RecipientId
from schemas.notice import AttemptOutcome, Delivery, Kind, Took
from schemas.settings import Settings

#: How often a short Retry-After is taken at its word; who repeats it for days is asked as if there were none.
_AT_ITS_WORD: Final = 10
#: A Retry-After of no seconds, or of a moment that has passed, is not at once.
_BREATH: Final = timedelta(seconds=1)
_FINISH = statement("notices.finish_attempts")
_HELD_BY = statement("notices.held_by")
_ITEMS_OF = statement("notices.items_of")
_SETTLE = statement("notices.settle_notices")
_REFUSED = statement("notices.refused_items")
_ACCEPTED = statement("notices.accepted_items")
_HEALTH = statement("notices.health")
#: RFC 5321 section 4.5.4.1 asks for at least 30 minutes between tries in the long run; four hours is our longest.
LONGEST_PAUSE = timedelta(hours=4)
#: Items settled in one transaction, unless one message has more.
LARGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What an attempt came to. `at`: when the other side answered; clocks run from there, not from when we wrote it."""

    sent: Outgoing
    delivery: Delivery
    at: datetime


Items = Mapping[NoticeId, Sequence[Row]]


async def items_of(store: Store, handed: Sequence[Handed]) -> Items:
    """Load which items messages speak of; that never changes once they are written."""
    found: dict[NoticeId, list[Row]] = {one.sent.id: [] for one in handed}
    for row in await store.pool.fetch(_ITEMS_OF, list(found)):
        found[NoticeId(row["notice_id"])].append(row)
    return found


def batches(handed: Sequence[Handed], items: Items) -> Iterator[list[Handed]]:
    """Cut into what is settled together: so many items at most, and each item once."""
    batch: list[Handed] = []
    seen: set[ItemId] = set()
    for one in handed:
        mine = {ItemId(row["item_id"]) for row in items[one.sent.id]}
        if batch and (seen & mine or len(seen) + len(mine) > LARGEST):
            yield batch
            batch, seen = [], set()
        batch.append(one)
        seen |= mine
    if batch:
        yield batch


async def settle(store: Store, settings: Settings, handed: Sequence[Handed], items: Items) -> set[NoticeId]:
    """Write what the attempts of one batch came to; give those that were still ours to settle."""
    by_id = {one.sent.id: one for one in handed}
    async with store.transaction() as connection:
        before = await cases.lock(connection, sorted({ItemId(row["item_id"]) for one in by_id for row in items[one]}))
        rows = await connection.fetch(_HELD_BY, list(by_id), handed[0].sent.token)
        if not rows:
            return set()
        settled = [_settled(store, settings, by_id[NoticeId(row["id"])], row) for row in rows]
        await _write(connection, store, settled)
        steps = [
            step
            for one in settled
            for step in _steps(
                one, [(before[ItemId(row["item_id"])], row) for row in items[one.handed.sent.id]], settings
            )
        ]
        now = max(one.at for one in handed)
        await cases.settle(connection, store, settings, before, steps, by="notify", now=now)
        await _judge(connection, settled)
    return {one.handed.sent.id for one in settled}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """One message with what its attempt means."""

    handed: Handed
    row: Row
    outcome: AttemptOutcome  # giving up counted in
    reply: bytes | None
    again_at: datetime | None

    @property
    def refused(self) -> Mapping[ItemId, str]:
        """Give the items that a partner did not take, with its reason."""
        return dict(self.handed.delivery.refused) if self.row["partner"] is not None else {}


def _settled(store: Store, settings: Settings, handed: Handed, row: Row) -> _Settled:
    delivery, at = handed.delivery, handed.at
    waits = {AttemptOutcome.TEMPORARY, AttemptOutcome.DOUBTFUL}
    late = at - row["written_at"] >= settings.notices.give_up
    outcome = AttemptOutcome.PERMANENT if late and delivery.outcome in waits else delivery.outcome
    reply = store.seal("attempt.reply", row_id(handed.sent.id), delivery.reply, at) if delivery.reply else None
    # However long the other side asks to be left alone: tried a last time when it is given up, for a human to see.
    last = row["written_at"] + settings.notices.give_up
    again_at = min(at + _pause(delivery, row, settings), last) if outcome in waits else None
    return _Settled(handed=handed, row=row, outcome=outcome, reply=reply, again_at=again_at)


def _pause(delivery: Delivery, row: Row, settings: Settings) -> timedelta:
    wish = delivery.retry_after
    tried = row["attempts"] - (_AT_ITS_WORD if wish is not None else 0)
    doubled: timedelta = settings.notices.retry * 2 ** min(tried - 1, 20) if tried > 0 else _BREATH
    least = min(doubled, LONGEST_PAUSE)
    return least if wish is None else max(wish, least)


async def _write(connection: Connection, store: Store, settled: Sequence[_Settled]) -> None:
    attempts = [
        (one.handed.sent.attempt, one.handed.at, one.handed.delivery.outcome.value, _by(one), one.reply)
        for one in settled
    ]
    await connection.execute(_FINISH, *map(list, zip(*attempts, strict=True)))
    await connection.execute(_SETTLE, *map(list, zip(*map(_notice_row, settled), strict=True)))
    await _answer_per_item(connection, store, [one for one in settled if one.outcome is AttemptOutcome.ACCEPTED])


async def _judge(connection: Connection, settled: Sequence[_Settled]) -> None:
    """Write what the recipients are worth by now."""
    latest = {one.row["recipient_id"]: one for one in sorted(settled, key=lambda one: one.handed.at) if _tells(one)}
    if latest:
        rows = [(recipient, _health(one), one.handed.at) for recipient, one in sorted(latest.items())]
        await connection.execute(_HEALTH, *map(list, zip(*rows, strict=True)))


def _by(one: _Settled) -> str | None:
    return one.handed.delivery.by.value if one.handed.delivery.by else None


def _notice_row(one: _Settled) -> tuple[Any, ...]:
    doubted = one.row["doubted"] or one.outcome is AttemptOutcome.DOUBTFUL
    state = {
        AttemptOutcome.ACCEPTED: "accepted",
        AttemptOutcome.PERMANENT: "failed",
        AttemptOutcome.TEMPORARY: "doubtful" if doubted else "waiting",
        AttemptOutcome.DOUBTFUL: "doubtful",
    }[one.outcome]
    by = _by(one) if one.outcome is AttemptOutcome.ACCEPTED else None
    return one.handed.sent.id, state, one.handed.at, by, doubted, one.again_at


def _tells(one: _Settled) -> bool:
    # What a dry run wrote into a folder says nothing about the recipient.
    return one.outcome is AttemptOutcome.PERMANENT or (
        one.outcome is AttemptOutcome.ACCEPTED and not one.row["dry_run"]
    )


def _health(one: _Settled) -> str:
    if one.outcome is not AttemptOutcome.ACCEPTED:
        return "failed"
    return "taken" if one.handed.delivery.by is Took.RELAY else "good"


async def _answer_per_item(connection: Connection, store: Store, taken: Sequence[_Settled]) -> None:
    by_partner = [one for one in taken if one.row["partner"] is not None]
    refused = [
        (one.row["id"], item, store.seal("notice_item.refused_for", row_id(one.row["id"], item), reason, one.handed.at))
        for one in by_partner
        for item, reason in one.refused.items()
    ]
    if refused:
        await connection.execute(_REFUSED, *map(list, zip(*refused, strict=True)))
    if by_partner:
        await connection.execute(_ACCEPTED, [one.row["id"] for one in by_partner])


def _steps(one: _Settled, told: Sequence[tuple[Case, Row]], settings: Settings) -> list[Step]:
    started_at = one.handed.sent.started_at
    return [_step(one, case, sent_of(one.row, item, started_at), settings) for case, item in told]


def _step(one: _Settled, case: Case, sent: Sent, settings: Settings) -> Step:
    now = one.handed.at
    match one.outcome:
        case AttemptOutcome.ACCEPTED:
            reason = one.refused.get(case.item.id)
            if reason is not None and sent.kind is Kind.FORWARD:
                return forward_refused(case, sent, reason, now)
            return accepted(case, sent, now, settings, _by(one))
        case AttemptOutcome.PERMANENT:
            delivery = one.handed.delivery
            return failed(case, sent, now, settings, delivery.reply, no_way=delivery.no_way)
        case AttemptOutcome.TEMPORARY | AttemptOutcome.DOUBTFUL:
            return Step(case=attempted(case, sent, now))


def sent_of(notice: Row, item: Row, attempted_at: datetime) -> Sent:
    """Say what a message was, as one of its items sees it."""
    return Sent(
        notice=NoticeId(notice["id"]),
        kind=Kind(notice["kind"]),
        recipient=RecipientId(notice["recipient_id"]),
        partner=notice["partner"],
        step=item["step"],
        stay_spell=item["stay_spell"],
        hoster=item["stay_hoster"],
        attempted_at=attempted_at,
        dry_run=notice["dry_run"],
    )
