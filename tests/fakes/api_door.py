"""A house with its door open: the real application on a loopback port, and somebody who knocks with a token."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from ntd.api.application import application
from ntd.api.desk import Desk, Patience
from ntd.api.server import serving
from ntd.worker import Pulse
from schemas.ids import uuid7
from schemas.settings import Settings
from tests.walk.house import House, house

ROLES = ("submitter", "analyst", "policy", "operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Read it as JSON."""
        return orjson.loads(self.body)

    @property
    def text(self) -> str:
        """Read it as text."""
        return self.body.decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Read it as NDJSON."""
        return [orjson.loads(line) for line in self.body.splitlines()]


@dataclass(slots=True)
class Street:
    """Knocks at the door in somebody's name."""

    home: House
    base: str
    session: aiohttp.ClientSession
    pulse: Pulse
    _tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, who: str) -> str:
        """Give the secret of a role's token, or of the partner whose code this is."""
        if who not in self._tokens:
            secret = self._tokens[who] = f"secret-of-{who}"
            role, partner = (who, None) if who in ROLES else ("partner", who)
            await self.home.store.pool.execute(
                "INSERT INTO token (id, name, role, partner, hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
                uuid7(self.home.now),
                f"name-of-{who}",
                role,
                partner,
                hashlib.sha256(secret.encode()).digest(),
                self.home.now,
            )
        return self._tokens[who]

    async def ask(self, method: str, path: str, who: str | None = "operator", **further: Any) -> Reply:
        """Ask for something; `who` None: without a token."""
        headers = dict(further.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {await self.token(who)}"
        async with self.session.request(method, self.base + path, headers=headers, **further) as response:
            return Reply(status=response.status, headers=dict(response.headers), body=await response.read())

    async def get(self, path: str, who: str | None = "operator", **further: Any) -> Reply:
        """Get something."""
        return await self.ask("GET", path, who, **further)

    async def post(self, path: str, body: Any = None, who: str | None = "operator", **further: Any) -> Reply:
        """Post JSON."""
        return await self.ask("POST", path, who, json=body, **further)


@asynccontextmanager
async def street(
    database: str, folder: Path, settings: Settings | None = None, patience: Patience | None = None
) -> AsyncIterator[Street]:
    """Open a house on a fresh database, and its door."""
    async with house(database, folder, settings) as home:
        pulse = Pulse()
        desk = Desk(
            settings=home.settings, store=home.store, clock=home.clock, pulse=pulse, patience=patience or Patience()
        )
        async with serving(application(desk), "127.0.0.1:0") as base, aiohttp.ClientSession() as session:
            yield Street(home, base, session, pulse)
