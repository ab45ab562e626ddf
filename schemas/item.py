"""An item: one confirmed (or presumed) URL in our care."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.ids import ItemId
from schemas.url import Url


class State(StrEnum):
    """Where an item stands (contract, section 5). Facts about a state sit here and nowhere else."""

    RECEIVED = "received"
    HELD = "held"
    UNTRACEABLE = "untraceable"
    ROUTED = "routed"
    NOTICED = "noticed"
    FORWARDED = "forwarded"
    GONE = "gone"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def ended(self) -> bool:
        """Say whether our work on it is over."""
        return self in {State.CLOSED, State.REFUSED, State.WITHDRAWN}

    @property
    def in_work(self) -> bool:
        """Say whether somebody is to be told or has been, and the content may be up."""
        return self in {State.RECEIVED, State.UNTRACEABLE, State.ROUTED, State.NOTICED, State.FORWARDED}

    @property
    def checked(self) -> bool:
        """Say whether looks go on: a refused item is watched too, for a move elsewhere (contract, section 5)."""
        return self in {State.ROUTED, State.NOTICED, State.FORWARDED, State.GONE, State.REFUSED}


class Classification(StrEnum):
    """What an analyst found; the letters are INHOPE's, with XARF's spelling."""

    BASELINE = "baseline"
    NATIONAL = "national"
    A1 = "A1"
    A2 = "A2"
    B1 = "B1"
    B2 = "B2"


class Media(StrEnum):
    """What stands at the URL."""

    PAGE = "page"
    IMAGE = "image"
    VIDEO = "video"
    ARCHIVE = "archive"
    LINK = "link"
    ACCOUNT = "account"


class Basis(StrEnum):
    """Why it must go; only `csam` gets XARF content/csam, police copies, partner forwards and the hash list."""

    CSAM = "csam"
    NCII = "ncii"
    OTHER = "other"


class Attention(StrEnum):
    """What a human must do about an item."""

    NO_CONTACT = "no_contact"
    NO_ENDPOINT = "no_endpoint"
    REFUSED_MAIL = "refused_mail"
    BOUNCED = "bounced"
    FORWARD_REFUSED = "forward_refused"
    FRONT_ONLY = "front_only"
    COUNTRY_DISPUTED = "country_disputed"
    VANTAGES_DISAGREE = "vantages_disagree"
    CHANGED = "changed"
    UNREAD_ANSWER = "unread_answer"
    HAD_ATTACHMENT = "had_attachment"
    PARTNER_CANNOT_SEE = "partner_cannot_see"
    PARTNER_SILENT = "partner_silent"
    RESUBMITTED = "resubmitted"
    NEW_TARGET = "new_target"
    NEW_CONTACT = "new_contact"
    FORM_TO_FILL = "form_to_fill"
    CERTIFICATE_EXPIRED = "certificate_expired"
    ACCESS_LINE = "access_line"
    NO_PARTNER = "no_partner"
    NATIONAL_ABROAD = "national_abroad"
    COUNTRY_HELD = "country_held"
    COUNTRY_UNKNOWN = "country_unknown"
    DRY_RUN = "dry_run"
    BLOCKED = "blocked"


class Outcome(StrEnum):
    """What became of one line of input."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One good line of input, normalised. What never leaves us: source, report, confirmed_by."""

    url: Url
    report: str | None = None
    reference: str | None = None
    source: str | None = None
    confirmed: bool = True
    classification: Classification | None = Classification.BASELINE  # None exactly when presumed
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    site_type: str | None = None
    media: Media | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    series: str | None = None
    priority: int = 5  # 0 most urgent … 9
    hold: bool = False
    hold_until: datetime | None = None
    copied_from: str | None = None
    basis: Basis = Basis.CSAM
    reason: str | None = None
    found_on: str | None = None
    referrer: str | None = None
    access: str | None = None
    new_victim: bool = False  # possibly a victim nobody knows yet


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """The answer to one line: `id` is the standing item's for a duplicate, None when refused."""

    line: int
    outcome: Outcome
    id: ItemId | None
    error: str | None = None
