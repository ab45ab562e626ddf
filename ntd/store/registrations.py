"""Registration answers, kept per network block or domain: what one daemon asked, none asks again."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import structlog

from ntd.store.base import Store
from ntd.store.faults import PASSING
from ntd.store.sql import statement
from ntd.store.together import Together
from schemas.hosting import Address, Network

K = TypeVar("K", bytes, Address)
log = structlog.get_logger()

_GET = statement("registrations.get")
_BLOCK = statement("registrations.block")
_PUT = statement("registrations.put")
_FORGET = statement("registrations.forget")

#: Every so many answers that are kept, so many that have expired are forgotten.
FORGET_EVERY: Final = 100
FORGET_AT_MOST: Final = 1000


class StoredRegistrations:
    """A cache of registration answers in the database (`geo.registration_cache.RegistrationCache`).

    While the database is away nothing is known and nothing is kept: the look goes on, and asks the registries.
    """

    def __init__(self, store: Store) -> None:
        """Keep answers in `store`."""
        self._store = store
        self._keys: Together[bytes] = Together(partial(self._find, _GET))
        self._blocks: Together[Address] = Together(partial(self._find, _BLOCK))
        self._puts = 0

    async def get(self, key: str, now: datetime) -> bytes | None:
        """Give the answer under a key that has not expired."""
        return await self._keys.get(self._hash(key), now)

    async def block(self, address: Address, now: datetime) -> bytes | None:
        """Give the answer of the smallest block that holds the address and has not expired."""
        return await self._blocks.get(address, now)

    async def _find(self, sql: str, sought: Mapping[K, datetime]) -> dict[K, bytes]:
        try:
            rows = await self._store.pool.fetch(sql, list(sought), list(sought.values()))
        except PASSING as fault:
            log.info("registrations.away", fault=type(fault).__name__)
            return {}
        # Many addresses stand in one block: its answer is opened once.
        sealed = {row["key_hash"]: row["answer"] for row in rows}
        opened = {key: self._store.open_bytes("registration.answer", key, one) for key, one in sealed.items()}
        return {row["sought"]: opened[row["key_hash"]] for row in rows}

    async def put(
        self, key: str, block: Network | None, answer: bytes, fetched_at: datetime, expires_at: datetime
    ) -> None:
        """Keep an answer, in the place of an older one under the same key."""
        hashed = self._hash(key)
        sealed = self._store.seal_bytes("registration.answer", hashed, answer, fetched_at)
        try:
            await self._store.pool.execute(_PUT, hashed, block, sealed, fetched_at, expires_at)
            self._puts += 1
            if self._puts % FORGET_EVERY == 0:
                await self._store.pool.execute(_FORGET, fetched_at, FORGET_AT_MOST)
        except PASSING as fault:
            log.info("registrations.away", fault=type(fault).__name__)

    def _hash(self, key: str) -> bytes:
        return self._store.vault.hash("registration", key)
