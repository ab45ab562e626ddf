"""The store: one pool, one vault, and the way sealed columns are written and read.

Which id binds a ciphertext to its row (the vault's associated data):

==================================  =====================================
column                              bound to
==================================  =====================================
site.name, host.name, host.facts    the row's name_hash
hoster.name                         key_hash
recipient.address                   address_hash
registration.answer                 key_hash
episode.addresses                   str(host_id)
origin.address, origin.source       address_hash
item.secret                         the item's id
item_report.report, .reference      the item's id + pair_hash
notice.message, .detail, .ticket    the notice's id
incoming.detail                     identity_hash
attempt.reply, answer.note          the notice's id
notice_item.refused_for             the notice's id + the item's id
round.observations, event.detail    the item's id
==================================  =====================================
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ntd.vault import Vault

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record


def row_id(*parts: UUID | bytes | int) -> bytes:
    """Join what binds a ciphertext to its row into the bytes that the vault wants."""
    return b"".join(_part(part) for part in parts)


def _part(part: UUID | bytes | int) -> bytes:
    match part:
        case UUID():
            return part.bytes
        case int():
            return str(part).encode()
        case _:
            return bytes(part)


def _json(value: Any) -> bytes:
    # Times inside are written as everywhere else: RFC 3339 with Z.
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


@dataclass(frozen=True, slots=True)
class Store:
    """Rows in and out. Its methods live beside it, one file per thing stored; all take `now`."""

    pool: asyncpg.Pool
    vault: Vault

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open one transaction on a connection of the pool."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Connection]:
        """Give a connection of the pool on which each statement is a transaction of its own: asking costs one trip."""
        async with self.pool.acquire() as connection:
            yield connection

    def seal(self, column: str, bound_to: bytes, value: Any, now: datetime) -> bytes:
        """Seal a JSON value for `table.column` of the row that `bound_to` names."""
        return self.vault.seal(column.partition(".")[0], column, bound_to, _json(value), now)

    def open(self, column: str, bound_to: bytes, sealed: bytes) -> Any:
        """Open what `seal` made."""
        return orjson.loads(self.vault.open(column, bound_to, sealed))

    def seal_bytes(self, column: str, bound_to: bytes, value: bytes, now: datetime) -> bytes:
        """Seal bytes as they are: messages."""
        return self.vault.seal(column.partition(".")[0], column, bound_to, value, now)

    def open_bytes(self, column: str, bound_to: bytes, sealed: bytes) -> bytes:
        """Open what `seal_bytes` made."""
        return self.vault.open(column, bound_to, sealed)
