"""Watches the daemon through its own API until every row of the table has ended as it says."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from ntd.lab.processes import DemoFailed
from ntd.lab.verify import check_item, ends_in
from ntd.lab.world import Item

_PAGE = 1000
#: Stories read in one glance, and the seconds they may take: each costs the daemon some work, and it has its own.
_STORIES = 12
_STORIES_S = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One item went from one state to another. `before` None: it is new."""

    at_s: float
    item: Item
    before: str | None
    after: str


@dataclass(slots=True)
class Progress:
    """How far things have come."""

    total: int
    at_s: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    seen_by_lab: dict[str, int] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)


class Watch:
    """Everything the demo knows about the items, from what the API says."""

    def __init__(self, items: dict[str, Item], session: aiohttp.ClientSession, api: str, control: str) -> None:
        self._items = items  # by URL
        self._session = session
        self._api = api
        self._control = control
        self._states: dict[str, str] = {}
        self._since: dict[tuple[str, str], float] = {}  # URL and state → when first seen
        self._ended: set[str] = set()
        self._acted: set[str] = set()
        self._turn = 0
        self.ids: dict[str, str] = {}  # URL → item id
        self.progress = Progress(total=len(items))

    async def glance(self, at_s: float) -> Progress:
        """Look once: states of all items, stories of those that may have ended."""
        self.progress.at_s = at_s
        for row in await self._list():
            self._note(row, at_s)
        await self._act(at_s)
        await self._read_stories()
        self.progress.states = Counter(self._states.values())
        self.progress.ended = len(self._ended)
        self.progress.seen_by_lab = await self._get(f"{self._control}/lab/counts")
        return self.progress

    async def _read_stories(self) -> None:
        clock = asyncio.get_running_loop()
        until = clock.time() + _STORIES_S
        for url in self._candidates():
            if not check_item(self._items[url], await self.story(url)):
                self._ended.add(url)
            if clock.time() > until:
                return

    @property
    def complete(self) -> bool:
        """Say whether every row has been seen to end as it must."""
        return len(self._ended) == len(self._items)

    async def _list(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await self._get(
                f"{self._api}/api/v1/items", limit=str(_PAGE), **({"cursor": cursor} if cursor else {})
            )
            rows += page["items"]
            cursor = page["next"]
        return rows

    def _note(self, row: dict[str, Any], at_s: float) -> None:
        url, state = row["url"], row["state"]
        if url not in self._items:
            return
        before = self._states.get(url)
        self.ids[url] = row["id"]
        if state != before:
            self._states[url] = state
            self._since.setdefault((url, state), at_s)
            self.progress.news.append(News(at_s=at_s, item=self._items[url], before=before, after=state))

    def _candidates(self) -> list[str]:
        waiting = [
            url
            for url, item in self._items.items()
            if url not in self._ended and self._states.get(url, "") in ends_in(item.ending.state)
        ]
        self._turn += 1
        # In turn: what never ends as it must may not hide the others.
        start = self._turn * _STORIES % max(len(waiting), 1)
        return (waiting[start:] + waiting[:start])[:_STORIES]

    async def story(self, url: str) -> dict[str, Any]:
        """Read the whole story of one item."""
        return await self._get(f"{self._api}/api/v1/items/{self.ids[url]}")

    async def stories(self) -> dict[str, dict[str, Any]]:
        """Read every story."""
        return {url: await self.story(url) for url in self._items if url in self.ids}

    async def ledger(self) -> dict[str, Any]:
        """Read what the lab received."""
        return await self._get(f"{self._control}/lab/ledger")

    async def _get(self, url: str, **query: str) -> dict[str, Any]:
        async with self._session.get(url, params=query) as answer:
            if answer.status != 200:  # noqa: PLR2004 -- OK
                raise DemoFailed(f"the daemon answered {answer.status}: {(await answer.text())[:500]}")
            document: dict[str, Any] = await answer.json()
            return document

    async def report(self, name: str, by: str = "") -> dict[str, Any]:
        """Have a report counted."""
        return await self._get(f"{self._api}/api/v1/reports/{name}", **({"by": by} if by else {}))

    async def _act(self, at_s: float) -> None:
        """Do what the table says an analyst does, each once and as soon as it is due."""
        for url, item in self._items.items():
            since = self._since.get((url, item.act.when)) if item.act else None
            if item.act and since is not None and at_s >= since + item.act.after_s and url not in self._acted:
                self._acted.add(url)
                await self._decide(url, item.act.do, "decided in the lab")

    async def _decide(self, url: str, act: str, reason: str) -> None:
        path = f"{self._api}/api/v1/items/{self.ids[url]}/{act}"
        async with self._session.post(path, json={"reason": reason}) as answer:
            if answer.status != 200:  # noqa: PLR2004 -- OK
                raise DemoFailed(f"{act} was answered with {answer.status}: {(await answer.text())[:500]}")
