"""An item's page beside the page of a name that nobody uploaded: asked for, and compared.

A page that looks like its sibling is what the site shows for a missing thing, unless it is what the site shows for
everything: a shell that scripts fill, or word of an outage, is the same on the front page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from monitor.faults import Fault
from monitor.likeness import fingerprint, shows_little
from monitor.pages import Page
from monitor.siblings import Siblings
from monitor.trail import CONTENT, Trail
from schemas.check import Sight
from schemas.url import Url, parse_url

#: Answers of a sibling that say "not now" instead of "there is no such thing".
_NOT_NOW: Final = frozenset({408, 425, 429})
_SERVER_ERRORS: Final = 500
_MISSING: Final = frozenset({404, 410})

Follow = Callable[[str], Awaitable[Trail]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of comparing."""

    alike: bool | None = None  # None: there was nothing to compare with, or it could not be asked
    everywhere: bool | None = False  # the front page looks the same too; None: it could not be seen
    missing: Page | None = None  # the page of a name that the site itself says is not there
    fault: str | None = None  # why it could not be compared


async def compare(ours: Trail, url: Url, siblings: Siblings, follow: Follow) -> Compared:
    """Ask for siblings until one does not look like the item's page; `follow` gives where a URL leads."""
    missing: Page | None = None
    alike: bool | None = None
    try:
        for text in (*siblings.names, *_more(ours, siblings)):
            other = await follow(text)
            alike = _alike(ours, url, other, parse_url(text))
            if other.status in _MISSING:
                missing = missing or other.page
            if not alike:
                return Compared(alike=False, missing=missing)
        if alike and siblings.bare and not await _by_query(ours, url, siblings, follow):
            return Compared(alike=False, missing=missing)
        everywhere = await _everywhere(ours, url, siblings.front, follow) if alike else False
    except Fault as fault:
        return Compared(fault=f"not compared with a sibling: {fault.words}", missing=missing)
    return Compared(alike=alike, everywhere=everywhere, missing=missing)


def _more(ours: Trail, siblings: Siblings) -> tuple[str, ...]:
    """Ask one more about a page that shows something: it may be shown for whatever name stands behind its own."""
    shows = ours.page is not None and not shows_little(ours.page)
    return (siblings.deeper,) if shows and siblings.deeper else ()


async def _by_query(ours: Trail, url: Url, siblings: Siblings, follow: Follow) -> bool:
    """Say whether the query names an item at all: a program that ignores it looks the same without one."""
    if siblings.bare is None or siblings.program is None:
        return True
    bare = await follow(siblings.bare)
    if not _alike(ours, url, bare, parse_url(siblings.bare)):
        return True
    program = await follow(siblings.program)
    return _alike(ours, url, program, parse_url(siblings.program))


async def _everywhere(ours: Trail, url: Url, front: str, follow: Follow) -> bool | None:
    """Say whether the front page looks the same; None: it could not be seen, perhaps by our own fault."""
    if ours.page is None or not front:
        return False
    try:
        other = await follow(front)
        return _alike(ours, url, other, parse_url(front)) and other.status == ours.status
    except Fault:
        return None


def _alike(ours: Trail, our_url: Url, other: Trail, other_url: Url) -> bool:
    if other.status is None or other.status in _NOT_NOW or other.status >= _SERVER_ERRORS:
        raise Fault(Sight.BAD_ANSWER, f"it was answered with {other.status}")
    if ours.body is None or other.body is None or not _same_kind(ours, other):
        return False
    if ours.body.sha256 == other.body.sha256:
        return True
    if ours.page is None or other.page is None:
        return False
    return fingerprint(ours.page, our_url.path) == fingerprint(other.page, other_url.path)


def _same_kind(ours: Trail, other: Trail) -> bool:
    """Say whether two answers can mean the same: by status, or by a page that says all there is without scripts."""
    if other.status == ours.status:
        return True
    silent = ours.page is None or ours.page.scripted or not ours.page.main
    return other.status in _MISSING and ours.status in CONTENT and not silent
