"""What is due by a time: looks at items, follow-ups of stays, holds that are over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import orjson

from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.case_rows import baseline_of
from ntd.store.cases import observations_of
from ntd.store.sql import statement
from ntd.store.worlds import Perch, perches
from ntd.uneventful import Uneventful
from ntd.voiding import ReallyTold
from schemas.check import Baseline, Body, Phases, Round
from schemas.ids import HostId, ItemId, NoticeId, StayId

_RENEW = statement("checks.renew")
_CLAIM = statement("checks.claim")
_CLAIM_UNTOLD = statement("checks.claim_untold")
_PUT_OFF = statement("checks.put_off")
_QUIET = statement("checks.quiet")
_HUSH = statement("checks.hush")
_LOST = statement("checks.lost")
_AHEAD_OF_TIME = statement("checks.ahead_of_time")
_MAKE_UP = statement("checks.make_up")
_HELD = statement("checks.held")
_GIVE_BACK = statement("checks.give_back")
_WAITING = statement("checks.waiting")
_KEEP_UNEVENTFUL = statement("checks.keep_uneventful")
_LAST_LOOKS = statement("checks.last_looks")
_KEEP_LOOKS = statement("checks.keep_looks")
_CHECK_NOW = statement("checks.check_now")
_FOLLOW_UPS = statement("checks.follow_ups")
_RELEASED = statement("checks.released")
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: What a round comes to that is made without a network.
_BLIND_REASONS: Final = ("name_fault", "unreachable", "timeout", "tls_fault", "our_fault", "vantage_void", "no_quorum")
_MADE_UP_AT_ONCE: Final = 10_000
_NO_TIME: Final = Phases()
_LATENESS = statement("checks.lateness")
_DRY_RUN = statement("checks.dry_run_accepted")
_ITEMS_OF = statement("checks.items_of_notices")
_REALLY_TOLD = statement("checks.really_told")
_VOID = statement("checks.void_dry_run")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemToCheck:
    """An item claimed for a look."""

    id: ItemId
    host: HostId
    url: str
    referrer: str | None
    confirmed: bool
    received_at: datetime
    baseline: Baseline | None
    perches: tuple[Perch, ...]
    due_at: datetime
    token: UUID


async def claim(
    store: Store, now: datetime, n: int, lease: timedelta, token: UUID, *, untold_only: bool = False
) -> list[ItemToCheck]:
    """Claim up to `n` items that are due for a look; `untold_only`: those whose first message waits for one."""
    async with store.statements() as connection:
        rows = await connection.fetch(_CLAIM_UNTOLD if untold_only else _CLAIM, now, n, token, lease)
        places = await perches(connection, store, {row["host_id"] for row in rows}) if rows else {}
    return [_to_check(store, row, tuple(places.get(row["host_id"], ())), token) for row in rows]


def _to_check(store: Store, row: Row, places: tuple[Perch, ...], token: UUID) -> ItemToCheck:
    secret = store.open("item.secret", row_id(row["id"]), row["secret"])
    return ItemToCheck(
        id=ItemId(row["id"]),
        host=HostId(row["host_id"]),
        url=secret["url"],
        referrer=secret.get("referrer"),
        confirmed=row["confirmed"],
        received_at=row["received_at"],
        baseline=baseline_of(row),
        perches=places,
        due_at=row["due_at"],
        token=token,
    )


async def put_off(connection: Connection, later: Sequence[tuple[ItemId, datetime]], token: UUID) -> None:
    """Have items that were claimed looked at later, each at its moment, and let go of them."""
    if later:
        await connection.execute(_PUT_OFF, *map(list, zip(*sorted(later), strict=True)), token)


async def quiet(connection: Connection, now: datetime) -> dict[HostId, datetime]:
    """Give until when hosts asked not to be asked."""
    return {HostId(row["host_id"]): row["until"] for row in await connection.fetch(_QUIET, now)}


async def hush(connection: Connection, hosts: Mapping[HostId, datetime], now: datetime) -> None:
    """Leave hosts alone until a moment each."""
    if hosts:
        await connection.execute(_HUSH, now, sorted(hosts), [hosts[host] for host in sorted(hosts)])


async def lost_since(store: Store, since: datetime, now: datetime) -> int:
    """Have looked at again what could not be seen since a moment for want of a network; give how many there are."""
    return _moved(await store.pool.execute(_LOST, since, now, list(_BLIND_REASONS)))


async def ahead_of_time(store: Store, now: datetime) -> int:
    """Have looked at again what was looked at in a time that has not come yet; give how many there are."""
    return _moved(await store.pool.execute(_AHEAD_OF_TIME, now))


def _moved(status: str) -> int:
    return int(status.rpartition(" ")[2])


async def make_up(store: Store, now: datetime, over: timedelta) -> int:
    """Spread what is due over the time to come; give how many there are."""
    made_up = 0
    while moved := _moved(await store.pool.execute(_MAKE_UP, now, over, _MADE_UP_AT_ONCE)):
        made_up += moved
    return made_up


async def held(connection: Connection, ids: Sequence[ItemId], token: UUID) -> dict[ItemId, bytes | None]:
    """Give those of the items whose lease is still ours, each with the hash of what its kept look shows."""
    return {ItemId(row["item_id"]): row["evidence"] for row in await connection.fetch(_HELD, list(ids), token)}


async def waiting(connection: Connection, ids: Sequence[ItemId]) -> set[ItemId]:
    """Give those of the items about which a message waits for a look."""
    return {ItemId(row["item_id"]) for row in await connection.fetch(_WAITING, list(ids))}


async def keep_uneventful(connection: Connection, rounds: Sequence[Uneventful], token: UUID) -> None:
    """Write down rounds that changed nothing, those whose lease is still ours."""
    rows = [(one.item, one.next_at, one.checks, one.at, one.up_at) for one in sorted(rounds, key=lambda one: one.item)]
    if rows:
        await connection.execute(_KEEP_UNEVENTFUL, *map(list, zip(*rows, strict=True)), token)


async def keep_looks(
    connection: Connection,
    store: Store,
    seen: Sequence[tuple[ItemId, Round]],
    kept: Mapping[ItemId, bytes | None],
    now: datetime,
) -> None:
    """Write over what the newest look of each item saw, where it shows anything else than the one that is `kept`."""
    rows = []
    for item, one in sorted(seen, key=lambda pair: pair[0]):
        evidence = evidence_of(one)
        if kept.get(item) != evidence:
            sealed = store.seal_bytes("round.observations", row_id(item), observations_of(one), now)
            rows.append((item, one.at, sealed, evidence))
    if rows:
        await connection.execute(_KEEP_LOOKS, *map(list, zip(*rows, strict=True)))


async def last_bodies(connection: Connection, store: Store, ids: Sequence[ItemId]) -> dict[ItemId, Body]:
    """Give what stood in the place of each item when it was last looked at; none where no look was answered."""
    bodies = {}
    for row in await connection.fetch(_LAST_LOOKS, list(ids)):
        looks = store.open("round.observations", row_id(row["item_id"]), row["observations"])
        # Where one look was told that it is gone and another saw it, the other one is meant.
        answered = sorted((look for look in looks if look["body"]), key=lambda look: any(look["signs"].values()))
        if answered:
            bodies[ItemId(row["item_id"])] = Body(**answered[0]["body"])
    return bodies


def evidence_of(one: Round) -> bytes:
    """Hash what a round shows, its moments and durations left out: 8 bytes, to see that the next shows the same."""
    timeless = [replace(look, at=_NEVER, elapsed_s=0.0, phases=_NO_TIME) for look in one.observations]
    return sha256(orjson.dumps(timeless, default=str)).digest()[:8]


async def give_back(store: Store, token: UUID, now: datetime) -> None:
    """Give back what was claimed and not settled."""
    await store.pool.execute(_GIVE_BACK, token, now)


async def check_now(connection: Connection, ids: Sequence[ItemId], now: datetime) -> None:
    """Have items looked at as soon as somebody is free."""
    await connection.execute(_CHECK_NOW, sorted(ids), now)


async def follow_ups(
    connection: Connection, now: datetime, n: int, lease: timedelta, token: UUID
) -> list[tuple[StayId, ItemId]]:
    """Claim up to `n` stays with a follow-up due."""
    rows = await connection.fetch(_FOLLOW_UPS, now, n, token, lease)
    return [(StayId(row["id"]), ItemId(row["item_id"])) for row in rows]


async def holds_over(connection: Connection, now: datetime, n: int) -> list[ItemId]:
    """Give held items whose time is over."""
    return [ItemId(row["id"]) for row in await connection.fetch(_RELEASED, now, n)]


async def lateness(store: Store, now: datetime) -> timedelta:
    """Say how long the most overdue look has waited; zero when none is overdue."""
    oldest = await store.pool.fetchval(_LATENESS, now)
    return now - oldest if oldest else timedelta(0)


async def dry_run_notices(connection: Connection, n: int) -> tuple[list[NoticeId], list[ItemId]]:
    """Give notices that were only accepted in a dry run, and their items."""
    ids = [NoticeId(row["id"]) for row in await connection.fetch(_DRY_RUN, n)]
    items = [ItemId(row["item_id"]) for row in await connection.fetch(_ITEMS_OF, ids)] if ids else []
    return ids, items


async def really_told(connection: Connection, items: Sequence[ItemId]) -> dict[StayId, ReallyTold]:
    """Give what was really accepted about stays of these items; those about which nothing was are absent."""
    return {
        StayId(row["stay_id"]): ReallyTold(last_at=row["last_at"], reminders=row["reminders"])
        for row in await connection.fetch(_REALLY_TOLD, list(items))
    }


async def void(connection: Connection, notices: Sequence[NoticeId], now: datetime) -> None:
    """Have dry-run acceptances count nowhere from now on."""
    await connection.execute(_VOID, list(notices), now)


async def renew(store: Store, ids: Sequence[ItemId], token: UUID, until: datetime) -> None:
    """Keep the leases of work under way until a moment."""
    await store.pool.execute(_RENEW, list(ids), token, until)
