"""An HTTP/1 answer told from its bytes, every part under a bound. Pure: pieces in, head and content out.

Only what a look needs of RFC 9112: one request on one connection, so what comes after the answer belongs to nobody. In
what cannot mislead us we are as patient as browsers (line ends, folded lines, lines that are no field); about where a
body ends we are strict, because a body cut in the wrong place may look like another one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

#: Bytes of one head, status line included; browsers take 256 KiB, common servers send at most 8 to 32 KiB.
HEAD_BYTES: Final = 65_536
#: Answers that only announce the real one (100 Continue, 103 Early Hints).
INTERIM_MOST: Final = 8
#: Bytes of one line of a chunked body: a size with its extensions, or a trailer.
LINE_BYTES: Final = 4_096
#: Bytes of trailers in all.
TRAILER_BYTES: Final = 16_384
#: Bytes by which the framing of a chunked body may exceed what it frames: servers flush a letter at a time.
FRAMING_BYTES: Final = 131_072

_NOT_HTTP: Final = "the answer is not HTTP"
_MAGIC: Final = b"HTTP/"
_STATUS: Final = re.compile(r"HTTP/1\.[0-9] +([1-9][0-9]{2})(?: .*)?")
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_SIZE: Final = re.compile(rb"[0-9a-fA-F]{1,15}")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_SWITCHING: Final = 101
_FINAL: Final = 200
_BODILESS: Final = frozenset({101, 204, 304})  # RFC 9112, 6.3; 101 is followed by another protocol
#: Fields of which every line counts; of all others the first does.
_JOINED: Final = frozenset({"content-length", "transfer-encoding", "content-encoding"})


class BrokenAnswer(Exception):  # noqa: N818 -- a fact about the other side, not an error of ours
    """The answer breaks HTTP or a bound; the words say how."""


class Framing(Protocol):
    """Where a body ends."""

    done: bool

    def feed(self, piece: bytes) -> bytes:
        """Take a piece of what came, give the content in it."""
        ...

    def close(self) -> None:
        """Take the end of the connection; BrokenAnswer where the body may not end here."""
        ...


class NoBody:
    """What comes behind the head is no body."""

    done = True

    def feed(self, _piece: bytes) -> bytes:
        """Give nothing."""
        return b""

    def close(self) -> None:
        """Take the end."""


class Counted:
    """A body of so many bytes."""

    def __init__(self, length: int) -> None:
        self._left, self.done = length, length == 0

    def feed(self, piece: bytes) -> bytes:
        """Take a piece; more than was promised breaks the answer."""
        self._left -= len(piece)
        if self._left < 0:
            _tolerate(piece[self._left :], "more came than the Content-Length says")
            piece, self._left = piece[: self._left], 0
        self.done = self._left == 0
        return piece

    def close(self) -> None:
        """Take the end, which may not be early."""
        if not self.done:
            raise BrokenAnswer("the body is shorter than its Content-Length")


class UntilClose:
    """A body that ends with the connection."""

    done = False

    def feed(self, piece: bytes) -> bytes:
        """Give all of it."""
        return piece

    def close(self) -> None:
        """Take the end."""


class _Awaited(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()


class Chunked:
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are read over."""

    def __init__(self) -> None:
        self.done = False
        self._awaited = _Awaited.SIZE
        self._line = b""
        self._left = self._content = self._framing = self._trailers = 0

    def feed(self, piece: bytes) -> bytes:
        """Take a piece, give the content in it."""
        content: list[bytes] = []
        at = 0
        while at < len(piece):
            if self.done:
                _tolerate(piece[at:], "more came than the last chunk")
                break
            if self._awaited is _Awaited.DATA:
                part = piece[at : at + self._left]
                content.append(part)
                at += len(part)
                self._take_content(len(part))
            else:
                at = self._take_line(piece, at)
        return b"".join(content)

    def close(self) -> None:
        """Take the end, which may not be early."""
        if not self.done:
            raise BrokenAnswer("the last chunk is missing")

    def _take_content(self, length: int) -> None:
        self._left -= length
        self._content += length
        if not self._left:
            self._awaited = _Awaited.DATA_END

    def _take_line(self, piece: bytes, at: int) -> int:
        end = piece.find(b"\n", at)
        self._line += piece[at:] if end < 0 else piece[at:end]
        if len(self._line) > LINE_BYTES:
            raise BrokenAnswer("a line between the chunks is too long")
        if end < 0:
            return len(piece)
        line, self._line = self._line.rstrip(b"\r"), b""
        self._framing += len(line) + 1
        if self._framing > FRAMING_BYTES + self._content:
            raise BrokenAnswer("the chunks hold more framing than content")
        self._read_line(line)
        return end + 1

    def _read_line(self, line: bytes) -> None:
        match self._awaited:
            case _Awaited.SIZE:
                self._left = _size_of(line)
                self._awaited = _Awaited.DATA if self._left else _Awaited.TRAILER
            case _Awaited.DATA_END if not line:
                self._awaited = _Awaited.SIZE
            case _Awaited.TRAILER if not line:
                self.done = True
            case _Awaited.TRAILER:
                self._trailers += len(line)
                if self._trailers > TRAILER_BYTES:
                    raise BrokenAnswer("the trailers do not end")
            case _:
                raise BrokenAnswer("a chunk is longer than its size says")


