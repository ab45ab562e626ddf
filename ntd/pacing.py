"""Which of the items that are due are looked at now, and which later, so that no host is asked too much. Pure.

Each daemon has its part of the limit per host. A few items more than that may wait for a turn; what is beyond is due
again when the host, at the pace of its latest looks, will have come to it: spread over that time, never all at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from monitor.shares import Share
from schemas.ids import HostId, ItemId

#: Items of one host that may wait for each of its turns: enough that a turn never stays empty between two claims.
WAITING_PER_TURN: Final = 4
#: How long a look is taken to last before a host has been looked at, in seconds.
FIRST_LOOK_S: Final = 0.5
#: How much the latest look counts against those before it.
_LATEST: Final = 0.2
#: Due again this much later at least: a claim costs more than a second's patience.
SOONEST: Final = timedelta(seconds=1)
#: … and at most: the queue of a host may have been emptied meanwhile.
LATEST: Final = timedelta(minutes=10)
#: A host of which this daemon has no turn is left to the others for so long.
ELSEWHERE: Final = timedelta(seconds=2)
#: What a server may ask for with Retry-After: a longer silence would be a way out of being looked at.
RETRY_AFTER_MOST: Final = timedelta(hours=1)
#: Hosts whose pace is remembered while nobody looks at them.
_REMEMBERED: Final = 10_000

Job = TypeVar("Job")


@dataclass(slots=True)
class _Host:
    """How it goes at one host."""

    under_way: int = 0
    look_s: float = FIRST_LOOK_S
    free_at: datetime | None = None  # what was put off so far is due before


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Generic[Job]):
    """An item that is due."""

    item: ItemId
    host: HostId
    name: str  # of the host
    job: Job


class Pacing:
    """One daemon's view of the hosts it looks at; keeps what is under way and nothing of who is asked for what."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._hosts: dict[HostId, _Host] = {}
        #: This daemon's part of the limits.
        self.share = Share()

    def admit(
        self, due: Sequence[Due[Job]], quiet: Mapping[HostId, datetime], now: datetime
    ) -> tuple[list[Job], list[tuple[ItemId, datetime]]]:
        """Give the items to look at now, and the others with the moment when each is due again.

        `quiet` gives until when a host has asked not to be asked. An admitted item counts until `over`.
        """
        go: list[Job] = []
        later: list[tuple[ItemId, datetime]] = []
        for one in due:
            again = self._again(one.item, one.host, one.name, quiet.get(one.host), now)
            if again is None:
                self._hosts[one.host].under_way += 1
                go.append(one.job)
            else:
                later.append((one.item, again))
        return go, later

    def over(self, host: HostId, took_s: float | None) -> None:
        """Take the end of a look; `took_s` None: it was not done."""
        seen = self._hosts[host]
        seen.under_way -= 1
        if took_s is not None:
            seen.look_s += _LATEST * (took_s - seen.look_s)

    def _again(
        self, item: ItemId, host: HostId, name: str, quiet_until: datetime | None, now: datetime
    ) -> datetime | None:
        if quiet_until is not None and quiet_until > now:
            return spread(item, quiet_until, SOONEST + (quiet_until - now) / 10)
        turns = self.share.part(self._per_host, name)
        if not turns:
            return spread(item, now + ELSEWHERE / 2, ELSEWHERE)
        seen = self._known(host)
        if seen.under_way < turns * (1 + WAITING_PER_TURN):
            return None
        pace = timedelta(seconds=seen.look_s / turns)
        free_at = max(seen.free_at or now, now + SOONEST)
        seen.free_at = min(free_at + pace, now + LATEST)
        return spread(item, free_at, SOONEST)

    def _known(self, host: HostId) -> _Host:
        if host not in self._hosts and len(self._hosts) >= _REMEMBERED:
            self._hosts = {key: seen for key, seen in self._hosts.items() if seen.under_way}
        return self._hosts.setdefault(host, _Host())


def spread(item: ItemId, at: datetime, over: timedelta) -> datetime:
    """Give a moment within `over` after `at`, always the same for the same item."""
    return at + over * (int.from_bytes(item.bytes[-4:], "big") / 2**32)


def quiet_until(retry_after_s: float, now: datetime) -> datetime:
    """Give until when a host is left alone that asked for it, bounded by what it may ask for."""
    return now + min(timedelta(seconds=min(retry_after_s, 1e9)), RETRY_AFTER_MOST)
