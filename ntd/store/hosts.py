"""Hosts: claimed for a look, settled in sets with everything the looks found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from geo.moves import Change, Seat, Standing, look
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.relocations import Departure, relocate
from ntd.store.sql import statement
from ntd.store.worlds import Wanted, add_recipients, addresses_of
from schemas.hosting import Located, Place, Resolution
from schemas.ids import HostId, SiteId
from schemas.settings import Settings
from schemas.url import HostKind, host_kind

_RENEW = statement("hosts.renew_looks")
_CLAIM = statement("hosts.claim_looks")
_RETURN = statement("hosts.return_looks")
_LOCKED = statement("hosts.locked")
_ADD_HOSTERS = statement("hosts.add_hosters")
_HOSTERS = statement("hosts.hosters")
_ADD_PLACES = statement("hosts.add_places")
_PLACES = statement("hosts.places")
_STANDING = statement("hosts.standing")
_SAVE = statement("hosts.save_episodes")
_ABSENT = statement("hosts.absent_episodes")
_END = statement("hosts.end_episodes")
_FORGET = statement("hosts.forget_episodes")
_SETTLE = statement("hosts.settle_looks")
_WANTED = statement("hosts.wanted")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostToLook:
    """A host claimed for a look."""

    id: HostId
    site_id: SiteId
    host: str
    site: str
    kind: HostKind
    token: UUID


async def claim_looks(store: Store, now: datetime, n: int, lease: timedelta, token: UUID) -> list[HostToLook]:
    """Claim up to `n` hosts that are due for a look."""
    async with store.transaction() as connection:
        rows = await connection.fetch(_CLAIM, now, n, token, lease)
    return [_host_to_look(store, row, token) for row in rows]


def _host_to_look(store: Store, row: Row, token: UUID) -> HostToLook:
    name = store.open("host.name", row["name_hash"], row["name"])
    site, kind = host_kind(name)
    return HostToLook(
        id=HostId(row["id"]), site_id=SiteId(row["site_id"]), host=name, site=site, kind=kind, token=token
    )


async def return_looks(store: Store, token: UUID, now: datetime) -> None:
    """Give back what was claimed and not settled."""
    await store.pool.execute(_RETURN, token, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Ids of what the looks of a batch found."""

    hosters: Mapping[str, int]  # by Place.hoster_key
    places: Mapping[Place, int]
    recipients: Mapping[tuple[str, str], int]


async def settle_looks(
    store: Store, settings: Settings, looked: Sequence[tuple[HostToLook, Resolution]], now: datetime
) -> None:
    """Write what a batch of looks (one claim's token) found: places, standings, moves, next looks."""
    if not looked:
        return
    by_id = {host.id: (host, resolution) for host, resolution in looked}
    async with store.transaction() as connection:
        found = await _add_facts(connection, store, [resolution for _, resolution in looked], now)
        rows = await connection.fetch(_LOCKED, sorted(by_id), looked[0][0].token)
        standing = await _standing(connection, [row["id"] for row in rows])
        changes = {
            row["id"]: _change(by_id[row["id"]][1], standing.get(row["id"], {}), found, settings) for row in rows
        }
        await _save(connection, store, by_id, standing, changes, found)
        departures = [
            departure
            for row in rows
            if (change := changes[row["id"]])
            for departure in _departures(store, row, change, standing.get(row["id"], {}), by_id[row["id"]][1], found)
        ]
        await relocate(connection, departures, now)
        await _settle_hosts(connection, store, settings, rows, by_id, changes, now)


async def _add_facts(connection: Connection, store: Store, resolutions: Sequence[Resolution], now: datetime) -> _Found:
    places = {located.place for resolution in resolutions for located in resolution.located}
    contacts = {
        Wanted(
            channel=one.channel,
            address=one.address,
            format=one.format,
            language=one.language,
            grouping=one.group,
        )
        for resolution in resolutions
        for located in resolution.located
        for one in located.contacts
    }
    hosters = await _add_hosters(connection, store, places, now)
    return _Found(
        hosters=hosters,
        places=await _add_places(connection, store, places, hosters, now),
        recipients=await add_recipients(connection, store, sorted(contacts, key=repr), now, renew=True),
    )


