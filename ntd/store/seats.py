"""Where hosts stand now, opened for showing: the hosting of `ntd show`, the columns of `ntd list`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from ntd.store.base import Connection, Row, Store
from ntd.store.sql import statement
from ntd.store.worlds import addresses_of
from schemas.hosting import Address, address_order

_SEATS = statement("items.seats")
_CONTACTS = statement("items.contacts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One hoster in one country where a host stands, as it is shown."""

    hoster: str
    addresses: tuple[Address, ...]
    seen_at: datetime
    prefix: str | None
    asn: int | None
    as_name: str | None
    country: str | None
    country_sources: Mapping[str, str]
    country_disputed: bool
    front: str | None
    contact_ids: tuple[int, ...] = ()
    contact: Mapping[str, Any] | None = None


async def seats_of(connection: Connection, store: Store, hosts: Iterable[int]) -> dict[int, tuple[Seat, ...]]:
    """Load where each host stands, that of its lowest address first; a host that stands nowhere is absent."""
    rows = await connection.fetch(_SEATS, sorted(set(hosts)))
    names = {row["hoster_key"]: row["hoster_name"] for row in rows}
    opened = {key: store.open("hoster.name", key, name) for key, name in names.items()}
    found: dict[int, list[Seat]] = {}
    for row in rows:
        found.setdefault(row["host_id"], []).append(_seat(store, row, opened[row["hoster_key"]]))
    return {host: tuple(sorted(seats, key=_lowest)) for host, seats in found.items()}


def _lowest(seat: Seat) -> tuple[int, int]:
    return address_order(seat.addresses[0])


def _seat(store: Store, row: Row, hoster: str) -> Seat:
    sources = row["country_sources"]
    return Seat(
        hoster=hoster,
        addresses=addresses_of(store, row["host_id"], row["addresses"]),
        seen_at=row["seen_at"],
        prefix=str(row["prefix"]) if row["prefix"] else None,
        asn=row["asn"],
        as_name=row["as_name"],
        country=row["country"],
        country_sources=orjson.loads(sources) if isinstance(sources, str) else sources,
        country_disputed=row["country_disputed"],
        front=row["front"],
        contact_ids=tuple(row["contacts"]),
    )


async def with_contacts(
    connection: Connection, store: Store, seats: Sequence[Seat], facts: Mapping[str, Any] | None
) -> tuple[Seat, ...]:
    """Add who can be told at each seat: the recipient chosen, with the reason that the last look found for it."""
    ids = sorted({one for seat in seats for one in seat.contact_ids[:1]})
    rows = await connection.fetch(_CONTACTS, ids) if ids else []
    known = {row["id"]: (row["channel"], _address(store, row)) for row in rows}
    reasons = _reasons(facts)
    return tuple(replace(seat, contact=_contact(seat, known, reasons)) for seat in seats)


def _address(store: Store, row: Row) -> str:
    return str(store.open("recipient.address", row["address_hash"], row["address"]))


def _reasons(facts: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    located = facts.get("located", ()) if facts else ()
    return {contact["address"]: contact for place in located for contact in place.get("contacts", ())}


def _contact(
    seat: Seat, known: Mapping[int, tuple[str, str]], reasons: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    if not seat.contact_ids or seat.contact_ids[0] not in known:
        return None
    channel, address = known[seat.contact_ids[0]]
    reason = reasons.get(address, {})
    return {"address": address, "source": reason.get("source"), "rule": reason.get("rule"), "channel": channel}
