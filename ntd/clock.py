"""The one reader of the clock; everywhere else `now` is an argument."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the tests' own clocks are moved by hand."""

    def now(self) -> datetime:
        """Say what time it is, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Say what time it is, aware, in UTC."""
        return datetime.now(UTC)
