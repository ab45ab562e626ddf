"""Rows of items and stays to values, and back: the columns in the order of the statements in `cases.sql`."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from ntd.case import Case, Item, Stay
from ntd.store.base import Row
from schemas.check import Baseline, GoneBy, Verdict
from schemas.ids import HosterId, HostId, ItemId, PlaceId, RecipientId, SiteId, StayId
from schemas.item import Attention, Basis, Classification, State


def case_of(row: Row, stays: Iterable[Stay]) -> Case:
    """Read a row of `cases.items`."""
    return Case(item=item_of(row), stays=tuple(stays), unsaved=row["unsaved"])


def item_of(row: Row) -> Item:
    """Read the item of a row of `cases.items`."""
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
        baseline=baseline_of(row),
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
    "hold_on_return",
    "spell",
    "placed_version",
    "checks",
    "checked_at",
    "last_reason",
    "last_round_id",
    "watch",
    "kind",
    "new_victim",
    "target",
)


def baseline_of(row: Row) -> Baseline | None:
    """Read what was first seen up; None when nothing was yet."""
    if row["first_sha256"] is None:
        return None
    return Baseline(
        sha256=row["first_sha256"].hex(),
        length_bytes=row["first_length"],
        type=row["first_type"],
        likeness=row["first_likeness"],
        denied=row["first_denied"],
    )


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


def stay_of(row: Row) -> Stay:
    """Read a row of `cases.stays`."""
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


def item_row(item: Item, rounds: dict[UUID, int]) -> tuple[Any, ...]:
    """Give the columns of `cases.save_items`; `rounds` has the ids of rounds that were kept just now."""
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
        item.hold_on_return,
        item.target,
        first.likeness if first else None,
        first is not None and first.denied,
    )


def stay_row(stay: Stay) -> tuple[Any, ...]:
    """Give the columns of `cases.save_stays`."""
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
