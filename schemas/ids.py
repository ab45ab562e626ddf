"""Identities.

What the outside sees is a UUIDv7 (RFC 9562, section 5.7): unguessable enough, sorted by time, made by us because
PostgreSQL before 18 has none. Row identities that never leave the database are plain integers.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import NewType
from uuid import UUID

ItemId = NewType("ItemId", UUID)
StayId = NewType("StayId", UUID)
NoticeId = NewType("NoticeId", UUID)
TokenId = NewType("TokenId", UUID)
HostId = NewType("HostId", int)
SiteId = NewType("SiteId", int)
HosterId = NewType("HosterId", int)
PlaceId = NewType("PlaceId", int)
RecipientId = NewType("RecipientId", int)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def uuid7(now: datetime, entropy: bytes | None = None) -> UUID:
    """Make a UUIDv7 for `now`; `entropy` (10 bytes) makes it reproducible, else the system's randomness is used."""
    milliseconds = (now - _EPOCH) // _MILLISECOND
    noise = int.from_bytes(entropy if entropy is not None else secrets.token_bytes(10), "big")
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (noise >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | noise & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=value)


def time_of(identity: UUID) -> datetime:
    """Read back the moment a UUIDv7 was made, to the millisecond."""
    return _EPOCH + (identity.int >> 80) * _MILLISECOND
