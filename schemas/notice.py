"""Messages: notices to hosters' sides and forwards to partners, and what came of handing them over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.hosting import Address
from schemas.ids import ItemId, NoticeId
from schemas.incoming import Ticket
from schemas.item import Basis, Classification


class Kind(StrEnum):
    """Why somebody is told."""

    FIRST = "first"
    REMINDER = "reminder"
    SITE = "site"
    UPSTREAM = "upstream"
    REGISTRAR = "registrar"
    REGULATOR = "regulator"
    FRONT = "front"
    WITHDRAWAL = "withdrawal"
    POLICE = "police"
    FORWARD = "forward"


class NoticeState(StrEnum):
    """Where a message stands on its way out (contract, section 5)."""

    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    BOUNCED = "bounced"
    DOUBTFUL = "doubtful"
    SUPERSEDED = "superseded"
    STRUCK = "struck"


class Channel(StrEnum):
    """How a message leaves."""

    MAIL = "mail"
    API = "api"
    FORM = "form"
    FOLDER = "folder"
    EXCHANGE = "exchange"  # a partner fetches it from us


class Format(StrEnum):
    """What a mail looks like."""

    DIGEST = "digest"
    XARF = "xarf"


class Took(StrEnum):
    """Who took a message."""

    RELAY = "relay"
    RECIPIENT = "recipient"
    API = "api"
    FORM = "form"


class AttemptOutcome(StrEnum):
    """What one attempt came to."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """One item as a message speaks of it."""

    item: ItemId
    url: str
    confirmed: bool
    classification: Classification | None
    basis: Basis = Basis.CSAM
    reason: str | None = None
    site_type: str | None = None
    media: str | None = None
    hashes: dict[str, str] | None = None
    series: str | None = None
    reference: str | None = None  # forwards only
    access: str | None = None
    last_up_at: datetime | None = None
    address: Address | None = None  # on which it was last seen up, else the lowest of the stay
    first_seen_at: datetime | None = None
    confirmed_at: datetime | None = None  # by an analyst
    country: str | None = None
    asn: int | None = None
    as_name: str | None = None
    hoster: str | None = None
    front: str | None = None
    observed_at: datetime | None = None
    orphan: bool = False
    returned: bool = False  # told again because it came back


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who speaks."""

    name: str
    country: str
    domain: str
    contact_email: str
    mail_from: str  # "Example Hotline <notices@hotline.example>"
    public_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to be rendered: everything it says, decided."""

    id: NoticeId
    kind: Kind
    to: str  # mailbox, base URL or partner code
    channel: Channel
    format: Format
    language: str
    sender: Sender
    lines: tuple[NoticeLine, ...]
    written_at: datetime
    deadline: datetime | None  # None where nothing is asked by a time
    hoster: str | None = None
    answer_link: str | None = None
    references: tuple[str, ...] = ()  # Message-IDs, oldest first
    tickets: tuple[Ticket, ...] = ()  # under which the recipient keeps what it was told before
    earlier_first_at: datetime | None = None  # reminders and steps: when the first one was accepted
    recipient_name: str | None = None
    recipient_country: str | None = None
    step: int = 0
    bounce_address: str | None = None  # VERP return path
    partner: str | None = None  # code, where the recipient is a partner: a reminder to one is not a hoster's


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The exact bytes to hand over, and their identity."""

    message_id: str  # "<NOTICE-ID@domain>" for mail, the notice id for APIs
    content: bytes  # RFC 5322 with CRLF, or JSON
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A stored message on its way out."""

    notice: NoticeId
    kind: Kind
    channel: Channel
    to: str  # mailbox, base URL or partner code
    mail_from: str  # envelope sender
    message_id: str
    content: bytes
    again: bool = False  # there was an attempt before


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one attempt came to. `reply`: the other side's own words, bounded to 2,000 characters."""

    outcome: AttemptOutcome
    by: Took | None = None
    reply: str = ""
    retry_after: timedelta | None = None
    refused: tuple[tuple[ItemId, str], ...] = ()  # forwards: items the partner refused, with its reason
    remote_id: str | None = None
    no_way: bool = False  # permanent, and not for this message's sake: there is nothing there that takes its kind
