"""Who is to be told, and why that one: ordered rules, each candidate with the rule that chose it.

From the strongest to the weakest:

1. what the operator wrote about this hoster in the configuration (`[[hoster]]`)
2. the contact book, kind abuse (for a front: kind front first)
3. the platform, where the host is one of many that strangers share (data/platforms.csv)
4. the registration of the network: the abuse role nearest to the address first
5. the mailbox in the network file
6. the registration of the AS

The registrar of the domain is told only as a step of the ladder, and so is who connects the network; neither where the
host is shared: that would hit everybody else there.

Inside 1 and 2 the match decides: exact host, then site, then what the host shares with strangers, then the longest
network, then the AS. A rule about an AS is about each network that it announces, also where others announce it too; one
about the AS that leads (`geo.prefixes`) goes first, then the others by their numbers. Mailboxes of registries, of
exchange points, of ourselves, and such as say that nobody reads them (data/never.csv) are never taken from 3 to 6; a
`never` row of the book strikes a candidate wherever it comes from.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from geo.book import Book, BookKind, BookRow
from geo.entities import RegisteredContact
from geo.mailbox import Never
from geo.matching import Match, Matching, Subject
from geo.platforms import Platform, Platforms
from schemas.hosting import Contact, SharedHost
from schemas.settings import HosterRule

#: Candidates kept for one place; nobody is told by way of the eleventh.
LARGEST: Final = 10
_PLATFORM: Final = 3
# How sure a platform's contact is (geo/data/README.md).
_SURE: Final = {
    "page": "on its own page",
    "named": "named by others",
    "memory": "not read again: look before you rely on it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one address that may lead to a contact."""

    subject: Subject
    platform: Platform | None = None  # of the host
    registered: tuple[RegisteredContact, ...] = ()  # of the network
    file_mailbox: str | None = None  # of the network file
    file_name: str = ""
    system: tuple[RegisteredContact, ...] = ()  # of the AS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator and we laid down."""

    hosters: Matching[HosterRule] = field(default_factory=Matching)
    book: Book = field(default_factory=Book)
    platforms: Platforms = field(default_factory=Platforms)
    never: Never = field(default_factory=Never)  # registries, exchange points, ourselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a hoster wants to be told, whichever address is used."""

    format: str = "digest"
    group: str = "recipient"
    language: str | None = None


_USUAL: Final = Manner()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    rank: tuple[int, tuple[int, int], int]  # tier, match, order inside
    contact: Contact
    subject: Subject
    own_words: bool = True  # the operator's, not found out by us


def choose(facts: Sequence[Facts], rules: Rules, *, front: bool = False) -> tuple[Contact, ...]:
    """Give the contacts for the addresses of one place (`facts`, in `address_order`), the one to be told first.

    At most `LARGEST`, each once; empty where nobody is known. `front`: the place is one, told at its front desk first.
    The same facts give the same answer in whatever order they were found out; no fault of a fact is an error. Whether
    their domains take mail is `geo/postal.py`'s, what became of earlier messages is the store's.
    """
    found = [candidate for fact in facts for candidate in _candidates(fact, rules, front=front)]
    found.sort(key=lambda candidate: candidate.rank)
    kept: dict[tuple[str, str], Contact] = {}
    for candidate in found:
        if _may_be_told(candidate, rules):
            contact = candidate.contact
            kept.setdefault((contact.channel, contact.address.casefold()), contact)
    return tuple(kept.values())[:LARGEST]


def _candidates(fact: Facts, rules: Rules, *, front: bool) -> Iterator[_Candidate]:
    matching = rules.hosters.about(fact.subject)
    manner = _manner(matching[0][1]) if matching else _USUAL
    for match, rule in matching:
        for order, contact in enumerate(_of_rule(match, rule)):
            yield _Candidate(rank=(0, match.rank(fact.subject), order), contact=contact, subject=fact.subject)
    kinds = (BookKind.FRONT, BookKind.ABUSE) if front else (BookKind.ABUSE,)
    for tier, kind in enumerate(kinds, start=1):
        for order, row in enumerate(rules.book.matching(kind, fact.subject)):
            contact = of_row(row, rules.book.name, manner)
            yield _Candidate(rank=(tier, row.match.rank(fact.subject), order), contact=contact, subject=fact.subject)
    # A rule about a network says nothing about how a platform on it wants to be told.
    by_name = next((_manner(rule) for match, rule in matching if match.name is not None), _USUAL)
    for tier, order, contact in _found_out(fact):
        how = by_name if tier == _PLATFORM else manner
        told = contact if how is _USUAL else replace(contact, format=how.format, group=how.group, language=how.language)
        yield _Candidate(rank=(tier, (0, 0), order), contact=told, subject=fact.subject, own_words=False)


