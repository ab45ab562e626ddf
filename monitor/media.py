"""How media are named and placed in markup: what is a thing to look at, what an ornament of the site. Pure."""

import re
from typing import Final

#: What a player that scripts make is told to play.
_PLAYED: Final = re.compile(
    r"\bdata-[a-z-]{1,20}\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,400}\.(?:mp3|m4a|ogg|opus|flac|wav|mp4|m4v|webm|mov|m3u8|mpd))\b",
    re.IGNORECASE,
)
#: A picture that a tag of any name is told to show once it comes into sight.
_LATE: Final = re.compile(
    r"\bdata-[a-z-]{1,20}\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,400}\.(?:jpe?g|png|webp|avif|gif))(?:[?#\"'\s>]|$)",
    re.IGNORECASE,
)
IMAGE_FILE: Final = re.compile(r"\.(?:jpe?g|png|webp|avif)(?:[?#]|$)", re.IGNORECASE)
#: Names that uploads have and the pictures of a site's design have not: numbers, and letters and digits mixed.
UPLOADED: Final = re.compile(r"(?:^|[/_.=-])(?:[a-z]{0,9}[_-]?\d{3,}|(?=[a-z]*\d)[a-z0-9]{6,})", re.IGNORECASE)
#: Boxes that have a picture behind them as old pages do it.
_PAPERED: Final = frozenset({"table", "td", "tr", "div"})
_PAPER: Final = re.compile(
    r"\bbackground\s*=\s*(?:\"([^\"]{1,300})\"|'([^']{1,300})'|([^\s\"'>]{1,300}))", re.IGNORECASE
)
BACKGROUND: Final = re.compile(r"background(?:-image)?\s*:[^;\"'{}]{0,100}?url\(['\"]?([^'\")]{1,300})", re.IGNORECASE)
#: Pictures that belong to the site, not to what the page shows; and those that say themselves that nothing is shown.
ORNAMENT: Final = re.compile(
    r"(?:^|[^a-z])(?:fav)?(?:logo|icon|sprite|avatar|badge|banner|button|btn|pixel|spacer|blank|emoji|flag|captcha|spinner|loader)"
    r"(?:s|type)?(?:[^a-z]|$)|\.svg|/ads?/|"
    r"placeholder|googletagmanager|doubleclick|data:image/(?:gif|svg)|/404/|"
    # … a picture with a plain name in a folder of the site's design.
    r"/(?:static|assets|themes?|skins?|templates?)/(?:[a-z-]{1,20}/){0,2}(?:img|images|icons|pics|illustrations|errors?)/[a-z_-]{1,40}\.[a-z]{3,4}(?:\?|$)|"
    r"(?:^|[/_-])(?:404|error|not[-_]?found|removed|deleted|missing|sad|oops|sorry)[^/]{0,6}\.(?:png|gif|webp)(?:\?|$)|"
    # … photographs of that name are somebody's, unless they stand where a site keeps its own.
    r"^(?:https?://[^/]{1,80})?/?(?:(?:img|images?|i|pics|static|assets|errors?|media|public|common)/){0,3}(?:[a-z0-9]{1,20}[_-])?"
    r"(?:404|error|not[-_]?found|removed|deleted|missing|sad|oops|sorry)[^/]{0,6}\.jpe?g(?:\?|$)",
    re.IGNORECASE,
)
#: A picture as wide or high as this, in pixels, is there to be looked at, whatever it is called.
LARGE: Final = re.compile(
    r"\b(?:width|height)\s*[=:]\s*[\"']?(?:[6-9]\d\d|[1-9]\d{3})(?:px|\.\d{1,9})?[\"'\s/;]", re.IGNORECASE
)
#: A drawing as large as this, and not as small as an icon.
DRAWN: Final = re.compile(
    r"\bviewbox\s*=\s*[\"'][-\d.]{1,9}[ ,]+[-\d.]{1,9}[ ,]+(?:[6-9]\d\d|[1-9]\d{3})[\d.]{0,9}[ ,]", re.IGNORECASE
)
#: … unless it is called what a missing thing is called.
MISSING: Final = re.compile(
    r"(?:404|error|not[-_]?found|removed|deleted|missing)[^/]{0,20}$|\.svg|/ads?/|doubleclick", re.IGNORECASE
)
TINY: Final = re.compile(r"\b(?:width|height)\s*=\s*[\"']?(?:\d|[1-4]\d)(?:px)?[\"'\s/]", re.IGNORECASE)


def behind(name: str, attributes: str) -> str | None:
    """Give what a box has behind it, or shows when it comes into sight."""
    if "url(" in attributes and (background := BACKGROUND.search(attributes)):
        return background[1]
    if "data-" in attributes and (late := _PLAYED.search(attributes) or _LATE.search(attributes)):
        return late[1]
    return value(_PAPER, attributes) if name in _PAPERED else None


def value(pattern: re.Pattern[str], attributes: str) -> str | None:
    """Give what a pattern finds in its first filled group; "" when all are empty, None when it finds nothing."""
    found = pattern.search(attributes)
    return next((group for group in found.groups() if group is not None), "") if found else None
