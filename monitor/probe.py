"""One look: names, dial, redirects each from nothing, a bounded read, the sibling. Observes and never judges."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from monitor.asking import fields_of
from monitor.assigning import noise_of, one_of
from monitor.comparing import Compared, compare
from monitor.faults import Fault
from monitor.likeness import shows_item, shows_little
from monitor.pinned import Dialler
from monitor.siblings import siblings_of
from monitor.signs import BLANK, SAID_OF_SITE, SHOWN_TO_ALL, Known, ended_of, shown_to_all, signs_of
from monitor.slots import Slots
from monitor.trail import CONTENT, Manner, Question, Taking, Trail
from schemas.check import Names, Observation, Phases, Sight, Signs
from schemas.hosting import Address, NameFate
from schemas.url import HostKind, Url, parse_url

#: Addresses of a redirect's target that are tried, one after the other, when they cannot be reached.
_TARGET_ADDRESSES: Final = 3
_NAMELESS: Final = {NameFate.NXDOMAIN: Sight.NO_NAME, NameFate.NODATA: Sight.NO_ADDRESS}

Resolve = Callable[[str], Awaitable[Names]]
Public = Callable[[Address], bool]
#: Names the servers that answer for the domain a URL stands in; () when that could not be found out.
NameServers = Callable[[Url], Awaitable[tuple[str, ...]]]


def sight_of(names: Names) -> Sight | None:
    """Say how a look ends that finds no address to dial; None when there is one."""
    if names.addresses:
        return None
    return _NAMELESS.get(names.fate, Sight.NAME_FAULT)


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
        name_servers: NameServers,
        tor: bool = False,
    ) -> None:
        self._vantage, self._dialler, self._slots, self._tor = vantage, dialler, slots, tor
        self._names, self._public, self._name_servers = names, public, name_servers
        self._manner, self._known = manner, known
        # Written once: every request of most looks is the same behind Host.
        self._fields = {agent: fields_of(agent, manner.accept_language) for agent in manner.user_agents}

    async def look(self, question: Question, deadline: float) -> Observation:
        """Look once at one address; every fault from outside becomes part of the observation.

        `deadline` is a time of the running loop. It stands still while a turn at a busy host is waited for.
        """
        began = asyncio.get_running_loop().time()
        trail = Trail(url=question.url)
        sight: Sight = Sight.TIMEOUT
        words: str | None = "not done in time"
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline) as timer:
                try:
                    await self._follow(trail, question.address, question, timer)
                    sight, words = Sight.ANSWERED, "not compared with a sibling: not done in time"
                    words = await self._judge_page(question, trail, timer)
                except Fault as fault:
                    sight, words = fault.sight, fault.words
        elapsed_s = asyncio.get_running_loop().time() - began
        return self._observed(question, trail, sight=sight, fault=words, elapsed_s=round(elapsed_s, 4))

    def _observed(
        self, question: Question, trail: Trail, *, sight: Sight, fault: str | None, elapsed_s: float
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
            signs=trail.signs,
            fault=fault,
            retry_after_s=trail.retry_after_s,
            elapsed_s=elapsed_s,
            final_site=trail.url.site if trail.url.site != question.url.site else None,
            tls=trail.tls,
            phases=replace(trail.phases, names_s=round(question.names_s, 4)),
        )

    async def _follow(self, trail: Trail, address: Address | None, question: Question, timer: asyncio.Timeout) -> None:
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

    async def _exchange_anew(self, trail: Trail, question: Question, timer: asyncio.Timeout) -> Url | None:
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
        self, trail: Trail, address: Address | None, question: Question, timer: asyncio.Timeout
    ) -> Url | None:
        """Ask one address once; give where it sends us, None when this is the answer."""
        fields = self._fields_for(question)
        taking = Taking(trail, question, self._manner)
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

    def _fields_for(self, question: Question) -> bytes:
        """Choose who asks: the same through one look, another by chance at another vantage or moment."""
        agents = self._manner.user_agents
        agent = agents[0]
        if len(agents) > 1 and question.seed is not None:
            agent = one_of(agents, noise_of(question.seed, question.now, f"agent {self._vantage}"))
        if question.referrer is None:
            return self._fields[agent]
        return fields_of(agent, self._manner.accept_language, question.referrer)

    async def _judge_page(self, question: Question, trail: Trail, timer: asyncio.Timeout) -> str | None:
        """Note what the page says of itself, and what its sibling beside it says; give what broke."""
        if trail.body is None:
            return trail.note
        ended = ended_of(question.url, trail.url)
        trail.signs = signs_of(trail.page, trail.body.sha256, ended, self._known)
        if _may_be_parked(question, trail):
            servers = await self._name_servers(trail.url)
            if parker := self._known.parker(servers):
                trail.signs = replace(trail.signs, parked=parker, default_page=None)
        if not _only_a_sibling_can_tell(question, trail):
            return trail.note
        seen = await self._compared(question, trail, timer)
        body, page = trail.body.sha256, trail.page
        if seen.missing is not None or seen.everywhere is not False or trail.signs.parked:
            trail.signs = signs_of(page, body, ended, self._known, seen.missing, everywhere=seen.everywhere)
        # A page that shows the thing by its name shows it, though it does so under every other name too.
        shown = page is not None and shows_item(page, question.url.path)
        alike = seen.alike and not shown
        if alike and page is not None and shown_to_all(page, trail.signs, self._known):
            trail.signs = replace(trail.signs, default_page=trail.signs.default_page or SHOWN_TO_ALL)
        trail.signs = replace(trail.signs, like_sibling=alike)
        return seen.fault

    async def _compared(self, question: Question, trail: Trail, timer: asyncio.Timeout) -> Compared:
        async def follow(text: str) -> Trail:
            other = Trail(url=parse_url(text))
            await self._follow(other, question.address, replace(question, baseline=None), timer)
            return other

        return await compare(trail, question.url, siblings_of(question.url, secrets.token_bytes(32)), follow)


def _may_be_parked(question: Question, trail: Trail) -> bool:
    """Say whether it is worth asking who answers for the name; those who park show others' pages in frames."""
    page = trail.page
    if question.alone or page is None or trail.status not in CONTENT or _told(trail.signs):
        return False
    return shows_little(page) or ("<frameset" in page.markup and not page.text)


def _told(signs: Signs) -> bool:
    parked = signs.parked is not None and signs.parked not in SAID_OF_SITE
    server = signs.default_page not in {None, BLANK}
    return any((signs.login, server, parked, signs.placeholder))


def _only_a_sibling_can_tell(question: Question, trail: Trail) -> bool:
    """Say whether content came that is not the one first seen, and that does not say itself what it is.

    A page that says it is a removal page is compared too: what it says may stand on every page of the site.
    """
    if trail.status not in CONTENT or trail.body is None or not question.full or question.alone:
        return False
    same = question.baseline is not None and question.baseline.sha256 == trail.body.sha256
    redirected = (trail.signs.removal_wording or "").endswith(".redirect")
    return not same and not redirected and not _told(trail.signs)


def in_order(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Put addresses in the order they are asked: IPv6 first, then ascending."""
    return tuple(sorted(addresses, key=lambda address: (-address.version, int(address))))


def _longer(before: Phases, more: Phases) -> Phases:
    return Phases(
        dial_s=round(before.dial_s + more.dial_s, 4),
        tls_s=round(before.tls_s + more.tls_s, 4),
        wait_s=round(before.wait_s + more.wait_s, 4),
        read_s=round(before.read_s + more.read_s, 4),
    )
