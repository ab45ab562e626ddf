"""Who stands in a registration answer: entities at any depth (RFC 9083, section 5.1), the owner, the abuse mailboxes.

The rule for abuse mailboxes, written once, from the strongest to the weakest; inside each the nearest to the object
first, then what the card itself marks for abuse, then what it prefers:

1. an entity whose role is abuse
2. a mailbox that its card marks for abuse, in an entity of another role
3. a mailbox called abuse, in an entity of another role
4. a mailbox that a remark names for abuse

That is RIPE's order of abuse-c (the object's own, then its organisation's) for every registry; what the parent network
says comes after all of them (`geo.registration`). Mailboxes of notices are those of the registry and are never read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from geo.country import country_code
from geo.jcard import Card, Mail, one_line, read_card, texts
from geo.mailbox import mailbox

#: Entities inside entities that are walked; registries nest two or three deep.
MAX_DEPTH: Final = 6
#: Entities of one answer that are read.
MAX_ENTITIES: Final = 200
#: Entities that are asked for by their handle, for one object without an abuse mailbox.
MAX_REFERENCES: Final = 2
#: Stands before the handle of an entity that was named as the abuse role.
ABUSE_DESK: Final = "abuse:"
#: Lines of remarks that are read.
MAX_REMARKS: Final = 200
#: Abuse mailboxes of one object that are kept.
MAX_ABUSE: Final = 20

_HANDLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_LONGEST_LINE: Final = 500  # characters of a remark in which a mailbox is looked for
_MAILBOX: Final = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[A-Za-z0-9.-]{3,190}")
# "Mail to abuse@… is not read."
_DENIED: Final = re.compile(r"\b(?:not|never|no longer|ignored?|unmonitored)\b", re.IGNORECASE)
# The maintainers of RIPE, APNIC and AFRINIC are registrants of what they may change, not owners.
_MAINTAINER: Final = re.compile(r"-MNT\b|\bMNT-|\bMAINT-", re.IGNORECASE)
_OWNERS: Final = ("registrant", "customer", "holder")


class Found(IntEnum):
    """How an abuse mailbox is known to be one; the smaller the surer."""

    ROLE = 1
    MARKED = 2
    NAMED = 3
    REMARK = 4


_WORDS: Final = {
    Found.ROLE: "abuse role",
    Found.MARKED: "mailbox marked for abuse",
    Found.NAMED: "mailbox called abuse",
    Found.REMARK: "mailbox named for abuse in a remark",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredContact:
    """One mailbox of a registration, with the entity it stands in."""

    address: str
    handle: str | None
    roles: tuple[str, ...]
    depth: int  # 0: in a remark of the object; 1: directly in it; deeper: inside another entity
    labelled: bool  # the card marks the address itself as the one for abuse
    found: Found = Found.ROLE
    network: str | None = None  # the parent network it was found in, None for the object itself

    @property
    def provenance(self) -> str:
        """Say in words where the mailbox comes from."""
        of = f" of {self.handle}" if self.handle else ""
        near = f", {self.depth - 1} inside another entity" if self.depth > 1 else ""
        parent = f", of the parent network {self.network}" if self.network is not None else ""
        return f"{_WORDS[self.found]}{of}{near}{parent}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity of an answer."""

    handle: str | None
    roles: tuple[str, ...]  # in lower case
    depth: int  # 1: directly in the object
    card: Card
    remarks: tuple[str, ...]
    inside: tuple[str, ...]  # roles of the entities around it, the nearest first

    @property
    def is_desk(self) -> bool:
        """Say whether its role is abuse."""
        return any("abuse" in role for role in self.roles)


def entities_of(answer: Mapping[str, Any]) -> list[Entity]:
    """Walk the entities, those nearest to the object first; bounded in depth and number."""
    found: list[Entity] = []
    level: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(answer, ())]
    for depth in range(1, MAX_DEPTH + 1):
        inner: list[tuple[Mapping[str, Any], tuple[str, ...]]] = []
        for around, roles in level:
            for raw in as_list(around.get("entities"))[: MAX_ENTITIES - len(found)]:
                if isinstance(raw, dict):
                    entity = _entity(raw, depth, roles)
                    found.append(entity)
                    inner.append((raw, (*entity.roles, *roles)))
        level = inner
    return found


def _entity(raw: Mapping[str, Any], depth: int, inside: tuple[str, ...]) -> Entity:
    return Entity(
        handle=one_line(raw.get("handle")),
        roles=tuple(role.strip().lower() for role in texts(raw.get("roles"))),
        depth=depth,
        card=read_card(raw.get("vcardArray")),
        remarks=remarks_of(raw),
        inside=inside[:MAX_ENTITIES],
    )


def as_list(value: object) -> list[Any]:
    """Give a list, and an empty one for what is none."""
    return value if isinstance(value, list) else []


