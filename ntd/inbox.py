"""One incoming message: read, judged, and what follows from it carried out, all in one transaction, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifiers.incoming.reading import read
from notifiers.mime import address_of
from ntd.answering import Mail, reported, writes
from ntd.bouncing import bounced
from ntd.case import Step
from ntd.incoming import Judged, judge
from ntd.store import cases, incoming, keys
from ntd.store.base import Connection, Store
from ntd.store.incoming import BOUNCES, Held
from ntd.vault import UnknownKey
from schemas.incoming import Came, Incoming, Ours
from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a message. `again`: it was taken before, and nothing was done."""

    judged: Judged
    again: bool = False


def ours(settings: Settings) -> Ours:
    """Say how our own mail is recognised."""
    senders = (settings.notices.from_, settings.organisation.contact_email)
    return Ours(
        domain=settings.organisation.domain,
        bounce_address=settings.notices.bounce_address,
        mailboxes=frozenset(address_of(one).lower() for one in senders),
    )


async def take(store: Store, settings: Settings, raw: bytes, *, by: str, now: datetime) -> Taken:
    """Take one message (RFC 5322) in, whatever its bytes."""
    came = read(raw, ours(settings))
    try:
        return await _take(store, settings, came, by=by, now=now)
    except UnknownKey:
        # Another daemon has made a data key since we last read them.
        async with store.pool.acquire() as connection:
            await keys.load(connection, store.vault)
        return await _take(store, settings, came, by=by, now=now)


async def _take(store: Store, settings: Settings, came: Incoming, *, by: str, now: datetime) -> Taken:
    async with store.transaction() as connection:
        judged = judge(came, await incoming.facts(connection, store, settings, came))
        if judged.kind is Came.UNRELATED:
            return Taken(judged=judged)
        number = await incoming.take(connection, store, came, judged, now)
        if number is None:
            return Taken(judged=judged, again=True)
        if judged.notice is not None:
            desk = _Desk(connection=connection, store=store, settings=settings, by=by, now=now)
            await _follow(desk, came, judged, number)
    return Taken(judged=judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What following up on a message works with."""

    connection: Connection
    store: Store
    settings: Settings
    by: str
    now: datetime

    async def settle(self, held: Held, steps: Sequence[Step]) -> None:
        """Carry out steps."""
        await cases.settle(self.connection, self.store, self.settings, held.cases, steps, by=self.by, now=self.now)


async def _follow(desk: _Desk, came: Incoming, judged: Judged, number: int) -> None:
    assert judged.notice is not None  # noqa: S101 -- asked by the caller
    held = await incoming.hold(desk.connection, judged.notice.id)
    arrived = judged.acts and came.proves_delivery and not held.row["dry_run"]
    if arrived:
        await incoming.delivered(desk.connection, judged.notice.id, desk.now)
    if judged.ticket is not None:
        await incoming.keep_ticket(desk.connection, desk.store, judged.notice.id, judged.ticket, desk.now)
    match judged.kind:
        case Came.BOUNCE:
            await _bounce(desk, judged, held)
        case Came.ANSWER | Came.AUTO_REPLY:
            await _written(desk, came, judged, held, number)
        case _ if judged.acts:
            steps = [reported(held.cases[item], judged.kind, judged.notice.id, desk.now) for item in judged.items]
            await desk.settle(held, steps)
        case _:
            return
    if arrived:
        await incoming.worth(desk.connection, held.row["recipient_id"], "good", desk.now)


async def _bounce(desk: _Desk, judged: Judged, held: Held) -> None:
    # A dry run told nobody; what failed, was written anew or bounced already is no acceptance to take back.
    if not judged.acts or held.row["state"] not in BOUNCES or held.row["dry_run"]:
        return
    standing = await incoming.standing(desk.connection, held)
    decided = [
        bounced(case, incoming.bounced_of(held, item, judged), standing[item], desk.now, desk.settings)
        for item, case in held.cases.items()
    ]
    lost = [one for _, some in decided for one in some]
    await incoming.bounce(desk.connection, held, lost, desk.now)
    await desk.settle(held, [step for step, _ in decided])
    await incoming.worth(desk.connection, held.row["recipient_id"], "bounced", desk.now)


async def _written(desk: _Desk, came: Incoming, judged: Judged, held: Held, number: int) -> None:
    assert judged.notice is not None  # noqa: S101 -- asked by the caller
    mail = Mail(
        kind=judged.kind,
        notice=judged.notice.id,
        partner=judged.notice.partner,
        suggestion=judged.suggestion,
        sign_of_life=judged.acts and (judged.kind is Came.ANSWER or judged.ticket is not None),
        had_attachment=came.had_attachment,
    )
    looked = set()
    if mail.answer:
        looked = await incoming.answered(desk.connection, desk.store, judged, number, mail.action, desk.now)
    steps = [writes(held.cases[item], mail, desk.settings, desk.now, look=item in looked) for item in judged.items]
    await desk.settle(held, steps)
