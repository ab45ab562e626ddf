"""A stream of items, however long, becomes items and answers: read, parsed and written side by side, in bounded memory.

The one way in: the command line and the API both come through here.
"""

from asyncio import Task, create_task, gather, sleep, wait
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from ntd.clock import Clock
from ntd.intake import Refusal, columns_of, read, too_long
from ntd.intake_records import Form, Piece, Reader, Record
from ntd.material import OVERLAP_BYTES, holds_material
from ntd.rejects import Rejects
from ntd.store.base import Store
from ntd.store.intake import take
from schemas.item import LineAnswer, Outcome, Submission
from schemas.settings import Settings

# Large enough that a commit weighs little, small enough that an answer does not wait long.
_BATCH_LINES: Final = 2000
_BATCH_BYTES: Final = 4 * 1024 * 1024
# While one batch is being written the next lies ready, the one after it is sealed, and another is read.
_UNDER_WAY: Final = 3
# Lines parsed before others have their turn.
_SLICE: Final = 25
# Who types lines by hand, or feeds them from a slow source, is answered after this.
_PATIENCE_S: Final = 0.25


@dataclass(slots=True)
class Tally:
    """What became of a stream."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    schemes: Counter[str] = field(default_factory=Counter)  # of URLs that are neither http nor https

    @property
    def lines(self) -> int:
        """Count all lines that were answered."""
        return self.outcomes.total()

    @property
    def refused(self) -> int:
        """Count the lines that were not taken."""
        return self.outcomes[Outcome.REFUSED]

    def summary(self) -> str:
        """Say it in one line."""
        accepted, duplicate = self.outcomes[Outcome.ACCEPTED], self.outcomes[Outcome.DUPLICATE]
        return f"{self.lines} lines: {accepted} accepted, {duplicate} duplicate, {self.refused} refused"


@dataclass(slots=True)
class _Batch:
    taken: list[tuple[int, Submission]] = field(default_factory=list)
    refused: list[LineAnswer] = field(default_factory=list)
    size_bytes: int = 0

    @property
    def full(self) -> bool:
        return len(self.taken) + len(self.refused) >= _BATCH_LINES or self.size_bytes >= _BATCH_BYTES

    @property
    def empty(self) -> bool:
        return not self.taken and not self.refused


@dataclass(slots=True, kw_only=True)
class Stream:
    """One stream on its way in; `answered` gets the answers in the order of the lines, each after its commit."""

    store: Store
    settings: Settings
    clock: Clock
    by: str
    answered: Callable[[list[LineAnswer]], Awaitable[None]]
    source: str | None = None  # of lines that name none
    form: Form | None = None  # None: as the first byte shows
    rejects: Rejects | None = None
    tally: Tally = field(default_factory=Tally)
    _columns: list[str] | None = None
    _material: bool = False  # the long line that is coming carries the material itself
    _tail: bytes = b""

    async def run(self, chunks: AsyncIterator[bytes]) -> Tally:
        """Take everything; Refused when a CSV's header is wrong: then nothing was taken."""
        under_way: deque[Task[list[LineAnswer]]] = deque()
        try:
            async with aclosing(self._batches(chunks)) as batches:
                async for batch in batches:
                    if not batch.empty:
                        under_way.append(create_task(self._take(batch)))
                    # Nothing more has come: whoever waits for his answers is not kept for the sake of the next batch.
                    while under_way and (batch.empty or len(under_way) >= _UNDER_WAY):
                        await self._answer(await under_way.popleft())
            while under_way:
                await self._answer(await under_way.popleft())
        finally:
            for task in under_way:
                task.cancel()
            await gather(*under_way, return_exceptions=True)
        return self.tally

    async def _take(self, batch: _Batch) -> list[LineAnswer]:
        answers = await take(self.store, self.settings, batch.taken, now=self.clock.now(), by=self.by)
        return sorted([*answers, *batch.refused], key=lambda answer: answer.line) if batch.refused else answers

    async def _answer(self, answers: list[LineAnswer]) -> None:
        self.tally.outcomes.update(answer.outcome for answer in answers)
        await self.answered(answers)

    async def _batches(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[_Batch, None]:
        """Give batches, and an empty one while nothing more comes."""
        reader, batch = Reader(self.form), _Batch()
        async with aclosing(_patiently(chunks)) as coming:
            async for chunk in coming:
                for at, part in enumerate(reader.feed(chunk) if chunk is not None else (), start=1):
                    self._sort(reader, part, batch)
                    if batch.full:
                        yield batch
                        batch = _Batch()
                    if not at % _SLICE:
                        # The loop must feed the database meanwhile.
                        await sleep(0)
                if chunk is None:
                    if not batch.empty:
                        yield batch
                    yield _Batch()
                    batch = _Batch()
        for part in reader.close():
            self._sort(reader, part, batch)
        self._head(reader)
        if not batch.empty:
            yield batch

    def _head(self, reader: Reader) -> None:
        """Read the header of a CSV, once it is there."""
        if self._columns is None and reader.header is not None:
            self._columns = columns_of(reader.header)
            if self.rejects is not None:
                self.rejects.write(reader.header.raw)

    def _sort(self, reader: Reader, part: Record | Piece, batch: _Batch) -> None:
        self._head(reader)
        if isinstance(part, Piece):
            self._long(part, batch)
            return
        batch.size_bytes += len(part.raw)
        outcome = read(part, self._columns, self.source)
        if isinstance(outcome, Submission):
            batch.taken.append((part.line, outcome))
            return
        self._refuse(outcome, batch)
        if self.rejects is not None and outcome.keep:
            self.rejects.write(part.raw)

    def _refuse(self, refusal: Refusal, batch: _Batch) -> None:
        if refusal.scheme is not None:
            self.tally.schemes[refusal.scheme] += 1
        batch.refused.append(LineAnswer(line=refusal.line, outcome=Outcome.REFUSED, id=None, error=refusal.error))

    def _long(self, piece: Piece, batch: _Batch) -> None:
        """Pass a long line on to the rejects as it comes, as long as it carries nothing that may not be kept."""
        self._material = self._material or holds_material(self._tail + piece.raw)
        if self.rejects is not None and self._material:
            self.rejects.take_back()
        elif self.rejects is not None:
            self.rejects.write_piece(piece.raw, last=piece.last)
        self._tail = (self._tail + piece.raw)[-OVERLAP_BYTES:]
        if piece.last:
            self._refuse(too_long(piece, material=self._material), batch)
            self._material, self._tail = False, b""


async def _patiently(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes | None, None]:
    """Give the chunks, and None whenever the next one is long in coming."""
    coming: Task[bytes | None] = create_task(_next(chunks))
    try:
        while True:
            if not (await wait([coming], timeout=_PATIENCE_S))[0]:
                yield None
            chunk = await coming
            if chunk is None:
                return
            coming = create_task(_next(chunks))
            yield chunk
    finally:
        coming.cancel()


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
