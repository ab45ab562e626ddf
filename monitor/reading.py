"""An answer read under bounds. Of a body only a hash, a length and a type outlive the look."""

import email.utils
import hashlib
import re
from datetime import UTC, datetime
from typing import Final

import ada_url

from monitor.decoding import BrokenEncoding, decoder_for
from monitor.pages import Page, looks_like_page, page_text, read_page
from monitor.pinned import Answer, Fault
from schemas.check import Body, Sight
from schemas.errors import Refused
from schemas.url import Url, parse_url

#: What is held of a page in memory, in bytes; the rest is only hashed.
PAGE_BYTES: Final = 131_072
#: How much more than the limit a packed body may be before unpacking it is given up.
_PACKED_BEYOND_BYTES: Final = 65_536
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TYPE: Final = re.compile(r"\s*([a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60})\s*(?:;|$)", re.IGNORECASE)
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([a-z0-9_-]{2,20})", re.IGNORECASE)


def redirect_of(answer: Answer, url: Url) -> Url | None:
    """Give where the answer sends us, None when nowhere; Fault when that is no web address."""
    location = answer.headers.get("Location")
    if answer.status not in _REDIRECTS or not location:
        return None
    # Servers send the bytes of their path as they are: UTF-8 most often.
    text = location.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return parse_url(ada_url.join_url(url.text, text))
    except (ValueError, Refused) as fault:
        raise Fault(Sight.BAD_ANSWER, "redirects to what is no web address") from fault


def retry_after_s(answer: Answer, now: datetime) -> float | None:
    """Give the wait the server asks for in seconds (RFC 9110, 10.2.3), None when it does not."""
    value = (answer.headers.get("Retry-After") or "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


class _Intake:
    """Takes a body in piece by piece and keeps nothing of it but the beginning of a page."""

    def __init__(self, content_type: str | None, content_encoding: str | None, limit_bytes: int) -> None:
        self._type, self._limit = content_type, limit_bytes
        self._decoder = decoder_for(content_encoding)
        self._digest = hashlib.sha256()
        self._length = self._packed = 0
        self._page: bytearray | None = None
        self._truncated = False

    def take(self, raw: bytes) -> bool:
        """Take a piece; say whether more is wanted."""
        self._packed += len(raw)
        try:
            # One byte more than wanted tells "longer than the limit" from "exactly the limit".
            piece = self._decoder.feed(raw, self._limit - self._length + 1)
        except BrokenEncoding as fault:
            raise Fault(Sight.BAD_ANSWER, str(fault)) from fault
        if not self._length and piece and looks_like_page(self._type, piece):
            self._page = bytearray()
        self._truncated = self._length + len(piece) > self._limit
        self._keep(piece[: self._limit - self._length])
        # A piece may be of any size: what has come far enough is enough, however much came with it.
        if not self._truncated and self._packed > self._limit + _PACKED_BEYOND_BYTES:
            raise Fault(Sight.BAD_ANSWER, "the packed body does not end")
        return not self._truncated

    def _keep(self, piece: bytes) -> None:
        self._length += len(piece)
        self._digest.update(piece)
        if self._page is not None:
            self._page += piece[: max(0, PAGE_BYTES - len(self._page))]

    def finish(self) -> tuple[Body, bytes]:
        """Give what is kept of the body, and the beginning of a page (else nothing) for the length of this look."""
        if not self._truncated and not self._decoder.complete:
            raise Fault(Sight.BAD_ANSWER, "the packed body ends early")
        body = Body(
            sha256=self._digest.hexdigest(), length_bytes=self._length, type=self._type, truncated=self._truncated
        )
        return body, bytes(self._page or b"")


async def read_body(answer: Answer, limit_bytes: int) -> tuple[Body, bytes]:
    """Read at most `limit_bytes` unpacked bytes; give what may be kept, and the beginning of a page for this look."""
    intake = _Intake(type_of(answer), answer.headers.get("Content-Encoding"), limit_bytes)
    async for raw in answer.body.iter_any():
        if not intake.take(raw):
            break
    return intake.finish()


def type_of(answer: Answer) -> str | None:
    """Give the declared type, lower case, without parameters; None when there is none that can be read."""
    match = _TYPE.match(answer.headers.get("Content-Type") or "")
    return match[1].lower() if match else None


def page_of(answer: Answer, start: bytes) -> Page | None:
    """Take a page apart; None when the body is no page."""
    if not start:
        return None
    charset = _CHARSET.search(answer.headers.get("Content-Type") or "")
    return read_page(page_text(start, charset[1] if charset else None))
