"""One item as a XARF v4 document of type content/csam (https://github.com/xarf/xarf-spec, schema 4.2.0).

Only fields that are true: no evidence and no screenshot ever (the format itself forbids to attach such material),
no confidence, no media type that nobody named.
"""

import hashlib
import re
from uuid import UUID

from notifiers.plain import moment, one_line, stamp, whole_url
from schemas.errors import Refused
from schemas.ids import ItemId, NoticeId
from schemas.item import Basis, Classification
from schemas.notice import Kind, Message, NoticeLine, Sender
from schemas.url import Url, parse_url

XARF_VERSION = "4.2.0"
_CLASSIFICATIONS = frozenset(Classification) - {Classification.NATIONAL}  # the format has no word for "national"
_DOMAIN = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_HASHES = {
    "md5": re.compile(r"[a-fA-F0-9]{32}"),
    "sha1": re.compile(r"[a-fA-F0-9]{40}"),
    "sha256": re.compile(r"[a-fA-F0-9]{64}"),
    "photodna": re.compile(r"[!-~]+"),
}
_MEDIA = frozenset({"image", "video"})
_LARGEST_ASN = 2**32 - 1
_LONGEST_DESCRIPTION = 1000  # maxLength in the schema
_ASKING_KINDS = frozenset({Kind.FIRST, Kind.REMINDER, Kind.SITE, Kind.FRONT})


def xarf_able(line: NoticeLine) -> bool:
    """Say whether XARF has words for an item: confirmed, of this basis, and not illegal in one country only."""
    return line.confirmed and line.basis is Basis.CSAM and line.classification in _CLASSIFICATIONS


def xarf_report(line: NoticeLine, message: Message) -> dict[str, object] | None:
    """Write one item of a message as a XARF document; None where the format has no words for it.

    The same message always gives the same document, its `report_id` included.
    """
    if not xarf_able(line):
        return None
    url = _taken_apart(line.url)
    document = {
        "xarf_version": XARF_VERSION,
        "report_id": str(report_id(message.id, line.item)),
        "timestamp": stamp(line.last_up_at or line.first_seen_at or message.written_at),
        "reporter": _contact(message.sender),
        "sender": _contact(message.sender),
        "source_identifier": str(line.address) if line.address else url.host if url else whole_url(line.url),
        "source_port": url.port if url else None,
        "category": "content",
        "type": "csam",
        "url": whole_url(line.url),
        "domain": url.host if url and _DOMAIN.fullmatch(url.host) else None,
        "classification": line.classification,
        "detection_method": "manual_review",
        "verification_method": "manual",
        "verified_at": None if line.confirmed_at is None else stamp(line.confirmed_at),
        "media_type": line.media if line.media in _MEDIA else None,
        "hash_values": _hash_values(line.hashes or {}),
        "hosting_provider": one_line(line.hoster) if line.hoster else None,
        "asn": line.asn if line.asn and 0 < line.asn <= _LARGEST_ASN else None,
        "country_code": line.country if line.country and _COUNTRY.fullmatch(line.country) else None,
        "tags": _tags(line, message),
        "description": _description(line, message),
    }
    return {name: value for name, value in document.items() if value is not None}


def report_id(notice: NoticeId, item: ItemId) -> UUID:
    """Give the identity of the report of one item in one notice.

    The format asks for the shape of a UUID version 4; the bits are a digest, so that a retry is the same report.
    """
    return UUID(bytes=hashlib.sha256(b"xarf" + notice.bytes + item.bytes).digest()[:16], version=4)


def _taken_apart(url: str) -> Url | None:
    try:
        return parse_url(url)
    except Refused:
        return None


def _contact(sender: Sender) -> dict[str, str]:
    return {"org": one_line(sender.name), "contact": one_line(sender.contact_email), "domain": one_line(sender.domain)}


def _hash_values(hashes: dict[str, str]) -> dict[str, str] | None:
    known = {name: hashes[name] for name, form in _HASHES.items() if form.fullmatch(hashes.get(name, ""))}
    return known or None


def _tags(line: NoticeLine, message: Message) -> list[str]:
    tags = [f"item:{line.item}", f"notice:{message.id}", f"kind:{message.kind}"]
    if message.deadline is not None:
        tags.append(f"deadline:{message.deadline:%Y-%m-%d-%H%M}-utc")
    return tags


def _description(line: NoticeLine, message: Message) -> str:
    told = [
        "Confirmed child sexual abuse material.",
        *((_asked(message),) if message.kind in _ASKING_KINDS else ()),
        f"Stated in good faith. Item {line.item}, notice {message.id}.",
    ]
    if message.answer_link:
        told.append(f"Answer: {whole_url(message.answer_link)}")
    # An answer link that does not fit is left out whole, not cut.
    return " ".join(told if len(" ".join(told)) <= _LONGEST_DESCRIPTION else told[:-1])


def _asked(message: Message) -> str:
    by = "without delay" if message.deadline is None else f"by {moment(message.deadline)}"
    return f"Please remove it, its copies, thumbnails and caches {by}, and preserve evidence for law enforcement."
