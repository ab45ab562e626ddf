"""Cases in and out: rows become frozen values, a step of decisions becomes one transaction. In sets."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ntd.case import Case, Item, Record, Stay, Step, Tell
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.sql import statement
from schemas.check import Baseline, GoneBy, Round, Verdict
from schemas.ids import HosterId, HostId, ItemId, PlaceId, RecipientId, SiteId, StayId
from schemas.item import Attention, Basis, Classification, State
from schemas.settings import Settings

_LOCK = statement("cases.lock_items")
_STAYS = statement("cases.stays")
_SAVE_ITEMS = statement("cases.save_items")
_SAVE_STAYS = statement("cases.save_stays")
_TELL = statement("cases.tell")
_STRIKE_TELLINGS = statement("cases.strike_tellings")
_STRIKE_NOTICES = statement("cases.strike_notices")
_READY = statement("cases.ready_tellings")
_RUN = statement("cases.run_tellings")
_SCHEDULE = statement("cases.schedule")
_UNSCHEDULE = statement("cases.unschedule")
_LOOK_UP = statement("cases.look_up_hosts")
_PLACE = statement("cases.place_hosts")
_RECORD = statement("cases.record")
_ROUNDS = statement("cases.rounds")
_HELD_FROM = statement("cases.held_from")
_HELD_UNTIL = statement("cases.held_until")


async def lock(connection: Connection, ids: Iterable[ItemId]) -> dict[ItemId, Case]:
    """Load and lock items with their open stays, in the order of their ids; unknown ids are absent."""
    wanted = list(ids)
    rows = await connection.fetch(_LOCK, wanted)
    stays: dict[ItemId, list[Stay]] = {}
    for row in await connection.fetch(_STAYS, wanted):
        stays.setdefault(ItemId(row["item_id"]), []).append(_stay(row))
    return {ItemId(row["id"]): Case(item=_item(row), stays=tuple(stays.get(ItemId(row["id"]), ()))) for row in rows}


def _item(row: Row) -> Item:
    return Item(
        id=ItemId(row["id"]),
        host=HostId(row["host_id"]),
        site=SiteId(row["site_id"]),
        state=State(row["state"]),
        attention=frozenset(Attention(one) for one in row["attention"]),
        priority=row["priority"],
        confirmed=row["confirmed"],
        classification=Classification(row["classification"]) if row["classification"] else None,
        basis=Basis(row["basis"]),
        copied_from=row["copied_from"],
        gone_by=GoneBy(row["gone_by"]) if row["gone_by"] else None,
        last_verdict=Verdict(row["last_verdict"]) if row["last_verdict"] else None,
        baseline=_baseline(row),
        **{name: row[name] for name in _PLAIN_OF_ITEM},
    )


_PLAIN_OF_ITEM = (
    "received_at",
    "resolved_at",
    "looked_at",
    "first_country",
    "first_attempt_at",
    "first_accepted_at",
    "last_up_at",
    "first_down_at",
    "gone_at",
    "gone_known_at",
    "closed_at",
    "ended_at",
    "hold_until",
    "spell",
    "placed_version",
    "checks",
    "checked_at",
    "last_reason",
    "last_round_id",
    "watch",
)


def _baseline(row: Row) -> Baseline | None:
    if row["first_sha256"] is None:
        return None
    return Baseline(sha256=row["first_sha256"].hex(), length_bytes=row["first_length"], type=row["first_type"])


_PLAIN_OF_STAY = (
    "country",
    "partner",
    "spell",
    "began_at",
    "began_by",
    "ended_at",
    "ended_by",
    "ended_known_at",
    "first_attempt_at",
    "clock_at",
    "noticed_at",
    "forwarded_at",
    "failed_at",
    "last_up_at",
    "first_down_at",
    "run_at",
    "run_rounds",
    "gone_at",
    "gone_known_at",
    "returned_at",
    "told_at",
    "told_by_us",
    "reminders",
    "answered_at",
    "partner_reminded",
    "told_directly",
    "steps_done",
    "follow_up_at",
    "began_known_at",
    "located_at",
    "asked_at",
)


def _stay(row: Row) -> Stay:
    return Stay(
        id=StayId(row["id"]),
        item=ItemId(row["item_id"]),
        hoster=HosterId(row["hoster_id"]) if row["hoster_id"] is not None else None,
        place=PlaceId(row["place_id"]) if row["place_id"] is not None else None,
        recipient=RecipientId(row["recipient_id"]) if row["recipient_id"] is not None else None,
        contacts=tuple(RecipientId(one) for one in row["contacts"]),
        gone_by=GoneBy(row["gone_by"]) if row["gone_by"] else None,
        **{name: row[name] for name in _PLAIN_OF_STAY},
    )


async def settle(
    connection: Connection,
    store: Store,
    settings: Settings,
    before: dict[ItemId, Case],
    steps: Sequence[Step],
    *,
    by: str,
    now: datetime,
) -> None:
    """Carry out steps decided on locked cases, all in the caller's transaction."""
    rounds = await _keep_rounds(connection, store, steps, now)
    await _save_items(connection, before, steps, rounds)
    await _save_stays(connection, before, steps)
    await _strike(connection, steps, now)
    await _tell(connection, [tell for step in steps for tell in step.tell], settings, now)
    await _wait_or_go(connection, steps, settings)
    await _plan(connection, steps, settings, now)
    await _held(connection, steps, by)
    await record(connection, store, _history(before, steps, now), by=by, now=now)


