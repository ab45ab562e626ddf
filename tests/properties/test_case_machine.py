"""Whatever happens to an item in whatever order, the rules of the README hold.

A machine drives every decision over one case; a book carries out their commands as the store does.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ntd.acting import gone, release, reopen, resume, up, withdraw
from ntd.answering import partner_says, recipient_says
from ntd.answering import seen as analyst_saw
from ntd.bouncing import Bounced, Standing, bounced
from ntd.case import Case, Item, Stay, Step, Tell
from ntd.checking import Judged, settle
from ntd.duplicates import again
from ntd.following import follow_up
from ntd.holding import hold
from ntd.lifecycle import BY_FACTS, TABLE, standing
from ntd.placing import place
from ntd.telling import HOSTERS, STEPS, accepted, attempted, failed, forward_refused, unable
from ntd.voiding import ReallyTold, void_dry_run
from ntd.world import Seated, World
from schemas.check import Meaning, Verdict
from schemas.errors import IllegalTransition
from schemas.exchange import Action, LinkAnswer, PartnerAnswer
from schemas.hosting import Category
from schemas.ids import RecipientId, StayId
from schemas.item import Attention, Classification, State, Submission
from schemas.notice import Kind
from schemas.url import parse_url
from tests.fakes.decisions_book import FIRSTS, Book, Fate, Row
from tests.fakes.decisions_case import (
    ABUSE,
    BLOCKED,
    CHANGED,
    DAY,
    DOWN,
    FOREIGN,
    FRONT,
    HOUR,
    LADDER,
    MINUTE,
    NOC,
    NOON,
    OTHER,
    PARTNER,
    UNKNOWN,
    UP,
    act,
    received,
    rules,
    seat,
    seen,
    world,
)

#: Two Dutch hosters with one mailbox, a foreign pair of one partner, one nobody can be told at, a front, an access
#: line, a country without partner, no country at all.
PLACES = {
    int(one.hoster): one
    for one in (
        seat(1, "NL", ABUSE, NOC),
        seat(2, "NL", ABUSE),
        seat(3, "NL", OTHER),
        seat(4, "NL"),
        seat(5, "MD", FOREIGN),
        seat(6, "MD"),
        seat(7, "US", FRONT, fronted=True),
        seat(8, "NL", OTHER, category=Category.ISP),
        seat(9, "RU", OTHER, NOC, disputed=True),
        seat(10, None, NOC),
    )
}
LONG = os.environ.get("NTD_FAULTS") == "long"
SPANS = st.sampled_from([MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 25 * HOUR, 3 * DAY, 30 * DAY])
ORDER = (Verdict.UP, Verdict.CHANGED, Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.GONE)
VERDICTS = st.sampled_from([UP, UP, DOWN, DOWN, DOWN, CHANGED, BLOCKED, UNKNOWN])
SILENT = frozenset({State.HELD, State.GONE, State.CLOSED, State.REFUSED, State.WITHDRAWN})
URL = parse_url("http://img.one.test/i/1.jpg")
REALLY = frozenset({Kind.FIRST, Kind.FRONT, Kind.FORWARD, Kind.REMINDER})
LADDERS = [{"after": "72h", "to": "regulator"}, {"after": "96h", "to": "site"}]


class Walk(RuleBasedStateMachine):
    """One item, and everything that can happen to it."""

    @initialize(
        abroad=st.sampled_from(["forward", "both", "notify"]),
        classification=st.sampled_from([Classification.BASELINE, Classification.BASELINE, Classification.NATIONAL]),
        copied=st.sampled_from([None, None, "c3p"]),
        dry=st.sampled_from([False, False, True]),
        held=st.sampled_from([False, False, True]),
        quiet=st.sampled_from([[], ["Tue", "00:00-07:00"]]),
        at=st.one_of(st.just({5}), st.sets(st.sampled_from(sorted(PLACES)), min_size=1, max_size=3)),
    )
    def begin(
        self,
        *,
        abroad: str,
        classification: Classification,
        copied: str | None,
        dry: bool,
        held: bool,
        quiet: list[str],
        at: set[int],
    ) -> None:
        """Take an item in, and find its host."""
        self.now, self.version = NOON, 0
        self.seats: dict[int, Seated] = {}
        self.left: dict[tuple[int, str | None], datetime] = {}
        self.shown: dict[tuple[int, str | None], datetime] = {}
        self.looked_at = NOON
        self.dry, self.looked = dry, False
        self.settings = rules(
            routing={"abroad": abroad, "country": {"RU": "hold"}}, sla={"escalation": LADDERS}, notices={"quiet": quiet}
        )
        case = received(classification=classification, copied_from=copied, state=State.HELD if held else State.RECEIVED)
        self.book = Book(item=case.item, stays={stay.id: stay for stay in case.stays}, settings=self.settings)
        self.no: frozenset[str | None] = frozenset()
        self.runs: dict[StayId, int] = {}
        self.ups: dict[StayId, datetime] = {}
        self.messages: list[tuple[datetime, Row, frozenset[StayId]]] = []
        self.told: set[StayId] = set()
        self.back_at = NOON
        self.move(at)
        self.follow()

    # What the world is like.

    @property
    def world(self) -> World:
        """The world as the store would load it."""
        return world(
            *self.seats.values(),
            version=self.version,
            settings=self.settings,
            left_at=dict(self.left),
            shown_at=dict(self.shown),
            looked_at=self.looked_at,
        )

    @rule(span=SPANS)
    def wait(self, span: timedelta) -> None:
        """Time passes."""
        self.now += span

    @rule(
        at=st.sets(st.sampled_from(sorted(PLACES)), min_size=1, max_size=3),
        seen=st.sampled_from([MINUTE, MINUTE, HOUR, DAY]),
    )
    def move(self, at: set[int], seen: timedelta = MINUTE) -> None:
        """Move the host, first seen so long ago and confirmed now; its items follow later."""
        for hoster in self.seats.keys() - at:
            place = self.seats.pop(hoster).seat
            self.left[place] = self.now - seen
            self.shown[place] = max(self.now - seen - MINUTE, self.shown.get(place, NOON - DAY))
        for hoster in at - self.seats.keys():
            self.seats[hoster] = replace(PLACES[hoster], seen_from=self.now - seen)
        self.version, self.looked, self.looked_at = self.version + 1, True, self.now

    @precondition(lambda self: self.back_at > NOON and self.book.case.at_work)
    @rule(at=st.sets(st.sampled_from(sorted(PLACES)), min_size=1, max_size=3), late=st.booleans())
    def had_moved(self, at: set[int], *, late: bool) -> None:
        """Find that the host had moved just before the item came back or was reopened, and have the item follow.

        `late`: the first look that missed its old place came after that.
        """
        before = dict(self.left)
        self.move(at, self.now - self.back_at + MINUTE)
        if late:
            self.left = {place: self.now if at != before.get(place) else at for place, at in self.left.items()}
        self.follow()

    @precondition(lambda self: self.seats)
    @rule(missed=st.booleans())
    def look_up(self, *, missed: bool) -> None:
        """Look the host up once more, without anything to be confirmed: it is where it was, or was missed there."""
        self.seats = {n: replace(one, missed=missed) for n, one in self.seats.items()}
        self.looked_at = self.now

    @precondition(lambda self: self.seats)
    @rule(front=st.booleans())
    def contact_appears(self, *, front: bool) -> None:
        """Somebody to tell is found where nobody was; or the operator writes one down who comes first."""
        self.seats = {
            n: replace(one, contacts=(FOREIGN, *(to for to in one.contacts if to != FOREIGN)))
            if front or not one.contacts
            else one
            for n, one in self.seats.items()
        }

    @rule(
        days=st.integers(1, 4),
        sight=st.sampled_from([UP, UP, UP, UP, UNKNOWN, BLOCKED, DOWN]),
        how=st.sampled_from(["accepted", "accepted", "accepted", "failed"]),
    )
    def days_pass(self, days: int, sight: Meaning, how: str) -> None:
        """Everything that falls due is done, every six hours, while the content looks the same."""
        for _ in range(4 * days):
            if self.seats:
                self.look_up(missed=False)
            if self.book.item.placed_version < self.version:
                self.follow()
            if self.book.check_at is not None:
                self._round({stay.id: sight for stay in self.book.case.open})
            self.follow_ups()
            self.deliver(how)
            self.now += 6 * HOUR

    # What happens to the item.

    def carry_out(self, step: Step) -> None:
        """Write a step down, and hold it to the rules that speak of a step."""
        before = self.book.case
        self._along_the_table(before.item, step.case)
        self._nobody_is_told_in_silence(step)
        for tell in step.tell:
            self._has_its_time(tell)
        self.book.carry_out(step, self.now)
        self.told |= {stay.id for stay in step.case.stays if stay.noticed_at or stay.forwarded_at}
        if before.item.state in {State.GONE, State.CLOSED, State.WITHDRAWN} and self.book.case.at_work:
            self.back_at = self.now
        if step.case.item.state is State.REFUSED:
            self.no |= {stay.country for stay in step.case.stays if stay.ended_by == "refused"}

    def _along_the_table(self, before: Item, after: Case) -> None:
        state = after.item.state
        looked = after.item.looked_at is not None
        targets = {
            standing((stay.facts for stay in after.at_work), looked=looked) if target is BY_FACTS else target
            for target in TABLE[before.state].values()
        }
        # What was to be held when it returns comes back and is held in one step.
        assert state is before.state or state in targets or (state is State.HELD and before.hold_on_return)

    def _nobody_is_told_in_silence(self, step: Step) -> None:
        if step.case.item.state in SILENT:
            assert {tell.kind for tell in step.tell} <= {Kind.WITHDRAWAL}
        gone_stays = {stay.id for stay in step.case.stays if stay.gone_at or stay.ended_at}
        assert not {tell.stay for tell in step.tell if tell.kind is not Kind.WITHDRAWAL} & gone_stays
        # A final no: nobody in that country is told again.
        meant = {tell.stay for tell in step.tell}
        assert not {stay.country for stay in step.case.stays if stay.id in meant} & self.no
        keys = [(tell.recipient, tell.kind, tell.step, tell.spell) for tell in step.tell]
        assert len(keys) == len(set(keys))

    def _has_its_time(self, tell: Tell) -> None:
        # A reminder or a step: `reminder_every` after the last message about its stay, and seen up since.
        if tell.kind not in STEPS | {Kind.REMINDER} or tell.stay is None:
            return
        stay = self.book.stays[tell.stay]
        if tell.recipient == PARTNER:
            assert stay.forwarded_at is not None
            assert self.ups[stay.id] > stay.forwarded_at
            return
        last = [at for at, row, about in self.messages if tell.stay in about]
        assert self.ups[stay.id] > max([*last, stay.failed_at or NOON - DAY])
        assert not last or self.now - max(last) >= self.settings.sla.reminder_every

    @precondition(lambda self: self.book.item.placed_version < self.version)
    @rule()
    def follow(self) -> None:
        """Let the item follow its host."""
        self.carry_out(place(self.book.case, self.world, self.now))

    @precondition(lambda self: self.book.check_at is not None)
    @rule(data=st.data(), rounds=st.integers(1, 4))
    def look(self, data: st.DataObject, rounds: int) -> None:
        """Look a few rounds, a quarter of an hour apart, that see the same."""
        stays = [stay.id for stay in self.book.case.open]
        say = {stay: data.draw(VERDICTS) for stay in stays}
        for _ in range(rounds):
            if self.book.check_at is not None:
                self._round({stay.id: say[stay.id] for stay in self.book.case.open if stay.id in say})
                self.now += 15 * MINUTE

    @precondition(lambda self: self.book.check_at is not None and len(self.book.case.open) > 1)
    @rule(data=st.data())
    def goes_and_comes_back_in_part(self, data: st.DataObject) -> None:
        """Have it gone everywhere, and seen again at one of its places."""
        for _ in range(self.settings.monitor.confirm):
            if self.book.check_at is not None:
                self._round({stay.id: DOWN for stay in self.book.case.open})
                self.now += 15 * MINUTE
        open_ones = [stay.id for stay in self.book.case.open]
        if self.book.check_at is not None and open_ones:
            back = data.draw(st.sampled_from(open_ones))
            self._round({stay: UP if stay == back else DOWN for stay in open_ones})

    def _round(self, by_stay: dict[StayId, Meaning]) -> None:
        before = self.book.case
        meaning = min(by_stay.values(), key=lambda one: ORDER.index(one.verdict), default=UNKNOWN)
        judged = Judged(round=seen(meaning, self.now), by_stay=by_stay, next_at=self.now + HOUR)
        for stay in before.at_work:
            self._count(stay, by_stay.get(stay.id))
        step = settle(before, judged, self.world, self.now)
        assert step.no_more_checks or step.check_at is not None
        self._gone_is_confirmed(before, step.case)
        self.carry_out(step)
        for stay in self.book.case.open:
            if by_stay.get(stay.id, UNKNOWN).verdict is Verdict.UP or (
                stay.began_by == "return" and stay.began_at == self.now
            ):
                self.ups[stay.id] = self.now
        for stay in self.book.case.at_work:
            self._goes_on(stay)

    def _count(self, stay: Stay, meaning: Meaning | None) -> None:
        if meaning is not None and meaning.verdict in {Verdict.UP, Verdict.CHANGED}:
            self.runs[stay.id] = 0
        elif meaning is not None and meaning.verdict is Verdict.GONE:
            self.runs[stay.id] = self.runs.get(stay.id, 0) + 1

    def _gone_is_confirmed(self, before: Case, after: Case) -> None:
        was = {stay.id for stay in before.at_work}
        for stay in after.stays:
            if stay.gone_at is not None and stay.id in was:
                assert self.runs[stay.id] >= self.settings.monitor.confirm

    def _goes_on(self, stay: Stay) -> None:
        # Told, up since, no run: the next message has its time, unless nothing is left to be done.
        told = stay.told_at is not None and stay.noticed_at is not None and stay.failed_at is None
        up_since = stay.last_up_at is not None and stay.told_at is not None and stay.last_up_at > stay.told_at
        if self.book.item.state.in_work and told and up_since and not stay.run_rounds:
            # What is illegal only at home is never pressed for abroad: a human sees that it stands there.
            abroad = Attention.NATIONAL_ABROAD in self.book.item.attention and stay.country != "NL"
            assert stay.follow_up_at is not None or self._pending(stay) or abroad

    def _pending(self, stay: Stay) -> bool:
        return any(row.live and row.tell.spell == stay.spell for row in self.book.rows.values())

    @rule()
    def follow_ups(self) -> None:
        """Do what is due on stays."""
        for stay in list(self.book.stays.values()):
            turns = 0
            while (due := self.book.stays[stay.id].follow_up_at) is not None and due <= self.now:
                ladder = replace(LADDER, tried=self._tried(stay))
                self.carry_out(follow_up(self.book.case, stay.id, self.world, ladder, self.now))
                turns += 1
                assert turns <= 4  # a partner's silence, its patience, a step and a reminder

    def _tried(self, stay: Stay) -> frozenset[RecipientId]:
        meant = (row.tell for row in self.book.rows.values() if row.tell.kind in FIRSTS)
        return frozenset(tell.recipient for tell in meant if tell.spell == stay.spell)

    @rule(
        how=st.sampled_from(
            ["accepted", "accepted", "accepted", "failed", "temporary", "doubtful", "unable", "not_illegal", "no_slot"]
        )
    )
    def deliver(self, how: str) -> None:
        """Gather, write and try what is due."""
        for row in self.book.due(self.now):
            if row in self.book.rows.values():
                self._try(row, how)

    def _try(self, row: Row, how: str) -> None:
        if row.fate is Fate.WAITING:
            row.dry = self.dry
        sent = self.book.sent(row, "md" if row.tell.recipient == PARTNER else None)
        case, now, rules_ = self.book.case, self.now, self.settings
        if how == "temporary":
            row.fate = row.fate if row.fate is Fate.DOUBTFUL else Fate.WRITTEN
            self.carry_out(Step(case=attempted(case, sent, now)))
        elif how == "doubtful":
            row.fate = Fate.DOUBTFUL
        elif how == "failed":
            row.fate = Fate.FAILED
            self.carry_out(failed(case, sent, now, rules_, "550"))
        elif how == "unable" and row.fate is Fate.WAITING and row.tell.kind is not Kind.WITHDRAWAL:
            self.book.drop(row)
            self.carry_out(unable(case, sent, now, rules_))
        elif how in {"not_illegal", "no_slot"} and row.tell.kind is Kind.FORWARD:
            row.fate, row.accepted_at = Fate.ACCEPTED, now
            self.carry_out(forward_refused(case, sent, how, now))
        else:
            self._accepted(row, sent)

    def _accepted(self, row: Row, sent: Any) -> None:
        row.fate, row.accepted_at = Fate.ACCEPTED, self.now
        about = {
            stay.id
            for stay in self.book.case.open
            if stay.spell == sent.stay_spell and (sent.kind in STEPS or stay.recipient == sent.recipient)
        }
        if sent.kind in HOSTERS | STEPS | {Kind.REMINDER} and sent.partner is None:
            self.messages.append((self.now, row, frozenset(about)))
        self.carry_out(accepted(self.book.case, sent, self.now, self.settings, "relay"))

    @precondition(lambda self: any(row.fate is Fate.ACCEPTED for row in self.book.rows.values()))
    @rule(data=st.data())
    def comes_back(self, data: st.DataObject) -> None:
        """Have a message that was accepted bounce, however late."""
        told = [row for row in self.book.rows.values() if row.fate is Fate.ACCEPTED and not row.dry]
        if not told:
            return
        row = data.draw(st.sampled_from(told))
        sent = self.book.sent(row, "md" if row.tell.recipient == PARTNER else None)
        back = Bounced(sent=sent, accepted_at=row.accepted_at, stay=row.tell.stay, status="5.1.1", permanent=True)
        row.fate = Fate.BOUNCED
        self.messages = [one for one in self.messages if one[1] is not row]
        case = Case(item=self.book.item, stays=tuple(self.book.stays.values()))
        step, lost = bounced(case, back, self._standing(), self.now, self.settings)
        assert Attention.BOUNCED in step.case.item.attention
        assert {one.stay for one in lost} <= self.book.stays.keys()
        self.carry_out(step)

    def _standing(self) -> list[Standing]:
        told = [row for row in self.book.rows.values() if row.fate is Fate.ACCEPTED and row.accepted_at]
        return [
            Standing(
                kind=row.tell.kind,
                recipient=row.tell.recipient,
                partner="md" if row.tell.recipient == PARTNER else None,
                stay=row.tell.stay,
                stay_spell=self.book.stays[row.tell.stay].spell if row.tell.stay else None,
                accepted_at=row.accepted_at,
            )
            for row in told
            if row.accepted_at
        ]

    @rule()
    def somebody_reads(self) -> None:
        """Have an analyst see to what came back."""
        self._act(lambda: analyst_saw(self.book.case, act(self.now)))

    # What people and partners do.

    def _act(self, decide: Any) -> None:
        before = self.book.case
        try:
            step = decide()
        except IllegalTransition:
            assert self.book.case == before
            return
        self.carry_out(step)

    @rule(what=st.sampled_from(["hold", "hold", "release", "withdraw", "reopen", "gone", "up", "up", "resume"]))
    def somebody_decides(self, what: str) -> None:
        """Have an analyst want something; what the state does not allow changes nothing."""
        case, decision = self.book.case, act(self.now)
        told = tuple({row.tell.recipient for row in self.book.rows.values() if row.fate is Fate.ACCEPTED})
        decisions: dict[str, Callable[[], Step]] = {
            "hold": lambda: hold(case, decision, None),
            "release": lambda: release(case, decision, self.world),
            "withdraw": lambda: withdraw(case, decision, "error", told),
            "reopen": lambda: reopen(case, decision, self.world),
            "gone": lambda: gone(case, decision, self.settings),
            "up": lambda: up(case, decision, self.world),
            "resume": lambda: resume(case, decision, self.world),
        }
        self._act(decisions[what])
        if what == "reopen" and self.book.item.state is State.RECEIVED:
            self.no = frozenset()
        for stay in self.book.case.at_work:
            if what == "up" and stay.last_up_at == self.now:
                self.ups[stay.id], self.runs[stay.id] = self.now, 0

    @precondition(lambda self: not self.book.item.state.in_work)
    @rule()
    def goes_on_after_all(self) -> None:
        """Let a hold not last, and begin anew with what was over."""
        self.somebody_decides("release" if self.book.item.state is State.HELD else "reopen")

    @precondition(lambda self: self.book.item.state in {State.FORWARDED, State.NOTICED, State.HELD})
    @rule(
        action=st.sampled_from([*Action, Action.NOT_ILLEGAL, Action.NOT_ILLEGAL]),
        reason=st.sampled_from([None, "LinkExpired", "UnableToAccess"]),
    )
    def partner_answers(self, action: Action, reason: str | None) -> None:
        """Have a partner say something."""
        answer = PartnerAnswer(item=self.book.item.id, action=action, reason=reason, at=self.now, note="", hosting=None)
        self.carry_out(partner_says(self.book.case, "md", answer, self.settings, self.now))

    @rule(answer=st.sampled_from(LinkAnswer), note=st.sampled_from(["", "we asked our customer"]))
    def recipient_answers(self, answer: LinkAnswer, note: str) -> None:
        """Have a hoster say something."""
        self.carry_out(recipient_says(self.book.case, answer, note, self.now, look=True))

    @rule(hold_it=st.sampled_from([False, False, True]))
    def submitted_again(self, *, hold_it: bool) -> None:
        """Submit the same URL again."""
        given = Submission(url=URL, priority=1, hold=hold_it)
        self._act(lambda: again(self.book.case, given, "submitter", self.now))

    @precondition(lambda self: not self.dry)
    @rule()
    def go_dry(self) -> None:
        """Begin a dry run in the middle of everything."""
        self.dry = True

    def _really_told(self) -> dict[StayId, ReallyTold]:
        told: dict[StayId, ReallyTold] = {}
        rows = (row for row in self.book.rows.values() if row.fate is Fate.ACCEPTED and not row.dry)
        for row in rows:
            stay, at = row.tell.stay, row.accepted_at
            if stay and at and row.tell.kind in REALLY:
                before = told.get(stay, ReallyTold(last_at=at, reminders=0))
                reminders = before.reminders + (row.tell.kind is Kind.REMINDER)
                told[stay] = ReallyTold(last_at=max(before.last_at, at), reminders=reminders)
        return told

    @precondition(lambda self: self.dry)
    @rule()
    def go_live(self) -> None:
        """End the dry run: what it pretended is taken back."""
        self.dry = False
        dry = [row for row in self.book.rows.values() if row.dry]
        if any(row.fate is Fate.ACCEPTED for row in dry):
            self.carry_out(void_dry_run(self.book.case, self._really_told(), self.now))
            self.messages = [one for one in self.messages if not one[1].dry]

    # What always holds.

    @invariant()
    def clocks_stand_on_acceptances(self) -> None:
        """Hold that a clock began with a first notice that was accepted and has not bounced, or before us."""
        firsts = {
            row.accepted_at
            for row in self.book.rows.values()
            if row.tell.kind is Kind.FIRST and row.fate is Fate.ACCEPTED
        }
        for stay in self.book.stays.values():
            assert stay.clock_at in firsts | {None, self.book.item.received_at}

    @invariant()
    def what_is_to_be_held_when_it_returns_is_never_in_work(self) -> None:
        """Hold what was to be held before anything could be sent about it."""
        assert not (self.book.item.hold_on_return and self.book.item.state.in_work)

    @invariant()
    def stays_decide_the_state(self) -> None:
        """Exactly the stays that are neither ended nor gone determine the state."""
        case = self.book.case
        state, work = case.item.state, case.at_work
        if state.in_work:
            assert state is standing((stay.facts for stay in work), looked=case.item.looked_at is not None)
            assert work
        if state in {State.GONE, State.CLOSED, State.REFUSED}:
            assert work == ()
        if state is State.WITHDRAWN:
            assert case.open == ()
        seats = [stay.seat for stay in work]
        assert len(seats) == len(set(seats))

    @invariant()
    def times_are_in_order(self) -> None:
        """Hold that what comes first is earlier."""
        for stay in self.book.stays.values():
            assert stay.began_at <= self.now
            assert stay.clock_at is None or stay.began_at <= stay.clock_at
            assert (stay.gone_at is None) == (stay.gone_known_at is None) == (stay.gone_by is None)
            assert (stay.ended_at is None) == (stay.ended_by is None) == (stay.ended_known_at is None)
            assert (stay.run_at is None) == (stay.run_rounds == 0)
            assert stay.ended_at is None or stay.follow_up_at is None
            if stay.gone_at is not None and stay.gone_known_at is not None:
                assert stay.began_at <= stay.gone_at <= stay.gone_known_at
                assert stay.last_up_at is None or stay.last_up_at <= stay.gone_at
            if stay.ended_at is not None and stay.ended_known_at is not None:
                assert stay.began_at <= stay.ended_at <= stay.ended_known_at
            if stay.run_at is not None and stay.first_down_at is not None:
                assert stay.first_down_at <= stay.run_at

    @invariant()
    def no_stay_was_never_there(self) -> None:
        """Hold that no move leaves a stay that nobody was told of and no look has shown, and none began too early."""
        for stay in self.book.stays.values():
            if stay.ended_by == "relocated" and stay.id not in self.told:
                assert stay.ended_at != stay.began_at
                unseen = self.shown[stay.seat] < stay.began_at if stay.seat in self.shown else False
                assert stay.began_by not in {"return", "reopen"} or not unseen
        assert all(stay.began_at >= self.back_at for stay in self.book.case.at_work)

    @invariant()
    def what_was_reopened_was_looked_up_since(self) -> None:
        """Hold that no reopened item is at a place of which no later look-up has told."""
        for stay in self.book.case.at_work:
            if stay.began_by == "reopen" and stay.hoster is not None:
                assert self.looked_at >= stay.began_at

    @invariant()
    def silence_is_kept(self) -> None:
        """Nothing waits about an item that is held, gone, refused, closed or withdrawn, but a withdrawal."""
        if self.book.item.state in SILENT:
            waiting = {row.tell.kind for row in self.book.rows.values() if row.fate in {Fate.WAITING, Fate.WRITTEN}}
            assert waiting <= {Kind.WITHDRAWAL}

    @invariant()
    def one_first_notice(self) -> None:
        """Nobody gets two first notices about an item in a spell."""
        told = [
            (row.tell.recipient, row.tell.spell, row.tell.kind)
            for row in self.book.rows.values()
            if row.tell.kind in HOSTERS
        ]
        assert len(told) == len(set(told))

    @invariant()
    def nothing_is_stuck(self) -> None:
        """Something happens next: a look, a look-up, a message, a follow-up; or a human must see it."""
        item = self.book.item
        if item.state in {State.ROUTED, State.NOTICED, State.FORWARDED, State.REFUSED}:
            assert self.book.check_at is not None
        if item.state in {State.HELD, State.WITHDRAWN, State.CLOSED}:
            assert self.book.check_at is None or item.state is State.CLOSED
        if not item.state.in_work:
            return
        for stay in self.book.case.at_work:
            if stay.hoster is not None and not (stay.noticed_at or stay.forwarded_at):
                behind = item.placed_version < self.version
                assert item.attention or stay.follow_up_at or self._pending(stay) or behind
            # A hoster of whom no contact was reached is not given up: another may be known some day.
            assert stay.follow_up_at or not stay.failed_at

    @invariant()
    def nothing_is_lost(self) -> None:
        """Hold that a telling meets its equal only where that still says it or has said it, or a human knows."""
        for tell, row in self.book.clashes:
            said = row.live or row.fate is Fate.ACCEPTED
            assert said or self.book.item.attention or not self.book.item.state.in_work, tell
        self.book.clashes.clear()


Walk.TestCase.settings = settings(
    max_examples=5000 if LONG else 60,
    stateful_step_count=40,
    suppress_health_check=list(HealthCheck),
)
TestWalk = pytest.mark.timeout(1800 if LONG else 90)(Walk.TestCase)
