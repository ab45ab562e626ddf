"""Geofeeds that registrations link: fetched with bounds, kept like registration answers, read once for everybody."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from geo.answers import Answers
from geo.geofeed import Feed, Row, as_text, read_geofeed
from geo.kept import Kept
from geo.looked import Looked
from geo.rdap import BadAnswer, NetworkRecord
from geo.registries import Registries
from geo.remembered import Remembered
from schemas.hosting import Address, Question

#: Files kept read; the largest that is read takes some 15 MB.
FEEDS: Final = 16
_MEMBER: Final = "geofeed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    at: datetime
    of: str
    feed: Feed | None  # None: there is no such file


@dataclass(slots=True, kw_only=True)
class Geofeeds:
    """What geofeeds say of addresses."""

    registries: Registries
    answers: Answers
    _read: Remembered[_Read] = field(default_factory=lambda: Remembered(FEEDS))

    async def close(self) -> None:
        """Stop what is under way."""
        await self.answers.close()

    async def find(self, address: Address, record: NetworkRecord, now: datetime) -> Looked[Row]:
        """Say what the geofeeds that a registration links say of one of its addresses; the first that knows decides."""
        questions: tuple[Question, ...] = ()
        complete = True
        for url in record.geofeeds:
            looked = await self._feed(url, now)
            questions, complete = (*questions, *looked.questions), complete and looked.complete
            if looked.record is None:
                continue
            feed = looked.record.feed
            row = feed.find(address, record.blocks) if feed is not None else None
            questions = (*questions, _question(address, url, looked.record, row))
            if row is not None:
                return Looked(record=row, questions=questions, complete=complete)
        return Looked(record=None, questions=questions, complete=complete)

    async def _feed(self, url: str, now: datetime) -> Looked[_Read]:
        known = self._read.get(url, now)
        if known is not None:
            return Looked(record=known)

        async def ask() -> Kept:
            fetched = await self.registries.file(url, now)
            answer = await asyncio.to_thread(_kept, fetched.body) if fetched.body is not None else None
            return Kept(asked=f"geofeed {url}", of=fetched.origin, at=now, answer=answer)

        found = await self.answers.find(f"geofeed/{url}", ask, now, f"geofeed {url}")
        if found.record is None:
            return Looked(record=None, questions=found.questions, complete=found.complete)
        kept = found.record
        feed = await asyncio.to_thread(_feed_of, kept.answer) if kept.answer is not None else None
        read = _Read(at=kept.at, of=kept.of, feed=feed)
        self._read.put(url, read, kept.at + self.answers.refresh)
        return Looked(record=read, questions=found.questions, complete=found.complete)


def _kept(body: bytes) -> dict[str, Any]:
    rows = read_geofeed(body.decode("utf-8", errors="replace"))
    if body.strip() and not rows:
        raise BadAnswer("no geofeed: not one of its rows can be read")
    return {_MEMBER: as_text(rows)}


def _feed_of(answer: Mapping[str, Any]) -> Feed:
    return Feed(read_geofeed(str(answer.get(_MEMBER, ""))))


def _question(address: Address, url: str, read: _Read, row: Row | None) -> Question:
    said = "nothing of it" if row is None else f"{row.prefix}: {row.country or 'no country is to be named'}"
    return Question(
        at=read.at, asked=f"geofeed {address}", of=url, answer=said if read.feed is not None else "no such file"
    )
