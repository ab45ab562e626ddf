"""Registration data of networks, domains and AS: kept per block, asked once for everybody, stale rather than absent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_network
from typing import Any, Final, Generic, TypeVar
from weakref import WeakValueDictionary

from geo.blocks import filed_under, smallest_announced
from geo.entities import ABUSE_DESK
from geo.kept import Kept, decode
from geo.rdap import (
    BadAnswer,
    DomainRecord,
    EntityRecord,
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
from geo.sharing import Sharing
from schemas.errors import Permanent, Temporary
from schemas.hosting import Address, Network, Question

R = TypeVar("R")

#: How long an answer is kept for the day the registry does not answer, beyond `geo.refresh`.
STALE_FOR: Final = timedelta(days=14)
#: Records kept read, beside the bytes in the cache. They never go out of date: their key names the answer.
_RECORDS: Final = 4096
_READ_FOR: Final = timedelta(days=1)
_FAULTS: Final = (Temporary, Permanent, BadAnswer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked(Generic[R]):
    """What asking for a registration came to."""

    record: R | None
    questions: tuple[Question, ...] = ()
    complete: bool = True  # False: it could not be found out


@dataclass(slots=True, kw_only=True)
class Registrations:
    """Registration data through a cache."""

    registries: Registries | None  # None: registration is off
    cache: RegistrationCache
    refresh: timedelta
    countries: Mapping[str, str]
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _asking: Sharing[Looked[Kept]] = field(default_factory=Sharing)
    _records: Remembered[Looked[NetworkRecord]] = field(default_factory=lambda: Remembered(_RECORDS))

    async def close(self) -> None:
        """Stop what is under way."""
        await self._asking.close()

    async def network(self, address: Address, leaf: Network | None, now: datetime) -> Looked[NetworkRecord]:
        """Find the registration of an address; `leaf` is the smallest network known to hold it."""
        if self.registries is None:
            return Looked(record=None)
        kept = await self._cached_block(address, now)
        if kept is not None and not self._is_stale(kept, now):
            looked = self._read_network(kept, address)
        else:
            # One question at a time inside one network: its answer mostly serves the others too.
            around = str(leaf or smallest_announced(address))
            lock = self._locks.setdefault(around, asyncio.Lock())
            async with lock:
                looked = await self._network(address, leaf, now)
        return await self._with_references(address, looked, now)

    async def _with_references(
        self, address: Address, looked: Looked[NetworkRecord], now: datetime
    ) -> Looked[NetworkRecord]:
        """Ask for the entities that a network names only by handle, where it holds no abuse mailbox itself."""
        record, registries = looked.record, self.registries
        if record is None or record.abuse or registries is None:
            return looked
        for reference in record.references:
            handle = reference.removeprefix(ABUSE_DESK)
            desk = handle != reference
            found = await self._by_key(f"entity/{handle}", partial(registries.entity, address, handle, now), now)
            entity = _finish(found, partial(entity_record, desk=desk), _entity_text)
            looked = Looked(
                record=replace(record, abuse=entity.record.abuse) if entity.record is not None else record,
                questions=(*looked.questions, *entity.questions),
                complete=looked.complete and entity.complete,
            )
            if entity.record is not None and entity.record.abuse:
                break
        return looked

    def _read_network(self, kept: Kept, address: Address) -> Looked[NetworkRecord]:
        """Read a network's registration; read once for all its addresses."""
        key = f"{kept.asked} {kept.of} {kept.at.isoformat()} {kept.block}"
        looked = self._records.get(key, kept.at)
        if looked is None:
            looked = _read(kept, lambda answer: network_record(answer, address, self.countries), _network_text)
            self._records.put(key, looked, kept.at + _READ_FOR)
        return looked

    async def _network(self, address: Address, leaf: Network | None, now: datetime) -> Looked[NetworkRecord]:
        old = await self._cached_block(address, now)
        if old is None or self._is_stale(old, now):
            found = await self._ask_network(address, leaf, old, now)
        else:
            found = Looked(record=old)
        if found.record is None:
            return Looked(record=None, questions=found.questions, complete=found.complete)
        looked = self._read_network(found.record, address)
        return Looked(
            record=looked.record,
            questions=(*found.questions, *looked.questions),
            complete=found.complete and looked.complete,
        )

    async def _ask_network(
        self, address: Address, leaf: Network | None, old: Kept | None, now: datetime
    ) -> Looked[Kept]:
        registries = self.registries
        assert registries is not None  # noqa: S101 -- `network` has looked
        asked = f"rdap ip/{address}"

        async def ask() -> Kept | None:
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
            return Kept(asked=asked, of=said.of, at=now, answer=said.answer, block=block)

        return await self._remembering(asked, ask, old, now)

    async def domain(self, site: str, now: datetime) -> Looked[DomainRecord]:
        """Find the registration of a registered domain."""
        registries = self.registries
        if registries is None:
            return Looked(record=None)
        found = await self._by_key(f"domain/{site}", lambda: registries.domain(site, now), now)
        return _finish(found, domain_record, _domain_text)

    async def system(self, asn: int, now: datetime) -> Looked[SystemRecord]:
        """Find the registration of an AS."""
        registries = self.registries
        if registries is None:
            return Looked(record=None)
        found = await self._by_key(f"autnum/{asn}", lambda: registries.system(asn, now), now)
        return _finish(found, system_record, _system_text)

    async def _by_key(self, key: str, ask: Callable[[], Awaitable[Said | None]], now: datetime) -> Looked[Kept]:
        found = await self.cache.get(key, now)
        kept = decode(found) if found is not None else None
        if kept is not None and not self._is_stale(kept, now):
            return Looked(record=kept)

        async def wrapped() -> Kept | None:
            said = await ask()
            return Kept(asked=f"rdap {key}", of=said.of, at=now, answer=said.answer) if said is not None else None

        return await self._asking.get(key, lambda: self._remembering(f"rdap {key}", wrapped, kept, now))

    async def _remembering(
        self, asked: str, ask: Callable[[], Awaitable[Kept | None]], old: Kept | None, now: datetime
    ) -> Looked[Kept]:
        """Ask and keep the answer; where that fails an older answer serves, with the failure beside it."""
        try:
            kept = await ask()
        except _FAULTS as fault:
            question = Question(at=now, asked=asked, of=self._source, answer=f"could not find out: {fault}")
            return Looked(record=old, questions=(question,), complete=old is not None)
        if kept is None:
            question = Question(at=now, asked=asked, of="bootstrap", answer="no registry answers for it")
            return Looked(record=None, questions=(question,))
        key = f"ip/{kept.block}" if kept.block is not None else asked.removeprefix("rdap ")
        await self.cache.put(key, kept.block, kept.encode(), now, now + self.refresh + STALE_FOR)
        return Looked(record=kept)

    async def _cached_block(self, address: Address, now: datetime) -> Kept | None:
        found = await self.cache.block(address, now)
        return decode(found) if found is not None else None

    def _is_stale(self, kept: Kept, now: datetime) -> bool:
        return now - kept.at >= self.refresh

    @property
    def _source(self) -> str:
        return (self.registries and self.registries.typed) or "the registry of the bootstrap"


