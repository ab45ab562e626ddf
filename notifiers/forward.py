"""To a partner's API: `POST {api}/forwards`, and which of its items the partner does not take (contract, section 7)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from notifiers.exchange import items_of, read_answer
from notifiers.outcomes import words
from notifiers.post import Poster, Target
from notifiers.webapi import delivery_of
from schemas.notice import AttemptOutcome, Delivery, Envelope, Kind
from schemas.settings import Partner

_PATHS = {Kind.WITHDRAWAL: "withdrawals"}


class PartnerApi:
    """The way to the APIs of partners."""

    def __init__(self, poster: Poster, partners: Sequence[Partner]) -> None:
        self._poster = poster
        self._partners = {name: each for each in partners if each.api for name in (each.code, each.api.rstrip("/"))}

    def knows(self, to: str) -> bool:
        """Say whether an address is a partner's, written as its code or as the base URL of its API."""
        return to.rstrip("/") in self._partners

    async def deliver(self, envelope: Envelope, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Post a forward, and read which items the partner refused."""
        partner = self._partners.get(envelope.to.rstrip("/"))
        if partner is None:
            why = "no [[partner]] with this code has an api any more; configure one and tell the items anew"
            return Delivery(outcome=AttemptOutcome.PERMANENT, reply=why, no_way=True)
        target = Target(
            url=f"{partner.api.rstrip('/')}/{_PATHS.get(envelope.kind, 'forwards')}",
            token=partner.token.get_secret_value(),
            ca_file=partner.ca_file,
        )
        key = str(envelope.notice)
        answer = await self._poster.post(target, envelope.content, key=key, before_offer=before_offer)
        delivery = delivery_of(answer, envelope.kind)
        if delivery.outcome is not AttemptOutcome.ACCEPTED:
            return delivery
        return _accepted(delivery, getattr(answer, "body", None), envelope)


def _accepted(delivery: Delivery, body: bytes | None, envelope: Envelope) -> Delivery:
    # The status has said that it was taken; words that cannot be read take nothing back.
    said = read_answer(body or b"", items_of(envelope.content))
    note = "" if said.understood else "(accepted; the answer's body is not what was agreed) "
    return replace(delivery, refused=said.refused, remote_id=said.remote_id, reply=words(note + delivery.reply))
