"""What a registration answer says (RFC 9083): the registration of a network, a domain, an AS or an entity.

Hostile answers (huge, deep, of wrong types) end in `BadAnswer`, or in None for the part that is wrong. What an answer
leaves out is None, never a guess; what it withholds (RFC 9537) is None too, and `redacted` names it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from geo.blocks import asked_of_the_parent, blocks_of, covers_registries, is_direct
from geo.country import country_code
from geo.entities import (
    MAX_ENTITIES,
    Entity,
    RegisteredContact,
    abuse_of,
    as_list,
    country_of,
    entities_of,
    owner_of,
    references_of,
    remarks_of,
)
from geo.jcard import one_line, texts
from schemas.hosting import Address, DomainFacts, Network

#: Links to geofeeds that are kept of one network.
MAX_GEOFEEDS: Final = 2
#: Names of withheld fields that are kept.
_MAX_REDACTED: Final = 20
_LONGEST_URL: Final = 2048
#: How a link to a geofeed is marked: RFC 9877 ("geo"), and as the RIPE NCC wrote it before ("geofeed").
_GEOFEED_RELATIONS: Final = frozenset({"geo", "geofeed"})
_GEOFEED_REMARK: Final = "geofeed "  # RFC 9632, section 3


class BadAnswer(ValueError):  # noqa: N818 -- what it is
    """The answer is no RDAP object we can read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecord:
    """The registration of the block an address stands in."""

    handle: str | None
    name: str | None
    organisation: str | None
    country: str | None
    kind: str | None  # the registry's word: "ASSIGNED PA", "DIRECT ALLOCATION", …
    blocks: tuple[Network, ...]
    abuse: tuple[RegisteredContact, ...]  # the surest first, by the rule in `geo.entities`
    references: tuple[str, ...] = ()  # handles of entities that came without a card and may hold the abuse mailbox
    parent: Network | None = None  # a block to ask for, whose answer is the parent network; None: a registry's own
    geofeeds: tuple[str, ...] = ()  # URLs of files that say where the addresses are (RFC 8805)
    redacted: tuple[str, ...] = ()  # names of the fields that are withheld (RFC 9537)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRecord:
    """An entity asked for by its handle."""

    abuse: tuple[RegisteredContact, ...]
    name: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecord:
    """The registration of a domain."""

    name: str | None
    registrar: str | None
    abuse: tuple[RegisteredContact, ...]  # of the registrar
    status: tuple[str, ...]
    nameservers: tuple[str, ...]  # in lower case, sorted
    created: datetime | None
    references: tuple[str, ...] = ()  # the registrar's handle, where it came without a mailbox
    redacted: tuple[str, ...] = ()

    @property
    def facts(self) -> DomainFacts:
        """Give what is shown of it."""
        return DomainFacts(
            registrar=self.registrar, status=self.status, nameservers=self.nameservers, created=self.created
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRecord:
    """The registration of an AS."""

    handle: str | None
    name: str | None
    abuse: tuple[RegisteredContact, ...]
    organisation: str | None = None
    country: str | None = None  # where the AS is registered: no word about where its addresses are
    references: tuple[str, ...] = ()


def load(body: bytes) -> dict[str, Any]:
    """Read the bytes of an answer; BadAnswer where they are no JSON object, or an RDAP error object."""
    try:
        answer = orjson.loads(body)
        # Read to a depth of 1,024 and written to one of 254: what could not be kept is not taken.
        orjson.dumps([[answer]])
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as fault:
        raise BadAnswer("not JSON, or nested beyond all reason") from fault
    if not isinstance(answer, dict):
        raise BadAnswer("not a JSON object")
    if "errorCode" in answer:
        raise BadAnswer("an RDAP error object")
    return answer


def network_record(answer: Mapping[str, Any], address: Address, countries: Mapping[str, str]) -> NetworkRecord:
    """Read an ip network object; BadAnswer where it is none, or where its block does not hold the address asked.

    `countries` are names of countries in lower case to their codes: ARIN writes only those, in the owner's address.
    """
    _is_a(answer, "ip network")
    try:
        blocks = blocks_of(answer, address)
    except ValueError as fault:
        raise BadAnswer("its addresses are none") from fault
    if not any(address in block for block in blocks):
        raise BadAnswer("its block does not hold the address that was asked for")
    entities = entities_of(answer)
    # "IANA-BLOCK", "NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK": nobody is registered, and its country means nothing.
    nobody = covers_registries(blocks) or _is_placeholder(answer)
    owner = owner_of(entities) if not nobody else None
    kind = one_line(answer.get("type"))
    return NetworkRecord(
        handle=one_line(answer.get("handle")),
        name=one_line(answer.get("name")),
        organisation=owner.card.name if owner is not None else None,
        country=_country(answer, owner, countries) if not nobody else None,
        kind=kind,
        blocks=blocks,
        abuse=abuse_of(entities, remarks_of(answer)) if not nobody else (),
        references=references_of(entities) if not nobody else (),
        parent=asked_of_the_parent(blocks) if not nobody and not is_direct(kind) else None,
        geofeeds=_geofeeds(answer),
        redacted=_redacted(answer),
    )


def entity_record(answer: Mapping[str, Any], *, desk: bool, countries: Mapping[str, str] | None = None) -> EntityRecord:
    """Read an entity object; BadAnswer where it is none. `countries` as for `network_record`.

    `desk`: it was named as the abuse role, so every mailbox of it is for abuse.
    """
    _is_a(answer, "entity")
    roles = [*texts(answer.get("roles")), *(["abuse"] if desk else [])]
    entities = entities_of({"entities": [{**answer, "roles": roles}]})
    return EntityRecord(
        abuse=abuse_of(entities), name=entities[0].card.name, country=country_of(entities[0], countries or {})
    )


def domain_record(answer: Mapping[str, Any]) -> DomainRecord:
    """Read a domain object; BadAnswer where it is none."""
    _is_a(answer, "domain")
    entities = entities_of(answer)
    registrar = next((entity for entity in entities if "registrar" in entity.roles), None)
    # Only what stands inside the registrar is the registrar's: a domain may name an abuse contact of its holder.
    its = [entity for entity in entities if "registrar" in (*entity.roles, *entity.inside)]
    return DomainRecord(
        name=one_line(answer.get("ldhName")),
        registrar=registrar.card.name or registrar.handle if registrar is not None else None,
        abuse=abuse_of(its),
        status=tuple(filter(None, map(one_line, as_list(answer.get("status")))))[:MAX_ENTITIES],
        nameservers=tuple(sorted(set(_nameservers(answer))))[:MAX_ENTITIES],
        created=_event(answer, "registration"),
        references=references_of(its),
        redacted=_redacted(answer),
    )


def system_record(answer: Mapping[str, Any], countries: Mapping[str, str] | None = None) -> SystemRecord:
    """Read an autnum object; BadAnswer where it is none. `countries` as for `network_record`."""
    _is_a(answer, "autnum")
    entities = entities_of(answer)
    owner = owner_of(entities)
    return SystemRecord(
        handle=one_line(answer.get("handle")),
        name=one_line(answer.get("name")),
        abuse=abuse_of(entities, remarks_of(answer)),
        organisation=owner.card.name if owner is not None else None,
        country=_country(answer, owner, countries or {}),
        references=references_of(entities),
    )


def _is_a(answer: Mapping[str, Any], kind: str) -> None:
    # RFC 9083, section 4.9, wants the name of the class; answers before it had none.
    if answer.get("objectClassName", kind) != kind:
        raise BadAnswer(f"not an {kind} object")


def _is_placeholder(answer: Mapping[str, Any]) -> bool:
    name = one_line(answer.get("name")) or ""
    return name.upper().startswith(("NON-RIPE-NCC-MANAGED", "IANA-BLK", "IANA-BLOCK", "IANA-NETBLOCK", "STUB-"))


def _country(answer: Mapping[str, Any], owner: Entity | None, countries: Mapping[str, str]) -> str | None:
    said = answer.get("country")
    named = countries.get(said.strip().casefold()) if isinstance(said, str) else None
    return country_code(said) or named or country_of(owner, countries)


def _nameservers(answer: Mapping[str, Any]) -> Iterator[str]:
    for entry in as_list(answer.get("nameservers")):
        name = one_line(entry.get("ldhName")) if isinstance(entry, dict) else None
        if name is not None and name.strip("."):
            yield name.rstrip(".").lower()


def _event(answer: Mapping[str, Any], action: str) -> datetime | None:
    for event in as_list(answer.get("events")):
        if isinstance(event, dict) and event.get("eventAction") == action:
            try:
                moment = datetime.fromisoformat(str(event.get("eventDate")))
            except ValueError:
                continue
            # RFC 3339 wants a zone; a registry that leaves it out writes UTC.
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None


def _geofeeds(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Find the links to geofeeds: RFC 9877's, and RFC 9632's remark where a registry knows no link."""
    links = (link for link in as_list(answer.get("links"))[:MAX_ENTITIES] if isinstance(link, dict))
    linked = [link.get("href") for link in links if _GEOFEED_RELATIONS & {*_relations(link)}]
    written = [
        line[len(_GEOFEED_REMARK) :].strip() for line in remarks_of(answer) if line.lower().startswith(_GEOFEED_REMARK)
    ]
    urls = (url for url in (*linked, *written) if isinstance(url, str) and _is_web(url))
    return tuple(dict.fromkeys(urls))[:MAX_GEOFEEDS]


def _relations(link: Mapping[str, Any]) -> Sequence[str]:
    relation = link.get("rel")
    return relation.lower().split() if isinstance(relation, str) else ()


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"https", "http"} and bool(parts.hostname) and len(url) <= _LONGEST_URL
    except ValueError:
        return False


def _redacted(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields that are withheld: the member "redacted" (RFC 9537, section 4.2)."""
    fields = (entry.get("name") for entry in as_list(answer.get("redacted")) if isinstance(entry, dict))
    names = (name.get("description") or name.get("type") for name in fields if isinstance(name, dict))
    return tuple(text for name in names if (text := one_line(name)) is not None)[:_MAX_REDACTED]
