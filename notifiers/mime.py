"""Parts and headers to the bytes of a mail (RFC 5322, 2045-2047).

The same parts always give the same bytes: the boundary comes from the caller, nothing is random, nothing reads a
clock. Lines of the content are never wrapped: what does not fit RFC 5322 as it is goes as quoted-printable, whose
soft breaks vanish when it is decoded.
"""

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr

from notifiers.plain import one_line

LONGEST_LINE = 998  # octets without CRLF, RFC 5322 section 2.1.1
_CRLF = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a mail; lines of `content` end in a bare newline."""

    type: str  # with its parameters, e.g. "text/csv; charset=utf-8"
    content: str
    filename: str | None = None  # plain ASCII; None: shown inline
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """What stands in the place of a sealed entity: its headers, and its body with CRLF line ends."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def wrapped(headers: Sequence[tuple[str, str]], inside: Wrapped) -> bytes:
    """Write a mail around what was sealed."""
    return _head([*headers, ("MIME-Version", "1.0"), *inside.headers]) + inside.body


def multipart(headers: Sequence[tuple[str, str]], subtype: str, parts: Sequence[Part], boundary: str) -> bytes:
    """Write a mail of several parts; `subtype` is e.g. `mixed`, headers come ready from this module."""
    head = [*headers, ("MIME-Version", "1.0"), ("Content-Type", f'multipart/{subtype};\r\n boundary="{boundary}"')]
    delimiter = b"--" + boundary.encode()
    written = [_head(head)]
    for part in parts:
        written += [delimiter, _CRLF, _part(part), _CRLF]
    return b"".join([*written, delimiter, b"--", _CRLF])


def _part(part: Part) -> bytes:
    encoding, body = _encoded(part.content)
    head = [("Content-Type", part.type), ("Content-Transfer-Encoding", encoding)]
    if part.language:
        head.append(("Content-Language", part.language))
    head.append(("Content-Disposition", f'attachment; filename="{part.filename}"' if part.filename else "inline"))
    return _head(head) + body


def _head(headers: Sequence[tuple[str, str]]) -> bytes:
    # UTF-8 only ever appears in an address with a non-ASCII local part (RFC 6532); all else is ASCII by now.
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode() + _CRLF


def _encoded(content: str) -> tuple[str, bytes]:
    data = content.encode("utf-8", "replace").replace(b"\n", _CRLF)
    if content.isascii() and max(map(len, data.split(_CRLF))) <= LONGEST_LINE:
        return "7bit", data
    return "quoted-printable", binascii.b2a_qp(data, istext=True)


def words(name: str, text: str) -> tuple[str, str]:
    """Give a header of free words, folded, and encoded (RFC 2047) where it is not ASCII."""
    line = one_line(text, LONGEST_LINE // 2)
    charset = "us-ascii" if line.isascii() else "utf-8"
    return name, Header(line, charset, header_name=name).encode(linesep="\r\n")


def identities(name: str, message_ids: Sequence[str]) -> tuple[str, str]:
    """Give a header of Message-IDs, one to a line."""
    return name, "\r\n ".join(message_ids)


def mailbox(name: str, text: str) -> tuple[str, str]:
    """Give a header of one mailbox, written as `Name <address>` or bare."""
    display, address = parseaddr(one_line(text, LONGEST_LINE // 2))
    bare = address_of(address)
    if not display.isascii():
        encoded = Header(display, "utf-8", header_name=name).encode(linesep="\r\n")
        return name, f"{encoded}\r\n <{bare}>"
    return name, formataddr((display, bare)) if bare.isascii() else bare


def address_of(text: str) -> str:
    """Give the bare address of a mailbox, its domain in ASCII (RFC 5890); a non-ASCII local part stays as it is.

    >>> address_of("Example Hotline <notices@hotline.example>")
    'notices@hotline.example'
    """
    local, at, domain = parseaddr(one_line(text, LONGEST_LINE // 2))[1].rpartition("@")
    if domain.isascii():
        return local + at + domain
    try:
        return local + at + domain.encode("idna").decode()
    except UnicodeError:
        return local + at + domain


def date(at: datetime) -> tuple[str, str]:
    """Give the Date header."""
    return "Date", format_datetime(at)
