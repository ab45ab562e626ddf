"""Where one look has come to: an answer taken in as it comes, and the page it stands on until the look ends."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from monitor.imprint import text_likeness
from monitor.pages import Page
from monitor.pinned import Answer
from monitor.reading import Intake, page_of, redirect_of, refresh_of, retry_after_s, type_of
from schemas.check import Baseline, Body, Hop, Names, Phases, Signs, Tls
from schemas.hosting import Address
from schemas.url import Url

#: How much of an answer that is no content is read, for what it says of itself.
_WORDS_BYTES: Final = 65_536
CONTENT: Final = frozenset({200, 203, 206})


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a look is done, whatever is looked at."""

    body_limit_bytes: int
    redirects: int
    user_agents: tuple[str, ...]  # one is chosen for each look
    accept_language: str
    salt: bytes = b""  # of the installation, for the likeness of pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one look is to find out."""

    url: Url
    names: Names
    address: Address | None  # the one to dial; None: an onion service
    baseline: Baseline | None = None
    full: bool = True  # False: headers only, no body and no sibling
    alone: bool = False  # True: nothing beside it is asked for, no sibling and no name servers
    referrer: str | None = None
    names_s: float = 0.0  # how long asking for the names took
    seed: UUID | None = None  # chance comes from it, where there is any
    now: datetime


@dataclass(slots=True, kw_only=True)
class Trail:
    """Where a look has come to; holds the page it stands on only until the look ends."""

    url: Url
    hops: list[Hop] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    tls: Tls | None = None
    phases: Phases = field(default_factory=Phases)
    status: int | None = None
    retry_after_s: float | None = None
    body: Body | None = None
    note: str | None = None  # what broke after an answer that is no content
    page: Page | None = field(default=None, repr=False)
    signs: Signs = field(default_factory=Signs)


class Taking:
    """Takes one answer into a trail as it comes."""

    def __init__(self, trail: Trail, question: Question, manner: Manner) -> None:
        self._trail, self._question, self._manner = trail, question, manner
        self._answer: Answer | None = None
        self._intake: Intake | None = None
        self.target: Url | None = None
        #: The status is an answer in itself, whatever becomes of the body.
        self.answered = False

    def head(self, answer: Answer) -> Intake | None:
        """Take the head; give who takes the body, None when nobody wants it."""
        trail, question = self._trail, self._question
        trail.body = trail.page = None
        trail.hops.append(Hop(url=trail.url.text, status=answer.status))
        trail.status, trail.tls = answer.status, worse(trail.tls, answer.tls)
        trail.retry_after_s = retry_after_s(answer, question.now)
        self.target = redirect_of(answer, trail.url)
        if self.target is not None:
            self._sent_on()
        elif question.full:
            self._answer, self.answered = answer, answer.status not in CONTENT
            self._intake = Intake(answer, self._limit_bytes(answer))
        return self._intake

    def _limit_bytes(self, answer: Answer) -> int:
        baseline = self._question.baseline
        # What was content once is read whole whatever the status: some hide it behind a 404.
        known = baseline is not None and baseline.type is not None and type_of(answer) == baseline.type
        return self._manner.body_limit_bytes if known or answer.status in CONTENT else _WORDS_BYTES

    def _sent_on(self) -> None:
        if self.target is not None:
            self._trail.hops[-1] = replace(self._trail.hops[-1], location=self.target.text)

    def finish(self) -> None:
        """Take what came of the body, once all of it is there."""
        if self._intake is None or self._answer is None:
            return
        trail, baseline = self._trail, self._question.baseline
        trail.body, start = self._intake.finish()
        if baseline is not None and trail.body.sha256 == baseline.sha256:
            return
        trail.page = page_of(self._answer, start)
        if trail.page is not None and self._answer.status in CONTENT:
            trail.body = replace(trail.body, likeness=text_likeness(trail.page, self._manner.salt))
            self.target = refresh_of(trail.page, trail.url)
            self._sent_on()


def worse(before: Tls | None, now: Tls | None) -> Tls | None:
    """Keep the first certificate that was not in order."""
    return before if before is not None and before.trust != "ok" else now or before
