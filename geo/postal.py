"""Does a domain take mail? What its MX and address records say, and what that does to the order of contacts. Pure.

RFC 5321, section 5.1: mail goes to the exchanges that MX records name; a name without them is its own exchange if it
has an address; a name that does not exist takes none. RFC 7505: one MX record with an empty name says that nothing
there takes mail. What could not be found out is no "no": a doubt puts a contact last, and only certainty is a doubt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from geo.mailbox import domain_of
from geo.names import NameAnswer, Reply
from schemas.hosting import Contact, NameFate, Question

#: What the operator wrote himself is told as he wrote it: his relay may know ways that the public DNS does not.
OWN_WORDS = frozenset({"config", "contacts"})
_NOBODY_THERE = {NameFate.NXDOMAIN: "the name does not exist", NameFate.NODATA: "it has neither MX nor address"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomain:
    """What is known of a domain's mail."""

    doubt: str | None  # why it certainly takes none; None: it does, or that could not be found out
    until: datetime  # how long that holds
    questions: tuple[Question, ...] = ()


def doubt_of(mx: Reply, addresses: NameAnswer | None) -> str | None:
    """Say why a domain takes no mail; None where it does or that could not be found out.

    `addresses`: what the domain's own addresses came to, asked where there is no MX record; None: could not be asked.
    """
    if mx.fate is NameFate.FOUND:
        exchanges = {value.partition(" ")[2] for value in mx.values}
        return "it says so: null MX, RFC 7505" if exchanges == {"."} else None
    if mx.fate not in _NOBODY_THERE or addresses is None or not addresses.complete:
        return None
    return _NOBODY_THERE.get(addresses.fate)


def found_out(contacts: Iterable[Contact]) -> Iterable[Contact]:
    """Give the mailboxes that somebody else than the operator named."""
    return (one for one in contacts if one.channel == "mail" and one.source not in OWN_WORDS)


def domains_of(contacts: Iterable[Contact]) -> tuple[str, ...]:
    """Give the mail domains that must be asked about, each once, in order of the alphabet."""
    return tuple(sorted({domain_of(contact.address) for contact in found_out(contacts)}))


def put_last(contacts: Sequence[Contact], doubts: Mapping[str, str]) -> tuple[Contact, ...]:
    """Put the contacts last whose domain takes no mail (`doubts`: domain → why), and say so of each.

    They are not dropped: where nobody else is known the relay has the last word.
    """
    if not doubts:
        return tuple(contacts)
    doubted = set(found_out(contacts))
    judged = [_with_doubt(one, doubts) if one in doubted else one for one in contacts]
    return tuple(sorted(judged, key=lambda one: one.doubt is not None))


def _with_doubt(contact: Contact, doubts: Mapping[str, str]) -> Contact:
    domain = domain_of(contact.address)
    why = doubts.get(domain)
    return replace(contact, doubt=f"{domain} takes no mail: {why}") if why is not None else contact
