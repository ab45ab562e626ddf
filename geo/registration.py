"""Registration data of networks, domains and AS: kept per block, asked once for everybody, stale rather than absent.

Where a network names no abuse mailbox it is looked for in the order of RIPE's abuse-c: the object's own, then that of
its organisation (asked for by its handle where it came without a card), then the parent network's, unless that belongs
to the registry itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_network
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from geo.answers import PATIENCE_S, Answers
from geo.blocks import filed_under, smallest_announced
from geo.entities import ABUSE_DESK, RegisteredContact
from geo.geofeed import Row
from geo.geofeeds import Geofeeds
from geo.kept import Kept
from geo.looked import (
    Looked,
    domain_text,
    entity_text,
    finish,
    finish_by,
    network_text,
    read_kept,
    system_text,
)
from geo.rdap import (
    DomainRecord,
    NetworkRecord,
    SystemRecord,
    domain_record,
    entity_record,
    network_record,
    system_record,
)
from geo.registration_cache import RegistrationCache
from geo.registries import Registries, Said
from geo.remembered import Remembered
from schemas.hosting import Address, Network, Question

#: Networks around a network that are asked for its abuse mailbox.
MAX_PARENTS: Final = 3
#: Records kept read, beside the bytes in the cache. They never go out of date: their key names the answer.
_RECORDS: Final = 4096
_READ_FOR: Final = timedelta(days=1)


R = TypeVar("R")
Ask = Callable[[Registries], Awaitable[Said | None]]


@dataclass(slots=True, kw_only=True)
class Registrations:
    """Registration data through a cache."""

    registries: Registries | None  # None: registration is off
    cache: RegistrationCache
    refresh: timedelta
    countries: Mapping[str, str]
    patience_s: float = PATIENCE_S  # see geo.answers
    answers: Answers = field(init=False)
    geofeeds: Geofeeds | None = field(init=False, default=None)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _records: Remembered[Looked[NetworkRecord]] = field(default_factory=lambda: Remembered(_RECORDS))
    _systems: Remembered[Looked[SystemRecord]] = field(default_factory=lambda: Remembered(_RECORDS))

    def __post_init__(self) -> None:
        source = (self.registries and self.registries.typed) or "the registry of the bootstrap"
        self.answers = self._answers(source)
        if self.registries is not None:
            self.geofeeds = Geofeeds(registries=self.registries, answers=self._answers("the holder's server"))

    def _answers(self, source: str) -> Answers:
        return Answers(cache=self.cache, refresh=self.refresh, source=source, patience_s=self.patience_s)

    async def close(self) -> None:
        """Stop what is under way."""
        await self.answers.close()
        if self.geofeeds is not None:
            await self.geofeeds.close()

    async def geofeed(self, address: Address, record: NetworkRecord | None, now: datetime) -> Looked[Row]:
        """Say what the geofeeds that a network's registration links say of one of its addresses."""
        if self.geofeeds is None or record is None or not record.geofeeds:
            return Looked(record=None)
        return await self.geofeeds.find(address, record, now)

    async def network(self, address: Address, leaf: Network | None, now: datetime) -> Looked[NetworkRecord]:
        """Find the registration of an address; `leaf` is the smallest network known to hold it."""
        if self.registries is None:
            return Looked(record=None)
        kept = _within(await self.answers.block(address, now), leaf)
        if kept is not None and self.answers.is_fresh(kept, now):
            looked = self._read_network(kept, address)
        else:
            ask = partial(self._in_turn, self.registries, address, leaf, now)
            found = await self.answers.asked(f"ip/{address}", ask, kept, now)
            looked = finish_by(found, partial(self._read_network, address=address))
        if looked.record is None or looked.record.abuse:
            return looked
        return await self._with_parents(address, await self._with_references(address, looked, now), now)

    async def _in_turn(
        self, registries: Registries, address: Address, leaf: Network | None, now: datetime
    ) -> Looked[Kept]:
        """Ask one question at a time inside one network: its answer mostly serves the others too."""
        around = str(leaf or smallest_announced(address))
        lock = self._locks.setdefault(around, asyncio.Lock())
        async with lock:
            old = _within(await self.answers.block(address, now), leaf)
            if old is not None and self.answers.is_fresh(old, now):
                return Looked(record=old)
            ask = partial(self._ask_network, registries, address, leaf, old, now)
            return await self.answers.remember(f"ip/{address}", ask, old, now)

    async def _ask_network(
        self, registries: Registries, address: Address, leaf: Network | None, old: Kept | None, now: datetime
    ) -> Kept | None:
        said = await registries.address(address, now)
        if said is None:
            return None
        block: Network = ip_network(address)
        if said.answer is not None:
            record = network_record(said.answer, address, self.countries)
            block = filed_under(record.blocks, record.kind, address, leaf)
        # An older answer for a smaller block must not hide the new one.
        if old is not None and old.block is not None:
            block = max(block, old.block, key=lambda network: network.prefixlen)
        return Kept(asked=f"rdap ip/{address}", of=said.of, at=now, answer=said.answer, block=block)

    def _read_network(self, kept: Kept, address: Address) -> Looked[NetworkRecord]:
        return _once(
            self._records, kept, partial(network_record, address=address, countries=self.countries), network_text
        )

    def _read_system(self, kept: Kept) -> Looked[SystemRecord]:
        return _once(self._systems, kept, partial(system_record, countries=self.countries), system_text)

    async def _with_references(
        self, address: Address, looked: Looked[NetworkRecord], now: datetime
    ) -> Looked[NetworkRecord]:
        """Ask for the entities that a network names only by handle, where it holds no abuse mailbox itself."""
        record = looked.record
        if record is None or record.abuse:
            return looked
        found = await self._referred(address, record.references, now)
        return Looked(
            record=replace(record, abuse=found.record or ()),
            questions=(*looked.questions, *found.questions),
            complete=looked.complete and found.complete,
        )

    async def _referred(
        self, of: Address | int | str, references: tuple[str, ...], now: datetime
    ) -> Looked[tuple[RegisteredContact, ...]]:
        """Ask for entities by their handles until one names an abuse mailbox."""
        questions: tuple[Question, ...] = ()
        complete = True
        for reference in references:
            handle = reference.removeprefix(ABUSE_DESK)
            desk = handle != reference
            found = finish(
                await self._by_key(f"entity/{handle}", partial(_ask_entity, of, handle, now), now),
                partial(entity_record, desk=desk),
                entity_text,
            )
            questions, complete = (*questions, *found.questions), complete and found.complete
            if found.record is not None and found.record.abuse:
                return Looked(record=found.record.abuse, questions=questions, complete=complete)
        return Looked(record=None, questions=questions, complete=complete)

    async def _with_parents(
        self, address: Address, looked: Looked[NetworkRecord], now: datetime
    ) -> Looked[NetworkRecord]:
        """Ask the networks around for an abuse mailbox, up to the registry's own."""
        record, child = looked.record, looked.record
        for _ in range(MAX_PARENTS):
            if record is None or record.abuse or child is None or child.parent is None:
                break
            parent = await self._parent(address, child, now)
            looked = Looked(
                record=record,
                questions=(*looked.questions, *parent.questions),
                # An operator's own server need not answer for whole blocks.
                complete=looked.complete and (parent.complete or self._is_typed),
            )
            child = parent.record
            if child is not None and child.abuse:
                network = str(child.blocks[0])
                abuse = tuple(replace(contact, network=contact.network or network) for contact in child.abuse)
                return replace(looked, record=replace(record, abuse=abuse))
        return looked

    async def _parent(self, address: Address, child: NetworkRecord, now: datetime) -> Looked[NetworkRecord]:
        """Find the network around a network; None where it is the registry's own."""
        block, registries = child.parent, self.registries
        if block is None or registries is None:
            return Looked(record=None)
        found = await self._by_key(f"around/{block}", lambda asked: asked.block(block, now), now, f"ip/{block}")
        looked = finish(found, lambda answer: network_record(answer, address, self.countries), network_text)
        parent = looked.record
        if parent is None or parent.blocks == child.blocks or await registries.is_registrys_own(parent.blocks):
            return replace(looked, record=None)
        return await self._with_references(address, looked, now)

    async def domain(self, site: str, now: datetime) -> Looked[DomainRecord]:
        """Find the registration of a registered domain, with the abuse mailbox of its registrar."""
        found = await self._by_key(f"domain/{site}", lambda asked: asked.domain(site, now), now)
        looked = finish(found, domain_record, domain_text)
        if looked.record is None or looked.record.abuse:
            return looked
        referred = await self._referred(site, looked.record.references, now)
        return Looked(
            record=replace(looked.record, abuse=referred.record or ()),
            questions=(*looked.questions, *referred.questions),
            complete=looked.complete,
        )

    async def system(self, asn: int, now: datetime) -> Looked[SystemRecord]:
        """Find the registration of an AS."""
        found = await self._by_key(f"autnum/{asn}", lambda asked: asked.system(asn, now), now)
        return finish_by(found, self._read_system)

    async def _by_key(self, key: str, ask: Ask, now: datetime, asked: str | None = None) -> Looked[Kept]:
        registries = self.registries
        if registries is None:
            return Looked(record=None)
        question = f"rdap {asked or key}"

        async def wrapped() -> Kept | None:
            said = await ask(registries)
            return Kept(asked=question, of=said.of, at=now, answer=said.answer) if said is not None else None

        return await self.answers.find(key, wrapped, now, question)

    @property
    def _is_typed(self) -> bool:
        return self.registries is not None and self.registries.typed is not None


def _once(
    remembered: Remembered[Looked[R]], kept: Kept, read: Callable[[Mapping[str, Any]], R], text: Callable[[R], str]
) -> Looked[R]:
    """Read an answer once for all who are served by it."""
    key = (kept.asked, kept.of, kept.at, kept.block)
    looked = remembered.get(key, kept.at)
    if looked is None:
        looked = read_kept(kept, read, text)
        remembered.put(key, looked, kept.at + _READ_FOR)
    return looked


def _within(kept: Kept | None, leaf: Network | None) -> Kept | None:
    """Give an answer that may serve an address: one for a wider network is not carried into the network it stands in.

    Somebody else may be registered there: what an address is told must not depend on which one was asked before it.
    """
    if kept is None or kept.block is None or leaf is None or kept.block.prefixlen >= leaf.prefixlen:
        return kept
    return None


async def _ask_entity(of: Address | int | str, handle: str, now: datetime, registries: Registries) -> Said | None:
    return await registries.entity(of, handle, now)
