"""What hotlines exchange: forwards out, answers back (contract, section 7). Actions and reasons are ICCAM's."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.ids import ItemId, NoticeId


class Action(StrEnum):
    """What a partner says it did."""

    REPORTED_TO_LEA = "reported_to_lea"
    REPORTED_TO_ISP = "reported_to_isp"
    CONTENT_REMOVED = "content_removed"
    CONTENT_UNAVAILABLE = "content_unavailable"
    NOT_ILLEGAL = "not_illegal"
    MOVED = "moved"


#: ICCAM's reasons by their code, field guide section 3.
REASONS = dict(
    enumerate(
        (
            "Other",
            "ContentNotFound",
            "ReferrerNotKnownOrIncorrect",
            "UnableToAccess",
            "PasswordProtected",
            "AccountDisabled",
            "LegallyUnableToAccess",
            "LinkExpired",
            "Error404NotFoundOrSiteDown",
            "Error503OrContentTemporarilyUnavailable",
            "PremiumAccountNecessary",
            "MissingPartsToOpenFile",
            "ContentRemovedBeforeAssessment",
            "AdultPornography",
            "NudismOrNotSexualized",
            "DoesNotMeetThresholdForIllegality",
            "ImagesTooSmall",
            "VirtualMaterial",
            "LinkingOrLinklistsNotIllegal",
            "AgeUnclearOrNotAssessable",
            "AgeOverNationalThreshold",
        ),
        start=1,
    )
)
#: Reasons of `content_unavailable` that say "I cannot see it", not "it is gone" (contract, section 5).
CANNOT_SEE = frozenset(REASONS[code] for code in (3, 4, 5, 7, 11, 12))


class LinkAnswer(StrEnum):
    """What a recipient says through the answer link."""

    REMOVED = "removed"
    PASSED_ON = "passed_on"
    NOT_OURS = "not_ours"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAnswer:
    """One answer of a partner about one item it was forwarded."""

    item: ItemId
    action: Action
    reason: str | None
    at: datetime | None
    note: str = ""
    hosting: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a recipient last said about an item through its answer link."""

    answer: LinkAnswer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a notice asked of its recipient, as far as the page behind its answer link says it."""

    notice: NoticeId
    written_at: datetime
    deadline: datetime | None  # None: nothing was asked by a time
    language: str
    items: tuple[tuple[ItemId, Said | None], ...]
