"""How many messages may be written for a recipient now: the pace of its domain, and its cap an hour. Pure.

Kept to when messages are written: what may not go yet is no message yet, so that the most urgent goes when it may.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ntd.gathering import Addressee, partner_channel
from schemas.notice import Channel
from schemas.pace import Pace

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many messages may be written now, and when it is worth asking again for those that may not."""

    messages: int
    again_at: datetime


def lane_of(to: Addressee) -> str | None:
    """Give the domain whose pace counts; None where nothing is handed over: forms, and what a partner fetches."""
    address = to.address
    if to.channel == "form":
        return None
    if to.partner is not None:
        match partner_channel(to.partner):
            case Channel.API:
                address = to.partner.api
            case Channel.MAIL:
                address = to.partner.email
            case _:
                return None
    if "://" in address:
        return urlsplit(address).hostname
    return address.rpartition("@")[2].lower() or None


def room_of(pace: Pace, spent_until: datetime | None, now: datetime) -> Room:
    """Say how many the bucket of a domain still gives.

    `spent_until`: the moment at which all that was taken so far is filled in again; None: nothing was. A quarter of the
    bucket is waited for, so that a domain with a long queue is not asked about at every message.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> room_of(Pace(4, timedelta(minutes=1)), noon + timedelta(seconds=30), noon).messages
    2
    """
    spent = max(spent_until or now, now)
    each = _each(pace)
    again = spent + max(1, pace.count // 4) * each - pace.count * each
    return Room(messages=max(0, (now - spent) // each + pace.count), again_at=max(again, now + each))


def spend(pace: Pace, spent_until: datetime | None, messages: int, now: datetime) -> datetime:
    """Take messages out of the bucket; give the moment at which it is full again."""
    return max(spent_until or now, now) + messages * _each(pace)


def _each(pace: Pace) -> timedelta:
    # Whole microseconds, rounded down: a full bucket gives what it says.
    return pace.span // pace.count


def hourly_room(cap: int, written: int, freed_by: datetime | None, now: datetime) -> Room:
    """Say how many messages the cap of a recipient leaves; `freed_by`: when the message was written that must age."""
    again = now + HOUR if freed_by is None else freed_by + HOUR
    return Room(messages=max(0, cap - written), again_at=max(again, now + timedelta(seconds=1)))


def narrower(one: Room, other: Room) -> Room:
    """Give the room that both leave."""
    later = max(one.again_at, other.again_at) if one.messages == other.messages else None
    tighter = one if one.messages < other.messages else other
    return Room(messages=tighter.messages, again_at=later or tighter.again_at)
