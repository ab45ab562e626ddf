"""Where does a host live? Names, networks, registrations and rules put together into one Resolution.

Faults of the outside are facts in the Resolution, never exceptions; what is found does not depend on the order in which
hosts are looked up, nor on what was in a cache, except for the ages it prints.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import Final, Self

from geo.addresses import Addresses
from geo.book import BookKind
from geo.contacts import Rules, ladder_contact, registrar_contacts, spared
from geo.dns import Resolver
from geo.fetch import Fetcher
from geo.gate import Gate
from geo.looked import Looked
from geo.matching import Subject
from geo.names import NameAnswer, ZoneAnswer
from geo.networks import Networks
from geo.places import Atlas, locate
from geo.postmaster import Postmaster
from geo.questions import unique
from geo.rdap import DomainRecord
from geo.registration import Registrations
from geo.registration_cache import RegistrationCache
from geo.registries import Registries, typed_base
from geo.remembered import Remembered
from geo.renewed import Renewed
from geo.reserved import is_public
from geo.rulebook import Rulebook, shipped_bootstrap, shipped_countries, shipped_fronts, shipped_reaches
from geo.sharing import Sharing
from geo.transit import Transit
from geo.whois import PortFortyThree
from geo.wire import SOA
from geo.zones import NEVER, Zone, is_wildcard, start_seen, unheard, zone_of
from schemas.hosting import Address, Contact, NameFate, Resolution, address_order
from schemas.settings import Settings
from schemas.url import HostKind, read_suffixes

#: Addresses of one name that are placed; an honest name has a dozen.
MAX_ADDRESSES: Final = 64
#: Whole looks kept in memory, about 6 KB each.
LOOKS: Final = 10_000
#: Looks under way; further ones wait their turn. Each takes about 12 KB. Where one host in twenty never answers for the
#: 3 s of `dns.timeout`, a burst is over soon after the last question: all are asked first, and then thought about.
AT_ONCE: Final = 8192
#: Looks begun in one turn of the loop, some 25 ms: between turns answers are received and further questions sent. With
#: two questions each they are as many as a server 50 ms away is sent in that time, so that it does not run dry while a
#: crowd comes in, and its WINDOW does not stand full and answered while we begin more.
BEGUN_IN_A_TURN: Final = 256


#: The answers about a host's surroundings, on their way.
_Around = tuple["asyncio.Future[ZoneAnswer]", "asyncio.Future[NameAnswer] | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is looked up, and how much of it."""

    host: str
    site: str
    kind: HostKind
    registrar: bool  # the registration of the domain too
    surroundings: bool  # who runs the zone too, and whether a neighbour is answered the same


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    """What looks rest on that does not expire but changes: another object when something of it is another."""

    networks: list[object]  # what the network files say
    rules: Rules
    caught: int  # how often a name server was found to lie


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A whole look, kept until the first of its facts expires."""

    resolution: Resolution
    state: _State


class Locator:
    """Looks hosts up. Make it with `Locator.open`."""

    def __init__(
        self,
        settings: Settings,
        *,
        names: Resolver,
        networks: Networks,
        registrations: Registrations,
        rulebook: Rulebook,
        atlas: Atlas,
        transit: Transit,
    ) -> None:
        """Put the parts together; `open` makes them from the settings."""
        self._settings, self._atlas, self._rulebook = settings, atlas, rulebook
        self._names, self._networks, self._registrations = names, networks, registrations
        self.transit = transit
        self._addresses = Addresses(settings.geo, names=names, networks=networks, registrations=registrations)
        self._has_registrar_step = any(step.to == "registrar" for step in settings.sla.escalation)
        self._post = Postmaster(names)
        self._looks: Remembered[_Look] = Remembered(LOOKS)
        self._looking: Sharing[Resolution] = Sharing()
        self._turns = Gate(AT_ONCE, BEGUN_IN_A_TURN)
        self._state: _State | None = None
        self._stood_in: tuple[float, int] | None = None  # the turn of the loop in which `_state` was last looked at
        self.faults: tuple[str, ...] = ()

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, cache: RegistrationCache) -> AsyncIterator[Self]:
        """Open everything a look needs; Misconfigured names the key and the fault.

        `faults` then holds the bad rows of the network files and the contact book.
        """
        geo, allow = settings.geo, settings.monitor.allow
        networks, rulebook = Networks(geo.networks), Rulebook(settings)
        faults = (*await networks.open(), *await rulebook.open())
        typed = typed_base(geo.registration)
        read_suffixes()  # in the middle of the first burst it would hold up every answer
        async with AsyncExitStack() as stack:
            # Closed in the reverse order: who asks goes before whom it asks.
            names = await stack.enter_async_context(
                Resolver.open(
                    settings.dns.nameservers,
                    settings.dns.timeout,
                    keep=geo.refresh,
                    retry=geo.retry,
                    canaries=settings.dns.canaries,
                )
            )
            fetcher = await stack.enter_async_context(
                Fetcher(names.look, lambda address: is_public(address, allow), typed)
            )
            registries = Registries(
                fetcher=fetcher,
                bootstrap=shipped_bootstrap(),
                renewed=Renewed(geo.data),
                typed=typed,
                port43=PortFortyThree() if geo.registration == "https" else None,
            )
            registrations = Registrations(
                registries=registries if geo.registration != "off" else None,
                cache=cache,
                refresh=geo.refresh,
                countries=shipped_countries(),
            )
            stack.push_async_callback(registrations.close)
            locator = cls(
                settings,
                names=names,
                networks=networks,
                registrations=registrations,
                rulebook=rulebook,
                transit=Transit(geo.upstreams, rulebook, registrations),
                atlas=Atlas(fronts=shipped_fronts(), reaches=shipped_reaches(), country_order=tuple(geo.country_order)),
            )
            locator.faults = (*faults, *await locator.transit.open())
            stack.push_async_callback(locator.close)
            yield locator

    async def close(self) -> None:
        """Stop what is under way."""
        await self._looking.close()
        await self._post.close()

    def is_public(self, address: Address) -> bool:
        """Say whether an address may be located and dialled."""
        return is_public(address, self._settings.monitor.allow)

    async def addresses(self, host: str, now: datetime) -> NameAnswer:
        """Find the addresses of a host, no older than its TTL; an address literal is its own answer."""
        return await self._begin(host, now)

    def _begin(self, host: str, now: datetime) -> "asyncio.Future[NameAnswer]":
        literal = _literal(host)
        # RFC 7686, section 2: names of onion services must never be asked of the DNS.
        if literal is None and not host.endswith(".onion"):
            return self._names.look(host, now)
        known: asyncio.Future[NameAnswer] = asyncio.get_running_loop().create_future()
        addresses = (literal,) if literal is not None else ()
        fate = NameFate.NOT_ASKED
        known.set_result(NameAnswer(host=host, at=now, until=NEVER, fate=fate, addresses=addresses, unanimous=True))
        return known

    def resolve(
        self,
        host: str,
        site: str,
        kind: HostKind,
        now: datetime,
        *,
        registrar: bool | None = None,
        surroundings: bool = False,
        origins: Sequence[Address] = (),
    ) -> "asyncio.Future[Resolution]":
        """Find out where a host lives and who is to be told; faults of the outside are facts in what is returned.

        `registrar`: ask for the registration of the domain too; None: where the ladder has a step to the registrar.
        `surroundings`: ask too who runs the zone, and whether a name beside the host is answered the same.
        A look is kept until the first of its facts expires, a file changes, or `geo.retry`.
        `origins`: addresses said to stand behind the host's front; who hosts them is found out beside it.
        """
        asked = self._has_registrar_step if registrar is None else registrar
        key = (host, site, asked, surroundings)
        kept = self._looks.get(key, now)
        if kept is not None and kept.state is self._standing():
            found: asyncio.Future[Resolution] = asyncio.get_running_loop().create_future()
            found.set_result(_as_of(kept.resolution, now))
        else:
            wish = _Wish(host=host, site=site, kind=kind, registrar=asked, surroundings=surroundings)
            found = self._looking.get(key, partial(self._resolve, wish, key, now))
        return asyncio.ensure_future(self._with_origins(found, origins, now)) if origins else found

    async def _with_origins(
        self, found_out: "asyncio.Future[Resolution]", origins: Sequence[Address], now: datetime
    ) -> Resolution:
        resolution = await found_out
        behind = sorted({one for one in origins if self.is_public(one)}, key=address_order)[:MAX_ADDRESSES]
        found, rules = await self._addresses.each(behind, now), await self._rulebook.current()
        facts = [one.facts for one in found]
        tenancy = rules.platforms.tenancy(resolution.host)
        places = locate(resolution.host, resolution.site, facts, tenancy, cnames=(), atlas=self._atlas, rules=rules)
        told = await self._post.sort([replace(one, origin=True) for one in places], now)
        questions = (*resolution.questions, *[q for one in found for q in one.questions], *told.questions)
        return replace(resolution, origins=told.located, questions=unique(questions))

    async def _current(self) -> _State:
        return self._state_of(await self._networks.state(), await self._rulebook.current())

    def _standing(self) -> _State | None:
        """Give the current state where nothing is to be read again for it, else None."""
        # A loop that keeps one time for each of its turns has many ask within it: the first of them looks for all.
        turn = (asyncio.get_running_loop().time(), self._names.caught)
        if turn != self._stood_in:
            networks, rules = self._networks.standing(), self._rulebook.standing()
            if networks is None or rules is None:
                return None
            self._state, self._stood_in = self._state_of(networks, rules), turn
        return self._state

    def _state_of(self, networks: list[object], rules: Rules) -> _State:
        state, caught = self._state, self._names.caught
        if state is None or state.caught != caught or state.rules is not rules or state.networks != networks:
            state = self._state = _State(networks=networks, rules=rules, caught=caught)
        return state

    async def _resolve(self, wish: _Wish, key: Hashable, now: datetime) -> Resolution:
        # Taken before the look: what changes while it is under way makes it stand no more.
        async with self._turns:
            state = self._standing() or await self._current()
            kept = self._looks.get(key, now)
            if kept is not None and kept.state is state:
                return _as_of(kept.resolution, now)
            resolution, until = await self._look(wish, now, state.rules)
        if until > now:
            self._looks.put(key, _Look(resolution=resolution, state=state), until)
        return resolution

    async def _look(self, wish: _Wish, now: datetime, rules: Rules) -> tuple[Resolution, datetime]:
        """Look, and say until when what was found holds."""
        host, site = wish.host, wish.site
        # Of a crowd the addresses go first: they decide, and a silent host keeps everybody waiting for them. What is
        # only told to people is asked for beside the registrations.
        looking = self._begin(host, now)
        registered = await self._domain(wish, now, rules)
        answer = await looking
        await self._names.sent()
        around = self._begin_around(wish, answer.fate, now)
        public = tuple([address for address in answer.addresses if self.is_public(address)])
        found = await self._addresses.each(public[:MAX_ADDRESSES], now)
        zone = await self._zone(around, wish, answer.fate, now)
        facts = [one.facts for one in found]
        record, tenancy = registered.record, rules.platforms.tenancy(host, answer.cnames)
        places = locate(host, site, facts, tenancy, cnames=answer.cnames, atlas=self._atlas, rules=rules)
        desks = registrar_contacts(record.abuse, rules, Subject(host=host, site=site)) if record is not None else ()
        told = await self._post.sort(places, now, registrar=desks)
        heard = self._names.heard() if wish.surroundings else ()
        found_out = (*zone.questions, *[q for one in found for q in one.questions], *told.questions)
        questions = (*heard, *answer.questions, *found_out)
        resolution = Resolution(
            host=host,
            site=site,
            kind=wish.kind,
            at=now,
            fate=answer.fate,
            shared=tenancy.shared if tenancy is not None else None,
            cnames=answer.cnames,
            addresses=answer.addresses,
            nameservers=zone.nameservers,
            soa=zone.soa,
            wildcard=is_wildcard(answer, zone.neighbour),
            located=told.located,
            not_public=tuple([address for address in answer.addresses if address not in public]),
            registrar=record.registrar if record is not None else None,
            domain=record.facts if record is not None else None,
            registrar_contact=told.registrar,
            questions=unique((*questions, *registered.questions)),
            complete=answer.complete and len(public) <= MAX_ADDRESSES and all(one.complete for one in facts),
            ttl_s=max(0, answer.ttl_s - int((now - answer.at).total_seconds())),
        )
        # Somebody asked on the way may have failed without whom the look is whole: it is made again when looks are.
        soon = now + self._settings.geo.retry
        return resolution, min((soon, answer.until, zone.until, told.until, *[one.until for one in found]))

    async def ladder_contact(
        self,
        kind: BookKind,
        *,
        host: str,
        site: str,
        addresses: Sequence[Address] = (),
        asn: int | None = None,
        cnames: Sequence[str] = (),
        registrar: Contact | None = None,
    ) -> Contact | None:
        """Find who is told at a step of the ladder: kind site, front, upstream or registrar; None: nobody is known.

        `registrar` is the `registrar_contact` of the last Resolution, `cnames` are its CNAMEs. Upstream only what the
        book says; who sells transit to the AS is for `transit` to say.
        """
        rules = await self._rulebook.current()
        tenancy = rules.platforms.tenancy(host, cnames)
        shared = tenancy.shared if tenancy is not None else None
        under = shared.under if shared is not None else None
        subjects = [
            Subject(host=host, site=site, address=address, asn=asn, under=under) for address in addresses or (None,)
        ]
        return ladder_contact(kind, subjects, rules, registrar, shared)

    async def name_servers(self, site: str, kind: HostKind, now: datetime) -> tuple[str, ...]:
        """Find the names of the servers that answer for a site; none when that could not be found out."""
        return (await self._names.nameservers(site, now)).names if kind is HostKind.WEB else ()

    def _begin_around(self, wish: _Wish, fate: NameFate, now: datetime) -> _Around | None:
        if wish.kind is not HostKind.WEB or fate is NameFate.TIMEOUT:
            return None
        return self._names.nameservers(wish.site, now), (
            self._names.neighbour(wish.host, now) if wish.surroundings else None
        )

    async def _zone(self, around: _Around | None, wish: _Wish, fate: NameFate, now: datetime) -> Zone:
        if around is None:
            return unheard(wish.site, now) if fate is NameFate.TIMEOUT else Zone()
        named = await around[0]
        neighbour = await around[1] if around[1] is not None else None
        start = None
        if neighbour is not None and start_seen(named, neighbour) is None:
            start = await self._names.records(named.zone, SOA, now)
        return zone_of(named, neighbour, start)

    async def _domain(self, wish: _Wish, now: datetime, rules: Rules) -> Looked[DomainRecord]:
        if wish.kind is not HostKind.WEB or not wish.registrar:
            return Looked(record=None)
        # The registrar of a domain that strangers share is never told, so nobody asks who it is.
        tenancy = rules.platforms.tenancy(wish.host)
        if spared(BookKind.REGISTRAR, tenancy.shared if tenancy is not None else None):
            return Looked(record=None)
        return await self._registrations.domain(wish.site, now)


def _literal(host: str) -> Address | None:
    # Only digits and what stands in IPv6 make an address; the last label of a name is never a number (WHATWG URL).
    if not host[-1:].isdigit() and ":" not in host:
        return None
    try:
        return ip_address(host)
    except ValueError:
        return None


def _as_of(resolution: Resolution, now: datetime) -> Resolution:
    """Give what was found, at a later time: the same, and older."""
    if resolution.at == now:
        return resolution
    # As `replace` does, at a tenth of its cost: this is most of what a look from memory costs.
    copy = object.__new__(Resolution)
    values = copy.__dict__
    values.update(resolution.__dict__)
    values["at"] = now
    values["ttl_s"] = max(0, resolution.ttl_s - int((now - resolution.at).total_seconds()))
    return copy
