"""Who can be told at each step of the ladder, as recipients."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ntd.store.base import Connection, Store
from ntd.store.worlds import Wanted, add_recipients
from schemas.ids import RecipientId
from schemas.notice import Kind


async def recipients(
    connection: Connection, store: Store, contacts: Mapping[Kind, str], now: datetime
) -> dict[Kind, RecipientId]:
    """Make sure that the mailboxes of steps are recipients."""
    wanted: Sequence[Wanted] = [Wanted(channel="mail", address=address) for address in contacts.values()]
    ids = await add_recipients(connection, store, wanted, now)
    return {kind: ids["mail", address] for kind, address in contacts.items()}
