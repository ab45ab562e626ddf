"""Who can be told at a step of the ladder: what must be known to choose, and the choice as a recipient."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ntd.case import Case, Stay
from ntd.store.base import Connection, Store
from ntd.store.hosts import facts_of
from ntd.store.sql import statement
from ntd.store.worlds import Wanted, add_recipients, addresses_of
from schemas.hosting import Address, Contact
from schemas.ids import RecipientId
from schemas.url import host_kind

_FOR_LADDER = statement("hosts.for_ladder")
_TRIED = statement("notices.tried")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foothold:
    """Where a stay's ladder stands."""

    host: str
    site: str
    country: str | None
    asn: int | None
    addresses: tuple[Address, ...]
    fronted: bool
    cnames: tuple[str, ...]
    registrar: Contact | None  # the registrar's abuse contact, by the last look


async def foothold(connection: Connection, store: Store, case: Case, stay: Stay) -> Foothold:
    """Load where a stay's ladder stands."""
    row = await connection.fetchrow(_FOR_LADDER, case.item.host, stay.hoster, stay.country)
    if row is None:
        raise LookupError("a stay has a host")
    name = store.open("host.name", row["name_hash"], row["name"])
    facts = facts_of(store, row["name_hash"], row["facts"]) or {}
    return Foothold(
        host=name,
        site=host_kind(name)[0],
        country=stay.country,
        asn=row["asn"],
        fronted=bool(row["fronted"]),
        addresses=addresses_of(store, row["id"], row["addresses"]) if row["addresses"] else (),
        cnames=tuple(facts.get("cnames", ())),
        registrar=_contact(facts.get("registrar_contact")),
    )


def _contact(facts: Mapping[str, Any] | None) -> Contact | None:
    return Contact(**facts) if facts else None


async def tried(connection: Connection, stay: Stay) -> frozenset[RecipientId]:
    """Say for whom a first word about an item in the spell of a stay was meant, whether they were reached or not."""
    rows = await connection.fetch(_TRIED, stay.item, stay.spell)
    return frozenset(RecipientId(row["recipient_id"]) for row in rows)


async def recipient(connection: Connection, store: Store, contact: Contact, now: datetime) -> RecipientId:
    """Make sure that a contact is a recipient."""
    wanted = Wanted(channel=contact.channel, address=contact.address, format="digest", language=contact.language)
    ids = await add_recipients(connection, store, [wanted], now)
    return ids[contact.channel, contact.address]
