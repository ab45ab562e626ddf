"""What somebody wrote, and what they only quoted: marked lines, and all below a mail that was answered on top."""

import re
from dataclasses import dataclass

from notifiers.incoming.words import phrases, plain

#: A line that somebody marked as quoted.
_MARKED = re.compile(r"^\s{0,3}(?:>|\||&gt;)")
#: "On Monday 3 March, notices@hotline.example wrote:" in the words of the common mail programs, over up to three lines.
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NOTICE_LINE = re.compile(rf"^\W{{0,3}}[^\d\W][\w ]{{1,40}}: {_UUID}\s*$", re.IGNORECASE)
_ITEM_LINE = re.compile(rf"^\W{{0,3}}(?:[^\d\W][\w /]{{1,60}} )?{_UUID}\s*$", re.IGNORECASE)
_RULE = re.compile(r"^\s*[-_=*~ ]{5,}\s*$")
_HEADER = re.compile(r"^\s*\*{0,2}([^\W\d][\w '’-]{0,24}?)\s?:\*{0,2}\s?\S")
_SIGNATURE = re.compile(r"^-- ?$")
_EMPTY, _LONGEST_CLOSING = re.compile(r"\n[ \t]*\n"), 60
#: Lines of a quoted header ("From: … Sent: … To: … Subject: …") that make a block of one.
_BLOCK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text in two: what its author wrote, and what they quoted."""

    own: str
    quoted: str


def split(text: str) -> Words:
    """Part a text into its author's words and the quotation."""
    lines = text.split("\n")
    below = _below(lines)
    own: list[str] = []
    quoted: list[str] = []
    for at, line in enumerate(lines):
        (quoted if at >= below or _MARKED.match(line) or _attributes(lines, at) else own).append(line)
    return Words(own="\n".join(own).strip(), quoted="\n".join(quoted).strip())


def without_signature(own: str) -> str:
    """Give the words above a signature (RFC 3676, section 4.3) or a closing ("Kind regards"), without disclaimers."""
    lines = own.split("\n")
    cut = next((at for at, line in enumerate(lines) if at and _SIGNATURE.match(line)), len(lines))
    closing = next((at for at, line in enumerate(lines[:cut]) if at and _closes(line)), cut)
    above = [one for one in _EMPTY.split("\n".join(lines[:closing])) if not _disclaims(one)]
    return "\n\n".join(above).strip()


def without_frame(own: str) -> str:
    """Give the words without the lines that ticket systems put around them."""
    frame = phrases("automatic", "footer")
    return "\n".join(line for line in own.split("\n") if not frame.search(plain(line[:300]))).strip()


def _closes(line: str) -> bool:
    return len(line) < _LONGEST_CLOSING and phrases("quotation", "closing").search(plain(line.strip())) is not None


def _disclaims(paragraph: str) -> bool:
    """Say whether a paragraph says for whom the mail is meant, and nothing of what it is about."""
    said = plain(paragraph[:2000])
    return all(phrases("quotation", key).search(said) for key in ("secret", "addressee"))


def _below(lines: list[str]) -> int:
    """Give the first line of a mail that is quoted whole, without marks; the number of lines where there is none."""
    for at, line in enumerate(lines):
        if _begins(lines, at) or (_attributes(lines, at) and not _marks_follow(lines, at)):
            return at
        if _NOTICE_LINE.match(line) and _is_our_letter(lines[at:]):
            # Our own letter, as it was sent: its title stands above its number.
            return max(0, at - 2)
    return len(lines)


def _begins(lines: list[str], at: int) -> bool:
    line = lines[at]
    if phrases("quotation", "original").search(plain(line[:200])):
        return True
    if not _HEADER.match(line):
        return False
    block = [found[1] for one in lines[at : at + 8] if (found := _HEADER.match(one))]
    known = phrases("quotation", "header")
    named = {plain(name).strip() for name in block if known.fullmatch(plain(name).strip())}
    return len(named) >= _BLOCK and known.fullmatch(plain(block[0]).strip()) is not None


def _attributes(lines: list[str], at: int) -> bool:
    """Say whether a line, with up to two before it, says who wrote what follows."""
    line = lines[at].strip()
    if not line.endswith((":", ":>")) and not line.endswith(("wrote", "schrieb")):
        return False
    together = plain(" ".join(one.strip() for one in lines[max(0, at - 2) : at + 1])[-600:])
    return phrases("quotation", "attribution").search(together) is not None


def _marks_follow(lines: list[str], at: int) -> bool:
    return any(_MARKED.match(line) for line in lines[at + 1 : at + 4])


def _is_our_letter(lines: list[str]) -> bool:
    return any(_ITEM_LINE.match(line) for line in lines[1:]) and any(_RULE.match(line) for line in lines)
