"""Messages and envelopes to try things with: one of each kind, with as much in it as a message can hold."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from notifiers.compose import compose
from schemas.ids import ItemId, NoticeId, uuid7
from schemas.item import Classification
from schemas.notice import Channel, Envelope, Format, Kind, Message, NoticeLine, Sender

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
SENDER = Sender(
    name="Example Hotline",
    country="NL",
    domain="hotline.example",
    contact_email="notices@hotline.example",
    mail_from="Example Hotline <notices@hotline.example>",
    public_url="https://ntd.hotline.example",
)


def line(number: int = 1, **changes: Any) -> NoticeLine:
    """Make an item, confirmed unless said otherwise."""
    facts: dict[str, Any] = {
        "item": ItemId(uuid7(NOW, number.to_bytes(10, "big"))),
        "url": f"https://img.site.test/i/{number}.jpg",
        "confirmed": True,
        "classification": Classification.A1,
        "last_up_at": NOW - timedelta(minutes=9),
        "address": ip_address("192.0.2.7"),
        "country": "DE",
        "asn": 64501,
        "as_name": "Example Hosting",
        "hoster": "Example Hosting",
        "media": "image",
        "hashes": {"sha256": "ab" * 32},
    }
    return NoticeLine(**(facts | changes))


def presumed(number: int = 2, **changes: Any) -> NoticeLine:
    """Make a presumed item."""
    return line(number, **({"confirmed": False, "classification": None, "last_up_at": None} | changes))


def message(*lines: NoticeLine, **changes: Any) -> Message:
    """Make a first notice by mail in English, unless said otherwise."""
    facts: dict[str, Any] = {
        "id": NoticeId(uuid7(NOW, b"0123456789")),
        "kind": Kind.FIRST,
        "to": "abuse@hoster.test",
        "channel": Channel.MAIL,
        "format": Format.DIGEST,
        "language": "en",
        "sender": SENDER,
        "lines": lines or (line(),),
        "written_at": NOW,
        "deadline": NOW + timedelta(days=1),
        "answer_link": "https://ntd.hotline.example/h/0123456789abcdef",
        "hoster": "Example Hosting",
    }
    return Message(**(facts | changes))


def envelope(content: bytes = b"Subject: x\r\n\r\nhello\r\n", **changes: Any) -> Envelope:
    """Make a mail on its way out, unless said otherwise."""
    facts: dict[str, Any] = {
        "notice": NoticeId(uuid7(NOW, b"0123456789")),
        "kind": Kind.FIRST,
        "channel": Channel.MAIL,
        "to": "abuse@hoster.test",
        "mail_from": "notices@hotline.example",
        "message_id": "<x@hotline.example>",
        "content": content,
    }
    return Envelope(**(facts | changes))


def report(base: str) -> Envelope:
    """Make a report on its way to a hoster's API."""
    out = message(channel=Channel.API, to=base)
    return envelope(compose(out).content, notice=out.id, channel=Channel.API, to=base)


async def nothing() -> None:
    """Record nothing before a message is offered."""
