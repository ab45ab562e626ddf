"""Is this a mail address that can be written to?"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from schemas.url import upwards

#: RFC 5321, 4.5.3.1: octets of a local part, and of a path (256) without its angle brackets.
_LONGEST_LOCAL: Final = 64
_LONGEST: Final = 254
# A dot-atom (RFC 5322, 3.2.3) at a host name with at least two labels, the last of which begins with a letter, so that
# no address is one. Quoted local parts do not occur in registries.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# RFC 1035, section 2.3.1 and 2.3.4: letters, digits, hyphens, 63 octets.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_FORM: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]", re.ASCII)


def mailbox(text: object) -> str | None:
    """Read a mail address (RFC 5321, 4.1.2; RFC 5322, 3.4.1), its domain in lower case; None for what cannot be one.

    "mailto:", angle brackets, blanks around it and a dot at its end are taken off; a domain beyond ASCII is written as
    the DNS has it (RFC 3490, section 4.1). No mailbox is what has a quoted local part or letters beyond ASCII in it, an
    address literal, a single label, or a number for its last label.

    >>> mailbox(" mailto:Abuse@Hoster.EXAMPLE ")
    'Abuse@hoster.example'
    """
    if not isinstance(text, str) or len(text) > _LONGEST * 2:
        return None
    bare = text.strip().strip("<>")
    local, at, domain = (bare[7:] if bare[:7].lower() == "mailto:" else bare).rpartition("@")
    address = f"{local}{at}{_ascii(domain).lower().rstrip('.')}"
    if len(address) > _LONGEST or len(local) > _LONGEST_LOCAL or not _FORM.fullmatch(address):
        return None
    return address


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain  # has no such form, and so is none


def domain_of(address: str) -> str:
    """Give the domain of a mail address.

    >>> domain_of("abuse@hoster.example")
    'hoster.example'
    """
    return address.rpartition("@")[2].lower()


def under(domain: str, parents: frozenset[str]) -> bool:
    """Say whether a domain is one of `parents` or stands below one.

    >>> under("mail.ripe.net", frozenset({"ripe.net"})), under("stripe.net", frozenset({"ripe.net"}))
    (True, False)
    """
    return not parents.isdisjoint(upwards(domain))


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Mailboxes that get no notice, whoever names them: of registries, of exchange points, of ourselves, of nobody."""

    domains: frozenset[str] = frozenset()  # and everything below them
    names: frozenset[str] = frozenset()  # local parts in lower case, at whatever domain
    mailboxes: frozenset[str] = frozenset()  # in lower case

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """Read the shipped list: column `match` is a domain, "name@" for a local part anywhere, or a whole mailbox."""
        matches = [row["match"].lower() for row in csv.DictReader(lines)]
        return cls(
            domains=frozenset(match for match in matches if "@" not in match),
            names=frozenset(match[:-1] for match in matches if match.endswith("@")),
            mailboxes=frozenset(match for match in matches if "@" in match[:-1]),
        )

    def strikes(self, address: str) -> bool:
        """Say whether a mailbox is never to be told.

        >>> never = Never(domains=frozenset({"ripe.net"}), names=frozenset({"noreply"}))
        >>> never.strikes("abuse@db.ripe.net"), never.strikes("NoReply@hoster.test"), never.strikes("abuse@stripe.net")
        (True, True, False)
        """
        whole = address.casefold()
        local, _, domain = whole.rpartition("@")
        return local in self.names or whole in self.mailboxes or under(domain, self.domains)

    def with_ourselves(self, *, domains: Iterable[str], mailboxes: Iterable[str]) -> Self:
        """Add our own domains and mailboxes; empty ones are none."""
        return type(self)(
            domains=self.domains | {domain.lower() for domain in domains if domain},
            names=self.names,
            mailboxes=self.mailboxes | {address.casefold() for address in mailboxes if address},
        )
