"""Item → stays: it follows its host, and who is to be told follows from where it stands."""

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
_AGAIN = statement("hosts.place_again")
LEASE = timedelta(seconds=30)
#: Hosts claimed in one turn, and items of one host that follow in one transaction.
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
            hosts = await connection.fetch(_CLAIM, now, HOSTS, self._token, LEASE)
        # Hosts with a single item are the rule: they go together.
        for begin in range(0, len(hosts), _TOGETHER):
            await self._batch({HostId(row["id"]): row["version"] for row in hosts[begin : begin + _TOGETHER]}, now)
        return bool(hosts)

    async def _batch(self, versions: dict[HostId, int], now: datetime) -> None:
        async with self._store.transaction() as connection:
            waiting: dict[HostId, list[ItemId]] = {}
            for host, version in versions.items():
                rows = await connection.fetch(_TO_PLACE, host, version, ITEMS)
                waiting[host] = [ItemId(row["id"]) for row in rows]
            before = await cases.lock(connection, sorted(item for items in waiting.values() for item in items))
            world = await worlds(connection, self._store, self._settings, versions, now)
            steps = [place(case, world[case.item.host], now) for case in before.values()]
            await cases.settle(connection, self._store, self._settings, before, steps, by="resolve", now=now)
            for host in sorted(versions):
                if len(waiting[host]) < ITEMS:
                    await connection.execute(_PLACED, host, self._token)
                else:
                    await connection.execute(_AGAIN, host, self._token, now)


_TOGETHER = 20
