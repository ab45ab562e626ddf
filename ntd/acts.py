"""What people and partners can do to items: the use-cases behind the command line, the API and the pages.

Every act is one transaction over all the items named: if the state of one does not allow it, IllegalTransition names
that one and nothing at all has changed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ntd import acting, answering, holding
from ntd.answering import CHECKS_PER_HOUR, partner_says, recipient_says
from ntd.case import Case, Record, Step
from ntd.holding import Act
from ntd.store import cases, checks, origins
from ntd.store.base import Connection, Store, row_id
from ntd.store.settling import sent_of
from ntd.store.sql import statement
from ntd.store.worlds import worlds
from ntd.telling import accepted, form_filled
from ntd.world import World
from schemas.errors import NotFound, Permanent, Refused
from schemas.exchange import LinkAnswer, PartnerAnswer
from schemas.ids import ItemId, NoticeId, RecipientId
from schemas.settings import Settings
from schemas.url import Url, parse_url

_BY_HASH = statement("acts.by_hash")
_LEGAL_HOLD = statement("acts.legal_hold")
_LINK = statement("acts.link")
_LINK_ITEMS = statement("acts.link_items")
_ADD_ANSWERS = statement("acts.add_answers")
_LATELY = statement("acts.answered_lately")
_FORWARDED = statement("acts.forwarded_to")
_SERVE = statement("acts.serve")
_NOTICES_ITEMS = statement("acts.notices_items")
_SERVE_ATTEMPT = statement("acts.serve_attempt")
_FORM = statement("acts.form")
_FILLED = statement("acts.filled")
_TOLD = statement("notices.told")
_ACCEPT = statement("notices.accept")
_ACCEPTED_ITEMS = statement("notices.accepted_items")
_FORMS_THAT_WAIT = "`ntd list --attention form_to_fill` shows who waits for one, `ntd show ID` its notices"
LONGEST_NOTE = 2000


async def item_id(store: Store, ref: str) -> ItemId:
    """Find an item by its id or its URL; NotFound when there is none."""
    try:
        return ItemId(UUID(ref))
    except ValueError:
        pass
    try:
        url = parse_url(ref)
    except Refused:
        raise NotFound("there is no such item: give an id as `ntd list` shows it, or a whole URL") from None
    found = await store.pool.fetchval(_BY_HASH, store.vault.hash("url", url.text))
    if found is None:
        raise NotFound("there is no item with this URL; `ntd list --host HOST` shows those of a host")
    return ItemId(found)


async def _act(
    store: Store, settings: Settings, ids: Sequence[ItemId], act: Act, decide: Callable[[Case, World], Step]
) -> None:
    async with store.transaction() as connection:
        before = await _lock(connection, ids)
        hosts = {case.item.host for case in before.values()}
        known = await worlds(connection, store, settings, hosts, act.now)
        steps = [decide(case, known[case.item.host]) for case in before.values()]
        await cases.settle(connection, store, settings, before, steps, by=act.by, now=act.now)


async def _lock(connection: Connection, ids: Sequence[ItemId]) -> dict[ItemId, Case]:
    before = await cases.lock(connection, sorted(set(ids)))
    missing = [str(one) for one in ids if one not in before]
    if missing:
        raise NotFound(f"there is no item {missing[0]}; nothing was changed; `ntd list` shows those there are")
    return before


async def hold(
    store: Store,
    settings: Settings,
    ids: Sequence[ItemId],
    *,
    until: datetime | None,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Stop everything about items until a date or a release."""
    act = Act(by=by, reason=reason, now=now)
    await _act(store, settings, ids, act, lambda case, _: holding.hold(case, act, until))


async def release(
    store: Store, settings: Settings, ids: Sequence[ItemId], *, reason: str, by: str, now: datetime
) -> None:
    """Let held items go on."""
    act = Act(by=by, reason=reason, now=now)
    await _act(store, settings, ids, act, lambda case, world: acting.release(case, act, world))


async def reopen(
    store: Store, settings: Settings, ids: Sequence[ItemId], *, reason: str, by: str, now: datetime
) -> None:
    """Begin anew with ended or gone items."""
    act = Act(by=by, reason=reason, now=now)
    await _act(store, settings, ids, act, lambda case, world: acting.reopen(case, act, world))


