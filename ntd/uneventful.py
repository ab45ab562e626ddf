"""Rounds that change nothing: the most of all rounds, and all that is left of them is a count and two times. Pure."""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter

from ntd.case import Case, Item, Stay, Step
from schemas.ids import ItemId

#: Everything that a round which changes nothing leaves as it was.
_TIMES = {"checks", "checked_at", "last_up_at"}
_rest_of_item = attrgetter(*(one.name for one in fields(Item) if one.name not in _TIMES))
_rest_of_stay = attrgetter(*(one.name for one in fields(Stay) if one.name not in _TIMES))


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
    if _rest_of_item(item) != _rest_of_item(was):
        return None
    if not _same_but_up(before.stays, after.stays):
        return None
    up_at = None if (item.last_up_at, after.stays) == (was.last_up_at, before.stays) else item.last_up_at
    # Seen up at some of its places only: that is written where it belongs.
    if up_at and {stay.last_up_at for stay in after.at_work} - {up_at}:
        return None
    return Uneventful(item=item.id, at=item.checked_at, checks=item.checks, up_at=up_at, next_at=step.check_at)


def _same_but_up(before: tuple[Stay, ...], after: tuple[Stay, ...]) -> bool:
    return [_rest_of_stay(stay) for stay in before] == [_rest_of_stay(stay) for stay in after]
