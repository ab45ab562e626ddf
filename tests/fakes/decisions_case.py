"""Cases, places and settings to decide about, with a usual value for everything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from ntd.case import Case, Item, Stay
from ntd.following import Ladder
from ntd.holding import Act
from ntd.placing import place
from ntd.telling import Sent
from ntd.world import PartnerSeat, Seated, World
from schemas.check import GoneBy, Meaning, Round, Verdict
from schemas.ids import HosterId, HostId, ItemId, PlaceId, RecipientId, SiteId, StayId
from schemas.item import Basis, Classification, State
from schemas.notice import Kind
from schemas.settings import Settings

LATEST = datetime.max.replace(tzinfo=UTC)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
UP = Meaning(verdict=Verdict.UP, reason="status_2xx")
DOWN = Meaning(verdict=Verdict.GONE, reason="status_404", gone_by=GoneBy.CONTENT)
CHANGED = Meaning(verdict=Verdict.CHANGED, reason="type_changed")
BLOCKED = Meaning(verdict=Verdict.BLOCKED, reason="status_403")
UNKNOWN = Meaning(verdict=Verdict.UNKNOWN, reason="timeout")
#: Recipients.
ABUSE, NOC, OTHER, FOREIGN, FRONT, PARTNER, REGULATOR = (RecipientId(n) for n in (1, 2, 3, 4, 5, 100, 200))
LADDER = Ladder(by_kind={Kind.REGULATOR: REGULATOR})
_ids = count(1)


def new_stay() -> StayId:
    """Give an id nobody had."""
    return StayId(UUID(int=next(_ids)))


def rules(**sections: Any) -> Settings:
    """Make settings with a Moldovan partner that is reached by mail, unless said otherwise."""
    partner = {"code": "md", "countries": ["MD"], "name": "Siguronline", "email": "desk@md.example", "plain": True}
    return Settings.model_validate({"partner": [partner]} | sections)


def seat(hoster: int, country: str | None = "NL", *contacts: RecipientId, **facts: Any) -> Seated:
    """Make a place of the host."""
    usual: dict[str, Any] = {
        "fronted": False,
        "category": None,
        "disputed": False,
        "new_contact": False,
        "seen_from": NOON,
    }
    return Seated(
        hoster=HosterId(hoster),
        country=country,
        place=PlaceId(hoster),
        contacts=contacts,
        address=f"192.0.2.{hoster}",
        prefix="192.0.2.0/24",
        asn=64500 + hoster,
        as_name=f"AS {hoster}",
        hoster_name=f"Hoster {hoster}",
        **(usual | facts),
    )


HERE = seat(1, "NL", ABUSE, NOC)
THERE = seat(2, "NL", OTHER)
ABROAD = seat(3, "MD", FOREIGN)


def world(*seats: Seated, version: int = 1, settings: Settings | None = None, **facts: Any) -> World:
    """Make a world in which the host stands at these places."""
    known = {"MD": PartnerSeat(code="md", recipient=PARTNER, endpoint=True)}
    usual: dict[str, Any] = {"left_at": {}, "partners": known, "new_stay": new_stay, "looked_at": LATEST}
    return World(version=version, seats=seats, settings=settings or rules(), **(usual | facts))


def received(**facts: Any) -> Case:
    """Make an item as intake leaves it: one stay, nowhere yet."""
    usual: dict[str, Any] = {
        "state": State.RECEIVED,
        "attention": frozenset(),
        "priority": 5,
        "confirmed": True,
        "classification": Classification.BASELINE,
        "basis": Basis.CSAM,
        "copied_from": None,
        "received_at": NOON,
    }
    item = Item(id=ItemId(UUID(int=1)), host=HostId(1), site=SiteId(1), **(usual | facts))
    return Case(item=item, stays=(_unlocated(item),))


def _unlocated(item: Item) -> Stay:
    return Stay(
        id=new_stay(),
        item=item.id,
        hoster=None,
        country=None,
        place=None,
        recipient=None,
        contacts=(),
        partner=None,
        spell=1,
        began_at=item.received_at,
        began_by="receipt",
    )


def located(*seats: Seated, settings: Settings | None = None, **facts: Any) -> Case:
    """Make an item whose host was found at these places at noon, and about which nobody was told yet."""
    return place(received(**facts), world(*(seats or (HERE,)), settings=settings), NOON).case


def told_at(case: Case, at: datetime, **facts: Any) -> Case:
    """Have the hoster's side accept a first notice for every stay, and the content seen up a moment later."""
    usual: dict[str, Any] = {
        "clock_at": at,
        "noticed_at": at,
        "told_at": at,
        "told_by_us": True,
        "last_up_at": at + MINUTE,
    }
    stays = tuple(replace(stay, **(usual | facts)) for stay in case.stays)
    return Case(item=replace(case.item, state=State.NOTICED, last_up_at=at + MINUTE), stays=stays)


def forwarded_at(case: Case, at: datetime, **facts: Any) -> Case:
    """Have the partner accept the item for every stay."""
    stays = tuple(replace(stay, **({"forwarded_at": at} | facts)) for stay in case.stays)
    return Case(item=replace(case.item, state=State.FORWARDED), stays=stays)


def gone_at(case: Case, at: datetime) -> Case:
    """Have every stay gone, and the item with them."""
    stays = tuple(
        replace(stay, gone_at=at, gone_known_at=at + HOUR, gone_by=GoneBy.CONTENT, first_down_at=at)
        for stay in case.stays
    )
    item = replace(case.item, state=State.GONE, gone_at=at, gone_known_at=at + HOUR, gone_by=GoneBy.CONTENT)
    return Case(item=item, stays=stays)


def sent(kind: Kind, to: RecipientId = ABUSE, *, partner: str | None = None, spell: int | None = 1) -> Sent:
    """Make a message as an item sees it."""
    return Sent(kind=kind, recipient=to, partner=partner, stay_spell=spell)


def act(now: datetime = NOON) -> Act:
    """Make a decision of an analyst."""
    return Act(by="analyst", reason="because", now=now)


def seen(meaning: Meaning, at: datetime) -> Round:
    """Make a round that means this, without its observations."""
    return Round(at=at, observations=(), meaning=meaning)
