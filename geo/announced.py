"""The AS of an address as Team Cymru's zone announces it: two questions by DNS."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from geo.cymru import origin_name, read_origin, read_system, system_name
from geo.dns import Resolver
from geo.names import Joint, questions_of
from geo.prefixes import NetworkFact
from schemas.hosting import Address, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What the zone says, what was asked of it, and until when that holds."""

    fact: NetworkFact | None = None
    questions: tuple[Question, ...] = ()
    complete: bool = True  # False: a name server did not answer
    until: datetime | None = None  # None: nobody was asked


async def announced(names: Resolver, zone: str, address: Address, now: datetime) -> Announced:
    """Ask the zone, "" for none, for origins, prefix and country, then for the name of the leading AS."""
    if not zone:
        return Announced()
    origin, at = await names.texts(origin_name(address, zone), now)
    fact = read_origin(origin.reply.values, address, zone)
    said: list[tuple[Joint, datetime]] = [(origin, at)]
    if fact is not None and fact.asn is not None:
        system, system_at = await names.texts(system_name(fact.asn, zone), now)
        said.append((system, system_at))
        fact = replace(fact, as_name=read_system(system.reply.values))
    return Announced(
        fact=fact,
        questions=tuple(question for joint, when in said for question in questions_of(joint, when)),
        complete=all(joint.reply.fate.answered for joint, _ in said),
        # A fault is remembered by nobody and ends with the look that met it.
        until=min(when + timedelta(seconds=joint.reply.ttl_s) for joint, when in said),
    )
