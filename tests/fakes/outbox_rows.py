"""Items that are due to be told, written straight into the database: what gathering and sending begin with.

One hoster with a mailbox and a few hosts for each recipient; items are dealt out to them in turn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ntd.store.base import Connection, Store, row_id
from schemas.ids import uuid7
from schemas.item import Basis

HOSTS_OF_A_RECIPIENT = 5
LANGUAGES = ("en", "nl", "de", "fr", "es", "pt", "pl", "cs", "ro", "ru", "uk", "hi")

_OF_ITEM = (
    "id url_hash secret host_id site_id state priority confirmed classification basis media received_at resolved_at "
    "confirmed_at last_up_at last_verdict"
)
_OF_STAY = (
    "id item_id hoster_id country place_id recipient_id began_at located_at last_up_at noticed_at clock_at told_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Who is told, and about what: `reminded` and `priority` say it of an item by its number."""

    recipients: int
    reminded: Callable[[int], bool] = lambda _: False
    priority: Callable[[int], int] = lambda _: 5
    format: str = "digest"

    @property
    def hosts(self) -> int:
        """Count the hosts."""
        return self.recipients * HOSTS_OF_A_RECIPIENT

    async def add_recipients(self, connection: Connection, store: Store, now: datetime) -> None:
        """Write recipients, hosters, sites and hosts into an empty database; their ids begin with 1."""
        numbers = range(1, self.recipients + 1)
        keys = {n: n.to_bytes(16, "big") for n in range(1, self.hosts + 1)}
        tables: dict[str, tuple[str, Sequence[tuple[Any, ...]]]] = {
            "recipient": (
                "address_hash channel address language format created_at",
                [(keys[n], "mail", _address(store, keys[n], n, now), _language(n), self.format, now) for n in numbers],
            ),
            "hoster": (
                "key_hash name asn created_at",
                [(keys[n], store.seal("hoster.name", keys[n], f"Hoster {n}", now), 64500, now) for n in numbers],
            ),
            "place": (
                "key_hash hoster_id asn as_name country created_at",
                [(keys[n], n, 64500, f"Network {n}", "NL", now) for n in numbers],
            ),
            "site": (
                "name_hash name created_at",
                [(keys[n], store.seal("site.name", keys[n], f"site{n}.test", now), now) for n in keys],
            ),
            "host": (
                "site_id name_hash name created_at looked_at located_at looks",
                [(n, keys[n], store.seal("host.name", keys[n], _host(n), now), now, now, now, 1) for n in keys],
            ),
            "episode": (
                "host_id hoster_id country place_id addresses contacts from_at seen_at joined_at",
                [(n, *self._stands(n), _addresses(store, n, now), [self._recipient(n)], now, now, now) for n in keys],
            ),
        }
        for table, (columns, rows) in tables.items():
            await connection.copy_records_to_table(table, records=rows, columns=columns.split())

    async def add_items(self, connection: Connection, store: Store, numbers: range, now: datetime) -> list[UUID]:
        """Write items, each with its stay and what is to be told of it now; give their ids."""
        ids, stays = {n: uuid7(now) for n in numbers}, {n: uuid7(now) for n in numbers}
        tables = {
            "item": (
                _OF_ITEM,
                [self._item(store, n, ids[n], now) for n in numbers],
            ),
            "stay": (
                _OF_STAY,
                [self._stay(n, stays[n], ids[n], now) for n in numbers],
            ),
            "telling": (
                "recipient_id item_id stay_id kind step spell priority written_at gather_at",
                [self._telling(n, stays[n], ids[n], now) for n in numbers],
            ),
        }
        for table, (columns, rows) in tables.items():
            await connection.copy_records_to_table(table, records=rows, columns=columns.split())
        return list(ids.values())

    def _recipient(self, host: int) -> int:
        return 1 + host % self.recipients

    def _stands(self, host: int) -> tuple[int, str, int]:
        return self._recipient(host), "NL", self._recipient(host)

    def _item(self, store: Store, number: int, item: UUID, now: datetime) -> tuple[Any, ...]:
        host = 1 + number % self.hosts
        secret = {"url": f"https://{_host(host)}/i/{item}/{number:08}-large.jpg", "hashes": {"sha256": "ab" * 32}}
        sealed = store.seal("item.secret", row_id(item), secret, now)
        state = "noticed" if self.reminded(number) else "routed"
        known = (state, self.priority(number), True, "baseline", Basis.CSAM.value, "image")
        return (item, item.bytes, sealed, host, host, *known, now, now, now, now, "up")

    def _stay(self, number: int, stay: UUID, item: UUID, now: datetime) -> tuple[Any, ...]:
        hoster = self._recipient(1 + number % self.hosts)
        told = now - timedelta(days=1) if self.reminded(number) else None
        return (stay, item, hoster, "NL", hoster, hoster, now, now, now, told, told, told)

    def _telling(self, number: int, stay: UUID, item: UUID, now: datetime) -> tuple[Any, ...]:
        reminded, recipient = self.reminded(number), self._recipient(1 + number % self.hosts)
        kind = "reminder" if reminded else "first"
        return (recipient, item, stay, kind, int(reminded), 1, self.priority(number), now, now)


def _host(number: int) -> str:
    return f"img.site{number}.test"


def _language(recipient: int) -> str:
    return LANGUAGES[recipient % len(LANGUAGES)]


def _address(store: Store, key: bytes, recipient: int, now: datetime) -> bytes:
    return store.seal("recipient.address", key, f"abuse@hoster{recipient}.test", now)


def _addresses(store: Store, host: int, now: datetime) -> bytes:
    return store.seal("episode.addresses", row_id(host), [f"192.0.2.{host % 256}"], now)
