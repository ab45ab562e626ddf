"""A forward as JSON, and what a partner answered to it (contract of the exchange, schema `ntd/forward/1`)."""

from dataclasses import dataclass
from uuid import UUID

import orjson

from notifiers.plain import SENTENCE_LENGTH, one_line, stamp, stamp_or_none, whole_url
from schemas.ids import ItemId
from schemas.notice import Kind, Message, NoticeLine, Sender

FORWARD_SCHEMA = "ntd/forward/1"
WITHDRAWAL_SCHEMA = "ntd/withdrawal/1"
#: Why an item counts as refused that the answer to its forward does not name.
UNNAMED = "not named in the answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardAnswer:
    """What a partner's API said about a forward; `understood` is False where its words were not the agreed ones."""

    understood: bool
    remote_id: str | None = None
    refused: tuple[tuple[ItemId, str], ...] = ()


def forward_document(message: Message) -> dict[str, object]:
    """Write a forward: URLs and metadata, and nothing of where our reports come from."""
    return {
        "schema": FORWARD_SCHEMA,
        "id": str(message.id),
        "sent_at": stamp(message.written_at),
        "sender": _sender(message.sender),
        "recipient": {"code": _code(message), "country": message.recipient_country},
        "items": [_item(line) for line in message.lines],
    }


def withdrawal_document(message: Message) -> dict[str, object]:
    """Write a withdrawal for an API: item ids only, never a URL."""
    return {
        "schema": WITHDRAWAL_SCHEMA,
        "id": str(message.id),
        "sent_at": stamp(message.written_at),
        "sender": _sender(message.sender),
        "items": [{"item": str(line.item)} for line in message.lines],
    }


def _sender(sender: Sender) -> dict[str, str]:
    return {"name": one_line(sender.name), "country": sender.country, "contact": one_line(sender.contact_email)}


def for_partner(message: Message) -> bool:
    """Say whether a message speaks to a partner hotline, and so in forwards and not in notices."""
    return message.partner is not None or message.kind is Kind.FORWARD


def _code(message: Message) -> str:
    if message.partner is not None:
        return message.partner
    # By mail `to` is a mailbox, which is nobody's code: the partner's name stands in for it.
    return one_line(message.recipient_name or "") if {"@", ":", "/"} & set(message.to) else message.to


def _item(line: NoticeLine) -> dict[str, object]:
    item: dict[str, object] = {
        "item": str(line.item),
        "url": whole_url(line.url),
        "confirmed": line.confirmed,
        "classification": line.classification,
        "site_type": _text(line.site_type),
        "reference": _text(line.reference),
        "series": _text(line.series),
        "hashes": {one_line(name): one_line(value, SENTENCE_LENGTH) for name, value in (line.hashes or {}).items()},
        "hosting": {
            "country": _text(line.country),
            "ip": None if line.address is None else str(line.address),
            "asn": line.asn,
            "as_name": _text(line.as_name),
            "hoster": _text(line.hoster),
            "front": _text(line.front),
            "observed_at": stamp_or_none(line.observed_at),
        },
        "last_up_at": stamp_or_none(line.last_up_at),
        "orphan": line.orphan,
    }
    # A password goes to the partner concerned, and the key is there only when there is one.
    return item | ({"access": _text(line.access)} if line.access else {})


def _text(text: str | None) -> str | None:
    return None if text is None else one_line(text, SENTENCE_LENGTH)


def items_of(content: bytes) -> frozenset[ItemId]:
    """Give the items that a forward of ours speaks of."""
    return frozenset(ItemId(UUID(entry["item"])) for entry in orjson.loads(content)["items"])


def read_answer(body: bytes, items: frozenset[ItemId]) -> ForwardAnswer:
    """Read `{"id", "accepted": [], "refused": [{"item", "reason"}]}`; items that were not forwarded are passed over.

    An item that neither list names was not taken: it is given as refused, without words of the partner's.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ForwardAnswer(understood=False)
    if not isinstance(answer, dict):
        return ForwardAnswer(understood=False)
    told = answer.get("refused", [])
    refused = [_refusal(entry, items) for entry in told] if isinstance(told, list) else []
    taken = _taken(answer.get("accepted"), items)
    reasons = dict(entry for entry in refused if entry is not None)
    left = sorted(items - taken - reasons.keys()) if taken is not None else ()
    identity = answer.get("id")
    return ForwardAnswer(
        understood=isinstance(told, list) and taken is not None and all(entry is not None for entry in refused),
        remote_id=one_line(identity) if isinstance(identity, str) and identity else None,
        refused=(*reasons.items(), *((item, UNNAMED) for item in left)),
    )


def _taken(told: object, items: frozenset[ItemId]) -> frozenset[ItemId] | None:
    """Give the items that a partner says it has taken; None where it does not say so in the agreed words."""
    if not isinstance(told, list):
        return None
    try:
        taken = frozenset(ItemId(UUID(str(entry))) for entry in told)
    except ValueError:
        return None
    return taken if taken <= items else None


def _refusal(entry: object, items: frozenset[ItemId]) -> tuple[ItemId, str] | None:
    if not isinstance(entry, dict):
        return None
    try:
        item = ItemId(UUID(str(entry.get("item"))))
    except ValueError:
        return None
    reason = entry.get("reason")
    return (item, one_line(reason) if isinstance(reason, str) else "") if item in items else None