def _size_of(line: bytes) -> int:
    text = line.partition(b";")[0].strip(b" \t")
    if not _SIZE.fullmatch(text):
        raise BrokenAnswer("the size of a chunk is no number")
    return int(text, 16)


def _tolerate(rest: bytes, words: str) -> None:
    """Let an empty line pass that some servers send behind a body."""
    if rest.strip(b"\r\n") or len(rest) > 2:  # noqa: PLR2004 -- one line end
        raise BrokenAnswer(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of the final answer."""

    status: int
    fields: Mapping[str, str]  # by name in lower case; what is no UTF-8 is kept as surrogates
    framing: Framing


class HeadReader:
    """Waits for the head of the final answer and passes over those that announce it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._interim = 0

    @property
    def begun(self) -> bool:
        """Say whether anything of a final head has come."""
        return bool(self._buffer)

    @property
    def rest(self) -> bytes:
        """What came behind the head."""
        return bytes(self._buffer)

    def feed(self, piece: bytes) -> Head | None:
        """Take a piece; give the head once it is there. BrokenAnswer when it is none or does not end."""
        # The end of a head may be cut by the pieces: at most "\n\r" stands before this one.
        known = max(0, len(self._buffer) - 2)
        self._buffer += piece
        while self._buffer:
            if self._buffer[: len(_MAGIC)] != _MAGIC[: len(self._buffer)]:
                raise BrokenAnswer(_NOT_HTTP)
            end = _HEAD_END.search(self._buffer, known)
            if (end.end() if end else len(self._buffer)) > HEAD_BYTES:
                raise BrokenAnswer("the head of the answer does not end")
            if end is None:
                return None
            text = self._buffer[: end.start()].decode("utf-8", "surrogateescape")
            del self._buffer[: end.end()]
            known = 0
            if head := self._head(text):
                return head
        return None

    def _head(self, text: str) -> Head | None:
        line, _, rest = text.partition("\n")
        match = _STATUS.fullmatch(line.rstrip("\r"))
        if match is None or "\0" in text:
            raise BrokenAnswer(_NOT_HTTP)
        status = int(match[1])
        if status < _FINAL and status != _SWITCHING:
            self._interim += 1
            if self._interim > INTERIM_MOST:
                raise BrokenAnswer("announces an answer again and again")
            return None
        fields = _fields(rest)
        return Head(status=status, fields=fields, framing=_framing(status, fields))


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in (_FOLD.sub(" ", text) if "\n " in text or "\n\t" in text else text).split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue  # what is no field is passed over, as browsers do
        name, value = name.strip().lower(), value.strip()
        if name not in fields:
            fields[name] = value
        elif name in _JOINED:
            fields[name] += f",{value}"
    return fields


def _framing(status: int, fields: Mapping[str, str]) -> Framing:
    """Say where the body ends (RFC 9112, 6.3)."""
    if status in _BODILESS:
        return NoBody()
    coding = fields.get("transfer-encoding", "").strip().lower()
    if coding == "chunked":
        return Chunked()  # overrides a Content-Length
    if coding not in {"", "identity"}:
        raise BrokenAnswer("the body has a Transfer-Encoding that was not asked for")
    if (length := fields.get("content-length")) is None:
        return UntilClose()
    said = {one.strip() for one in length.split(",")}
    if len(said) > 1 or not _LENGTH.fullmatch(only := said.pop()):
        raise BrokenAnswer("the Content-Length is no number, or more than one")
    return Counted(int(only))
