"""What is to be told, gathered per recipient: rows in, one stored message out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ntd.gathering import Before
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.sql import statement
from ntd.store.worlds import addresses_of
from schemas.hosting import Address
from schemas.ids import HostId, ItemId, RecipientId
from schemas.incoming import Ticket
from schemas.item import Attention, Basis, Classification, State
from schemas.notice import Kind, NoticeLine
from schemas.settings import Settings

_DUE = statement("notices.due_groups")
_LOCK = statement("notices.lock_recipient")
_WAITING = statement("notices.waiting_items")
_LOCK_ITEMS = statement("notices.lock_items")
_GATHER = statement("notices.gather")
_GATHERED = statement("notices.gathered")
_DROP = statement("notices.drop_tellings")
_REFERENCES = statement("notices.references")
_EARLIER = statement("notices.earlier")
_SUPERSEDE = statement("notices.supersede")
_LINES = statement("notices.lines")
_PARK = statement("notices.park")
_AFTER_POLICE = statement("notices.after_police")
_POSTPONE = statement("notices.postpone")
_ASK = statement("notices.ask_looks")
_ASK_AHEAD = statement("notices.ask_ahead")

#: What a place was found by no longer ago than this is told without another look-up.
FRESH = timedelta(minutes=10)
#: A look-up that nobody makes is waited for this long.
LOOK_PATIENCE = timedelta(minutes=1)
#: What waits for a look is looked at again after this, should nobody say that the look was made.
_POLL = timedelta(seconds=30)
#: What has been looked up and not been placed yet is so in a moment.
_PLACING = timedelta(seconds=1)
#: Message-IDs that a message refers to; RFC 5322 section 3.6.4 leaves it open how many, and headers are read by people.
_MOST_REFERENCES = 20
#: Tickets of the recipient that a message quotes, the newest ones.
_MOST_TICKETS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is told together: one recipient, one kind, the urgent apart from the routine."""

    recipient: RecipientId
    kind: Kind
    urgent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One telling whose time has come.

    `due`: by itself, it does not only go along; `old`: its host was looked up long ago; `fresh`: what was found there
    can be told.
    """

    telling: int
    item: ItemId
    host: HostId
    due: bool
    old: bool
    fresh: bool
    police_until: datetime | None  # head start of the police; None: none, or it is over

    @property
    def may_go(self) -> bool:
        """Say whether it may be told now."""
        return self.fresh and self.police_until is None

    @property
    def wants_look_up(self) -> bool:
        """Say whether its host must be looked up first; not before the head start is over."""
        return self.old and self.police_until is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a message goes to."""

    id: RecipientId
    channel: str  # mail | api | form | partner
    address: str
    partner: str | None
    format: str
    language: str | None
    grouping: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One telling with all that a message says of its item."""

    telling: int
    line: NoticeLine
    site: str
    state: State
    stay: UUID | None
    spell: int
    step: int
    priority: int
    hoster: str | None
    country: str | None
    first_written_at: datetime | None
    tries: int
    national: bool


async def due(store: Store, now: datetime, n: int) -> list[Group]:
    """Give up to `n` groups with something due, in the order in which they are to be told."""
    rows = await store.pool.fetch(_DUE, now, n)
    return [
        Group(recipient=RecipientId(row["recipient_id"]), kind=Kind(row["kind"]), urgent=row["urgent"]) for row in rows
    ]


async def supersede(store: Store, now: datetime, n: int) -> None:
    """Have messages written anew that nobody took within an hour."""
    await store.pool.execute(_SUPERSEDE, now, n)


async def lock_recipient(connection: Connection, store: Store, recipient: RecipientId) -> Recipient | None:
    """Lock a recipient for gathering; None when another daemon is at it."""
    row = await connection.fetchrow(_LOCK, recipient)
    if row is None:
        return None
    return Recipient(
        id=RecipientId(row["id"]),
        channel=row["channel"],
        address=store.open("recipient.address", row["address_hash"], row["address"]),
        partner=row["partner"],
        format=row["format"],
        language=row["language"],
        grouping=row["grouping"],
    )


async def unsaid(connection: Connection, group: Group, now: datetime, attention: Attention, n: int) -> list[ItemId]:
    """Give up to `n` items of a group that wait, and do not say so by this attention yet."""
    rows = await connection.fetch(_WAITING, group.recipient, group.kind.value, now, attention.value, n)
    return [ItemId(row["item_id"]) for row in rows]


async def ready(connection: Connection, group: Group, settings: Settings, now: datetime, n: int) -> list[Ready]:
    """Give up to `n` tellings whose time has come, urgent ones first."""
    # A move that two looks have not confirmed by then is none.
    unconfirmed = now - 2 * settings.geo.move_confirmed_after - _POLL
    rows = await connection.fetch(
        _GATHER,
        group.recipient,
        group.kind.value,
        group.urgent,
        now,
        n,
        now - FRESH,
        unconfirmed,
        settings.police.before if settings.police.mailable else None,
    )
    return [
        Ready(
            telling=row["id"],
            item=ItemId(row["item_id"]),
            host=HostId(row["host_id"]),
            due=row["due"],
            old=row["old"],
            fresh=row["fresh"],
            police_until=row["police_until"],
        )
        for row in rows
    ]


async def park(connection: Connection, waiting: Sequence[Ready], now: datetime) -> None:
    """Have tellings wait: for the police's head start, for a look-up of their hosts, or for what that found."""
    after = [(one.telling, one.police_until) for one in waiting if one.police_until is not None]
    if after:
        await connection.execute(_AFTER_POLICE, *map(list, zip(*after, strict=True)))
    to_look_up = [one.telling for one in waiting if one.wants_look_up]
    to_place = [one.telling for one in waiting if one.police_until is None and not one.old]
    for ids, pause in ((to_look_up, _POLL), (to_place, _PLACING)):
        if ids:
            await connection.execute(_PARK, ids, now + LOOK_PATIENCE, now + pause)


