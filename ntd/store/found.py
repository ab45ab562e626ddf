"""What looks found, as rows that many hosts share: hosters, places, recipients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from geo.moves import Seat
from ntd.store.base import Connection, Store
from ntd.store.sql import statement
from ntd.store.worlds import Wanted, add_recipients
from schemas.hosting import Located, Place, Resolution

_ADD_HOSTERS = statement("hosts.add_hosters")
_HOSTERS = statement("hosts.hosters")
_ADD_PLACES = statement("hosts.add_places")
_PLACES = statement("hosts.places")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Ids of what the looks of a batch found."""

    hosters: Mapping[str, int]  # by Place.hoster_key
    places: Mapping[Place, int]
    recipients: Mapping[tuple[str, str], int]

    def seat(self, located: Located) -> Seat:
        """Give the hoster and country of what was located."""
        return self.hosters[located.place.hoster_key], located.place.country


async def add_facts(connection: Connection, store: Store, resolutions: Sequence[Resolution], now: datetime) -> Found:
    """Make sure that everything the looks found has its row; give the ids."""
    everywhere = [one for resolution in resolutions for one in (*resolution.located, *resolution.origins)]
    places = {located.place for located in everywhere}
    contacts = {
        Wanted(
            channel=one.channel,
            address=one.address,
            format=one.format,
            language=one.language,
            grouping=one.group,
        )
        for located in everywhere
        for one in located.contacts
    }
    hosters = await _add_hosters(connection, store, places, now)
    return Found(
        hosters=hosters,
        places=await _add_places(connection, store, places, hosters, now),
        recipients=await add_recipients(connection, store, sorted(contacts, key=repr), now, renew=True),
    )


async def _add_hosters(connection: Connection, store: Store, places: set[Place], now: datetime) -> dict[str, int]:
    by_hash = {store.vault.hash("hoster", place.hoster_key): place for place in sorted(places, key=repr)}
    if not by_hash:
        return {}
    rows = [
        # The AS in front of a platform is not the platform's.
        (key, store.seal("hoster.name", key, place.hoster, now), None if place.run_by else place.asn)
        for key, place in by_hash.items()
    ]
    await connection.execute(_ADD_HOSTERS, now, *map(list, zip(*rows, strict=True)))
    found = await connection.fetch(_HOSTERS, list(by_hash))
    return {by_hash[row["key_hash"]].hoster_key: row["id"] for row in found}


async def _add_places(
    connection: Connection, store: Store, places: set[Place], hosters: Mapping[str, int], now: datetime
) -> dict[Place, int]:
    by_hash = {_place_hash(store, place): place for place in sorted(places, key=repr)}
    if not by_hash:
        return {}
    rows = [
        (
            key,
            hosters[place.hoster_key],
            str(place.prefix) if place.prefix else None,
            place.asn,
            place.as_name,
            place.country,
            orjson.dumps(place.country_sources).decode(),
            place.country_disputed,
            place.category.value if place.category else None,
            place.front,
            ",".join(map(str, place.origins)),
            place.reach.value if place.reach else None,
        )
        for key, place in by_hash.items()
    ]
    await connection.execute(_ADD_PLACES, now, *map(list, zip(*rows, strict=True)))
    ids = {row["key_hash"]: row["id"] for row in await connection.fetch(_PLACES, list(by_hash))}
    return {place: ids[_place_hash(store, place)] for place in places}


def _place_hash(store: Store, place: Place) -> bytes:
    named = (place.hoster_key, place.prefix, place.as_name, place.country, place.front, place.category)
    parts = (*named, place.origins, place.reach)
    sources = sorted(place.country_sources.items())
    return store.vault.hash("place", repr((*map(str, parts), sources)))
