"""Hosters that want XARF over HTTP: `POST /KEY/reports`, and hear at `POST /KEY/withdrawals` what was an error.

The first post of all meets 429; a report about a URL that ends in `/lost.jpg` is taken and its answer lost, once.
The same Idempotency-Key again is the same report, whatever it says.
"""

import json
from typing import Any

from aiohttp import web

from ntd.clock import Clock
from ntd.lab.ledger import Ledger, Report, key_of
from ntd.lab.plot import Plot

_RETRY_AFTER_S = 1
_LOST = "/lost.jpg"
_WITHDRAWAL = "ntd/withdrawal/1"


class HosterApi:
    """Takes reports for every hoster that has such a rule."""

    def __init__(self, plot: Plot, ledger: Ledger, clock: Clock) -> None:
        self._plot = plot
        self._ledger = ledger
        self._clock = clock
        self._keys: dict[str, str] = {}  # Idempotency-Key → our number for it
        self._was_busy: set[str] = set()

    def app(self) -> web.Application:
        """Give the application to be served."""
        app = web.Application()
        app.router.add_post("/{hoster}/reports", self._post)
        app.router.add_post("/{hoster}/withdrawals", self._withdrawn)
        return app

    async def _post(self, request: web.Request) -> web.Response:
        hoster, key = request.match_info["hoster"], request.headers.get("Idempotency-Key", "")
        document = _document(await request.read())
        if not key or document is None or document.get("type") != "csam" or not document.get("url"):
            self._note(hoster, key, "", "malformed")
            return web.json_response({"error": "one XARF v4 content/csam document, with Idempotency-Key"}, status=400)
        url = str(document["url"])
        if hoster not in self._was_busy:
            self._was_busy.add(hoster)
            self._note(hoster, key, url, "busy")
            return web.Response(status=429, headers={"Retry-After": str(_RETRY_AFTER_S)})
        if key in self._keys:
            self._note(hoster, key, url, "again")
            return web.json_response({"id": self._keys[key], "duplicate": True})
        return self._take(request, hoster, key, url)

    async def _withdrawn(self, request: web.Request) -> web.Response:
        hoster, key = request.match_info["hoster"], request.headers.get("Idempotency-Key", "")
        document = _document(await request.read())
        named = document is not None and document.get("schema") == _WITHDRAWAL and document.get("items")
        self._note(hoster, key, "", "withdrawn" if key and named else "malformed")
        return web.Response(status=204 if key and named else 400)

    def _take(self, request: web.Request, hoster: str, key: str, url: str) -> web.Response:
        self._keys[key] = f"{hoster.upper()}-{len(self._keys) + 1}"
        lost = url.endswith(_LOST)
        self._note(hoster, key, url, "answer lost" if lost else "taken")
        self._plot.told(key_of(url), hoster, self._clock.now())
        if lost and request.transport:
            request.transport.abort()
        return web.json_response({"id": self._keys[key]}, status=201)

    def _note(self, hoster: str, key: str, url: str, outcome: str) -> None:
        self._ledger.reports.append(Report(at=self._clock.now(), hoster=hoster, key=key, url=url, outcome=outcome))


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
