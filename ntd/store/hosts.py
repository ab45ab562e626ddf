"""Hosts: claimed for a look-up, settled in sets with everything that was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from geo.moves import Change, Seat
from ntd.store import origins
from ntd.store.base import Connection, Row, Store
from ntd.store.found import Found, add_facts
from ntd.store.origins import Origin
from ntd.store.relocations import Departure, relocate
from ntd.store.sql import statement
from ntd.store.standings import Episode, Outcome, outcome_of, save, standing_of
from ntd.store.worlds import addresses_of
from schemas.hosting import Located, Resolution
from schemas.ids import HostId, SiteId
from schemas.settings import Settings
from schemas.url import HostKind, host_kind

_RENEW = statement("hosts.renew_looks")
_CLAIM = statement("hosts.claim_looks")
_RETURN = statement("hosts.return_looks")
_LOCKED = statement("hosts.locked")
_SETTLE = statement("hosts.settle_looks")
_LOOKED = statement("notices.looked")
_WANTED = statement("hosts.wanted")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostToLookUp:
    """A host claimed for a look-up."""

    id: HostId
    site_id: SiteId
    host: str
    site: str
    kind: HostKind
    token: UUID
    origins: tuple[Origin, ...] = ()  # what is said to stand behind its front


async def claim(store: Store, now: datetime, n: int, lease: timedelta, token: UUID) -> list[HostToLookUp]:
    """Claim up to `n` hosts that are due for a look-up."""
    async with store.statements() as connection:
        rows = await connection.fetch(_CLAIM, now, n, token, lease)
        hidden = await origins.counting(connection, store, [row["id"] for row in rows]) if rows else {}
    return [_host_to_look_up(store, row, token, hidden.get(row["id"], ())) for row in rows]


def _host_to_look_up(store: Store, row: Row, token: UUID, hidden: tuple[Origin, ...]) -> HostToLookUp:
    name = store.open("host.name", row["name_hash"], row["name"])
    site, kind = host_kind(name)
    return HostToLookUp(
        id=HostId(row["id"]),
        site_id=SiteId(row["site_id"]),
        host=name,
        site=site,
        kind=kind,
        token=token,
        origins=hidden,
    )


async def give_back(store: Store, token: UUID, now: datetime) -> None:
    """Give back what was claimed and not settled."""
    await store.pool.execute(_RETURN, token, now)


async def settle(
    store: Store, settings: Settings, looked: Sequence[tuple[HostToLookUp, Resolution]], now: datetime
) -> None:
    """Write what a batch of look-ups (of one claim's token) found: places, standings, moves, when to look up again."""
    if not looked:
        return
    by_id = {host.id: (host, resolution) for host, resolution in looked}
    async with store.transaction() as connection:
        found = await add_facts(connection, store, [resolution for _, resolution in looked], now)
        rows = await connection.fetch(_LOCKED, sorted(by_id), looked[0][0].token)
        standing = await standing_of(connection, [row["id"] for row in rows])
        outcomes = {
            row["id"]: _outcome(*by_id[row["id"]], standing.get(row["id"], {}), found, settings) for row in rows
        }
        settled = {host: (by_id[HostId(host)][1], one) for host, one in outcomes.items() if one is not None}
        await save(connection, store, settled, standing, found)
        departures = [
            departure
            for row in rows
            if row["id"] in settled
            for departure in _departures(store, row, *settled[row["id"]], standing.get(row["id"], {}), found)
        ]
        await relocate(connection, departures, now)
        await origins.placed(connection, store, _origins_found(settled, by_id, found))
        await _settle_hosts(connection, store, settings, rows, by_id, outcomes, now)
    # Afterwards: gathering takes its locks the other way round.
    await store.pool.execute(_LOOKED, sorted(by_id), now)


def _outcome(
    host: HostToLookUp, resolution: Resolution, standing: Mapping[Seat, Episode], found: Found, settings: Settings
) -> Outcome | None:
    told = frozenset(one.address for one in host.origins)
    return outcome_of(resolution, told, standing, found, settings.geo.move_confirmed_after)


def _origins_found(
    settled: Mapping[int, tuple[Resolution, Outcome]],
    by_id: Mapping[HostId, tuple[HostToLookUp, Resolution]],
    found: Found,
) -> dict[int, list[tuple[Located, int]]]:
    sites: dict[int, list[tuple[Located, int]]] = {}
    for host, (resolution, _) in settled.items():
        placed = ((one, found.places[one.place]) for one in resolution.origins)
        sites.setdefault(by_id[HostId(host)][0].site_id, []).extend(placed)
    return sites


def _departures(
    store: Store, row: Row, resolution: Resolution, outcome: Outcome, standing: Mapping[Seat, Episode], found: Found
) -> list[Departure]:
    change = outcome.change
    left = [seat for seat in change.left if seat not in outcome.behind.kept]
    if not left:
        return []
    places = {found.seat(located): found.places[located.place] for located in resolution.located}
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
            left_at=change.left[seat],
        )
        for seat in left
        if not _same_machine(store, row["id"], standing[seat], resolution)
    ]


def _same_machine(store: Store, host: int, left: Episode, resolution: Resolution) -> bool:
    # The same addresses announced by another AS: the site stays where it is (definitions, "No move").
    return set(addresses_of(store, host, left.addresses)) <= set(resolution.addresses)


async def _settle_hosts(
    connection: Connection,
    store: Store,
    settings: Settings,
    rows: Sequence[Row],
    by_id: Mapping[HostId, tuple[HostToLookUp, Resolution]],
    outcomes: Mapping[int, Outcome | None],
    now: datetime,
) -> None:
    news = await origins.counting(connection, store, [row["id"] for row in rows])
    wanted = {row["id"]: row for row in await connection.fetch(_WANTED, [row["id"] for row in rows])}
    settled = []
    for row in rows:
        (host, resolution), outcome = by_id[HostId(row["id"])], outcomes[row["id"]]
        change = outcome.change if outcome is not None else None
        failures = 0 if change else row["failures"] + 1
        reopened_at = wanted[row["id"]]["reopened_at"]
        changed = (outcome is not None and outcome.moved) or row["looks"] == 0
        due = _next_look_up(wanted[row["id"]], change, failures, settings, now)
        # An origin learnt, or one that counts no more since this look-up: once more, with what holds now.
        if set(news.get(row["id"], ())) != set(host.origins) and change is not None:
            due = now
        # So is a host of which an item was reopened while this look was under way.
        elif reopened_at is not None and reopened_at > resolution.at:
            due = max(now, resolution.at + settings.geo.move_confirmed_after)
        settled.append(
            (
                row["id"],
                due,
                failures,
                change is not None,
                row["version"] + (1 if changed else 0),
                _facts(store, row, resolution, now) if change or not row["known"] else None,
                resolution.at,
                changed or reopened_at is not None,
            )
        )
    if settled:
        await connection.execute(_SETTLE, now, *map(list, zip(*settled, strict=True)))


def _next_look_up(
    wanted: Row, change: Change | None, failures: int, settings: Settings, now: datetime
) -> datetime | None:
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


async def renew(store: Store, ids: Sequence[HostId], token: UUID, until: datetime) -> None:
    """Keep the leases of work under way until a moment."""
    await store.pool.execute(_RENEW, list(ids), token, until)
