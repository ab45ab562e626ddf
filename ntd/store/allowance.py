"""What was written to whom lately: the room that pace and cap leave for a recipient."""

from datetime import datetime

from ntd.allowance import HOUR, Room, hourly_room, lane_of, narrower, room_of, spend
from ntd.gathering import Addressee
from ntd.store.base import Connection, Store
from ntd.store.sql import statement
from schemas.ids import RecipientId
from schemas.settings import Settings

_ADD_LANE = statement("notices.add_lane")
_LANE = statement("notices.lane")
_SPENT = statement("notices.lane_spent")
_WRITTEN = statement("notices.written_lately")


async def room(
    connection: Connection,
    store: Store,
    settings: Settings,
    to: Addressee,
    recipient: RecipientId,
    now: datetime,
    *,
    urgent: bool,
) -> Room | None:
    """Say how many messages may be written for a recipient now; None: as many as there are.

    What is urgent keeps to the pace of the domain, and waits for no hour to pass.
    """
    lane = lane_of(to)
    if lane is None or settings.notices.dry_run:
        return None
    found = room_of(settings.notices.pace, await _spent_until(connection, store, lane, now), now)
    cap = settings.notices.hourly
    if urgent or not cap:
        return found
    (row,) = await connection.fetch(_WRITTEN, recipient, now - HOUR, max(1, cap // 4) - 1)
    return narrower(found, hourly_room(cap, row["written"], row["freed_by"], now))


async def _spent_until(connection: Connection, store: Store, lane: str, now: datetime) -> datetime:
    """Lock the bucket of a domain, and give the moment at which it is full again."""
    key = store.vault.hash("lane", lane)
    found: datetime | None = await connection.fetchval(_LANE, key)
    if found is None:
        await connection.execute(_ADD_LANE, key, now)
        found = await connection.fetchval(_LANE, key)
    return found or now


async def take(
    connection: Connection, store: Store, settings: Settings, to: Addressee, messages: int, now: datetime
) -> None:
    """Take messages that were written out of the bucket of their domain."""
    lane = lane_of(to)
    if lane is None or not messages or settings.notices.dry_run:
        return
    spent_until = spend(settings.notices.pace, await _spent_until(connection, store, lane, now), messages, now)
    await connection.execute(_SPENT, store.vault.hash("lane", lane), spent_until)
