"""How a resolution is spelt in JSON (contract, sections 5 and 6): one shape for `ntd resolve` and `ntd show`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from schemas.hosting import Contact, DomainFacts, Located, Question, Resolution, SharedHost
from schemas.url import Url

Json = dict[str, Any]


def moment_json(at: datetime | None) -> str | None:
    """Spell a time: RFC 3339 in UTC, to the microsecond where it has any; None for None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def hosting_json(located: Sequence[Located], at: datetime | None, resolution: Resolution | None) -> Json:
    """Spell where a host lives: all its addresses, and the facts of the lowest one that was located.

    Null where nothing is known; `addresses` are all the name has, those that nobody may dial too.
    """
    first = located[0] if located else None
    place = first.place if first is not None else None
    known = resolution.addresses if resolution is not None else first.addresses if first is not None else ()
    return {
        "observed_at": moment_json(at),
        "addresses": [str(address) for address in known],
        "ip": str(first.addresses[0]) if first is not None else None,
        "prefix": str(place.prefix) if place is not None and place.prefix is not None else None,
        "asn": place.asn if place is not None else None,
        "origins": list(place.origins) if place is not None else [],
        "as_name": place.as_name if place is not None else None,
        "country": place.country if place is not None else None,
        "country_sources": dict(place.country_sources) if place is not None else {},
        "country_disputed": place.country_disputed if place is not None else False,
        "reach": place.reach.value if place is not None and place.reach is not None else None,
        "hoster": place.hoster if place is not None else None,
        "front": place.front if place is not None else None,
        "contact": _contact(first),
        "nameservers": list(resolution.nameservers) if resolution is not None else [],
        "cnames": list(resolution.cnames) if resolution is not None else [],
        "registrar": resolution.registrar if resolution is not None else None,
        "wildcard": resolution.wildcard if resolution is not None else None,
        "soa": asdict(resolution.soa) if resolution is not None and resolution.soa is not None else None,
    }


def hoster_json(located: Located) -> Json:
    """Spell one hoster of a host."""
    place = located.place
    return {
        "hoster": place.hoster,
        "asn": place.asn,
        "origins": list(place.origins),
        "country": place.country,
        "reach": place.reach.value if place.reach is not None else None,
        "addresses": [str(address) for address in located.addresses],
        "front": place.front,
        "origin": located.origin,
        "contact": _contact(located),
        "contacts": [contact_json(contact) for contact in located.contacts],
    }


def contact_json(contact: Contact) -> Json:
    """Spell a contact with the rule that chose it."""
    return {
        "address": contact.address,
        "source": contact.source,
        "rule": contact.rule,
        "channel": contact.channel,
        "format": contact.format,
        "language": contact.language,
        "doubt": contact.doubt,
    }


def shared_json(shared: SharedHost | None) -> Json | None:
    """Spell what a host shares with strangers; null where it is somebody's own."""
    if shared is None:
        return None
    return {
        "under": shared.under,
        "platform": shared.platform,
        "kind": shared.kind.value if shared.kind is not None else None,
        "own_domain": shared.own_domain,
        "rule": shared.rule,
    }


def question_json(question: Question, now: datetime) -> Json:
    """Spell one question asked on the way, with its age in seconds at `now`."""
    return {
        "at": moment_json(question.at),
        "asked": question.asked,
        "of": question.of,
        "answer": question.answer,
        "age_s": question.age_s(now),
    }


def resolution_json(url: Url, resolution: Resolution) -> Json:
    """Spell a whole look-up (contract, section 6)."""
    registrar = resolution.registrar_contact
    return {
        "url": url.text,
        "host": resolution.host,
        "site": resolution.site,
        "kind": resolution.kind.value,
        "fate": resolution.fate.value,
        "shared": shared_json(resolution.shared),
        "hosting": hosting_json(resolution.located, resolution.at, resolution),
        "hosters": [hoster_json(located) for located in resolution.located],
        "not_public": [str(address) for address in resolution.not_public],
        "registrar": resolution.registrar,
        "registrar_contact": contact_json(registrar) if registrar is not None else None,
        "domain": _domain(resolution.domain),
        "complete": resolution.complete,
        "questions": [question_json(question, resolution.at) for question in resolution.questions],
    }


def _domain(domain: DomainFacts | None) -> Json | None:
    if domain is None:
        return None
    return {
        "registrar": domain.registrar,
        "status": list(domain.status),
        "nameservers": list(domain.nameservers),
        "created": moment_json(domain.created),
    }


def _contact(located: Located | None) -> Json | None:
    return contact_json(located.contacts[0]) if located is not None and located.contacts else None
