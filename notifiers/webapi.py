"""To a hoster's API: one XARF document, `POST {base}/reports` (contract, section 7), or what is taken back."""

from collections.abc import Awaitable, Callable, Sequence

from notifiers.outcomes import http_outcome, lost_outcome, nothing_there, retry_after, words
from notifiers.post import Answer, Poster, Silence, Target
from schemas.notice import AttemptOutcome, Delivery, Envelope, Kind, Took
from schemas.settings import HosterRule

#: A withdrawal is no XARF report: it goes beside them, so that nobody takes it for one.
_PATHS = {Kind.WITHDRAWAL: "withdrawals"}


class HosterApi:
    """The way to the APIs of hosters."""

    def __init__(self, poster: Poster, rules: Sequence[HosterRule]) -> None:
        self._poster = poster
        self._rules = {rule.api.rstrip("/"): rule for rule in rules if rule.api}

    async def deliver(self, envelope: Envelope, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Post a report; a hoster without a rule of its own is told without a token."""
        base = envelope.to.rstrip("/")
        rule = self._rules.get(base)
        target = Target(
            url=f"{base}/{_PATHS.get(envelope.kind, 'reports')}",
            token=rule.token.get_secret_value() if rule else "",
            ca_file=rule.ca_file if rule else None,
        )
        key = str(envelope.notice)
        answer = await self._poster.post(target, envelope.content, key=key, before_offer=before_offer)
        return delivery_of(answer, envelope.kind)


def delivery_of(answer: Answer | Silence, kind: Kind | None = None) -> Delivery:
    """Say what came of a POST, whatever was in it; `kind`: that of the message, where it has a path of its own."""
    if isinstance(answer, Silence):
        return Delivery(outcome=lost_outcome(answer.stage), reply=words(answer.why))
    outcome = http_outcome(answer.status)
    said = "(no readable words)" if answer.body is None else answer.body.decode("utf-8", "replace")
    return Delivery(
        outcome=outcome,
        by=Took.API if outcome is AttemptOutcome.ACCEPTED else None,
        reply=words(f"{answer.status} {said}"),
        retry_after=retry_after(answer.retry_after, answer.date) if outcome is AttemptOutcome.TEMPORARY else None,
        # Nobody has to take withdrawals over an API: the contract's exchange has no path for them.
        no_way=kind is Kind.WITHDRAWAL and nothing_there(answer.status),
    )
