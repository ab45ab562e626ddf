"""Shares, seconds, and the head that every report has."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from schemas.report import ReportName, ReportQuery

Row = dict[str, Any]


def share(part: int, base: int) -> float | None:
    """Divide; None over nothing, never 0 (definitions, `sla`).

    >>> share(3, 4), share(0, 0)
    (0.75, None)
    """
    return part / base if base else None


def seconds(span: timedelta | None) -> int | float | None:
    """Give a span in seconds, as a whole number where it is one.

    >>> seconds(timedelta(hours=24)), seconds(timedelta(milliseconds=1500))
    (86400, 1.5)
    """
    if span is None:
        return None
    return span.total_seconds() if span.microseconds else span // timedelta(seconds=1)


def moment(at: datetime | None) -> str | None:
    """Write a UTC time as RFC 3339.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 20, 9, tzinfo=UTC))
    '2026-11-20T09:00:00Z'
    """
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def document(
    name: ReportName, query: ReportQuery, as_of: datetime, *, rows: Sequence[Row], total: Row, **further: Any
) -> Row:
    """Put the head that every report has before its rows (definitions, "The other reports")."""
    head = {"report": name.value, "from": moment(query.begin), "to": moment(query.end)}
    return head | further | {"as_of": moment(as_of), "rows": list(rows), "total": total}
