"""Item → stays: it follows its host, and who is to be told follows from where it stands."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from ntd.placing import place
from ntd.store import cases
from ntd.store.base import Store
from ntd.store.sql import statement
from ntd.store.worlds import worlds
from schemas.ids import HostId, ItemId
from schemas.settings import Settings

_CLAIM = statement("hosts.claim_places")
_TO_PLACE = statement("hosts.to_place")
_PLACED = statement("hosts.placed")
LEASE = timedelta(seconds=30)
#: Hosts claimed in one turn, and items that follow in one transaction.
HOSTS, ITEMS = 100, 500


class Place:
    """The turn in which items follow their hosts, in resumable batches."""

    name = "place"

    def __init__(self, store: Store, settings: Settings, token: UUID) -> None:
        """`token` is this daemon's, for its leases."""
        self._store, self._settings, self._token = store, settings, token

    async def turn(self, now: datetime) -> bool:
        """Let the next items follow; say whether there were any."""
        async with self._store.statements() as connection:
            claimed = await connection.fetch(_CLAIM, now, HOSTS, self._token, LEASE)
            versions = {HostId(row["id"]): row["version"] for row in claimed}
            waiting: dict[HostId, list[ItemId]] = {host: [] for host in sorted(versions)}
            if versions:
                for row in await connection.fetch(_TO_PLACE, list(versions), list(versions.values()), ITEMS):
                    waiting[HostId(row["host_id"])].append(ItemId(row["id"]))
        for batch in batches(waiting):
            await self._batch(batch, now)
        return bool(versions)

    async def _batch(self, waiting: Mapping[HostId, Sequence[ItemId]], now: datetime) -> None:
        async with self._store.transaction() as connection:
            before = await cases.lock(connection, sorted(item for items in waiting.values() for item in items))
            world = await worlds(connection, self._store, self._settings, waiting, now)
            steps = [place(case, world[case.item.host], now) for case in before.values()]
            await cases.settle(connection, self._store, self._settings, before, steps, by="resolve", now=now)
            # Where all of them wait for a look-up, that look has them followed.
            followed = {one.case.item.host for one in steps if one.case != before[one.case.item.id]}
            more = [host for host, items in waiting.items() if len(items) == ITEMS and host in followed]
            await connection.execute(_PLACED, list(waiting), self._token, more, now)


def batches(waiting: Mapping[HostId, Sequence[ItemId]]) -> Iterator[dict[HostId, Sequence[ItemId]]]:
    """Put hosts together whose items fit one transaction; hosts with a few items are the rule."""
    batch: dict[HostId, Sequence[ItemId]] = {}
    size = 0
    for host, items in waiting.items():
        if batch and size + len(items) > ITEMS:
            yield batch
            batch, size = {}, 0
        batch[host] = items
        size += len(items)
    if batch:
        yield batch
