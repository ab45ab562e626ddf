"""The form in which a registration answer is kept: what was said, by whom, when, and for which addresses it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, Final

import orjson

from schemas.hosting import Network

#: Answers no longer than this stay read: the usual one has 5 to 20 KB, and a thousand large ones would be a gigabyte.
_REMEMBERED_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One answer of a registry; `answer` is None where it said that there is nothing."""

    asked: str  # "rdap ip/198.51.100.7"
    of: str  # origin of the registry, or "port 43 of ripencc"
    at: datetime
    answer: Mapping[str, Any] | None
    block: Network | None = None

    def encode(self) -> bytes:
        """Give the bytes for the cache."""
        return orjson.dumps(
            {
                "asked": self.asked,
                "of": self.of,
                "at": self.at,
                "block": str(self.block) if self.block is not None else None,
                "answer": self.answer,
            }
        )


def decode(kept: bytes) -> Kept | None:
    """Read what `encode` made; None where it was written by a version that kept another form."""
    return _remembered(kept) if len(kept) <= _REMEMBERED_BYTES else _decode(kept)


def _decode(kept: bytes) -> Kept | None:
    try:
        found = orjson.loads(kept)
        return Kept(
            asked=found["asked"],
            of=found["of"],
            at=datetime.fromisoformat(found["at"]),
            block=ip_network(found["block"]) if found["block"] is not None else None,
            answer=found["answer"],
        )
    except (ValueError, TypeError, KeyError):
        return None


_remembered = lru_cache(maxsize=1024)(_decode)  # answers
