"""Rounds that change nothing: the most of all rounds, and all that is left of them is a count and two times. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from ntd.case import Case, Stay, Step
from schemas.ids import ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Uneventful:
    """What is left of a round that changed nothing."""

    item: ItemId
    at: datetime  # when it was settled
    checks: int  # rounds in all, this one included
    up_at: datetime | None  # it saw every place of the item up, then; None: it could not tell
    next_at: datetime


def uneventful(before: Case, step: Step) -> Uneventful | None:
    """Say what is left of a step that changes nothing but when the item was looked at; None where it changes more."""
    after, item = step.case, step.case.item
    plain = Step(case=after, check_at=step.check_at, ready=step.ready)
    if step.check_at is None or item.checked_at is None or step != plain:
        return None
    was = before.item
    if replace(item, checks=was.checks, checked_at=was.checked_at, last_up_at=was.last_up_at) != was:
        return None
    if not _same_but_up(before.stays, after.stays):
        return None
    up_at = None if (item.last_up_at, after.stays) == (was.last_up_at, before.stays) else item.last_up_at
    # Seen up at some of its places only: that is written where it belongs.
    if up_at and {stay.last_up_at for stay in after.at_work} - {up_at}:
        return None
    return Uneventful(item=item.id, at=item.checked_at, checks=item.checks, up_at=up_at, next_at=step.check_at)


def _same_but_up(before: tuple[Stay, ...], after: tuple[Stay, ...]) -> bool:
    if len(before) != len(after):
        return False
    return all(replace(new, last_up_at=old.last_up_at) == old for old, new in zip(before, after, strict=True))