async def _add_hosters(connection: Connection, store: Store, places: set[Place], now: datetime) -> dict[str, int]:
    by_hash = {store.vault.hash("hoster", place.hoster_key): place for place in sorted(places, key=repr)}
    if not by_hash:
        return {}
    rows = [
        # The AS in front of a platform is not the platform's.
        (key, store.seal("hoster.name", key, place.hoster, now), None if place.run_by else place.asn)
        for key, place in by_hash.items()
    ]
    await connection.execute(_ADD_HOSTERS, now, *map(list, zip(*rows, strict=True)))
    found = await connection.fetch(_HOSTERS, list(by_hash))
    return {by_hash[row["key_hash"]].hoster_key: row["id"] for row in found}


async def _add_places(
    connection: Connection, store: Store, places: set[Place], hosters: Mapping[str, int], now: datetime
) -> dict[Place, int]:
    by_hash = {_place_hash(store, place): place for place in sorted(places, key=repr)}
    if not by_hash:
        return {}
    rows = [
        (
            key,
            hosters[place.hoster_key],
            str(place.prefix) if place.prefix else None,
            place.asn,
            place.as_name,
            place.country,
            orjson.dumps(place.country_sources).decode(),
            place.country_disputed,
            place.category.value if place.category else None,
            place.front,
            ",".join(map(str, place.origins)),
        )
        for key, place in by_hash.items()
    ]
    await connection.execute(_ADD_PLACES, now, *map(list, zip(*rows, strict=True)))
    ids = {row["key_hash"]: row["id"] for row in await connection.fetch(_PLACES, list(by_hash))}
    return {place: ids[_place_hash(store, place)] for place in places}


