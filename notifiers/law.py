"""Which law a notice names, by the country of the recipient and the ground of the notice."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from schemas.item import Basis

_DATA = Path(__file__).parent / "data" / "law.toml"
_EVERYWHERE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One provision: how it is cited, what it says by language, and where that can be read."""

    countries: frozenset[str]
    basis: frozenset[Basis]
    cite: str
    cited: tuple[tuple[str, str], ...]  # language → the citation as it reads there, where it differs
    source: str
    says: tuple[tuple[str, str], ...]  # language → one sentence; English is always there

    def sentence(self, language: str) -> str:
        """Give the citation with what it says, in the language where there is one, else in English."""
        says = dict(self.says)
        return f"{dict(self.cited).get(language, self.cite)}: {says.get(language, says['en'])}"


@lru_cache(maxsize=1)
def all_laws() -> tuple[Law, ...]:
    """Give every provision in the order of the file."""
    return tuple(
        Law(
            countries=frozenset(entry["countries"]),
            basis=frozenset(map(Basis, entry["basis"])),
            cite=entry["cite"],
            cited=tuple(entry.get("cited", {}).items()),
            source=entry["source"],
            says=tuple(entry["says"].items()),
        )
        for entry in tomllib.loads(_DATA.read_text(encoding="utf-8"))["law"]
    )


def laws_for(countries: Iterable[str], bases: Iterable[Basis]) -> tuple[Law, ...]:
    """Choose the provisions of these countries on these grounds; for a ground without one, what holds everywhere.

    >>> [law.cite for law in laws_for(["US"], [Basis.CSAM])]
    ['18 U.S.C. §§ 2252, 2252A and 2258A']
    """
    here = frozenset(countries)
    chosen: set[Law] = set()
    for basis in frozenset(bases):
        grounds = [law for law in all_laws() if basis in law.basis]
        chosen.update(
            [law for law in grounds if law.countries & here] or [law for law in grounds if _EVERYWHERE in law.countries]
        )
    return tuple(law for law in all_laws() if law in chosen)
