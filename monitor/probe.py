"""One look: names, dial, redirects each from nothing, a bounded read, the sibling. Observes and never judges."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from monitor.decoding import ENCODINGS
from monitor.faults import Fault
from monitor.pages import Page
from monitor.pinned import Answer, Dialler
from monitor.reading import Intake, page_of, redirect_of, retry_after_s
from monitor.siblings import siblings_of
from monitor.signs import Ended, Known, fingerprint, signs_of
from monitor.slots import Slots
from schemas.check import Baseline, Body, Hop, Names, Observation, Phases, Sight, Signs, Tls
from schemas.hosting import Address, NameFate
from schemas.url import HostKind, Url, parse_url

#: How much of an answer that is no content is read, for what it says of itself.
_WORDS_BYTES: Final = 65_536
#: Addresses of a redirect's target that are tried, one after the other, when they cannot be reached.
_TARGET_ADDRESSES: Final = 3
_CONTENT: Final = frozenset({200, 203, 206})
#: Answers of a sibling that say "not now" instead of "there is no such thing".
_NOT_NOW: Final = frozenset({408, 425, 429})
_SERVER_ERRORS: Final = 500
_NAMELESS: Final = {NameFate.NXDOMAIN: Sight.NO_NAME, NameFate.NODATA: Sight.NO_ADDRESS}

Resolve = Callable[[str], Awaitable[Names]]
Public = Callable[[Address], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a look is done, whatever is looked at."""

    body_limit_bytes: int
    redirects: int
    user_agent: str
    accept_language: str = "en-US,en;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one look is to find out."""

    url: Url
    names: Names
    address: Address | None  # the one to dial; None: an onion service
    baseline: Baseline | None = None
    full: bool = True  # False: headers only, no body and no sibling
    referrer: str | None = None
    names_s: float = 0.0  # how long asking for the names took
    now: datetime


@dataclass(slots=True, kw_only=True)
class _Trail:
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


def sight_of(names: Names) -> Sight | None:
    """Say how a look ends that finds no address to dial; None when there is one."""
    if names.addresses:
        return None
    return _NAMELESS.get(names.fate, Sight.NAME_FAULT)


class _Taking:
    """Takes one answer into a trail as it comes."""

    def __init__(self, trail: _Trail, question: Question, limit_bytes: int) -> None:
        self._trail, self._question, self._limit_bytes = trail, question, limit_bytes
        self._answer: Answer | None = None
        self._intake: Intake | None = None
        self.target: Url | None = None
        #: The status is an answer in itself, whatever becomes of the body.
        self.answered = False

    def head(self, answer: Answer) -> Intake | None:
        """Take the head; give who takes the body, None when nobody wants it."""
        trail, question = self._trail, self._question
        hop = Hop(url=trail.url.text, status=answer.status)
        trail.hops.append(hop)
        trail.status, trail.tls = answer.status, _worse(trail.tls, answer.tls)
        trail.retry_after_s = retry_after_s(answer, question.now)
        self.target = redirect_of(answer, trail.url)
        if self.target is not None:
            trail.hops[-1] = replace(hop, location=self.target.text)
        elif question.full:
            content = answer.status in _CONTENT
            self._answer, self.answered = answer, not content
            self._intake = Intake(answer, self._limit_bytes if content else _WORDS_BYTES)
        return self._intake

    def finish(self) -> None:
        """Take what came of the body, once all of it is there."""
        if self._intake is None or self._answer is None:
            return
        self._trail.body, start = self._intake.finish()
        baseline = self._question.baseline
        if baseline is None or self._trail.body.sha256 != baseline.sha256:
            self._trail.page = page_of(self._answer, start)


