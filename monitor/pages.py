"""What of an HTML page is read: title, headings, visible words, media. Lives in memory for the length of one look.

A scanner of our own, because every step of it is linear in the page: a hostile page cannot make it slow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Final

#: A page is told by its beginning; longer ones are cut here, in characters.
PAGE_LIMIT: Final = 131_072
_TAG: Final = re.compile(r"/?[a-z][a-z0-9-]{0,20}", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")
#: Stands for the end of a block while a page is read; no page can hold it as a word.
_BREAK: Final = "\x00"
_CHARSET: Final = re.compile(rb"charset=[\"']?([a-zA-Z0-9_-]{2,20})")
_SOURCE: Final = re.compile(
    r"\b(?:src|data|poster)\s{0,9}=\s{0,9}(?:\"([^\"]{0,500})\"|'([^']{0,500})'|([^\s\"'>]{1,500}))", re.IGNORECASE
)
#: What is read of one tag's attributes, in characters: bounds what a hostile tag can cost.
_ATTRIBUTES_LIMIT: Final = 2000
_RAW_END: Final = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
_REFRESH: Final = re.compile(r"http-equiv\s*=\s*[\"']?refresh", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"type\s*=\s*[\"']?password", re.IGNORECASE)
_HIDDEN: Final = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_HEADINGS: Final = frozenset({"h1", "h2", "h3"})
_MEDIA: Final = frozenset({"img", "video", "audio", "source", "iframe", "frame", "embed", "object"})
_BREAKS: Final = frozenset(
    {"p", "div", "br", "li", "td", "tr", "section", "h1", "h2", "h3", "h4", "form", "button", "option"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page taken apart; every text has its white space folded."""

    title: str
    headings: tuple[str, ...]
    text: str  # what a visitor reads, headings included; a line per block
    media: tuple[str, ...]  # sources of pictures, films and frames, in order
    markup: str  # lower case, as it came
    password: bool  # asks for one
    scripted: bool  # has scripts, or sends the visitor on by itself


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    title: list[str] = field(default_factory=list)
    headings: list[list[str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    inside: str = ""  # "title", or the heading that is open
    hidden: str = ""  # the element whose words nobody sees
    password: bool = False
    scripted: bool = False

    def tag(self, tag: str, attributes: str) -> None:
        """Take one tag in."""
        name, closing = tag.removeprefix("/"), tag.startswith("/")
        if name in _BREAKS:
            self.text.append(_BREAK)
        if name in _HEADINGS or name == "title":
            self.inside = "" if closing else name
            if name in _HEADINGS and not closing:
                self.headings.append([])
        if name in _HIDDEN and (closing or not self.hidden):
            self.hidden = "" if closing else name
        if not closing:
            self._attributes(name, attributes)

    def _attributes(self, name: str, attributes: str) -> None:
        if name in _MEDIA and (source := _SOURCE.search(attributes)):
            self.media.append(source[1] or source[2] or source[3] or "")
        elif name == "script" or (name == "meta" and _REFRESH.search(attributes)):
            self.scripted = True
        elif name == "input" and _PASSWORD.search(attributes):
            self.password = True

    def words(self, words: str) -> None:
        """Take the words between two tags in."""
        if self.inside == "title":
            self.title.append(words)
        elif not self.hidden:
            self.text.append(words)
            if self.inside:
                self.headings[-1].append(words)


def looks_like_page(content_type: str | None, start: bytes) -> bool:
    """Say whether a body is a page that a visitor reads, by its declared type, else by its first bytes."""
    if content_type in {"text/html", "application/xhtml+xml", "text/plain"}:
        return True
    beginning = start[:256].lstrip().lower()
    return content_type in {None, "application/octet-stream"} and beginning.startswith((b"<!doctype html", b"<html"))


def page_text(body: bytes, charset: str | None) -> str:
    """Decode a page by its declared charset, else by what it says of itself, else as UTF-8."""
    said = _CHARSET.search(body[:1024])
    for name in (charset, said[1].decode("ascii") if said else None, "utf-8"):
        try:
            return body.decode(name or "utf-8", "replace")[:PAGE_LIMIT]
        except (LookupError, UnicodeError):
            continue
    return ""


def read_page(html: str) -> Page:
    r"""Take a page apart.

    >>> read_page("<title>A</title><h1>B</h1><script>x</script><p>c&amp;d").text
    'B\nc&d'
    """
    html = html[:PAGE_LIMIT].replace(_BREAK, " ")
    seen = _Reading()
    for tag, attributes, words in _pieces(html):
        seen.tag(tag, attributes)
        if words:
            seen.words(words)
    return Page(
        title=_fold(seen.title),
        headings=tuple(text for text in map(_fold, seen.headings) if text),
        text=_lines(seen.text),
        media=tuple(seen.media[:200]),
        markup=html.lower(),
        password=seen.password,
        scripted=seen.scripted,
    )


def _pieces(html: str) -> Iterator[tuple[str, str, str]]:
    """Yield (tag, its attributes, the words that follow it); the first piece has no tag."""
    start = html.find("<")
    yield "", "", html if start < 0 else html[:start]
    while start >= 0:
        end = _end_of_tag(html, start)
        if end < 0:
            return
        tag = _TAG.match(html, start + 1)
        name = tag[0].lower() if tag else ""
        attributes = html[tag.end() : min(end, tag.end() + _ATTRIBUTES_LIMIT)] if tag else ""
        if raw := _RAW_END.get(name):
            # The text of a script is no markup: only its own end tag ends it.
            close = raw.search(html, end)
            end = close.start() - 1 if close else len(html)
        start = html.find("<", end + 1)
        yield name, attributes, html[end + 1 :] if start < 0 else html[end + 1 : start]


def _end_of_tag(html: str, start: int) -> int:
    if not html.startswith("<!--", start):
        return html.find(">", start)
    end = html.find("-->", start + 4)
    return end + 2 if end >= 0 else -1


def _fold(parts: list[str]) -> str:
    return _SPACES.sub(" ", unescape("".join(parts))).strip()


def _lines(parts: list[str]) -> str:
    blocks = unescape("".join(parts)).split(_BREAK)
    return "\n".join(line for line in (_SPACES.sub(" ", block).strip() for block in blocks) if line)
