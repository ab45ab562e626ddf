"""Rows as the walk leaves them, written straight into the tables: what the reports count.

Each method writes one thing with the columns that matter to a report and gives its id; everything else is made up.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from ntd.store.base import Store
from ntd.store.keys import ready
from ntd.vault import Vault, create_key_file, read_key_file
from schemas.ids import uuid7

#: When the names were sealed; no report looks at it.
SEALED_AT = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(slots=True)
class ReportRows:
    """Writes rows; remembers sites, hosts, hosters and places by what they are called."""

    store: Store
    _hosters: dict[tuple[str, int | None], int] = field(default_factory=dict)
    _sites: dict[str, int] = field(default_factory=dict)
    _hosts: dict[str, int] = field(default_factory=dict)
    _places: dict[tuple[int, str | None, str | None], int] = field(default_factory=dict)
    _recipients: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def _hash(self, kind: str, name: object) -> bytes:
        return self.store.vault.hash(kind, str(name))

    def id_(self, at: datetime) -> UUID:
        """Make a UUIDv7 that sorts after those made before it for the same moment."""
        self._count += 1
        return uuid7(at, self._count.to_bytes(10, "big"))

    async def _add(self, table: str, columns: Mapping[str, Any], returning: str = "id") -> Any:
        names = ", ".join(columns)
        values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        sql = f"INSERT INTO {table} ({names}) VALUES ({values}) RETURNING {returning}"  # noqa: S608 -- our own names
        return await self.store.pool.fetchval(sql, *columns.values())

    async def hoster(self, name: str, asn: int | None = None) -> int:
        """Give the hoster of this name and AS."""
        if (name, asn) not in self._hosters:
            key = self._hash("hoster", (name, asn))
            sealed = self.store.seal("hoster.name", key, name, SEALED_AT)
            row = {"key_hash": key, "name": sealed, "asn": asn, "created_at": SEALED_AT}
            self._hosters[name, asn] = await self._add("hoster", row)
        return self._hosters[name, asn]

    async def place(
        self, hoster: str, asn: int | None = None, country: str | None = None, front: str | None = None
    ) -> int:
        """Give the place of this hoster in this country."""
        hoster_id = await self.hoster(hoster, asn)
        key = (hoster_id, country, front)
        if key not in self._places:
            row = {"key_hash": self._hash("place", key), "hoster_id": hoster_id, "asn": asn, "created_at": SEALED_AT}
            self._places[key] = await self._add("place", row | {"country": country, "front": front})
        return self._places[key]

    async def site(self, name: str, *, watched_since: datetime | None = None, label: str | None = None) -> int:
        """Give the site of this name."""
        if name not in self._sites:
            key = self._hash("site", name)
            sealed = self.store.seal("site.name", key, name, SEALED_AT)
            row = {"name_hash": key, "name": sealed, "created_at": SEALED_AT}
            self._sites[name] = await self._add("site", row | {"watched_since": watched_since, "label": label})
        return self._sites[name]

    async def host(self, name: str, site: str) -> int:
        """Give the host of this name."""
        if name not in self._hosts:
            key = self._hash("host", name)
            sealed = self.store.seal("host.name", key, name, SEALED_AT)
            row = {"site_id": await self.site(site), "name_hash": key, "name": sealed, "created_at": SEALED_AT}
            self._hosts[name] = await self._add("host", row)
        return self._hosts[name]

    async def item(self, at: datetime, *, site: str = "img.test", host: str | None = None, **columns: Any) -> UUID:
        """Write an item received then."""
        id_ = self.id_(at)
        row = {"id": id_, "url_hash": self._hash("url", id_), "secret": b"", "received_at": at, "resolved_at": at}
        row |= {"host_id": await self.host(host or site, site), "site_id": await self.site(site)}
        row |= {"state": "noticed", "priority": 5, "confirmed": True, "basis": "csam"}
        await self._add("item", row | columns)
        return id_

    async def stay(self, item: UUID, began_at: datetime, place: int | None = None, **columns: Any) -> UUID:
        """Write a stay at a place (none: not located); an end is known at once unless said otherwise."""
        id_ = self.id_(began_at)
        row = {"id": id_, "item_id": item, "began_at": began_at, "place_id": place}
        if columns.get("gone_at"):
            row |= {"gone_known_at": columns["gone_at"], "gone_by": "content"}
        if columns.get("ended_at"):
            row |= {"ended_known_at": columns["ended_at"]}
        await self._add("stay", row | await self._where(place) | columns)
        return id_

    async def _where(self, place: int | None) -> dict[str, Any]:
        row = await self.store.pool.fetchrow("SELECT hoster_id, country FROM place WHERE id = $1", place)
        return dict(row or {})

    async def held(self, item: UUID, begin: datetime, end: datetime | None) -> None:
        """Write a spell in which the item was held."""
        await self._add("held_spell", {"item_id": item, "from_at": begin, "until_at": end, "by": "x"}, "from_at")

    async def recipient(self, name: str) -> int:
        """Give a recipient."""
        if name not in self._recipients:
            key = self._hash("recipient", name)
            row = {"address_hash": key, "channel": "mail", "address": b"", "created_at": SEALED_AT}
            self._recipients[name] = await self._add("recipient", row)
        return self._recipients[name]

    async def notice(self, kind: str, at: datetime, items: Sequence[tuple[UUID, UUID | None]], **columns: Any) -> UUID:
        """Write a message about (item, stay) pairs that was accepted then, unless `state` says otherwise."""
        id_ = self.id_(at)
        line = {"notice_id": id_, "spell": columns.pop("spell", 1), "outcome": columns.pop("outcome", None)}
        row = {"id": id_, "kind": kind, "created_at": at, "written_at": at, "accepted_at": at, "state": "accepted"}
        row |= {"recipient_id": await self.recipient(columns.get("partner", "abuse")), "item_count": len(items)}
        row |= {"message_id": f"<{id_}@hotline.example>", "channel": "mail", "format": "digest", "language": "en"}
        await self._add("notice", row | {"priority": 5} | columns)
        for item, stay in items:
            await self._add("notice_item", line | {"item_id": item, "stay_id": stay}, "notice_id")
        return id_

    async def answer(self, notice: UUID, item: UUID, at: datetime, action: str, partner: str = "md") -> None:
        """Write what a partner said about an item."""
        key = self._hash("answer", (notice, item, action, at))
        row = {"notice_id": notice, "item_id": item, "at": at, "action": action, "answer_hash": key}
        await self._add("answer", row | {"by": f"partner:{partner}"})

    async def episode(self, host: str, site: str, place: int, begin: datetime, end: datetime | None = None) -> None:
        """Write that a host stood at a place."""
        row = {"host_id": await self.host(host, site), "place_id": place, "addresses": b""} | await self._where(place)
        times = {"from_at": begin, "joined_at": begin, "seen_at": end or begin, "until_at": end}
        await self._add("episode", row | times)

    async def move(self, site: str, at: datetime, origin: int, target: int, **columns: Any) -> None:
        """Write a confirmed move of a site; `host_id` makes it one of a host only."""
        row = {"site_id": await self.site(site), "seen_new_from": at, "from_place_id": origin, "to_place_id": target}
        row |= {"kind": "country", "seen_old_until": at - timedelta(hours=1), "known_at": at}
        await self._add("relocation", row | columns)

    async def event(
        self, item: UUID, at: datetime, event: str, after: str | None = None, attention: list[str] | None = None
    ) -> None:
        """Write a line of the history; None: it did not touch the state, or the attention."""
        row = {"at": at, "item_id": item, "event": event, "by": "walk"}
        await self._add("event", row | {"to_state": after, "attention": attention})


@asynccontextmanager
async def report_rows(database: str, folder: Path) -> AsyncIterator[ReportRows]:
    """Open a store with a key of its own on this database."""
    create_key_file(folder / "ntd.key")
    vault = Vault(read_key_file(folder / "ntd.key"))
    async with asyncpg.create_pool(database, min_size=1, max_size=2) as pool:
        async with pool.acquire() as connection:
            await ready(connection, vault, ("site", "host", "hoster"), SEALED_AT)
        yield ReportRows(Store(pool, vault))
