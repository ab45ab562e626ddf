"""What a rule is about, and the rules about one address of a host: found without looking at each of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, Generic, Self, TypeVar

from schemas.hosting import Address, Network

T = TypeVar("T")
_ASN: Final = re.compile(r"as(\d{1,10})")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a rule can match: one address of a host, with its AS."""

    host: str
    site: str
    address: Address | None = None
    asn: int | None = None  # the one that leads
    origins: tuple[int, ...] = ()  # every AS that announces its network, ascending; given none: `asn` alone
    under: str | None = None  # the domain that the host shares with strangers, e.g. "blogspot.com"

    @property
    def systems(self) -> tuple[int | None, ...]:
        """Name the ASes that a rule may mean: the leading one (None: not known), then the others that announce."""
        return (self.asn, *[origin for origin in self.origins if origin != self.asn])


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule is about: exactly one of AS, network and name; none of them: everything."""

    asn: int | None = None
    network: Network | None = None
    name: str | None = None  # a host, a site, or what strangers share

    @classmethod
    def read(cls, text: str) -> Self:
        """Read "as64501", a network, a host or site, or "*"; ValueError says what is wrong."""
        plain = text.strip().lower().rstrip(".")
        if plain == EVERYWHERE:
            return cls()
        if (asn := _ASN.fullmatch(plain)) is not None:
            return cls(asn=int(asn[1]))
        if ":" in plain or "/" in plain or plain.replace(".", "").isdigit():
            return cls(network=ip_network(plain))
        if not _NAME.fullmatch(plain):
            raise ValueError(f"{text!r} matches nothing; write for example as64501, 198.51.100.0/24 or example.net")
        return cls(name=plain)

    def rank(self, subject: Subject) -> tuple[int, int]:
        """Order the rules about a subject, the strongest lowest: its host, its site, what it shares, networks, AS, all.

        Of networks the longest goes first, of ASes the leading one.
        """
        if self.name is not None:
            return 0, (subject.host, subject.site, subject.under).index(self.name)
        if self.network is not None:
            return 1, -self.network.prefixlen
        return (2, subject.systems.index(self.asn)) if self.asn is not None else (3, 0)

    def __str__(self) -> str:
        if self.asn is not None:
            return f"AS{self.asn}"
        return str(self.network) if self.network is not None else self.name or "everything"


class Matching(Generic[T]):
    """Rules by what they are about."""

    __slots__ = ("_by_asn", "_by_name", "_by_network", "_everywhere")

    def __init__(self, rules: Iterable[tuple[Match, T]] = ()) -> None:
        """Sort `rules`, which keep their order among equals."""
        self._by_name: dict[str, list[_Ruled[T]]] = {}
        self._by_asn: dict[int, list[_Ruled[T]]] = {}
        # By IP version and bits behind the prefix, by the bits before them.
        self._by_network: dict[tuple[int, int], dict[int, list[_Ruled[T]]]] = {}
        self._everywhere: list[_Ruled[T]] = []
        for order, (match, rule) in enumerate(rules):
            self._of(match).append((order, match, rule))

    def _of(self, match: Match) -> "list[_Ruled[T]]":
        if match.name is not None:
            return self._by_name.setdefault(match.name, [])
        if match.network is not None:
            low = match.network.max_prefixlen - match.network.prefixlen
            blocks = self._by_network.setdefault((match.network.version, low), {})
            return blocks.setdefault(int(match.network.network_address) >> low, [])
        return self._by_asn.setdefault(match.asn, []) if match.asn is not None else self._everywhere

    def about(self, subject: Subject) -> list[tuple[Match, T]]:
        """Give the rules about the subject, the nearest match first (`Match.rank`), equals in their order."""
        found = [(match.rank(subject), order, match, rule) for order, match, rule in self._found(subject)]
        if len(found) > 1:
            found.sort(key=lambda one: one[:2])
        return [(match, rule) for _, _, match, rule in found]

    def _found(self, subject: Subject) -> "Iterator[_Ruled[T]]":
        if self._by_name:
            for name in {subject.host, subject.site, subject.under or subject.host}:
                yield from self._by_name.get(name, ())
        if self._by_network and subject.address is not None:
            version, number = subject.address.version, int(subject.address)
            for (of, low), blocks in self._by_network.items():
                if of == version:
                    yield from blocks.get(number >> low, ())
        if self._by_asn:
            for asn in subject.systems:
                yield from self._by_asn.get(asn, ()) if asn is not None else ()
        yield from self._everywhere


#: A rule with its place among all, and what it is about.
_Ruled = tuple[int, Match, T]
