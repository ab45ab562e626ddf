"""A message to its exact bytes. The same message always gives the same bytes, so a retry is the same mail.

What is never in them: images, previews or content, and where our reports come from.
"""

from importlib.metadata import version
from typing import Protocol

import orjson

from notifiers import mime
from notifiers.exchange import for_partner, forward_document, withdrawal_document
from notifiers.letter import NETWORK_KINDS, letter
from notifiers.mime import Part, Wrapped
from notifiers.plain import one_line, whole_url
from notifiers.stationery import SHIPPED, Stationery
from notifiers.tables import forward_table, identity_table, item_table, network_table
from notifiers.xarf import xarf_able, xarf_report
from schemas.errors import Permanent
from schemas.notice import Channel, Format, Kind, Message, NoticeLine, Rendered

#: XARF parts in one mail (contract, section 8).
LARGEST_XARF = 50
#: A URI in a feedback report stands on one header line, which no receiver need take beyond RFC 5322's 998 octets.
_LONGEST_REPORTED_URI = 900
_XARF_KINDS = frozenset({Kind.FIRST, Kind.REMINDER, Kind.SITE, Kind.FRONT})
_REPORT = "report; report-type=feedback-report"
_PRODUCT = f"ntd/{version('ntd')}"


class Seal(Protocol):
    """Whatever can make an entity readable for its recipient alone."""

    def seal(self, inner: bytes, boundary: str) -> Wrapped:
        """Give what stands in its place."""
        ...


def compose(message: Message, stationery: Stationery = SHIPPED, seal: Seal | None = None) -> Rendered:
    """Render a message for its channel: RFC 5322 for mail, JSON for an API, plain text for a web form.

    `seal`: a mail is closed with it, and then only its number stands outside.
    Raises Permanent where a hoster's API would have to be told what XARF has no words for.
    """
    match on_its_way_by(message):
        case Channel.MAIL:
            return _mail(message, stationery, seal)
        case Channel.FORM:
            written = letter(message, stationery)
            return Rendered(message_id=str(message.id), content=written.text.encode(), subject=written.subject)
        case _:
            return Rendered(message_id=str(message.id), content=orjson.dumps(_document(message)))


def return_path(message: Message) -> str:
    """Give the envelope sender: the address that bounces come back to."""
    return mime.address_of(message.bounce_address or message.sender.mail_from)


def message_id(message: Message) -> str:
    """Give the Message-ID of a mail, the same on every retry."""
    return f"<{message.id}@{one_line(message.sender.domain).replace(' ', '')}>"


def on_its_way_by(message: Message) -> Channel:
    """Say how a message is rendered; in a dry run the way it would have gone."""
    if message.channel is not Channel.FOLDER:
        return message.channel
    # In a dry run the channel is the folder: what would have gone is told from the address.
    return Channel.MAIL if "@" in message.to and "://" not in message.to else Channel.API


def _document(message: Message) -> dict[str, object]:
    if message.kind is Kind.WITHDRAWAL:
        return withdrawal_document(message)
    if for_partner(message):
        return forward_document(message)
    document = xarf_report(message.lines[0], message) if len(message.lines) == 1 else None
    if document is None:
        raise Permanent(
            f"notice {message.id} cannot go to a hoster's API: a report there is one confirmed item with a "
            "classification that XARF knows; send such items by mail, one notice for many, or one by one"
        )
    return document


def _mail(message: Message, stationery: Stationery, seal: Seal | None) -> Rendered:
    written = letter(message, stationery)
    identity = message_id(message)
    text = Part(type="text/plain; charset=utf-8", content=written.text, language=", ".join(written.languages))
    subject = f"Notice {message.id}" if seal else written.subject
    headers = _headers(message, subject, identity)
    boundary = f"=_ntd_{message.id.hex}"
    if _as_xarf(message):
        parts, kind = [text, _feedback(message.lines[0]), *_xarf_parts(message)], _REPORT
    else:
        parts, kind = [text, *_attachments(message)], "mixed"
    if seal is None:
        return Rendered(message_id=identity, content=mime.multipart(headers, kind, parts, boundary), subject=subject)
    inside = seal.seal(mime.multipart([], kind, parts, boundary), f"=_ntd_sealed_{message.id.hex}")
    return Rendered(message_id=identity, content=mime.wrapped(headers, inside), subject=subject)


def _as_xarf(message: Message) -> bool:
    # What XARF has no words for goes as a digest also to those who want XARF (contract, section 8).
    wanted = message.format is Format.XARF and message.kind in _XARF_KINDS
    return wanted and not for_partner(message) and len(message.lines) == 1 and xarf_able(message.lines[0])


def _headers(message: Message, subject: str, identity: str) -> list[tuple[str, str]]:
    headers = [
        mime.date(message.written_at),
        mime.mailbox("From", message.sender.mail_from),
        mime.mailbox("To", message.to),
        mime.words("Subject", subject),
        ("Message-ID", identity),
    ]
    if mime.address_of(message.sender.contact_email) != mime.address_of(message.sender.mail_from):
        headers.append(mime.mailbox("Reply-To", message.sender.contact_email))
    references = [one_line(each).replace(" ", "") for each in message.references]
    if references:
        headers += [("In-Reply-To", references[-1]), mime.identities("References", references)]
    return [*headers, ("Auto-Submitted", "auto-generated")]  # RFC 3834


def _attachments(message: Message) -> list[Part]:
    if message.kind is Kind.WITHDRAWAL:
        return [_csv(message, identity_table(message))]
    if message.kind in NETWORK_KINDS:
        return [_csv(message, network_table(message))]
    if for_partner(message):
        # Not application/json: that type is kept for XARF, so that a reader need not look inside to tell them apart.
        document = _json("application/vnd.ntd.forward+json", f"forward-{message.id}.json", forward_document(message))
        return [_csv(message, forward_table(message)), document]
    return [_csv(message, item_table(message)), *_xarf_parts(message)]


def _csv(message: Message, table: str) -> Part:
    return Part(type="text/csv; charset=utf-8; header=present", content=table, filename=f"items-{message.id}.csv")


def _json(kind: str, filename: str, document: dict[str, object]) -> Part:
    return Part(
        type=kind, content=orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n", filename=filename
    )


def _xarf_parts(message: Message) -> list[Part]:
    able = [line for line in message.lines if xarf_able(line)][:LARGEST_XARF]
    documents = [(line.item, xarf_report(line, message)) for line in able]
    return [_json("application/json", f"xarf-{item}.json", document) for item, document in documents if document]


def _feedback(line: NoticeLine) -> Part:
    """Write the machine-readable part of RFC 5965, section 3."""
    url = whole_url(line.url)
    fields = [("Feedback-Type", "xarf"), ("User-Agent", _PRODUCT), ("Version", "1"), ("Incidents", "1")]
    if line.address is not None:
        fields.append(("Source-IP", str(line.address)))
    if len(url) <= _LONGEST_REPORTED_URI:
        fields.append(("Reported-URI", url))
    if line.last_up_at is not None:
        fields.append(("Arrival-Date", mime.date(line.last_up_at)[1]))
    return Part(type="message/feedback-report", content="".join(f"{name}: {value}\n" for name, value in fields))
