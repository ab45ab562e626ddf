"""An item is gone when all its stays are, and then it is watched for its return. Pure."""

from dataclasses import replace
from datetime import datetime

from monitor.schedule import next_watch
from ntd.case import Case, Item, Record, Step, state_after
from ntd.lifecycle import Event
from ntd.routing import OF_ROUTING
from schemas.check import GoneBy
from schemas.item import Attention, State
from schemas.settings import Settings

#: Attentions that say nothing any more once the content is gone.
_MOOT = OF_ROUTING | {Attention.BLOCKED, Attention.CHANGED}


def gone_item(case: Case, now: datetime) -> Item:
    """Give the item as it is when the last of its stays is known to be gone; the latest of them dates it."""
    last = max((stay for stay in case.open if stay.gone_at), key=lambda stay: stay.gone_at or now, default=None)
    gone_at = (last.gone_at if last else None) or now
    return replace(
        case.item,
        state=state_after(case, Event.GONE),
        first_down_at=gone_at,
        gone_at=gone_at,
        gone_known_at=now,
        gone_by=last.gone_by if last else GoneBy.CONTENT,
        hold_until=None,
        attention=case.item.attention - _MOOT,
        watch=0,
    )


def watch_at(item: Item, rules: Settings) -> datetime | None:
    """Give the next look after gone, or None when all are done."""
    return next_watch(item.gone_at, rules.monitor, item.watch) if item.gone_at else None


def closing(step: Step, rules: Settings, now: datetime) -> Step:
    """Close what has just gone where nothing is to be watched afterwards."""
    item = step.case.item
    if rules.monitor.watch_after_gone or item.state is not State.GONE:
        return step
    state = state_after(step.case, Event.CLOSED)
    line = Record(item=item.id, event="closed", at=now, before=item.state, after=state)
    case = replace(step.case, item=replace(item, state=state, closed_at=now, ended_at=now))
    return replace(step, case=case, history=(*step.history, line), check_at=None, no_more_checks=True)
