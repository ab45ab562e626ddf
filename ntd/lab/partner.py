"""Hotlines of other countries: some we call (`POST /CODE/forwards`), some fetch from us; all answer by their script.

They answer at `{public_url}/api/v1/exchange/answers`, with the token that we gave them; until it lies in the tokens'
folder they wait. What they were forwarded by mail they never answer.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from ntd.clock import Clock
from ntd.lab.ledger import Forward, Ledger, Said, key_of
from ntd.lab.partner_tokens import our_token
from ntd.lab.plot import Plot, Saying
from ntd.lab.world import Partner, World

_TURN_S = 0.2
_FETCH_EVERY = 5  # turns
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_PAGES = 100  # of one fetch


class Partners:
    """Every hotline of the world, as one server and one loop."""

    def __init__(self, world: World, plot: Plot, ledger: Ledger, clock: Clock, tokens: Path) -> None:
        self._world = world
        self._plot = plot
        self._ledger = ledger
        self._clock = clock
        self._tokens = tokens
        self._public_url = ""
        self._keys: dict[str, dict[str, Any]] = {}  # Idempotency-Key → what we answered
        self._known: dict[tuple[str, str], dict[str, str]] = {}  # host and path → partner → item id
        self._cursors: dict[str, str] = {}
        self._fetched: set[str] = set()

    def app(self) -> web.Application:
        """Give the application to be served."""
        app = web.Application()
        app.router.add_post("/{code}/forwards", self._post)
        return app

    @asynccontextmanager
    async def answering(self, public_url: str) -> AsyncIterator[None]:
        """Fetch and answer for as long as the block lasts."""
        self._public_url = public_url
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            task = asyncio.create_task(self._live(session))
            try:
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _post(self, request: web.Request) -> web.Response:
        code, key = request.match_info["code"], request.headers.get("Idempotency-Key", "")
        partner = self._world.partners.get(code)
        if partner is None or request.headers.get("Authorization") != f"Bearer {our_token(code)}":
            self._note(code, "", {}, (), "unauthorised")
            return web.json_response({"title": "Unauthorized"}, status=401)
        if key in self._keys:
            self._note(code, key, {}, (), "again")
            return web.json_response(self._keys[key], status=202)
        try:
            forward = json.loads(await request.read())
            items = {str(item["item"]): str(item["url"]) for item in forward["items"]}
        except (ValueError, KeyError, TypeError):
            self._note(code, key, {}, (), "malformed")
            return web.json_response({"title": "Bad Request"}, status=400)
        self._keys[key] = self.take(partner, str(forward.get("id")), items)
        return web.json_response(self._keys[key], status=202)

    def take(self, partner: Partner, identity: str, items: dict[str, str]) -> dict[str, Any]:
        """Take a forward, by whatever way it came; give the answer."""
        now = self._clock.now()
        refused = []
        for item, url in items.items():
            row = self._plot.item(key_of(url))
            if row is not None and row.partner_refuses:
                refused.append({"item": item, "reason": row.partner_refuses})
                continue
            self._known.setdefault(key_of(url), {})[partner.code] = item
            self._plot.forwarded(key_of(url), now)
        turned_away = tuple(one["item"] for one in refused)
        self._note(partner.code, identity, items, turned_away, "taken")
        return {"id": identity, "accepted": [item for item in items if item not in turned_away], "refused": refused}

    def _note(self, code: str, identity: str, items: dict[str, str], refused: tuple[str, ...], outcome: str) -> None:
        at = self._clock.now()
        forward = Forward(at=at, partner=code, id=identity, items=items, refused=refused, outcome=outcome)
        self._ledger.forwards.append(forward)

    async def _live(self, session: aiohttp.ClientSession) -> None:
        turn = 0
        while True:
            # The daemon may not be there yet, or not any more: what is to be said waits.
            with suppress(aiohttp.ClientError, TimeoutError):
                await self._answer(session)
            for partner in self._world.partners.values():
                if partner.way == "fetch" and turn % _FETCH_EVERY == 0:
                    with suppress(aiohttp.ClientError, TimeoutError, ValueError, KeyError):
                        await self._fetch(session, partner)
            turn += 1
            await asyncio.sleep(_TURN_S)

    async def _fetch(self, session: aiohttp.ClientSession, partner: Partner) -> None:
        for _ in range(_PAGES):
            headers = self._headers(partner.code)
            if headers is None:
                return
            url = f"{self._public_url}/api/v1/exchange/forwards"
            cursor = self._cursors.get(partner.code, "")
            async with session.get(url, params={"cursor": cursor} if cursor else {}, headers=headers) as answer:
                if answer.status != 200:  # noqa: PLR2004 -- OK
                    return
                page = await answer.json()
            for forward in page["forwards"]:
                self._read(partner, forward)
            if not page["next"] or page["next"] == cursor:
                return
            self._cursors[partner.code] = page["next"]

    def _read(self, partner: Partner, forward: dict[str, Any]) -> None:
        # The last page is fetched again and again until there is a next one.
        if forward["id"] not in self._fetched:
            self._fetched.add(forward["id"])
            self.take(partner, str(forward["id"]), {str(one["item"]): str(one["url"]) for one in forward["items"]})

    async def _answer(self, session: aiohttp.ClientSession) -> None:
        now = self._clock.now()
        for saying in list(self._plot.partner_says(now)):
            for code, item in list(self._known.get(saying.item.key, {}).items())[:1]:
                status = await self._say(session, code, item, saying, now)
                if status:
                    self._plot.said("partner", saying)
                    said = Said(at=now, who=code, item=item, action=saying.action, status=status)
                    self._ledger.said.append(said)

    async def _say(
        self, session: aiohttp.ClientSession, code: str, item: str, saying: Saying, now: datetime
    ) -> int | None:
        """Post one answer; None when it must be tried again."""
        headers = self._headers(code)
        if headers is None:
            return None
        action, _, reason = saying.action.partition(" ")
        body = {
            "item": item,
            "action": action,
            "reason": reason or None,
            "at": now.isoformat(),
            "note": "",
            "hosting": None,
        }
        url = f"{self._public_url}/api/v1/exchange/answers"
        async with session.post(url, json=body, headers=headers) as answer:
            return None if answer.status >= 500 else answer.status  # noqa: PLR2004 -- their fault: again later

    def _headers(self, code: str) -> dict[str, str] | None:
        token = self._tokens / code
        return {"Authorization": f"Bearer {token.read_text().strip()}"} if token.exists() else None
