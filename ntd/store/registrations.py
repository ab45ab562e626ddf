"""Registration answers, kept per network block or domain: what one daemon asked, none asks again."""

from datetime import datetime

from ntd.store.base import Store
from ntd.store.sql import statement
from schemas.hosting import Address, Network

_GET = statement("registrations.get")
_BLOCK = statement("registrations.block")
_PUT = statement("registrations.put")


class StoredRegistrations:
    """A cache of registration answers in the database (`geo.registration_cache.RegistrationCache`)."""

    def __init__(self, store: Store) -> None:
        """Keep answers in `store`."""
        self._store = store

    async def get(self, key: str, now: datetime) -> bytes | None:
        """Give the answer under a key that has not expired."""
        row = await self._store.pool.fetchrow(_GET, self._hash(key), now)
        return self._store.open_bytes("registration.answer", row["key_hash"], row["answer"]) if row else None

    async def block(self, address: Address, now: datetime) -> bytes | None:
        """Give the answer of the smallest block that holds the address and has not expired."""
        row = await self._store.pool.fetchrow(_BLOCK, address, now)
        return self._store.open_bytes("registration.answer", row["key_hash"], row["answer"]) if row else None

    async def put(
        self, key: str, block: Network | None, answer: bytes, fetched_at: datetime, expires_at: datetime
    ) -> None:
        """Keep an answer, in the place of an older one under the same key."""
        hashed = self._hash(key)
        sealed = self._store.seal_bytes("registration.answer", hashed, answer, fetched_at)
        await self._store.pool.execute(_PUT, hashed, block, sealed, fetched_at, expires_at)

    def _hash(self, key: str) -> bytes:
        return self._store.vault.hash("registration", key)