async def ask_looks(store: Store, hosts: Iterable[HostId], now: datetime) -> None:
    """Have hosts looked up now."""
    await store.pool.execute(_ASK, sorted(set(hosts)), now)


async def ask_ahead(store: Store, now: datetime, until: datetime, n: int) -> None:
    """Have the hosts of what is due until then looked up now, those of up to `n` tellings."""
    await store.pool.execute(_ASK_AHEAD, now, until, until - FRESH, n)


async def postpone(connection: Connection, group: Group, now: datetime, until: datetime) -> None:
    """Have what is due of a group wait: there is no room for more messages."""
    await connection.execute(_POSTPONE, group.recipient, group.kind.value, group.urgent, now, until)


async def lock_items(connection: Connection, items: Iterable[ItemId]) -> None:
    """Lock items in the order of their ids, before what is told of them."""
    await connection.execute(_LOCK_ITEMS, sorted(set(items)))


async def gathered(connection: Connection, store: Store, tellings: Sequence[int]) -> list[Gathered]:
    """Load tellings, under lock, with all that a message says of them; their items must be locked already."""
    rows = await connection.fetch(_GATHERED, list(tellings))
    references = await _references(connection, store, [row["item_id"] for row in rows])
    names = _Names(store)
    return [_gathered(store, names, row, references) for row in rows]


async def _references(connection: Connection, store: Store, items: list[UUID]) -> dict[UUID, str]:
    return {
        row["item_id"]: store.open("item_report.reference", row_id(row["item_id"], row["pair_hash"]), row["reference"])
        for row in await connection.fetch(_REFERENCES, items)
    }


