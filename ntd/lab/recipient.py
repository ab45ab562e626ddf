"""People at the hosters who read a notice and answer through its link: truly or not, as the table says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import aiohttp

from ntd.clock import Clock
from ntd.lab.ledger import Ledger, Said, key_of
from ntd.lab.plot import Plot, Saying

_TURN_S = 0.2
_TIMEOUT = aiohttp.ClientTimeout(total=5)


class Recipients:
    """People who read a notice and answer through its link."""

    def __init__(self, plot: Plot, ledger: Ledger, clock: Clock) -> None:
        self._plot = plot
        self._ledger = ledger
        self._clock = clock
        self._links: dict[tuple[str, str], tuple[str, str]] = {}  # host and path → link, item id

    def got(self, url: str, item: str, link: str | None) -> None:
        """Remember where an item can be answered; the first notice's link stands."""
        if link:
            self._links.setdefault(key_of(url), (link, item))

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Answer for as long as the block lasts."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            task = asyncio.create_task(self._live(session))
            try:
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _live(self, session: aiohttp.ClientSession) -> None:
        while True:
            now = self._clock.now()
            for saying in list(self._plot.recipient_says(now)):
                with suppress(aiohttp.ClientError, TimeoutError):
                    await self._say(session, saying, now)
            await asyncio.sleep(_TURN_S)

    async def _say(self, session: aiohttp.ClientSession, saying: Saying, now: datetime) -> None:
        link, item = self._links.get(saying.item.key, ("", ""))
        if not link:
            return
        answer, _, noted = saying.action.partition(" ")
        form = {"item": item, "answer": answer, "note": "Done, says the abuse desk of the lab." if noted else ""}
        async with session.post(link, data=form, allow_redirects=False) as reply:
            if reply.status < 500:  # noqa: PLR2004 -- their fault: again later
                self._plot.said("link", saying)
                said = Said(at=now, who="link", item=item, action=saying.action, status=reply.status)
                self._ledger.said.append(said)
