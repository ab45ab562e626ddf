"""Is this a host that strangers share?

A blog, a site builder, a cloud drive, an object store, a link shortener, a gateway: who published there is a customer,
and who can take it down is the platform, whoever's network it stands on. Known are the names in data/platforms.csv (a
host at or below one of them, or a host whose CNAMEs lead to one) and, without a contact, every suffix of the private
half of the public suffix list. Such a domain is never complained about to its registrar, and its network never to the
networks it is connected through: that would hit everybody else there.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from schemas.hosting import PlatformKind, SharedHost
from schemas.url import Url, shared_suffix, upwards

#: Base32 of CIDv1, base36 of an IPNS key, base58 of CIDv0 (https://docs.ipfs.tech/concepts/content-addressing/).
_CID: Final = r"(?:b[a-z2-7]{50,}|k[0-9a-z]{50,}|Qm[1-9A-HJ-NP-Za-km-z]{44})"
_CID_IN_PATH: Final = re.compile(rf"/ip[fn]s/({_CID})(?:[/?]|$)")
_CID_IN_HOST: Final = re.compile(rf"({_CID})\.ip[fn]s\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One platform, as the data says."""

    name: str
    kind: PlatformKind
    contacts: tuple[str, ...] = ()  # mailboxes and https:// forms, in order of choice
    source: str = ""
    checked: str = ""  # how sure the contacts are: "page", "named", "memory"; "kind": there are none
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """What a host shares with strangers, and the platform where it is a known one."""

    shared: SharedHost
    platform: Platform | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platforms:
    """The platforms we know, by the domain their customers' hosts stand under and the one their CNAMEs lead to."""

    by_host: Mapping[str, Platform] = field(default_factory=dict)
    by_cname: Mapping[str, Platform] = field(default_factory=dict)

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """Read the shipped list (columns name, kind, hosts, cnames, contacts, source, checked, date).

        ValueError where a kind is unknown; names, contacts and CNAMEs are parted by spaces.
        """
        by_host: dict[str, Platform] = {}
        by_cname: dict[str, Platform] = {}
        for row in csv.DictReader(lines):
            platform = Platform(
                name=row["name"],
                kind=PlatformKind(row["kind"]),
                contacts=tuple(row["contacts"].split()),
                source=row["source"],
                checked=row["checked"],
                date=row["date"],
            )
            by_host |= dict.fromkeys(row["hosts"].split(), platform)
            by_cname |= dict.fromkeys(row["cnames"].split(), platform)
        return cls(by_host=by_host, by_cname=by_cname)

    def tenancy(self, host: str, cnames: Sequence[str] = ()) -> Tenancy | None:
        """Say what a host shares with strangers, the longest known name first; None where it is somebody's own."""
        if (found := _longest(host, self.by_host)) is not None:
            return _known(found, self.by_host[found], f"{host} stands at {found}")
        for cname in cnames:
            if (found := _longest(cname, self.by_cname)) is not None:
                return _known(found, self.by_cname[found], f"{host} leads to {cname}", own_domain=True)
        suffix = shared_suffix(host)
        if suffix is None:
            return None
        rule = f"public suffix list, private domains: {host} stands at {suffix}"
        return Tenancy(shared=SharedHost(under=suffix, platform=None, kind=None, rule=rule))


def _known(under: str, platform: Platform, why: str, *, own_domain: bool = False) -> Tenancy:
    rule = f"platforms.csv ({platform.date}): {why}, {platform.kind.words} {platform.name}"
    shared = SharedHost(under=under, platform=platform.name, kind=platform.kind, rule=rule, own_domain=own_domain)
    return Tenancy(shared=shared, platform=platform)


def _longest(name: str, known: Mapping[str, Platform]) -> str | None:
    return next((end for end in upwards(name) if end in known), None)


def content_address(url: Url) -> str | None:
    """Give the IPFS address of the content that a URL shows through a gateway, known or not; None where it does not.

    What one gateway no longer shows, every other one still does: the content itself has no hoster. CIDs of a host
    name are in lower case, as URLs have them.

    >>> from schemas.url import parse_url
    >>> content_address(parse_url("https://gateway.example/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG/a"))
    'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'
    """
    found = _CID_IN_PATH.match(url.path) or _CID_IN_HOST.match(url.host)
    return found[1] if found is not None else None