def _place_hash(store: Store, place: Place) -> bytes:
    named = (place.hoster_key, place.prefix, place.as_name, place.country, place.front, place.category)
    parts = (*named, place.origins)
    sources = sorted(place.country_sources.items())
    return store.vault.hash("place", repr((*map(str, parts), sources)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Episode:
    """One standing row."""

    id: int
    place: int
    standing: Standing
    absent_with: tuple[int, ...]
    addresses: bytes  # sealed


async def _standing(connection: Connection, hosts: list[int]) -> dict[int, dict[Seat, _Episode]]:
    found: dict[int, dict[Seat, _Episode]] = {}
    rows = await connection.fetch(_STANDING, hosts)
    for row in rows:
        seats = found.setdefault(row["host_id"], {})
        seats[(row["hoster_id"], row["country"])] = _Episode(
            id=row["id"],
            place=row["place_id"],
            absent_with=tuple(row["absent_with"]),
            addresses=row["addresses"],
            standing=Standing(
                from_at=row["from_at"],
                seen_at=row["seen_at"],
                joined_at=row["joined_at"],
                absent_since=row["absent_since"],
            ),
        )
    return {host: _with_absence(seats) for host, seats in found.items()}


def _with_absence(seats: dict[Seat, _Episode]) -> dict[Seat, _Episode]:
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


def _seat(located: Located, found: _Found) -> Seat:
    return found.hosters[located.place.hoster_key], located.place.country


def _change(
    resolution: Resolution, standing: Mapping[Seat, _Episode], found: _Found, settings: Settings
) -> Change | None:
    seen = frozenset(_seat(located, found) for located in resolution.located)
    if not seen:
        return None
    return look(
        {seat: one.standing for seat, one in standing.items()},
        seen,
        resolution.at,
        settings.geo.move_confirmed_after,
    )


async def _save(
    connection: Connection,
    store: Store,
    by_id: Mapping[HostId, tuple[HostToLook, Resolution]],
    standing: Mapping[int, Mapping[Seat, _Episode]],
    changes: Mapping[int, Change | None],
    found: _Found,
) -> None:
    shown: list[tuple[Any, ...]] = []
    absent: list[tuple[Any, ...]] = []
    ended: list[tuple[int, datetime]] = []
    forgotten: list[int] = []
    for host, change in changes.items():
        if change is None:
            continue
        resolution = by_id[HostId(host)][1]
        shown += [_episode_row(store, host, one, change, found, resolution) for one in resolution.located]
        for seat, episode in standing.get(host, {}).items():
            after = change.standing.get(seat)
            if seat in change.left:
                ended.append((episode.id, change.left[seat]))
            elif after is None:
                forgotten.append(episode.id)
            elif after.absent_since is not None:
                beside = ",".join(str(hoster) for hoster, _ in sorted(after.absent_with, key=repr))
                absent.append((episode.id, after.absent_since, beside))
    for sql, rows in ((_SAVE, shown), (_ABSENT, absent), (_END, ended)):
        if rows:
            await connection.execute(sql, *map(list, zip(*rows, strict=True)))
    if forgotten:
        await connection.execute(_FORGET, forgotten)


def _episode_row(
    store: Store, host: int, located: Located, change: Change, found: _Found, resolution: Resolution
) -> tuple[Any, ...]:
    seat = _seat(located, found)
    after = change.standing[seat]
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
    )


def _departures(
    store: Store, row: Row, change: Change, standing: Mapping[Seat, _Episode], resolution: Resolution, found: _Found
) -> list[Departure]:
    if not change.left:
        return []
    places = {_seat(located, found): found.places[located.place] for located in resolution.located}
    target = next((seat for seat in change.joined if seat in places), None) or next(iter(places))
    arrived = change.standing[target]
    return [
        Departure(
            host=HostId(row["id"]),
            site=SiteId(row["site_id"]),
            seat=seat,
            place=standing[seat].place,
            to_place=places[target],
            seen_old_until=standing[seat].standing.seen_at,
            seen_new_from=max(arrived.from_at, standing[seat].standing.seen_at),
        )
        for seat in change.left
        if not _same_machine(store, row["id"], standing[seat], resolution)
    ]


def _same_machine(store: Store, host: int, left: _Episode, resolution: Resolution) -> bool:
    # The same addresses announced by another AS: the site stays where it is (definitions, "No move").
    return set(addresses_of(store, host, left.addresses)) <= set(resolution.addresses)


async def _settle_hosts(
    connection: Connection,
    store: Store,
    settings: Settings,
    rows: Sequence[Row],
    by_id: Mapping[HostId, tuple[HostToLook, Resolution]],
    changes: Mapping[int, Change | None],
    now: datetime,
) -> None:
    wanted = {row["id"]: row for row in await connection.fetch(_WANTED, [row["id"] for row in rows])}
    settled = []
    for row in rows:
        resolution, change = by_id[HostId(row["id"])][1], changes[row["id"]]
        failures = 0 if change else row["failures"] + 1
        moved = change is not None and bool(change.joined or change.left)
        first = row["looks"] == 0
        settled.append(
            (
                row["id"],
                _next_look(wanted[row["id"]], change, failures, settings, now),
                failures,
                change is not None,
                row["version"] + (1 if moved or first else 0),
                _facts(store, row, resolution, now) if change or not row["known"] else None,
            )
        )
    if settled:
        await connection.execute(_SETTLE, now, *map(list, zip(*settled, strict=True)))


def _next_look(wanted: Row, change: Change | None, failures: int, settings: Settings, now: datetime) -> datetime | None:
    if not (wanted["at_work"] or wanted["watched"] or wanted["after_gone"]):
        return None
    if change is not None and not change.settled:
        return now + settings.geo.move_confirmed_after
    if change is None:
        # Doubling, capped before the power can grow without bound.
        doubled: timedelta = settings.geo.retry * 2 ** min(failures - 1, 20)
        return now + min(doubled, settings.geo.refresh)
    if not wanted["at_work"]:
        return now + settings.geo.watch_every
    return now + settings.geo.refresh


def _facts(store: Store, row: Row, resolution: Resolution, now: datetime) -> bytes:
    return store.seal_bytes("host.facts", row["name_hash"], orjson.dumps(resolution, default=str), now)


def facts_of(store: Store, name_hash: bytes, sealed: bytes | None) -> dict[str, Any] | None:
    """Open the facts of a host's last resolution, as `schemas.hosting.Resolution` spells them."""
    return store.open("host.facts", name_hash, sealed) if sealed else None


async def renew_looks(store: Store, ids: Sequence[HostId], token: UUID, until: datetime) -> None:
    """Keep the leases of work under way until a moment."""
    await store.pool.execute(_RENEW, list(ids), token, until)
