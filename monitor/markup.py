"""Markup read tag by tag: what a visitor sees, and what of it stands around every page of a site. Pure.

A scanner of our own, because every step of it is linear in the page: a hostile page cannot make it slow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import islice
from typing import Final

_TAG: Final = re.compile(r"/?[a-z][a-z0-9-]{0,20}", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")
#: Stands for the end of a block while a page is read; no page can hold it as a word.
BREAK: Final = "\x00"
#: Where a medium comes from; many come late, by a script that reads a name beside ("data-src").
_SOURCES: Final = re.compile(
    r"\b(?:src|srcset|data|poster|original|lazy|lazy-src|full|file|track|stream)\s{0,9}=\s{0,9}"
    r"(?:\"([^\"]{0,500})\"|'([^']{0,500})'|([^\s\"'>]{1,500}))",
    re.IGNORECASE,
)
#: What a player that scripts make is told to play.
_PLAYED: Final = re.compile(
    r"\bdata-[a-z-]{1,20}\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,400}\.(?:mp3|m4a|ogg|opus|flac|wav|mp4|m4v|webm|mov|m3u8|mpd))\b",
    re.IGNORECASE,
)
#: Sources of one tag that are read.
_SOURCES_MOST: Final = 6
#: What is read of one tag's attributes, in characters: bounds what a hostile tag can cost.
_ATTRIBUTES_LIMIT: Final = 2000
_RAW_END: Final = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
_REFRESH: Final = re.compile(r"http-equiv\s*=\s*[\"']?refresh", re.IGNORECASE)
_CONTENT: Final = re.compile(r"content\s*=\s*(?:\"([^\"]{0,500})\"|'([^']{0,500})')", re.IGNORECASE)
#: A page that sends its visitor on within these seconds is a redirect, one that waits longer is to be read.
_AT_ONCE: Final = re.compile(r"\s*[0-5](?:\.\d*)?\s*[;,]\s*url\s*=\s*[\"']?([^\"']{1,500})", re.IGNORECASE)
#: What a page says that it plays (Open Graph; cards of social networks), and what it is said to be about (schema.org).
_PLAYS: Final = re.compile(
    r"\b(?:property|name)\s{0,9}=\s{0,9}[\"']?(?:og:(?:video|audio)|twitter:player|music:|video:|og:type[\"'\s]{1,9}content\s{0,9}=\s{0,9}[\"']?(?:video|music)\.)",
    re.IGNORECASE,
)
_PICTURED: Final = re.compile(
    r"\b(?:property|name)\s{0,9}=\s{0,9}[\"']?(?:og:image|twitter:image)[\"'\s]", re.IGNORECASE
)
#: … unless the picture is the one that a site gives with each of its pages.
_OF_SITE: Final = re.compile(
    r"^$|logo|icon|banner|placeholder|\.svg|\.gif|/(?:static|assets|themes?|skins?|templates?)/|"
    r"/[^/]{0,20}(?:share|sharing|social|og|default|card|facebook|twitter|site|home|brand|preview|404|error|removed|deleted|not[-_]?found)"
    r"[^/]{0,20}$",
    re.IGNORECASE,
)
_DESCRIBED: Final = re.compile(
    r"\"@type\"\s{0,9}:\s{0,9}\"((?:Video|Image|Audio|Media)Object|Music[A-Z][a-z]{1,20}|Movie|TVEpisode|PodcastEpisode|"
    r"Photograph|Painting|VisualArtwork|Book|Recipe|Product|JobPosting|(?:News|Tech|Scholarly)?Article|BlogPosting|"
    r"SocialMediaPosting|DiscussionForumPosting|QAPage|Review|Event)\""
)
_DESCRIPTION_LIMIT: Final = 4000
_PASSWORD: Final = re.compile(r"type\s*=\s*[\"']?password", re.IGNORECASE)
_HIDDEN: Final = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_HEADINGS: Final = frozenset({"h1", "h2", "h3"})
_MEDIA: Final = frozenset({"img", "video", "audio", "source", "iframe", "frame", "embed", "object"})
#: Media that show something wherever it comes from.
_SHOWING: Final = frozenset({"video", "audio", "canvas"})
_BREAKS: Final = frozenset(
    {
        "p",
        "div",
        "br",
        "li",
        "td",
        "tr",
        "section",
        "h1",
        "h2",
        "h3",
        "h4",
        "form",
        "button",
        "option",
        "article",
        "header",
        "footer",
        "nav",
        "aside",
        "main",
        "pre",
        "title",
        "center",
        "hr",
        "blockquote",
        "dt",
        "dd",
    }
)
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
_HREF: Final = re.compile(r"\bhref\s*=\s*(?:\"([^\"]{0,500})\"|'([^']{0,500})'|([^\s\"'>]{1,500}))", re.IGNORECASE)
_FILE: Final = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|bmp|mp4|webm|mkv|avi|mov|m4v|mp3|zip|rar|7z|pdf)(?:[?#]|$)", re.IGNORECASE
)
#: What a link leads to that is to be had there, and is no page about it.
_HELD_OUT: Final = re.compile(
    r"magnet:|[^?#]{1,400}\.(?:mp4|webm|mkv|avi|mov|m4v|wmv|mp3|m4a|ogg|flac|wav|zip|rar|7z|tar|gz|torrent|pdf|epub|apk|exe|iso)(?:[?#]|$)|"
    r"(?:https?://[^/]{1,80})?/(?:dl|get|download)s?(?:/|\?[a-z]{1,10}=)[\w-]{0,40}\d",
    re.IGNORECASE,
)
#: A link of a menu leads to a page of the site, not to a thing on it.
_MENU: Final = re.compile(
    r"(?:https?://[^/]{1,80})?/?(?:[a-z]{2}/)?[a-z_-]{0,24}(?:\.[a-z]{2,5})?/?(?:[?#][^?#0-9]{0,40})?", re.IGNORECASE
)
_DOWNLOAD: Final = re.compile(r"(?:^|\s)download(?:[\s=]|$)", re.IGNORECASE)
_BACKGROUND: Final = re.compile(r"background(?:-image)?\s*:[^;\"']{0,100}url\(['\"]?([^'\")]{1,300})", re.IGNORECASE)
#: Pictures that belong to the site, not to what the page shows; and those that say themselves that nothing is shown.
_ORNAMENT: Final = re.compile(
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
_LARGE: Final = re.compile(r"\b(?:width|height)\s*=\s*[\"']?(?:[6-9]\d\d|[1-9]\d{3})(?:px)?[\"'\s/]", re.IGNORECASE)
#: … unless it is called what a missing thing is called.
_MISSING: Final = re.compile(
    r"(?:404|error|not[-_]?found|removed|deleted|missing)[^/]{0,20}$|\.svg|/ads?/|doubleclick", re.IGNORECASE
)
_TINY: Final = re.compile(r"\b(?:width|height)\s*=\s*[\"']?(?:\d|[1-4]\d)(?:px)?[\"'\s/]", re.IGNORECASE)
#: Elements that scripts fill: names that the common frameworks ship with.
MOUNT: Final = re.compile(
    r"<(?:div|main|section)[^>]{0,200}\bid=[\"']?(?:root|app|application|__next|__nuxt|react-root|svelte|main-app|"
    r"ember-app|app-root|mount|react-app)[\"'\s>][^>]{0,200}>?\s{0,200}(?:</|<!--|loading)"
    r"|<(?:app-root|app-component|my-app)[\s>]",
)


@dataclass(slots=True)
class Reading:
    """What has been read so far."""

    title: list[str] = field(default_factory=list)
    headings: list[list[str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    main: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    thumbnails: list[str] = field(default_factory=list)
    works: list[str] = field(default_factory=list)
    inside: str = ""  # "title", or the heading that is open
    hidden: str = ""  # the element whose words nobody sees
    around: str = ""  # the element that surrounds the page's own words
    depth: int = 0  # how many elements of that name are open
    link: str = ""  # where the link leads that is open
    menu: list[str] = field(default_factory=list)  # words of links that lead to pages of the site
    linked: list[str] = field(default_factory=list)  # … of those that lead to things on it
    links: int = 0
    files: int = 0
    password: bool = False
    scripted: bool = False
    refresh: str | None = None

    def tag(self, tag: str, attributes: str) -> None:
        """Take one tag in."""
        name, closing = tag.removeprefix("/"), tag.startswith("/")
        self._surround(name, attributes, closing=closing)
        if name in _BREAKS:
            self.text.append(BREAK)
            self.main.append(BREAK)
        if name in _HEADINGS or name == "title":
            self._heading(name, closing=closing)
        if name in _HIDDEN and (closing or not self.hidden):
            self.hidden = "" if closing else name
        if name == "a":
            self.link = "" if closing else _value(_HREF, attributes) or "#"
            self.links += not closing
            held = _HELD_OUT.match(self.link) or _DOWNLOAD.search(attributes)
            self.files += bool(self.link and not self.around and held)
        if not closing:
            self._attributes(name, attributes)

    def _surround(self, name: str, attributes: str, *, closing: bool) -> None:
        if self.around:
            if name == self.around:
                self.depth += -1 if closing else 1
            self.around = self.around if self.depth else ""
        elif not closing and (name in _SURROUNDINGS or (name in _BOXES and _is_surrounding(attributes))):
            self.around, self.depth = name, 1

    def _heading(self, name: str, *, closing: bool) -> None:
        # A page's own heading often stands in its <header>; those of menus and side columns are not its own.
        if closing or (name != "title" and self.around not in {"", "header"}):
            self.inside = ""
            return
        self.inside = name
        if name in _HEADINGS:
            self.headings.append([])

    def _attributes(self, name: str, attributes: str) -> None:
        if name in _MEDIA or name in _SHOWING:
            self._medium(name, attributes)
        elif name == "script":
            self.scripted = True
        elif name == "meta":
            self._meta(attributes)
        elif name == "input" and _PASSWORD.search(attributes):
            self.password = self.password or not self.around
        elif "url(" in attributes and (background := _BACKGROUND.search(attributes)):
            self._show((background[1],), attributes)
        elif "data-" in attributes and (played := _PLAYED.search(attributes)):
            self._show((played[1],), attributes)
        elif name == "link" and "oembed" in attributes.lower():
            self.works.append("#oembed")
        elif name == "a" and _FILE.search(self.link) and not self.around:
            self.thumbnails.append(self.link)

    def _meta(self, attributes: str) -> None:
        if _REFRESH.search(attributes):
            self.scripted = True
            there = _AT_ONCE.match(unescape(_value(_CONTENT, attributes) or ""))
            self.refresh = there[1].strip() if there else self.refresh
        elif _PLAYS.search(attributes):
            self.works.append(_value(_CONTENT, attributes) or "#played")
        elif _PICTURED.search(attributes) and not _OF_SITE.search(source := _value(_CONTENT, attributes) or ""):
            self.works.append(source)

    def _medium(self, name: str, attributes: str) -> None:
        found = _SOURCES.finditer(attributes)
        sources = tuple(one[1] or one[2] or one[3] or "" for one in islice(found, _SOURCES_MOST))
        if name in _SHOWING and "controls" in attributes.lower() and not (self.around or self.hidden):
            self.works.append(f"#{name}")  # to be played by whoever comes, and no moving background
        if sources or name in _SHOWING:
            self._show(sources or (f"#{name}",), attributes)

    def _show(self, sources: tuple[str, ...], attributes: str) -> None:
        self.media.extend(sources)
        large = _LARGE.search(attributes + " ")
        own = next((one for one in sources if not (_MISSING if large else _ORNAMENT).search(one)), None)
        # A page's own picture may stand in its header, if it is large and no ornament.
        stands = not self.around or (self.around == "header" and large and not _ORNAMENT.search(own or ""))
        if own is None or not stands or self.hidden or _TINY.search(attributes + " "):
            return
        leads_away = self.link and not _FILE.search(self.link)
        (self.thumbnails if leads_away else self.pictures).append(own)

    def words(self, words: str) -> None:
        """Take the words between two tags in."""
        if self.inside == "title":
            self.title.append(words)
        elif self.hidden == "script":
            self.works.extend(_DESCRIBED.findall(words[:_DESCRIPTION_LIMIT]))
        elif not self.hidden:
            self.text.append(words)
            if self.link:
                (self.menu if _MENU.fullmatch(self.link) else self.linked).append(words)
            if not self.around or (self.around == "header" and self.inside):
                self.main.append(words)
            if self.inside:
                self.headings[-1].append(words)


def _is_surrounding(attributes: str) -> bool:
    return any(
        _SURROUNDING_NAME.fullmatch(name)
        for found in _NAMED.finditer(attributes)
        for name in (found[1] or found[2] or found[3] or "").split()
    )


def _value(pattern: re.Pattern[str], attributes: str) -> str | None:
    found = pattern.search(attributes)
    return next((group for group in found.groups() if group is not None), "") if found else None


def pieces(html: str) -> Iterator[tuple[str, str, str]]:
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
            start = close.start() if close else -1
        else:
            start = html.find("<", end + 1)
        yield name, attributes, html[end + 1 :] if start < 0 else html[end + 1 : start]


def _end_of_tag(html: str, start: int) -> int:
    if not html.startswith("<!--", start):
        return html.find(">", start)
    end = html.find("-->", start + 4)
    return end + 2 if end >= 0 else -1


def fold(parts: list[str]) -> str:
    """Put words together, with their white space folded."""
    return _SPACES.sub(" ", unescape("".join(parts))).strip()


def lines(parts: list[str]) -> str:
    """Put words together, a line per block, with their white space folded."""
    blocks = unescape("".join(parts)).split(BREAK)
    return "\n".join(line for line in (_SPACES.sub(" ", block).strip() for block in blocks) if line)
