"""Incoming mail beside what the database knows of it, and what follows from it, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notifiers.mime import address_of
from ntd.answering import CHECKS_PER_HOUR
from ntd.bouncing import Bounced, Standing, TakenBack
from ntd.case import Case
from ntd.incoming import Facts, Judged, KnownNotice
from ntd.store import cases
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.case_rows import stay_of
from ntd.store.settling import sent_of
from ntd.store.sql import statement
from schemas.errors import Refused
from schemas.ids import ItemId, NoticeId, RecipientId, StayId
from schemas.incoming import Incoming, Ticket
from schemas.notice import Kind
from schemas.settings import Settings
from schemas.url import parse_url

_NOTICES = statement("incoming.notices")
_LATEST = statement("incoming.latest")
_BY_URL = statement("incoming.by_url")
_TOLD = statement("incoming.told")
_TAKE = statement("incoming.take")
_HOLD = statement("incoming.hold_notice")
_ITEMS_OF = statement("notices.items_of")
_BOUNCE = statement("incoming.bounce")
_DELIVER = statement("incoming.deliver")
_TICKET = statement("incoming.ticket")
_STANDING = statement("incoming.standing")
_ENDED = statement("incoming.ended_stays")
_TAKE_BACK = statement("incoming.take_back")
_ANSWER = statement("incoming.answer")
_LATELY = statement("acts.answered_lately")
_HEALTH = statement("notices.health")
#: States of a notice that a bounce can take back: it had left us.
BOUNCES = frozenset({"sending", "accepted", "doubtful"})


async def facts(connection: Connection, store: Store, settings: Settings, came: Incoming) -> Facts:
    """Load what the database knows of all that a message names."""
    named = came.named
    ids = {*named.tokens, *named.messages, *named.spoken, *named.quoted}
    latest = {row["item_id"]: NoticeId(row["id"]) for row in await connection.fetch(_LATEST, list(ids))}
    rows = await connection.fetch(_NOTICES, [*ids, *latest.values()])
    hashes = [store.vault.hash("url", url) for url in _normalised(named.urls)]
    mailboxes = {store.vault.hash("recipient", f"mail:{one}"): one for one in came.recipients}
    told = {row["address_hash"] for row in await connection.fetch(_TOLD, list(mailboxes))}
    return Facts(
        notices={row["id"]: _known(store, settings, row) for row in rows},
        latest=latest,
        by_url=frozenset(ItemId(row["id"]) for row in await connection.fetch(_BY_URL, hashes)),
        told=frozenset(one for key, one in mailboxes.items() if key in told),
    )


def _normalised(urls: Iterable[str]) -> Iterable[str]:
    for url in urls:
        try:
            yield parse_url(url).text
        except Refused:
            continue


def _known(store: Store, settings: Settings, row: Row) -> KnownNotice:
    partner = next((one for one in settings.partner if one.code == row["partner"]), None)
    address = store.open("recipient.address", row["address_hash"], row["address"])
    return KnownNotice(
        id=NoticeId(row["id"]),
        kind=Kind(row["kind"]),
        recipient=RecipientId(row["recipient_id"]),
        to=address_of(partner.email) if partner and partner.email else address,
        partner=row["partner"],
        items=tuple(ItemId(item) for item in row["items"]),
    )


async def take(connection: Connection, store: Store, came: Incoming, judged: Judged, now: datetime) -> int | None:
    """Write a message down, once; None when it was taken before."""
    key = store.vault.hash("incoming", came.identity)
    detail = {
        "from": came.sender,
        "subject": came.subject,
        "message_id": came.message_id,
        "text": came.text,
        "recipient": judged.recipient,
        "status": judged.status,
        "permanent": judged.permanent,
        "ticket": judged.ticket.number if judged.ticket else None,
        "had_attachment": came.had_attachment,
    }
    sealed = store.seal("incoming.detail", key, detail, now)
    notice = judged.notice.id if judged.notice else None
    found: int | None = await connection.fetchval(_TAKE, key, now, judged.kind.value, notice, judged.acts, sealed)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A notice with its items, under lock."""

    row: Row
    items: Mapping[ItemId, Row]
    cases: dict[ItemId, Case]


