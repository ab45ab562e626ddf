"""The documents of the API as JSON Schema, for its description. Pure data."""

from typing import Any, Final

from schemas.check import Verdict
from schemas.exchange import REASONS, Action, LinkAnswer
from schemas.item import Attention, Basis, Classification, Media, Outcome, State
from schemas.notice import AttemptOutcome, Channel, Format, Kind, NoticeState, Took

Json = dict[str, Any]

_TEXT: Final[Json] = {"type": "string"}
_ID: Final[Json] = {"type": "string", "format": "uuid"}
_TIME: Final[Json] = {"type": "string", "format": "date-time"}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0}
_ANY: Final[Json] = {"type": "object"}


def _or_null(schema: Json) -> Json:
    return {"oneOf": [schema, {"type": "null"}]}


def _list(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: str = "", **properties: Json) -> Json:
    schema: Json = {"type": "object", "properties": properties}
    return schema | ({"required": required.split()} if required else {})


def _all(**properties: Json) -> Json:
    """Describe an object that always has all its keys."""
    return {"type": "object", "properties": properties, "required": list(properties)}


_NULL_TEXT: Final = _or_null(_TEXT)
_NULL_TIME: Final = _or_null(_TIME)
_NULL_ASN: Final = _or_null({"type": "integer"})
_NULL_COUNTRY: Final = _or_null({"type": "string", "pattern": "^[A-Z]{2}$"})
_HASHES: Final[Json] = {"type": "object", "additionalProperties": _TEXT}
_CONTACT: Final = _or_null(
    _object("address source", address=_TEXT, source=_NULL_TEXT, rule=_NULL_TEXT, channel=_TEXT, doubt=_NULL_TEXT)
)
_SEAT: Final = _object("country asn hoster", country=_NULL_COUNTRY, asn=_NULL_ASN, hoster=_NULL_TEXT, front=_NULL_TEXT)
_PROGRESS: Final[Json] = {
    "state": {"type": "string", "enum": list(NoticeState)},
    "created_at": _TIME,
    "attempts": _list(
        _all(
            at=_TIME,
            outcome=_or_null({"type": "string", "enum": list(AttemptOutcome)}),
            by=_or_null({"type": "string", "enum": list(Took)}),
            reply=_NULL_TEXT,
        )
    ),
    "accepted_at": _NULL_TIME,
    "accepted_by": _NULL_TEXT,
    "delivered_at": _NULL_TIME,
    "dry_run": {"type": "boolean"},
    "voided_at": _NULL_TIME,
    "items": _COUNT,
    "answers": _list(_all(at=_TIME, by=_TEXT, action=_TEXT, reason=_NULL_TEXT, note=_NULL_TEXT)),
}

