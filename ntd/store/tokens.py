"""API tokens: made, listed, revoked. The secret is shown once and never kept; `callers` recognises it by its hash."""

import hashlib
import secrets
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ntd.store.base import Store
from ntd.store.sql import statement
from schemas.access import Role
from schemas.errors import NotFound, Refused
from schemas.ids import TokenId, uuid7
from schemas.wire import moment_json

_ADD: Final = statement("tokens.add")
_ALL: Final = statement("tokens.all")
_REVOKE: Final = statement("tokens.revoke")
# 256 random bits; the beginning tells a leaked one apart in somebody's files.
_PREFIX: Final = "ntd_"
_SECRET_BYTES: Final = 32


async def create(store: Store, name: str, role: Role, partner: str | None, now: datetime) -> tuple[TokenId, str]:
    """Make a token; give its id and the secret, which cannot be read again. Refused: role and partner disagree."""
    if (role is Role.PARTNER) != (partner is not None):
        raise Refused("a token of role partner, and only that, belongs to a partner: --role partner --partner CODE")
    secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    token = TokenId(uuid7(now))
    digest = hashlib.sha256(secret.encode()).digest()
    await store.pool.execute(_ADD, token, name, role.value, partner, digest, now)
    return token, secret


async def listing(store: Store) -> list[dict[str, Any]]:
    """List all tokens, oldest first."""
    return [
        {
            "id": str(row["id"]),
            "name": row["name"],
            "role": row["role"],
            "partner": row["partner"],
            "created_at": moment_json(row["created_at"]),
            "revoked_at": moment_json(row["revoked_at"]),
        }
        for row in await store.pool.fetch(_ALL)
    ]


async def revoke(store: Store, reference: str, now: datetime) -> int:
    """Revoke a token by its id, or all with a name, at once; NotFound when no active one is meant."""
    rows = await store.pool.fetch(_REVOKE, _id_of(reference), reference, now)
    if not rows:
        raise NotFound("there is no active token with this name or id; `ntd token list` shows them")
    return len(rows)


def _id_of(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