def _history(before: dict[ItemId, Case], steps: Sequence[Step], now: datetime) -> list[Record]:
    """Give the lines of all steps; the last one of a step says the attention where the step has changed it."""
    lines: list[Record] = []
    for step in steps:
        item, mine = step.case.item, list(step.history)
        if item.attention != before[item.id].item.attention:
            last = mine.pop() if mine else Record(item=item.id, event="attention", at=now)
            mine.append(replace(last, attention=item.attention))
        lines += mine
    return lines


async def _keep_rounds(connection: Connection, store: Store, steps: Sequence[Step], now: datetime) -> dict[UUID, int]:
    kept = [(step.case.item.id, step.round) for step in steps if step.round is not None]
    if not kept:
        return {}
    columns = zip(
        *(
            (
                item,
                one.at,
                one.meaning.verdict.value,
                one.meaning.reason,
                store.seal_bytes("round.observations", row_id(item), observations_of(one), now),
            )
            for item, one in kept
        ),
        strict=True,
    )
    return {row["item_id"]: row["id"] for row in await connection.fetch(_ROUNDS, *map(list, columns))}


def observations_of(one: Round) -> bytes:
    """Write the observations of a round as they are kept: JSON, never content."""
    return orjson.dumps(one.observations, default=str)


async def _save_items(
    connection: Connection, before: dict[ItemId, Case], steps: Sequence[Step], rounds: dict[UUID, int]
) -> None:
    changed = [
        _item_row(step.case.item, rounds)
        for step in steps
        if step.case.item != before[step.case.item.id].item or step.case.item.id in rounds
    ]
    if changed:
        await connection.execute(_SAVE_ITEMS, *map(list, zip(*changed, strict=True)))


def _item_row(item: Item, rounds: dict[UUID, int]) -> tuple[Any, ...]:
    first = item.baseline
    return (
        item.id,
        item.state.value,
        ",".join(sorted(one.value for one in item.attention)),
        item.priority,
        item.resolved_at,
        item.looked_at,
        item.first_country,
        item.first_attempt_at,
        item.first_accepted_at,
        item.last_up_at,
        item.first_down_at,
        item.gone_at,
        item.gone_known_at,
        item.gone_by.value if item.gone_by else None,
        item.closed_at,
        item.ended_at,
        item.hold_until,
        item.spell,
        item.placed_version,
        item.checks,
        item.checked_at,
        item.last_verdict.value if item.last_verdict else None,
        item.last_reason,
        rounds.get(item.id, item.last_round_id),
        bytes.fromhex(first.sha256) if first else None,
        first.type if first else None,
        first.length_bytes if first else None,
        item.copied_from,
    )


async def _save_stays(connection: Connection, before: dict[ItemId, Case], steps: Sequence[Step]) -> None:
    known = {stay.id: stay for case in before.values() for stay in case.stays}
    changed = [stay for step in steps for stay in step.case.stays if known.get(stay.id) != stay]
    if not changed:
        return
    # Ended ones first: a new stay never meets the open row of the one it follows.
    changed.sort(key=lambda stay: (stay.ended_at is None, stay.id))
    await connection.execute(_SAVE_STAYS, *map(list, zip(*(_stay_row(stay) for stay in changed), strict=True)))


