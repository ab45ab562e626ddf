"""What comes back by mail: delivery reports, automatic replies, answers (contract, section 4)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from schemas.ids import NoticeId


class Came(StrEnum):
    """What kind of message came in."""

    BOUNCE = "bounce"
    DELAY = "delay"
    DELIVERED = "delivered"
    AUTO_REPLY = "auto_reply"
    ANSWER = "answer"
    UNRELATED = "unrelated"

    @property
    def reports(self) -> bool:
        """Say whether a mail system speaks of what became of a message."""
        return self in {Came.BOUNCE, Came.DELAY, Came.DELIVERED}


class Suggestion(StrEnum):
    """What an answer seems to say; an analyst reads it and decides."""

    REMOVED = "removed"
    PASSED_ON = "passed_on"
    NOT_OURS = "not_ours"
    DISPUTED = "disputed"
    ASKS_MORE = "asks_more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """How our own mail is recognised."""

    domain: str  # of our Message-IDs
    bounce_address: str = (
        ""  # as configured, with the word TOKEN or to be extended by it; empty: no return path of its own
    )
    mailboxes: frozenset[str] = frozenset()  # ours, in lower case: what comes from there is our own


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The number under which the other side keeps our notice."""

    number: str  # bare: "482113", "ABUSE-4711"
    tag: str  # as a subject carries it, so that their system files our next message there: "[hoster.example #482113]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a message names of ours. Nothing here is proved to exist: the database knows."""

    tokens: tuple[NoticeId, ...] = ()  # by our return path
    messages: tuple[NoticeId, ...] = ()  # by our Message-IDs, the surest first
    spoken: tuple[
        UUID, ...
    ] = ()  # ids of notices or items, or anything like one, at the subject and outside the quotation
    quoted: tuple[UUID, ...] = ()  # the same inside the quotation
    urls: tuple[str, ...] = ()  # URLs outside the quotation, made whole again where they were defanged
    foreign: bool = False  # it names messages, and none of them is ours

    @property
    def anything(self) -> bool:
        """Say whether it names anything that could be ours."""
        return bool(self.tokens or self.messages or self.spoken or self.quoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One incoming message, read. Texts are bounded; nothing else of the message is kept."""

    kind: Came  # by its form; whether it is about a notice of ours, the database knows
    named: Named
    permanent: bool | None = None  # bounces only
    status: str | None = None  # RFC 3463: "5.1.1"
    recipients: tuple[str, ...] = ()  # whom a report speaks of, the one concerned first
    proves_delivery: bool = False  # the message reached a mailbox or a person
    suggestion: Suggestion | None = None  # answers only
    ticket: Ticket | None = None
    had_attachment: bool = False
    bulk: bool = False
    sender: str = ""
    subject: str = ""
    text: str = ""  # its own words, without the quotation
    message_id: str = ""
    identity: bytes = b""  # the same for every copy of the same message, however it came
