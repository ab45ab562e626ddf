"""Message → accepted, refused, in doubt."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from notifiers.registry import Dispatcher
from ntd.clock import Clock
from ntd.gathering import URGENT
from ntd.store import notices, settling
from ntd.store.base import Store
from ntd.store.faults import PASSING
from ntd.store.notices import Outgoing
from ntd.store.settling import Handed, Items
from schemas.notice import AttemptOutcome, Delivery, Envelope
from schemas.settings import Settings

log = structlog.get_logger()
#: Renewed while an attempt is under way; what a killed daemon held is due again after this.
LEASE = timedelta(seconds=45)
#: Batches settled side by side: each waits for its items and its recipients, not for the other batches.
TOGETHER = 4
#: Seconds for which what is less urgent lets what is more so go ahead: a slow relay must not hold up the rest for long.
YIELDS_S = 2.0
Rank = tuple[int, bool]


class _Turnstile:
    """Connections work side by side; what is more urgent is through before the rest begins."""

    def __init__(self) -> None:
        self._here: Counter[Rank] = Counter()
        self._somebody_left = asyncio.Event()

    @asynccontextmanager
    async def passing(self, rank: Rank) -> AsyncIterator[None]:
        """Wait for those of a lower rank, and hold up those of a higher one meanwhile."""
        self._here[rank] += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(YIELDS_S):
                    while any(rank > other for other in self._here):
                        self._somebody_left.clear()
                        await self._somebody_left.wait()
            yield
        finally:
            self._here[rank] -= 1
            self._here += Counter()  # forgets whom nobody is of
            self._somebody_left.set()


class Send:
    """The line that hands messages over."""

    name = "send"
    capacity = 32

    def __init__(self, store: Store, settings: Settings, out: Dispatcher, clock: Clock, token: UUID) -> None:
        """Hand over through `out`; `token` is this daemon's, for its leases."""
        self._store, self._settings, self._out = store, settings, out
        self._clock, self._token = clock, token
        self._turnstile = _Turnstile()

    async def claim(self, now: datetime, n: int) -> Sequence[Outgoing]:
        """Claim messages that are due, with their attempts on record."""
        return await notices.claim(self._store, now, n, LEASE, self._token)

    async def do(self, job: Outgoing) -> Handed:
        """Hand one message over."""
        async with self._turnstile.passing((job.urgency, job.priority > URGENT)):
            delivery = await self._deliver(job)
        return Handed(sent=job, delivery=delivery, at=self._clock.now())

    async def _deliver(self, job: Outgoing) -> Delivery:
        offered = False

        async def before_offer() -> None:
            nonlocal offered
            await notices.offered(self._store, job.attempt, self._clock.now())
            offered = True

        envelope = Envelope(
            notice=job.id,
            kind=job.kind,
            channel=job.channel,
            to=self._to(job),
            mail_from=job.mail_from,
            message_id=job.message_id,
            content=job.content,
            again=job.again,
        )
        try:
            return await self._out.deliver(envelope, before_offer=before_offer)
        except PASSING as fault:
            # Without the offer on record nothing leaves: the database was away for a moment, the other side was not.
            if offered:
                raise
            return Delivery(outcome=AttemptOutcome.TEMPORARY, reply=f"not offered: {type(fault).__name__}")

    def _to(self, job: Outgoing) -> str:
        partner = next((one for one in self._settings.partner if one.code == job.partner), None)
        # A mail is known by its Message-ID, in a dry run too.
        return partner.email if partner is not None and job.message_id.startswith("<") else job.to

    async def settle(self, results: Sequence[Handed], now: datetime) -> None:  # noqa: ARG002 -- each has its own moment
        """Write what attempts came to, several messages in one transaction."""
        items = await settling.items_of(self._store, results)
        batches = list(settling.batches(results, items))
        for begin in range(0, len(batches), TOGETHER):
            together = (self._settle(batch, items) for batch in batches[begin : begin + TOGETHER])
            faults = [one for one in await asyncio.gather(*together, return_exceptions=True) if one]
            if faults:
                # Said again, they are settled again: those that were are no longer ours, and are left alone.
                raise faults[0]

    async def _settle(self, handed: Sequence[Handed], items: Items) -> None:
        settled = await settling.settle(self._store, self._settings, handed, items)
        for one in handed:
            log.info(
                "notice.attempted",
                notice=str(one.sent.id),
                kind=one.sent.kind.value,
                channel=one.sent.channel.value,
                outcome=one.delivery.outcome.value,
                settled=one.sent.id in settled,
            )

    async def renew(self, jobs: Sequence[Outgoing], now: datetime) -> None:
        """Keep the leases of attempts under way."""
        await notices.renew(self._store, [job.id for job in jobs], self._token, now + LEASE)

    async def give_back(self, now: datetime) -> None:
        """Give back what was never offered."""
        await notices.give_back(self._store, self._token, now)
