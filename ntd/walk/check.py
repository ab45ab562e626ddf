"""Item → a round of looks: is it still there?"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from monitor.look import Looker
from monitor.schedule import SLA_MARKS, next_check
from monitor.verdict import NO_ADDRESS_EVERYWHERE, round_meaning
from ntd.case import Case, Stay, Step
from ntd.checking import Judged, settle
from ntd.clock import Clock
from ntd.metrics import Looks
from ntd.pacing import SOONEST, Due, Pacing, quiet_until, spread
from ntd.store import cases, checks, successors
from ntd.store.base import Connection, Store
from ntd.store.checks import ItemToCheck
from ntd.store.worlds import worlds
from ntd.targets import target_of
from ntd.uneventful import uneventful
from ntd.world import World
from schemas.check import Meaning, Round
from schemas.hosting import Address
from schemas.ids import HostId, ItemId, StayId
from schemas.settings import Settings
from schemas.url import parse_url

#: Renewed while a round is under way; what a killed daemon held is due again after this.
LEASE = timedelta(seconds=45)

#: Claims in a row, where most of what is due is put off.
CLAIMS = 5
#: Answers with which a Retry-After says "not now".
_NOT_NOW = frozenset({429, 503})

_Results = Mapping[ItemId, tuple[ItemToCheck, Round]]


class Check:
    """The line that looks."""

    name = "check"
    capacity = 200

    def __init__(
        self,
        store: Store,
        settings: Settings,
        looker: Looker,
        clock: Clock,
        token: UUID,
        *,
        pacing: Pacing | None = None,
        looks: Looks | None = None,
        may_look: Callable[[datetime], bool] = lambda _now: True,
    ) -> None:
        """Look with `looker` at the pace of `pacing`; `token` is this daemon's, for its leases."""
        self._store, self._settings, self._looker = store, settings, looker
        self._clock, self._token = clock, token
        self._pacing = pacing or Pacing(settings.monitor.per_host)
        self._looks, self._may_look = looks or Looks(), may_look
        self._networks = {one.name: one.network for one in settings.monitor.vantage if one.network}
        self._quiet: dict[HostId, datetime] = {}

    async def claim(self, now: datetime, n: int) -> Sequence[ItemToCheck]:
        """Claim items that are due, and put off those whose host has had enough for now."""
        if not self._may_look(now):
            return ()
        found: list[ItemToCheck] = []
        try:
            for _ in range(CLAIMS):
                wanted = n - len(found)
                due = await checks.claim(self._store, now, wanted, LEASE, self._token, untold_only=self._looks.blind)
                await self._admit(due, found, now)
                if len(due) < wanted or len(found) > n // 2:
                    break
        except BaseException:
            # Nobody looks at them now: left to their leases, they must not count at their hosts for ever.
            for job in found:
                self._pacing.over(job.host, None)
            raise
        for job in found:
            self._looks.begun((now - job.due_at).total_seconds())
        return found

    async def _admit(self, due: Sequence[ItemToCheck], found: list[ItemToCheck], now: datetime) -> None:
        """Add to `found` what may be looked at now, and put off the others."""
        if not due:
            return
        async with self._store.transaction() as connection:
            self._quiet = await checks.quiet(connection, now)
            hosts = [Due(item=one.id, host=one.host, name=parse_url(one.url).host, job=one) for one in due]
            go, later = self._pacing.admit(hosts, self._quiet, now)
            found += go
            await checks.put_off(connection, later, self._token)
        self._looks.put_off += len(later)

    async def do(self, job: ItemToCheck) -> tuple[ItemToCheck, Round | None]:
        """Look at one item; no round where its host fell quiet while it waited."""
        began, took_s = asyncio.get_running_loop().time(), None
        try:
            if job.host in self._quiet and self._quiet[job.host] > self._clock.now():
                return job, None
            seen = await self._round(job)
            took_s = asyncio.get_running_loop().time() - began
        finally:
            self._pacing.over(job.host, took_s)
        if (until := _quiet_until(job, seen)) is not None:
            self._quiet[job.host] = max(until, self._quiet.get(job.host, until))
        return job, seen

    async def _round(self, job: ItemToCheck) -> Round:
        return await self._looker.round(
            parse_url(job.url),
            baseline=job.baseline,
            confirmed=job.confirmed,
            referrer=job.referrer,
            every_address=sum(not perch.origin for perch in job.perches) > 1,
            seed=job.id,
            now=self._clock.now(),
        )

    async def settle(self, results: Sequence[tuple[ItemToCheck, Round | None]], now: datetime) -> None:
        """Write what the rounds came to; those whose lease was lost are dropped."""
        await self._settle_quiet(results, now)
        by_id = {job.id: (job, seen) for job, seen in results if seen is not None}
        changing = await self._settle_uneventful(by_id, now)
        if not changing:
            return
        async with self._store.transaction() as connection:
            before = await cases.lock(connection, changing)
            ours = await checks.held(connection, sorted(before), self._token)
            steps = await self._steps(connection, {item: before[item] for item in sorted(ours)}, by_id, now)
            await cases.settle(connection, self._store, self._settings, before, steps, by="check", now=now)
            fresh = {one: parse_url(by_id[one][0].url) for one in _up_at_last(before, steps)}
            await successors.succeed(connection, self._store, fresh, by="check", now=now)
            looks = [(item, by_id[item][1]) for item in ours]
            await checks.keep_looks(connection, self._store, looks, ours, now)

    async def _settle_quiet(self, results: Sequence[tuple[ItemToCheck, Round | None]], now: datetime) -> None:
        """Write down which hosts asked to be left alone, and put off what was claimed of them."""
        hushed = {job.host: until for job, seen in results if seen and (until := _quiet_until(job, seen))}
        later = [
            (job.id, spread(job.id, max(now, self._quiet.get(job.host, now)), SOONEST))
            for job, seen in results
            if seen is None
        ]
        if hushed or later:
            async with self._store.transaction() as connection:
                await checks.hush(connection, hushed, now)
                await checks.put_off(connection, later, self._token)

    async def _settle_uneventful(self, by_id: _Results, now: datetime) -> list[ItemId]:
        """Write down the rounds that changed nothing, without a lock on their items; give the others."""
        async with self._store.transaction() as connection:
            before = await cases.read(connection, sorted(by_id))
            ours = await checks.held(connection, sorted(before), self._token)
            steps = await self._steps(connection, {item: before[item] for item in sorted(ours)}, by_id, now)
            silent = [one for step in steps if (one := uneventful(before[step.case.item.id], step))]
            waiting = await checks.waiting(connection, [one.item for one in silent])
            silent = [one for one in silent if one.item not in waiting]
            await checks.keep_uneventful(connection, silent, self._token)
            looks = [(one.item, by_id[one.item][1]) for one in silent]
            await checks.keep_looks(connection, self._store, looks, ours, now)
        return sorted(ours.keys() - {one.item for one in silent})

    async def _steps(
        self,
        connection: Connection,
        before: Mapping[ItemId, Case],
        by_id: _Results,
        now: datetime,
    ) -> list[Step]:
        world = await self._worlds(connection, list(before.values()), now)
        steps = []
        for item, case in before.items():
            job, seen = by_id[item]
            steps.append(settle(case, self._judged(case, job, seen, now), world[case.item.host], now))
        return steps

    async def _worlds(self, connection: Connection, found: Sequence[Case], now: datetime) -> Mapping[HostId, World]:
        # Only what may come back must be routed anew.
        back = [case.item.host for case in found if any(stay.gone_at for stay in case.open)]
        known = await worlds(connection, self._store, self._settings, back, now) if back else {}
        empty = World(version=0, seats=(), left_at={}, partners={}, settings=self._settings, new_stay=_no_stay)
        return {case.item.host: known.get(case.item.host, empty) for case in found}

    def _judged(self, case: Case, job: ItemToCheck, seen: Round, now: datetime) -> Judged:
        known = {address for perch in job.perches if not perch.origin for address in perch.addresses}
        begun = max((stay.began_at for stay in case.at_work), default=job.received_at)
        return Judged(
            round=seen,
            by_stay=self._by_stay(case, job, seen),
            next_at=next_check(
                received_at=begun,
                settings=self._settings.monitor,
                seed=job.id,
                now=now,
                clock_from=[stay.clock_at for stay in case.at_work if stay.clock_at],
                clock_to_come=any(stay.clock_at is None for stay in case.at_work),
                marks=(*SLA_MARKS, self._settings.sla.removal),
            ),
            target=target_of(seen, self._target_key),
            moved=bool(_answered(seen) - known) or (bool(job.perches) and seen.meaning.reason == "no_name"),
        )

    def _target_key(self, sites: str) -> str:
        return self._store.vault.hash("target", sites).hex()

    def _by_stay(self, case: Case, job: ItemToCheck, seen: Round) -> dict[StayId, Meaning]:
        # What is said of the name is said of every place behind it.
        if len(case.open) == 1 or seen.meaning.reason in {"no_name", NO_ADDRESS_EVERYWHERE}:
            return {stay.id: seen.meaning for stay in case.open}
        found: dict[StayId, Meaning] = {}
        for stay in case.open:
            mine = _seen_for(job, stay)
            here = [look for look in seen.observations if look.address is None or look.address in mine]
            if here:
                found[stay.id] = round_meaning(
                    here, job.baseline, networks=self._networks, addresses=mine & _answered(seen)
                )
        return found

    async def renew(self, jobs: Sequence[ItemToCheck], now: datetime) -> None:
        """Keep the leases of rounds under way: at a busy host they wait for their turn."""
        await checks.renew(self._store, [job.id for job in jobs], self._token, now + LEASE)

    async def give_back(self, now: datetime) -> None:
        """Give back what is not settled."""
        await checks.give_back(self._store, self._token, now)


