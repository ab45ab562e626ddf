"""Boxes of a page that are not what it is about: what stands around every page, and what nobody sees yet. Pure."""

import re
from typing import Final

from monitor.media import value

_SURROUNDINGS: Final = frozenset({"nav", "footer", "aside", "header"})
_BOXES: Final = frozenset({"div", "section", "ul", "ol", "table", "span"})
_NAMED: Final = re.compile(
    r"\b(?:class|id)\s*=\s*(?:\"([^\"]{0,300})\"|'([^']{0,300})'|([^\s\"'>]{1,300}))", re.IGNORECASE
)
#: Names that sites give to what stands around a page's own words.
_SURROUNDING_NAME: Final = re.compile(
    r"(?:site|main|page|global|top|bottom|left|right|user|app)?[-_]?"
    r"(?:foot|footer|nav|navbar|navigation|menu|menubar|sidebar|cookies?|gdpr|breadcrumbs?|copyright|topbar|toolbar|"
    r"related|recommended|recommendations|suggestions?|share|social|login-?(?:box|bar)|header)"
    r"[-_]?(?:wrapper|wrap|container|inner|bar|box|area|links?|content|section|notice|banner)?",
    re.IGNORECASE,
)
#: What a script may show later: what an error would be told with, a form to log in.
_CONCEALABLE: Final = _BOXES | {"article", "main", "aside", "form", "dialog"}
_STYLE: Final = re.compile(
    r"\bstyle\s{0,9}=\s{0,9}(?:\"([^\"]{0,500})\"|'([^']{0,500})'|([^\s\"'>]{1,500}))", re.IGNORECASE
)
_UNSEEN: Final = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden", re.IGNORECASE)
_VALUE: Final = re.compile(r"\"[^\"]{0,500}\"|'[^']{0,500}'")
_HIDDEN: Final = re.compile(r"(?:^|\s)hidden(?=[\s=/]|$)", re.IGNORECASE)
_OPEN: Final = re.compile(r"(?:^|\s)open(?=[\s=/]|$)", re.IGNORECASE)
#: Names that the common frameworks hide by, and what any of these ways to hide has in it.
_HIDING_NAMES: Final = frozenset({"hidden", "d-none", "is-hidden", "display-none", "visually-hidden", "sr-only"})
_HIDING: Final = re.compile(r"hidden|none|sr-only", re.IGNORECASE)


def surrounds(name: str, attributes: str) -> bool:
    """Say whether a box stands around every page of its site: by its element, or by what it is called."""
    return name in _SURROUNDINGS or (name in _BOXES and any(map(_SURROUNDING_NAME.fullmatch, _names(attributes))))


def is_concealed(name: str, attributes: str) -> bool:
    """Say whether nobody sees a box before a script shows it."""
    if name not in _CONCEALABLE:
        return False
    if name == "dialog":
        return not _OPEN.search(_VALUE.sub("", attributes))
    return bool(
        _HIDING.search(attributes)
        and (
            _UNSEEN.search(value(_STYLE, attributes) or "")
            or _HIDDEN.search(_VALUE.sub("", attributes))
            or _HIDING_NAMES.intersection(_names(attributes.lower()))
        )
    )


def _names(attributes: str) -> list[str]:
    found = (one[1] or one[2] or one[3] or "" for one in _NAMED.finditer(attributes))
    return [name for names in found for name in names.split()]
