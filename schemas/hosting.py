"""Where a host lives: addresses, networks, places, contacts; every fact with its source and time."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from schemas.url import HostKind

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def address_order(address: Address) -> tuple[int, int]:
    """Sort key of addresses: IPv4 first, then ascending."""
    return address.version, int(address)


class Category(StrEnum):
    """What a network is for, as the network file says."""

    HOSTING = "hosting"
    CDN = "cdn"
    PROXY = "proxy"
    ISP = "isp"
    ANYCAST = "anycast"  # announced from many places at once
    SATELLITE = "satellite"  # reached through satellites, wherever the dish stands


class Reach(StrEnum):
    """Why an address stands in no one place."""

    ANYCAST = "anycast"
    SATELLITE = "satellite"

    @property
    def words(self) -> str:
        """Write it for people."""
        if self is Reach.ANYCAST:
            return "anycast: answers from many places at once, the country is its holder's"
        return "satellite: the machine may stand anywhere, the country is its holder's"


class NameFate(StrEnum):
    """What asking for a name's addresses came to; each is its own fact."""

    FOUND = "found"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    LAME = "lame"  # the server points elsewhere instead of answering (RFC 9499, section 7)
    TIMEOUT = "timeout"
    VOID = "void"  # the server lies about names whose answers we know: what it says does not count
    NOT_ASKED = "not_asked"  # an address literal, an onion service
    FAULT = "fault"  # ours

    @property
    def answered(self) -> bool:
        """Say whether somebody who must know has answered; anything else is "could not find out"."""
        return self in _ANSWERED


_ANSWERED = frozenset({NameFate.FOUND, NameFate.NXDOMAIN, NameFate.NODATA, NameFate.NOT_ASKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question asked on the way, for the record and for `ntd resolve`."""

    at: datetime
    asked: str  # e.g. "A img.site.test", "network 198.51.100.7", "rdap ip/198.51.100.7"
    of: str  # e.g. "127.0.0.1:5353", "networks.csv", "https://rdap.example/"
    answer: str

    def age_s(self, now: datetime) -> float:
        """Say how many seconds ago it was asked; 0 where that was by the look at `now` itself."""
        return max(0.0, (now - self.at).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Soa:
    """The start of a zone (RFC 1035, section 3.3.13): who runs it."""

    zone: str
    primary: str  # its first name server
    mailbox: str  # of who runs it, as it stands there; nobody is told by way of it
    serial: int
    negative_s: int  # seconds that an absence in it holds: the smaller of TTL and MINIMUM (RFC 2308, section 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody who can be told, with the reason it was chosen. Exactly one of mail, api, form is set."""

    channel: str  # "mail" | "api" | "form"
    address: str  # mailbox, base URL of an API, URL of a form
    source: str  # where it comes from: "config", "contacts", "rdap", "network file", …
    rule: str  # the rule that chose it, in words an analyst understands
    format: str = "digest"  # "digest" | "xarf"
    group: str = "recipient"  # "recipient" | "ip" | "site"
    language: str | None = None
    doubt: str | None = None  # why it stands behind the others although its rule is stronger


class PlatformKind(StrEnum):
    """What strangers share at a platform."""

    MESSENGER = "messenger"
    CLOUD_DRIVE = "cloud_drive"
    OBJECT_STORE = "object_store"
    SHORTENER = "shortener"  # what stands there is elsewhere: its target is a URL of its own
    LINK_PAGE = "link_page"
    BLOG = "blog"
    SITE_BUILDER = "site_builder"
    APP_HOST = "app_host"
    IPFS_GATEWAY = "ipfs_gateway"  # shows content that has no hoster
    ONION_GATEWAY = "onion_gateway"  # shows onion services, which have none either
    WEB_ARCHIVE = "web_archive"
    SOCIAL_NETWORK = "social_network"

    @property
    def words(self) -> str:
        """Write it for people."""
        return self.value.replace("_", " ").replace("ipfs", "IPFS")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedHost:
    """A host that is one of many under a domain which belongs to neither of those who publish there."""

    under: str  # the domain they share
    platform: str | None  # who runs it, where known
    kind: PlatformKind | None
    rule: str  # why we say so, in words an analyst understands
    own_domain: bool = False  # the host's own domain is the customer's and only leads to the platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One combination of network, AS, country, organisation and front."""

    prefix: Network | None
    asn: int | None  # the leading origin
    as_name: str | None
    country: str | None  # ISO 3166-1 alpha-2, upper case
    hoster: str  # display name: organisation where one is mapped, else "AS64501", else the network
    front: str | None = None  # name of the front, None where it is the machine itself
    run_by: str | None = None  # the platform that runs the host, where the network is only a front of it
    category: Category | None = None
    country_sources: dict[str, str] = field(default_factory=dict, hash=False)  # source → country
    country_disputed: bool = False
    reach: Reach | None = None  # None: one place, as far as we know
    origins: tuple[int, ...] = ()  # every AS that announces the network, ascending; given none: `asn` alone

    def __post_init__(self) -> None:
        """Let a single AS be its only origin."""
        if not self.origins and self.asn is not None:
            object.__setattr__(self, "origins", (self.asn,))

    @property
    def hoster_key(self) -> str:
        """Identify the hoster: the platform that runs the host, its AS where known, its organisation, its network."""
        if self.run_by is not None:
            return f"name:{self.run_by.casefold()}"
        return f"as{self.asn}" if self.asn is not None else f"name:{self.hoster.casefold()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The addresses of a host at one hoster in one country, with the contacts in order of choice."""

    place: Place  # of the lowest address
    addresses: tuple[Address, ...]  # in `address_order`
    contacts: tuple[Contact, ...] = ()  # the first is the chosen one; empty: nobody is known
    origin: bool = False  # what stands behind the fronts, as somebody told us; the name does not lead there


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """What the registry says of the registered domain."""

    registrar: str | None
    status: tuple[str, ...]  # in the registry's words: "client transfer prohibited", …
    nameservers: tuple[str, ...]  # as registered, in lower case; the zone may name others
    created: datetime | None


# No slots: each look from memory is a copy with a later time, and a dictionary is copied in one go.
@dataclass(frozen=True, kw_only=True)
class Resolution:
    """All that one look at a host found out."""

    host: str
    site: str
    kind: HostKind
    at: datetime
    fate: NameFate
    shared: SharedHost | None = None  # None: the host is somebody's own, as far as we know
    cnames: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()  # every A and AAAA, in `address_order`
    nameservers: tuple[str, ...] = ()
    soa: Soa | None = None  # of the site's zone, or of the one it stands in; None: not seen
    wildcard: bool | None = None  # a random neighbour of the host answers the same; None: could not be found out
    located: tuple[Located, ...] = ()  # one per hoster and country, that of the lowest address first; empty: no place
    not_public: tuple[Address, ...] = ()  # addresses that nobody may dial
    origins: tuple[Located, ...] = ()  # behind the fronts, at the addresses that were asked about
    registrar: str | None = None
    registrar_contact: Contact | None = None
    domain: DomainFacts | None = None  # None: not asked for, or nothing registered
    questions: tuple[Question, ...] = ()
    complete: bool = True  # False: some part timed out; what is here is still true
    ttl_s: int = 0
