"""Messages into the outbox: what was rendered is stored with the decision to send it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ntd.gathering import BEFORE_ALL_ELSE
from ntd.store.base import Connection, Store, row_id
from ntd.store.sql import statement
from ntd.store.tellings import Gathered, Recipient
from schemas.notice import Channel, Message, Rendered

_WRITE = statement("notices.write")
_WRITE_ITEMS = statement("notices.write_items")
_WRITTEN = statement("notices.written")


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


async def write(connection: Connection, store: Store, written: Sequence[Written], now: datetime) -> None:
    """Store messages with the decision to send them, in the caller's transaction."""
    if not written:
        return
    rows = [_row(store, one, now) for one in written]
    await connection.execute(_WRITE, now, *map(list, zip(*rows, strict=True)))
    items = [
        (one.message.id, line.line.item, line.stay, line.spell, line.step) for one in written for line in one.lines
    ]
    await connection.execute(_WRITE_ITEMS, *map(list, zip(*items, strict=True)))
    tellings = [(line.telling, one.message.id) for one in written for line in one.lines]
    await connection.execute(_WRITTEN, now, *map(list, zip(*tellings, strict=True)))


def _row(store: Store, written: Written, now: datetime) -> tuple[Any, ...]:
    message, lines = written.message, written.lines
    return (
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
        0 if message.kind in BEFORE_ALL_ELSE else 1,
        min((one.first_written_at for one in lines if one.first_written_at), default=now),
        # What waits to be fetched, or for a human, has no due time of ours.
        None if written.channel in {Channel.EXCHANGE, Channel.FORM} else now,
        max(one.tries for one in lines),
        written.dry_run,
        store.seal("notice.detail", row_id(message.id), _detail(written), now),
    )


def _detail(written: Written) -> dict[str, Any]:
    message = written.message
    return {
        "mail_from": written.mail_from,
        "deadline": message.deadline.isoformat() if message.deadline else None,
        "hoster": message.hoster,
        "references": list(message.references),
    }