class Probe:
    """Looks from one vantage."""

    def __init__(
        self,
        *,
        vantage: str,
        dialler: Dialler,
        names: Resolve,
        public: Public,
        slots: Slots,
        manner: Manner,
        known: Known,
        tor: bool = False,
    ) -> None:
        self._vantage, self._dialler, self._slots, self._tor = vantage, dialler, slots, tor
        self._names, self._public = names, public
        self._manner, self._known = manner, known
        self._fields = fields_of(manner, None)

    async def look(self, question: Question, deadline: float) -> Observation:
        """Look once at one address; every fault from outside becomes part of the observation.

        `deadline` is a time of the running loop. It stands still while a turn at a busy host is waited for.
        """
        began = asyncio.get_running_loop().time()
        trail, signs = _Trail(url=question.url), Signs()
        sight: Sight = Sight.TIMEOUT
        words: str | None = "not done in time"
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline) as timer:
                try:
                    await self._follow(trail, question.address, question, timer)
                    signs = self._signs(question, trail)
                    sight, words = Sight.ANSWERED, trail.note
                    if question.full and _only_a_sibling_can_tell(question, trail, signs):
                        words = "not compared with a sibling: not done in time"
                        like, words = await self._like_sibling(question, trail, timer)
                        signs = replace(signs, like_sibling=like)
                except Fault as fault:
                    sight, words = fault.sight, fault.words
        elapsed_s = asyncio.get_running_loop().time() - began
        return self._observed(question, trail, signs, sight=sight, fault=words, elapsed_s=round(elapsed_s, 4))

    def _observed(
        self, question: Question, trail: _Trail, signs: Signs, *, sight: Sight, fault: str | None, elapsed_s: float
    ) -> Observation:
        return Observation(
            at=question.now,
            vantage=self._vantage,
            sight=sight,
            address=question.address,
            addresses=question.names.addresses,
            hops=tuple(trail.hops),
            status=trail.status,
            body=trail.body,
            signs=signs,
            fault=fault,
            retry_after_s=trail.retry_after_s,
            elapsed_s=elapsed_s,
            final_site=trail.url.site if trail.url.site != question.url.site else None,
            tls=trail.tls,
            phases=replace(trail.phases, names_s=round(question.names_s, 4)),
        )

    async def _follow(self, trail: _Trail, address: Address | None, question: Question, timer: asyncio.Timeout) -> None:
        """Ask, and go where the answers send us, until one sends us nowhere."""
        target = await self._exchange(trail, address, question, timer)
        while target is not None:
            trail.seen.add(trail.url.text)
            if target.text in trail.seen:
                raise Fault(Sight.TOO_MANY_REDIRECTS, "redirects in a circle")
            if len(trail.hops) > self._manner.redirects:
                raise Fault(Sight.TOO_MANY_REDIRECTS, f"more than {self._manner.redirects} redirects")
            trail.url = target
            target = await self._exchange_anew(trail, question, timer)

    async def _exchange_anew(self, trail: _Trail, question: Question, timer: asyncio.Timeout) -> Url | None:
        """Ask a redirect's target: its own names, its own check, its own dial."""
        unreachable: Fault | None = None
        for address in await self._checked_addresses(trail.url):
            try:
                return await self._exchange(trail, address, question, timer)
            except Fault as fault:
                if fault.sight is not Sight.UNREACHABLE:
                    raise
                unreachable = fault
        raise unreachable or Fault(Sight.NAME_FAULT, "the redirect's target has no address")

    async def _checked_addresses(self, url: Url) -> tuple[Address | None, ...]:
        if url.kind is HostKind.ONION:
            if self._tor:
                return (None,)
            raise Fault(Sight.OUR_FAULT, 'redirects to an onion service, which needs a vantage with network = "tor"')
        names = await self._names_of(url)
        if missing := sight_of(names):
            raise Fault(missing, f"the redirect's target: {names.fate.value}")
        public = tuple(address for address in in_order(names.addresses) if self._public(address))
        if len(public) < len(names.addresses):
            raise Fault(Sight.NOT_PUBLIC, "redirects to an address that is not public")
        return public[:_TARGET_ADDRESSES]

    async def _names_of(self, url: Url) -> Names:
        if url.address is not None:
            return Names(fate=NameFate.NOT_ASKED, addresses=(url.address,))
        return await self._names(url.host)

    async def _exchange(
        self, trail: _Trail, address: Address | None, question: Question, timer: asyncio.Timeout
    ) -> Url | None:
        """Ask one address once; give where it sends us, None when this is the answer."""
        fields = self._fields if question.referrer is None else fields_of(self._manner, question.referrer)
        taking = _Taking(trail, question, self._manner.body_limit_bytes)
        async with self._slots.hold(trail.url.host, address, timer):
            try:
                spent = await self._dialler.ask(trail.url, address, fields, taking.head)
                trail.phases = _longer(trail.phases, spent)
                taking.finish()
            except Fault as fault:
                if not taking.answered:
                    raise
                # Without content the status is the answer; what breaks behind it takes nothing from it.
                trail.note = fault.words
        return taking.target

    def _signs(self, question: Question, trail: _Trail) -> Signs:
        if trail.body is None:
            return Signs()
        moved = trail.url.text != question.url.text
        last = trail.url.path.partition("?")[0].rpartition("/")[2].lower()
        ended = Ended(host=trail.url.host, last=last) if moved else Ended()
        return signs_of(trail.page, trail.body.sha256, ended, self._known)

    async def _like_sibling(
        self, question: Question, trail: _Trail, timer: asyncio.Timeout
    ) -> tuple[bool | None, str | None]:
        """Say whether every sibling looks the same (None: could not be said, and why)."""
        alike: bool | None = None
        try:
            for text in siblings_of(question.url, secrets.token_bytes(32)):
                other = _Trail(url=parse_url(text))
                await self._follow(other, question.address, replace(question, baseline=None), timer)
                alike = _alike(trail, question.url, other, parse_url(text))
                if not alike:
                    break
        except Fault as fault:
            return None, f"not compared with a sibling: {fault.words}"
        return alike, None


