"""Message → accepted, refused, in doubt."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from notifiers.registry import Dispatcher
from ntd.clock import Clock
from ntd.store import notices
from ntd.store.base import Store
from ntd.store.faults import PASSING
from ntd.store.notices import Outgoing
from schemas.notice import AttemptOutcome, Delivery, Envelope
from schemas.settings import Settings

log = structlog.get_logger()
#: Renewed while an attempt is under way; what a killed daemon held is due again after this.
LEASE = timedelta(seconds=45)
#: Messages settled side by side: each waits for its items and its recipient, not for the other messages.
TOGETHER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What an attempt came to. `at`: when the other side answered; clocks run from there, not from when we wrote it."""

    sent: Outgoing
    delivery: Delivery
    at: datetime


class Send:
    """The line that hands messages over."""

    name = "send"
    capacity = 32

    def __init__(self, store: Store, settings: Settings, out: Dispatcher, clock: Clock, token: UUID) -> None:
        """Hand over through `out`; `token` is this daemon's, for its leases."""
        self._store, self._settings, self._out = store, settings, out
        self._clock, self._token = clock, token

    async def claim(self, now: datetime, n: int) -> Sequence[Outgoing]:
        """Claim messages that are due, with their attempts on record."""
        return await notices.claim(self._store, now, n, LEASE, self._token)

    async def do(self, job: Outgoing) -> Handed:
        """Hand one message over."""
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
        """Write what attempts came to, each in a transaction of its own: one lock order per message."""
        for begin in range(0, len(results), TOGETHER):
            together = map(self._settle, results[begin : begin + TOGETHER])
            faults = [one for one in await asyncio.gather(*together, return_exceptions=True) if one]
            if faults:
                # Said again, they are settled again: those that were are no longer ours, and are left alone.
                raise faults[0]

    async def _settle(self, handed: Handed) -> None:
        sent, delivery = handed.sent, handed.delivery
        settled = await notices.settle(self._store, self._settings, sent, delivery, handed.at)
        log.info(
            "notice.attempted",
            notice=str(sent.id),
            kind=sent.kind.value,
            channel=sent.channel.value,
            outcome=delivery.outcome.value,
            settled=settled,
        )

    async def renew(self, jobs: Sequence[Outgoing], now: datetime) -> None:
        """Keep the leases of attempts under way."""
        await notices.renew(self._store, [job.id for job in jobs], self._token, now + LEASE)

    async def give_back(self, now: datetime) -> None:
        """Give back what was never offered."""
        await notices.give_back(self._store, self._token, now)
