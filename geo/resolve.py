"""Where does a host live? Names, networks, registrations and rules put together into one Resolution.

Faults of the outside are facts in the Resolution, never exceptions; what is found does not depend on the order in which
hosts are looked up, nor on what was in a cache, except for the ages it prints.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address
from typing import Final, Self

from geo.book import BookKind, Subject
from geo.contacts import ladder_contact, registrar_contact, spared
from geo.cymru import origin_name, read_origin, read_system, system_name
from geo.dns import Resolver
from geo.fetch import Fetcher
from geo.fronts import Fronts
from geo.looked import Looked
from geo.names import Joint, NameAnswer, questions_of
from geo.networks import Networks
from geo.places import AddressFacts, locate
from geo.prefixes import NetworkFact
from geo.rdap import DomainRecord, SystemRecord
from geo.registration import Registrations
from geo.registration_cache import RegistrationCache
from geo.registries import Registries, typed_base
from geo.renewed import Renewed
from geo.reserved import is_public
from geo.rulebook import Rulebook, shipped_bootstrap, shipped_countries, shipped_fronts
from geo.whois import PortFortyThree
from schemas.hosting import Address, Contact, NameFate, Question, Resolution
from schemas.settings import Settings
from schemas.url import HostKind

#: Addresses of one name that are placed; an honest name has a dozen.
MAX_ADDRESSES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found about one address, and what was asked for it."""

    facts: AddressFacts
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cymru:
    fact: NetworkFact | None = None
    questions: tuple[Question, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Servers:
    names: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()


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
        fronts: Fronts,
    ) -> None:
        """Put the parts together; `open` makes them from the settings."""
        self._settings, self._fronts, self._rulebook = settings, fronts, rulebook
        self._names, self._networks, self._registrations = names, networks, registrations
        self._has_registrar_step = any(step.to == "registrar" for step in settings.sla.escalation)
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
        async with AsyncExitStack() as stack:
            # Closed in the reverse order: who asks goes before whom it asks.
            names = await stack.enter_async_context(
                Resolver.open(settings.dns.nameservers, settings.dns.timeout, geo.refresh)
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
                fronts=shipped_fronts(),
            )
            locator.faults = faults
            yield locator

    def is_public(self, address: Address) -> bool:
        """Say whether an address may be located and dialled."""
        return is_public(address, self._settings.monitor.allow)

    async def addresses(self, host: str, now: datetime) -> NameAnswer:
        """Find the addresses of a host, no older than its TTL; an address literal is its own answer."""
        try:
            literal = ip_address(host)
        except ValueError:
            pass
        else:
            return NameAnswer(host=host, at=now, fate=NameFate.NOT_ASKED, addresses=(literal,), unanimous=True)
        if host.endswith(".onion"):
            # RFC 7686, section 2: such names must never be asked of the DNS.
            return NameAnswer(host=host, at=now, fate=NameFate.NOT_ASKED, unanimous=True)
        return await self._names.look(host, now)

    async def resolve(
        self, host: str, site: str, kind: HostKind, now: datetime, *, registrar: bool | None = None
    ) -> Resolution:
        """Find out where a host lives and who is to be told; faults of the outside are facts in what is returned.

        `registrar`: ask for the registration of the domain too; None: where the ladder has a step to the registrar.
        """
        rules = await self._rulebook.current()
        tenancy = rules.platforms.tenancy(host)
        asked = self._has_registrar_step if registrar is None else registrar
        # The registrar of a domain that strangers share is never told, so nobody asks who it is.
        asked = asked and not spared(BookKind.REGISTRAR, tenancy.shared if tenancy is not None else None)
        answer, named, registered = await asyncio.gather(
            self.addresses(host, now), self._nameservers(site, kind, now), self._domain(site, kind, now, asked=asked)
        )
        public = tuple(address for address in answer.addresses if self.is_public(address))
        found = await asyncio.gather(*(self._address(address, now) for address in public[:MAX_ADDRESSES]))
        facts = [one.facts for one in found]
        record = registered.record
        tenancy = rules.platforms.tenancy(host, answer.cnames)
        questions = (*answer.questions, *named.questions, *(q for one in found for q in one.questions))
        return Resolution(
            host=host,
            site=site,
            kind=kind,
            at=now,
            fate=answer.fate,
            shared=tenancy.shared if tenancy is not None else None,
            cnames=answer.cnames,
            addresses=answer.addresses,
            nameservers=named.names,
            located=locate(host, site, facts, cnames=answer.cnames, fronts=self._fronts, rules=rules),
            not_public=tuple(address for address in answer.addresses if address not in public),
            registrar=record.registrar if record is not None else None,
            registrar_contact=registrar_contact(record.abuse, rules, Subject(host=host, site=site)) if record else None,
            questions=_with_age(_unique((*questions, *registered.questions)), now),
            complete=answer.complete and len(public) <= MAX_ADDRESSES and all(one.complete for one in facts),
            ttl_s=max(0, answer.ttl_s - int((now - answer.at).total_seconds())),
        )

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
        """Find who is told at a step of the ladder: kind site, front, upstream or registrar; None skips the step.

        `registrar` is the `registrar_contact` of the last Resolution, `cnames` are its CNAMEs.
        """
        rules = await self._rulebook.current()
        tenancy = rules.platforms.tenancy(host, cnames)
        shared = tenancy.shared if tenancy is not None else None
        under = shared.under if shared is not None else None
        subjects = [
            Subject(host=host, site=site, address=address, asn=asn, under=under) for address in addresses or (None,)
        ]
        return ladder_contact(kind, subjects, rules, registrar, shared)

    async def _nameservers(self, site: str, kind: HostKind, now: datetime) -> _Servers:
        if kind is not HostKind.WEB:
            return _Servers()
        answer = await self._names.nameservers(site, now)
        return _Servers(names=answer.names, questions=answer.questions)

    async def _domain(self, site: str, kind: HostKind, now: datetime, *, asked: bool) -> Looked[DomainRecord]:
        if kind is not HostKind.WEB or not asked:
            return Looked(record=None)
        return await self._registrations.domain(site, now)

    async def _address(self, address: Address, now: datetime) -> _Found:
        """Find out what is known of one address: the network files, Cymru, the registrations of network and AS."""
        file = await self._networks.find(address)
        cymru = _Cymru() if file is not None and file.asn is not None else await self._cymru(address, now)
        leaf = next((fact.prefix for fact in (file, cymru.fact) if fact is not None), None)
        registration = await self._registrations.network(address, leaf, now)
        facts = AddressFacts(
            address=address,
            file=file,
            cymru=cymru.fact,
            registration=registration.record,
            complete=cymru.complete and registration.complete,
        )
        system: Looked[SystemRecord] = Looked(record=None)
        if facts.asn is not None:
            system = await self._registrations.system(facts.asn, now)
        asked = (_network_question(address, file, self._networks.names, now), *cymru.questions)
        return _Found(
            facts=replace(facts, system=system.record),
            questions=(*asked, *registration.questions, *system.questions),
        )

    async def _cymru(self, address: Address, now: datetime) -> _Cymru:
        zone = self._settings.geo.cymru_zone
        if not zone:
            return _Cymru()
        origin, at = await self._names.texts(origin_name(address, zone), now)
        fact = read_origin(origin.reply.values, address, zone)
        said: list[tuple[Joint, datetime]] = [(origin, at)]
        if fact is not None and fact.asn is not None:
            system, system_at = await self._names.texts(system_name(fact.asn, zone), now)
            said.append((system, system_at))
            fact = replace(fact, as_name=read_system(system.reply.values))
        return _Cymru(
            fact=fact,
            questions=tuple(question for joint, when in said for question in questions_of(joint, when)),
            complete=all(joint.reply.fate.answered for joint, _ in said),
        )


def _network_question(address: Address, fact: NetworkFact | None, files: str, now: datetime) -> Question:
    if fact is None:
        return Question(at=now, asked=f"network {address}", of=files or "no network file", answer="not known")
    announced = " and ".join(f"AS{origin}" for origin in fact.origins)
    parts = (str(fact.prefix), announced, fact.as_name, fact.country)
    mail = f"abuse {fact.abuse_email}" if fact.abuse_email else None
    said = ", ".join(part for part in (*parts, fact.category, mail) if part)
    return Question(at=now, asked=f"network {address}", of=fact.source, answer=said)


def _unique(questions: Iterable[Question]) -> Iterable[Question]:
    """Name each question once although several addresses needed its answer."""
    return {(q.asked, q.of, q.answer): q for q in reversed(list(questions))}.values().__reversed__()


def _with_age(questions: Iterable[Question], now: datetime) -> tuple[Question, ...]:
    return tuple(q if q.at >= now else replace(q, age_s=(now - q.at).total_seconds()) for q in questions)
