"""Whose token is this?"""

import hashlib

from ntd.store.base import Store
from ntd.store.sql import statement
from schemas.access import Caller, Role
from schemas.ids import TokenId

_FIND = statement("callers.find")


async def find(store: Store, secret: str) -> Caller | None:
    """Find who a token was made for; None when it is unknown or revoked."""
    row = await store.pool.fetchrow(_FIND, hashlib.sha256(secret.encode()).digest())
    if row is None:
        return None
    return Caller(token=TokenId(row["id"]), name=row["name"], role=Role(row["role"]), partner=row["partner"])
