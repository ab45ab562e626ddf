"""Tellings → one message per recipient, written into the outbox."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from notifiers.compose import compose, return_path
from notifiers.xarf import xarf_able
from ntd.case import Case, Step
from ntd.gathering import Addressee, Before, Piece, Sheaf, message, sort_out
from ntd.store import cases, tellings
from ntd.store.base import Connection, Store
from ntd.store.tellings import Gathered, Recipient, Written
from ntd.telling import Sent, attend, unable
from schemas.ids import ItemId, NoticeId, RecipientId, uuid7
from schemas.item import Attention
from schemas.notice import Channel, Kind
from schemas.settings import Settings

#: Groups (recipient, kind) written in one turn; lines taken for one group at a time.
GROUPS, LINES = 50, 1000
#: How long the answer link of a notice works.
LINK_LIVES = timedelta(days=90)


class Gather:
    """The turn that writes messages."""

    name = "gather"

    def __init__(self, store: Store, settings: Settings) -> None:
        """Write as `settings` say."""
        self._store, self._settings = store, settings

    async def turn(self, now: datetime) -> bool:
        """Write what is due; say whether anything was."""
        await tellings.supersede(self._store, now, GROUPS)
        groups = await tellings.due(self._store, now, GROUPS)
        worked = False
        for recipient, kind in groups:
            async with self._store.transaction() as connection:
                worked |= await self._group(connection, recipient, kind, now)
        return worked

    async def _group(self, connection: Connection, recipient: RecipientId, kind: Kind, now: datetime) -> bool:
        to = await tellings.lock_recipient(connection, self._store, recipient)
        if to is None:
            return False
        ready = await tellings.ready(connection, recipient, kind, now, max(LINES, self._settings.notices.largest))
        before = await cases.lock(connection, sorted({item for _, item in ready}))
        lines = await tellings.gathered(connection, self._store, [telling for telling, _ in ready])
        addressee = self._addressee(to)
        pieces = [
            Piece(index=n, line=one.line, site=one.site, state=one.state, xarf_able=xarf_able(one.line))
            for n, one in enumerate(lines)
        ]
        sorted_out = sort_out(kind, addressee, pieces, self._settings.notices.largest)
        for sheaf in sorted_out.sheaves:
            await self._write(connection, to, addressee, kind, sheaf, lines, now)
        dropped = [lines[piece.index] for piece in (*sorted_out.moot, *sorted_out.unable)]
        await tellings.drop(connection, [one.telling for one in dropped])
        await self._unable(connection, before, [lines[piece.index] for piece in sorted_out.unable], to, kind, now)
        await self._to_fill(connection, before, sorted_out.sheaves, now)
        return bool(lines)

    async def _to_fill(
        self, connection: Connection, before: dict[ItemId, Case], sheaves: Sequence[Sheaf], now: datetime
    ) -> None:
        # A web form is a task for a human, and stands in attention until it is done.
        items = {piece.line.item for sheaf in sheaves if sheaf.channel is Channel.FORM for piece in sheaf.pieces}
        steps = [attend(before[item], Attention.FORM_TO_FILL) for item in sorted(items)]
        await cases.settle(connection, self._store, self._settings, before, steps, by="notify", now=now)

    def _addressee(self, to: Recipient) -> Addressee:
        partner = next((one for one in self._settings.partner if one.code == to.partner), None)
        return Addressee(
            channel=to.channel, address=to.address, format=to.format, grouping=to.grouping, partner=partner
        )

    async def _write(
        self,
        connection: Connection,
        to: Recipient,
        addressee: Addressee,
        kind: Kind,
        sheaf: Sheaf,
        lines: Sequence[Gathered],
        now: datetime,
    ) -> None:
        told = tuple(lines[piece.index] for piece in sheaf.pieces)
        earlier = await tellings.earlier(connection, to.id, [one.line.item for one in told])
        token = secrets.token_urlsafe(16) if kind is not Kind.FORWARD else None
        letter = message(
            NoticeId(uuid7(now)),
            kind,
            sheaf,
            addressee,
            Before(message_ids=earlier.message_ids, first_at=earlier.first_at),
            self._settings,
            language=to.language,
            token=token,
            step=max(one.step for one in told),
            now=now,
        )
        dry = self._settings.notices.dry_run
        written = Written(
            message=letter,
            rendered=compose(letter),
            recipient=to,
            lines=told,
            token_hash=hashlib.sha256(token.encode()).digest() if token else None,
            token_expires_at=now + LINK_LIVES if token else None,
            mail_from=return_path(letter),
            # A form is filled in by a human, who knows that this is a dry run.
            channel=Channel.FOLDER if dry and letter.channel is not Channel.FORM else letter.channel,
            dry_run=dry,
        )
        await tellings.write(connection, self._store, written, now)

    async def _unable(
        self,
        connection: Connection,
        before: dict[ItemId, Case],
        lines: Sequence[Gathered],
        to: Recipient,
        kind: Kind,
        now: datetime,
    ) -> None:
        steps: list[Step] = []
        for one in lines:
            sent = Sent(kind=kind, recipient=to.id, partner=to.partner, stay_spell=one.spell)
            steps.append(unable(before[one.line.item], sent, now, self._settings))
        await cases.settle(connection, self._store, self._settings, before, steps, by="notify", now=now)
