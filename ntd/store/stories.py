"""The story of one item as `ntd show --json` tells it (contract, section 5): rows opened and put in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ntd.reports.figures import seconds
from ntd.reports.paths import move
from ntd.store.base import Row, Store, row_id
from ntd.store.seats import Seat
from schemas.hosting import address_order
from schemas.wire import hoster_json, hosting_json, moment_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Everything that the database knows of one item, still sealed."""

    item: Row
    seats: Sequence[Seat]  # where its host stands, that of the lowest address first
    facts: Mapping[str, Any] | None  # of the last look that located the host
    reports: Sequence[Row]
    stays: Sequence[Row]
    held: Sequence[Row]
    messages: Sequence[Row]  # notices and forwards
    attempts: Sequence[Row]
    answers: Sequence[Row]
    mail: Sequence[Row]  # that came back
    last_look: Sequence[Row]
    relocations: Sequence[Row]
    hosters: Mapping[int, str]  # names of those between which it moved
    history: Sequence[Row]


def told(store: Store, pages: Pages, now: datetime) -> dict[str, Any]:
    """Tell it."""
    return {
        **_item(store, pages),
        "hosting": _hosting(pages),
        "hosters": [hoster_json(seat.located) for seat in pages.seats],
        "clock": _clock(pages, now),
        "stays": [_stay(store, row) for row in pages.stays],
        "notices": [_notice(store, row, pages) for row in pages.messages if row["kind"] != "forward"],
        "forwards": [_forward(store, row, pages) for row in pages.messages if row["kind"] == "forward"],
        "checks": _checks(store, pages),
        "relocations": _relocations(store, pages),
        "history": [_event(store, row, pages.item) for row in pages.history],
    }


def _item(store: Store, pages: Pages) -> dict[str, Any]:
    item = pages.item
    secret = store.open("item.secret", row_id(item["id"]), item["secret"])
    return {
        "id": str(item["id"]),
        "url": secret["url"],
        "state": item["state"],
        "attention": sorted(item["attention"]),
        "host": _host(store, item),
        "site": _site(store, item),
        "classification": item["classification"],
        "confirmed": item["confirmed"],
        "basis": item["basis"],
        "site_type": item["site_type"],
        "media": item["media"],
        "source": item["source"],
        "priority": item["priority"],
        "copied_from": item["copied_from"],
        "hold_until": moment_json(item["hold_until"]),
        "legal_hold_until": moment_json(item["legal_hold_until"]),
        "reports": _once(_opened(store, "item_report.report", item, row, "report") for row in pages.reports),
        "references": _once(_opened(store, "item_report.reference", item, row, "reference") for row in pages.reports),
    }


def _host(store: Store, item: Row) -> str:
    return str(store.open("host.name", item["host_hash"], item["host_name"]))


def _site(store: Store, item: Row) -> str:
    return str(store.open("site.name", item["site_hash"], item["site_name"]))


def _opened(store: Store, column: str, item: Row, row: Row, name: str) -> str | None:
    sealed = row[name]
    return None if sealed is None else store.open(column, row_id(item["id"], row["pair_hash"]), sealed)


def _once(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _hosting(pages: Pages) -> dict[str, Any]:
    """Say where its host stands: every address, and the facts of the lowest one, IPv4 first."""
    located = [seat.located for seat in pages.seats if not seat.hidden]
    addresses = sorted({one for place in located for one in place.addresses}, key=address_order)
    facts = pages.facts or {"nameservers": [], "cnames": [], "registrar": None}
    return hosting_json(located, pages.seats[0].seen_at if pages.seats else None, None) | {
        "addresses": [str(one) for one in addresses],
        "nameservers": facts["nameservers"],
        "cnames": facts["cnames"],
        "registrar": facts["registrar"],
        "wildcard": facts.get("wildcard"),
        "soa": facts.get("soa"),
    }


_TIMES_OF_CLOCK = (
    "received_at",
    "confirmed_at",
    "resolved_at",
    "first_attempt_at",
    "first_accepted_at",
    "last_up_at",
    "first_down_at",
    "gone_at",
)


def _clock(pages: Pages, now: datetime) -> dict[str, Any]:
    item = pages.item
    held = sum(((row["until_at"] or now) - row["from_at"] for row in pages.held), timedelta())
    return {
        **{name: moment_json(item[name]) for name in _TIMES_OF_CLOCK},
        "gone_by": item["gone_by"],
        "closed_at": moment_json(item["closed_at"]),
        "ended_at": moment_json(item["ended_at"]),
        "held_s": seconds(held),
    }


def _stay(store: Store, row: Row) -> dict[str, Any]:
    return {
        "hoster": store.open("hoster.name", row["key_hash"], row["name"]) if row["name"] else None,
        "asn": row["asn"],
        "country": row["country"],
        "partner": row["partner"],
        "began_by": row["began_by"],
        "ended_by": row["ended_by"],
        "gone_by": row["gone_by"],
        "reminders": row["reminders"],
        **{name: moment_json(row[name]) for name in _TIMES_OF_STAY},
    }


_TIMES_OF_STAY = (
    "began_at",
    "ended_at",
    "clock_at",
    "noticed_at",
    "forwarded_at",
    "last_up_at",
    "gone_at",
    "returned_at",
)


def _notice(store: Store, row: Row, pages: Pages) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "step": row["step"],
        "to": store.open("recipient.address", row["address_hash"], row["address"]),
        "channel": row["channel"],
        "format": row["format"],
        "message_id": row["message_id"],
        **_progress(store, row, pages),
    }


