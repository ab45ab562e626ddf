"""What a registration answer says (RFC 9083), read by ipwhois' parsers and our own walk of nested entities.

ipwhois keeps only the handles of nested entities, and the abuse contact of RIPE's usual answer is nested; so the
entities are walked here, each parsed by `_RDAPEntity`. Hostile answers (huge, deep, of wrong types) end in `BadAnswer`
or in None for the part that is wrong.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network, summarize_address_range
from typing import Any, Final

import orjson
from ipwhois.exceptions import BaseIpwhoisException
from ipwhois.rdap import _RDAPContact, _RDAPEntity, _RDAPNetwork

from geo.country import country_code
from geo.mailbox import mailbox
from schemas.hosting import Address, Network

#: Entities inside entities that are walked; registries nest two or three deep.
MAX_DEPTH: Final = 6
#: Entities of one answer that are read.
MAX_ENTITIES: Final = 200
#: Entities that are asked for by their handle, for one network without an abuse mailbox.
MAX_REFERENCES: Final = 2
#: Stands before the handle of an entity that was named as the abuse role.
ABUSE_DESK: Final = "abuse:"
_HANDLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
#: Characters of a name that is kept.
MAX_TEXT: Final = 200
#: Addresses of one entity that are read.
_MAX_MAILBOXES: Final = 10

_PARSER_FAULTS: Final = (
    BaseIpwhoisException,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
)


class BadAnswer(ValueError):  # noqa: N818 -- what it is
    """The answer is no RDAP object we can read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredContact:
    """One mailbox of a registration, with the entity it stands in."""

    address: str
    handle: str | None
    roles: tuple[str, ...]
    depth: int  # 1: directly in the object; deeper: inside another entity
    labelled: bool  # the vCard marks the address itself as the one for abuse


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecord:
    """The registration of the block an address stands in."""

    handle: str | None
    name: str | None
    organisation: str | None
    country: str | None
    kind: str | None  # the registry's word: "ASSIGNED PA", "DIRECT ALLOCATION", …
    blocks: tuple[Network, ...]
    abuse: tuple[RegisteredContact, ...]  # nearest to the address first
    references: tuple[str, ...] = ()  # handles of entities that came without a card and may hold the abuse mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRecord:
    """An entity asked for by its handle."""

    abuse: tuple[RegisteredContact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecord:
    """The registration of a domain."""

    name: str | None
    registrar: str | None
    abuse: tuple[RegisteredContact, ...]  # of the registrar
    status: tuple[str, ...]
    nameservers: tuple[str, ...]
    created: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRecord:
    """The registration of an AS."""

    handle: str | None
    name: str | None
    abuse: tuple[RegisteredContact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entity:
    handle: str | None
    roles: tuple[str, ...]
    depth: int
    name: str | None
    country: tuple[str, ...]  # what its postal address may say of its country, the plainest first
    mailboxes: tuple[tuple[str, bool], ...]  # address, marked as the one for abuse
    inside: tuple[str, ...]  # roles of the entities around it, the nearest first


def load(body: bytes) -> dict[str, Any]:
    """Read the bytes of an answer; BadAnswer where they are no JSON object, or an RDAP error object."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise BadAnswer("not JSON") from fault
    if not isinstance(answer, dict):
        raise BadAnswer("not a JSON object")
    if "errorCode" in answer:
        raise BadAnswer("an RDAP error object")
    return answer


def network_record(answer: Mapping[str, Any], address: Address, countries: Mapping[str, str]) -> NetworkRecord:
    """Read an ip network object; BadAnswer where it is none, or where its block does not hold the address asked.

    `countries` are names of countries in lower case to their codes: ARIN writes only those, in the owner's address.
    """
    parsed = _parsed_network(answer, address)
    blocks = _blocks(parsed.get("start_address"), parsed.get("end_address"))
    if not any(address in block for block in blocks):
        raise BadAnswer("its block does not hold the address that was asked for")
    entities = list(_entities(answer))
    owner = _owner(entities)
    return NetworkRecord(
        handle=_text(parsed.get("handle")),
        name=_text(parsed.get("name")),
        organisation=owner.name if owner is not None else None,
        country=country_code(parsed.get("country")) or _country_of(owner, countries),
        kind=_text(parsed.get("type")),
        blocks=blocks,
        abuse=_abuse(entities),
        references=_references(entities),
    )


def entity_record(answer: Mapping[str, Any], *, desk: bool) -> EntityRecord:
    """Read an entity object; `desk`: it was named as the abuse role, so every mailbox of it is for abuse."""
    if answer.get("objectClassName", "entity") != "entity":
        raise BadAnswer("not an entity object")
    roles = [*_list(answer.get("roles")), *(["abuse"] if desk else [])]
    return EntityRecord(abuse=_abuse(list(_entities({"entities": [{**answer, "roles": roles}]}))))


def domain_record(answer: Mapping[str, Any]) -> DomainRecord:
    """Read a domain object; BadAnswer where it is none."""
    if answer.get("objectClassName", "domain") != "domain":
        raise BadAnswer("not a domain object")
    entities = list(_entities(answer))
    registrar = next((entity for entity in entities if "registrar" in entity.roles), None)
    return DomainRecord(
        name=_text(answer.get("ldhName")),
        registrar=registrar.name or registrar.handle if registrar is not None else None,
        # Only what stands inside the registrar is the registrar's: a domain may name an abuse contact of its holder.
        abuse=_abuse([entity for entity in entities if "registrar" in (*entity.roles, *entity.inside)]),
        status=tuple(text for text in _list(answer.get("status")) if isinstance(text, str))[:MAX_ENTITIES],
        nameservers=tuple(sorted(_nameservers(answer)))[:MAX_ENTITIES],
        created=_event(answer, "registration"),
    )


def system_record(answer: Mapping[str, Any]) -> SystemRecord:
    """Read an autnum object; BadAnswer where it is none."""
    if answer.get("objectClassName", "autnum") != "autnum":
        raise BadAnswer("not an autnum object")
    entities = list(_entities(answer))
    return SystemRecord(handle=_text(answer.get("handle")), name=_text(answer.get("name")), abuse=_abuse(entities))


def _parsed_network(answer: Mapping[str, Any], address: Address) -> dict[str, Any]:
    # All members are optional (RFC 9083, section 5.4), but without these ipwhois reads nothing; an answer that names no
    # block stands for the address alone.
    if answer.get("objectClassName", "ip network") != "ip network":
        raise BadAnswer("not an ip network object")
    texts = {key: value for key, value in answer.items() if isinstance(value, str)}
    if "startAddress" not in texts and "endAddress" not in texts:
        texts |= {"startAddress": str(address), "endAddress": str(address)}
    version = "v6" if ":" in texts.get("startAddress", "") else "v4"
    parser = _RDAPNetwork({"handle": "", **texts, "ipVersion": version})
    try:
        parser.parse()
    except _PARSER_FAULTS as fault:
        raise BadAnswer(f"no ip network object ({type(fault).__name__})") from fault
    return dict(parser.vars)


def _blocks(start: object, end: object) -> tuple[Network, ...]:
    try:
        first, last = ip_address(str(start)), ip_address(str(end))
        return tuple(summarize_address_range(first, last))
    except (ValueError, TypeError) as fault:
        raise BadAnswer("its addresses are none") from fault


def _entities(answer: Mapping[str, Any]) -> Iterator[_Entity]:
    """Walk the entities, those nearest to the object first; bounded in depth and number."""
    level: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(answer, ())]
    left = MAX_ENTITIES
    for depth in range(1, MAX_DEPTH + 1):
        inner: list[tuple[Mapping[str, Any], tuple[str, ...]]] = []
        for around, roles in level:
            for raw in _list(around.get("entities"))[:left]:
                if isinstance(raw, dict) and left:
                    left -= 1
                    entity = _entity(raw, depth, roles)
                    yield entity
                    inner.append((raw, (*entity.roles, *roles)))
        level = inner


def _entity(raw: Mapping[str, Any], depth: int, inside: tuple[str, ...]) -> _Entity:
    parser = _RDAPEntity({"handle": "", **{k: v for k, v in raw.items() if k in {"handle", "roles", "vcardArray"}}})
    try:
        parser.parse()
        contact = parser.vars["contact"] or {}
    except _PARSER_FAULTS:
        # One odd line of a vCard must not cost its mailbox: read line by line.
        contact = _contact_line_by_line(raw)
    card = _card(raw)
    return _Entity(
        handle=_text(raw.get("handle")),
        roles=tuple(role.lower() for role in _list(raw.get("roles")) if isinstance(role, str))[:MAX_ENTITIES],
        depth=depth,
        name=_text(contact.get("name")),
        country=tuple(_country_texts(card)),
        mailboxes=_mailboxes(contact, card),
        inside=inside,
    )


def _contact_line_by_line(raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in _card(raw):
        parser = _RDAPContact([line])
        try:
            parser.parse()
        except _PARSER_FAULTS:
            continue
        found |= {name: value for name, value in parser.vars.items() if value is not None and name not in found}
    return found


def _card(raw: Mapping[str, Any]) -> list[list[Any]]:
    # jCard, RFC 7095: ["vcard", [[name, parameters, type, value, …], …]]
    card = _list(raw.get("vcardArray"))
    lines = _list(card[1]) if len(card) > 1 else []
    return [line for line in lines[:MAX_ENTITIES] if isinstance(line, list) and len(line) > 3]  # noqa: PLR2004 -- jCard


def _mailboxes(contact: Mapping[str, Any], card: Sequence[list[Any]]) -> tuple[tuple[str, bool], ...]:
    marked = {mailbox(line[3]) for line in card if line[0] == "email" and _is_abuse(line[1])}
    lines = [entry.get("value") for entry in _list(contact.get("email")) if isinstance(entry, dict)]
    lines += [line[3] for line in card if line[0] == "email"]
    addresses = dict.fromkeys(address for line in lines if (address := mailbox(line)) is not None)
    ordered = sorted(addresses, key=lambda address: address not in marked)
    return tuple((address, address in marked) for address in ordered[:_MAX_MAILBOXES])


def _is_abuse(parameters: object) -> bool:
    kinds = parameters.get("type") if isinstance(parameters, dict) else None
    return "abuse" in (kinds if isinstance(kinds, list) else [kinds])


def _country_texts(card: Sequence[list[Any]]) -> Iterator[str]:
    # RFC 8605, section 3.1: parameter "cc"; else the last part of the address, or the last line of its label.
    for line in card:
        if line[0] != "adr":
            continue
        parameters = line[1] if isinstance(line[1], dict) else {}
        parts, label = _list(line[3]), parameters.get("label")
        lines = label.strip().splitlines() if isinstance(label, str) else []
        yield from (text for text in (parameters.get("cc"), *parts[-1:], *lines[-1:]) if isinstance(text, str) and text)


def _country_of(entity: _Entity | None, countries: Mapping[str, str]) -> str | None:
    texts = entity.country if entity is not None else ()
    codes = (country_code(text) or countries.get(text.strip().casefold()) for text in texts)
    return next((code for code in codes if code is not None), None)


def _owner(entities: Sequence[_Entity]) -> _Entity | None:
    named = [entity for entity in entities if entity.name and entity.depth == 1]
    order = ("registrant", "customer", "holder", "administrative")
    ranked = [entity for role in order for entity in named if role in entity.roles]
    return next(iter(ranked), None)


def _abuse(entities: Sequence[_Entity]) -> tuple[RegisteredContact, ...]:
    """Order the abuse mailboxes: the role nearest to the object first, then mailboxes marked for abuse elsewhere."""
    found = [
        RegisteredContact(
            address=address, handle=entity.handle, roles=entity.roles, depth=entity.depth, labelled=marked
        )
        for entity in entities
        for address, marked in entity.mailboxes
        if "abuse" in entity.roles or marked
    ]
    found.sort(key=lambda contact: ("abuse" not in contact.roles, contact.depth))
    unique = {contact.address.casefold(): contact for contact in reversed(found)}
    return tuple(contact for contact in found if unique[contact.address.casefold()] is contact)


def _references(entities: Sequence[_Entity]) -> tuple[str, ...]:
    """Name the entities to ask for: abuse roles without a mailbox, then owners that show nothing inside."""
    bare = [
        entity for entity in entities if not entity.mailboxes and entity.handle and _HANDLE.fullmatch(entity.handle)
    ]
    desks = [f"{ABUSE_DESK}{entity.handle}" for entity in bare if "abuse" in entity.roles]
    owners = [str(entity.handle) for entity in bare if "registrant" in entity.roles]
    return tuple(dict.fromkeys((*desks, *owners)))[:MAX_REFERENCES]


def _nameservers(answer: Mapping[str, Any]) -> set[str]:
    names = (entry.get("ldhName") for entry in _list(answer.get("nameservers")) if isinstance(entry, dict))
    return {name.rstrip(".").lower() for name in names if isinstance(name, str) and name}


def _event(answer: Mapping[str, Any], action: str) -> datetime | None:
    for event in _list(answer.get("events")):
        if isinstance(event, dict) and event.get("eventAction") == action:
            try:
                moment = datetime.fromisoformat(str(event.get("eventDate")))
            except ValueError:
                continue
            return moment if moment.tzinfo is not None else None
    return None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    # One line of printable text: these names stand in notices and on terminals.
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in " ".join(value.split()) if letter.isprintable())[:MAX_TEXT] or None


def filed_under(record: NetworkRecord, address: Address, leaf: Network | None) -> Network:
    """Say for which addresses an answer stands: the block it describes, but no further than is safe.

    An answer says nothing about smaller blocks inside its own that name somebody else. So it is never carried across
    the borders of the network that the network file knows (`leaf`), and an allocation, which exists to be divided
    further, stands only for the usual smallest announced block around the address. That makes the contact of an
    address independent of which address was asked before it.
    """
    block = next(block for block in record.blocks if address in block)
    limits = [leaf] if leaf is not None else []
    if record.kind is not None and "ALLOC" in record.kind.upper():
        limits.append(smallest_announced(address))
    return max([block, *limits], key=lambda network: network.prefixlen)


def smallest_announced(address: Address) -> Network:
    """Give the /24 or /48 around an address: nothing smaller is announced on its own (RFC 7454, section 6.1.3)."""
    return ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)  # noqa: PLR2004 -- IP versions
