"""Submissions become items: a batch is one transaction, staged by COPY and sorted into items and duplicates there."""

from asyncio import sleep
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson
from asyncpg.pgproto.pgproto import UUID

from ntd.case import Record
from ntd.duplicates import Standing, again, changes, folded
from ntd.store import cases
from ntd.store.base import Connection, Row, Store
from ntd.store.sql import statement
from schemas.errors import Temporary
from schemas.ids import ItemId, StayId, uuid7_bytes
from schemas.item import LineAnswer, Outcome, State, Submission
from schemas.settings import Settings
from schemas.url import Url

_STAGE: Final = statement("intake.stage")
_KNOWN_HOSTS: Final = statement("intake.known_hosts")
_ADD_SITES: Final = statement("intake.add_sites")
_ADD_HOSTS: Final = statement("intake.add_hosts")
_TAKE: Final = statement("intake.take")
_STANDING: Final = statement("intake.standing")
_ADD_REPORTS: Final = statement("intake.add_reports")
_CONFIRM: Final = statement("intake.confirm")
_HASTEN: Final = statement("intake.hasten")
_FLAG: Final = statement("intake.flag")

_COLUMNS: Final = (
    "id",
    "stay_id",
    "url_hash",
    "host_hash",
    "secret",
    "held",
    "hold_until",
    "priority",
    "source",
    "confirmed",
    "classification",
    "confirmed_at",
    "basis",
    "site_type",
    "media",
    "copied_from",
    "kind",
    "new_victim",
    "pair_hash",
    "report",
    "reference",
)
# Two submitters with the same new URLs or hosts at the same moment: one of them begins again.
_TRIES: Final = 5
_MET: Final = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# Sealing goes in slices, so that the loop can feed the database meanwhile.
_SLICE: Final = 40

_Pair = tuple[bytes | None, bytes | None, bytes | None]  # hash, report, reference


@dataclass(frozen=True, slots=True)
class _Batch:
    """What every step of one batch needs."""

    store: Store
    settings: Settings
    now: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Url:
    """All lines of a batch that name one URL."""

    id: ItemId
    stay: StayId
    url_hash: bytes
    host_hash: bytes
    lines: tuple[int, ...]
    submissions: tuple[Submission, ...]
    given: Submission  # all of them folded into one


async def take(
    store: Store, settings: Settings, submissions: Sequence[tuple[int, Submission]], *, now: datetime, by: str
) -> list[LineAnswer]:
    """Take a batch of (line number, submission) and answer in its order; what is answered is committed.

    Temporary, and nothing taken, when others kept bringing the same URLs at the same time.
    """
    if not submissions:
        return []
    batch = _Batch(store, settings, now, by)
    urls = _by_url(batch, submissions)
    rows = await _rows(batch, list(urls.values()))
    for _ in range(_TRIES):
        try:
            standing = await _write(batch, urls, rows)
            return _answers(urls.values(), standing)
        except _MET:
            continue
    raise Temporary("others are submitting the same URLs at this moment: submit these lines again")


def _by_url(batch: _Batch, submissions: Sequence[tuple[int, Submission]]) -> dict[bytes, _Url]:
    grouped: dict[str, list[tuple[int, Submission]]] = {}
    for line, submission in submissions:
        grouped.setdefault(submission.url.text, []).append((line, submission))
    hashed = batch.store.vault.hash
    hosts = {host: hashed("host", host) for host in {submission.url.host for _, submission in submissions}}
    # The driver's own kind of UUID: made and sent at a tenth of the cost.
    ids = map(UUID, uuid7_bytes(batch.now, 2 * len(grouped)))
    urls = (
        _one_url(ItemId(next(ids)), StayId(next(ids)), hashed("url", text), hosts, group)
        for text, group in grouped.items()
    )
    return {url.url_hash: url for url in urls}


