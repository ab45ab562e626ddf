"""What stands beside "it is not here": more of the same and where to go instead, or something of its own. Pure.

A page whose title is "File not found" may be that of a song. It is a removal page only where all it says of its own
belongs to that: says so again, says why, or says what to do now. Anything else is what the page is about.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.statements import Vocabulary, is_of_site, statement_in

_ADDRESS: Final = re.compile(r"(?:https?://|/|www\.)\S{0,200}|\S{1,80}\.[a-z]{2,12}|\W{0,40}\d{0,2}\W{0,40}")
#: What servers sign their own pages with.
_SERVER: Final = re.compile(
    r"(?:nginx|apache|openresty|caddy|lighttpd|litespeed|iis|microsoft-iis|varnish|cloudflare)\b.{0,80}"
)
#: Why, or which one: in a line of its own.
_LABELLED: Final = re.compile(
    r"(?:reason|file ?name|file|url|address|link|grund|dateiname|datei|reden|raison|motif|fichier|motivo|archivo|nome|"
    r"nombre|arquivo|powod|plik|duvod|soubor|причина|фаил|razlog|разлог|sebep|neden|dosya|السبب|علت|دلیل|סיבה|理由|原因|사유)"
    r"\W{0,3}:.{1,120}"
)
_SENTENCES: Final = re.compile(r"[.!?。！？;,]\s*")
_SENTENCES_MOST: Final = 8
#: One word in so many may be from elsewhere in a line that belongs; more where it says that something is gone.
_FOREIGN_IN: Final = 6
_FOREIGN_WHERE_SAID: Final = 3
#: A line of fewer links is no menu.
_MENU_FEWEST: Final = 3
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_COPYRIGHT: Final = re.compile(r"(?:©|\(c\)|copyright\b|powered by\b).{0,120}")
_COOKIES: Final = re.compile(r"\bcookie|\bgdpr\b|\bconsent\b|куки")
#: A number to be named when somebody asks.
_REFERENCE: Final = re.compile(
    r"(?:[^\W\d_]{1,16} ){0,2}(?:id|code|ref|reference|request|incident|case|ticket|trace|ray|error|nr|no|number|"
    r"report|kennung|referenz|kenmerk|codice|codigo|kod|номер|код)\b"
    r"(?: id| no| nr| code)?\W{0,3}[\w.:-]{1,60}\W{0,3}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What says nothing on a page of this site."""

    menu: Collection[str]  # the words of links to pages of the site
    names: Collection[str]  # words of its name, and of the thing's
    plain: Collection[str]  # words that belong to what the page says
    said: re.Pattern[str]  # words of a removal, in any language


def belongs(line: str, site: Site, vocabularies: Sequence[Vocabulary]) -> bool:
    """Say whether a line (lower case, without accents) belongs to a page that says that nothing is there."""
    line = _without(line, site.menu)
    if any(one.fullmatch(line) for one in (_ADDRESS, _COPYRIGHT, _REFERENCE, _SERVER, _LABELLED)):
        return True
    stated = (one for one in _SENTENCES.split(line)[:_SENTENCES_MOST] if statement_in(one, vocabularies))
    if _COOKIES.search(line) or 2 * sum(map(len, stated)) >= len(line):
        return True
    foreign_in = _FOREIGN_WHERE_SAID if site.said.search(line) else _FOREIGN_IN
    return is_of_site(line, vocabularies, site.names, site.plain, foreign_in=foreign_in)


def _without(line: str, menu: Collection[str]) -> str:
    for words in menu:
        if words in line:
            line = f" {line} ".replace(f" {words} ", " ").strip()
    return line


def is_menu(line: str, menu: Collection[str]) -> bool:
    """Say whether a line is nothing but links to pages of the site, at least three of them."""
    rest, found = f" {line} ", 0
    for words in menu:
        parted = rest.replace(f" {words} ", "  ", 1)
        found += parted != rest
        rest = parted
    return found >= _MENU_FEWEST and not _WORD.search(rest)