class _Names:
    """Names that many rows of one batch share, each opened once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hosters: dict[bytes, str] = {}
        self._sites: dict[bytes, str] = {}
        self._addresses: dict[bytes, Address | None] = {}

    def hoster(self, row: Row) -> str | None:
        key = row["hoster_hash"]
        if key is None:
            return None
        if key not in self._hosters:
            self._hosters[key] = self._store.open("hoster.name", key, row["hoster_name"])
        return self._hosters[key]

    def site(self, row: Row) -> str:
        key = row["site_hash"]
        if key not in self._sites:
            self._sites[key] = self._store.open("site.name", key, row["site_name"])
        return self._sites[key]

    def address(self, row: Row) -> Address | None:
        sealed = row["addresses"]
        if sealed is None:
            return None
        if sealed not in self._addresses:
            self._addresses[sealed] = next(iter(addresses_of(self._store, row["host_id"], sealed)), None)
        return self._addresses[sealed]


def _gathered(store: Store, names: _Names, row: Row, references: dict[UUID, str]) -> Gathered:
    hoster = names.hoster(row)
    return Gathered(
        telling=row["id"],
        line=_line(store, row, hoster, names.address(row), references),
        site=names.site(row),
        state=State(row["state"]),
        stay=row["stay_id"],
        spell=row["spell"],
        step=row["step"],
        priority=row["priority"],
        hoster=hoster,
        country=row["country"],
        first_written_at=row["first_written_at"],
        tries=row["tries"],
        national=row["classification"] == Classification.NATIONAL.value,
    )


def _line(
    store: Store, row: Row, hoster: str | None, address: Address | None, references: dict[UUID, str]
) -> NoticeLine:
    secret: dict[str, Any] = store.open("item.secret", row_id(row["item_id"]), row["secret"])
    return NoticeLine(
        item=ItemId(row["item_id"]),
        url=secret["url"],
        confirmed=row["confirmed"],
        classification=Classification(row["classification"]) if row["classification"] else None,
        basis=Basis(row["basis"]),
        reason=secret.get("reason"),
        site_type=row["site_type"],
        media=row["media"],
        hashes=secret.get("hashes") or {},
        series=secret.get("series"),
        reference=references.get(row["item_id"]),
        access=secret.get("access"),
        last_up_at=row["last_up_at"],
        address=address,
        confirmed_at=row["confirmed_at"],
        first_seen_at=row["began_at"] or row["received_at"],
        country=row["country"],
        asn=row["asn"],
        as_name=row["as_name"],
        hoster=hoster,
        front=row["front"],
        observed_at=row["seen_at"],
        returned=row["began_by"] == "return",
    )


async def lines_of(store: Store, items: Sequence[ItemId]) -> dict[ItemId, NoticeLine]:
    """Give items as a message would speak of them now, by their latest stay; unknown ones are absent."""
    names = _Names(store)
    async with store.transaction() as connection:
        rows = await connection.fetch(_LINES, list(items))
        references = await _references(connection, store, list(items))
    return {
        ItemId(row["item_id"]): _line(store, row, names.hoster(row), names.address(row), references) for row in rows
    }


async def drop(connection: Connection, tellings: Sequence[int]) -> None:
    """Forget tellings that cannot or need not be told."""
    if tellings:
        await connection.execute(_DROP, list(tellings))


async def earlier(
    connection: Connection, store: Store, recipient: RecipientId, sheaves: Sequence[Sequence[ItemId]]
) -> list[Before]:
    """Give what this recipient was told before about the items of each message that is to be written."""
    rows = await connection.fetch(_EARLIER, [item for items in sheaves for item in items], recipient)
    told: dict[UUID, list[Row]] = {}
    for row in rows:
        told.setdefault(row["item_id"], []).append(row)
    return [_before(store, [row for item in items for row in told.get(item, ())]) for items in sheaves]


def _before(store: Store, rows: Sequence[Row]) -> Before:
    by_id = {row["message_id"]: row for row in rows}
    # What was never answered for comes first: nobody knows that it arrived.
    known = sorted(by_id.values(), key=lambda row: (row["accepted_at"] is not None, row["accepted_at"] or 0))
    firsts = [row["accepted_at"] for row in known if row["first"] and row["accepted_at"]]
    return Before(
        message_ids=tuple(row["message_id"] for row in known[-_MOST_REFERENCES:]),
        first_at=min(firsts, default=None),
        tickets=tuple(dict.fromkeys(_ticket(store, row) for row in known if row["ticket"]))[-_MOST_TICKETS:],
    )


def _ticket(store: Store, row: Row) -> Ticket:
    return Ticket(**store.open("notice.ticket", row_id(row["id"]), row["ticket"]))