def _one_url(
    item: ItemId, stay: StayId, url_hash: bytes, hosts: Mapping[str, bytes], group: Sequence[tuple[int, Submission]]
) -> _Url:
    lines, submissions = zip(*group, strict=True) if len(group) > 1 else ((group[0][0],), (group[0][1],))
    return _Url(
        id=item,
        stay=stay,
        url_hash=url_hash,
        host_hash=hosts[submissions[0].url.host],
        lines=lines,
        submissions=submissions,
        given=submissions[0] if len(submissions) == 1 else folded(submissions),
    )


async def _rows(batch: _Batch, urls: Sequence[_Url]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for at in range(0, len(urls), _SLICE):
        rows += _sealed_rows(batch, urls[at : at + _SLICE])
        await sleep(0)
    return rows


def _sealed_rows(batch: _Batch, urls: Sequence[_Url]) -> list[tuple[Any, ...]]:
    secrets = [(url.id.bytes, _secret(url.given)) for url in urls]
    sealed = batch.store.vault.seal_many("item", "item.secret", secrets, batch.now)
    pairs = _pairs(batch, [(url.id, url.submissions[0]) for url in urls])
    return [_row(url, secret, pair) for url, secret, pair in zip(urls, sealed, pairs, strict=True)]


def _row(url: _Url, secret: bytes, pair: _Pair) -> tuple[Any, ...]:
    given = url.given
    return (
        url.id,
        url.stay,
        url.url_hash,
        url.host_hash,
        secret,
        given.hold,
        given.hold_until,
        given.priority,
        given.source,
        given.confirmed,
        given.classification,
        given.confirmed_at if given.confirmed else None,
        given.basis,
        given.site_type,
        given.media,
        given.copied_from,
        given.url.kind,
        given.new_victim,
        *pair,
    )


def _secret(given: Submission) -> bytes:
    return orjson.dumps(
        {
            "url": given.url.text,
            "reason": given.reason,
            "series": given.series,
            "hashes": given.hashes,
            "found_on": given.found_on,
            "referrer": given.referrer,
            "access": given.access,
            "confirmed_by": given.confirmed_by,
        }
    )


def _pairs(batch: _Batch, named: Sequence[tuple[ItemId, Submission]]) -> list[_Pair]:
    """Give hash, report and reference as they are stored; nothing where neither was given."""
    hashes = [_pair_hash(batch, given) for _, given in named]
    bound = [item.bytes + (pair or b"") for (item, _), pair in zip(named, hashes, strict=True)]
    reports = _sealed(batch, "item_report.report", bound, [given.report for _, given in named])
    references = _sealed(batch, "item_report.reference", bound, [given.reference for _, given in named])
    return list(zip(hashes, reports, references, strict=True))


def _pair_hash(batch: _Batch, given: Submission) -> bytes | None:
    if given.report is None and given.reference is None:
        return None
    return batch.store.vault.hash("report", f"{given.report or ''}\0{given.reference or ''}")


def _sealed(batch: _Batch, column: str, bound: Sequence[bytes], texts: Sequence[str | None]) -> list[bytes | None]:
    given = [(row, orjson.dumps(text)) for row, text in zip(bound, texts, strict=True) if text is not None]
    sealed = iter(batch.store.vault.seal_many("item_report", column, given, batch.now))
    return [None if text is None else next(sealed) for text in texts]


async def _write(batch: _Batch, urls: Mapping[bytes, _Url], rows: Sequence[tuple[Any, ...]]) -> dict[bytes, ItemId]:
    """Write a batch in one transaction; give the items that stood already."""
    async with batch.store.transaction() as connection:
        await connection.execute(_STAGE)
        await connection.copy_records_to_table("ntd_intake", records=rows, columns=_COLUMNS)
        await _add_unknown_hosts(batch, connection, urls.values())
        taken = await connection.fetch(_TAKE, batch.now, batch.by, batch.settings.geo.refresh)
        known = [urls[row["url_hash"]] for row in taken]
        standing = await _again(batch, connection, known) if known else {}
        await _name_again(batch, connection, urls.values(), standing)
    return standing


async def _add_unknown_hosts(batch: _Batch, connection: Connection, urls: Iterable[_Url]) -> None:
    hosts = {url.host_hash: url.given.url for url in urls}
    known = {row["name_hash"] for row in await connection.fetch(_KNOWN_HOSTS, list(hosts))}
    unknown = {one: hosts[one] for one in sorted(hosts.keys() - known)}
    if unknown:
        await _add_hosts(batch, connection, unknown)


async def _add_hosts(batch: _Batch, connection: Connection, hosts: Mapping[bytes, Url]) -> None:
    store, now = batch.store, batch.now
    sites = {url.site: store.vault.hash("site", url.site) for url in hosts.values()}
    names = [(one, store.seal("site.name", one, site, now)) for site, one in sites.items()]
    await connection.execute(_ADD_SITES, now, *map(list, zip(*names, strict=True)))
    rows = [(sites[url.site], one, store.seal("host.name", one, url.host, now)) for one, url in hosts.items()]
    await connection.execute(_ADD_HOSTS, now, *map(list, zip(*rows, strict=True)))


async def _again(batch: _Batch, connection: Connection, known: Sequence[_Url]) -> dict[bytes, ItemId]:
    """Let duplicates win what they may; give the items that stand."""
    rows = {row["url_hash"]: row for row in await connection.fetch(_STANDING, [url.url_hash for url in known])}
    given = {ItemId(rows[url.url_hash]["id"]): url.given for url in known if _may_change(rows[url.url_hash], url)}
    if given:
        await _change(batch, connection, given)
    return {url_hash: ItemId(row["id"]) for url_hash, row in rows.items()}


def _may_change(row: Row, url: _Url) -> bool:
    standing = Standing(
        state=State(row["state"]),
        priority=row["priority"],
        confirmed=row["confirmed"],
        new_victim=row["new_victim"],
        resubmitted=row["resubmitted"],
    )
    return changes(standing, url.given)


async def _change(batch: _Batch, connection: Connection, given: Mapping[ItemId, Submission]) -> None:
    before = await cases.lock(connection, sorted(given))
    home = batch.settings.organisation.country
    steps = [again(case, given[item], batch.by, batch.now, home=home) for item, case in before.items()]
    await cases.settle(connection, batch.store, batch.settings, before, steps, by=batch.by, now=batch.now)
    after = [(before[step.case.item.id].item, step.case.item) for step in steps]
    judged = [
        (new.id, new.classification, given[new.id].confirmed_at)
        for old, new in after
        if new.confirmed and not old.confirmed
    ]
    hastened = [(new.id, new.priority) for old, new in after if new.priority < old.priority]
    flagged = [(new.id,) for old, new in after if new.new_victim and not old.new_victim]
    for sql, rows in ((_CONFIRM, judged), (_HASTEN, hastened), (_FLAG, flagged)):
        if rows:
            await connection.execute(sql, *map(list, zip(*rows, strict=True)))


async def _name_again(
    batch: _Batch, connection: Connection, urls: Iterable[_Url], standing: Mapping[bytes, ItemId]
) -> None:
    """Add the reports and references of every line that made no item."""
    named = [
        (standing.get(url.url_hash, url.id), given)
        for url in urls
        for given in (url.submissions if url.url_hash in standing else url.submissions[1:])
    ]
    rows = {
        (item, pair[0]): (item, *pair, given.source)
        for (item, given), pair in zip(named, _pairs(batch, named), strict=True)
        if pair[0] is not None
    }
    if rows:
        added = await connection.fetch(_ADD_REPORTS, batch.now, *map(list, zip(*rows.values(), strict=True)))
        items = sorted({ItemId(row["item_id"]) for row in added})
        news = [Record(item=item, event="reported", at=batch.now) for item in items]
        await cases.record(connection, batch.store, news, by=batch.by, now=batch.now)


def _answers(urls: Iterable[_Url], standing: Mapping[bytes, ItemId]) -> list[LineAnswer]:
    answers = []
    for url in urls:
        item = standing.get(url.url_hash)
        for at, line in enumerate(url.lines):
            outcome = Outcome.ACCEPTED if item is None and at == 0 else Outcome.DUPLICATE
            answers.append(LineAnswer(line=line, outcome=outcome, id=item or url.id))
    return sorted(answers, key=lambda answer: answer.line)
