"""What the store makes of steps, in memory: an item, its stays, its tellings and its next look.

It carries out commands as the SQL does: a telling is unique, waits, is gathered, written, offered and settled.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ntd.case import Case, Item, Stay, Step, Tell
from ntd.gathering import in_force
from ntd.telling import Sent
from schemas.ids import RecipientId, StayId
from schemas.notice import Kind
from schemas.settings import Settings

FIRSTS = frozenset({Kind.FIRST, Kind.FRONT, Kind.FORWARD})
Key = tuple[RecipientId, int, Kind, int]


class Fate(StrEnum):
    """How far a telling has come."""

    WAITING = "waiting"
    WRITTEN = "written"
    DOUBTFUL = "doubtful"
    ACCEPTED = "accepted"
    FAILED = "failed"
    BOUNCED = "bounced"


@dataclass(slots=True)
class Row:
    """One telling."""

    tell: Tell
    written_at: datetime
    wait_for: str | None
    gather_at: datetime | None
    not_before: datetime | None
    fate: Fate = Fate.WAITING
    accepted_at: datetime | None = None
    dry: bool = False

    @property
    def live(self) -> bool:
        """Say whether it may still come to something."""
        return self.fate in {Fate.WAITING, Fate.WRITTEN, Fate.DOUBTFUL}

    def due(self, now: datetime) -> bool:
        """Say whether it would be gathered or tried now."""
        if self.fate is not Fate.WAITING:
            return self.live
        ready = self.gather_at is not None and self.gather_at <= now and self.wait_for != "check"
        return ready and (self.not_before is None or self.not_before <= now)


@dataclass(slots=True)
class Book:
    """One item's rows."""

    item: Item
    stays: dict[StayId, Stay]
    settings: Settings
    rows: dict[Key, Row] = field(default_factory=dict)
    clashes: list[tuple[Tell, Row]] = field(default_factory=list)
    check_at: datetime | None = None

    @property
    def case(self) -> Case:
        """Give the case as it is loaded: stays that are not ended, and the refused ones."""
        kept = (stay for stay in self.stays.values() if stay.ended_at is None or stay.ended_by == "refused")
        return Case(item=self.item, stays=tuple(sorted(kept, key=lambda stay: stay.id)))

    def carry_out(self, step: Step, now: datetime) -> None:
        """Write a step down."""
        self.item = step.case.item
        self.stays |= {stay.id: stay for stay in step.case.stays}
        if step.strike:
            self._strike(lambda _: True)
        self._strike(lambda row: row.tell.stay in step.strike_stays)
        for stay, heir in step.never_were:
            self._forget(stay, heir)
        for tell in step.tell:
            self._insert(tell, now)
        if step.ready is not None:
            self._ready(step.ready, {stay for stay, _ in step.wait_for_runs})
        for stay, until in step.wait_for_runs:
            self._run(stay, until)
        if step.check_at is not None:
            self.check_at = step.check_at
        if step.no_more_checks:
            self.check_at = None

    def _strike(self, meant: Callable[[Row], bool]) -> None:
        struck = {Fate.WAITING, Fate.WRITTEN}
        self.rows = {
            key: row
            for key, row in self.rows.items()
            if not (meant(row) and row.fate in struck and row.tell.kind is not Kind.WITHDRAWAL)
        }

    def _forget(self, stay: StayId, heir: StayId) -> None:
        del self.stays[stay]
        for row in self.rows.values():
            if row.tell.stay == stay:
                row.tell = replace(row.tell, stay=heir)

    def _insert(self, tell: Tell, now: datetime) -> None:
        key = (tell.recipient, tell.spell, tell.kind, tell.step)
        if key in self.rows:
            self.clashes.append((tell, self.rows[key]))
            return
        window = None if tell.wait_for else now + self.settings.notices.window
        self.rows[key] = Row(
            tell=tell,
            written_at=now,
            wait_for=tell.wait_for,
            gather_at=tell.gather_at or window,
            not_before=tell.gather_at,
        )

    def _ready(self, at: datetime, running: set[StayId]) -> None:
        for row in self._unwritten():
            if row.wait_for is not None and row.tell.stay not in running:
                soonest = max(row.written_at + self.settings.notices.window, at, row.not_before or at)
                row.wait_for, row.gather_at = None, soonest

    def _run(self, stay: StayId, until: datetime) -> None:
        for row in self._unwritten():
            if row.tell.stay == stay and row.tell.kind is not Kind.WITHDRAWAL:
                until = max(until, row.not_before or until)
                row.wait_for, row.gather_at = "run", until if row.tell.kind in FIRSTS else None

    def _unwritten(self) -> list[Row]:
        return [row for row in self.rows.values() if row.fate is Fate.WAITING]

    def due(self, now: datetime) -> list[Row]:
        """Give what is gathered or tried now; what is not in force any more is dropped."""
        found = [row for row in self.rows.values() if row.due(now)]
        for row in found:
            if row.fate is Fate.WAITING and not in_force(row.tell.kind, self.item.state):
                self.drop(row)
        return [row for row in found if row in self.rows.values()]

    def drop(self, row: Row) -> None:
        """Forget a telling."""
        self.rows = {key: one for key, one in self.rows.items() if one is not row}

    def sent(self, row: Row, partner: str | None) -> Sent:
        """Say what the message of a telling was."""
        stay = self.stays.get(row.tell.stay) if row.tell.stay else None
        return Sent(
            kind=row.tell.kind,
            recipient=row.tell.recipient,
            partner=partner,
            stay_spell=stay.spell if stay else None,
            step=row.tell.step,
            dry_run=row.dry,
        )
