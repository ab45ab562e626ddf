"""Is this the machine itself, or a front that hides it?

A front is known by the category of its network (cdn, proxy), by its AS, or by a name that its customers' CNAMEs end in.
The shipped list is data/fronts.csv, with source and date.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from schemas.hosting import Category

_FRONT_CATEGORIES = frozenset({Category.CDN, Category.PROXY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """The fronts we know: by AS number and by the end of a CNAME."""

    by_asn: dict[int, str] = field(default_factory=dict)
    by_suffix: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """Read the shipped list (columns match, name, source, date; match is "as13335" or a name)."""
        by_asn: dict[int, str] = {}
        by_suffix: dict[str, str] = {}
        for row in csv.DictReader(lines):
            match = row["match"].lower()
            if match.startswith("as") and match[2:].isdecimal():
                by_asn[int(match[2:])] = row["name"]
            else:
                by_suffix[match] = row["name"]
        return cls(by_asn=by_asn, by_suffix=by_suffix)

    def name_of(
        self, *, category: Category | None, asn: int | None, as_name: str | None, cnames: Sequence[str]
    ) -> str | None:
        """Name the front behind which the machine hides; None where this is the machine itself."""
        known = self.by_asn.get(asn) if asn is not None else None
        if known is None:
            known = next((name for cname in cnames if (name := self._by_name(cname)) is not None), None)
        if known is not None or category in _FRONT_CATEGORIES:
            return as_name or known or (f"AS{asn}" if asn is not None else str(category))
        return None

    def _by_name(self, cname: str) -> str | None:
        labels = cname.rstrip(".").lower().split(".")
        ends = (".".join(labels[start:]) for start in range(len(labels) - 1))
        return next((self.by_suffix[end] for end in ends if end in self.by_suffix), None)