SCHEMAS: Final[Json] = {
    "Problem": _object("type title status detail", type=_TEXT, title=_TEXT, status=_COUNT, detail=_TEXT),
    "Item": {
        **_object(
            "url",
            url=_TEXT,
            report=_NULL_TEXT,
            reference=_NULL_TEXT,
            source=_NULL_TEXT,
            confirmed={"type": "boolean", "default": True},
            classification=_or_null({"type": "string", "enum": list(Classification)}),
            confirmed_at=_NULL_TIME,
            confirmed_by=_NULL_TEXT,
            site_type=_NULL_TEXT,
            media=_or_null({"type": "string", "enum": list(Media)}),
            hashes=_or_null(_HASHES),
            series=_NULL_TEXT,
            priority={"type": "integer", "minimum": 0, "maximum": 9, "default": 5},
            hold={"type": "boolean", "default": False},
            hold_until=_NULL_TIME,
            new_victim={"type": "boolean", "default": False},
            copied_from=_NULL_TEXT,
            basis={"type": "string", "enum": list(Basis), "default": Basis.CSAM.value},
            reason=_NULL_TEXT,
            found_on=_NULL_TEXT,
            referrer=_NULL_TEXT,
            access=_NULL_TEXT,
        ),
        "additionalProperties": False,
    },
    "LineAnswer": _all(
        line=_COUNT, outcome={"type": "string", "enum": list(Outcome)}, id=_or_null(_ID), error=_NULL_TEXT
    ),
    "ItemState": _all(id=_ID, state={"type": "string", "enum": list(State)}, attention=_list(_TEXT)),
    "Listing": _all(
        items=_list(
            _all(
                id=_ID,
                url=_TEXT,
                state={"type": "string", "enum": list(State)},
                attention=_list({"type": "string", "enum": list(Attention)}),
                host=_TEXT,
                site=_TEXT,
                country=_NULL_COUNTRY,
                asn=_NULL_ASN,
                hoster=_NULL_TEXT,
                source=_NULL_TEXT,
                priority=_COUNT,
                received_at=_TIME,
                last=_or_null(_all(at=_TIME, verdict={"type": "string", "enum": list(Verdict)})),
            )
        ),
        next=_NULL_TEXT,
    ),
    "Story": _all(
        id=_ID,
        url=_TEXT,
        state={"type": "string", "enum": list(State)},
        attention=_list({"type": "string", "enum": list(Attention)}),
        host=_TEXT,
        site=_TEXT,
        classification=_or_null({"type": "string", "enum": list(Classification)}),
        confirmed={"type": "boolean"},
        source=_NULL_TEXT,
        priority=_COUNT,
        reports=_list(_TEXT),
        references=_list(_TEXT),
        hosting=_all(
            observed_at=_NULL_TIME,
            addresses=_list(_TEXT),
            ip=_NULL_TEXT,
            prefix=_NULL_TEXT,
            asn=_NULL_ASN,
            as_name=_NULL_TEXT,
            country=_NULL_COUNTRY,
            country_sources=_HASHES,
            country_disputed={"type": "boolean"},
            reach=_NULL_TEXT,
            hoster=_NULL_TEXT,
            front=_NULL_TEXT,
            contact=_CONTACT,
        ),
        hosters=_list(
            _object(
                "asn country addresses contact",
                hoster=_TEXT,
                asn=_NULL_ASN,
                country=_NULL_COUNTRY,
                addresses=_list(_TEXT),
                contact=_CONTACT,
            )
        ),
        clock=_all(
            received_at=_TIME,
            confirmed_at=_NULL_TIME,
            resolved_at=_NULL_TIME,
            first_attempt_at=_NULL_TIME,
            first_accepted_at=_NULL_TIME,
            last_up_at=_NULL_TIME,
            first_down_at=_NULL_TIME,
            gone_at=_NULL_TIME,
            gone_by=_NULL_TEXT,
            closed_at=_NULL_TIME,
            held_s={"type": "number"},
        ),
        notices=_list(
            _all(
                id=_ID,
                kind={"type": "string", "enum": list(Kind)},
                to=_TEXT,
                channel={"type": "string", "enum": list(Channel)},
                format={"type": "string", "enum": list(Format)},
                message_id=_TEXT,
                **_PROGRESS,
            )
        ),
        forwards=_list(
            _all(
                id=_ID,
                partner=_TEXT,
                channel={"type": "string", "enum": list(Channel)},
                **_PROGRESS,
                outcome=_NULL_TEXT,
                refused_for=_NULL_TEXT,
            )
        ),
        checks=_all(
            count=_COUNT,
            last=_or_null(
                _all(
                    at=_TIME,
                    verdict={"type": "string", "enum": list(Verdict)},
                    reason=_TEXT,
                    observations=_list(_ANY),
                )
            ),
        ),
        relocations=_list(_ref("Move")),
        history=_list(
            _all(
                **{"at": _TIME, "event": _TEXT, "from": _NULL_TEXT, "to": _NULL_TEXT},
                by=_TEXT,
                detail=_or_null(_ANY),
            )
        ),
    ),
    "Move": _all(
        site=_TEXT,
        seen_old_until=_TIME,
        seen_new_from=_TIME,
        **{"from": _SEAT, "to": _SEAT},
        kind=_TEXT,
        items=_COUNT,
    ),
    "Report": _object("report as_of", report=_TEXT, as_of=_TIME, rows=_list(_ANY), total=_ANY),
    "Sites": _all(
        sites=_list(
            _all(
                site=_TEXT,
                label=_NULL_TEXT,
                watched_since=_NULL_TIME,
                known_since=_TIME,
                items=_COUNT,
                open=_COUNT,
                hosters=_list(_SEAT),
                origins=_list(
                    _object("address learnt_at by", address=_TEXT, host=_NULL_TEXT, learnt_at=_TIME, by=_TEXT)
                ),
            )
        ),
        next=_NULL_TEXT,
    ),
    "Relocations": _all(relocations=_list(_ref("Move")), next=_NULL_TEXT),
    "Forward": _all(
        schema={"const": "ntd/forward/1"},
        id=_ID,
        sent_at=_TIME,
        sender=_all(name=_TEXT, country=_TEXT, contact=_TEXT),
        recipient=_all(code=_TEXT, country=_NULL_COUNTRY),
        items=_list(
            _all(
                item=_ID,
                url=_TEXT,
                confirmed={"type": "boolean"},
                classification=_NULL_TEXT,
                site_type=_NULL_TEXT,
                reference=_NULL_TEXT,
                series=_NULL_TEXT,
                hashes=_HASHES,
                hosting=_ANY,
                last_up_at=_NULL_TIME,
                orphan={"type": "boolean"},
            )
        ),
    ),
    "Forwards": _all(
        forwards=_list(_ref("Forward")),
        withdrawals=_list(_object("id items", id=_ID, items=_list(_object("item", item=_ID)))),
        next=_NULL_TEXT,
    ),
    "PartnerAnswer": _object(
        "item action",
        item=_ID,
        action={"type": "string", "enum": list(Action)},
        reason=_or_null({"type": "string", "enum": list(REASONS.values())}),
        at=_NULL_TIME,
        note={"type": "string", "maxLength": 2000},
        hosting=_or_null(_ANY),
    ),
    "Taken": _all(accepted=_list(_ID), refused=_list(_all(index=_COUNT, item=_NULL_TEXT, reason=_TEXT))),
    "Asked": _all(
        notice=_ID,
        asked_at=_TIME,
        deadline=_NULL_TIME,
        items=_list(_all(item=_ID, answer=_NULL_TEXT, at=_NULL_TIME)),
    ),
    "LinkAnswer": _object(
        "item answer",
        item={"oneOf": [_TEXT, _list(_TEXT)], "description": "An item's id, several, or all."},
        answer={"type": "string", "enum": list(LinkAnswer)},
        note={"type": "string", "maxLength": 2000},
    ),
    "Recorded": _all(recorded=_list(_ID), answer={"type": "string", "enum": list(LinkAnswer)}),
}
