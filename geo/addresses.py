"""What is known of one address: the network files, Team Cymru's zone, the registrations of its network and AS."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from geo.announced import Announced, announced
from geo.dns import Resolver
from geo.looked import Looked
from geo.networks import Networks
from geo.places import AddressFacts, leading
from geo.questions import network_question
from geo.rdap import SystemRecord
from geo.registration import Registrations
from geo.zones import NEVER
from schemas.hosting import Address, Question
from schemas.settings import Geo


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found about one address, what was asked for it, and until when it holds."""

    facts: AddressFacts
    questions: tuple[Question, ...]
    until: datetime


class Addresses:
    """Finds out about addresses."""

    def __init__(self, settings: Geo, *, names: Resolver, networks: Networks, registrations: Registrations) -> None:
        self._geo, self._names, self._networks, self._registrations = settings, names, networks, registrations

    async def each(self, addresses: Sequence[Address], now: datetime) -> list[Found]:
        """Find out about all of them at once; what could not be found out is a fact, never an exception."""
        if len(addresses) == 1:
            return [await self._address(addresses[0], now)]
        return await asyncio.gather(*(self._address(address, now) for address in addresses))

    async def _address(self, address: Address, now: datetime) -> Found:
        """Find out what is known of one address: the network files, Cymru, the registrations of network and AS."""
        began_s = asyncio.get_running_loop().time()
        file = await self._networks.find(address)
        cymru = (
            Announced()
            if file is not None and file.asn is not None
            else await announced(self._names, self._geo.cymru_zone, address, now)
        )
        leaf = next((fact.prefix for fact in (file, cymru.fact) if fact is not None), None)
        registration = await self._registrations.network(address, leaf, now)
        geofeed = await self._registrations.geofeed(address, registration.record, now)
        asn = leading(file, cymru.fact)
        system: Looked[SystemRecord] = (
            await self._registrations.system(asn, now) if asn is not None else Looked(record=None)
        )
        asked = (network_question(address, file, self._networks.names, now), *cymru.questions)
        return Found(
            facts=AddressFacts(
                address=address,
                file=file,
                cymru=cymru.fact,
                registration=registration.record,
                geofeed=geofeed.record.country if geofeed.record is not None else None,
                system=system.record,
                complete=cymru.complete and registration.complete and geofeed.complete and system.complete,
            ),
            questions=(*asked, *registration.questions, *geofeed.questions, *system.questions),
            until=min(cymru.until or NEVER, self._holds((registration, geofeed, system), now, began_s)),
        )

    def _holds(self, looked: Iterable[Looked[Any]], now: datetime, began_s: float) -> datetime:
        """Say until when registration data holds: its refresh, or a moment where somebody did not answer."""
        if not all(one.complete for one in looked):
            took = timedelta(seconds=asyncio.get_running_loop().time() - began_s)
            return now + took + self._names.fault_holds
        asked = (question.at for one in looked for question in one.questions)
        return min(asked, default=now) + self._geo.refresh
