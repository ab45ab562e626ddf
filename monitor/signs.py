"""Known pages recognised, and a page compared with its sibling. Pure; sees bodies only while they pass through memory.

Only short pages are judged by their words: a long one has something to say besides "not found". Walls and server pages
are looked for before removals by the verdict, so that a wall that stands before every name is not a soft 404.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from monitor.pages import Page
from schemas.check import Signs

#: Visible characters up to which a page is judged by its title and headings.
HEADING_LONGEST: Final = 1500
#: Visible characters up to which a page is judged by a sentence in it.
TEXT_LONGEST: Final = 600
#: Visible characters below which a page with scripts is an empty shell.
SHELL_LONGEST: Final = 60
#: Pictures and frames that a wall may show besides its words: a logo.
WALL_MEDIA: Final = 1
#: How far from the beginning of a line a removal may begin: "Sorry, but unfortunately the file …".
_LEAD: Final = 30

_REMOVALS: Final = frozenset({"missing", "removed"})
_TAKEN: Final = frozenset({"parked", "for_sale", "account_suspended"})
WALLS: Final = frozenset({"login", "captcha", "age_gate", "geo_block", "access_denied", "rate_limit", "consent_wall"})
_SERVERS: Final = frozenset({"default_page", "maintenance", "server_error", "cdn_error"})

#: "Page not found | Site" has two parts; a colon parts nothing, people put what they talk about behind it.
_PARTS: Final = re.compile(r"\s+[-–—|·»•]+\s+|\s*\|\s*")
#: "Error 404: page not found", "Oops! Page not found"
_LEADING: Final = re.compile(
    r"(?:(?:http|error|oops|ooops|sorry|whoops|fehler|fout|erreur|errore|erro|błąd|chyba|ошибка|помилка|hata|fel|fejl)\s*)*"
    r"(?:4\d\d)?\s*[:,.!–—-]+\s*"
)
_EDGES: Final = " \t.,;!?…-–—|·»()[]*"
#: A page without headings speaks with its first line, if it has no more than these and no picture.
_FEW_LINES: Final = 3
_QUOTES: Final = "\"'“”„«»‘‹「『"
_TOKEN: Final = re.compile(r"[\w%+=/-]{8,}")
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One entry of the data file: any one of its conditions is enough."""

    id: str
    kind: str
    longest: int  # visible characters
    media: int | None  # pictures and frames; None: any number
    heading: tuple[re.Pattern[str], ...]
    text: tuple[re.Pattern[str], ...]
    markup: tuple[re.Pattern[str], ...]
    path: tuple[re.Pattern[str], ...]
    host: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All known pages."""

    wordings: tuple[Wording, ...]
    placeholders: Mapping[str, str]  # SHA-256 in hex → id


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Where redirects ended, when there were any."""

    host: str = ""
    last: str = ""  # the last part of the path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    parts: tuple[str, ...]
    text: str
    markup: str
    media: int


def signs_of(page: Page | None, sha256: str, ended: Ended, known: Known) -> Signs:
    """Say which known pages this body is like; `page` is None for what is no page."""
    if page is None and not ended.host:
        return Signs(placeholder=known.placeholders.get(sha256))
    words = _words_of(page) if page else None
    hits: dict[str, str] = {}
    for wording in known.wordings:
        if wording.kind not in hits and _fits(wording, words, ended):
            hits[wording.kind] = wording.id
    removal = _first(hits, _REMOVALS)
    wall = _first(hits, WALLS)
    if page and wall is None and removal is None and page.password and len(page.text) <= TEXT_LONGEST:
        wall = "login.password_field"
    return Signs(
        removal_wording=removal,
        parked=_first(hits, _TAKEN),
        login=wall,
        default_page=_first(hits, _SERVERS),
        placeholder=known.placeholders.get(sha256),
        removed_for_all="everybody" in hits and "geo_block" not in hits,
        script_only=bool(page and page.scripted and len(page.text) < SHELL_LONGEST),
    )


def _first(hits: Mapping[str, str], kinds: frozenset[str]) -> str | None:
    if "discussion" in hits and (kinds is _REMOVALS or kinds is _TAKEN):
        return next(
            (mark for kind, mark in hits.items() if kind in kinds and mark.endswith((".redirect", ".host"))), None
        )
    return next((mark for kind, mark in hits.items() if kind in kinds), None)


def _words_of(page: Page) -> _Words:
    lines = [page.title, *page.headings]
    text = page.text.split("\n")
    if not page.headings and not page.media and len(text) <= _FEW_LINES:
        lines.append(text[0][:200])
    whole = {_plain(part).strip(_EDGES) for line in lines for part in (line, *_PARTS.split(line))}
    led = {_LEADING.sub("", part, count=1) for part in whole if _LEADING.match(part)}
    parts = tuple(sorted((whole | led) - {""}))
    return _Words(parts=parts, text=_plain(page.text), markup=page.markup, media=len(page.media))


def _plain(text: str) -> str:
    return text.lower().replace("’", "'").replace("\u00ad", "")


def _fits(wording: Wording, words: _Words | None, ended: Ended) -> bool:
    if wording.path or wording.host:
        return _any_whole(wording.path, ended.last) or _any_whole(wording.host, ended.host)
    if words is None or len(words.text) > wording.longest:
        return False
    if wording.media is not None and words.media > wording.media:
        return False
    return (
        any(_any_whole(wording.heading, part) for part in words.parts)
        or _says(wording, words.text)
        or any(pattern.search(words.markup) for pattern in wording.markup)
    )


def _any_whole(patterns: tuple[re.Pattern[str], ...], text: str) -> bool:
    return bool(text) and any(pattern.fullmatch(text) for pattern in patterns)


def _says(wording: Wording, text: str) -> bool:
    if wording.kind not in _TAKEN and len(text) > TEXT_LONGEST and wording.kind != "discussion":
        return False
    return any(_spoken(match, wording.kind) for pattern in wording.text for match in pattern.finditer(text))


def _spoken(match: re.Match[str], kind: str) -> bool:
    """Say whether the page itself speaks, as far as that can be seen: no quotation, and a removal begins a sentence."""
    text, start = match.string, match.start()
    if start and text[start - 1] in _QUOTES:
        return False
    if kind not in _REMOVALS:
        return True
    before = text[max(text.rfind(end, 0, start) for end in ("\n", ". ", "! ", "? ")) + 1 : start]
    return len(before) <= _LEAD and not any(quote in before for quote in _QUOTES)


def fingerprint(page: Page, own: str) -> str:
    """Reduce a page to what stays the same between two names on one site.

    Numbers, random-looking words and the page's own path (`own`) are masked in what a visitor reads. The sources of
    pictures are not masked: a viewer that shows another picture for another name is not a page for missing things.
    """
    tokens = {part for path in (own, unquote(own)) for part in re.split(r"[/?&=]", path) if len(part) > 1}
    text = "\0".join((page.title, *page.headings, page.text))
    for token in sorted(tokens, key=len, reverse=True):
        text = text.replace(token, "*")
    text = _DIGITS.sub("0", _TOKEN.sub(_mask_random, text))
    return hashlib.sha256("\0".join((text, *page.media)).encode("utf-8", "replace")).hexdigest()


def _mask_random(match: re.Match[str]) -> str:
    word = match[0]
    letters = any(letter.isalpha() for letter in word)
    digits = any(letter.isdigit() for letter in word)
    mixed = word[1:] != word[1:].lower() and word != word.upper()
    return "*" if letters and (digits or mixed) else word
