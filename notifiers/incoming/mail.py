"""Bytes to headers and parts: bounded in size, depth, parts and headers, and never failing, whatever the bytes.

Not the standard library's parser: that one recurses as deep as the message wants and has no bound on anything. What is
beyond a bound is left away; a message cut short is read as far as it goes.
"""

import binascii
import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from itertools import islice

#: Bytes of a message that are looked at; reports and answers say what they have to say at their beginning.
LONGEST_MESSAGE = 4 * 1024 * 1024
#: Encoded bytes and decoded characters of one text part.
LONGEST_PART, LONGEST_TEXT = 512 * 1024, 64 * 1024
LONGEST_HEAD, MOST_HEADERS, LONGEST_VALUE = 256 * 1024, 500, 8 * 1024
MOST_PARTS, DEEPEST = 100, 8

_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)")
_TYPE = re.compile(r"\s*([\w!#$&^.+-]{1,80})/([\w!#$&^.+-]{1,80})")
_PARAMETER = re.compile(r';\s*([\w*-]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.){0,1000})"|([^;\s"]{1,1000}))')
_GUESSED = re.compile(rb"^--([^\s-][^\n]{0,200})$", re.MULTILINE)
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_WORD = re.compile(r"=\?[\w*-]{1,60}\?[bBqQ]\?")
#: Codecs of Python that are no charsets, some of them of quadratic cost.
_NO_CHARSETS = frozenset({"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
#: What programs call their text whatever its bytes are.
_EIGHT_BIT_CLAIMED = frozenset({"ascii", "utf-8"})
_REPORTS = re.compile(
    r"message/(?:global-)?(?:delivery-status|disposition-notification)|message/feedback-report|text/rfc822-headers"
)
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/rfc822-headers", "message/global-headers"})
_HEADERS_ONLY = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one header, names in lower case, values as written, unfolded."""

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Give the first value of a field, decoded (RFC 2047); empty where there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Give every value of a field, decoded."""
        return [decoded(value) for key, value in self.fields if key == name]

    def names(self) -> frozenset[str]:
        """Give the names of the fields."""
        return frozenset(name for name, _ in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One leaf of a message."""

    type: str
    parameters: dict[str, str]
    headers: Headers
    body: bytes  # still encoded
    alternative: bool  # one of several forms of the same
    returned: bool  # inside of a message that is itself attached

    @property
    def attached(self) -> bool:
        """Say whether it comes as a file."""
        disposition = self.headers.get("content-disposition").lower()
        return disposition.startswith("attachment") or "filename" in disposition or "name" in self.parameters

    @property
    def report(self) -> bool:
        """Say whether it is the machine's part of a report."""
        return _REPORTS.fullmatch(self.type) is not None

    def text(self) -> str:
        """Give its text, bounded; what cannot be decoded is replaced."""
        return _text(_bytes(self.body, self.headers), self.parameters.get("charset", ""))


@dataclass(slots=True)
class Mail:
    """A message taken apart."""

    headers: Headers
    body: bytes = b""
    type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    returned: list[Headers] = field(default_factory=list)  # headers of messages inside


def read_mail(raw: bytes) -> Mail:
    """Take a message apart."""
    data = raw[:LONGEST_MESSAGE].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if data.startswith((b"From ", b">From ")):
        # The line that mailbox files put before each message.
        data = data.partition(b"\n")[2]
    headers, body = _head(data)
    kind, parameters = _content_type(headers)
    mail = Mail(headers=headers, body=body, type=kind, parameters=parameters)
    mail.parts += islice(_leaves(mail, headers, body, depth=0, alternative=False, returned=False), MOST_PARTS)
    return mail


def read_headers(text: str) -> Headers:
    """Read the fields of a header that stands in a text."""
    return _head(text.encode(errors="replace"))[0]


def _head(data: bytes) -> tuple[Headers, bytes]:
    if data.startswith(b"\n"):
        return Headers(), data[1:]
    end = data.find(b"\n\n")
    block, body = (data, b"") if end < 0 else (data[:end], data[end + 2 :])
    lines = _decode(block[:LONGEST_HEAD]).split("\n")
    fields: list[tuple[str, list[str]]] = []
    for at, line in enumerate(lines):
        if line[:1] in {" ", "\t"} and fields:
            fields[-1][1].append(line.strip())
        elif (found := _FIELD.match(line)) and len(fields) < MOST_HEADERS:
            fields.append((found[1].lower(), [found[2]]))
        elif not found and line.strip():
            # No header any more, and no empty line between: the body begins here.
            rest = "\n".join(lines[at:]).encode(errors="replace")
            body = rest + (b"\n\n" + body if end >= 0 else b"")
            break
    return Headers(tuple((name, " ".join(value)[:LONGEST_VALUE].strip()) for name, value in fields)), body


def _content_type(headers: Headers) -> tuple[str, dict[str, str]]:
    value = headers.get("content-type")
    found = _TYPE.match(value)
    parameters: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(value):
        # RFC 2231, section 3: a long value comes in numbered pieces.
        key = name.lower().partition("*")[0]
        parameters[key] = parameters.get(key, "") + (re.sub(r"\\(.)", r"\1", quoted) or plain)
    return (f"{found[1]}/{found[2]}".lower() if found else "text/plain"), parameters


def _leaves(
    mail: Mail, headers: Headers, body: bytes, *, depth: int, alternative: bool, returned: bool
) -> Iterator[Part]:
    kind, parameters = _content_type(headers)
    leaf = Part(
        type=kind, parameters=parameters, headers=headers, body=body, alternative=alternative, returned=returned
    )
    if depth >= DEEPEST:
        return
    if kind in _MESSAGES or kind in _HEADERS_ONLY:
        yield leaf
        inner, content = _head(_bytes(body, headers).replace(b"\r\n", b"\n").lstrip(b"\n"))
        if len(mail.returned) < MOST_PARTS:
            mail.returned.append(inner)
        if kind not in _HEADERS_ONLY:
            yield from _leaves(mail, inner, content, depth=depth + 1, alternative=False, returned=True)
        return
    pieces = _split(body, parameters.get("boundary", "")) if kind.startswith("multipart/") else []
    if not pieces:
        yield leaf
        return
    for piece in pieces:
        inner, content = _head(piece)
        choice = alternative or kind == "multipart/alternative"
        yield from _leaves(mail, inner, content, depth=depth + 1, alternative=choice, returned=returned)


def _split(body: bytes, boundary: str) -> list[bytes]:
    wanted = boundary.encode(errors="replace")
    if not wanted or b"--" + wanted not in body:
        guessed = _GUESSED.search(body)
        if guessed is None:
            return []
        wanted = guessed[1].rstrip()
    marks = re.compile(rb"^--" + re.escape(wanted) + rb"(--)?[ \t]*$", re.MULTILINE)
    pieces: list[bytes] = []
    begin: int | None = None
    for mark in islice(marks.finditer(body), MOST_PARTS + 1):
        if begin is not None:
            pieces.append(body[begin : max(begin, mark.start() - 1)])
        begin = mark.end() + 1
        if mark[1]:
            return pieces
    # Cut short: the last part goes as far as it goes.
    return [*pieces, body[begin:]] if begin is not None else pieces


def _bytes(body: bytes, headers: Headers) -> bytes:
    encoding = headers.get("content-transfer-encoding").strip().lower()
    if encoding == "base64":
        clean = _NO_BASE64.sub(b"", body[:LONGEST_PART])
        return binascii.a2b_base64(clean[: len(clean) // 4 * 4] + _padded(clean))
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body[:LONGEST_PART])
    return body[:LONGEST_PART]


def _padded(clean: bytes) -> bytes:
    rest = clean[len(clean) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _text(data: bytes, charset: str) -> str:
    text = _decode(data, charset)[:LONGEST_TEXT]
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _decode(data: bytes, charset: str = "") -> str:
    known = _known(charset)
    for name in (known or "utf-8", "utf-8"):
        try:
            return data.decode(name)
        except (UnicodeError, ValueError):
            continue
    # What claims to be something that it is not: nearly all of it can still be read.
    if known in _EIGHT_BIT_CLAIMED:
        known = "utf-8" if _mostly_utf_8(data) else "cp1252"
    return data.decode(known or "latin-1", "replace")


def _mostly_utf_8(data: bytes) -> bool:
    # Cut short or damaged in places; else a program has written its own eight bits and called them something else.
    beyond = [letter for letter in data.decode("utf-8", "replace") if letter >= "\x80"]
    return beyond.count("\ufffd") * 2 <= len(beyond)


def _known(charset: str) -> str | None:
    """Give the codec of a charset; None for what is none, or is one that no mail is written in."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if name in _NO_CHARSETS else name


def decoded(value: str) -> str:
    """Decode the encoded words of a header (RFC 2047); what cannot be decoded stays as it is."""
    if not _WORD.search(value):
        return value
    try:
        pieces: Sequence[tuple[bytes | str, str | None]] = decode_header(value)
    except (HeaderParseError, ValueError, LookupError):
        return value
    return "".join(piece if isinstance(piece, str) else _decode(piece, charset or "") for piece, charset in pieces)
