"""Tellings → one message per recipient, written into the outbox."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from notifiers.compose import return_path
from notifiers.press import AS_SHIPPED, Press
from notifiers.xarf import xarf_able
from ntd.allowance import Room
from ntd.gathering import BEFORE_ALL_ELSE, Addressee, Before, Piece, Sheaf, Sorted, mailbox_of, message, sort_out
from ntd.store import allowance, cases, outbox, tellings
from ntd.store.base import Connection, Store
from ntd.store.outbox import Written
from ntd.store.tellings import Gathered, Group, Ready, Recipient
from ntd.telling import Sent, attend, unable
from schemas.ids import HostId, ItemId, NoticeId, uuid7
from schemas.item import Attention
from schemas.notice import Channel, Format, Kind
from schemas.settings import Settings

log = structlog.get_logger()
#: Groups (recipient, kind, urgent or not) written in one turn; lines taken for one group at a time.
GROUPS, LINES = 50, 1000
#: Groups gathered side by side: while the database works for one, the next is written.
TOGETHER = 3
#: How long the answer link of a notice works.
LINK_LIVES = timedelta(days=90)
#: What waits for a new certificate, which is read at the next start, is not tried again before this.
UNSEALABLE_FOR = timedelta(hours=1)
#: What is due within this has its hosts looked up meanwhile, asked for as often as that: so many tellings at a time.
AHEAD, EVERY, MOST_AHEAD = timedelta(minutes=1), timedelta(seconds=10), 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sitting:
    """One group of one recipient, locked, with the room that is left for it."""

    connection: Connection
    group: Group
    to: Recipient
    addressee: Addressee
    room: Room | None  # None: as many messages as there are
    now: datetime

    def lines(self, largest: int) -> int:
        """Say how many lines may be needed to fill the room, and no more than one turn takes."""
        most = max(LINES, largest)
        if self.room is None:
            return most
        single = self.addressee.channel == "api" or self.addressee.format == Format.XARF.value
        return min(most, self.room.messages * (1 if single else largest))


def _side_by_side(groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """Cut into what is gathered at once: never what is less urgent beside what is more so."""
    for _, alike in groupby(groups, key=lambda one: (one.kind in BEFORE_ALL_ELSE, one.urgent)):
        same = list(alike)
        yield from (same[begin : begin + TOGETHER] for begin in range(0, len(same), TOGETHER))


class Gather:
    """The turn that writes messages."""

    name = "gather"

    def __init__(self, store: Store, settings: Settings, press: Press = AS_SHIPPED) -> None:
        """Write as `settings` say; `press` has the words, and the certificates of those who read alone."""
        self._store, self._settings, self._press = store, settings, press
        self._asked_at: datetime | None = None

    async def turn(self, now: datetime) -> bool:
        """Write what is due; say whether anything was."""
        await self._ask_ahead(now)
        await tellings.supersede(self._store, now, GROUPS)
        worked = False
        for together in _side_by_side(await tellings.due(self._store, now, GROUPS)):
            done = await asyncio.gather(*(self._group(group, now) for group in together), return_exceptions=True)
            faults = [one for one in done if isinstance(one, BaseException)]
            if faults:
                raise faults[0]
            worked |= True in done
        return worked

    async def _group(self, group: Group, now: datetime) -> bool:
        async with self._store.transaction() as connection:
            sitting = await self._sit_down(connection, group, now)
            hosts = await self._gather(sitting) if sitting else None
        if hosts:
            # Not in that transaction: a look's settlement takes its locks the other way round.
            await tellings.ask_looks(self._store, hosts, now)
        return hosts is not None

    async def _ask_ahead(self, now: datetime) -> None:
        if self._asked_at is None or now - self._asked_at >= EVERY:
            self._asked_at = now
            await tellings.ask_ahead(self._store, now, now + AHEAD, MOST_AHEAD)

    async def _sit_down(self, connection: Connection, group: Group, now: datetime) -> _Sitting | None:
        to = await tellings.lock_recipient(connection, self._store, group.recipient)
        if to is None:
            return None
        addressee = self._addressee(to)
        room = self._unsealable(addressee, now)
        if room is not None:
            await self._ask_for_certificate(connection, group, now)
        else:
            room = await allowance.room(
                connection, self._store, self._settings, addressee, group.recipient, now, urgent=group.urgent
            )
        return _Sitting(connection=connection, group=group, to=to, addressee=addressee, room=room, now=now)

    def _unsealable(self, to: Addressee, now: datetime) -> Room | None:
        """Give no room for whom nothing can be sealed any more: it waits for a new certificate, never sent openly."""
        if (mailbox := mailbox_of(to)) is None or (expired := self._press.expired_for(mailbox, now)) is None:
            return None
        log.warning("certificate.expired", path=str(expired.path))
        return Room(messages=0, again_at=now + UNSEALABLE_FOR)

    async def _ask_for_certificate(self, connection: Connection, group: Group, now: datetime) -> None:
        # What waits says so, some at each turn: a human must get a new certificate.
        asked = Attention.CERTIFICATE_EXPIRED
        items = await tellings.unsaid(connection, group, now, asked, self._settings.notices.largest)
        before = await cases.lock(connection, items) if items else {}
        steps = [attend(case, asked) for case in before.values()]
        if steps:
            await cases.settle(connection, self._store, self._settings, before, steps, by="notify", now=now)

    def _addressee(self, to: Recipient) -> Addressee:
        partner = next((one for one in self._settings.partner if one.code == to.partner), None)
        return Addressee(
            channel=to.channel,
            address=to.address,
            format=to.format,
            grouping=to.grouping,
            partner=partner,
            language=to.language,
        )

    async def _gather(self, at: _Sitting) -> list[HostId] | None:
        """Write what may be written; give the hosts that must be looked up first, None where nothing was due."""
        n = at.lines(self._settings.notices.largest)
        ready = await tellings.ready(at.connection, at.group, self._settings, at.now, n) if n else []
        waiting = [one for one in ready if one.due and not one.may_go]
        await tellings.park(at.connection, waiting, at.now)
        left = await self._write_all(at, [one for one in ready if one.may_go]) if ready else True
        if left and at.room is not None:
            await tellings.postpone(at.connection, at.group, at.now, at.room.again_at)
        return [one.host for one in waiting if one.wants_look_up] if ready or left else None

    async def _write_all(self, at: _Sitting, ready: Sequence[Ready]) -> bool:
        """Write messages of what is ready, as many as there is room for; say whether some found none."""
        await tellings.lock_items(at.connection, (one.item for one in ready))
        lines = await tellings.gathered(at.connection, self._store, [one.telling for one in ready])
        pieces = [
            Piece(index=n, line=one.line, site=one.site, state=one.state, xarf_able=xarf_able(one.line), step=one.step)
            for n, one in enumerate(lines)
        ]
        found = sort_out(at.group.kind, at.addressee, pieces, self._settings.notices.largest)
        sheaves = found.sheaves if at.room is None else found.sheaves[: at.room.messages]
        await self._write(at, sheaves, lines)
        await tellings.drop(at.connection, [lines[piece.index].telling for piece in (*found.moot, *found.unable)])
        await self._for_humans(at, found, sheaves, lines)
        return at.room is not None and len(sheaves) == at.room.messages

    async def _write(self, at: _Sitting, sheaves: Sequence[Sheaf], lines: Sequence[Gathered]) -> None:
        items = [[piece.line.item for piece in sheaf.pieces] for sheaf in sheaves]
        before = await tellings.earlier(at.connection, self._store, at.to.id, items) if sheaves else []
        written = [self._written(at, sheaf, one, lines) for sheaf, one in zip(sheaves, before, strict=True)]
        await outbox.write(at.connection, self._store, written, at.now)
        await allowance.take(at.connection, self._store, self._settings, at.addressee, len(written), at.now)

    def _written(self, at: _Sitting, sheaf: Sheaf, before: Before, lines: Sequence[Gathered]) -> Written:
        told = tuple(lines[piece.index] for piece in sheaf.pieces)
        token = secrets.token_urlsafe(16) if at.group.kind is not Kind.FORWARD else None
        letter = message(
            NoticeId(uuid7(at.now)),
            at.group.kind,
            sheaf,
            at.addressee,
            before,
            self._settings,
            token=token,
            now=at.now,
        )
        dry = self._settings.notices.dry_run
        return Written(
            message=letter,
            rendered=self._press.render(letter),
            recipient=at.to,
            lines=told,
            token_hash=hashlib.sha256(token.encode()).digest() if token else None,
            token_expires_at=at.now + LINK_LIVES if token else None,
            mail_from=return_path(letter),
            # A form is filled in by a human, who knows that this is a dry run.
            channel=Channel.FOLDER if dry and letter.channel is not Channel.FORM else letter.channel,
            dry_run=dry,
        )

    async def _for_humans(
        self, at: _Sitting, found: Sorted, sheaves: Sequence[Sheaf], lines: Sequence[Gathered]
    ) -> None:
        # A web form is a task for a human, and stands in attention until it is done.
        to_fill = {piece.line.item for one in sheaves if one.channel is Channel.FORM for piece in one.pieces}
        cannot = {piece.line.item: lines[piece.index] for piece in found.unable}
        concerned: list[ItemId] = sorted({*to_fill, *cannot})
        if not concerned:
            return
        before = await cases.lock(at.connection, concerned)
        steps = [attend(before[item], Attention.FORM_TO_FILL) for item in sorted(to_fill)]
        steps += [unable(before[item], self._not_sent(at, one), at.now, self._settings) for item, one in cannot.items()]
        await cases.settle(at.connection, self._store, self._settings, before, steps, by="notify", now=at.now)

    def _not_sent(self, at: _Sitting, one: Gathered) -> Sent:
        return Sent(kind=at.group.kind, recipient=at.to.id, partner=at.to.partner, stay_spell=one.spell)
