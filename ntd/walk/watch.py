"""Can we see at all, what part of every host is ours, does our clock go right? Asked all the time, said once."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from monitor.look import Looker
from monitor.shares import Share
from ntd.metrics import Looks
from ntd.pacing import Pacing
from ntd.store import checks, daemons
from ntd.store.base import Store

log = structlog.get_logger()

#: How often the daemons that look are counted.
COUNTED_EVERY: Final = timedelta(seconds=5)
#: A daemon that comes to others looks at nothing before they have counted it.
JOINS_AFTER: Final = 2 * COUNTED_EVERY
#: How long canaries that sang are believed, and a little more: rounds since then may have been lost.
BELIEVED: Final = timedelta(seconds=60)
#: A clock that goes back by more than this had gone ahead.
SET_BACK: Final = timedelta(seconds=5)
#: Lost rounds are made up for over as long as the outage took, but not over more than this.
MADE_UP_WITHIN: Final = timedelta(minutes=30)
#: What a clock had put off is taken up a hundred looks a second.
SET_RIGHT_EACH: Final = timedelta(milliseconds=10)


class Watch:
    """The turn that asks the canaries, counts the daemons and notices a clock set back."""

    name = "watch"

    def __init__(self, store: Store, looker: Looker, pacing: Pacing, looks: Looks, daemon: UUID) -> None:
        """Tell `pacing` and `looker` which part is theirs, and `looks` what can be seen."""
        self._store, self._looker, self._pacing, self._looks = store, looker, pacing, looks
        self._daemon = daemon
        self._counted_at: datetime | None = None
        self._opens_at: datetime | None = None
        self._blind_since: datetime | None = None
        self._turned_at: datetime | None = None

    def may_look(self, now: datetime) -> bool:
        """Say whether this daemon has its part of every host: the others have counted it."""
        return self._opens_at is not None and now >= self._opens_at

    async def turn(self, now: datetime) -> bool:
        """Count and ask, where it is time to."""
        if self._turned_at is None or now < self._turned_at - SET_BACK:
            await self._set_right(now)
        self._turned_at = now
        if self._counted_at is None or not timedelta() <= now - self._counted_at < COUNTED_EVERY:
            await self._count(now)
            self._counted_at = now
        blind = await self._looker.blind(now)
        self._say_void(self._looker.void)
        if blind and self._blind_since is None:
            await self._go_blind(now)
        elif not blind and self._blind_since is not None:
            await self._see_again(self._blind_since, now)
        return False

    async def _set_right(self, now: datetime) -> None:
        """Take up what was put off by a clock that had gone ahead, now or before this daemon started."""
        if ahead := await checks.ahead_of_time(self._store, now):
            # No outage was: it takes as long as its number needs, and no longer.
            over = min(ahead * SET_RIGHT_EACH, MADE_UP_WITHIN)
            made_up = await checks.make_up(self._store, now, over)
            log.warning("clock.set_back", made_up=made_up, remedy="see what sets this machine's clock")

    async def _count(self, now: datetime) -> None:
        alive = await daemons.lookers(self._store, now)
        if self._daemon not in alive:
            # We were silent for too long: somebody else may have our part.
            self._opens_at = None
            return
        if self._opens_at is None:
            self._opens_at = now + (JOINS_AFTER if len(alive) > 1 else timedelta())
        share = Share(rank=alive.index(self._daemon), of=len(alive))
        self._pacing.share = share
        self._looker.share(share)

    def _say_void(self, void: tuple[str, ...]) -> None:
        was = {name for name, failing in self._looks.void.items() if failing}
        for name in sorted(set(void) - was):
            log.warning("vantage.void", vantage=name)
        for name in sorted(was - set(void)):
            log.info("vantage.sound", vantage=name)
        self._looks.void = {name: name in void for name in self._looker.networks}

    async def _go_blind(self, now: datetime) -> None:
        self._blind_since, self._looks.blind = now, True
        log.error("checks.blind", vantages=list(self._looker.void), remedy="nothing becomes gone: see the canaries")
        await daemons.see(self._store, self._daemon, blind=True)

    async def _see_again(self, since: datetime, now: datetime) -> None:
        # First the rounds that were lost, then the eyes: nobody claims in between.
        await checks.lost_since(self._store, since - BELIEVED, now)
        made_up = await checks.make_up(self._store, now, min(max(now - since, timedelta()), MADE_UP_WITHIN))
        await daemons.see(self._store, self._daemon, blind=False)
        self._blind_since, self._looks.blind = None, False
        log.info("checks.seeing", blind_s=(now - since).total_seconds(), made_up=made_up)