def _stay_row(stay: Stay) -> tuple[Any, ...]:
    return (
        stay.id,
        stay.item,
        stay.hoster,
        stay.country,
        stay.place,
        stay.recipient,
        ",".join(str(one) for one in stay.contacts),
        stay.partner,
        stay.spell,
        stay.began_at,
        stay.began_by,
        stay.ended_at,
        stay.ended_by,
        stay.ended_known_at,
        stay.first_attempt_at,
        stay.clock_at,
        stay.noticed_at,
        stay.forwarded_at,
        stay.failed_at,
        stay.last_up_at,
        stay.first_down_at,
        stay.run_at,
        stay.run_rounds,
        stay.gone_at,
        stay.gone_known_at,
        stay.gone_by.value if stay.gone_by else None,
        stay.returned_at,
        stay.told_at,
        stay.told_by_us,
        stay.reminders,
        stay.answered_at,
        stay.partner_reminded,
        stay.told_directly,
        stay.steps_done,
        stay.follow_up_at,
        stay.began_known_at,
        stay.located_at,
        stay.asked_at,
    )


async def _strike(connection: Connection, steps: Sequence[Step], now: datetime) -> None:
    items = [step.case.item.id for step in steps if step.strike]
    stays = [stay for step in steps for stay in step.strike_stays]
    if items or stays:
        await connection.execute(_STRIKE_TELLINGS, items, stays)
        await connection.execute(_STRIKE_NOTICES, items, stays, now)


async def _tell(connection: Connection, tells: Sequence[Tell], settings: Settings, now: datetime) -> None:
    if not tells:
        return
    # What waits for nothing and has no time of its own is gathered over the window.
    window = now + settings.notices.window
    rows = [
        (
            one.recipient,
            one.item,
            one.stay,
            one.kind.value,
            one.step,
            one.spell,
            one.priority,
            one.wait_for,
            one.gather_at or (None if one.wait_for else window),
            one.gather_at,
        )
        for one in sorted(tells, key=lambda one: (one.recipient, one.item, one.kind))
    ]
    await connection.execute(_TELL, now, *map(list, zip(*rows, strict=True)))


async def _wait_or_go(connection: Connection, steps: Sequence[Step], settings: Settings) -> None:
    ready = [(step.ready, step.case.item.id) for step in steps if step.ready is not None]
    for moment in sorted({moment for moment, _ in ready}):
        ids = [item for at, item in ready if at == moment]
        await connection.execute(_READY, ids, moment, settings.notices.window)
    running = [(step.case.item.id, step.wait_for_run) for step in steps if step.wait_for_run is not None]
    if running:
        await connection.execute(_RUN, *map(list, zip(*running, strict=True)))


async def _plan(connection: Connection, steps: Sequence[Step], settings: Settings, now: datetime) -> None:
    planned = [
        (step.case.item.id, step.check_at, step.case.item.watch)
        for step in steps
        if step.check_at is not None and not step.no_more_checks
    ]
    if planned:
        await connection.execute(_SCHEDULE, *map(list, zip(*planned, strict=True)))
    over = [step.case.item.id for step in steps if step.no_more_checks]
    if over:
        await connection.execute(_UNSCHEDULE, over)
    hosts = sorted({step.case.item.host for step in steps if step.look_up})
    if hosts:
        await connection.execute(_LOOK_UP, hosts, now, settings.geo.move_confirmed_after)


async def _held(connection: Connection, steps: Sequence[Step], by: str) -> None:
    for moment in {step.held_from for step in steps if step.held_from}:
        ids = [step.case.item.id for step in steps if step.held_from == moment]
        await connection.execute(_HELD_FROM, ids, moment, by)
    for moment in {step.held_until for step in steps if step.held_until}:
        ids = [step.case.item.id for step in steps if step.held_until == moment]
        await connection.execute(_HELD_UNTIL, ids, moment)


async def follow_hosts(connection: Connection, hosts: Sequence[HostId], now: datetime) -> None:
    """Have items follow their hosts' standing as it is."""
    await connection.execute(_PLACE, list(hosts), now)


async def record(connection: Connection, store: Store, history: Sequence[Record], *, by: str, now: datetime) -> None:
    """Append to the record of events."""
    if not history:
        return
    rows = [
        (
            line.at,
            line.item,
            line.event,
            line.before.value if line.before else None,
            line.after.value if line.after else None,
            ",".join(sorted(one.value for one in line.attention)) if line.attention is not None else None,
            store.seal("event.detail", row_id(line.item), line.detail, now) if line.detail else None,
        )
        for line in history
    ]
    await connection.execute(_RECORD, by, *map(list, zip(*rows, strict=True)))
