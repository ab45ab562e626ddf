"""What a look saw, and what a round means. Seen, meant, done are three things; this file holds the first two."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.hosting import Address, NameFate


class Verdict(StrEnum):
    """What a round means (contract, section 5)."""

    UP = "up"
    GONE = "gone"
    CHANGED = "changed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class GoneBy(StrEnum):
    """What was taken away."""

    CONTENT = "content"
    ACCOUNT = "account"
    NAME = "name"


class Sight(StrEnum):
    """How a look ended, as seen; what it means is the verdict's business."""

    ANSWERED = "answered"  # an HTTP answer was read, bounded
    NO_NAME = "no_name"  # NXDOMAIN
    NO_ADDRESS = "no_address"  # NODATA
    NAME_FAULT = "name_fault"  # SERVFAIL, timeout of the resolver, …
    NOT_PUBLIC = "not_public"  # an address nobody may dial
    UNREACHABLE = "unreachable"  # refused, reset, no route before an answer
    TLS_FAULT = "tls_fault"
    TIMEOUT = "timeout"
    BAD_ANSWER = "bad_answer"  # not HTTP, broken framing, endless headers
    TOO_MANY_REDIRECTS = "too_many_redirects"
    VOID = "void"  # the vantage's canaries failed
    OUR_FAULT = "our_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What asking for the addresses of a name came to, as far as a check needs it."""

    fate: NameFate
    addresses: tuple[Address, ...] = ()
    agreed: bool = True  # every resolver that was asked said the same
    complete: bool = True  # False: one of A and AAAA could not be found out, there may be more addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request on the way."""

    url: str
    status: int
    location: str | None = None  # where a redirect pointed, as a URL of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What was noted of a TLS connection; a bad certificate stops no look."""

    trust: str  # "ok", "expired", "wrong name", "self-signed", …
    protocol: str  # e.g. "TLSv1.3"
    certificate_sha256: str  # hex, of the server's own certificate
    expires_at: datetime | None  # None: could not be read
    name_matches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """How long each part of a look took, in seconds, over all its hops; the comparison with a sibling not counted."""

    names_s: float = 0.0
    dial_s: float = 0.0
    tls_s: float = 0.0
    wait_s: float = 0.0  # from the request to the head of the answer
    read_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """All that is kept of a body: never the body."""

    sha256: str  # hex, of what was read (at most body_limit_bytes)
    length_bytes: int
    type: str | None  # of Content-Type, lower case, without parameters
    truncated: bool = False
    # What tells a slightly changed body from another: the shape of a picture, or 64 salted bits of a page's words.
    likeness: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the page said of itself, reduced to booleans and short marks while it passed through memory."""

    like_sibling: bool | None = None  # the same as a random name in the same directory; None: not compared
    removal_wording: str | None = None  # id of the known wording of a removal page
    parked: str | None = None  # id of the sign of a parked page or an account suspended
    login: str | None = None  # id of the sign of a login, captcha, age gate or geo-block
    default_page: str | None = None  # id of the sign of a server's default or maintenance page
    placeholder: str | None = None  # id of a known placeholder image
    removed_for_all: bool = False  # a 451 whose text says removed for everybody
    script_only: bool = False  # nothing to read: scripts fetch the rest, so being like its sibling says nothing
    front_page: bool = False  # redirects ended at the front page of the same host


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look from one vantage at one address."""

    at: datetime
    vantage: str
    sight: Sight
    address: Address | None  # the one dialled
    addresses: tuple[Address, ...]  # all the name had
    hops: tuple[Hop, ...] = ()
    status: int | None = None
    body: Body | None = None
    signs: Signs = Signs()
    fault: str | None = None  # in words, without URL
    retry_after_s: float | None = None
    elapsed_s: float = 0.0
    final_site: str | None = None  # registered domain where redirects ended, when another than asked
    tls: Tls | None = None  # of the hop whose certificate was not in order, else of the last
    phases: Phases = Phases()


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What "up" looked like the first time, or what a person said is not the thing."""

    sha256: str
    length_bytes: int
    type: str | None
    likeness: str | None = None
    denied: bool = False  # a person has said that who sees this does not see the thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a set of observations means."""

    verdict: Verdict
    reason: str  # a code, e.g. "status_404", "soft_404", "address_not_public"
    gone_by: GoneBy | None = None  # exactly when the verdict is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look from each chosen vantage at every address asked: observations and what they mean as a whole."""

    at: datetime
    observations: tuple[Observation, ...]
    meaning: Meaning
