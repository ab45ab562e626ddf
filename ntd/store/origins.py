"""What stands behind fronts, as people learnt it: told by hand, listed, and taken along when a host is looked up."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final

from geo.reserved import is_public
from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.sql import statement
from schemas.errors import NotFound, Refused
from schemas.hosting import Address, Located
from schemas.ids import ItemId, SiteId
from schemas.settings import Settings
from schemas.url import Url
from schemas.wire import moment_json

_COUNTING: Final = statement("origins.counting")
_PLACED: Final = statement("origins.placed")
_FIND_SITE: Final = statement("origins.find_site")
_LEARN: Final = statement("origins.learn")
_REMOVE: Final = statement("origins.remove")
_WAKE: Final = statement("origins.wake")
_ANSWERS: Final = statement("origins.answers")

#: Answers of a site that are read for addresses; who wrote more than that is asked by a person.
_ANSWERS_READ: Final = 200
# What may be an address in a sentence: digits and dots, or hexadecimal groups with at least two colons.
_ADDRESSES: Final = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:]|\.\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One address behind the front of one host."""

    site: SiteId
    address: Address


async def counting(connection: Connection, store: Store, hosts: Iterable[int]) -> dict[int, tuple[Origin, ...]]:
    """Give the origins that count for each host now; a host without one is absent."""
    found: dict[int, list[Origin]] = {}
    for row in await connection.fetch(_COUNTING, sorted(set(hosts))):
        origin = Origin(site=SiteId(row["site_id"]), address=_address(store, row))
        found.setdefault(row["host_id"], []).append(origin)
    return {host: tuple(origins) for host, origins in found.items()}


def _address(store: Store, row: Row) -> Address:
    return ip_address(store.open("origin.address", row["address_hash"], row["address"]))


async def placed(connection: Connection, store: Store, sites: Mapping[int, Iterable[tuple[Located, int]]]) -> None:
    """Write where origins were found to stand: for each site what was located, with the id of its place."""
    rows = sorted(
        (site, _hash(store, address), place)
        for site, found in sites.items()
        for located, place in found
        for address in located.addresses
    )
    if rows:
        await connection.execute(_PLACED, *map(list, zip(*dict.fromkeys(rows), strict=True)))


def _hash(store: Store, address: Address) -> bytes:
    return store.vault.hash("origin", str(address))


async def learn(
    store: Store, settings: Settings, named: Url, text: str, *, by: str, source: str | None, now: datetime
) -> None:
    """Take it that the machine of a site, or of the host that was named, stands at an address.

    Refused: no public address. NotFound: we know nothing of the site. Its hosts are looked up at once.
    """
    address = read_address(text, settings)
    async with store.transaction() as connection:
        site, host = await _named(connection, store, named)
        key = _hash(store, address)
        sealed = store.seal("origin.address", key, str(address), now)
        words = store.seal("origin.source", key, source, now) if source else None
        await connection.execute(_LEARN, site, host, key, sealed, now, by, words)
        await connection.execute(_WAKE, site, host, now)


async def forget(store: Store, settings: Settings, named: Url, text: str, *, by: str, now: datetime) -> None:
    """Take it that the machine stands there no more, or never did; NotFound where nobody said so."""
    address = read_address(text, settings)
    async with store.transaction() as connection:
        site, host = await _named(connection, store, named)
        if await connection.fetchval(_REMOVE, site, host, _hash(store, address), now, by) is None:
            raise NotFound("this address is no known origin of it; `ntd site list --all` shows those that are")
        await connection.execute(_WAKE, site, host, now)


def read_address(text: str, settings: Settings) -> Address:
    """Read an origin's address; Refused says what is wrong with it."""
    try:
        address = ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        raise Refused("this is no IP address; write for example 198.51.100.7 or 2001:db8::7") from None
    if not is_public(address, settings.monitor.allow):
        raise Refused("this address is not public: nobody's server stands there")
    return address


async def _named(connection: Connection, store: Store, named: Url) -> tuple[int, int | None]:
    """Find the site, and the host where the name is that of a host below it."""
    vault = store.vault
    row = await connection.fetchrow(_FIND_SITE, vault.hash("site", named.site), vault.hash("host", named.host))
    if row is None:
        raise NotFound("no item and no followed site has this name; `ntd site list --all` shows the sites we know")
    if named.host == named.site:
        return row["id"], None
    if row["host_id"] is None:
        raise NotFound("the site is known, but this host of it is not; name the site, or a host that an item has")
    return row["id"], row["host_id"]


def listed(store: Store, rows: Iterable[Row], names: Mapping[int, str]) -> dict[int, list[dict[str, Any]]]:
    """Spell the rows of `origins.listed` as JSON, by site; `names`: of hosters, by id."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["site_id"], []).append(_listed(store, row, names))
    return found


def _listed(store: Store, row: Row, names: Mapping[int, str]) -> dict[str, Any]:
    key = row["address_hash"]
    return {
        "address": str(_address(store, row)),
        "host": store.open("host.name", row["host_hash"], row["host_name"]) if row["host_name"] else None,
        "learnt_at": moment_json(row["learnt_at"]),
        "by": row["by"],
        "source": store.open("origin.source", key, row["source"]) if row["source"] else None,
        "hoster": names.get(row["hoster_id"]) if row["hoster_id"] is not None else None,
        "asn": row["asn"],
        "country": row["country"],
        "front": row["front"],
    }


async def named_in_answers(store: Store, settings: Settings, named: Url) -> list[dict[str, Any]]:
    """Give the addresses that answers about a site's items name, newest first, for an analyst to confirm.

    Each with when, by whom and about which item it was said; NotFound: we know nothing of the site.
    """
    async with store.pool.acquire() as connection:
        site, _ = await _named(connection, store, named)
        rows = await connection.fetch(_ANSWERS, site, _ANSWERS_READ)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        detail, named_there = _said(store, settings, row)
        for address in named_there:
            said = detail.get("partner") or detail.get("by") or row["by"]
            hint = {"address": str(address), "at": moment_json(row["at"]), "by": said, "item": str(row["item_id"])}
            found.setdefault(str(address), hint)
    return list(found.values())


async def heeded(store: Store, settings: Settings, named: Url, text: str) -> list[ItemId]:
    """Give the items of a site whose every answer names this address: what they said is done once it is an origin."""
    address = read_address(text, settings)
    async with store.pool.acquire() as connection:
        site, _ = await _named(connection, store, named)
        rows = await connection.fetch(_ANSWERS, site, _ANSWERS_READ)
    names = [(ItemId(row["item_id"]), address in _said(store, settings, row)[1]) for row in rows]
    others = {item for item, so in names if not so}
    return sorted({item for item, so in names if so} - others)


def _said(store: Store, settings: Settings, row: Row) -> tuple[dict[str, Any], list[Address]]:
    detail = store.open("event.detail", row_id(row["item_id"]), row["detail"])
    return detail, addresses_in(f"{detail.get('note') or ''} {detail.get('hosting') or ''}", settings)


def addresses_in(text: str, settings: Settings) -> list[Address]:
    """Find the public addresses that a text names, in its order, each once."""
    found: dict[Address, None] = {}
    for match in _ADDRESSES.finditer(text):
        try:
            found.setdefault(read_address(match[0], settings))
        except Refused:
            continue
    return list(found)
