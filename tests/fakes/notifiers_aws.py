"""The AWS Abuse Signal API on loopback, as its reference of 18 November 2026 describes it.

It knows one key, refuses every other signature, keeps reports by `clientToken` until `a_day_passes`, and lists them by
`correlationId`.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from notifiers.sigv4 import Signatory, signature_headers
from tests.fakes.loopback import listening

KEY = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
_WHO = Signatory(key_id="AKIDEXAMPLE", secret=KEY.partition(":")[2], region="eu-west-2", service="abuse")


@dataclass(slots=True)
class FakeAws:
    """What it does with the next reports (`does`: a status, or "take and drop"), and what it has."""

    now: datetime
    does: list[int | str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)  # what was taken, oldest first
    tokens: dict[str, str] = field(default_factory=dict)
    listing: int = 200
    port: int = 0

    @property
    def base(self) -> str:
        """Give what `api` of a hoster's rule wants."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeAws"]:
        """Listen on a port of its own."""
        app = web.Application()
        app.router.add_post("/v1/abuse", self._create)
        app.router.add_get("/v1/abusestatuses", self._list)
        async with listening(app) as self.port:
            yield self

    def a_day_passes(self) -> None:
        """Forget the tokens, as it does after 24 hours."""
        self.tokens.clear()

    async def _create(self, request: web.Request) -> web.Response:
        self.asked.append("create")
        body = await request.read()
        if not self._signed(request, body, {"Content-Type": "application/json"}):
            return web.json_response({"message": "the signature does not match"}, status=403)
        what = self.does.pop(0) if self.does else 202
        if what in {429, 503}:
            return web.json_response({"message": "slow down"}, status=int(what))
        given = json.loads(body)
        if given["clientToken"] not in self.tokens:
            self.tokens[given["clientToken"]] = f"abuse{len(self.reports):020}"
            self.reports.append(given | {"reportId": self.tokens[given["clientToken"]]})
        if what == "take and drop" and request.transport:
            request.transport.abort()
        status = 202 if isinstance(what, str) else what
        return web.json_response({"reportId": self.tokens[given["clientToken"]]}, status=status)

    async def _list(self, request: web.Request) -> web.Response:
        self.asked.append("list")
        if not self._signed(request, b"", {}):
            return web.json_response({"message": "the signature does not match"}, status=403)
        wanted = request.query["correlationId"]
        found = [one for one in self.reports if one["correlationId"] == wanted][: int(request.query["maxResults"])]
        listed = [{"reportId": one["reportId"], "correlationId": wanted, "status": "QUEUED"} for one in found]
        return web.json_response({"reports": listed}, status=self.listing)

    def _signed(self, request: web.Request, body: bytes, headers: dict[str, str]) -> bool:
        wanted = signature_headers(_WHO, request.method, f"{self.base}{request.path_qs}", headers, body, self.now)
        as_signed = all(request.headers.get(name) == value for name, value in headers.items())
        return as_signed and all(request.headers.get(name) == value for name, value in wanted.items())
