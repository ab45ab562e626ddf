"""A registry on loopback: RDAP answers from a table, delays, pauses, redirects and lies where the table says so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from aiohttp import web

from tests.fakes.loopback import listening


def card(name: str | None = None, mail: str | None = None, **parameters: object) -> list[Any]:
    """Make a jCard (RFC 7095) of a name and a mailbox."""
    lines: list[list[Any]] = [["version", {}, "text", "4.0"]]
    if name is not None:
        lines.append(["fn", {}, "text", name])
    if mail is not None:
        lines.append(["email", parameters, "text", mail])
    return ["vcard", lines]


def entity(role: str, name: str | None = None, mail: str | None = None, *inside: dict[str, Any]) -> dict[str, Any]:
    """Make an entity with one role, and others inside it."""
    made: dict[str, Any] = {
        "objectClassName": "entity",
        "handle": f"{role}-1",
        "roles": [role],
        "vcardArray": card(name, mail),
    }
    return made | ({"entities": list(inside)} if inside else {})


def network(block: str, *entities: dict[str, Any], **members: object) -> dict[str, Any]:
    """Make an ip network object (RFC 9083, section 5.4)."""
    net = ip_network(block)
    return {
        "objectClassName": "ip network",
        "handle": block,
        "startAddress": str(net.network_address),
        "endAddress": str(net.broadcast_address),
        "ipVersion": f"v{net.version}",
        "name": "EXAMPLE-NET",
        "entities": list(entities),
        **members,
    }


@dataclass(slots=True)
class FakeRdap:
    """The table: networks by longest prefix, other objects by path; `replies` overrides a path with anything."""

    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    replies: dict[str, list[web.StreamResponse]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    delay_s: float = 0.0
    answering: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: nothing is answered until it is set
    port: int = 0

    def __post_init__(self) -> None:
        self.answering.set()

    @property
    def base(self) -> str:
        """Give what `geo.registration` wants."""
        return f"http://127.0.0.1:{self.port}/"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.path.lstrip("/")
        self.asked[path] += 1
        await asyncio.sleep(self.delay_s)
        await self.answering.wait()
        if self.replies.get(path):
            return self.replies[path].pop(0)
        if path in self.files:
            return web.Response(text=self.files[path], content_type="text/csv")
        found = self._network(path[3:]) if path.startswith("ip/") else self.objects.get(path)
        if found is None:
            return web.json_response({"errorCode": 404}, status=404, content_type="application/rdap+json")
        return web.json_response(found, content_type="application/rdap+json")

    def _network(self, text: str) -> dict[str, Any] | None:
        # RFC 9082, section 3.1.1: the smallest network that holds the whole block asked for.
        asked, known = ip_network(text), map(ip_network, self.networks)
        holding = [block for block in known if block.version == asked.version and asked.subnet_of(block)]  # type: ignore[arg-type]
        if not holding:
            return None
        return self.networks[str(max(holding, key=lambda block: block.prefixlen))]


@asynccontextmanager
async def registering() -> AsyncIterator[FakeRdap]:
    """Serve a registry on an ephemeral port of 127.0.0.1."""
    fake = FakeRdap()
    app = web.Application()
    app.router.add_get("/{path:.*}", fake.answer)
    async with listening(app) as fake.port:
        yield fake