def _forward(store: Store, row: Row, pages: Pages) -> dict[str, Any]:
    refused = row["refused_for"]
    return {
        "id": str(row["id"]),
        "partner": row["partner"],
        "channel": row["channel"],
        **_progress(store, row, pages),
        "outcome": row["outcome"],
        "refused_for": refused and store.open("notice_item.refused_for", row_id(row["id"], pages.item["id"]), refused),
    }


def _progress(store: Store, row: Row, pages: Pages) -> dict[str, Any]:
    return {
        "state": row["state"],
        "created_at": moment_json(row["created_at"]),
        "attempts": [_attempt(store, one) for one in pages.attempts if one["notice_id"] == row["id"]],
        "accepted_at": moment_json(row["accepted_at"]),
        "accepted_by": row["accepted_by"],
        "delivered_at": moment_json(row["delivered_at"]),
        "bounced_at": moment_json(row["bounced_at"]),
        "ticket": _ticket(store, row),
        "dry_run": row["dry_run"],
        "voided_at": moment_json(row["voided_at"]),
        "items": row["item_count"],
        "answers": [_answer(store, one) for one in pages.answers if one["notice_id"] == row["id"]],
        "mail": [_mail(store, one) for one in pages.mail if one["notice_id"] == row["id"]],
    }


def _attempt(store: Store, row: Row) -> dict[str, Any]:
    reply = row["reply"]
    return {
        "at": moment_json(row["started_at"]),
        "outcome": row["outcome"],
        "by": row["by"],
        "reply": None if reply is None else store.open("attempt.reply", row_id(row["notice_id"]), reply),
    }


def _ticket(store: Store, row: Row) -> str | None:
    if row["ticket"] is None:
        return None
    number: str = store.open("notice.ticket", row_id(row["id"]), row["ticket"])["number"]
    return number


def _mail(store: Store, row: Row) -> dict[str, Any]:
    detail = store.open("incoming.detail", row["identity_hash"], row["detail"])
    told = ("from", "subject", "recipient", "status", "permanent", "ticket", "had_attachment", "text")
    known = {name: detail[name] for name in told}
    return {"at": moment_json(row["at"]), "kind": row["kind"], "acted": row["acted"], **known}


def _answer(store: Store, row: Row) -> dict[str, Any]:
    if row["detail"] is not None:
        return _by_mail(store, row)
    note = row["note"]
    return {
        "at": moment_json(row["at"]),
        "by": row["by"],
        "action": row["action"],
        "reason": row["reason"],
        "note": None if note is None else store.open("answer.note", row_id(row["notice_id"]), note),
    }


def _by_mail(store: Store, row: Row) -> dict[str, Any]:
    detail = store.open("incoming.detail", row["identity_hash"], row["detail"])
    return {
        "at": moment_json(row["at"]),
        "by": row["by"],
        "action": row["action"],
        "reason": None,
        "note": detail["text"],
        "from": detail["from"],
        "subject": detail["subject"],
        "ticket": detail["ticket"],
        "had_attachment": detail["had_attachment"],
    }


def _checks(store: Store, pages: Pages) -> dict[str, Any]:
    item = pages.item
    if not item["last_verdict"]:
        return {"count": item["checks"], "last": None}
    kept = next(iter(pages.last_look), None)
    seen = store.open("round.observations", row_id(item["id"]), kept["observations"]) if kept else []
    at = moment_json(item["checked_at"])
    return {
        "count": item["checks"],
        "last": {
            "at": at,
            "verdict": item["last_verdict"],
            "reason": item["last_reason"],
            "observations": [{"at": at, **_observation(one)} for one in seen],
        },
    }


def _observation(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Spell a kept look as `ntd check --json` spells one (contract, section 6); the same again is kept once."""
    body = seen["body"] or {}
    return {
        "since": seen["at"].replace("+00:00", "Z"),
        "vantage": seen["vantage"],
        "outcome": seen["sight"],
        "addresses": seen["addresses"],
        "address": seen["address"],
        "hops": seen["hops"],
        "status": seen["status"],
        "type": body.get("type"),
        "length_bytes": body.get("length_bytes"),
        "sha256": body.get("sha256"),
        "fault": seen["fault"],
        "elapsed_s": seen["elapsed_s"],
    }


def _relocations(store: Store, pages: Pages) -> list[dict[str, Any]]:
    site = {pages.item["site_id"]: _site(store, pages.item)}
    return [move(dict(row), site, pages.hosters) for row in pages.relocations]


def _event(store: Store, row: Row, item: Row) -> dict[str, Any]:
    detail = row["detail"]
    return {
        "at": moment_json(row["at"]),
        "event": row["event"],
        "from": row["from_state"],
        "to": row["to_state"],
        "by": row["by"],
        "detail": None if detail is None else store.open("event.detail", row_id(item["id"]), detail),
    }
