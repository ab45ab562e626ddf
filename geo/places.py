"""Facts about addresses to places: who hosts, in which country, behind which front, and who is told.

An address whose hoster or country is unknown because somebody did not answer is placed nowhere by this look: a guess
would look like a move the next time everybody answers. Where everybody answered, what they know is the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from geo.contacts import Facts, Rules, choose
from geo.country import SOURCES, standing
from geo.fronts import Fronts, Sighting
from geo.matching import Subject
from geo.platforms import Tenancy
from geo.prefixes import NetworkFact
from geo.rdap import NetworkRecord, SystemRecord
from geo.reach import Reaches
from schemas.hosting import Address, Located, Network, Place

#: Characters of a hoster's name.
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFacts:
    """All that was found out about one public address."""

    address: Address
    file: NetworkFact | None = None
    cymru: NetworkFact | None = None
    registration: NetworkRecord | None = None
    geofeed: str | None = None  # the country its holder publishes for it
    system: SystemRecord | None = None
    complete: bool = True  # everybody who was asked answered

    @property
    def asn(self) -> int | None:
        """The AS: the network file's, else Cymru's; None: nobody knows it."""
        return leading(self.file, self.cymru)

    @property
    def origins(self) -> tuple[int, ...]:
        """Every AS that announces the network, by whoever named the one that leads."""
        named = (fact for fact in (self.file, self.cymru) if fact is not None and fact.asn is not None)
        return next((fact.origins for fact in named), ())

    @property
    def as_name(self) -> str | None:
        """The name of that AS; None: nobody gives it one."""
        named = (fact.as_name for fact in (self.file, self.cymru) if fact is not None and fact.asn in {self.asn, None})
        return next((name for name in named if name), None)

    @property
    def prefix(self) -> Network | None:
        """The network: the file's, else Cymru's, else the registered block; None: nobody knows it."""
        for fact in (self.file, self.cymru):
            if fact is not None:
                return fact.prefix
        blocks = self.registration.blocks if self.registration is not None else ()
        return next((block for block in blocks if self.address in block), None)


def leading(*facts: NetworkFact | None) -> int | None:
    """Give the AS that the first of the facts names which names one; None where none does."""
    for fact in facts:
        if fact is not None and fact.asn is not None:
            return fact.asn
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """What places are read by: the fronts and the unplaced networks we know, and whose word on the country counts."""

    fronts: Fronts = field(default_factory=Fronts)
    reaches: Reaches = field(default_factory=Reaches)
    country_order: tuple[str, ...] = SOURCES


def place_of(facts: AddressFacts, cnames: Sequence[str], atlas: Atlas) -> Place | None:
    """Say where one address is; None where nobody knows anything of it, or where it could not be found out."""
    decided = standing(_countries(facts), atlas.country_order)
    if not facts.complete and (facts.asn is None or decided.country is None):
        return None
    asn, origins, as_name = facts.asn, facts.origins, facts.as_name
    hoster = _hoster(facts, asn, as_name)
    if hoster is None:
        return None
    category = facts.file.category if facts.file is not None else None
    seen = Sighting(address=facts.address, category=category, origins=origins, as_name=as_name, cnames=cnames)
    return Place(
        prefix=facts.prefix,
        asn=asn,
        origins=origins,
        as_name=as_name,
        country=decided.country,
        hoster=hoster[:_LONGEST_NAME],
        front=atlas.fronts.name_of(seen),
        category=category,
        country_sources=decided.sources,
        country_disputed=decided.disputed,
        reach=atlas.reaches.of(facts.address, asn, category),
    )


def _countries(facts: AddressFacts) -> dict[str, str | None]:
    """Name what each source of `geo.country` says."""
    return {
        "network_file": facts.file.country if facts.file is not None else None,
        "geofeed": facts.geofeed,
        "registration": facts.registration.country if facts.registration is not None else None,
        "cymru": facts.cymru.country if facts.cymru is not None else None,
        "as": facts.system.country if facts.system is not None else None,
    }


def _hoster(facts: AddressFacts, asn: int | None, as_name: str | None) -> str | None:
    """Name the hoster: its AS, else the organisation of the registration, else the network."""
    if as_name is not None or asn is not None:
        return as_name or f"AS{asn}"
    if facts.registration is not None and (named := facts.registration.organisation or facts.registration.name):
        return named
    return str(facts.prefix) if facts.prefix is not None else None


def locate(
    host: str,
    site: str,
    addresses: Sequence[AddressFacts],
    tenancy: Tenancy | None,
    *,
    cnames: Sequence[str],
    atlas: Atlas,
    rules: Rules,
) -> tuple[Located, ...]:
    """Group the addresses (in `address_order`) by hoster and country; that of the lowest address comes first.

    `tenancy`: what the host shares with strangers; None: it is somebody's own.
    """
    groups: dict[tuple[str, str | None], list[tuple[Place, AddressFacts]]] = {}
    for facts in addresses:
        place = place_of(facts, cnames, atlas)
        if place is not None:
            place = run_by(place, tenancy)
            groups.setdefault((place.hoster_key, place.country), []).append((place, facts))
    return tuple(
        Located(
            place=members[0][0],
            addresses=tuple(facts.address for _, facts in members),
            contacts=choose(
                [contact_facts(host, site, facts, tenancy) for _, facts in members],
                rules,
                front=members[0][0].front is not None,
            ),
        )
        for members in groups.values()
    )


def run_by(place: Place, tenancy: Tenancy | None) -> Place:
    """Give the place of a host behind a front where the platform that runs it is known and can be told.

    Nobody need name an origin then: the platform is the hoster. Where its machines stand is not known; the country of
    the front's network says nothing about it.
    """
    platform = tenancy.platform if tenancy is not None else None
    if place.front is None or platform is None or not platform.contacts:
        return place
    return replace(place, hoster=platform.name, run_by=platform.name, front=None, country=None, country_disputed=False)


def contact_facts(host: str, site: str, facts: AddressFacts, tenancy: Tenancy | None = None) -> Facts:
    """Give what of an address may lead to a contact."""
    under = tenancy.shared.under if tenancy is not None else None
    return Facts(
        subject=Subject(host=host, site=site, address=facts.address, asn=facts.asn, origins=facts.origins, under=under),
        platform=tenancy.platform if tenancy is not None else None,
        registered=facts.registration.abuse if facts.registration is not None else (),
        file_mailbox=facts.file.abuse_email if facts.file is not None else None,
        file_name=facts.file.source if facts.file is not None else "",
        system=facts.system.abuse if facts.system is not None else (),
    )
