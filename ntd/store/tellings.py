"""What is to be told, gathered per recipient: rows in, one stored message out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.sql import statement
from ntd.store.worlds import addresses_of
from schemas.ids import ItemId, RecipientId
from schemas.item import Basis, Classification, State
from schemas.notice import Channel, Kind, Message, NoticeLine, Rendered

_DUE = statement("notices.due_groups")
_LOCK = statement("notices.lock_recipient")
_GATHER = statement("notices.gather")
_GATHERED = statement("notices.gathered")
_DROP = statement("notices.drop_tellings")
_REFERENCES = statement("notices.references")
_EARLIER = statement("notices.earlier")
_WRITE = statement("notices.write")
_WRITE_ITEMS = statement("notices.write_items")
_WRITTEN = statement("notices.written")
_SUPERSEDE = statement("notices.supersede")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a message goes to."""

    id: RecipientId
    channel: str  # mail | api | form | partner
    address: str
    partner: str | None
    format: str
    language: str | None
    grouping: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One telling with all that a message says of its item."""

    telling: int
    line: NoticeLine
    site: str
    state: State
    stay: UUID | None
    spell: int
    step: int
    priority: int
    hoster: str | None
    country: str | None
    first_written_at: datetime | None
    tries: int
    national: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What this recipient was told before about the same items."""

    message_ids: tuple[str, ...]  # oldest first
    first_at: datetime | None


async def due(store: Store, now: datetime, n: int) -> list[tuple[RecipientId, Kind]]:
    """Give up to `n` groups (recipient, kind) with something due."""
    rows = await store.pool.fetch(_DUE, now, n)
    return [(RecipientId(row["recipient_id"]), Kind(row["kind"])) for row in rows]


async def supersede(store: Store, now: datetime, n: int) -> None:
    """Have messages written anew that nobody took within an hour."""
    await store.pool.execute(_SUPERSEDE, now, n)


async def lock_recipient(connection: Connection, store: Store, recipient: RecipientId) -> Recipient | None:
    """Lock a recipient for gathering; None when another daemon is at it."""
    row = await connection.fetchrow(_LOCK, recipient)
    if row is None:
        return None
    return Recipient(
        id=RecipientId(row["id"]),
        channel=row["channel"],
        address=store.open("recipient.address", row["address_hash"], row["address"]),
        partner=row["partner"],
        format=row["format"],
        language=row["language"],
        grouping=row["grouping"],
    )


async def ready(
    connection: Connection, recipient: RecipientId, kind: Kind, now: datetime, n: int
) -> list[tuple[int, ItemId]]:
    """Give up to `n` tellings that go now, urgent ones first, as (telling, item)."""
    rows = await connection.fetch(_GATHER, recipient, kind.value, now, n)
    return [(row["id"], ItemId(row["item_id"])) for row in rows]


async def gathered(connection: Connection, store: Store, tellings: Sequence[int]) -> list[Gathered]:
    """Load tellings, under lock, with all that a message says of them; their items must be locked already."""
    rows = await connection.fetch(_GATHERED, list(tellings))
    references = await _references(connection, store, [row["item_id"] for row in rows])
    return [_gathered(store, row, references) for row in rows]


async def _references(connection: Connection, store: Store, items: list[UUID]) -> dict[UUID, str]:
    return {
        row["item_id"]: store.open("item_report.reference", row_id(row["item_id"], row["pair_hash"]), row["reference"])
        for row in await connection.fetch(_REFERENCES, items)
    }


def _gathered(store: Store, row: Row, references: dict[UUID, str]) -> Gathered:
    hoster = store.open("hoster.name", row["hoster_hash"], row["hoster_name"]) if row["hoster_name"] else None
    return Gathered(
        telling=row["id"],
        line=_line(store, row, hoster, references),
        site=store.open("site.name", row["site_hash"], row["site_name"]),
        state=State(row["state"]),
        stay=row["stay_id"],
        spell=row["spell"],
        step=row["step"],
        priority=row["priority"],
        hoster=hoster,
        country=row["country"],
        first_written_at=row["first_written_at"],
        tries=row["tries"],
        national=row["classification"] == Classification.NATIONAL.value,
    )


