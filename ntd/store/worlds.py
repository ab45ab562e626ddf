"""What placing must know of the world: where hosts stand, whom their hosters and partners can be told through."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from ntd.store.base import Connection, Row, Store, row_id
from ntd.store.sql import statement
from ntd.world import PartnerSeat, Seated, World
from ntd.worth import Worth, by_worth
from schemas.hosting import Address, Category, address_order
from schemas.ids import HosterId, HostId, PlaceId, RecipientId, StayId, uuid7
from schemas.settings import Settings

_SEATS = statement("hosts.seats")
_LEFT = statement("hosts.left")
_VERSIONS = statement("hosts.versions")
_HEALTH = statement("hosts.health")
_TOKENS = statement("hosts.partner_tokens")
_ADD_RECIPIENTS = statement("hosts.add_recipients")
_RECIPIENTS = statement("hosts.recipients")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A recipient that must exist."""

    channel: str
    address: str
    partner: str | None = None
    format: str = "digest"
    language: str | None = None
    grouping: str = "recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Perch:
    """A place of a host with its addresses: what checks ask about."""

    hoster: HosterId
    country: str | None
    addresses: tuple[Address, ...]
    fronted: bool = False
    origin: bool = False  # the name does not lead there: it is seen through the fronts


def addresses_of(store: Store, host: int, sealed: bytes) -> tuple[Address, ...]:
    """Open the addresses of an episode, in their order."""
    found = (ip_address(text) for text in store.open("episode.addresses", row_id(host), sealed))
    return tuple(sorted(found, key=address_order))


async def worlds(
    connection: Connection, store: Store, settings: Settings, hosts: Iterable[HostId], now: datetime
) -> dict[HostId, World]:
    """Load what placing must know for items of these hosts."""
    wanted = sorted(set(hosts))
    known = {HostId(row["id"]): row for row in await connection.fetch(_VERSIONS, wanted)}
    seats = await connection.fetch(_SEATS, wanted)
    by_host: dict[int, list[Row]] = {}
    for row in seats:
        by_host.setdefault(row["host_id"], []).append(row)
    health = await _health(connection, seats)
    left = await _left(connection, wanted)
    partners = await partner_seats(connection, store, settings, now)
    police = await _police(connection, store, settings, now)
    return {
        host: World(
            version=known[host]["version"] if host in known else 0,
            seats=_in_order(store, by_host.get(host, ()), health, now),
            left_at={seat: row["until_at"] for seat, row in left.get(host, {}).items()},
            shown_at={seat: row["seen_at"] for seat, row in left.get(host, {}).items()},
            looked_at=known[host]["looked_at"] if host in known else None,
            partners=partners,
            settings=settings,
            new_stay=lambda: StayId(uuid7(now)),
            police=police,
        )
        for host in wanted
    }


async def _police(connection: Connection, store: Store, settings: Settings, now: datetime) -> RecipientId | None:
    if not settings.police.mailable:
        return None
    wanted = Wanted(channel="mail", address=settings.police.email)
    return (await add_recipients(connection, store, [wanted], now))["mail", settings.police.email]


async def perches(connection: Connection, store: Store, hosts: Iterable[HostId]) -> dict[HostId, list[Perch]]:
    """Load which addresses belong to which place of each host."""
    found: dict[HostId, list[Perch]] = {}
    for row in await connection.fetch(_SEATS, sorted(set(hosts))):
        perch = Perch(
            hoster=HosterId(row["hoster_id"]),
            country=row["country"],
            addresses=addresses_of(store, row["host_id"], row["addresses"]),
            fronted=row["front"] is not None,
            origin=row["origin"] and row["front"] is None,
        )
        found.setdefault(HostId(row["host_id"]), []).append(perch)
    return found


async def _health(connection: Connection, seats: Iterable[Row]) -> dict[int, Row]:
    ids = sorted({contact for row in seats for contact in row["contacts"]})
    return {row["id"]: row for row in await connection.fetch(_HEALTH, ids)} if ids else {}


