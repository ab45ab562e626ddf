"""A report as flat rows, for CSV: `within.24h` becomes `within_24h`, a path one readable cell.

Each row carries `as_of`, so that a file says by itself of which moment it tells.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ntd.reports.figures import Row

#: The columns of a report before the figures that its total has too.
_LEADING: Final = {
    "sla": ("key",),
    "partners": ("key",),
    "backlog": ("state", "attention"),
    "migration": ("path", "sites", "returned", "visible"),
}


def columns(report: Mapping[str, Any]) -> list[str]:
    """Name the columns, also of a report without rows."""
    return list(dict.fromkeys((*_LEADING[report["report"]], *flat(report["total"]), "as_of")))


def lines(report: Mapping[str, Any]) -> list[Row]:
    """Flatten all rows."""
    return [flat(row) | {"as_of": report["as_of"]} for row in report["rows"]]


def flat(row: Mapping[str, Any]) -> Row:
    """Flatten one row.

    >>> flat({"key": "NL", "within": {"24h": 3}, "path": ["NL", "MD"]})
    {'key': 'NL', 'within_24h': 3, 'path': 'NL>MD'}
    """
    return dict(_columns("", row))


def _columns(prefix: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _columns(f"{prefix}{name}_", value)
        else:
            yield prefix + name, ">".join(value) if isinstance(value, list) else value
