"""Markup read tag by tag: what a visitor sees, and what of it stands around every page of a site. Pure.

A scanner of our own, because every step of it is linear in the page: a hostile page cannot make it slow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import islice
from typing import Final

from monitor.boxes import is_concealed, surrounds
from monitor.media import BACKGROUND, DRAWN, IMAGE_FILE, LARGE, MISSING, ORNAMENT, TINY, UPLOADED, behind, value

_TAG: Final = re.compile(r"/?[a-z][a-z0-9-]{0,20}", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")
#: Noughts before a numeric character reference, and one beyond every character (the last is 1114111).
_NOUGHTS: Final = re.compile(r"&#0+(?=[0-9])")
_BEYOND: Final = re.compile(r"&#[0-9]{8,};?")
#: Stands for the end of a block while a page is read; no page can hold it as a word.
BREAK: Final = "\x00"
#: Where a medium comes from; many come late, by a script that reads a name beside ("data-src").
_SOURCES: Final = re.compile(
    r"\b(?:src|srcset|xlink:href|href|data|poster|original|lazy|lazy-src|full|file|track|stream)\s{0,9}=\s{0,9}"
    r"(?:\"([^\"]{0,500})\"|'([^']{0,500})'|([^\s\"'>]{1,500}))",
    re.IGNORECASE,
)
#: What a player is told to play by a script.
_SCRIPTED: Final = re.compile(
    r"[\"'](?:[^\"'\s]{1,400})\.(?:mp3|m4a|ogg|opus|flac|wav|mp4|m4v|webm|mov|m3u8|mpd)(?=[?#\"'])", re.IGNORECASE
)
#: What is read of a script or a style for media, in characters.
_SCRIPT_LIMIT: Final = 16_000
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
    r"\b(?:property|name|itemprop|rel)\s{0,9}=\s{0,9}[\"']?(?:og:image|twitter:image|(?:thumbnail)?image(?:url)?|thumbnailurl|image_src|"
    r"contenturl|msapplication-tileimage-)(?::(?:url|secure_url|src))?[\"'\s]",
    re.IGNORECASE,
)
_PRELOADED: Final = re.compile(r"\bas\s{0,9}=\s{0,9}[\"']?(?:image|video|audio)\b", re.IGNORECASE)
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
#: … of which a drawing may hold a photograph.
_DRAWINGS: Final = frozenset({"", "svg"})
_HEADINGS: Final = frozenset({"h1", "h2", "h3"})
_MEDIA: Final = frozenset(
    {
        "img",
        "video",
        "audio",
        "source",
        "iframe",
        "frame",
        "embed",
        "object",
        "image",
        "amp-img",
        "amp-video",
        "amp-audio",
    }
    | {"amp-anim", "amp-iframe", "amp-youtube", "model-viewer", "mux-player", "video-js", "media-player"}
)
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
#: Elements that scripts fill: names that the common frameworks ship with.
MOUNT: Final = re.compile(
    r"<(?:div|main|section)[^<>]{0,200}\bid=[\"']?(?:root|app|application|__next|__nuxt|react-root|svelte|main-app|"
    r"ember-app|app-root|mount|react-app)(?:[\"'\s][^<>]{0,200})?>\s{0,200}(?:</|<!--|loading)"
    r"|<(?:app-root|app-component|my-app)[\s>]",
)


@dataclass(slots=True)
class Reading:
    """What has been read so far."""

    title: list[str] = field(default_factory=list)
    headings: list[list[str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    main: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)  # words of boxes that nobody sees yet
    media: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    thumbnails: list[str] = field(default_factory=list)
    works: list[str] = field(default_factory=list)
    glimpses: list[str] = field(default_factory=list)  # pictures where few pages have their own
    designs: list[str] = field(default_factory=list)  # drawings, backgrounds: of the site more often than of the page
    inside: str = ""  # "title", or the heading that is open
    hidden: str = ""  # the element whose words nobody sees
    around: str = ""  # the element that surrounds the page's own words
    depth: int = 0  # how many elements of that name are open
    concealed: str = ""  # the box that nobody sees yet
    concealed_depth: int = 0
    link: str = ""  # where the link leads that is open
    menu: list[str] = field(default_factory=list)  # words of links that lead to pages of the site
    linked: list[str] = field(default_factory=list)  # … of those that lead to things on it
    links: int = 0
    files: list[str] = field(default_factory=list)  # where links to things to be had lead
    password: bool = False
    scripted: bool = False
    refresh: str | None = None

    def tag(self, tag: str, attributes: str) -> None:
        """Take one tag in."""
        name, closing = tag.removeprefix("/"), tag.startswith("/")
        self._surround(name, attributes, closing=closing)
        self._conceal(name, attributes, closing=closing)
        if name in _BREAKS:
            self.text.append(BREAK)
            self.main.append(BREAK)
        if name in _HEADINGS or name == "title":
            self._heading(name, closing=closing)
        if name in _HIDDEN and (closing or self.hidden in {"", "head"}):
            self.hidden = "" if closing else name
        if name == "a":
            self.link = "" if closing else value(_HREF, attributes) or "#"
            self.links += not closing
            if self.link and not self.around and (_HELD_OUT.match(self.link) or _DOWNLOAD.search(attributes)):
                self.files.append(self.link)
        if not closing:
            self._attributes(name, attributes)

    def _surround(self, name: str, attributes: str, *, closing: bool) -> None:
        if self.around:
            if name == self.around:
                self.depth += -1 if closing else 1
            self.around = self.around if self.depth else ""
        elif not closing and surrounds(name, attributes):
            self.around, self.depth = name, 1

    def _conceal(self, name: str, attributes: str, *, closing: bool) -> None:
        if self.concealed:
            if name == self.concealed:
                self.concealed_depth += -1 if closing else 1
            self.concealed = self.concealed if self.concealed_depth else ""
        elif not closing and is_concealed(name, attributes):
            self.concealed, self.concealed_depth = name, 1

    def _heading(self, name: str, *, closing: bool) -> None:
        # A page's own heading often stands in its <header>; those of menus and side columns are not its own.
        if closing or (name != "title" and (self.concealed or self.around not in {"", "header"})):
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
        elif name == "input":
            self._input(name, attributes)
        elif source := behind(name, attributes):
            self._show((source,), attributes)
        elif name == "link":
            self._link(attributes)
        elif name == "svg":
            self._drawing(attributes)
        elif name == "a" and _FILE.search(self.link) and not self.around:
            self.thumbnails.append(self.link)

    def _input(self, name: str, attributes: str) -> None:
        if _PASSWORD.search(attributes):
            self.password = self.password or not (self.around or self.concealed)
        elif "image" in attributes.lower():
            self._medium(name, attributes)

    def _link(self, attributes: str) -> None:
        if "oembed" in attributes.lower():
            self.works.append("#oembed")
            return
        source = value(_HREF, attributes) or ""
        if _OF_SITE.search(source):
            return
        if _PICTURED.search(attributes):
            self.works.append(source)
        elif _PRELOADED.search(attributes):
            self.designs.append(source)

    def _drawing(self, attributes: str) -> None:
        """Note a large drawing: of the page or of the site's design, that cannot be told from itself."""
        attributes += " "
        if DRAWN.search(attributes) or LARGE.search(attributes):
            self.designs.append("#svg")

    def _meta(self, attributes: str) -> None:
        if _REFRESH.search(attributes):
            self.scripted = True
            there = _AT_ONCE.match(unescape(value(_CONTENT, attributes) or ""))
            self.refresh = there[1].strip() if there else self.refresh
        elif _PLAYS.search(attributes):
            self.works.append(value(_CONTENT, attributes) or "#played")
        elif _PICTURED.search(attributes) and not _OF_SITE.search(source := value(_CONTENT, attributes) or ""):
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
        large = LARGE.search(attributes + " ")
        own = next((one for one in sources if not (MISSING if large else ORNAMENT).search(one)), None)
        # A page's own picture may stand in its header, if it is large and no ornament.
        stands = not self.around or (self.around == "header" and large and not ORNAMENT.search(own or ""))
        leads_away = self.link and not _FILE.search(self.link)
        if TINY.search(attributes + " "):
            return
        if own is None or not stands or self.hidden not in _DRAWINGS:
            self._glimpse(sources, large=bool(large), leads_away=bool(leads_away))
            return
        (self.thumbnails if leads_away else self.pictures).append(own)

    def _glimpse(self, sources: tuple[str, ...], *, large: bool, leads_away: bool) -> None:
        """Note what may be the page's own though it stands beside, comes late or is called what ornaments are."""
        if leads_away:
            return
        own = next((one for one in sources if not ORNAMENT.search(one)), None)
        if own and (large or UPLOADED.search(own)):
            self.glimpses.append(own)
        elif large:
            self.designs.append(sources[0])

    def words(self, words: str) -> None:
        """Take the words between two tags in."""
        if self.inside == "title":
            self.title.append(words)
        elif self.hidden == "script":
            self.works.extend(_DESCRIBED.findall(words[:_DESCRIPTION_LIMIT]))
            self.works.extend(found[0] for found in islice(_SCRIPTED.finditer(words[:_SCRIPT_LIMIT]), _SOURCES_MOST))
        elif self.hidden == "style":
            self._styled(words)
        elif self.concealed:
            self.unseen.append(words)
        elif not self.hidden:
            self.text.append(words)
            if self.link:
                (self.menu if _MENU.fullmatch(self.link) else self.linked).append(words)
            if not self.around or (self.around == "header" and self.inside):
                self.main.append(words)
            if self.inside:
                self.headings[-1].append(words)

    def _styled(self, words: str) -> None:
        if "url(" in words:
            for found in islice(BACKGROUND.finditer(words[:_SCRIPT_LIMIT]), _SOURCES_MOST):
                if IMAGE_FILE.search(found[1]) and not ORNAMENT.search(found[1]):
                    self.designs.append(found[1])


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
    return _SPACES.sub(" ", _unescaped("".join(parts))).strip()


def lines(parts: list[str]) -> str:
    """Put words together, a line per block, with their white space folded."""
    blocks = _unescaped("".join(parts)).split(BREAK)
    return "\n".join(line for line in (_SPACES.sub(" ", block).strip() for block in blocks) if line)


def _unescaped(text: str) -> str:
    """Put characters in the place of their references, however many digits those have: Python reads 4300 of them."""
    if "&#" in text:
        text = _BEYOND.sub("\ufffd", _NOUGHTS.sub("&#", text))
    return unescape(text)