def _line(store: Store, row: Row, hoster: str | None, references: dict[UUID, str]) -> NoticeLine:
    secret: dict[str, Any] = store.open("item.secret", row_id(row["item_id"]), row["secret"])
    addresses = addresses_of(store, row["host_id"], row["addresses"]) if row["addresses"] else ()
    return NoticeLine(
        item=ItemId(row["item_id"]),
        url=secret["url"],
        confirmed=row["confirmed"],
        classification=Classification(row["classification"]) if row["classification"] else None,
        basis=Basis(row["basis"]),
        reason=secret.get("reason"),
        site_type=row["site_type"],
        media=row["media"],
        hashes=secret.get("hashes") or {},
        series=secret.get("series"),
        reference=references.get(row["item_id"]),
        access=secret.get("access"),
        last_up_at=row["last_up_at"],
        address=addresses[0] if addresses else None,
        confirmed_at=row["confirmed_at"],
        first_seen_at=row["began_at"] or row["received_at"],
        country=row["country"],
        asn=row["asn"],
        as_name=row["as_name"],
        hoster=hoster,
        front=row["front"],
        observed_at=row["seen_at"],
        returned=row["began_by"] == "return",
    )


async def drop(connection: Connection, tellings: Sequence[int]) -> None:
    """Forget tellings that cannot or need not be told."""
    if tellings:
        await connection.execute(_DROP, list(tellings))


async def earlier(connection: Connection, recipient: RecipientId, items: Sequence[ItemId]) -> Earlier:
    """Give what this recipient was told before about these items."""
    rows = await connection.fetch(_EARLIER, list(items), recipient)
    firsts = [row["accepted_at"] for row in rows if row["first"] and row["accepted_at"]]
    return Earlier(message_ids=tuple(row["message_id"] for row in reversed(rows)), first_at=min(firsts, default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rendered message on its way into the outbox."""

    message: Message
    rendered: Rendered
    recipient: Recipient
    lines: tuple[Gathered, ...]
    token_hash: bytes | None
    token_expires_at: datetime | None
    mail_from: str
    channel: Channel  # the folder in a dry run
    dry_run: bool


async def write(connection: Connection, store: Store, written: Written, now: datetime) -> None:
    """Store a message with the decision to send it, in the caller's transaction."""
    message, lines = written.message, written.lines
    first_told = min((one.first_written_at for one in lines if one.first_written_at), default=now)
    await connection.execute(
        _WRITE,
        message.id,
        message.kind.value,
        message.step,
        written.recipient.id,
        written.recipient.partner,
        written.channel.value,
        message.format.value,
        message.language,
        store.seal_bytes("notice.message", row_id(message.id), written.rendered.content, now),
        written.rendered.message_id,
        written.token_hash,
        written.token_expires_at,
        len(lines),
        min(one.priority for one in lines),
        0 if message.kind in {Kind.FIRST, Kind.FRONT, Kind.FORWARD} else 1,
        now,
        first_told,
        # What waits to be fetched, or for a human, has no due time of ours.
        None if written.channel in {Channel.EXCHANGE, Channel.FORM} else now,
        max(one.tries for one in lines),
        written.dry_run,
        store.seal("notice.detail", row_id(message.id), _detail(written), now),
    )
    items = [(one.line.item, one.stay, one.spell, one.step) for one in lines]
    await connection.execute(_WRITE_ITEMS, message.id, *map(list, zip(*items, strict=True)))
    await connection.execute(_WRITTEN, [one.telling for one in lines], message.id, now)


def _detail(written: Written) -> dict[str, Any]:
    message = written.message
    return {
        "mail_from": written.mail_from,
        "deadline": message.deadline.isoformat() if message.deadline else None,
        "hoster": message.hoster,
        "references": list(message.references),
    }
