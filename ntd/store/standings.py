"""Where hosts stand, as episodes: loaded, moved on by a look, written back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from geo.moves import Behind, Change, Seat, Standing, behind, look
from ntd.store.base import Connection, Store, row_id
from ntd.store.found import Found
from ntd.store.sql import statement
from schemas.hosting import Address, Located, Resolution, address_order

_STANDING = statement("hosts.standing")
_SAVE = statement("hosts.save_episodes")
_ABSENT = statement("hosts.absent_episodes")
_END = statement("hosts.end_episodes")
_FORGET = statement("hosts.forget_episodes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One standing row."""

    id: int
    place: int
    standing: Standing
    absent_with: tuple[int, ...]
    addresses: bytes  # sealed
    origin: bool  # the machine behind the host's front stands here
    told: bool  # nothing else keeps it: the name does not lead there
    fronted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one look made of the standing of its host."""

    change: Change  # of the places that the name shows
    behind: Behind  # and of those behind them
    shown: tuple[tuple[Seat, Located], ...]  # what is to be written, each place once
    turned: bool  # a place has become the origin, or is it no more

    @property
    def stands(self) -> frozenset[Seat]:
        """Give every place that still stands, by its name or as an origin."""
        return frozenset(self.change.standing) | frozenset(self.behind.standing) | self.behind.kept

    def left(self, seat: Seat, at: datetime) -> datetime | None:
        """Say since when a place is left; None: it is not."""
        if seat in self.stands:
            return None
        return at if seat in self.behind.ended else self.change.left.get(seat)

    @property
    def moved(self) -> bool:
        """Say whether the items of the host have something to follow."""
        hidden = self.behind
        left = self.change.left.keys() - hidden.kept
        return bool(self.change.joined or left or hidden.joined or hidden.ended or self.turned)


async def standing_of(connection: Connection, hosts: list[int]) -> dict[int, dict[Seat, Episode]]:
    """Load where hosts stand, candidates that wait for a second look included."""
    found: dict[int, dict[Seat, Episode]] = {}
    for row in await connection.fetch(_STANDING, hosts):
        seats = found.setdefault(row["host_id"], {})
        seats[(row["hoster_id"], row["country"])] = Episode(
            id=row["id"],
            place=row["place_id"],
            absent_with=tuple(row["absent_with"]),
            addresses=row["addresses"],
            origin=row["origin"],
            told=row["told"],
            fronted=row["fronted"],
            standing=Standing(
                from_at=row["from_at"],
                seen_at=row["seen_at"],
                joined_at=row["joined_at"],
                absent_since=row["absent_since"],
            ),
        )
    return {host: _with_absence(seats) for host, seats in found.items()}


def _with_absence(seats: dict[Seat, Episode]) -> dict[Seat, Episode]:
    # The row keeps hoster ids only; the seat of each is found among those standing.
    by_hoster: dict[int, list[Seat]] = {}
    for seat in seats:
        by_hoster.setdefault(seat[0], []).append(seat)
    return {
        seat: replace(
            one,
            standing=replace(
                one.standing,
                absent_with=frozenset(other for hoster in one.absent_with for other in by_hoster.get(hoster, ())),
            ),
        )
        for seat, one in seats.items()
    }


def outcome_of(
    resolution: Resolution,
    origins: frozenset[Address],
    standing: Mapping[Seat, Episode],
    found: Found,
    apart: timedelta,
) -> Outcome | None:
    """Take one look into the standing of its host; None where it located nothing.

    `origins`: the addresses said to stand behind its front, whether or not the look could locate them.
    """
    named = {found.seat(one): one for one in resolution.located}
    if not named:
        return None
    before = {seat: one.standing for seat, one in standing.items()}
    told = frozenset(seat for seat, one in standing.items() if one.told and seat not in named)
    change = look({s: one for s, one in before.items() if s not in told}, frozenset(named), resolution.at, apart)
    # An origin that is a front itself hides as much as the first one: nobody is told that it is the hoster. And without
    # a front nothing is behind it.
    fronted = any(place.joined_at and _is_front(seat, named, standing) for seat, place in change.standing.items())
    hidden = {found.seat(one): one for one in resolution.origins if fronted and one.place.front is None}
    located = {address for one in resolution.origins for address in one.addresses}
    # What could not be located this time stands where it stood.
    kept = told if fronted and not origins <= located else frozenset()
    rest = behind(change, before, told, frozenset(hidden) | kept, resolution.at)
    shown = (*_shown(named, hidden), *((seat, hidden[seat]) for seat in rest.standing if seat in hidden))
    turned = any(seat in standing and standing[seat].origin != one.origin for seat, one in shown)
    return Outcome(change=change, behind=rest, shown=shown, turned=turned)


def _is_front(seat: Seat, named: Mapping[Seat, Located], standing: Mapping[Seat, Episode]) -> bool:
    return named[seat].place.front is not None if seat in named else standing[seat].fronted


def _shown(named: Mapping[Seat, Located], hidden: Mapping[Seat, Located]) -> Iterator[tuple[Seat, Located]]:
    for seat, one in named.items():
        other = hidden.get(seat)
        if other is None or one.place.front is None:
            yield seat, one
            continue
        # The front's own hoster has the machine too (CloudFront before EC2): one place, told as the hoster it is.
        addresses = tuple(sorted({*one.addresses, *other.addresses}, key=address_order))
        yield seat, replace(one, addresses=addresses, contacts=other.contacts, origin=True)


async def save(
    connection: Connection,
    store: Store,
    looked: Mapping[int, tuple[Resolution, Outcome]],
    standing: Mapping[int, Mapping[Seat, Episode]],
    found: Found,
) -> None:
    """Write where hosts stand after these looks."""
    shown = [
        _row(store, host, seat, one, outcome, found, resolution)
        for host, (resolution, outcome) in looked.items()
        for seat, one in outcome.shown
    ]
    absent: list[tuple[Any, ...]] = []
    ended: list[tuple[int, datetime]] = []
    forgotten: list[int] = []
    for host, (resolution, outcome) in looked.items():
        for seat, episode in standing.get(host, {}).items():
            if (left := outcome.left(seat, resolution.at)) is not None:
                ended.append((episode.id, left))
            elif seat not in outcome.stands:
                forgotten.append(episode.id)
            elif (missed := outcome.change.standing.get(seat)) is not None and missed.absent_since is not None:
                beside = ",".join(str(hoster) for hoster, _ in sorted(missed.absent_with, key=repr))
                absent.append((episode.id, missed.absent_since, beside))
    for sql, rows in ((_SAVE, shown), (_ABSENT, absent), (_END, ended)):
        if rows:
            await connection.execute(sql, *map(list, zip(*rows, strict=True)))
    if forgotten:
        await connection.execute(_FORGET, forgotten)


def _row(
    store: Store, host: int, seat: Seat, located: Located, outcome: Outcome, found: Found, resolution: Resolution
) -> tuple[Any, ...]:
    after = outcome.change.standing.get(seat) or outcome.behind.standing[seat]
    contacts = [found.recipients[one.channel, one.address] for one in located.contacts]
    return (
        host,
        seat[0],
        seat[1],
        found.places[located.place],
        store.seal("episode.addresses", row_id(host), [str(one) for one in located.addresses], resolution.at),
        ",".join(str(one) for one in dict.fromkeys(contacts)),
        after.from_at,
        after.seen_at,
        after.joined_at,
        located.origin,
    )
