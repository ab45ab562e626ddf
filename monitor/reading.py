"""An answer read under bounds. Of a body only a hash, a length, a type and a likeness outlive the look."""

import email.utils
import hashlib
import re
from datetime import UTC, datetime
from typing import Final

from monitor.decoding import BrokenEncoding, decoder_for
from monitor.faults import Fault
from monitor.imprint import picture_likeness
from monitor.pages import Page, looks_like_page, page_text, read_page
from monitor.pictures import Shape
from monitor.pinned import Answer
from schemas.check import Body, Sight
from schemas.errors import Refused
from schemas.url import Url, parse_url

#: What is held of a page in memory, in bytes; the rest is only hashed.
PAGE_BYTES: Final = 131_072
#: A page that says more than this is there to be read, even where it sends its visitor on.
_SENT_ON: Final = 300
#: How much more than the limit a packed body may be before unpacking it is given up.
_PACKED_BEYOND_BYTES: Final = 65_536
#: Longest redirect that is followed; browsers and servers stop between 2 and 64 KiB.
_LOCATION_CHARACTERS: Final = 16_384
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TYPE: Final = re.compile(r"\s*([a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60})\s*(?:;|$)", re.IGNORECASE)
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([a-z0-9_-]{2,20})", re.IGNORECASE)


def redirect_of(answer: Answer, url: Url) -> Url | None:
    """Give where the answer sends us, None when nowhere; Fault when that is no web address."""
    location = answer.fields.get("location")
    if answer.status not in _REDIRECTS or not location:
        return None
    if len(location) > _LOCATION_CHARACTERS:
        raise Fault(Sight.BAD_ANSWER, "redirects to an address that is too long")
    # Servers send the bytes of their path as they are: UTF-8 most often.
    text = location.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return parse_url(text, url)
    except Refused as fault:
        raise Fault(Sight.BAD_ANSWER, "redirects to what is no web address") from fault


def refresh_of(page: Page, url: Url) -> Url | None:
    """Give where a page that shows nothing sends its visitor at once; None when nowhere else."""
    if page.refresh is None or page.pictures or sum(map(len, page.main)) > _SENT_ON:
        return None
    try:
        target = parse_url(page.refresh, url)
    except Refused:
        return None
    return None if target.text == url.text else target


def retry_after_s(answer: Answer, now: datetime) -> float | None:
    """Give the wait the server asks for in seconds (RFC 9110, 10.2.3), None when it does not."""
    value = (answer.fields.get("retry-after") or "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # OverflowError: an hour, a year or a zone of twelve digits
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


class Intake:
    """Takes a body in piece by piece and keeps nothing of it but the beginning of a page."""

    def __init__(self, answer: Answer, limit_bytes: int) -> None:
        """Take at most `limit_bytes` unpacked bytes."""
        self._type, self._limit = type_of(answer), limit_bytes
        try:
            self._decoder = decoder_for(answer.fields.get("content-encoding"))
        except BrokenEncoding as fault:
            raise Fault(Sight.BAD_ANSWER, str(fault)) from fault
        self._digest = hashlib.sha256()
        self._shape = Shape()
        self._length = self._packed = 0
        self._page: bytearray | None = None
        self._truncated = False

    def take(self, raw: bytes) -> bool:
        """Take a piece; say whether more is wanted."""
        self._packed += len(raw)
        try:
            for piece in self._decoder.pieces(raw):
                self._keep(piece)
                if self._truncated:
                    return False
        except BrokenEncoding as fault:
            raise Fault(Sight.BAD_ANSWER, str(fault)) from fault
        # A piece may be of any size: what has come far enough is enough, however much came with it.
        if self._packed > self._limit + _PACKED_BEYOND_BYTES:
            raise Fault(Sight.BAD_ANSWER, "the packed body does not end")
        return True

    def _keep(self, piece: bytes) -> None:
        if not self._length and looks_like_page(self._type, piece):
            self._page = bytearray()
        room = self._limit - self._length
        if len(piece) > room:
            piece, self._truncated = piece[:room], True
        self._length += len(piece)
        self._digest.update(piece)
        self._shape.take(piece)
        if self._page is not None:
            self._page += piece[: max(0, PAGE_BYTES - len(self._page))]

    def finish(self) -> tuple[Body, bytes]:
        """Give what is kept of the body, and the beginning of a page (else nothing) for the length of this look."""
        if not self._truncated and not self._decoder.complete:
            raise Fault(Sight.BAD_ANSWER, "the packed body ends early")
        shape = self._shape.found
        body = Body(
            sha256=self._digest.hexdigest(),
            length_bytes=self._length,
            type=self._type,
            truncated=self._truncated,
            likeness=picture_likeness(*shape) if shape else None,
        )
        start = bytes(self._page or b"")
        # The first piece told only what it could: it may have been a single byte.
        return body, start if looks_like_page(self._type, start) else b""


def type_of(answer: Answer) -> str | None:
    """Give the declared type, lower case, without parameters; None when there is none that can be read."""
    match = _TYPE.match(answer.fields.get("content-type") or "")
    return match[1].lower() if match else None


def page_of(answer: Answer, start: bytes) -> Page | None:
    """Take a page apart; None when the body is no page."""
    if not start:
        return None
    charset = _CHARSET.search(answer.fields.get("content-type") or "")
    return read_page(page_text(start, charset[1] if charset else None), type_of(answer))
