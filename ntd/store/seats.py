"""Where hosts stand now, opened for showing: the hosting of `ntd show`, the columns of `ntd list`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from ntd.store.base import Connection, Row, Store
from ntd.store.sql import statement
from ntd.store.worlds import addresses_of, worth_of
from ntd.worth import by_worth, doubt_of
from schemas.hosting import Category, Contact, Located, Place, Reach, address_order

_SEATS = statement("items.seats")
_CONTACTS = statement("items.contacts")
_EARLIER = "an earlier look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One hoster in one country where a host stands."""

    located: Located
    seen_at: datetime
    contact_ids: tuple[int, ...]  # recipients in order of choice

    @property
    def hidden(self) -> bool:
        """Say whether the name does not lead there: only an origin stands here."""
        return self.located.origin and self.located.place.front is None


async def seats_of(connection: Connection, store: Store, hosts: Iterable[int]) -> dict[int, tuple[Seat, ...]]:
    """Load where each host stands, that of its lowest address first; a host that stands nowhere is absent."""
    rows = await connection.fetch(_SEATS, sorted(set(hosts)))
    names = {row["hoster_key"]: row["hoster_name"] for row in rows}
    opened = {key: store.open("hoster.name", key, name) for key, name in names.items()}
    found: dict[int, list[Seat]] = {}
    for row in rows:
        found.setdefault(row["host_id"], []).append(_seat(store, row, opened[row["hoster_key"]]))
    return {host: tuple(sorted(seats, key=_in_order)) for host, seats in found.items()}


def _in_order(seat: Seat) -> tuple[bool, tuple[int, int]]:
    # What the name shows comes before what stands behind it.
    return seat.hidden, address_order(seat.located.addresses[0])


def _seat(store: Store, row: Row, hoster: str) -> Seat:
    place = Place(
        prefix=row["prefix"],
        asn=row["asn"],
        origins=tuple(row["origins"]),
        as_name=row["as_name"],
        country=row["country"],
        hoster=hoster,
        front=row["front"],
        category=Category(row["category"]) if row["category"] else None,
        country_sources=orjson.loads(row["country_sources"]),
        country_disputed=row["country_disputed"],
        reach=Reach(row["reach"]) if row["reach"] else None,
    )
    addresses = addresses_of(store, row["host_id"], row["addresses"])
    located = Located(place=place, addresses=addresses, origin=row["origin"])
    return Seat(located=located, seen_at=row["seen_at"], contact_ids=tuple(row["contacts"]))


async def with_contacts(
    connection: Connection, store: Store, seats: Sequence[Seat], facts: Mapping[str, Any] | None, now: datetime
) -> tuple[Seat, ...]:
    """Add who can be told at each seat, in the order in which they are, with the reasons for it."""
    ids = sorted({one for seat in seats for one in seat.contact_ids})
    rows = await connection.fetch(_CONTACTS, ids) if ids else []
    looked = [*(facts or {}).get("origins", ()), *(facts or {}).get("located", ())]
    reasons = {one["address"]: one for place in looked for one in place.get("contacts", ())}
    known = {row["id"]: _contact(store, row, reasons, now) for row in rows}
    worth = {row["id"]: worth_of(row) for row in rows}
    return tuple(_told(seat, known, by_worth(seat.contact_ids, worth, now)) for seat in seats)


def _contact(store: Store, row: Row, reasons: Mapping[str, Mapping[str, Any]], now: datetime) -> Contact:
    address = store.open("recipient.address", row["address_hash"], row["address"])
    reason = reasons.get(address, {"source": _EARLIER, "rule": _EARLIER})
    return Contact(
        channel=row["channel"],
        address=address,
        source=reason["source"],
        rule=reason["rule"],
        format=row["format"],
        language=row["language"],
        doubt=doubt_of(worth_of(row), now) or reason.get("doubt"),
    )


def _told(seat: Seat, known: Mapping[int, Contact], order: Sequence[int]) -> Seat:
    return replace(seat, located=replace(seat.located, contacts=tuple(known[one] for one in order)))