def _of_rule(match: Match, rule: HosterRule) -> Iterator[Contact]:
    # An API first, with the mailbox for the day it fails; a hoster that only takes a form gets the form.
    ways = [("api", rule.api), ("mail", rule.email), ("form", rule.form)]
    if not rule.api:
        ways.reverse()
    for channel, address in ways:
        if address:
            yield Contact(
                channel=channel,
                address=address,
                source="config",
                rule=f"[[hoster]] for {match}: the operator's own word",
                format=rule.format,
                group=rule.group,
                language=rule.language or None,
            )


def _manner(rule: HosterRule) -> Manner:
    return Manner(format=rule.format, group=rule.group, language=rule.language or None)


def of_row(row: BookRow, book: str, manner: Manner) -> Contact:
    """Make a contact of a row of the book (`book`: its file, for the reason); `manner` is what the row leaves open."""
    return Contact(
        channel="form" if row.address.startswith(("https://", "http://")) else "mail",
        address=row.address,
        source="contacts",
        rule=f"{book}, line {row.line}: {row.kind} contact for {row.match}",
        format=row.format or manner.format,
        group=manner.group,
        language=row.language or manner.language,
    )


def _found_out(fact: Facts) -> Iterator[tuple[int, int, Contact]]:
    if fact.platform is not None:
        for order, address in enumerate(fact.platform.contacts):
            yield _PLATFORM, order, _of_platform(fact.platform, address)
    for order, contact in enumerate(fact.registered):
        yield 4, order, _registered(contact, "rdap", "registration of the network")
    if fact.file_mailbox is not None:
        rule = f"abuse_email of the longest prefix in {fact.file_name}"
        yield 5, 0, Contact(channel="mail", address=fact.file_mailbox, source="network file", rule=rule)
    for order, contact in enumerate(fact.system):
        yield 6, order, _registered(contact, "rdap autnum", f"registration of AS{fact.subject.asn}")


def _of_platform(platform: Platform, address: str) -> Contact:
    what = f"{platform.kind.words} {platform.name}"
    rule = (
        f"platforms.csv ({platform.date}, {_SURE.get(platform.checked, platform.checked)}): {what}, {platform.source}"
    )
    channel = "form" if address.startswith("https://") else "mail"
    return Contact(channel=channel, address=address, source="platform", rule=rule)


def _registered(contact: RegisteredContact, source: str, where: str) -> Contact:
    return Contact(channel="mail", address=contact.address, source=source, rule=f"{where}: {contact.provenance}")


def _may_be_told(candidate: _Candidate, rules: Rules) -> bool:
    contact = candidate.contact
    if rules.book.vetoes(contact.address, candidate.subject):
        return False
    return candidate.own_words or not rules.never.strikes(contact.address)


def ladder_contact(
    kind: BookKind,
    subjects: Iterable[Subject],
    rules: Rules,
    registrar: Contact | None = None,
    shared: SharedHost | None = None,
) -> Contact | None:
    """Find who is told at a step of the ladder (site, upstream, registrar): the book, then the domain's registration.

    None where nobody is known, and at the steps that `spared` spares a host that strangers share: the step is skipped
    and recorded.
    """
    if spared(kind, shared):
        return None
    rows = [(row, subject) for subject in subjects for row in rules.book.matching(kind, subject)]
    for row, subject in sorted(rows, key=lambda pair: pair[0].match.rank(pair[1])):
        if not rules.book.vetoes(row.address, subject):
            return of_row(row, rules.book.name, Manner())
    return registrar if kind is BookKind.REGISTRAR else None


def spared(kind: BookKind, shared: SharedHost | None) -> bool:
    """Say whether a step would hit strangers: upstream of a shared host, and the registrar of a shared domain."""
    if shared is None:
        return False
    return kind is BookKind.UPSTREAM or (kind is BookKind.REGISTRAR and not shared.own_domain)


def registrar_contacts(abuse: Sequence[RegisteredContact], rules: Rules, subject: Subject) -> tuple[Contact, ...]:
    """Give the abuse mailboxes of a domain's registrar that may be told, in the order of its registration (`abuse`)."""
    contacts = (_registered(contact, "rdap domain", "registration of the domain, registrar") for contact in abuse)
    candidates = (_Candidate(rank=(0, (0, 0), 0), contact=c, subject=subject, own_words=False) for c in contacts)
    return tuple(candidate.contact for candidate in candidates if _may_be_told(candidate, rules))[:LARGEST]
