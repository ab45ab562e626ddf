"""What a reply code, a status or a lost connection means for the message. Decided here, done elsewhere."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from schemas.notice import AttemptOutcome

LONGEST_REPLY = 2000  # characters of the other side's own words that are kept
#: A wish for longer than this is not obeyed: it would outlive any notice.
LONGEST_RETRY_AFTER = timedelta(days=30)
_SECONDS = re.compile(r"\d{1,9}")
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
#: Codes that speak of us and the relay, not of the message: sign in, use TLS (RFC 4954 section 6, RFC 3207).
_ABOUT_US = frozenset({530, 534, 535, 538})
_TOO_MANY_REQUESTS = 429
#: Not found, no such method, gone.
_NOTHING_THERE = frozenset({404, 405, 410})


class Stage(Enum):
    """How far a message had come when something was said, or nothing more was."""

    CONNECT = auto()  # nothing has been said of this message yet
    ENVELOPE = auto()  # sender, recipient, DATA; or the connection for a POST
    CONTENT = auto()  # the message itself was on its way: it may have been taken


def smtp_outcome(stage: Stage, code: int) -> AttemptOutcome:
    """Say what an SMTP reply means (RFC 5321, section 4.2.1).

    >>> [smtp_outcome(*said).value for said in ((Stage.CONTENT, 250), (Stage.ENVELOPE, 550), (Stage.CONNECT, 554))]
    ['accepted', 'permanent', 'temporary']
    """
    match code // 100:
        case 4:
            return AttemptOutcome.TEMPORARY
        case 5:
            about_us = stage is Stage.CONNECT or code in _ABOUT_US
            return AttemptOutcome.TEMPORARY if about_us else AttemptOutcome.PERMANENT
        case 2 if stage is Stage.CONTENT:
            return AttemptOutcome.ACCEPTED
        case _:
            return lost_outcome(stage)


def lost_outcome(stage: Stage) -> AttemptOutcome:
    """Say what silence, a lost connection or gibberish means: doubt only where the message may have been taken."""
    return AttemptOutcome.DOUBTFUL if stage is Stage.CONTENT else AttemptOutcome.TEMPORARY


def http_outcome(status: int) -> AttemptOutcome:
    """Say what the status of a POST means (contract, section 7); a redirect is never followed and never heals."""
    if 200 <= status < 300:  # noqa: PLR2004 -- 2xx
        return AttemptOutcome.ACCEPTED
    if status == _TOO_MANY_REQUESTS or status >= 500:  # noqa: PLR2004 -- 5xx
        return AttemptOutcome.TEMPORARY
    return AttemptOutcome.PERMANENT


def nothing_there(status: int) -> bool:
    """Say whether a status speaks of the path and not of what was posted to it (RFC 9110, 15.5.5, .6 and .11)."""
    return status in _NOTHING_THERE


def retry_after(wish: str | None, date: str | None) -> timedelta | None:
    """Read Retry-After (RFC 9110, section 10.2.3): seconds, or a moment, counted from the answer's own Date.

    Counting from the other side's Date keeps two clocks from being compared. None: no wish, or not a readable one.

    >>> retry_after("120", None)
    datetime.timedelta(seconds=120)
    """
    if wish is None:
        return None
    if _SECONDS.fullmatch(wish.strip()):
        return min(timedelta(seconds=int(wish)), LONGEST_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(wish) - parsedate_to_datetime(date or "")
    except (ValueError, TypeError):  # not a date; one with and one without a zone
        return None
    return min(max(wait, timedelta(0)), LONGEST_RETRY_AFTER)


def words(text: str) -> str:
    """Give the other side's own words as they can be kept: printable, bounded, lines as they were."""
    return _UNPRINTABLE.sub(" ", text.replace("\r\n", "\n")).strip()[:LONGEST_REPLY]
