"""Where every script of the world stands by now, and what its people still have to say.

Holds state but no IO and no clock: whoever serves a question or takes a message says when.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ntd.lab.script import Cue, Script, Standing, advance, hear
from ntd.lab.world import Item, World


@dataclass(slots=True)
class Reel:
    """One script on its way, with every step it took and when."""

    script: Script
    standing: Standing
    taken: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken.append((self.standing.since, self.script[0].action))

    def hear(self, cue: Cue, at: datetime) -> None:
        """Let something happen to it."""
        self._move(lambda before: hear(self.script, before, cue, at))

    def at(self, now: datetime) -> str:
        """Give what holds now."""
        self._move(lambda before: advance(self.script, before, now))
        return self.script[self.standing.index].action

    def _move(self, step: Callable[[Standing], Standing]) -> None:
        before = self.standing.index
        self.standing = step(self.standing)
        # Steps that were passed over in one move are told with the moment of the last: nobody saw them.
        steps = self.script[before + 1 : self.standing.index + 1]
        self.taken.extend((self.standing.since, one.action) for one in steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What a partner or a recipient says about an item, by its own script."""

    item: Item
    action: str  # "content_removed", "content_unavailable LinkExpired", "removed"


class Plot:
    """All scripts of a world."""

    def __init__(self, world: World, start: datetime) -> None:
        self.world = world
        self.start = start
        self._names = {name: self._reel(script) for name, script in world.names.items()}
        self._pages = {
            item.key: {hoster: self._reel(script) for hoster, script in item.pages.items()} for item in world.items
        }
        self._of_host: dict[str, list[Reel]] = {}
        for (host, _), reels in self._pages.items():
            self._of_host.setdefault(host, []).extend(reels.values())
        self._partners = {item.key: self._reel(item.partner) for item in world.items if item.partner}
        self._links = {item.key: self._reel(item.link) for item in world.items if item.link}
        self._items = {item.key: item for item in world.items}
        self._said: dict[tuple[str, tuple[str, str]], int] = {}
        self._turns: dict[str, int] = {}

    def _reel(self, script: Script) -> Reel:
        return Reel(script=script, standing=Standing(index=0, since=self.start))

    def item(self, key: tuple[str, str]) -> Item | None:
        """Give the row with this host and path."""
        return self._items.get(key)

    def told(self, key: tuple[str, str], hoster: str, at: datetime) -> None:
        """Somebody on the hoster's side took a message that names this item."""
        self._hear(Cue.TOLD, key, at, hoster)
        if key in self._links:
            self._links[key].hear(Cue.TOLD, at)

    def forwarded(self, key: tuple[str, str], at: datetime) -> None:
        """Let a partner have taken this item."""
        self._hear(Cue.FORWARDED, key, at, None)
        if key in self._partners:
            self._partners[key].hear(Cue.FORWARDED, at)

    def escalated(self, key: tuple[str, str], at: datetime) -> None:
        """Let the regulator have been told about this item."""
        self._hear(Cue.ESCALATED, key, at, None)

    def _hear(self, cue: Cue, key: tuple[str, str], at: datetime, hoster: str | None) -> None:
        if key[0] in self._names:
            self._names[key[0]].hear(cue, at)
        for only, reel in self._pages.get(key, {}).items():
            if not only or hoster is None or only == hoster:
                reel.hear(cue, at)

    def name(self, host: str, now: datetime) -> str | None:
        """Give what the name answers now, or None where there is no such name."""
        reel = self._names.get(host)
        if reel is None:
            return None
        reel.hear(Cue.LOOKED, now)
        return reel.at(now)

    def name_now(self, host: str, now: datetime) -> str:
        """Give what the name answers now, without this being a look at it."""
        return self._names[host].at(now)

    def turn(self, host: str, of: int) -> int:
        """Give whose turn it is among `of` addresses that go round."""
        self._turns[host] = self._turns.get(host, -1) + 1
        return self._turns[host] % of

    def page(self, key: tuple[str, str], hoster: str, now: datetime) -> str | None:
        """Give what the page does now at this hoster, or None where it is no item's page."""
        reels = self._pages.get(key, {})
        reel = reels.get(hoster) or reels.get("")
        if reel is None:
            return None
        reel.hear(Cue.LOOKED, now)
        return reel.at(now)

    def of_host(self, host: str, now: datetime) -> Iterator[str]:
        """Give what every item's page on a host does now, without anybody having looked."""
        return (reel.at(now) for reel in self._of_host.get(host, ()))

    def partner_says(self, now: datetime) -> Iterator[Saying]:
        """Give what partners have to say and have not said yet."""
        return self._sayings("partner", self._partners, now)

    def recipient_says(self, now: datetime) -> Iterator[Saying]:
        """Give what recipients have to say through the link of a notice and have not said yet."""
        return self._sayings("link", self._links, now)

    def _sayings(self, who: str, reels: dict[tuple[str, str], Reel], now: datetime) -> Iterator[Saying]:
        for key, reel in reels.items():
            reel.at(now)
            if self._said.get((who, key), 1) < len(reel.taken):
                yield Saying(item=self._items[key], action=reel.taken[self._said.get((who, key), 1)][1])

    def said(self, who: str, saying: Saying) -> None:
        """Note that it was said; `who` is "partner" or "link"."""
        key = (who, saying.item.key)
        self._said[key] = self._said.get(key, 1) + 1

    def steps(self) -> dict[str, list[tuple[datetime, str]]]:
        """Give every page's steps: the truth that removal times are measured against."""
        return {
            f"{key[0]}{key[1]}" + (f" at {hoster}" if hoster else ""): list(reel.taken)
            for key, reels in self._pages.items()
            for hoster, reel in reels.items()
        }

    def moves(self) -> dict[str, list[tuple[datetime, str]]]:
        """Give every name's steps."""
        return {name: list(reel.taken) for name, reel in self._names.items()}

    def age(self, now: datetime) -> timedelta:
        """Give how long the world has existed."""
        return now - self.start
