"""What of a page is read: title, headings, visible words, media. Lives in memory for the length of one look.

What stands on every page of a site (menus, feet, side columns) is told from what this page is about, because a foot
that says "illegal images are removed" is no removal.
"""

import re
from codecs import utf_8_decode
from dataclasses import dataclass
from itertools import islice
from typing import Final

from monitor.answers import words_of_fault
from monitor.markup import BREAK, MOUNT, Reading, fold, lines, pieces

#: A page is told by its beginning; longer ones are cut here, in characters.
PAGE_LIMIT: Final = 131_072
#: Characters of one line of a text: one that is longer states nothing, and is read as several.
_LINE: Final = 1000
#: Headings that are read; in a page of thousands all its lines would be compared with all of them.
_HEADINGS_MOST: Final = 100
_CHARSET: Final = re.compile(rb"charset=[\"']?([a-zA-Z0-9_-]{2,20})")
#: Bytes that no text has (WHATWG MIME Sniffing, 3, "binary data byte").
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
#: Charsets that pages are written in (WHATWG Encoding, 4.2). Python knows more, some of them quadratic.
_CHARSETS: Final = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|(?:us-)?ascii|(?:iso-?)?8859[-_]?\d{1,2}|iso[-_]8859[-_]\d{1,2}|latin-?\d|windows-?\d{3,4}|"
    r"cp\d{3,4}|koi8-[ru]|(?:x-)?s(?:hift)?[-_]?jis|euc-?(?:jp|kr|cn)|gb2312|gbk|gb18030|big5(?:-hkscs)?|tis-?620|"
    r"iso-2022-jp|macintosh|ks_c_5601-1987",
    re.IGNORECASE,
)

