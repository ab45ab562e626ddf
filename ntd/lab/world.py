"""The scenario table as values. Pure.

`scenarios.toml` is the one place where the lab's world is written down; this file reads it and checks that it makes
sense: every address belongs to a hoster, every name to a story, every step can be read.
"""

import re
import tomllib
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from ntd.lab.script import Script, parse_script

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: "polder.11": the eleventh address of that hoster's network.
_PLACE = re.compile(r"(?P<hoster>[a-z]+)\.(?P<number>\d+)")
#: Words of a name's script that are not addresses.
NAME_WORDS = frozenset({"NXDOMAIN", "NODATA", "SERVFAIL", "REFUSED", "silence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hoster:
    """Somebody with a network, and how he wants to be, or cannot be, told."""

    key: str
    asn: int
    name: str
    country: str
    network: Network
    category: str = "hosting"
    known_by: str = "file"  # "file": the network file; "dns": only the zone of origins
    registration: str = "plain"  # plain | nested | busy | contactless | none
    abuse: str = ""  # mailbox that registration data name
    file_abuse: str = ""  # mailbox that the network file names
    book: str = ""  # mailbox that our own contact book names
    rule: str = ""  # our own rule for it: "" | "api" | "xarf"
    mailbox: str = "takes"  # takes | greylists | refuses | hangs up

    @property
    def mailboxes(self) -> tuple[str, ...]:
        """Give every mailbox that is his."""
        return tuple(box for box in (self.abuse, self.file_abuse, self.book) if box)

    def address(self, number: int) -> Address:
        """Give the address with that number in his network."""
        return self.network.network_address + number


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """The hotline of another country. `way`: api | fetch | mail | none."""

    code: str
    name: str
    countries: tuple[str, ...]
    way: str
    email: str = ""
    acknowledge: str = "24h"
    patience: str = "72h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an item must end."""

    state: str
    notices: dict[str, str] = field(default_factory=dict)  # "first", "first failed" → "1", "1+", "0-2"
    forwards: tuple[str, ...] = ()  # partners that accepted it
    relocations: tuple[str, ...] = ()  # kinds, in order
    attention: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ("gone",)  # of its stays, in `ntd report sla`
    verdict: str = ""  # of the last look; empty: not asked
    gone_by: str = ""
    untouched: bool = False  # nobody may have asked for its page
    turns: tuple[str, ...] | None = None  # "gone 1", "returned 2": in this order, each after that step of its page


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an analyst does about an item: `do` (release, withdraw, …) `after_s` seconds after it was first `when`."""

    when: str
    after_s: float
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of the table."""

    url: str  # without scheme and port: "img.pictures.test/i/1.jpg"
    scheme: str
    tells: str
    pages: dict[str, Script]  # by hoster; "" for every hoster
    partner: Script | None = None
    partner_refuses: str = ""
    link: Script | None = None
    act: Act | None = None
    intake: dict[str, Any] = field(default_factory=dict)
    ending: Ending

    @property
    def host(self) -> str:
        """Give its host, an IPv6 address with brackets."""
        return self.url.partition("/")[0]

    @property
    def path(self) -> str:
        """Give its path."""
        return "/" + self.url.partition("/")[2]

    @property
    def key(self) -> tuple[str, str]:
        """Give what a web server knows it by."""
        return self.host, self.path

    def at(self, port: int) -> str:
        """Give its URL, with the port that the lab's web servers listen on."""
        return f"{self.scheme}://{self.host}:{port}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A site: its names, what happens to it, and the items on it."""

    site: str
    tells: str
    names: dict[str, Script] = field(default_factory=dict)
    path: tuple[str, ...] = ()  # countries it was seen in, for the relocation table
    watched: str = ""  # the label under which it is followed without items
    needs: str = ""  # "ipv6"
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of input that is no row: a duplicate, or one that must be refused."""

    text: str  # $PORT stands for the port
    answer: str
    says: str = ""  # what the refusal must mention

    def at(self, port: int) -> str:
        """Give the line as it is submitted."""
        return self.text.replace("$PORT", str(port))


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything the lab plays."""

    home: str
    regulator: str
    canary: str
    shown: str  # the URL, as its row has it, of the item whose whole story the demo tells
    hosters: dict[str, Hoster]
    partners: dict[str, Partner]
    stories: tuple[Story, ...]
    lines: tuple[Line, ...]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Give all rows in the order of the table."""
        return tuple(item for story in self.stories for item in story.items)

    @cached_property
    def names(self) -> dict[str, Script]:
        """Give the script of every name."""
        return {name: script for story in self.stories for name, script in story.names.items()}

    @cached_property
    def sites(self) -> frozenset[str]:
        """Give the registered domains that exist."""
        return frozenset(story.site for story in self.stories if story.names)

    def places(self, text: str) -> tuple[Address, ...]:
        """Give the addresses in an action such as "polder.11 molen.12" or "round polder.1 polder.2"."""
        words = text.removeprefix("round ").split()
        return tuple(self._place(word) for word in words if text not in NAME_WORDS and words[0] != "CNAME")

    def _place(self, word: str) -> Address:
        match = _PLACE.fullmatch(word)
        if match is None:
            return ip_address(word)
        if match["hoster"] not in self.hosters:
            raise ValueError(f"{word!r} names a hoster that the table does not have")
        return self.hosters[match["hoster"]].address(int(match["number"]))

    def hoster_of(self, address: Address) -> Hoster | None:
        """Give the hoster whose network holds the address."""
        return next((hoster for hoster in self.hosters.values() if address in hoster.network), None)

    def hoster_at(self, text: str) -> Hoster | None:
        """Give the hoster whose network holds the address in this text."""
        return self.hoster_of(ip_address(text))

    def addresses(self) -> frozenset[Address]:
        """Give every address on which somebody's web server listens: all that a name or a URL ever shows."""
        named = {place for script in self.names.values() for step in script for place in self.places(step.action)}
        literal = {ip_address(item.host.strip("[]")) for item in self.items if is_address(item.host)}
        return frozenset(address for address in named | literal if self.hoster_of(address))

    def without(self, need: str) -> "World":
        """Give the world without the stories that need what this machine does not have."""
        return replace(self, stories=tuple(story for story in self.stories if story.needs != need))


def is_address(host: str) -> bool:
    """Say whether a host is an address, with or without brackets."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def read_world(text: str) -> World:
    """Read the table; ValueError or KeyError says which row cannot be read."""
    table = tomllib.loads(text)
    hosters = {key: _hoster(key, row) for key, row in table["hoster"].items()}
    partners = {code: _partner(code, row) for code, row in table["partner"].items()}
    world = World(
        home=table["home"],
        regulator=table["regulator"],
        canary=table["canary"],
        shown=table["shown"],
        hosters=hosters,
        partners=partners,
        stories=tuple(_story(row) for row in table["story"]),
        lines=tuple(Line(**row) for row in table.get("line", [])),
    )
    world.addresses()  # every place can be read
    if all(item.url != world.shown for item in world.items):
        raise ValueError(f"shown names {world.shown}, which is no row")
    return world


def _hoster(key: str, row: dict[str, Any]) -> Hoster:
    return Hoster(key=key, network=ip_network(row["network"]), **{k: v for k, v in row.items() if k != "network"})


def _partner(code: str, row: dict[str, Any]) -> Partner:
    return Partner(code=code, countries=tuple(row["countries"]), **{k: v for k, v in row.items() if k != "countries"})


def _story(row: dict[str, Any]) -> Story:
    return Story(
        site=row["site"],
        tells=row["tells"],
        names={name: parse_script(script) for name, script in row.get("names", {}).items()},
        path=tuple(row.get("path", ())),
        watched=row.get("watched", ""),
        needs=row.get("needs", ""),
        items=tuple(_item(one) for one in row.get("item", [])),
    )


def _item(row: dict[str, Any]) -> Item:
    scheme, mark, rest = row["url"].partition("://")
    page = row.get("page", ["image"])
    pages = page if isinstance(page, dict) else {"": page}
    return Item(
        url=rest if mark else row["url"],
        scheme=scheme if mark else "http",
        tells=row["tells"],
        pages={hoster: parse_script(script) for hoster, script in pages.items()},
        partner=parse_script(["wait", *row["partner"]]) if "partner" in row else None,
        partner_refuses=row.get("partner_refuses", ""),
        link=parse_script(["wait", *row["link"]]) if "link" in row else None,
        act=Act(**row["act"]) if "act" in row else None,
        intake=row.get("intake", {}),
        ending=_ending(row["ends"]),
    )


def _ending(row: dict[str, Any]) -> Ending:
    unknown = row.keys() - {one.name for one in fields(Ending)}
    if unknown:
        raise ValueError(f"an ending knows no {', '.join(sorted(unknown))}")
    return Ending(
        state=row["state"],
        notices={kind: str(count) for kind, count in row.get("notices", {}).items()},
        forwards=tuple(row.get("forwards", ())),
        relocations=tuple(row.get("relocations", ())),
        attention=tuple(row.get("attention", ())),
        outcomes=tuple(row.get("outcomes", ("gone",))),
        verdict=row.get("verdict", ""),
        gone_by=row.get("gone_by", ""),
        untouched=row.get("untouched", False),
        turns=tuple(row["turns"]) if "turns" in row else None,
    )