async def withdraw(
    store: Store,
    settings: Settings,
    ids: Sequence[ItemId],
    *,
    because: str,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Take items back; `because`: error | police | duplicate, and only an error of ours tells the recipients."""
    act = Act(by=by, reason=reason, now=now)
    async with store.transaction() as connection:
        before = await _lock(connection, ids)
        told: dict[ItemId, list[RecipientId]] = {}
        for row in await connection.fetch(_TOLD, sorted(before)):
            told.setdefault(ItemId(row["item_id"]), []).append(RecipientId(row["recipient_id"]))
        steps = [acting.withdraw(case, act, because, tuple(told.get(case.item.id, ()))) for case in before.values()]
        await cases.settle(connection, store, settings, before, steps, by=by, now=now)


async def gone(store: Store, settings: Settings, ids: Sequence[ItemId], *, reason: str, by: str, now: datetime) -> None:
    """Record an analyst's verdict that the content is gone; it is watched from now on."""
    act = Act(by=by, reason=reason, now=now)
    async with store.transaction() as connection:
        before = await _lock(connection, ids)
        seen = await checks.last_bodies(connection, store, sorted(before))
        steps = [acting.gone(case, act, settings, seen.get(item)) for item, case in before.items()]
        await cases.settle(connection, store, settings, before, steps, by=by, now=now)


async def up(store: Store, settings: Settings, ids: Sequence[ItemId], *, reason: str, by: str, now: datetime) -> None:
    """Record an analyst's verdict that the content is up."""
    act = Act(by=by, reason=reason, now=now)
    await _act(store, settings, ids, act, lambda case, world: acting.up(case, act, world))


async def resume(
    store: Store, settings: Settings, ids: Sequence[ItemId], *, reason: str, by: str, now: datetime
) -> None:
    """Tell for real what was only told in a dry run."""
    act = Act(by=by, reason=reason, now=now)
    await _act(store, settings, ids, act, lambda case, world: acting.resume(case, act, world))


async def seen(store: Store, settings: Settings, ids: Sequence[ItemId], *, reason: str, by: str, now: datetime) -> None:
    """Record that an analyst has seen to what came back: answers, bounces, attachments."""
    act = Act(by=by, reason=reason, now=now)
    await _act(store, settings, ids, act, lambda case, _: answering.seen(case, act))


async def legal_hold(
    store: Store,
    settings: Settings,  # noqa: ARG001 -- called as every act on items is
    ids: Sequence[ItemId],
    *,
    until: datetime,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Keep items beyond retention until a moment, whatever their state; Refused where it has passed."""
    if until <= now:
        raise Refused(f"{until.date()} has passed; what is kept longer is kept until a day to come")
    async with store.transaction() as connection:
        before = await _lock(connection, ids)
        await connection.execute(_LEGAL_HOLD, sorted(before), until)
        detail: dict[str, object] = {"until": until.isoformat(), "reason": reason}
        lines = [Record(item=item, event="legal_hold", at=now, detail=detail) for item in sorted(before)]
        await cases.record(connection, store, lines, by=by, now=now)


async def origin(
    store: Store, settings: Settings, named: Url, address: str, *, by: str, source: str | None, now: datetime
) -> None:
    """Take it that the machine of a site or host stands at an address; answers that said no more than that are read."""
    await origins.learn(store, settings, named, address, by=by, source=source, now=now)
    items = await origins.heeded(store, settings, named, address)
    act = Act(by=by, reason="the origin that it names is known", now=now)
    await _act(store, settings, items, act, lambda case, _: answering.heeded(case, act))


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The notice behind an answer link, as its page shows it: item ids, never URLs."""

    notice: NoticeId
    kind: str
    language: str
    asked_at: datetime
    deadline: str | None
    items: tuple[tuple[ItemId, str], ...]  # id and state


async def link(store: Store, token: str, now: datetime) -> Link:
    """Find the notice of an answer link; NotFound for unknown and expired ones alike."""
    async with store.pool.acquire() as connection:
        row = await connection.fetchrow(_LINK, hashlib.sha256(token.encode()).digest(), now)
        if row is None:
            raise NotFound("this link is unknown or has expired")
        items = await connection.fetch(_LINK_ITEMS, row["id"])
    detail = store.open("notice.detail", row_id(row["id"]), row["detail"])
    return Link(
        notice=NoticeId(row["id"]),
        kind=row["kind"],
        language=row["language"],
        asked_at=row["created_at"],
        deadline=detail.get("deadline"),
        items=tuple((ItemId(one["item_id"]), one["state"]) for one in items),
    )


async def link_answered(
    store: Store,
    settings: Settings,
    token: str,
    items: Sequence[ItemId],
    answer: LinkAnswer,
    note: str,
    now: datetime,
) -> int:
    """Record what a recipient says of items of its notice and have them checked; give how many were new answers."""
    known = await link(store, token, now)
    mine = {item for item, _ in known.items}
    meant = [item for item in dict.fromkeys(items) if item in mine]
    if not meant:
        raise Refused("the answer names no item of this notice")
    note = note[:LONGEST_NOTE]
    async with store.transaction() as connection:
        before = await cases.lock(connection, sorted(meant))
        lately = {row["item_id"]: row["n"] for row in await connection.fetch(_LATELY, meant, now)}
        rows = [(known.notice, item, answer.value, None, note) for item in meant]
        new = await _add_answers(connection, store, rows, "link", now)
        steps = [
            recipient_says(before[item], answer, note, now, look=lately.get(item, 0) < CHECKS_PER_HOUR)
            for item in sorted(new)
        ]
        await cases.settle(connection, store, settings, before, steps, by="link", now=now)
    return len(new)


async def _add_answers(
    connection: Connection,
    store: Store,
    rows: Sequence[tuple[NoticeId, ItemId, str, str | None, str]],
    by: str,
    now: datetime,
) -> set[ItemId]:
    columns = [
        (
            notice,
            item,
            action,
            reason,
            store.vault.hash("answer", "\0".join((by, action, reason or "", note))),
            store.seal("answer.note", row_id(notice), note, now) if note else None,
        )
        for notice, item, action, reason, note in rows
    ]
    found = await connection.fetch(_ADD_ANSWERS, now, by, *map(list, zip(*columns, strict=True)))
    return {ItemId(row["item_id"]) for row in found}


async def partner_answered(
    store: Store, settings: Settings, answer: PartnerAnswer, partner: str, now: datetime
) -> bool:
    """Record a partner's answer and do what follows; False when it was known; NotFound: not forwarded to it."""
    async with store.transaction() as connection:
        before = await cases.lock(connection, [answer.item])
        row = await connection.fetchrow(_FORWARDED, [answer.item], partner)
        if row is None or answer.item not in before:
            raise NotFound(f"item {answer.item} was not forwarded to you")
        rows = [(NoticeId(row["notice_id"]), answer.item, answer.action.value, answer.reason, answer.note)]
        if not await _add_answers(connection, store, rows, f"partner:{partner}", now):
            return False
        step = partner_says(before[answer.item], partner, answer, settings, now)
        await cases.settle(connection, store, settings, before, [step], by=f"partner:{partner}", now=now)
    return True


async def forward_served(
    store: Store, settings: Settings, ids: Sequence[NoticeId], partner: str, now: datetime
) -> None:
    """Note that a partner has fetched its forwards: served is accepted."""
    async with store.transaction() as connection:
        items = await connection.fetch(_NOTICES_ITEMS, list(ids))
        before = await cases.lock(connection, sorted({ItemId(row["item_id"]) for row in items}))
        for notice in await connection.fetch(_SERVE, list(ids), partner):
            await connection.execute(_ACCEPT, notice["id"], now, "recipient")
            await connection.execute(_ACCEPTED_ITEMS, [notice["id"]])
            await connection.execute(_SERVE_ATTEMPT, [notice["id"]], now)
            mine = [row for row in items if row["notice_id"] == notice["id"]]
            steps = [
                accepted(before[ItemId(row["item_id"])], sent_of(notice, row, now), now, settings, "recipient")
                for row in mine
            ]
            await cases.settle(connection, store, settings, before, steps, by=f"partner:{partner}", now=now)
            before |= {step.case.item.id: step.case for step in steps}


async def form_done(
    store: Store, settings: Settings, notice: NoticeId, *, reference: str, by: str, now: datetime
) -> None:
    """Record that a web form was filled in; Permanent when the notice is none that waits."""
    async with store.transaction() as connection:
        items = await connection.fetch(_NOTICES_ITEMS, [notice])
        before = await cases.lock(connection, sorted({ItemId(row["item_id"]) for row in items}))
        row = await connection.fetchrow(_FORM, notice)
        if row is None:
            raise NotFound(f"there is no notice {notice}; {_FORMS_THAT_WAIT}")
        if row["channel"] != "form" or row["state"] != "waiting":
            raise Permanent(
                f"notice {notice} is no web form that waits: it goes by {row['channel']} and is {row['state']}; "
                "nothing was changed"
            )
        await connection.execute(_ACCEPT, notice, now, "form")
        reply = store.seal("attempt.reply", row_id(notice), reference, now)
        await connection.execute(_FILLED, notice, now, reply)
        steps = [
            form_filled(before[ItemId(item["item_id"])], sent_of(row, item, now), reference, now, settings)
            for item in items
        ]
        await cases.settle(connection, store, settings, before, steps, by=by, now=now)


async def form_text(store: Store, notice: NoticeId) -> str:
    """Give the text that waits to be pasted into a hoster's web form."""
    async with store.transaction() as connection:
        row = await connection.fetchrow(_FORM, notice)
    if row is None or row["channel"] != "form":
        raise NotFound(f"there is no web form with the id {notice}; {_FORMS_THAT_WAIT}")
    return store.open_bytes("notice.message", row_id(notice), row["message"]).decode()