def _finish(found: Looked[Kept], read: Callable[[Mapping[str, Any]], R], text: Callable[[R], str]) -> Looked[R]:
    if found.record is None:
        return Looked(record=None, questions=found.questions, complete=found.complete)
    looked = _read(found.record, read, text)
    return Looked(
        record=looked.record,
        questions=(*found.questions, *looked.questions),
        complete=found.complete and looked.complete,
    )


def _read(kept: Kept, read: Callable[[Mapping[str, Any]], R], text: Callable[[R], str]) -> Looked[R]:
    record, complete = None, True
    answer = "nothing registered"
    if kept.answer is not None:
        try:
            record = read(kept.answer)
            answer = text(record)
        except BadAnswer as fault:
            answer, complete = f"could not be read: {fault}", False
    return Looked(
        record=record, questions=(Question(at=kept.at, asked=kept.asked, of=kept.of, answer=answer),), complete=complete
    )


def _network_text(record: NetworkRecord) -> str:
    blocks = ", ".join(str(block) for block in record.blocks[:4])
    return _line(blocks, record.name, record.organisation, record.country, *_contacts(record.abuse))


def _domain_text(record: DomainRecord) -> str:
    created = f"created {record.created.date().isoformat()}" if record.created is not None else None
    return _line(
        record.registrar and f"registrar {record.registrar}", created, *record.status, *_contacts(record.abuse)
    )


def _entity_text(record: EntityRecord) -> str:
    return _line(*_contacts(record.abuse))


def _system_text(record: SystemRecord) -> str:
    return _line(record.handle, record.name, *_contacts(record.abuse))


def _contacts(contacts: tuple[Any, ...]) -> list[str]:
    return [f"abuse {contact.address}" for contact in contacts]


def _line(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part) or "registered, and nothing said"
