"""Item → a round of looks: is it still there?"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from monitor.look import Looker
from monitor.schedule import next_check
from monitor.verdict import NO_ADDRESS_EVERYWHERE, round_meaning
from ntd.case import Case
from ntd.checking import Looked, settle
from ntd.clock import Clock
from ntd.placing import World
from ntd.store import cases, checks
from ntd.store.base import Connection, Store
from ntd.store.checks import ItemToCheck
from ntd.store.worlds import worlds
from schemas.check import Meaning, Round
from schemas.hosting import Address
from schemas.ids import HostId, StayId
from schemas.settings import Settings
from schemas.url import parse_url

#: Renewed while a round is under way; what a killed daemon held is due again after this.
LEASE = timedelta(seconds=45)


class Check:
    """The line that looks."""

    name = "check"
    capacity = 200

    def __init__(self, store: Store, settings: Settings, looker: Looker, clock: Clock, token: UUID) -> None:
        """Look with `looker`; `token` is this daemon's, for its leases."""
        self._store, self._settings, self._looker = store, settings, looker
        self._clock, self._token = clock, token
        self._networks = {one.name: one.network for one in settings.monitor.vantage if one.network}

    async def claim(self, now: datetime, n: int) -> Sequence[ItemToCheck]:
        """Claim items that are due."""
        return await checks.claim(self._store, now, n, LEASE, self._token)

    async def do(self, job: ItemToCheck) -> tuple[ItemToCheck, Round]:
        """Look at one item."""
        seen = await self._looker.round(
            parse_url(job.url),
            baseline=job.baseline,
            confirmed=job.confirmed,
            referrer=job.referrer,
            every_address=len(job.perches) > 1,
            now=self._clock.now(),
        )
        return job, seen

    async def settle(self, results: Sequence[tuple[ItemToCheck, Round]], now: datetime) -> None:
        """Write what the rounds came to; those whose lease was lost are dropped."""
        by_id = {job.id: (job, seen) for job, seen in results}
        async with self._store.transaction() as connection:
            before = await cases.lock(connection, sorted(by_id))
            ours = await checks.held(connection, sorted(before), self._token)
            world = await self._worlds(connection, [before[item] for item in ours], now)
            steps = []
            for item in sorted(ours):
                job, seen = by_id[item]
                looked = self._looked(before[item], job, seen, now)
                steps.append(settle(before[item], looked, world[before[item].item.host], now))
            await cases.settle(connection, self._store, self._settings, before, steps, by="check", now=now)
            looks = [(item, by_id[item][1]) for item in sorted(ours)]
            await checks.keep_looks(connection, self._store, looks, now)

    async def _worlds(self, connection: Connection, found: Sequence[Case], now: datetime) -> Mapping[HostId, World]:
        # Only what may come back must be routed anew.
        back = [case.item.host for case in found if any(stay.gone_at for stay in case.open)]
        known = await worlds(connection, self._store, self._settings, back, now) if back else {}
        empty = World(version=0, seats=(), left_at={}, partners={}, settings=self._settings, new_stay=_no_stay)
        return {case.item.host: known.get(case.item.host, empty) for case in found}

    def _looked(self, case: Case, job: ItemToCheck, seen: Round, now: datetime) -> Looked:
        known = {address for perch in job.perches for address in perch.addresses}
        answered = {address for look in seen.observations for address in look.addresses}
        begun = max((stay.began_at for stay in case.at_work), default=job.received_at)
        return Looked(
            round=seen,
            by_stay=self._by_stay(case, job, seen),
            next_at=next_check(
                received_at=begun,
                settings=self._settings.monitor,
                seed=job.id,
                now=now,
                clock_from=[stay.clock_at for stay in case.at_work if stay.clock_at],
            ),
            moved=bool(answered - known) or (bool(job.perches) and seen.meaning.reason == "no_name"),
        )

    def _by_stay(self, case: Case, job: ItemToCheck, seen: Round) -> dict[StayId, Meaning]:
        # What is said of the name is said of every place behind it.
        if len(case.open) == 1 or seen.meaning.reason in {"no_name", NO_ADDRESS_EVERYWHERE}:
            return {stay.id: seen.meaning for stay in case.open}
        found: dict[StayId, Meaning] = {}
        for stay in case.open:
            mine = {
                address
                for perch in job.perches
                if (perch.hoster, perch.country) == stay.seat
                for address in perch.addresses
            }
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


def _answered(seen: Round) -> set[Address]:
    return {address for look in seen.observations for address in look.addresses}


def _no_stay() -> StayId:
    raise LookupError("an item that is not gone opens no stay in a check")
