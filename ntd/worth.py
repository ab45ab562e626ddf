"""What a recipient is worth: who refused or bounced is told after the others, with the reason beside it. Pure.

Nobody is dropped: with nobody else left it is tried again, and after a while it has its old place back. That a relay
took a message proves nothing after a bounce; a receipt, an answer or the recipient's own machine does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas.ids import RecipientId

#: A mailbox may be full for a while, a desk be set up anew: after this it is tried in its old place.
SPENT_FOR: Final = timedelta(days=30)
_WORDS: Final = {"failed": "refused", "bounced": "bounced"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What became of the messages to a recipient, as far as it is known."""

    health: str  # "unknown" | "good" | "failed" (refused for good) | "bounced"
    at: datetime | None = None  # of the latest that was known
    failures: int = 0  # refusals and bounces since it last took something


def spent(worth: Worth, now: datetime) -> bool:
    """Say whether a recipient is to be told after the others: it failed less than `SPENT_FOR` ago."""
    return worth.health in _WORDS and (worth.at is None or now - worth.at < SPENT_FOR)


def by_worth(recipients: Sequence[int], known: Mapping[int, Worth], now: datetime) -> tuple[RecipientId, ...]:
    """Put recipients (in order of choice) in the order in which they are told; one that is not `known` is left out."""
    usable = (one for one in recipients if one in known)
    return tuple(RecipientId(one) for one in sorted(usable, key=lambda one: spent(known[one], now)))


def doubt_of(worth: Worth, now: datetime) -> str | None:
    """Say why a recipient is told after the others; None where it is not.

    >>> from datetime import UTC
    >>> friday, sunday = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
    >>> doubt_of(Worth(health="bounced", at=friday, failures=2), sunday)
    'bounced on 2026-11-20, 2 failures in a row'
    """
    if not spent(worth, now):
        return None
    when = f" on {worth.at.date().isoformat()}" if worth.at is not None else ""
    again = f", {worth.failures} failures in a row" if worth.failures > 1 else ""
    return f"{_WORDS[worth.health]}{when}{again}"
