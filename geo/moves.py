"""When has a host moved? The two-look rule of moves (definitions, "Moves"), pure.

A place, here, is a hoster in a country. A look that locates nothing neither confirms nor refutes and is never shown to
this file. Each look that locates something moves the host's standing:

* a place never seen before *joins* once two looks at least `apart` show it (the very first look joins at once);
* a standing place *leaves* once two looks at least `apart` agree on another place and none between showed it.

Round robin between two places therefore joins both and leaves neither; a parking page during a short outage does
neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

#: A hoster in a country: (hoster id, ISO 3166-1 alpha-2 or None).
Seat = tuple[int, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What looks have shown of one host at one place. Times are those of looks."""

    from_at: datetime  # first look that showed it
    seen_at: datetime  # last look that showed it
    joined_at: datetime | None = None  # confirmed there; None: seen, not yet confirmed
    absent_since: datetime | None = None  # first look that located something and did not show it
    absent_with: frozenset[Seat] = frozenset()  # what that look showed instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one look changed. `left` maps a place to the look from which on it was no longer seen."""

    standing: Mapping[Seat, Standing]  # all that still stands, candidates included
    joined: tuple[Seat, ...]
    left: Mapping[Seat, datetime]
    settled: bool  # False: something waits for a second look


class MoveKind(StrEnum):
    """What kind of move it was; the first that applies."""

    FRONTED = "fronted"
    UNFRONTED = "unfronted"
    RETURNED = "returned"
    COUNTRY = "country"
    HOSTER = "hoster"
    SUCCESSOR = "successor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abode:
    """A place as far as naming a move is concerned."""

    hoster: int
    country: str | None
    fronted: bool


def look(standing: Mapping[Seat, Standing], seen: frozenset[Seat], at: datetime, apart: timedelta) -> Change:
    """Take one look that located `seen` (not empty) at `at` into the standing of a host."""
    first = not any(place.joined_at for place in standing.values())
    after = {seat: _shown(standing.get(seat), at, apart, first=first) for seat in seen}
    left: dict[Seat, datetime] = {}
    for seat, place in standing.items():
        if seat in seen:
            continue
        missed = _missed(place, seen, at, apart)
        if missed.joined_at and _agreed(place, seen, at, apart):
            left[seat] = place.absent_since or at
        elif missed.joined_at or at - place.seen_at < _CANDIDATE_LOOKS * max(apart, _SHORTEST):
            after[seat] = missed
    new = (seat for seat in seen if _joins(standing.get(seat), after[seat]))
    joined = tuple(sorted(new, key=lambda seat: (seat[0], seat[1] or "")))
    waits = any(place.joined_at is None or place.absent_since for place in after.values())
    return Change(standing=after, joined=joined, left=left, settled=not waits)


#: A place seen once and not again is forgotten after this many times `apart`: it was a glitch, not a move.
_CANDIDATE_LOOKS = 100
_SHORTEST = timedelta(seconds=1)


def _shown(before: Standing | None, at: datetime, apart: timedelta, *, first: bool) -> Standing:
    if before is None:
        return Standing(from_at=at, seen_at=at, joined_at=at if first else None)
    confirmed = before.joined_at or (at if at - before.from_at >= apart else None)
    return Standing(from_at=before.from_at, seen_at=at, joined_at=confirmed)


def _joins(before: Standing | None, after: Standing) -> bool:
    return after.joined_at is not None and (before is None or before.joined_at is None)


def _missed(place: Standing, seen: frozenset[Seat], at: datetime, apart: timedelta) -> Standing:
    if place.absent_since is None or (at - place.absent_since >= apart and not seen & place.absent_with):
        return replace(place, absent_since=at, absent_with=seen)
    return place


def _agreed(place: Standing, seen: frozenset[Seat], at: datetime, apart: timedelta) -> bool:
    return place.absent_since is not None and at - place.absent_since >= apart and bool(seen & place.absent_with)


def kind_of(origin: Abode, target: Abode, earlier: frozenset[tuple[int, str | None]]) -> MoveKind:
    """Name a move, the first that applies; `earlier`: places of the site before `origin`.

    >>> here, there = Abode(hoster=1, country="NL", fronted=False), Abode(hoster=2, country="MD", fronted=False)
    >>> kind_of(here, there, frozenset()).value
    'country'
    """
    if target == origin:
        return MoveKind.SUCCESSOR  # only the name is another
    if target.fronted != origin.fronted:
        return MoveKind.FRONTED if target.fronted else MoveKind.UNFRONTED
    crosses = target.country != origin.country
    if any(hoster == target.hoster or (crosses and country == target.country) for hoster, country in earlier):
        return MoveKind.RETURNED
    return MoveKind.COUNTRY if crosses else MoveKind.HOSTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind the fronts of a host beside what its name shows."""

    standing: Mapping[Seat, Standing]  # places that nothing but an origin keeps: joined, and extended by this look
    joined: tuple[Seat, ...]
    ended: tuple[Seat, ...]  # no origin any more, and the name does not lead there
    kept: frozenset[Seat]  # the name leads there no more, but an origin does


def behind(
    change: Change, before: Mapping[Seat, Standing], told: frozenset[Seat], origins: frozenset[Seat], at: datetime
) -> Behind:
    """Take the origins of a host into its standing: they join and leave at once, for they are told, not guessed.

    `before`: all that stood before the look; `told`: those of it that nothing but an origin kept. A place that the name
    shows follows the two-look rule, origin or not; one that it has left stays while an origin stands there, which is no
    move: it still lives there.
    """
    alone = sorted((seat for seat in origins if seat not in change.standing), key=lambda seat: (seat[0], seat[1] or ""))
    return Behind(
        standing={seat: replace(before.get(seat, _new(at)), seen_at=at, absent_since=None) for seat in alone},
        joined=tuple(seat for seat in alone if seat not in before),
        ended=tuple(sorted(told - origins - change.standing.keys(), key=lambda seat: (seat[0], seat[1] or ""))),
        kept=frozenset(change.left) & origins,
    )


def _new(at: datetime) -> Standing:
    return Standing(from_at=at, seen_at=at, joined_at=at)
