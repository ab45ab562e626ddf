"""One round: a look from each chosen vantage, at every address of the name as far as needed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from monitor.assigning import assigned, noise_of
from monitor.pinned import ByProxy, Dialler, Direct
from monitor.probe import NameServers, Probe, Public, Resolve, in_order, sight_of
from monitor.shares import Share
from monitor.slots import Slots
from monitor.trail import Manner, Question
from monitor.vantage import TOR, Canaries, Vantage, resolved
from monitor.verdict import NO_ADDRESS_EVERYWHERE, VANTAGES_DISAGREE, meaning_of, round_meaning
from monitor.wordings import known_pages
from schemas.check import Baseline, Meaning, Names, Observation, Round, Sight, Verdict
from schemas.hosting import Address, NameFate
from schemas.settings import Monitor
from schemas.settings import Vantage as VantageSettings
from schemas.url import HostKind, Url, parse_url

#: Addresses of one name that a round asks; a name with more is never seen gone (`not_all_asked`).
ADDRESSES: Final = 32
#: Asking for the names may take this share of the whole look, …
_NAMES_SHARE: Final = 1 / 2
#: … and asking the canaries this one.
_CANARY_SHARE: Final = 1 / 2
#: Canaries that sang this long before a round still speak for it where it must be sound, in seconds.
_CANARY_LEAD_S: Final = 1.0
#: A vantage begins later than the one before it by up to this share of the whole look.
_LATER_SHARE: Final = 1 / 20
_DIAL_FAULTS: Final = frozenset({Sight.UNREACHABLE, Sight.TIMEOUT, Sight.TLS_FAULT})
_DIRECT: Final = VantageSettings(name="direct")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """What one round is about."""

    url: Url
    names: Names
    names_s: float
    baseline: Baseline | None
    full: bool
    referrer: str | None
    every_address: bool
    seed: UUID | None
    now: datetime
    deadline: float

    def at(self, address: Address | None) -> Question:
        """Ask one address."""
        return Question(
            url=self.url,
            names=self.names,
            address=address,
            baseline=self.baseline,
            full=self.full,
            referrer=self.referrer,
            names_s=self.names_s,
            seed=self.seed,
            now=self.now,
        )

    def unlooked(
        self, vantage: str, sight: Sight, address: Address | None = None, fault: str | None = None
    ) -> Observation:
        """Record that no look was possible."""
        return Observation(
            at=self.now, vantage=vantage, sight=sight, address=address, addresses=self.names.addresses, fault=fault
        )


class Looker:
    """Looks at URLs from every vantage; keeps no cookie, no connection and no content between two looks."""

    def __init__(
        self, settings: Monitor, vantages: Sequence[Vantage], names: Resolve, public: Public, slots: Slots
    ) -> None:
        self._settings, self._names, self._public, self._slots = settings, names, public, slots
        self._timeout_s = settings.timeout.total_seconds()
        self._vantages = tuple(vantages)
        #: The network of each vantage, as `round_meaning` wants it.
        self.networks: Mapping[str, str] = {vantage.name: vantage.network for vantage in self._vantages}
        # A vantage that the operator did not list serves presumed items only.
        listed = {one.name for one in settings.vantage} or {_DIRECT.name}
        self._listed = tuple(one for one in self._vantages if one.name in listed)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Monitor,
        *,
        names: Resolve,
        public: Public,
        name_servers: NameServers | None = None,
        salt: bytes = b"",
    ) -> "AsyncIterator[Looker]":
        """Open the vantages; `names` gives the addresses of a host, `public` says which of them may be dialled.

        `name_servers` gives who answers for a host's domain; `salt` is the installation's, for the likeness of pages.
        """
        chosen = list(settings.vantage) or [_DIRECT]
        if all(one.proxy for one in chosen):
            chosen.append(_DIRECT)
        slots = Slots(settings.per_host, settings.per_network)
        servers = name_servers or _nobody
        vantages = [_vantage(one, settings, names, public, slots, servers, salt) for one in chosen]
        yield cls(settings, vantages, names, public, slots)

    async def round(
        self,
        url: Url,
        *,
        now: datetime,
        baseline: Baseline | None = None,
        confirmed: bool = True,
        referrer: str | None = None,
        every_address: bool = False,
        seed: UUID | None = None,
    ) -> Round:
        """Look at a URL from every chosen vantage and say what it means.

        `seed` (the item's) chooses `monitor.vantages_per_round` of them by chance, the same for the same `now`; the
        others look too where those do not simply see it up. None: every vantage looks.

        Ends within `monitor.timeout` (twice that where the others look too, and a little more for canaries), waiting
        for a turn at a busy host not counted. Of the name's addresses the first is asked, the next when it cannot be
        dialled, all when one comes out gone or `every_address` is wanted. An item that is not confirmed is looked at as
        `monitor.presumed` says.
        """
        if not confirmed and self._settings.presumed == "off":
            # A private area that nobody may open: not even its name is asked for.
            return Round(at=now, observations=(), meaning=round_meaning(()))
        began = asyncio.get_running_loop().time()
        deadline = began + self._timeout_s
        full = confirmed or self._settings.presumed == "full"
        names = _some(await resolved(self._names, url, began + self._timeout_s * _NAMES_SHARE))
        ask = _Ask(
            url=url,
            names=names,
            names_s=asyncio.get_running_loop().time() - began,
            baseline=baseline,
            full=full,
            referrer=referrer,
            every_address=every_address,
            seed=seed,
            now=now,
            deadline=deadline,
        )
        chosen = self._chosen(url, full=full)
        seen, meaning = await self._seen(chosen, ask)
        if _must_be_sound(meaning, names):
            seen = await self._without_void(chosen, ask, seen, since=began - _CANARY_LEAD_S)
            meaning = round_meaning(seen, baseline, networks=self.networks)
        return Round(at=now, observations=tuple(seen), meaning=_by_name(meaning, ask.names))

    async def _seen(self, chosen: Sequence[Vantage], ask: _Ask) -> tuple[list[Observation], Meaning]:
        """Look from some of the chosen vantages, and from the others too where that does not simply show it up."""
        first = self._drawn(chosen, ask.now, ask.seed)
        seen = await _each([self._from(one, ask, late_s) for one, late_s in first])
        meaning = round_meaning(seen, ask.baseline, networks=self.networks)
        rest = [one for one in chosen if one not in {drawn for drawn, _ in first}]
        if not rest or (meaning.verdict is Verdict.UP and meaning.reason != VANTAGES_DISAGREE):
            return seen, meaning
        again = replace(ask, deadline=asyncio.get_running_loop().time() + self._timeout_s)
        seen += await _each([self._from(one, again) for one in rest])
        return seen, round_meaning(seen, ask.baseline, networks=self.networks)

    def _drawn(self, chosen: Sequence[Vantage], now: datetime, seed: UUID | None) -> list[tuple[Vantage, float]]:
        """Draw who looks first, and how much later than the first each begins: at one moment they gave us away."""
        if seed is None or len(chosen) == 1:
            return [(one, 0.0) for one in chosen]
        noise = noise_of(seed, now, "vantages")
        by_name = {one.name: one for one in chosen}
        names = assigned({name: one.network for name, one in by_name.items()}, self._settings.vantages_per_round, noise)
        return [
            (by_name[name], place * self._timeout_s * _LATER_SHARE * (1 + noise[place] / 255) / 2)
            for place, name in enumerate(names)
        ]

    def share(self, share: Share) -> None:
        """Keep to this daemon's part of the limits per host and network from now on."""
        self._slots.share = share

    @property
    def void(self) -> tuple[str, ...]:
        """Name the vantages whose canaries failed when they were last asked."""
        return tuple(one.name for one in self._listed if one.canaries.failing)

    async def blind(self, now: datetime) -> bool:
        """Ask the canaries, where their last answer is old, and say whether no vantage can reach them."""
        return not any(await asyncio.gather(*(one.canaries.sound(now) for one in self._listed)))

    def _chosen(self, url: Url, *, full: bool) -> tuple[Vantage, ...]:
        if not full:
            return next((one,) for one in self._vantages if one.direct)
        if url.kind is HostKind.ONION:
            return tuple(one for one in self._listed if one.tor) or self._listed[:1]
        return self._listed

    async def _from(self, vantage: Vantage, ask: _Ask, late_s: float = 0.0) -> list[Observation]:
        """Look from one vantage, a little late where others look too."""
        if late_s:
            await asyncio.sleep(late_s)
        if not await vantage.canaries.sound(ask.now):
            return [ask.unlooked(vantage.name, Sight.VOID, fault="its canaries fail")]
        if ask.url.kind is HostKind.ONION:
            return [await self._at_onion(vantage, ask)]
        if missing := sight_of(ask.names):
            return [ask.unlooked(vantage.name, missing, fault=ask.names.fate.value)]
        public = [address for address in in_order(ask.names.addresses) if self._public(address)]
        private = [address for address in ask.names.addresses if not self._public(address)]
        seen = [ask.unlooked(vantage.name, Sight.NOT_PUBLIC, address, "not dialled") for address in private]
        return seen + await self._at_addresses(vantage, ask, public[:ADDRESSES])

    async def _at_onion(self, vantage: Vantage, ask: _Ask) -> Observation:
        if not vantage.tor:
            return ask.unlooked(vantage.name, Sight.OUR_FAULT, fault='no vantage has network = "tor"')
        return await vantage.probe.look(ask.at(None), ask.deadline)

    async def _at_addresses(self, vantage: Vantage, ask: _Ask, addresses: Sequence[Address]) -> list[Observation]:
        seen: list[Observation] = []
        for address in addresses:
            seen.append(await vantage.probe.look(ask.at(address), ask.deadline))
            if seen[-1].hops or seen[-1].sight not in _DIAL_FAULTS:
                break
        rest = addresses[len(seen) :]
        if rest and (ask.every_address or meaning_of(seen[-1], ask.baseline).verdict is Verdict.GONE):
            # They wait for each other here, where the deadline goes on: it stands still in the queue of a busy host.
            turns = asyncio.Semaphore(self._settings.per_host)
            seen += await asyncio.gather(*(self._in_turn(turns, vantage, ask, address) for address in rest))
        return seen

    async def _in_turn(self, turns: asyncio.Semaphore, vantage: Vantage, ask: _Ask, address: Address) -> Observation:
        async with turns:
            return await vantage.probe.look(ask.at(address), ask.deadline)

    async def _without_void(
        self, chosen: Sequence[Vantage], ask: _Ask, seen: Sequence[Observation], *, since: float
    ) -> list[Observation]:
        """Ask the canaries again where what was seen may be a fault of ours, younger than their last song."""
        sound = await asyncio.gather(*(vantage.canaries.sound(ask.now, since=since) for vantage in chosen))
        void = {one.name: "its canaries fail" for one, sings in zip(chosen, sound, strict=True) if not sings}
        for vantage in chosen:
            if any(vantage.canaries.show(one) for one in seen if one.vantage == vantage.name):
                void[vantage.name] = "it shows what its canaries show"
        kept = [one for one in seen if one.vantage not in void]
        return kept + [ask.unlooked(name, Sight.VOID, fault=words) for name, words in sorted(void.items())]


def _some(names: Names) -> Names:
    """Keep no more addresses than are asked, and one: an answer may hold four thousand, and every look names them."""
    if len(names.addresses) <= ADDRESSES + 1:
        return names
    return replace(names, addresses=in_order(names.addresses)[: ADDRESSES + 1], complete=False)


def _must_be_sound(meaning: Meaning, names: Names) -> bool:
    """Say whether a round comes to something that a fault of ours could be taken for: gone, or told from here only."""
    if meaning.verdict is Verdict.GONE or meaning.reason == VANTAGES_DISAGREE:
        return True
    return _by_name(meaning, names).reason == NO_ADDRESS_EVERYWHERE


def _by_name(meaning: Meaning, names: Names) -> Meaning:
    """Take into account what is known of the name as a whole."""
    if meaning.verdict is Verdict.GONE and names.fate is NameFate.FOUND and not names.complete:
        return Meaning(verdict=Verdict.UNKNOWN, reason="not_all_asked")
    if meaning.reason == Sight.NO_ADDRESS.value and names.agreed:
        return Meaning(verdict=Verdict.UNKNOWN, reason=NO_ADDRESS_EVERYWHERE)
    return meaning


async def _each(looks: Sequence[Coroutine[Any, Any, list[Observation]]]) -> list[Observation]:
    """Run looks from several vantages at once."""
    if len(looks) == 1:
        return await looks[0]
    async with asyncio.TaskGroup() as together:
        tasks = [together.create_task(look) for look in looks]
    return [seen for task in tasks for seen in task.result()]


async def _nobody(_url: Url) -> tuple[str, ...]:
    """Know no name servers."""
    return ()


def _vantage(
    settings: VantageSettings,
    rules: Monitor,
    names: Resolve,
    public: Public,
    slots: Slots,
    name_servers: NameServers,
    salt: bytes,
) -> Vantage:
    timeout_s = rules.timeout.total_seconds()
    dialler = Dialler(ByProxy(settings.proxy) if settings.proxy else Direct(), timeout_s=timeout_s)
    manner = Manner(
        body_limit_bytes=rules.body_limit_bytes,
        redirects=rules.redirects,
        user_agents=(rules.user_agent,) if isinstance(rules.user_agent, str) else tuple(rules.user_agent),
        accept_language=rules.accept_language,
        salt=salt,
    )

    def probe(public: Public, slots: Slots) -> Probe:
        return Probe(
            vantage=settings.name,
            dialler=dialler,
            names=names,
            public=public,
            slots=slots,
            manner=manner,
            known=known_pages(frozenset(rules.placeholders)),
            name_servers=name_servers,
            tor=settings.network.lower() == TOR,
        )

    # The operator typed the canaries, so they may stand anywhere; their turns are not taken from the items' hosts.
    singing = probe(lambda _: True, Slots(rules.per_host, rules.per_network))
    canaries = Canaries([parse_url(text) for text in rules.canaries], singing, names, timeout_s * _CANARY_SHARE)
    return Vantage(settings, probe=probe(public, slots), canaries=canaries)