def remarks_of(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the lines of the remarks of an object (RFC 9083, section 4.3)."""
    described = [remark.get("description") for remark in as_list(raw.get("remarks")) if isinstance(remark, dict)]
    lines = (line for text in described for part in _described(text) for line in part.splitlines())
    return tuple(line.strip()[:_LONGEST_LINE] for line, _ in zip(lines, range(MAX_REMARKS), strict=False))


def _described(text: object) -> Iterator[str]:
    return (part for part in (text if isinstance(text, list) else [text]) if isinstance(part, str))


def owner_of(entities: Sequence[Entity]) -> Entity | None:
    """Name the owner: the registrant, an organisation before a person, never a maintainer; None where none is named."""
    named = [entity for entity in entities if entity.depth == 1 and entity.card.name and not _is_maintainer(entity)]
    ranked = [entity for role in _OWNERS for entity in _organisations_first(named) if role in entity.roles]
    # The AFRINIC of old names no roles at all: an organisation is an owner.
    unnamed = [entity for entity in named if entity.card.kind == "org" and not entity.roles]
    return next(iter([*ranked, *unnamed]), None)


def _organisations_first(entities: Sequence[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda entity: entity.card.kind not in {"org", None})


def _is_maintainer(entity: Entity) -> bool:
    handle = entity.handle or ""
    called_so = entity.card.kind == "individual" and entity.card.name == handle
    return called_so or _MAINTAINER.search(handle) is not None


def country_of(entity: Entity | None, countries: Mapping[str, str]) -> str | None:
    """Say in which country an entity is; `countries` are names in lower case to codes. None where it does not say."""
    said = entity.card.countries if entity is not None else ()
    codes = (
        (country_code(one.text) if one.may_be_code else None) or countries.get(one.text.strip(" .").casefold())
        for one in said
    )
    return next((code for code in codes if code is not None), None)


def abuse_of(entities: Sequence[Entity], remarks: Sequence[str] = ()) -> tuple[RegisteredContact, ...]:
    """Order the abuse mailboxes by the rule above, each named once; `remarks` are those of the object itself."""
    found = [contact for entity in entities for contact in _of_entity(entity)]
    found += [contact for entity in entities if entity.depth == 1 for contact in _of_remarks(entity.remarks, entity)]
    found += _of_remarks(remarks, None)
    found.sort(key=lambda contact: (contact.found, contact.depth, not contact.labelled))
    kept: dict[str, RegisteredContact] = {}
    for contact in found:
        kept.setdefault(contact.address.casefold(), contact)
    return tuple(kept.values())[:MAX_ABUSE]


def _of_entity(entity: Entity) -> Iterator[RegisteredContact]:
    for mail in entity.card.mailboxes:
        found = Found.ROLE if entity.is_desk else _named(mail)
        if found is not None:
            yield RegisteredContact(
                address=mail.address,
                handle=entity.handle,
                roles=entity.roles,
                depth=entity.depth,
                labelled=mail.marked,
                found=found,
            )


def _named(mail: Mail) -> Found | None:
    if mail.marked:
        return Found.MARKED
    return Found.NAMED if "abuse" in mail.address.partition("@")[0].lower() else None


def _of_remarks(remarks: Sequence[str], entity: Entity | None) -> Iterator[RegisteredContact]:
    for address in named_for_abuse(remarks):
        yield RegisteredContact(
            address=address,
            handle=entity.handle if entity is not None else None,
            roles=entity.roles if entity is not None else (),
            depth=entity.depth if entity is not None else 0,
            labelled=False,
            found=Found.REMARK,
        )


def named_for_abuse(remarks: Sequence[str]) -> Iterator[str]:
    """Find the mailboxes that remarks name for abuse: called so, or in a line that speaks of abuse.

    >>> list(named_for_abuse(["please send abuse reports to desk@hoster.example", "noc@hoster.example"]))
    ['desk@hoster.example']
    """
    for line in remarks:
        if "@" not in line or "abuse" not in line.lower():
            continue
        written = [(text, mailbox(text.rstrip("."))) for text in _MAILBOX.findall(line)]
        spoken = _MAILBOX.sub(" ", line).lower()
        if _DENIED.search(spoken) or "validated" in spoken:
            continue  # APNIC's "abuse@… was validated on 2023-09-13" says nothing of whose abuse
        for text, address in written:
            if address is not None and ("abuse" in spoken or "abuse" in text.partition("@")[0].lower()):
                yield address


def references_of(entities: Sequence[Entity]) -> tuple[str, ...]:
    """Name the entities to ask for: abuse roles without a mailbox, then owners that show nothing inside."""
    bare = [entity for entity in entities if not entity.card.mailboxes and _can_be_asked(entity)]
    desks = [f"{ABUSE_DESK}{entity.handle}" for entity in bare if entity.is_desk]
    owners = [
        str(entity.handle)
        for entity in bare
        if {"registrant", "registrar"} & {*entity.roles} and not _is_maintainer(entity)
    ]
    return tuple(dict.fromkeys((*desks, *owners)))[:MAX_REFERENCES]


def _can_be_asked(entity: Entity) -> bool:
    return entity.handle is not None and _HANDLE.fullmatch(entity.handle) is not None
