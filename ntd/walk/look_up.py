"""Host → places: where does it live?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from geo.resolve import Locator
from ntd.clock import Clock
from ntd.store import hosts
from ntd.store.base import Store
from ntd.store.hosts import HostToLookUp
from schemas.hosting import Resolution
from schemas.settings import Settings

#: Renewed while a look-up is under way; what a killed daemon held is due again after this.
LEASE = timedelta(seconds=45)


class LookUp:
    """The line that looks hosts up, each once for all its URLs."""

    name = "look_up"
    capacity = 400

    def __init__(self, store: Store, settings: Settings, locator: Locator, clock: Clock, token: UUID) -> None:
        """Look up with `locator`; `token` is this daemon's, for its leases."""
        self._store, self._settings, self._locator = store, settings, locator
        self._clock, self._token = clock, token

    async def claim(self, now: datetime, n: int) -> Sequence[HostToLookUp]:
        """Claim hosts that are due."""
        return await hosts.claim(self._store, now, n, LEASE, self._token)

    async def do(self, job: HostToLookUp) -> tuple[HostToLookUp, Resolution]:
        """Look one host up."""
        behind = tuple(one.address for one in job.origins)
        now = self._clock.now()
        found = await self._locator.resolve(job.host, job.site, job.kind, now, surroundings=True, origins=behind)
        return job, found

    async def settle(self, results: Sequence[tuple[HostToLookUp, Resolution]], now: datetime) -> None:
        """Write what was found: places, standing, moves."""
        await hosts.settle(self._store, self._settings, results, now)

    async def renew(self, jobs: Sequence[HostToLookUp], now: datetime) -> None:
        """Keep the leases of look-ups under way."""
        await hosts.renew(self._store, [job.id for job in jobs], self._token, now + LEASE)

    async def give_back(self, now: datetime) -> None:
        """Give back what is not settled."""
        await hosts.give_back(self._store, self._token, now)
