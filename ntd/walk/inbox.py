"""Mail that came back → what it says of a notice, once.

A message is marked, or moved, only after what follows from it is committed: a daemon that is killed in between reads it
again, and taken twice it does nothing twice. What concerns nothing of ours stays where it is, for a human.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import structlog

from notifiers.imap import Mailbox, Refusal
from notifiers.incoming.mail import LONGEST_MESSAGE
from ntd import inbox
from ntd.inbox import Taken
from ntd.store.base import Store
from ntd.store.faults import PASSING
from schemas.errors import NtdError
from schemas.incoming import Came
from schemas.settings import Settings

log = structlog.get_logger()
#: Messages looked for at once.
BATCH = 50
#: Seconds that one turn waits for news: a connection that has died in silence is found out after it.
WAIT_S = 25.0
#: Pauses after a fault, doubled up to the second.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)


class Inbox:
    """The turn that reads the mailbox."""

    name = "inbox"

    def __init__(self, store: Store, settings: Settings, stop: asyncio.Event, *, wait_s: float = WAIT_S) -> None:
        """Read what `settings` name; nothing is waited for beyond `stop`."""
        self._store, self._settings, self._stop, self._wait_s = store, settings, stop, wait_s
        self._held = AsyncExitStack()
        self._mailbox: Mailbox | None = None
        self._left: set[int] = set()  # that stay where they are: not ours, or not to be read
        self._again_at: datetime | None = None
        self._pause = SHORTEST_PAUSE

    @classmethod
    @asynccontextmanager
    async def open(
        cls, store: Store, settings: Settings, stop: asyncio.Event, *, wait_s: float = WAIT_S
    ) -> AsyncIterator["Inbox"]:
        """Open it; the connection is made in the first turn, and closed at the end."""
        reading = cls(store, settings, stop, wait_s=wait_s)
        try:
            yield reading
        finally:
            await reading.close()

    async def close(self) -> None:
        """Take leave of the server."""
        self._mailbox = None
        await self._held.aclose()

    async def turn(self, now: datetime) -> bool:
        """Take what waits, or wait for it; say whether anything was taken."""
        if self._again_at is not None and now < self._again_at:
            return False
        try:
            return await self._read(now)
        except (NtdError, Refusal) as fault:
            await self.close()
            self._again_at, pause = now + self._pause, self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            log.warning("inbox.away", fault=str(fault), again_in_s=pause.total_seconds())
            return False

    async def _read(self, now: datetime) -> bool:
        if self._mailbox is None:
            self._mailbox = await self._held.enter_async_context(Mailbox.open(self._settings.inbox))
            self._left = set()
            log.info("inbox.open")
        self._again_at, self._pause = None, SHORTEST_PAUSE
        waiting = [uid for uid in await self._mailbox.waiting(BATCH + len(self._left)) if uid not in self._left]
        for uid in waiting[:BATCH]:
            if self._stop.is_set():
                break
            await self._take(self._mailbox, uid, now)
        if not waiting:
            await self._mailbox.wait(self._stop, self._wait_s)
        return bool(waiting)

    async def _take(self, mailbox: Mailbox, uid: int, now: datetime) -> None:
        raw = await mailbox.fetch(uid, LONGEST_MESSAGE)
        if raw is None:
            return
        try:
            taken = await inbox.take(self._store, self._settings, raw, by="inbox", now=now)
        except PASSING:
            raise
        except Exception as fault:  # noqa: BLE001 -- one bad message never stops the others; its text is no log's business
            self._left.add(uid)
            log.error("inbox.failed", uid=uid, fault=type(fault).__name__)  # noqa: TRY400 -- a traceback could quote it
            return
        await self._put_away(mailbox, uid, taken)
        log.info(
            "inbox.taken",
            kind=taken.judged.kind.value,
            notice=str(taken.judged.notice.id) if taken.judged.notice else None,
            items=len(taken.judged.items),
            acts=taken.judged.acts,
            again=taken.again,
        )

    async def _put_away(self, mailbox: Mailbox, uid: int, taken: Taken) -> None:
        done = self._settings.inbox.done_folder
        if done and taken.judged.kind is not Came.UNRELATED:
            await mailbox.move(uid, done)
        elif mailbox.keeps_words:
            await mailbox.mark(uid)
        else:
            # Read again after the next connection, and then again nothing follows from it.
            self._left.add(uid)