async def _left(connection: Connection, hosts: list[HostId]) -> dict[HostId, dict[tuple[int, str | None], Row]]:
    left: dict[HostId, dict[tuple[int, str | None], Row]] = {}
    for row in await connection.fetch(_LEFT, hosts):
        left.setdefault(HostId(row["host_id"]), {})[(row["hoster_id"], row["country"])] = row
    return left


def _in_order(store: Store, rows: Iterable[Row], health: Mapping[int, Row], now: datetime) -> tuple[Seated, ...]:
    seated = [(addresses_of(store, row["host_id"], row["addresses"]), row) for row in rows]
    # What the name shows comes before what stands behind it.
    seated.sort(key=lambda one: (one[1]["origin"] and one[1]["front"] is None, address_order(one[0][0])))
    return tuple(_seated(store, row, addresses[0], health, now) for addresses, row in seated)


def worth_of(row: Row) -> Worth:
    """Read what a recipient is worth."""
    return Worth(health=row["health"], at=row["health_at"], failures=row["failures"])


def _seated(store: Store, row: Row, lowest: Address, health: Mapping[int, Row], now: datetime) -> Seated:
    contacts = by_worth(row["contacts"], {one: worth_of(known) for one, known in health.items()}, now)
    return Seated(
        hoster=HosterId(row["hoster_id"]),
        country=row["country"],
        place=PlaceId(row["place_id"]),
        fronted=row["fronted"],
        origin=row["origin"],
        missed=row["absent_since"] is not None,
        category=Category(row["category"]) if row["category"] else None,
        disputed=row["country_disputed"],
        contacts=contacts,
        new_contact=bool(contacts) and not health[contacts[0]]["told"],
        seen_from=row["from_at"],
        address=str(lowest),
        prefix=str(row["prefix"]) if row["prefix"] else None,
        asn=row["asn"],
        as_name=row["as_name"],
        hoster_name=store.open("hoster.name", row["hoster_hash"], row["hoster_name"]),
    )


async def partner_seats(
    connection: Connection, store: Store, settings: Settings, now: datetime
) -> dict[str, PartnerSeat]:
    """Give the partner of each country, the first configured one where there are several."""
    if not settings.partner:
        return {}
    fetching = {row["partner"] for row in await connection.fetch(_TOKENS)}
    ids = await add_recipients(
        connection,
        store,
        [Wanted(channel="partner", address=one.code, partner=one.code) for one in settings.partner],
        now,
    )
    found: dict[str, PartnerSeat] = {}
    for one in settings.partner:
        seat = PartnerSeat(
            code=one.code,
            recipient=ids["partner", one.code],
            endpoint=bool(one.api) or one.mailable or one.code in fetching,
        )
        for country in one.countries:
            found.setdefault(country, seat)
    return found


async def add_recipients(
    connection: Connection,
    store: Store,
    wanted: Iterable[Wanted],
    now: datetime,
    *,
    renew: bool = False,
) -> dict[tuple[str, str], RecipientId]:
    """Make sure that recipients exist, and give their ids by channel and address.

    `renew` also brings format and language of known ones to what is wanted now.
    """
    by_hash = {store.vault.hash("recipient", f"{one.channel}:{one.address}"): one for one in wanted}
    if not by_hash:
        return {}
    known = {row["address_hash"]: row["id"] for row in await connection.fetch(_RECIPIENTS, list(by_hash))}
    missing = list(by_hash) if renew else [key for key in by_hash if key not in known]
    if missing:
        rows = [_recipient_row(store, key, by_hash[key], now) for key in missing]
        await connection.execute(_ADD_RECIPIENTS, now, *map(list, zip(*rows, strict=True)))
        known |= {row["address_hash"]: row["id"] for row in await connection.fetch(_RECIPIENTS, missing)}
    return {(one.channel, one.address): RecipientId(known[key]) for key, one in by_hash.items()}


def _recipient_row(
    store: Store, key: bytes, one: Wanted, now: datetime
) -> tuple[bytes, str, bytes, str | None, str, str | None, str]:
    sealed = store.seal("recipient.address", key, one.address, now)
    return key, one.channel, sealed, one.partner, one.format, one.language, one.grouping
