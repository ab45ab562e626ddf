"""Which country has a hotline that can act on what moved there? Pure: the file's text in, facts out.

A hotline, for the question whether a site is still in sight, is somebody in that country who receives a forward and
works on it: a member of INHOPE, one whose membership is not confirmed, or one outside the network. A portal is a form
whose reports are assessed in another country; police and regulators are told by other ways and answer no forward.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from schemas.errors import Misconfigured

#: The one that comes with us; `geo.hotlines` names another.
SHIPPED: Final = Path(__file__).parent / "data" / "hotlines.csv"
_WANTED: Final = ("country", "name", "kind")
_COUNTRY_LETTERS: Final = 2


class HotlineKind(StrEnum):
    """What is known of a country's hotline."""

    MEMBER = "member"
    MEMBER_UNCONFIRMED = "member-unconfirmed"
    OUTSIDE_NETWORK = "outside-network"
    PORTAL = "portal"
    POLICE = "police"
    REGULATOR = "regulator"
    NONE_KNOWN = "none-known"

    @property
    def acts(self) -> bool:
        """Say whether it is a hotline that a forward can be sent to."""
        return self in {HotlineKind.MEMBER, HotlineKind.MEMBER_UNCONFIRMED, HotlineKind.OUTSIDE_NETWORK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotline:
    """One line of the file."""

    country: str  # ISO 3166-1 alpha-2
    name: str  # empty where none is known
    kind: HotlineKind


def parse(text: str, origin: str = "geo.hotlines") -> tuple[Hotline, ...]:
    """Read the file; Misconfigured names `origin`, the line and a right example. Further columns are for people."""
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in _WANTED if name not in (reader.fieldnames or ())]
    if missing:
        raise Misconfigured(f"{origin}: column {missing[0]} is missing; the header begins country,name,kind")
    return tuple(_hotline(row, f"{origin}, line {reader.line_num}") for row in reader)


def _hotline(row: dict[str, str], where: str) -> Hotline:
    country, kind = row["country"] or "", row["kind"] or ""
    if len(country) != _COUNTRY_LETTERS or not (country.isascii() and country.isalpha() and country.isupper()):
        raise Misconfigured(f'{where}: {country!r} is not a country; write ISO 3166-1 alpha-2, for example "NL"')
    if kind not in set(HotlineKind):
        raise Misconfigured(f"{where}: {kind!r} is not a kind of hotline; write one of {', '.join(HotlineKind)}")
    return Hotline(country=country, name=row["name"] or "", kind=HotlineKind(kind))


def in_sight(hotlines: Iterable[Hotline]) -> frozenset[str]:
    r"""Give the countries that have a hotline.

    >>> sorted(in_sight(parse("country,name,kind\nMD,Siguronline,member\nSC,,none-known\n")))
    ['MD']
    """
    return frozenset(hotline.country for hotline in hotlines if hotline.kind.acts)
