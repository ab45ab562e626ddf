"""Is this a mail address that can be written to?"""

import re
from typing import Final

#: RFC 5321, 4.5.3.1: octets of a local part and of a path.
_LONGEST_LOCAL: Final = 64
_LONGEST: Final = 254
# A dot-atom (RFC 5322, 3.2.3) at a host name with at least two labels; quoted local parts do not occur in registries.
_FORM: Final = re.compile(
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63})",
    re.ASCII,
)


def mailbox(text: object) -> str | None:
    """Read a mail address, its domain in lower case; None for what cannot be one.

    >>> mailbox(" mailto:Abuse@Hoster.EXAMPLE ")
    'Abuse@hoster.example'
    """
    if not isinstance(text, str) or len(text) > _LONGEST * 2:
        return None
    local, at, domain = text.strip().strip("<>").removeprefix("mailto:").rpartition("@")
    address = f"{local}{at}{domain.lower().rstrip('.')}"
    if len(address) > _LONGEST or len(local) > _LONGEST_LOCAL or not _FORM.fullmatch(address):
        return None
    return address


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
    labels = domain.split(".")
    return any(".".join(labels[start:]) in parents for start in range(len(labels)))
