"""A case: one item with its open stays, and what a decision makes of it. Pure.

Every decision has the same shape: `(case, what happened, now) -> Step`; the step holds the case as it is afterwards and
the commands that the store carries out in the same transaction. Nothing else changes an item.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from ntd.lifecycle import Event, StayFacts, after
from schemas.check import Baseline, GoneBy, Round, Verdict
from schemas.ids import HosterId, HostId, ItemId, PlaceId, RecipientId, SiteId, StayId
from schemas.item import Attention, Basis, Classification, State
from schemas.notice import Kind

_Value = TypeVar("_Value", "Item", "Stay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What changes about an item in our care, and the little that decides about it. Times None: not known."""

    id: ItemId
    host: HostId
    site: SiteId
    state: State
    attention: frozenset[Attention]
    priority: int
    confirmed: bool
    classification: Classification | None
    basis: Basis
    copied_from: str | None
    received_at: datetime
    resolved_at: datetime | None = None
    looked_at: datetime | None = None
    first_country: str | None = None  # at its first look-up
    first_attempt_at: datetime | None = None
    first_accepted_at: datetime | None = None
    last_up_at: datetime | None = None
    first_down_at: datetime | None = None
    gone_at: datetime | None = None
    gone_known_at: datetime | None = None
    gone_by: GoneBy | None = None
    closed_at: datetime | None = None
    ended_at: datetime | None = None
    hold_until: datetime | None = None
    kind: str = "web"  # of its host: web, onion
    new_victim: bool = False  # flagged at intake as possibly a victim nobody knows yet
    hold_on_return: bool = False  # was to be held when nothing was to be sent: held when it comes back
    spell: int = 1  # how often telling has begun: a return or a new routing begins the next
    placed_version: int = 0  # of the host's standing that it has followed; -1: reopened, and not placed anew yet
    checks: int = 0
    checked_at: datetime | None = None
    last_verdict: Verdict | None = None
    last_reason: str | None = None
    last_round_id: int | None = None
    baseline: Baseline | None = None
    watch: int = 0  # looks of watch_after_gone that are done
    target: str | None = None  # where it leads, as assessed: see `ntd/targets.py`; None: not seen yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One item at one hoster in one country; definitions, "Stays and clocks"."""

    id: StayId
    item: ItemId
    hoster: HosterId | None
    country: str | None
    place: PlaceId | None
    recipient: RecipientId | None
    contacts: tuple[RecipientId, ...]  # still to be tried after `recipient`, in order
    partner: str | None
    spell: int  # of the item, in which it began
    began_at: datetime
    began_by: str  # receipt | joined | move | return | reopen
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_known_at: datetime | None = None
    first_attempt_at: datetime | None = None
    clock_at: datetime | None = None  # its start
    noticed_at: datetime | None = None  # the hoster's side accepted first
    forwarded_at: datetime | None = None  # the partner accepted first
    failed_at: datetime | None = None  # the last contact failed or bounced, none is left
    last_up_at: datetime | None = None
    first_down_at: datetime | None = None
    run_at: datetime | None = None  # first look of the standing run
    run_rounds: int = 0
    gone_at: datetime | None = None
    gone_known_at: datetime | None = None
    gone_by: GoneBy | None = None
    returned_at: datetime | None = None
    told_at: datetime | None = None  # the last message to the hoster's side, or step of the ladder, that was accepted
    told_by_us: bool = False  # until then what is `copied_from` others is theirs
    reminders: int = 0
    answered_at: datetime | None = None  # the partner's first sign of life
    partner_reminded: bool = False
    told_directly: bool = False  # the hoster abroad, after the partner's patience
    steps_done: int = 0  # of the ladder, taken or skipped
    follow_up_at: datetime | None = None
    began_known_at: datetime | None = None  # when we knew: a move is known at its confirmation; None: at once
    located_at: datetime | None = None  # when its hoster was first found
    asked_at: datetime | None = None  # a reminder or step is on its way since: the next waits for what becomes of it

    @property
    def seat(self) -> tuple[int, str | None] | None:
        """Give the hoster and country, or None while not located."""
        return None if self.hoster is None else (self.hoster, self.country)

    @property
    def facts(self) -> StayFacts:
        """Say what the lifecycle needs to know of it."""
        return StayFacts(
            located=self.hoster is not None,
            noticed_at=self.noticed_at,
            forwarded_at=self.forwarded_at,
            gone_at=self.gone_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Somebody is to be told something about an item; unique by recipient, item, spell, kind and step."""

    recipient: RecipientId
    item: ItemId
    stay: StayId | None
    kind: Kind
    spell: int
    priority: int
    step: int = 0
    wait_for: str | None = None  # "check" | "run": not ready yet
    gather_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the history."""

    item: ItemId
    event: str
    at: datetime
    before: State | None = None
    after: State | None = None
    attention: frozenset[Attention] | None = None  # the whole of it afterwards, where it changed
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An item with its open stays: those not ended, gone ones included."""

    item: Item
    stays: tuple[Stay, ...]
    unsaved: bool = False  # rounds that changed nothing stand beside it, and are written with the next change

    @property
    def at_work(self) -> tuple[Stay, ...]:
        """Give the stays that are neither ended nor gone."""
        return tuple(stay for stay in self.stays if stay.ended_at is None and stay.gone_at is None)

    @property
    def open(self) -> tuple[Stay, ...]:
        """Give the stays that are not ended; gone ones count until the item returns."""
        return tuple(stay for stay in self.stays if stay.ended_at is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a decision makes of a case: the case afterwards, and the commands."""

    case: Case
    tell: tuple[Tell, ...] = ()
    history: tuple[Record, ...] = ()
    strike: bool = False  # waiting messages about this item go no further
    strike_stays: tuple[StayId, ...] = ()  # waiting messages about these stays go no further
    # Stays that never were are forgotten; each with the one that takes over what was tried to say of it.
    never_were: tuple[tuple[StayId, StayId], ...] = ()
    ready: datetime | None = None  # tellings that waited for a check or a run may go, gathered from this moment on
    wait_for_runs: tuple[tuple[StayId, datetime], ...] = ()  # tellings of these stays wait for their runs, until then
    check_at: datetime | None = None  # next look
    no_more_checks: bool = False
    look_up: bool = False  # the host is to be looked up at once
    held_from: datetime | None = None  # a hold begins
    held_until: datetime | None = None  # it ends
    round: Round | None = None  # to be kept, when it changed something


def having(value: _Value, **fields: Any) -> _Value:
    """Give the value with these fields; itself where it has them already, which is most often and costs least."""
    if all(getattr(value, name) == wanted for name, wanted in fields.items()):
        return value
    return replace(value, **fields)


def attending(case: Case, attention: Attention) -> Case:
    """Give the case with one more thing for a human to see to."""
    return replace(case, item=replace(case.item, attention=case.item.attention | {attention}))


def state_after(case: Case, event: Event) -> State:
    """Give the state that the lifecycle's table says, judged by the stays that are neither ended nor gone."""
    looked = case.item.looked_at is not None
    return after(case.item.id, case.item.state, event, (stay.facts for stay in case.at_work), looked=looked)
