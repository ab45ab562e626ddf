"""Cases in and out: rows become frozen values, a step of decisions becomes one transaction. In sets."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson

from ntd.case import Case, Record, Stay, Step, Tell
from ntd.gathering import URGENT
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.case_rows import case_of, item_row, stay_of, stay_row
from ntd.store.sql import statement
from schemas.check import Round
from schemas.ids import ItemId, StayId
from schemas.item import State
from schemas.notice import Kind
from schemas.settings import Settings

_LOCK = statement("cases.lock")
_ITEMS = statement("cases.items")
_STAYS = statement("cases.stays")
_SAVE_ITEMS = statement("cases.save_items")
_SAVED = statement("cases.saved")
_SAVE_STAYS = statement("cases.save_stays")
_TELL = statement("cases.tell")
_STOOD = statement("incoming.take_back")
_FORGET = statement("cases.forget_stays")
_STRIKE_TELLINGS = statement("cases.strike_tellings")
_STRIKE_NOTICES = statement("cases.strike_notices")
_NEVER_SAID = statement("cases.never_said")
_READY = statement("cases.ready_tellings")
_RUN = statement("cases.run_tellings")
_SCHEDULE = statement("cases.schedule")
_UNSCHEDULE = statement("cases.unschedule")
_LOOK_UP = statement("cases.look_up_hosts")
_RECORD = statement("cases.record")
_ROUNDS = statement("cases.rounds")
_HELD_FROM = statement("cases.held_from")
_HELD_UNTIL = statement("cases.held_until")
_PAUSE = statement("cases.pause")
_LOCK_PAUSED = statement("cases.lock_paused")
_GO_ON = statement("cases.go_on")
_TAKE_BACK = statement("cases.take_back")


async def lock(connection: Connection, ids: Iterable[ItemId]) -> dict[ItemId, Case]:
    """Load and lock items with their open stays, in the order of their ids; unknown ids are absent."""
    wanted = list(ids)
    await connection.execute(_LOCK, wanted)
    return await read(connection, wanted)


async def read(connection: Connection, ids: Iterable[ItemId]) -> dict[ItemId, Case]:
    """Load items with their open stays as they are now, without a lock; unknown ids are absent."""
    wanted = list(ids)
    rows = await connection.fetch(_ITEMS, wanted)
    stays: dict[ItemId, list[Stay]] = {}
    for row in await connection.fetch(_STAYS, wanted):
        stays.setdefault(ItemId(row["item_id"]), []).append(stay_of(row))
    return {ItemId(row["id"]): case_of(row, stays.get(ItemId(row["id"]), ())) for row in rows}


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
    await _save_stays(connection, before, steps, now)
    await _strike(connection, steps, now)
    await _forget(connection, [pair for step in steps for pair in step.never_were])
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
        item_row(step.case.item, rounds)
        for step in steps
        if step.case.item != (was := before[step.case.item.id]).item or step.case.item.id in rounds or was.unsaved
    ]
    if changed:
        await connection.execute(_SAVE_ITEMS, *map(list, zip(*changed, strict=True)))
    carried = [case for case in (before[step.case.item.id] for step in steps) if case.unsaved]
    if carried:
        ids, times = [case.item.id for case in carried], [case.item.checked_at for case in carried]
        await connection.execute(_SAVED, ids, times)


async def _save_stays(connection: Connection, before: dict[ItemId, Case], steps: Sequence[Step], now: datetime) -> None:
    # What rounds that changed nothing had left stands in no row of a stay yet.
    known = {stay.id: stay for case in before.values() if not case.unsaved for stay in case.stays}
    changed = [stay for step in steps for stay in step.case.stays if known.get(stay.id) != stay]
    if not changed:
        return
    # Ended ones first: a new stay never meets the open row of the one it follows.
    changed.sort(key=lambda stay: (stay.ended_at is None, stay.id))
    await connection.execute(_SAVE_STAYS, *map(list, zip(*(stay_row(stay) for stay in changed), strict=True)))
    # That nobody could be reached until now stays known: reports of a moment before say so.
    stood = {stay.id: stay for case in before.values() for stay in case.stays if stay.failed_at is not None}
    reached = [stood[stay.id] for stay in changed if stay.id in stood and stay.failed_at is None]
    if reached:
        rows = [(one.id, one.clock_at, one.noticed_at, one.forwarded_at, one.failed_at) for one in reached]
        await connection.execute(_STOOD, now, *map(list, zip(*rows, strict=True)))


async def _strike(connection: Connection, steps: Sequence[Step], now: datetime) -> None:
    items = [step.case.item.id for step in steps if step.strike]
    stays = [stay for step in steps for stay in step.strike_stays]
    if items or stays:
        await _never_said(connection, await connection.fetch(_STRIKE_TELLINGS, items, stays))
        await _never_said(connection, await connection.fetch(_STRIKE_NOTICES, items, stays, now))


async def _never_said(connection: Connection, struck: Sequence[Row]) -> None:
    if struck:
        await connection.execute(_NEVER_SAID, *map(list, zip(*struck, strict=True)))


async def _forget(connection: Connection, pairs: Sequence[tuple[StayId, StayId]]) -> None:
    if pairs:
        await connection.execute(_FORGET, *map(list, zip(*pairs, strict=True)))


async def _tell(connection: Connection, tells: Sequence[Tell], settings: Settings, now: datetime) -> None:
    if not tells:
        return
    # What waits for nothing and has no time of its own is gathered over the window; what is urgent waits for nobody.
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
            one.gather_at or (None if one.wait_for else now if _at_once(one, settings) else window),
            one.gather_at,
        )
        for one in sorted(tells, key=lambda one: (one.recipient, one.item, one.kind))
    ]
    await connection.execute(_TELL, now, *map(list, zip(*rows, strict=True)))


def _at_once(tell: Tell, settings: Settings) -> bool:
    # A head start of the police runs from when they know.
    return tell.priority <= URGENT or (tell.kind is Kind.POLICE and bool(settings.police.before))


async def _wait_or_go(connection: Connection, steps: Sequence[Step], settings: Settings) -> None:
    running = [(step.case.item.id, *one) for step in steps for one in step.wait_for_runs]
    ready = [(step.ready, step.case.item.id) for step in steps if step.ready is not None]
    for moment in sorted({moment for moment, _ in ready}):
        ids = [item for at, item in ready if at == moment]
        await connection.execute(_READY, ids, moment, settings.notices.window, [stay for _, stay, _ in running])
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
    # With the police's agreement looks go on while an item is held.
    probed = {State.HELD} if settings.police.probe_held else set()
    over = [step.case.item.id for step in steps if step.no_more_checks and step.case.item.state not in probed]
    if over:
        await connection.execute(_UNSCHEDULE, over)
    hosts = sorted({step.case.item.host for step in steps if step.look_up})
    if hosts:
        await connection.execute(_LOOK_UP, hosts, now, settings.geo.move_confirmed_after)


async def _held(connection: Connection, steps: Sequence[Step], by: str) -> None:
    for moment in {step.held_from for step in steps if step.held_from}:
        ids = [step.case.item.id for step in steps if step.held_from == moment]
        await connection.execute(_HELD_FROM, ids, moment, by)
        await connection.execute(_PAUSE, ids)
    for moment in {step.held_until for step in steps if step.held_until}:
        ids = [step.case.item.id for step in steps if step.held_until == moment]
        await connection.execute(_HELD_UNTIL, ids, moment)
        await connection.execute(_LOCK_PAUSED, ids)
        await connection.execute(_GO_ON, ids)
    withdrawn = [step.case.item.id for step in steps if step.strike and step.case.item.state is State.WITHDRAWN]
    if withdrawn:
        await connection.execute(_TAKE_BACK, withdrawn)


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
