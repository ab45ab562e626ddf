"""Bytes as they come in, cut into records: a line of NDJSON, or a row of CSV with its quoted line ends. Pure.

Nothing longer than the limit is ever held: of a longer line the pieces are handed on as they come. A broken quotation
costs its own line and no other: what followed it is read again, line by line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LIMIT_BYTES = 1024 * 1024  # of a line, its end not counted (contract, section 4)
# A cell is one sentence at most: a quotation still open after this many lines is a forgotten quotation mark.
_LINES_IN_A_ROW = 100
_BOM = b"\xef\xbb\xbf"

# Groups are never repeated possessively: Pythons before 3.11.5 lose their place in them (gh-106052).
_QUOTED = rb'[^"]*+(?:""[^"]*+)*'
_FIELD = rb'(?:"' + _QUOTED + rb'"|(?!")[^,\r\n]*+)'
_REST = _QUOTED + rb'"'
_END = rb"\r?\n?\Z"
_WHOLE = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*" + _END)
_OPENS = re.compile(rb"(?:" + _FIELD + rb',)*"' + _QUOTED + rb"\Z")
_CLOSES = re.compile(_REST + rb"(?:," + _FIELD + rb")*" + _END)
_STAYS_OPEN = re.compile(_QUOTED + rb'(?:"(?:,' + _FIELD + rb')*?,"' + _QUOTED + rb")?\Z")


class Form(StrEnum):
    """How items are written."""

    NDJSON = "ndjson"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line or row byte for byte, its end included; `line` is the physical line it begins on, from 1."""

    line: int
    raw: bytes
    broken: bool = False  # a row whose quotation marks do not match


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a line that is over the limit, byte for byte."""

    line: int
    raw: bytes
    last: bool


class Lines:
    """Cuts chunks into physical lines, blank ones too: inside a quotation they mean something."""

    def __init__(self) -> None:
        self._line = 1
        self._held = bytearray()
        self._too_long = False
        self._began = False

    def feed(self, chunk: bytes) -> Iterator[Record | Piece]:
        """Give what the chunk completes."""
        if not self._began:
            chunk = self._begun(chunk)
        first, end, others = chunk.partition(b"\n")
        if end:
            yield self._complete(first + end)
            *complete, first = others.split(b"\n")
            for line in complete:
                yield self._complete(line + b"\n")
        yield from self._hold(first)

    def close(self) -> Iterator[Record | Piece]:
        """Give the last line, where it has no end."""
        if self._too_long or self._held:
            yield self._complete(b"")

    def _begun(self, chunk: bytes) -> bytes:
        """Drop a byte order mark, which may itself come in pieces."""
        chunk = bytes(self._held) + chunk
        self._held.clear()
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._held += chunk
            return b""
        self._began = True
        return chunk.removeprefix(_BOM)

    def _complete(self, end: bytes) -> Record | Piece:
        raw = bytes(self._held) + end if self._held else end
        self._held.clear()
        line, self._line = self._line, self._line + 1
        if self._too_long or len(raw) - raw.endswith(b"\n") > LIMIT_BYTES:
            self._too_long = False
            return Piece(line=line, raw=raw, last=True)
        return Record(line=line, raw=raw)

    def _hold(self, rest: bytes) -> Iterator[Piece]:
        self._held += rest
        if self._held and (self._too_long or len(self._held) > LIMIT_BYTES):
            self._too_long = True
            yield Piece(line=self._line, raw=bytes(self._held), last=False)
            self._held.clear()


class Rows:
    """Joins physical lines into rows of CSV."""

    def __init__(self) -> None:
        self._open: list[Record] = []
        self._length = 0

    def feed(self, line: Record) -> Iterator[Record]:
        """Give the rows that the line completes."""
        waiting = [line]
        while waiting:
            row, again = self._take(waiting.pop(0))
            if row is not None:
                yield row
            waiting = again + waiting

    def close(self) -> Iterator[Record]:
        """Give what is left: a quotation that was never closed costs its first line."""
        while self._open:
            row, again = self._give_up()
            yield row
            for line in again:
                yield from self.feed(line)

    def _take(self, line: Record) -> tuple[Record | None, list[Record]]:
        """Add one line: the row it completes, if it does, and the lines to be read again."""
        if not self._open:
            if line.raw.isspace():
                return None, []
            if b'"' not in line.raw or _WHOLE.match(line.raw):
                return line, []
            if not _OPENS.match(line.raw):
                return Record(line=line.line, raw=line.raw, broken=True), []
            self._keep(line)
            return None, []
        self._keep(line)
        if _CLOSES.match(line.raw):
            raw = b"".join(part.raw for part in self._open)
            first = self._open[0].line
            self._forget()
            return Record(line=first, raw=raw), []
        too_much = len(self._open) >= _LINES_IN_A_ROW or self._length > LIMIT_BYTES
        return self._give_up() if too_much or not _STAYS_OPEN.match(line.raw) else (None, [])

    def _keep(self, line: Record) -> None:
        self._open.append(line)
        self._length += len(line.raw)

    def _forget(self) -> None:
        self._open, self._length = [], 0

    def _give_up(self) -> tuple[Record, list[Record]]:
        first, *others = self._open
        self._forget()
        return Record(line=first.line, raw=first.raw, broken=True), others


class Reader:
    """Cuts chunks into records of whichever form the first byte shows; a CSV's header is kept, not given."""

    def __init__(self, form: Form | None = None) -> None:
        self.form = form
        self.header: Record | None = None
        self._lines = Lines()
        self._rows = Rows()

    def feed(self, chunk: bytes) -> Iterator[Record | Piece]:
        """Give what the chunk completes."""
        for part in self._lines.feed(chunk):
            yield from self._sort(part)

    def close(self) -> Iterator[Record | Piece]:
        """Give what is left at the end."""
        for part in self._lines.close():
            yield from self._sort(part)
        yield from self._rows.close()

    def _sort(self, part: Record | Piece) -> Iterator[Record | Piece]:
        blank = part.raw.isspace() and isinstance(part, Record)
        if blank and (self.form is not Form.CSV or self.header is None):
            return
        if self.form is None:
            self.form = Form.NDJSON if part.raw.lstrip().startswith(b"{") else Form.CSV
        if self.form is Form.NDJSON:
            yield part
        elif self.header is None:
            self.header = Record(line=part.line, raw=part.raw, broken=isinstance(part, Piece))
        elif isinstance(part, Record):
            yield from self._rows.feed(part)
        else:
            yield from self._rows.close()
            yield part


def cells(raw: bytes) -> list[bytes]:
    """Take a complete row apart.

    >>> cells(b'a,"b, c"')
    [b'a', b'b, c']
    """
    text = raw.rstrip(b"\r\n")
    if b'"' not in text:
        return text.split(b",")
    found = (match[1] for match in re.finditer(rb"(?:\A|,)(" + _FIELD + rb")", text))
    return [cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell for cell in found]
