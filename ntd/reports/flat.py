"""A row as flat columns, for CSV: `within.24h` becomes `within_24h`, a list becomes one readable cell."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ntd.reports.figures import Row


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
            yield prefix + name, _cell(value)


def _cell(value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case Iterable():
            return ">".join(str(part) for part in value)
        case _:
            return value