#: A page up to this length, in characters, can be no more than a script that sends its visitor on, …
_SCRIPT_LONGEST: Final = 600
#: A page up to this length can be no more than a box with words.
_ALERT_LONGEST: Final = 4000
_NEW_LINE: Final = re.compile(r"(?:\\[nr])+")
_ALERT: Final = re.compile(r"\balert\(\s{0,9}(?:\"([^\"<>]{1,300})\"|'([^'<>]{1,300})')\s{0,9}\)")
_SENDS: Final = re.compile(
    r"\blocation(?:\.href)?\s{0,9}=\s{0,9}[\"']([^\"']{1,500})[\"']|\blocation\.(?:replace|assign)\(\s{0,9}[\"']([^\"']{1,500})[\"']"
)
#: … unless it decides something first: who comes with cookies, in a frame, with a phone.
_DECIDES: Final = re.compile(
    r"\bif\b|\?[^\"']{0,80}:|&&|\|\||cookie|navigator|screen|function|=>|catch|switch|timeout", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page taken apart; every text has its white space folded."""

    title: str
    headings: tuple[str, ...]  # not those of menus, feet and side columns
    text: str  # what a visitor reads, headings included; a line per block
    main: tuple[str, ...]  # of these the lines outside of menus, feet and side columns
    unseen: str  # words of boxes that nobody sees before a script shows them
    media: tuple[str, ...]  # sources of pictures, films and frames, in order
    pictures: tuple[str, ...]  # of these what the page is there to show: no logo, no link to another page
    thumbnails: tuple[str, ...]  # and those that lead to another page
    works: tuple[str, ...]  # what it declares to play or to be about
    glimpses: tuple[str, ...]  # pictures that may be its own though they stand beside or come late
    designs: tuple[str, ...]  # drawings and backgrounds: of the site more often than of the page
    menu: tuple[str, ...]  # words of links that lead to pages of the site, as they stand
    linked: tuple[str, ...]  # … and of those that lead to things on it
    links: int  # how many lead anywhere
    files: tuple[str, ...]  # where those of its own lead that give a film, an archive or the like
    markup: str  # lower case, as it came
    password: bool  # asks for one, in its own words
    scripted: bool  # has scripts, or sends the visitor on by itself
    shell: bool  # has an empty place that scripts fill
    refresh: str | None  # where it sends its visitor at once, by itself
    plain: bool = False  # a text, no page


def looks_like_page(content_type: str | None, start: bytes) -> bool:
    """Say whether a body is text that a visitor or a program reads, by its declared type or its first bytes."""
    if content_type in {"text/html", "application/xhtml+xml", "text/plain"} or _is_for_programs(content_type):
        return True
    beginning = start[:256].lstrip().lower()
    return beginning.startswith((b"<!doctype html", b"<html")) or (content_type is None and _is_text(start))


def _is_text(start: bytes) -> bool:
    """Say whether bytes of no declared type are text, as a server in trouble sends it ("Back soon."): in UTF-8."""
    try:
        return bool(start) and not _BINARY.search(start) and bool(utf_8_decode(start)[0])
    except UnicodeDecodeError:
        return False


def page_text(body: bytes, charset: str | None) -> str:
    """Decode a page by its declared charset, else by what it says of itself, else as UTF-8."""
    said = _CHARSET.search(body[:1024])
    for name in (charset, said[1].decode("ascii") if said else None):
        if name is None or not _CHARSETS.fullmatch(name):
            continue
        try:
            return body.decode(name, "replace")[:PAGE_LIMIT]
        except (LookupError, UnicodeError):
            continue
    return body.decode("utf-8", "replace")[:PAGE_LIMIT]


def read_page(html: str, content_type: str | None = None) -> Page:
    r"""Take a page apart; a text is all its lines, an answer for programs what it says of an error.

    >>> read_page("<title>A</title><h1>B</h1><script>x</script><p>c&amp;d").text
    'B\nc&d'
    """
    html = html[:PAGE_LIMIT].replace(BREAK, " ")
    if _is_for_programs(content_type) and not _is_markup(html):
        return _text_page(html, words_of_fault(html))
    if content_type == "text/plain":
        return _text_page(html)
    seen = Reading()
    for tag, attributes, words in pieces(html):
        seen.tag(tag, attributes)
        if words:
            seen.words(words)
    text, main = lines(seen.text), lines(seen.main)
    if not text and not seen.media:
        text = main = _alerted(html)
    markup = html.lower()
    return Page(
        title=fold(seen.title),
        headings=tuple(islice((words for words in map(fold, seen.headings) if words), _HEADINGS_MOST)),
        text=text,
        main=tuple((main or text).split("\n")) if text else (),
        unseen=fold(seen.unseen),
        media=tuple(seen.media[:200]),
        pictures=tuple(seen.pictures[:200]),
        thumbnails=tuple(seen.thumbnails[:200]),
        works=tuple(seen.works[:200]),
        glimpses=tuple(seen.glimpses[:200]),
        designs=tuple(seen.designs[:200]),
        menu=_each(seen.menu),
        linked=_each(seen.linked),
        links=seen.links,
        files=tuple(seen.files[:200]),
        markup=markup,
        password=seen.password,
        scripted=seen.scripted,
        shell=seen.scripted and bool(MOUNT.search(markup)),
        refresh=seen.refresh or (None if text or seen.media else _sent_by_script(html)),
    )


def _each(parts: list[str]) -> tuple[str, ...]:
    return tuple(words for words in (fold([one]) for one in parts[:200]) if words)


def _alerted(html: str) -> str:
    """Give what a page that shows nothing says in a box before it sends its visitor back; "" when nothing."""
    found = _ALERT.search(html) if len(html) <= _ALERT_LONGEST else None
    return lines([_NEW_LINE.sub(BREAK, found[1] or found[2] or "")]) if found else ""


def _sent_by_script(html: str) -> str | None:
    """Give where a page sends its visitor that is nothing but one statement of a script; None for anything longer."""
    if len(html) > _SCRIPT_LONGEST or _DECIDES.search(html):
        return None
    found = _SENDS.search(html)
    return found[1] or found[2] if found else None


def _text_page(text: str, headings: tuple[str, ...] = ()) -> Page:
    folded = (" ".join(line.split()) for line in text.split("\n"))
    main = tuple(line[at : at + _LINE] for line in folded for at in range(0, len(line), _LINE))
    return Page(
        title="",
        headings=headings,
        text="\n".join(main),
        main=main,
        unseen="",
        media=(),
        pictures=(),
        thumbnails=(),
        works=(),
        glimpses=(),
        designs=(),
        menu=(),
        linked=(),
        links=0,
        files=(),
        markup=text.lower(),
        password=False,
        scripted=False,
        shell=False,
        refresh=None,
        plain=True,
    )


def _is_for_programs(content_type: str | None) -> bool:
    """Say whether an answer is JSON or XML."""
    return content_type is not None and (
        content_type in {"application/json", "application/xml", "text/xml"} or content_type.endswith("+json")
    )


def _is_markup(text: str) -> bool:
    # Some pages are declared as XML.
    return "<html" in text[:512].lower()
