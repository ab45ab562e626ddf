"""Which name servers lie: each is asked for the configured canaries, again and again.

A server that answers for a name that cannot exist, or otherwise than it must for one that is known, is void: nothing
it says counts. One that does not answer is not void; it will not answer other questions either.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog

from geo.canary import Song, song
from geo.names import Joint
from geo.nameserver import NameServer
from geo.sharing import Sharing
from schemas.canary import NameCanary
from schemas.hosting import Question

#: Seconds for which a server that told the truth is believed about what exists; about what does not, its canaries must
#: have been asked since. A liar thus makes no name dead, and no move: that takes a second look a minute later.
HOLDS_S: Final = 60.0
_log = structlog.get_logger()

#: Asks one server for A and AAAA of a name.
Ask = Callable[[NameServer, str], Coroutine[Any, Any, list[Joint]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the canaries showed of one server."""

    began_s: float  # on the clock of the loop
    at: datetime
    songs: tuple[Song, ...]

    @property
    def lie(self) -> str | None:
        """Name what it lies about; None where it does not lie."""
        names = [one.canary.name for one in self.songs if one.truthful is False]
        return f"it lies about {', '.join(names)}" if names else None

    def questions(self, server: str) -> tuple[Question, ...]:
        """Tell what was asked and answered, for the record."""
        return tuple(
            Question(at=self.at, asked=f"canary {one.canary}", of=server, answer=one.verdict) for one in self.songs
        )


@dataclass(slots=True, kw_only=True)
class Canaries:
    """Listens to the canaries of every server; with none configured everybody is believed."""

    canaries: tuple[NameCanary, ...]
    ask: Ask
    caught: Callable[[], None]  # called when a server is found to lie that did not before
    _heard: dict[str, Heard] = field(default_factory=dict)
    _listening: Sharing[Heard] = field(default_factory=Sharing)

    async def lie(self, server: NameServer, now: datetime, *, since_s: float | None = None) -> str | None:
        """Say how a server lies, None where it does not.

        `since_s`, a time on the loop's clock: what was heard earlier does not count; None: not older than HOLDS_S.
        """
        if not self.canaries:
            return None
        since_s = asyncio.get_running_loop().time() - HOLDS_S if since_s is None else since_s
        heard = self._heard.get(server.label)
        while heard is None or heard.began_s < since_s:
            heard = await self._listening.get(server.label, partial(self._listen, server, now))
        return heard.lie

    async def any_new(self, servers: tuple[NameServer, ...], now: datetime, *, since_s: float) -> bool:
        """Listen again, and say whether one of the servers is found to lie that did not before."""
        before = [heard is not None and heard.lie is not None for heard in map(self._heard_of, servers)]
        lies = await asyncio.gather(*(self.lie(server, now, since_s=since_s) for server in servers))
        return any(lie is not None and not known for lie, known in zip(lies, before, strict=True))

    def questions(self) -> tuple[Question, ...]:
        """Tell what was heard last of every server, for the record."""
        return tuple(question for server, heard in self._heard.items() for question in heard.questions(server))

    def lies(self) -> tuple[str, ...]:
        """Tell of each server that lies what it says and what it should say."""
        return tuple(
            f"{server} says of {one.canary.name}: {one.line}"
            for server, heard in self._heard.items()
            for one in heard.songs
            if one.truthful is False
        )

    async def close(self) -> None:
        """Stop listening."""
        await self._listening.close()

    def _heard_of(self, server: NameServer) -> Heard | None:
        return self._heard.get(server.label)

    async def _listen(self, server: NameServer, now: datetime) -> Heard:
        began_s = asyncio.get_running_loop().time()
        asked = await asyncio.gather(*(self.ask(server, canary.name) for canary in self.canaries))
        songs = tuple(song(canary, joints) for canary, joints in zip(self.canaries, asked, strict=True))
        before, heard = self._heard.get(server.label), Heard(began_s=began_s, at=now, songs=songs)
        self._heard[server.label] = heard
        if heard.lie is not None and (before is None or before.lie is None):
            _log.warning("geo.dns.void", server=server.label, why=heard.lie)
            self.caught()
        elif heard.lie is None and before is not None and before.lie is not None:
            _log.info("geo.dns.believed", server=server.label)
        return heard
