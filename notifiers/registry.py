"""The dispatcher: which way an envelope leaves, and what came of one attempt.

A new channel is a file with a class that has `deliver`, and a line in `_way`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Protocol

from notifiers.abuse_signal import AbuseSignal
from notifiers.folder import Folder
from notifiers.forward import PartnerApi
from notifiers.post import Poster
from notifiers.smtp import Relay
from notifiers.webapi import HosterApi
from schemas.notice import AttemptOutcome, Channel, Delivery, Envelope, Kind
from schemas.settings import Settings


class Way(Protocol):
    """One way out. Faults of the other side are deliveries; only faults of `before_offer` and bugs are raised."""

    async def deliver(self, envelope: Envelope, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Try once to hand a message over."""
        ...


class Dispatcher:
    """Hands envelopes over, each its own way."""

    def __init__(
        self, *, mail: Way, hosters: Way, signals: AbuseSignal, partners: PartnerApi, folder: Way, dry_run: bool
    ) -> None:
        self._mail = mail
        self._hosters = hosters
        self._signals = signals
        self._partners = partners
        self._folder = folder
        self._dry_run = dry_run

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, now: Callable[[], datetime]) -> AsyncIterator["Dispatcher"]:
        """Open every way out for as long as the dispatcher lives; nothing is dialled before there is a message.

        `now` is read where a signature says when it was made.
        """
        async with (
            Relay.open(settings.smtp, settings.organisation.domain) as mail,
            Poster.open(settings.dns, f"ntd/{version('ntd')}") as poster,
        ):
            yield cls(
                mail=mail,
                hosters=HosterApi(poster, settings.hoster),
                signals=AbuseSignal(poster, settings.hoster, now),
                partners=PartnerApi(poster, settings.partner),
                folder=Folder(settings.notices.folder),
                dry_run=settings.notices.dry_run,
            )

    async def deliver(self, envelope: Envelope, *, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Try once to hand an envelope over.

        `before_offer` is awaited at the last moment at which the message cannot have been taken; what it raises is
        raised here, and the message was then not offered.
        """
        way = self._way(envelope)
        if way is None:
            why = "this message is fetched or filled in by a human; nothing is sent"
            return Delivery(outcome=AttemptOutcome.TEMPORARY, reply=why)
        return await way.deliver(envelope, before_offer)

    def _way(self, envelope: Envelope) -> Way | None:
        if self._dry_run or envelope.channel is Channel.FOLDER:
            return self._folder
        match envelope.channel:
            case Channel.MAIL:
                return self._mail
            case Channel.API:
                if self._is_partner(envelope):
                    return self._partners
                return self._signals if self._signals.knows(envelope.to) else self._hosters
            case Channel.FORM | Channel.EXCHANGE:
                return None

    def _is_partner(self, envelope: Envelope) -> bool:
        # A partner is addressed by its code, a hoster by a URL.
        return envelope.kind is Kind.FORWARD or "://" not in envelope.to or self._partners.knows(envelope.to)
