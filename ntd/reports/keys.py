"""What a row is called, and the order of rows (definitions, "Keys")."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ntd.reports.figures import Row

Id = TypeVar("Id", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class HosterName:
    """A hoster as the database knows it: the organisation, else the AS, else the network."""

    name: str
    asn: int | None


def told_apart(hosters: Mapping[Id, HosterName]) -> dict[Id, str]:
    """Name hosters so that two of the same name can be told apart.

    >>> told_apart({1: HosterName(name="Alpha", asn=64501), 2: HosterName(name="Alpha", asn=64502)})
    {1: 'Alpha (AS 64501)', 2: 'Alpha (AS 64502)'}
    """
    count = Counter(hoster.name for hoster in hosters.values())
    return {
        key: f"{hoster.name} (AS {hoster.asn})" if count[hoster.name] > 1 and hoster.asn is not None else hoster.name
        for key, hoster in hosters.items()
    }


def in_order(rows: Iterable[Row], size: str = "items") -> list[Row]:
    """Sort rows by their size descending, then by key; the row of which nothing is known comes last among equals."""
    return sorted(rows, key=lambda row: (-row[size], _key_order(row["key"])))


def _key_order(key: Any) -> tuple[bool, bool, Any]:
    return key is None, isinstance(key, str), key
