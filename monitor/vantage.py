"""Where we look from, and whether what we see from there can be believed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from monitor.imprint import same_words
from monitor.probe import Probe, Resolve, in_order
from monitor.trail import Question
from monitor.verdict import meaning_of
from schemas.check import Body, Names, Observation, Sight, Verdict
from schemas.hosting import NameFate
from schemas.settings import Vantage as VantageSettings
from schemas.url import HostKind, Url

#: How long canaries that sang are believed, for looks that a fault of ours could not have made.
SOUND_S: Final = 30.0
#: How long a vantage stays void before its canaries are asked again.
VOID_S: Final = 2.0
#: The `network` of a vantage whose proxy is Tor, the only one that can reach onion services.
TOR: Final = "tor"


class Canaries:
    """URLs that are always up: while one is not, the fault is on our side."""

    def __init__(self, urls: Sequence[Url], probe: Probe, names: Resolve, timeout_s: float) -> None:
        self._urls, self._probe, self._names, self._timeout_s = urls, probe, names, timeout_s
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._sound = True
        self._bodies: tuple[Body, ...] = ()

    @property
    def failing(self) -> bool:
        """Say whether one of them did not sing when they were last asked."""
        return not self._sound

    async def sound(self, now: datetime, *, since: float | None = None) -> bool:
        """Say whether all canaries sing; asked anew when the last answer is old, or older than `since` (loop time)."""
        if not self._urls:
            return True
        async with self._asking:
            if not self._fresh(since):
                began = asyncio.get_running_loop().time()
                seen = await asyncio.gather(*(self._seen(url, now) for url in self._urls))
                self._sound = all(one is not None and _sings(one) for one in seen)
                self._bodies = tuple(one.body for one in seen if one is not None and one.body is not None)
                self._asked_at = began
            return self._sound

    def show(self, seen: Observation) -> bool:
        """Say whether a look saw what a canary showed: then somebody between us and the server answers for all."""
        body = seen.body
        if body is None or not body.length_bytes:
            return False
        return any(body.sha256 == one.sha256 or same_words(one.likeness, body.likeness) for one in self._bodies)

    def _fresh(self, since: float | None) -> bool:
        if since is not None:
            return self._asked_at >= since
        believed_s = SOUND_S if self._sound else VOID_S
        return asyncio.get_running_loop().time() - self._asked_at < believed_s

    async def _seen(self, url: Url, now: datetime) -> Observation | None:
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        names = await resolved(self._names, url, deadline)
        for address in in_order(names.addresses):
            seen = await self._probe.look(
                Question(url=url, names=names, address=address, alone=True, now=now), deadline
            )
            if seen.hops or seen.sight is not Sight.UNREACHABLE:
                return seen
        return None


def _sings(seen: Observation) -> bool:
    """Say whether a canary answered, and not with a page that would be the end of an item; a pixel is one as well."""
    answered = seen.sight is Sight.ANSWERED and seen.status is not None and 200 <= seen.status < 300  # noqa: PLR2004 -- 2xx
    return answered and (meaning_of(seen).verdict is not Verdict.GONE or seen.signs.placeholder is not None)


async def resolved(names: Resolve, url: Url, deadline: float) -> Names:
    """Ask for the addresses of a URL's host, in time."""
    if url.address is not None:
        return Names(fate=NameFate.NOT_ASKED, addresses=(url.address,))
    if url.kind is HostKind.ONION:
        return Names(fate=NameFate.NOT_ASKED)
    try:
        async with asyncio.timeout_at(deadline):
            return await names(url.host)
    except TimeoutError:
        return Names(fate=NameFate.TIMEOUT)


class Vantage:
    """One place to look from."""

    def __init__(self, settings: VantageSettings, *, probe: Probe, canaries: Canaries) -> None:
        self.name = settings.name
        self.network = settings.network or settings.name
        self.direct = not settings.proxy
        self.tor = settings.network.lower() == TOR
        self.probe, self.canaries = probe, canaries
