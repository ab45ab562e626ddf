"""The RDAP server (RFC 9082): ip, autnum, domain and entity; some networks are asked about too often."""

import json
from collections.abc import Callable

from aiohttp import web

from ntd.lab.ledger import Ledger
from ntd.lab.registry import Document, domain_document, entity_document, network_document, number_document
from ntd.lab.world import World, is_address

_RETRY_AFTER_S = 1


class Registry:
    """Serves the registration data of a world."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._refused: set[str] = set()
        self._find: dict[str, Callable[[World, str], Document | None]] = {
            "ip": network_document,
            "autnum": number_document,
            "domain": domain_document,
            "entity": entity_document,
        }

    def app(self) -> web.Application:
        """Give the application to be served."""
        app = web.Application()
        app.router.add_get("/{kind:ip|autnum|domain|entity}/{key:.+}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        kind, key = request.match_info["kind"], request.match_info["key"]
        self._ledger.registrations[f"{kind}/{key}"] += 1
        if self._too_busy(kind, key):
            return web.Response(status=429, headers={"Retry-After": str(_RETRY_AFTER_S)})
        document = self._find[kind](self._world, key.partition("/")[0])
        if document is None:
            document = {"rdapConformance": ["rdap_level_0"], "errorCode": 404, "title": "Not found"}
        return web.Response(
            status=document.get("errorCode", 200),
            body=json.dumps(document).encode(),
            content_type="application/rdap+json",
        )

    def _too_busy(self, kind: str, key: str) -> bool:
        """Say whether this is the first question about a network whose registry is busy."""
        address = key.partition("/")[0]
        if kind != "ip" or not is_address(address):
            return False
        hoster = self._world.hoster_at(address)
        if hoster is None or hoster.registration != "busy" or hoster.key in self._refused:
            return False
        self._refused.add(hoster.key)
        return True
