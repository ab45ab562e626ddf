"""Stay → reminder, next step of the ladder, a partner's silence; holds that are over; dry runs taken back."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from geo.book import BookKind
from geo.matching import Subject
from geo.resolve import Locator
from ntd.acting import release
from ntd.case import Case, Stay
from ntd.following import Ladder, follow_up_first, next_step
from ntd.holding import Act
from ntd.store import cases, checks, ladder
from ntd.store.base import Connection, Store
from ntd.store.ladder import Foothold
from ntd.store.worlds import worlds
from ntd.voiding import void_dry_run
from schemas.errors import Temporary
from schemas.hosting import Contact
from schemas.ids import ItemId, StayId
from schemas.notice import Kind
from schemas.settings import Settings

LEASE = timedelta(seconds=30)
#: How long a registry is waited for; shorter than the lease of the stays.
_PATIENCE = timedelta(seconds=20)
STAYS = 200


class Follow:
    """The turn that follows up."""

    name = "follow"

    def __init__(self, store: Store, settings: Settings, locator: Locator, token: UUID) -> None:
        """Follow up as `settings` say; `locator` knows whom the ladder climbs to."""
        self._store, self._settings, self._locator, self._token = store, settings, locator, token

    async def turn(self, now: datetime) -> bool:
        """Do what is due; say whether anything was."""
        if await self._dry_run(now):
            # First of all: nothing follows from what counts nowhere.
            return True
        followed = await self._stays(now)
        return await self._holds(now) or followed

    async def _stays(self, now: datetime) -> bool:
        async with self._store.statements() as connection:
            due = await checks.follow_ups(connection, now, STAYS, LEASE, self._token)
        if not due:
            return False
        by_item: dict[ItemId, list[StayId]] = {}
        for stay, item in due:
            by_item.setdefault(item, []).append(stay)
        upstream = await self._upstream(by_item, now)
        async with self._store.transaction() as connection:
            before = await cases.lock(connection, sorted(by_item))
            world = await worlds(
                connection, self._store, self._settings, {case.item.host for case in before.values()}, now
            )
            steps = []
            for item, case in before.items():
                ladders = {stay: await self._ladder(connection, case, stay, upstream, now) for stay in by_item[item]}
                # Several stays of one item: one now, the others in the next turn.
                steps.append(follow_up_first(case, by_item[item], world[case.item.host], ladders, now))
            await cases.settle(connection, self._store, self._settings, before, steps, by="follow", now=now)
        return True

    async def _upstream(self, by_item: Mapping[ItemId, list[StayId]], now: datetime) -> dict[StayId, Contact | None]:
        """Find who is told upstream, before anything is locked: a registry may have to be asked.

        A stay that is absent was not asked about, or a registry did not answer: it is tried again.
        """
        if not self._settings.geo.upstreams:
            return {}
        async with self._store.transaction() as connection:
            read = await cases.read(connection, sorted(by_item))
            climbing = [(read[item], stay) for item, stays in by_item.items() if item in read for stay in stays]
            footholds = {
                stay.id: await ladder.foothold(connection, self._store, case, stay)
                for case, stay_id in climbing
                for stay in case.at_work
                if stay.id == stay_id and next_step(stay, self._settings) is Kind.UPSTREAM
            }
        found = await asyncio.gather(*(self._provider(at, now) for at in footholds.values()), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, Temporary | TimeoutError):
                raise one
        told = zip(footholds, found, strict=True)
        return {stay: one for stay, one in told if not isinstance(one, BaseException)}

    async def _provider(self, at: Foothold, now: datetime) -> Contact | None:
        # Upstream of a front is nobody who could do anything about what stands behind it.
        if at.asn is None or at.fronted or await self._contact(Kind.UPSTREAM, at) is not None:
            return None
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            concerned = Subject(host=at.host, site=at.site)
            return await self._locator.transit.contact(at.asn, concerned, now, cnames=at.cnames)

    async def _ladder(
        self,
        connection: Connection,
        case: Case,
        stay_id: StayId,
        upstream: Mapping[StayId, Contact | None],
        now: datetime,
    ) -> Ladder:
        stay = next((one for one in case.at_work if one.id == stay_id), None)
        if stay is None:
            return Ladder(by_kind={})
        unreached = stay.failed_at or not (stay.noticed_at or stay.forwarded_at)
        tried = await ladder.tried(connection, stay) if unreached else frozenset()
        return replace(await self._step(connection, case, stay, upstream, now), tried=tried)

    async def _step(
        self,
        connection: Connection,
        case: Case,
        stay: Stay,
        upstream: Mapping[StayId, Contact | None],
        now: datetime,
    ) -> Ladder:
        kind = next_step(stay, self._settings)
        if kind is None:
            return Ladder(by_kind={})
        contact = await self._contact(kind, await ladder.foothold(connection, self._store, case, stay))
        if contact is None and kind is Kind.UPSTREAM and self._settings.geo.upstreams:
            if stay.id not in upstream:
                return Ladder(by_kind={}, unknown=frozenset({kind}))
            contact = upstream[stay.id]
        if contact is None or contact.channel != "mail":
            return Ladder(by_kind={})
        return Ladder(by_kind={kind: await ladder.recipient(connection, self._store, contact, now)})

    async def _contact(self, kind: Kind, at: Foothold) -> Contact | None:
        if kind is not Kind.REGULATOR:
            return await self._locator.ladder_contact(
                BookKind(kind.value),
                host=at.host,
                site=at.site,
                addresses=at.addresses,
                asn=at.asn,
                cnames=at.cnames,
                registrar=at.registrar,
            )
        regulator = self._settings.regulator
        # Without a certificate mail goes only where the operator says that plain mail may.
        if not (regulator.mailable and at.country in regulator.countries):
            return None
        return Contact(channel="mail", address=regulator.email, source="config", rule="regulator of the country")

    async def _holds(self, now: datetime) -> bool:
        async with self._store.statements() as connection:
            over = await checks.holds_over(connection, now, STAYS)
        if not over:
            return False
        async with self._store.transaction() as connection:
            before = await cases.lock(connection, over)
            world = await worlds(
                connection, self._store, self._settings, {case.item.host for case in before.values()}, now
            )
            act = Act(by="follow", reason="the hold was until now", now=now)
            steps = [
                release(case, act, world[case.item.host])
                for case in before.values()
                if case.item.state == "held" and case.item.hold_until and case.item.hold_until <= now
            ]
            await cases.settle(connection, self._store, self._settings, before, steps, by="follow", now=now)
        return True

    async def _dry_run(self, now: datetime) -> bool:
        if self._settings.notices.dry_run:
            return False
        async with self._store.statements() as connection:
            ids, items = await checks.dry_run_notices(connection, STAYS)
        if not ids:
            return False
        async with self._store.transaction() as connection:
            before = await cases.lock(connection, items)
            await checks.void(connection, ids, now)
            really = await checks.really_told(connection, items)
            steps = [void_dry_run(case, really, now) for case in before.values()]
            await cases.settle(connection, self._store, self._settings, before, steps, by="follow", now=now)
        return True
