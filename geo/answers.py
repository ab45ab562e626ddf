"""Answers of registries through a cache: asked once for everybody, stale rather than absent, asked again meanwhile.

Younger than `refresh`: served. Older: asked again, and who looks waits for that `PATIENCE_S` at most; then the old
answer serves while the question goes on for the next one who looks. A registry that does not answer at all leaves the
old answer standing for `STALE_FOR`, with the fault beside it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from geo.kept import Kept, decode
from geo.looked import Looked
from geo.rdap import BadAnswer
from geo.registration_cache import RegistrationCache
from geo.sharing import Sharing
from schemas.errors import Permanent, Temporary
from schemas.hosting import Address, Question

#: How long an answer is kept for the day the registry does not answer, beyond `geo.refresh`.
STALE_FOR: Final = timedelta(days=14)
#: Seconds that a look waits for a newer answer where it has an old one: registries mostly answer within half a second.
PATIENCE_S: Final = 1.0
_FAULTS: Final = (Temporary, Permanent, BadAnswer)


@dataclass(slots=True, kw_only=True)
class Answers:
    """What registries said, by the question."""

    cache: RegistrationCache
    refresh: timedelta
    source: str  # who is asked, for the record
    patience_s: float = PATIENCE_S
    _asking: Sharing[Looked[Kept]] = field(default_factory=Sharing)

    async def close(self) -> None:
        """Stop what is under way."""
        await self._asking.close()

    async def find(
        self, key: str, ask: Callable[[], Awaitable[Kept | None]], now: datetime, asked: str | None = None
    ) -> Looked[Kept]:
        """Give the answer kept under a key, or ask; `asked` is the question in words, where the key does not say it."""
        kept = await self.kept(key, now)
        if kept is not None and self.is_fresh(kept, now):
            return Looked(record=kept)
        return await self.asked(key, lambda: self.remember(key, ask, kept, now, asked), kept, now)

    async def asked(
        self, key: str, ask: Callable[[], Awaitable[Looked[Kept]]], old: Kept | None, now: datetime
    ) -> Looked[Kept]:
        """Ask once for everybody who asks the same meanwhile; an old answer serves who cannot wait."""
        if old is None:
            return await self._asking.get(key, ask)
        try:
            async with asyncio.timeout(self.patience_s):
                return await self._asking.get(key, ask)
        except TimeoutError:
            said = "not answered yet: the older answer serves, and the question goes on"
            return Looked(record=old, questions=(Question(at=now, asked=old.asked, of=self.source, answer=said),))

    async def remember(
        self,
        key: str,
        ask: Callable[[], Awaitable[Kept | None]],
        old: Kept | None,
        now: datetime,
        asked: str | None = None,
    ) -> Looked[Kept]:
        """Ask and keep the answer; where that fails an older answer serves, with the failure beside it."""
        asked = asked or f"rdap {key}"
        try:
            kept = await ask()
        except _FAULTS as fault:
            question = Question(at=now, asked=asked, of=self.source, answer=f"could not find out: {fault}")
            return Looked(record=old, questions=(question,), complete=old is not None)
        if kept is None:
            question = Question(at=now, asked=asked, of="bootstrap", answer="no registry answers for it")
            return Looked(record=None, questions=(question,))
        filed = f"ip/{kept.block}" if kept.block is not None else key
        await self.cache.put(filed, kept.block, kept.encode(), now, now + self.refresh + STALE_FOR)
        return Looked(record=kept)

    async def kept(self, key: str, now: datetime) -> Kept | None:
        """Give what is kept under a key, however old; None where nothing is."""
        found = await self.cache.get(key, now)
        return decode(found) if found is not None else None

    async def block(self, address: Address, now: datetime) -> Kept | None:
        """Give what is kept for the smallest block that holds an address, however old; None where nothing is."""
        found = await self.cache.block(address, now)
        return decode(found) if found is not None else None

    def is_fresh(self, kept: Kept, now: datetime) -> bool:
        """Say whether an answer need not be asked for again."""
        return now - kept.at < self.refresh