def _up_at_last(before: Mapping[ItemId, Case], steps: Sequence[Step]) -> list[ItemId]:
    """Give the items of which this was the first look that saw what "up" looks like."""
    seen = (step.case.item for step in steps if step.case.item.baseline is not None)
    return [item.id for item in seen if before[item.id].item.baseline is None]


def _seen_for(job: ItemToCheck, stay: Stay) -> set[Address]:
    # What stands behind a front is seen through it: the public name is what is looked at.
    here = [perch for perch in job.perches if (perch.hoster, perch.country) == stay.seat]
    if any(perch.origin for perch in here):
        here = [perch for perch in job.perches if perch.fronted]
    return {address for perch in here for address in perch.addresses}


def _answered(seen: Round) -> set[Address]:
    return {address for look in seen.observations for address in look.addresses}


def _quiet_until(job: ItemToCheck, seen: Round) -> datetime | None:
    """Give until when the item's host asked to be left alone (RFC 9110, 10.2.3; RFC 6585, 4), None where it did not."""
    asked = [
        look.retry_after_s
        for look in seen.observations
        if look.retry_after_s is not None
        and look.status in _NOT_NOW
        and parse_url(look.hops[-1].url).host == parse_url(job.url).host
    ]
    return quiet_until(max(asked), seen.at) if asked else None


def _no_stay() -> StayId:
    raise LookupError("an item that is not gone opens no stay in a check")
