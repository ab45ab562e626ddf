"""When is the next message about a stay due? Reminders, the ladder, a partner's patience. Pure.

A reminder or a step goes one at a time, `reminder_every` after the last message, and only if the content was seen up
since (contract, section 5). A missed one is not made up: the next is counted from what was really sent. A first notice
that waited for another notifier or a partner goes when their time is over and the content is not gone.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from schemas.notice import Kind
from schemas.settings import Partner, Settings, Sla, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a stay knows of what its hoster's side and its partner were told. Times: None where it never happened."""

    noticed_at: datetime | None = None  # first acceptance by the hoster's side
    clock_at: datetime | None = None
    failed_at: datetime | None = None  # the last contact failed, none is left
    told_at: datetime | None = None  # last accepted message on this stay
    last_up_at: datetime | None = None
    steps_done: int = 0
    copied: bool = False  # another notifier told the hoster before us
    ours: bool = True  # we told the hoster ourselves, at least once
    forwarded_at: datetime | None = None
    answered_at: datetime | None = None  # the partner's first sign of life
    reminded_partner: bool = False
    partner_silent: bool = False  # and a human has been asked to see to it
    told_directly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be sent next, and from when on. `needs_up`: only if it was seen up after this moment."""

    at: datetime
    kind: Kind
    step: Step | None = None
    needs_up: datetime | None = None


def next_message(told: Told, sla: Sla) -> Due | None:
    """Give the next reminder or step of the ladder for a hoster's side, or None when nothing will ever be due.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> next_message(Told(noticed_at=noon, clock_at=noon, told_at=noon), Sla()).at.isoformat()
    '2026-01-02T12:00:00+00:00'
    """
    if told.copied and not told.ours and told.clock_at:
        return Due(at=told.clock_at + sla.removal, kind=Kind.FIRST)
    last = told.told_at or told.failed_at
    if last is None:
        return None
    apart = last + sla.reminder_every
    step = _next_step(told, sla, apart if told.told_at else last)
    # Whom no contact can be reached of any more is reminded no more: only the ladder is left.
    if told.noticed_at is None or told.failed_at is not None or (step is not None and step.at <= apart):
        return step
    return Due(at=apart, kind=Kind.REMINDER, needs_up=last)


def _next_step(told: Told, sla: Sla, earliest: datetime) -> Due | None:
    base = told.clock_at or told.noticed_at or told.failed_at
    if base is None or told.steps_done >= len(sla.escalation):
        return None
    step = sorted(sla.escalation, key=lambda one: one.after)[told.steps_done]
    # Seen up since the last message was accepted, and since the last contact failed.
    since = max(at for at in (told.told_at, told.failed_at, base) if at)
    return Due(at=max(base + step.after, earliest), kind=Kind(step.to), step=step, needs_up=since)


def next_for_partner(told: Told, partner: Partner) -> tuple[Due, ...]:
    """Give what is due because a partner is silent, and because its patience is over."""
    if told.forwarded_at is None:
        return ()
    found = []
    if told.answered_at is None and not told.partner_silent:
        # Reminded after `acknowledge`, a human is asked after as long again.
        spans = 2 if told.reminded_partner else 1
        found.append(Due(at=told.forwarded_at + spans * partner.acknowledge, kind=Kind.FORWARD))
    if not told.told_directly:
        found.append(Due(at=told.forwarded_at + partner.patience, kind=Kind.FIRST))
    return tuple(found)


def deadline(settings: Settings, written_at: datetime) -> datetime:
    """Give the moment by which a notice written now asks for removal."""
    return written_at + settings.sla.removal


def quiet_until(quiet: list[str], now: datetime) -> datetime:
    """Give the first moment from `now` on that no quiet spell covers; `now` itself where none does.

    A spell is a day ("Sat") or hours in UTC ("00:00-07:00", may cross midnight); reminders wait, first notices do not.
    """
    moment, limit = now, now + timedelta(days=8)
    while moment < limit:
        if not any(_covers(spell, moment) for spell in quiet):
            return moment
        moment = _next_bound(quiet, moment)
    return now  # all of the week is quiet: then nothing is


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _covers(spell: str, moment: datetime) -> bool:
    if spell in _DAYS:
        return moment.weekday() == _DAYS.index(spell)
    begin, _, end = spell.partition("-")
    start, stop, clock = time.fromisoformat(begin), time.fromisoformat(end), moment.time()
    return start <= clock < stop if start < stop else clock >= start or clock < stop


def _next_bound(quiet: list[str], moment: datetime) -> datetime:
    """Give the next moment at which a spell may begin or end: midnight, or one of the hours named."""
    hours = {time(0)} | {time.fromisoformat(end) for spell in quiet if spell not in _DAYS for end in spell.split("-")}
    days = (moment.date(), moment.date() + timedelta(days=1))
    bounds = (datetime.combine(day, hour, tzinfo=moment.tzinfo) for day in days for hour in hours)
    return min(bound for bound in bounds if bound > moment)
