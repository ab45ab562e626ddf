"""To the AWS Abuse Signal API: one XARF document, `POST {base}/v1/abuse`.

Its user guide and API reference are at docs.aws.amazon.com/abuse-signal, as of 18 November 2026. The notice's id is
`clientToken` and `correlationId`. The first is only remembered for 24 hours, so before any repeat the API is asked by
the second whether it has the report already.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

import orjson

from notifiers.outcomes import words
from notifiers.post import Answer, Poster, Silence, Target
from notifiers.sigv4 import Signatory, signature_headers
from notifiers.webapi import delivery_of
from schemas.notice import AttemptOutcome, Delivery, Envelope, Kind, Took
from schemas.settings import HosterRule

_SERVICE = "abuse"  # the signing name, user guide, "Identity and access management"
_JSON = {"Content-Type": "application/json"}
_NOTHING_TAKEN = frozenset({429, 503})  # throttled: any other 5xx may come after the report was stored
_ABOUT_US = frozenset({401, 403})  # key, permission or clock: nothing is wrong with the report
_OK = 200


class AbuseSignal:
    """The way to those hosters whose rule says `protocol = "aws-abuse-signal"`."""

    def __init__(self, poster: Poster, rules: Sequence[HosterRule], now: Callable[[], datetime]) -> None:
        self._poster = poster
        self._now = now
        self._rules = {rule.api.rstrip("/"): rule for rule in rules if rule.api and rule.protocol == "aws-abuse-signal"}

    def knows(self, to: str) -> bool:
        """Say whether this is the address of one of them."""
        return to.rstrip("/") in self._rules

    async def deliver(self, envelope: Envelope, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Submit a report, once, whatever became of the answers before."""
        if envelope.kind is Kind.WITHDRAWAL:
            why = "the AWS Abuse Signal API takes no report back; tell its desk another way"
            return Delivery(outcome=AttemptOutcome.PERMANENT, reply=why, no_way=True)
        base, key = envelope.to.rstrip("/"), str(envelope.notice)
        if envelope.again and (known := await self._taken_before(base, key)) is not None:
            return known
        report = {"xarf": orjson.Fragment(envelope.content)}
        body = orjson.dumps({"clientToken": key, "correlationId": key, "report": report})
        target = self._target(base, "POST", f"{base}/v1/abuse", _JSON, body)
        return _meaning(await self._poster.post(target, body, key=key, before_offer=before_offer))

    async def _taken_before(self, base: str, key: str) -> Delivery | None:
        """Ask whether the report is there; None: it is not, and may be sent."""
        url = f"{base}/v1/abusestatuses?correlationId={key}&maxResults=1"
        answer = await self._poster.get(self._target(base, "GET", url, {}, b""))
        found = _reports(answer)
        if found is None:
            said = answer.why if isinstance(answer, Silence) else f"{answer.status} {answer.body!r}"
            return Delivery(outcome=AttemptOutcome.TEMPORARY, reply=words(f"not asked yet whether it is there: {said}"))
        if not found:
            return None
        reply = words(f"taken before: {found[0].get('reportId')} {found[0].get('status')}")
        remote_id = str(found[0].get("reportId"))
        return Delivery(outcome=AttemptOutcome.ACCEPTED, by=Took.API, reply=reply, remote_id=remote_id)

    def _target(self, base: str, method: str, url: str, headers: dict[str, str], body: bytes) -> Target:
        rule = self._rules[base]
        key_id, _, secret = rule.token.get_secret_value().partition(":")
        who = Signatory(key_id=key_id, secret=secret, region=rule.region, service=_SERVICE)
        signature = signature_headers(who, method, url, headers, body, self._now())
        return Target(url=url, headers=tuple(signature.items()), ca_file=rule.ca_file)


def _reports(answer: Answer | Silence) -> list[dict[str, object]] | None:
    """Read a list of reports; None where it cannot be told whether there are any."""
    if isinstance(answer, Silence) or answer.status != _OK or answer.body is None:
        return None
    try:
        found = orjson.loads(answer.body).get("reports")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return found if isinstance(found, list) and all(isinstance(one, dict) for one in found) else None


def _meaning(answer: Answer | Silence) -> Delivery:
    said = delivery_of(answer)
    if isinstance(answer, Silence):
        return said
    if answer.status in _ABOUT_US:
        return replace(said, outcome=AttemptOutcome.TEMPORARY)
    if said.outcome is AttemptOutcome.TEMPORARY and answer.status not in _NOTHING_TAKEN:
        return replace(said, outcome=AttemptOutcome.DOUBTFUL)
    return replace(said, remote_id=_report_id(answer.body)) if said.outcome is AttemptOutcome.ACCEPTED else said


def _report_id(body: bytes | None) -> str | None:
    try:
        found = orjson.loads(body or b"").get("reportId")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return found if isinstance(found, str) else None
