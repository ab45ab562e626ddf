"""The story of one item as `ntd show --json` tells it (contract, section 5): rows opened and put in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ntd.reports.figures import moment, seconds
from ntd.store.base import Row, Store, row_id
from ntd.store.seats import Seat
from schemas.hosting import address_order


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
    last_round: Sequence[Row]
    relocations: Sequence[Row]
    history: Sequence[Row]


def told(store: Store, pages: Pages, now: datetime) -> dict[str, Any]:
    """Tell it."""
    return {
        **_item(store, pages),
        "hosting": _hosting(pages),
        "hosters": [_hoster(seat) for seat in pages.seats],
        "clock": _clock(pages, now),
        "stays": [_stay(store, row) for row in pages.stays],
        "notices": [_notice(store, row, pages) for row in pages.messages if row["kind"] != "forward"],
        "forwards": [_forward(store, row, pages) for row in pages.messages if row["kind"] == "forward"],
        "checks": _checks(store, pages),
        "relocations": [_relocation(store, row, pages) for row in pages.relocations],
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
        "hold_until": moment(item["hold_until"]),
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
    seat = pages.seats[0] if pages.seats else None
    addresses = sorted({one for seat in pages.seats for one in seat.addresses}, key=address_order)
    return {
        "observed_at": moment(seat.seen_at) if seat else None,
        "addresses": [str(one) for one in addresses],
        "ip": str(addresses[0]) if addresses else None,
        "prefix": seat.prefix if seat else None,
        "asn": seat.asn if seat else None,
        "as_name": seat.as_name if seat else None,
        "country": seat.country if seat else None,
        "country_sources": dict(seat.country_sources) if seat else {},
        "country_disputed": seat.country_disputed if seat else False,
        "hoster": seat.hoster if seat else None,
        "front": seat.front if seat else None,
        "contact": seat.contact if seat else None,
        "nameservers": list(pages.facts["nameservers"]) if pages.facts else [],
        "cnames": list(pages.facts["cnames"]) if pages.facts else [],
        "registrar": pages.facts["registrar"] if pages.facts else None,
    }


def _hoster(seat: Seat) -> dict[str, Any]:
    return {
        "hoster": seat.hoster,
        "asn": seat.asn,
        "country": seat.country,
        "addresses": [str(one) for one in seat.addresses],
        "front": seat.front,
        "contact": seat.contact,
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
        **{name: moment(item[name]) for name in _TIMES_OF_CLOCK},
        "gone_by": item["gone_by"],
        "closed_at": moment(item["closed_at"]),
        "ended_at": moment(item["ended_at"]),
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
        **{name: moment(row[name]) for name in _TIMES_OF_STAY},
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
        "created_at": moment(row["created_at"]),
        "attempts": [_attempt(store, one) for one in pages.attempts if one["notice_id"] == row["id"]],
        "accepted_at": moment(row["accepted_at"]),
        "accepted_by": row["accepted_by"],
        "delivered_at": moment(row["delivered_at"]),
        "dry_run": row["dry_run"],
        "voided_at": moment(row["voided_at"]),
        "items": row["item_count"],
        "answers": [_answer(store, one) for one in pages.answers if one["notice_id"] == row["id"]],
    }


def _attempt(store: Store, row: Row) -> dict[str, Any]:
    reply = row["reply"]
    return {
        "at": moment(row["started_at"]),
        "outcome": row["outcome"],
        "by": row["by"],
        "reply": None if reply is None else store.open("attempt.reply", row_id(row["notice_id"]), reply),
    }


def _answer(store: Store, row: Row) -> dict[str, Any]:
    note = row["note"]
    return {
        "at": moment(row["at"]),
        "by": row["by"],
        "action": row["action"],
        "reason": row["reason"],
        "note": None if note is None else store.open("answer.note", row_id(row["notice_id"]), note),
    }


def _checks(store: Store, pages: Pages) -> dict[str, Any]:
    item = pages.item
    if not item["last_verdict"]:
        return {"count": item["checks"], "last": None}
    kept = next(iter(pages.last_round), None)
    seen = store.open("round.observations", row_id(item["id"]), kept["observations"]) if kept else []
    return {
        "count": item["checks"],
        "last": {
            "at": moment(item["checked_at"]),
            "verdict": item["last_verdict"],
            "reason": item["last_reason"],
            "observations": [_observation(one) for one in seen],
        },
    }


def _observation(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Spell a kept look as `ntd check --json` spells one (contract, section 6)."""
    body = seen["body"] or {}
    return {
        "at": seen["at"],
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


def _relocation(store: Store, row: Row, pages: Pages) -> dict[str, Any]:
    return {
        "site": _site(store, pages.item),
        "seen_old_until": moment(row["seen_old_until"]),
        "seen_new_from": moment(row["seen_new_from"]),
        "from": _end(store, row, "from"),
        "to": _end(store, row, "to"),
        "kind": row["kind"],
        "items": row["items"],
    }


def _end(store: Store, row: Row, side: str) -> dict[str, Any]:
    hoster = store.open("hoster.name", row[f"{side}_key"], row[f"{side}_name"])
    return {"country": row[f"{side}_country"], "asn": row[f"{side}_asn"], "hoster": hoster}


def _event(store: Store, row: Row, item: Row) -> dict[str, Any]:
    detail = row["detail"]
    return {
        "at": moment(row["at"]),
        "event": row["event"],
        "from": row["from_state"],
        "to": row["to_state"],
        "by": row["by"],
        "detail": None if detail is None else store.open("event.detail", row_id(item["id"]), detail),
    }