def _only_a_sibling_can_tell(question: Question, trail: _Trail, signs: Signs) -> bool:
    """Say whether content came that is not the one first seen and does not itself say what it is."""
    if trail.status not in _CONTENT or trail.body is None:
        return False
    known = (signs.login, signs.default_page, signs.parked, signs.removal_wording, signs.placeholder)
    same = question.baseline is not None and question.baseline.sha256 == trail.body.sha256
    return not same and not any(known)


def _alike(ours: _Trail, our_url: Url, other: _Trail, other_url: Url) -> bool:
    if other.status is None or other.status in _NOT_NOW or other.status >= _SERVER_ERRORS:
        raise Fault(Sight.BAD_ANSWER, f"it was answered with {other.status}")
    if other.status != ours.status or ours.body is None or other.body is None:
        return False
    if ours.body.sha256 == other.body.sha256:
        return True
    if ours.page is None or other.page is None:
        return False
    return fingerprint(ours.page, our_url.path) == fingerprint(other.page, other_url.path)


def in_order(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Put addresses in the order they are asked: IPv6 first, then ascending."""
    return tuple(sorted(addresses, key=lambda address: (-address.version, int(address))))


def _worse(before: Tls | None, now: Tls | None) -> Tls | None:
    """Keep the first certificate that was not in order."""
    return before if before is not None and before.trust != "ok" else now or before


def _longer(before: Phases, more: Phases) -> Phases:
    return Phases(
        dial_s=round(before.dial_s + more.dial_s, 4),
        tls_s=round(before.tls_s + more.tls_s, 4),
        wait_s=round(before.wait_s + more.wait_s, 4),
        read_s=round(before.read_s + more.read_s, 4),
    )


def fields_of(manner: Manner, referrer: str | None) -> bytes:
    """Write the head of a request behind Host as a browser does, so that a hoster cannot tell us by it.

    A referrer that does not fit into one line is left away.
    """
    fields = {
        "User-Agent": manner.user_agent,
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language": manner.accept_language,
        "Accept-Encoding": ", ".join(ENCODINGS),
    }
    if referrer is not None and referrer.isascii() and referrer.isprintable():
        fields["Referer"] = referrer
    fields |= {
        "Connection": "keep-alive",
        "Upgrade-Insecure-Requests": "1",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Site": "none" if referrer is None else "cross-site",
        "Sec-Fetch-User": "?1",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
