"""What is in work and waits, by state and attention (definitions, "backlog")."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from ntd.reports.figures import Row, moment, seconds
from schemas.item import State

#: The states of the backlog, in the order of the walk.
STATES: Final = (
    State.RECEIVED,
    State.HELD,
    State.UNTRACEABLE,
    State.ROUTED,
    State.NOTICED,
    State.FORWARDED,
)


def figures(counted: Mapping[str, Any]) -> Row:
    """Make the figures of one row; what is overdue by the clock is next due all the same."""
    oldest: timedelta | None = counted["oldest"]
    return {
        "items": counted["items"],
        "oldest_s": seconds(oldest),
        "next_due_at": moment(counted["next_due_at"]),
    }


def in_walk_order(rows: Iterable[Row]) -> list[Row]:
    """Sort rows by the order of the walk, the many before the few, those without attention before those with."""
    place = {state.value: at for at, state in enumerate(STATES)}
    return sorted(rows, key=lambda row: (place[row["state"]], -row["items"], row["attention"] or ""))
