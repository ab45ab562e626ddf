"""The description of the API (OpenAPI 3.1), written by hand. Pure.

One entry per path and method; a test holds it against the router, so that neither can go on without the other.
"""

from collections.abc import Iterable
from typing import Any, Final

from ntd.api.openapi_schemas import SCHEMAS
from schemas.item import Attention, State
from schemas.report import By, ReportName

Json = dict[str, Any]

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}


def document() -> Json:
    """Give the whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ntd",
            "version": "1",
            "summary": "Notice and takedown: items in, their states and figures out, forwards to partners and back.",
            "description": "Every error is a problem document (RFC 9457). Times are RFC 3339 in UTC. "
            "Lists page by `cursor`: give `next` of the page before; null says that there is no more. HEAD is "
            "answered as GET is, without its body, but for /exchange/forwards: served is accepted there.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": _PATHS,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "From `ntd token create NAME --role ROLE`. Each path says which roles may use it.",
                }
            },
            "schemas": SCHEMAS,
        },
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Json, description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _errors(*statuses: int) -> Json:
    return {
        str(status): {
            "description": _ERRORS[status],
            "content": {"application/problem+json": {"schema": _PROBLEM}},
        }
        for status in statuses
    }


_ERRORS: Final = {
    400: "The body is no JSON.",
    401: "No token, or one that is not known.",
    403: "The token's role may not do this.",
    404: "There is no such thing.",
    409: "The state does not allow it; nothing was changed.",
    413: "The body is too large.",
    415: "The body has another type than this path takes.",
    422: "Something in the request cannot be taken; the detail says what.",
    429: "Too often; Retry-After says when again.",
    503: "The database or another part of us is away; Retry-After says when again.",
}


def _operation(
    name: str,
    summary: str,
    roles: str,
    answer: Json,
    *errors: int,
    parameters: Iterable[Json] = (),
    body: Json | None = None,
) -> Json:
    """Write one operation behind a token."""
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Roles: {roles}.",
        "parameters": list(parameters),
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        "responses": {"200": answer} | _errors(*sorted({401, 403, 503, *errors})),
    }


def _open(name: str, summary: str, responses: Json, **further: Any) -> Json:
    """Write one operation that asks for no token."""
    return {"operationId": name, "summary": summary, "security": [], "responses": responses, **further}


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _path(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


_TEXT: Final = {"type": "string"}
_MOMENT: Final = {"type": "string", "examples": ["2026-11-20", "2026-11-20T09:00:00Z"]}
_ITEM: Final = _path("id", "The item's id.", {"type": "string", "format": "uuid"})
_LINK: Final = _path("token", "The token of the answer link in a notice.", _TEXT)
_LIMIT: Final = _query("limit", "Rows of a page.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})
_CURSOR: Final = _query("cursor", "`next` of the page before.", _TEXT)
_COUNTRY: Final = {"type": "string", "pattern": "^[A-Z]{2}$"}


def _act(name: str, summary: str, **keys: Json) -> Json:
    reason = {"type": "string", "minLength": 1, "maxLength": 2000}
    schema = {
        "type": "object",
        "properties": {"reason": reason, **keys},
        "required": ["reason"],
        "additionalProperties": False,
    }
    return {
        "post": _operation(
            name,
            summary,
            "analyst, operator",
            _json(_ref("ItemState"), "What the item is now."),
            400,
            404,
            409,
            413,
            415,
            422,
            parameters=[_ITEM],
            body={"application/json": {"schema": schema}},
        )
    }


_PATHS: Final[Json] = {
    "/api/v1/items": {
        "post": _operation(
            "submit",
            "Take one item, or many as lines of NDJSON that are answered as they are taken.",
            "submitter, analyst, operator",
            {
                "description": "The answer; for NDJSON one answer a line, in the order of the lines.",
                "content": {
                    "application/json": {"schema": _ref("LineAnswer")},
                    "application/x-ndjson": {"schema": _ref("LineAnswer")},
                },
            },
            413,
            415,
            422,
            body={
                "application/json": {"schema": _ref("Item")},
                "application/x-ndjson": {"schema": _ref("Item")},
            },
        ),
        "get": _operation(
            "listItems",
            "List items, newest first.",
            "analyst, policy, operator",
            _json(_ref("Listing"), "A page of items."),
            422,
            parameters=[
                _query("state", "Only items in this state.", {"type": "string", "enum": list(State)}),
                _query("attention", "Only items that wait for this.", {"type": "string", "enum": list(Attention)}),
                _query("host", "Only items on this host.", _TEXT),
                _query("site", "Only items of this site.", _TEXT),
                _query("asn", "Only items with a hoster in this AS.", {"type": "integer"}),
                _query("country", "Only items with a hoster in this country.", _COUNTRY),
                _query("source", "Only items from this source.", _TEXT),
                _LIMIT,
                _CURSOR,
            ],
        ),
    },
    "/api/v1/items/{id}": {
        "get": _operation(
            "showItem",
            "Tell the whole story of one item.",
            "analyst, policy, operator",
            _json(_ref("Story"), "The story."),
            404,
            parameters=[_ITEM],
        )
    },
    "/api/v1/items/{id}/hold": _act(
        "holdItem",
        "Stop everything about an item until a date or a release.",
        until={"type": ["string", "null"], "format": "date-time"},
    ),
    "/api/v1/items/{id}/release": _act("releaseItem", "Let a held item go on."),
    "/api/v1/items/{id}/withdraw": _act(
        "withdrawItem",
        "Take an item back; only an error of ours tells those who were told.",
        because={"type": "string", "enum": ["error", "police", "duplicate"], "default": "error"},
    ),
    "/api/v1/items/{id}/reopen": _act("reopenItem", "Begin anew with an ended or gone item."),
    "/api/v1/items/{id}/gone": _act("sayGone", "Say by hand that the content is gone; it is watched from now on."),
    "/api/v1/items/{id}/up": _act("sayUp", "Say by hand that the content is up: a run is broken, a gone item returns."),
    "/api/v1/items/{id}/seen": _act("seeItem", "Say that what came back was seen to: answers, bounces, attachments."),
    "/api/v1/reports/{name}": {
        "get": _operation(
            "report",
            "Count one report; what each figure means stands in its definition.",
            "analyst, policy, operator",
            _json(_ref("Report"), "The report."),
            404,
            422,
            parameters=[
                _path("name", "Which report.", {"type": "string", "enum": list(ReportName)}),
                _query("from", "From this moment on (UTC).", _MOMENT),
                _query("to", "Before this moment (UTC).", _MOMENT),
                _query("as_of", "As it was known at this moment; default now.", _MOMENT),
                _query("by", "sla: one row for each.", {"type": "string", "enum": list(By), "default": "hoster"}),
                _query("bounds", "sla: both ends of the removal interval.", {"type": "boolean"}),
                _query("since", "migration: paths begin here.", _MOMENT),
                _query("country", "migration: sites that were there at the beginning.", _COUNTRY),
                _query("label", "migration: sites with this label.", _TEXT),
            ],
        )
    },
    "/api/v1/sites": {
        "get": _operation(
            "listSites",
            "List sites with where they stand.",
            "analyst, policy, operator",
            _json(_ref("Sites"), "A page of sites."),
            422,
            parameters=[
                _query("watched", "Only followed sites, or only others.", {"type": "boolean"}),
                _query("label", "Only sites with this label.", _TEXT),
                _LIMIT,
                _CURSOR,
            ],
        )
    },
    "/api/v1/relocations": {
        "get": _operation(
            "listRelocations",
            "List confirmed moves of sites, in the order in which they became known.",
            "analyst, policy, operator",
            _json(_ref("Relocations"), "A page of moves."),
            422,
            parameters=[
                _query("since", "Only moves first seen from this moment on.", _MOMENT),
                _query("site", "Only moves of this site.", _TEXT),
                _LIMIT,
                _CURSOR,
            ],
        )
    },
    "/api/v1/exchange/forwards": {
        "get": _operation(
            "fetchForwards",
            "Fetch what is forwarded to you: all that waits, and what you were served after the cursor. "
            "Served is accepted. The id of the last forward that you have is a cursor too.",
            "partner",
            _json(_ref("Forwards"), "A page of forwards."),
            422,
            parameters=[_LIMIT, _CURSOR],
        )
    },
    "/api/v1/exchange/answers": {
        "post": _operation(
            "answerForwards",
            "Answer for items that were forwarded to you; the same answer again is recorded once.",
            "partner",
            _json(_ref("Taken"), "Which answers were taken; a single one that is not is an error."),
            400,
            404,
            413,
            415,
            422,
            body={
                "application/json": {
                    "schema": {
                        "oneOf": [
                            _ref("PartnerAnswer"),
                            {"type": "array", "maxItems": 1000, "items": _ref("PartnerAnswer")},
                        ]
                    }
                }
            },
        )
    },
    "/api/openapi.json": {
        "get": _open("describe", "This description.", {"200": _json({"type": "object"}, "OpenAPI 3.1.")})
    },
    "/healthz": {"get": _open("alive", "Is the process alive?", {"200": _json({"type": "object"}, "It is.")})},
    "/readyz": {
        "get": _open(
            "ready",
            "Is the database reachable, does every loop turn, and do looks see anything?",
            {"200": _json({"type": "object"}, "All of it.")} | _errors(503),
        )
    },
    "/metrics": {
        "get": _open(
            "figures",
            "Figures for Prometheus.",
            {"200": {"description": "Text format.", "content": {"text/plain": {"schema": _TEXT}}}},
        )
    },
    "/h/{token}": {
        "get": _open(
            "showAnswerLink",
            "The page behind the link in a notice; item ids only. Records nothing.",
            {
                "200": {
                    "description": "What was asked, with a form to answer.",
                    "content": {"text/html": {"schema": _TEXT}, "application/json": {"schema": _ref("Asked")}},
                }
            }
            | _errors(404, 429, 503),
            parameters=[_LINK],
        ),
        "post": _open(
            "answerLink",
            "Say what became of items of the notice; they are checked soon after.",
            {
                "200": {
                    "description": "What was recorded.",
                    "content": {"text/html": {"schema": _TEXT}, "application/json": {"schema": _ref("Recorded")}},
                }
            }
            | _errors(404, 413, 415, 422, 429, 503),
            parameters=[_LINK],
            requestBody={
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {"schema": _ref("LinkAnswer")},
                    "application/json": {"schema": _ref("LinkAnswer")},
                },
            },
        ),
    },
}