async def hold(connection: Connection, notice: NoticeId) -> Held:
    """Lock a notice, after its items, like every settlement; ended stays that it spoke of are loaded too."""
    items = {ItemId(row["item_id"]): row for row in await connection.fetch(_ITEMS_OF, [notice])}
    found = await cases.lock(connection, sorted(items))
    row = await connection.fetchrow(_HOLD, notice)
    if row is None:
        raise LookupError("a notice is never deleted")
    ended: dict[ItemId, list[Any]] = {}
    for stay in await connection.fetch(_ENDED, notice):
        ended.setdefault(ItemId(stay["item_id"]), []).append(stay_of(stay))
    whole = {item: replace(case, stays=(*case.stays, *ended.get(item, ()))) for item, case in found.items()}
    return Held(row=row, items=items, cases=whole)


def bounced_of(held: Held, item: ItemId, judged: Judged) -> Bounced:
    """Say what came back, as one of its items sees it."""
    line = held.items[item]
    return Bounced(
        sent=sent_of(held.row, line, held.row["accepted_at"]),
        accepted_at=held.row["accepted_at"],
        stay=StayId(line["stay_id"]) if line["stay_id"] else None,
        status=judged.status,
        permanent=judged.permanent,
    )


async def standing(connection: Connection, held: Held) -> dict[ItemId, list[Standing]]:
    """Load which other messages about the items of a notice were accepted and still count."""
    found: dict[ItemId, list[Standing]] = {item: [] for item in held.items}
    for row in await connection.fetch(_STANDING, list(held.items), held.row["id"]):
        found[ItemId(row["item_id"])].append(
            Standing(
                kind=Kind(row["kind"]),
                recipient=RecipientId(row["recipient_id"]),
                partner=row["partner"],
                stay=StayId(row["stay_id"]) if row["stay_id"] else None,
                stay_spell=row["stay_spell"],
                accepted_at=row["accepted_at"],
            )
        )
    return found


async def bounce(connection: Connection, held: Held, lost: Sequence[TakenBack], now: datetime) -> None:
    """Write that a notice bounced: what its stays lost, and what its recipient is worth."""
    await connection.execute(_BOUNCE, held.row["id"], now)
    if lost:
        columns = [(one.stay, one.clock_at, one.noticed_at, one.forwarded_at, one.failed_at) for one in lost]
        await connection.execute(_TAKE_BACK, now, *map(list, zip(*columns, strict=True)))


async def worth(connection: Connection, recipient: RecipientId, health: str, now: datetime) -> None:
    """Write what a recipient is worth, "bounced" or "good": last of all that a settlement locks."""
    await connection.execute(_HEALTH, [recipient], [health], [now])


async def delivered(connection: Connection, notice: NoticeId, now: datetime) -> None:
    """Write that a notice has arrived."""
    await connection.execute(_DELIVER, notice, now)


async def keep_ticket(connection: Connection, store: Store, notice: NoticeId, ticket: Ticket, now: datetime) -> None:
    """Write down the number under which the other side keeps a notice."""
    value = {"number": ticket.number, "tag": ticket.tag}
    await connection.execute(_TICKET, notice, store.seal("notice.ticket", row_id(notice), value, now))


async def answered(
    connection: Connection, store: Store, judged: Judged, incoming: int, action: str, now: datetime
) -> set[ItemId]:
    """Write down what somebody wrote; give the items that may be looked at at once because of it."""
    assert judged.notice is not None  # noqa: S101 -- an answer to nothing is none
    lately = {row["item_id"]: row["n"] for row in await connection.fetch(_LATELY, list(judged.items), now)}
    key = store.vault.hash("answer", f"mail\0{incoming}")
    await connection.execute(_ANSWER, judged.notice.id, now, action, key, incoming, list(judged.items))
    return {item for item in judged.items if lately.get(item, 0) < CHECKS_PER_HOUR}
