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
_NOISE_BYTES = 10


def uuid7(now: datetime, entropy: bytes | None = None) -> UUID:
    """Make a UUIDv7 for `now`; `entropy` (10 bytes) makes it reproducible, else the system's randomness is used."""
    return UUID(int=_uuid7(_stamp(now), entropy if entropy is not None else secrets.token_bytes(_NOISE_BYTES)))


def uuid7_bytes(now: datetime, count: int) -> list[bytes]:
    """Make many UUIDv7 for `now` as bytes, with one call for the system's randomness."""
    noise, stamp = secrets.token_bytes(_NOISE_BYTES * count), _stamp(now)
    parts = (noise[at : at + _NOISE_BYTES] for at in range(0, len(noise), _NOISE_BYTES))
    return [_uuid7(stamp, part).to_bytes(16, "big") for part in parts]


def _stamp(now: datetime) -> int:
    """Give the bits that are the same for all of one moment: the time and the version."""
    return (((now - _EPOCH) // _MILLISECOND) & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | 0b10 << 62


def _uuid7(stamp: int, entropy: bytes) -> int:
    noise = int.from_bytes(entropy, "big")
    return stamp | (noise >> 62 & 0xFFF) << 64 | noise & 0x3FFF_FFFF_FFFF_FFFF


def time_of(identity: UUID) -> datetime:
    """Read back the moment a UUIDv7 was made, to the millisecond."""
    return _EPOCH + (identity.int >> 80) * _MILLISECOND
