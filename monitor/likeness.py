"""How like two pages are. Pure; sees words only while they pass through memory.

A page is compared with its sibling (a name that nobody uploaded): what both show is the site's, the rest is the
page's own.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from monitor.pages import Page

_TOKEN: Final = re.compile(r"[\w%+=/-]{8,}")
_DIGITS: Final = re.compile(r"\d+")
#: Shorter parts of a path stand in ordinary words too.
_SHORTEST_TOKEN: Final = 2
_EXTENSION: Final = re.compile(r"\.[a-z0-9]{1,5}$")
#: Names of things are no shorter than this; those without a digit …
_SHORTEST_NAME: Final = 3
#: … or a hyphen than this: "images" is the name of a directory.
_LONG_NAME: Final = 8
_VALUES: Final = 8
#: Characters up to which a page without pictures shows little.
_LITTLE: Final = 1500


def shows_little(page: Page) -> bool:
    """Say whether a page shows neither pictures of its own nor a long text."""
    return not page.pictures and sum(map(len, page.main)) <= _LITTLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a page has of its own: neither around every page of the site, nor on the page of a missing name."""

    lines: tuple[str, ...]
    pictures: tuple[str, ...]
    thumbnails: tuple[str, ...]
    works: tuple[str, ...]
    glimpses: tuple[str, ...]
    designs: tuple[str, ...]


def own_of(page: Page, other: Page | None, item: frozenset[str] = frozenset()) -> Own:
    """Give what is left of a page without what the page of a missing name shows too; None: all outside of menus.

    `item` is what the thing is called: a picture of that name is the thing, wherever it stands.
    """
    shown = tuple(source for source in page.media if item & _names_in(source))
    if other is None:
        pictures = (*page.pictures, *shown)
        return Own(
            lines=page.main,
            pictures=pictures,
            thumbnails=page.thumbnails,
            works=page.works,
            glimpses=page.glimpses,
            designs=page.designs,
        )
    masked = {_masked(line) for line in (other.title, *other.headings, *other.text.split("\n"))}
    media = frozenset(other.media)
    return Own(
        lines=tuple(line for line in page.main if _masked(line) not in masked),
        pictures=(*(source for source in page.pictures if source not in media), *shown),
        thumbnails=tuple(source for source in page.thumbnails if source not in media),
        works=tuple(work for work in page.works if work not in other.works),
        glimpses=tuple(source for source in page.glimpses if source not in media),
        designs=tuple(one for one in page.designs if one not in other.designs and one not in media),
    )


def item_names(path: str) -> frozenset[str]:
    """Give the parts of a path, or of its query, that may be the name of a thing: its last part, and numbers.

    >>> sorted(item_names("/watch/7718/my-trip?lang=en"))
    ['7718', 'my-trip']
    """
    bare, _, query = unquote(path).lower().partition("?")
    parts = [_stem(part) for part in bare.split("/")]
    values = [_stem(pair.rpartition("=")[2]) for pair in query.split("&")[:_VALUES]]
    numbers = (part for part in (*parts, *values) if any(letter.isdigit() for letter in part))
    last = parts[-1] if len(parts[-1]) >= _LONG_NAME or set("-_") & set(parts[-1]) else ""
    return frozenset(part for part in (*numbers, last) if len(part) >= _SHORTEST_NAME)


def shows_item(page: Page, path: str) -> bool:
    """Say whether a page shows a picture, film or sound that is called what its own path is called."""
    item = item_names(path)
    return any(
        item & _names_in(source) for source in (*page.media, *page.works, *page.glimpses, *page.thumbnails, *page.files)
    )


def _names_in(source: str) -> frozenset[str]:
    return frozenset(map(_stem, source.lower().partition("?")[0].split("/")))


def _stem(part: str) -> str:
    return _EXTENSION.sub("", part)


def fingerprint(page: Page, own: str) -> str:
    """Reduce a page to what stays the same between two names on one site.

    Numbers, random-looking words and the page's own path (`own`) are masked in what a visitor reads. The sources of
    pictures are not masked: a viewer that shows another picture for another name is not a page for missing things.
    """
    tokens = {part for path in (own, unquote(own)) for part in re.split(r"[/?&=]", path)}
    text = "\0".join((page.title, *page.headings, page.text, page.unseen))
    for token in sorted((one for one in tokens if len(one) >= _SHORTEST_TOKEN), key=len, reverse=True):
        text = text.replace(token, "*")
    linked = (one for one in (*page.thumbnails, *page.files) if not _asked_for(one))
    shown = (*page.media, *linked, *page.works, *page.glimpses, *page.designs)
    return hashlib.sha256("\0".join((_masked(text), *shown)).encode("utf-8", "replace")).hexdigest()


def _asked_for(link: str) -> bool:
    """Say whether a link names a file in its query only, e.g. where to go after a login."""
    return "?" in link and not _EXTENSION.search(link.partition("?")[0])


def _masked(text: str) -> str:
    return _DIGITS.sub("0", _TOKEN.sub(_mask_random, text))


def _mask_random(match: re.Match[str]) -> str:
    word = match[0]
    letters = any(letter.isalpha() for letter in word)
    digits = any(letter.isdigit() for letter in word)
    mixed = word[1:] != word[1:].lower() and word != word.upper()
    return "*" if letters and (digits or mixed) else word
