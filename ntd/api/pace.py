"""How often may somebody ask? Token buckets in bounded memory, pure but for their own count."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

#: Askers remembered at once; the one heard of longest ago is forgotten first, and begins anew with a full bucket.
_ASKERS: Final = 10_000


class Pace:
    """Lets each asker through `burst` times at once and `per_minute` times a minute from then on."""

    def __init__(self, *, burst: int, per_minute: int, askers: int = _ASKERS) -> None:
        self._burst, self._per_second, self._askers = burst, per_minute / 60, askers
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait(self, asker: str, now: datetime) -> timedelta | None:
        """Give how long this asker must wait, or None when it may go on: then this counts.

        >>> from datetime import UTC
        >>> pace, noon = Pace(burst=1, per_minute=60), datetime(2026, 1, 1, 12, tzinfo=UTC)
        >>> pace.wait("a", noon), pace.wait("a", noon), pace.wait("b", noon)
        (None, datetime.timedelta(seconds=1), None)
        """
        left = self._refilled(asker, now)
        if left < 1:
            self._keep(asker, left, now)
            return timedelta(seconds=(1 - left) / self._per_second)
        self._keep(asker, left - 1, now)
        return None

    def _refilled(self, asker: str, now: datetime) -> float:
        left, at = self._left.get(asker, (float(self._burst), now))
        return min(self._burst, left + max((now - at).total_seconds(), 0.0) * self._per_second)

    def _keep(self, asker: str, left: float, now: datetime) -> None:
        self._left[asker] = (left, now)
        self._left.move_to_end(asker)
        if len(self._left) > self._askers:
            self._left.popitem(last=False)
