"""Known pages recognised. Pure; sees bodies only while they pass through memory.

Only pages that show little are judged by their words: a long one, or one with pictures of its own, has something to say
besides "not found". Walls and server pages are looked for before removals by the verdict, so that a wall that stands
before every name is not a soft 404.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from monitor.likeness import Own, item_names, own_of
from monitor.pages import Page
from monitor.removals import PARTS, Tongues, foreign, may_show, removal_of, says_twice, shows
from monitor.spelling import plain_words
from schemas.check import Signs
from schemas.url import Url, upwards

#: Visible characters up to which a page is judged by its title and headings.
HEADING_LONGEST: Final = 1500
#: Visible characters up to which a page is judged by a sentence in it.
TEXT_LONGEST: Final = 600
#: … and lines, for one that is a wall only because it asks for a password.
_PASSWORD_LINES: Final = 10
#: Visible characters below which a page with scripts is an empty shell; more where the front page looks the same.
_SHELL: Final = {False: 60, True: 600}
#: Pictures of its own that a known page may show besides its words.
PICTURES: Final = 1
#: A page with as many links is one of a site at work.
_LINKS: Final = 3
#: How far from the beginning of a line a sale or a suspension may begin: "Sorry, but unfortunately the site …".
_LEAD: Final = 30

_TAKEN: Final = frozenset({"parked", "for_sale", "account_suspended"})
WALLS: Final = frozenset({"login", "captcha", "age_gate", "geo_block", "access_denied", "rate_limit", "consent_wall"})
#: Marks of what a page says of its whole site, in words.
SAID_OF_SITE: Final = frozenset({"parked.text", "for_sale.text", "account_suspended.page", "account_suspended.seized"})
#: The mark of a page that shows nothing.
BLANK: Final = "empty_body.blank"
#: The mark of a page that shows something whatever its name is: whether it is the thing cannot be told from that.
SHOWN_TO_ALL: Final = "any_name.shown"
_SERVERS: Final = frozenset({"default_page", "maintenance", "server_error", "cdn_error", "unavailable"})

#: "Error 404: page not found", "Oops! Page not found"
_LEADING: Final = re.compile(
    r"(?:(?:http|error|oops|ooops|sorry|whoops|fehler|fout|erreur|errore|erro|blad|chyba|ошибка|помилка|hata|fel|fejl)\s*)*"
    r"(?:[45]\d\d)?\s*[:,.!–—-]+\s*"
)
_EDGES: Final = " \t.,;!?…-–—|·»()[]*"
#: A page without headings speaks with its first line, if it has no more than these and no picture.
_FEW_LINES: Final = 3
#: Titles and headings that are looked at, at most, and as many characters of each.
_HEADINGS_MOST: Final = 20
_LINE_LONGEST: Final = 300
#: Paths of a front page, whatever its query: "/?error=1", "/en/", "/index.php".
_FRONT: Final = re.compile(r"/(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:index\.[a-z0-9]{2,5}|home/?|start/?)?(?:\?.*)?")
#: Queries of error pages: "/error?code=404".
_SAYS: Final = re.compile(
    r"[?&](?:code|status|error|err|errno|e|reason|msg|message)="
    r"(?:4(?:04|10)\b|(?:\w{0,20}[-_+ ])?(?:not[-_+ ]?found|removed|deleted|missing|gone))",
    re.IGNORECASE,
)
#: Characters of a text in which words of nothing are looked for: in a long one they say nothing.
_READ: Final = 20_000
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
#: Sentences of its own that a page says of the whole site before it is believed beside words that belong to none.
_OFTEN: Final = 2
_QUESTION: Final = re.compile(r"[^.!?？\n]{0,300}[?？]")
_QUOTES: Final = "\"'“”„«»‘‹「『"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One entry of the data file: any one of its conditions is enough."""

    id: str
    kind: str
    longest: int  # visible characters
    pictures: int  # of the page's own
    heading: tuple[re.Pattern[str], ...]
    text: tuple[re.Pattern[str], ...]
    markup: tuple[re.Pattern[str], ...]
    path: tuple[re.Pattern[str], ...]
    host: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All known pages."""

    wordings: tuple[Wording, ...]
    tongues: Tongues
    placeholders: Mapping[str, str]  # SHA-256 in hex → id
    loose: re.Pattern[str]  # words of nothing
    sold: frozenset[str]  # words beside a sale or a suspension
    parkers: Mapping[str, str]  # domain of name servers that only answer for parked domains → whose they are

    def parker(self, servers: Iterable[str]) -> str | None:
        """Say who parks a domain that all these name servers answer for; None when nobody is known to."""
        found = {next((self.parkers[end] for end in upwards(one) if end in self.parkers), None) for one in servers}
        return None if None in found or not found else f"parked.name_servers.{min(one for one in found if one)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What was asked, and where redirects ended, when there were any."""

    name: str = ""  # the last part of the path that was asked, lower case
    item: frozenset[str] = frozenset()  # parts of it that may be the thing's name
    host: str = ""  # where redirects ended; "" without
    last: str = ""  # the last part of the path there
    front: bool = False  # that is the front page of the same host
    says: bool = False  # its query says that the thing is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    parts: tuple[str, ...]
    behind_colons: tuple[str, ...]  # people put what they talk about there; walls and servers put themselves
    text: str
    size: int
    markup: str
    pictures: int
    names_item: bool  # its title or a heading is the name of the item


def ended_of(asked: Url, ended: Url) -> Ended:
    """Say where redirects led, as far as known pages care."""
    name = _last(asked)
    item = item_names(asked.path)
    if asked.text == ended.text:
        return Ended(name=name, item=item)
    same = asked.host.removeprefix("www.") == ended.host.removeprefix("www.")
    front = same and _is_front(ended) and not _is_front(asked)
    says = bool(_SAYS.search(ended.path))
    return Ended(name=name, item=item, host=ended.host, last=_last(ended), front=front, says=says)


def _last(url: Url) -> str:
    return url.path.partition("?")[0].rpartition("/")[2].lower()


def _is_front(url: Url) -> bool:
    return bool(_FRONT.fullmatch(url.path.lower()))


def signs_of(
    page: Page | None,
    sha256: str,
    ended: Ended,
    known: Known,
    other: Page | None = None,
    *,
    everywhere: bool | None = False,
) -> Signs:
    """Say which known pages this body is like.

    `page` is None for what is no page; `other` is the page of a name that nobody uploaded, where that is known;
    `everywhere`: the front page looks the same, so that whatever is said is said of the whole site, not of the item;
    None: it could not be seen, so that it may be.
    """
    placeholder = known.placeholders.get(sha256)
    if page is None and not ended.host:
        return Signs(placeholder=placeholder)
    own = own_of(page, other, ended.item) if page else None
    told = _Told(
        page=page, own=own, ended=ended, known=known, everywhere=everywhere, hits=_hits(page, own, ended, known)
    )
    removal, unsure = _removal(told)
    wall = _wall(told, removal)
    parked = _parked(told)
    empty = _is_empty(told)
    server = None if parked and parked.startswith("account_") else _server(told.hits, page, removal)
    if page and everywhere is not False and not (ended.front or empty or removal or parked):
        server = server or told.hits.get("site_message") or _bare(page, known)
    if page and not (removal or parked or wall or server or ended.front) and _blank(page):
        server = BLANK
    return Signs(
        removal_wording=removal,
        parked=parked,
        login=wall,
        default_page=server or (None if parked else unsure),
        placeholder=placeholder,
        removed_for_all="everybody" in told.hits and "geo_block" not in told.hits,
        script_only=empty,
        # What answers with a picture or a file is no front page, however short its path.
        front_page=ended.front and page is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is judged: a page where one came, where redirects ended, and which known pages it is like at first sight."""

    page: Page | None
    own: Own | None  # None without a page
    ended: Ended
    known: Known
    everywhere: bool | None
    hits: Mapping[str, str]  # the first entry of each kind that fits


def _hits(page: Page | None, own: Own | None, ended: Ended, known: Known) -> Mapping[str, str]:
    words = _words_of(page, own, ended) if page and own else None
    hits: dict[str, str] = {}
    for wording in known.wordings:
        if wording.kind not in hits and _fits(wording, words, ended):
            hits[wording.kind] = wording.id
    return hits


def _removal(told: _Told) -> tuple[str | None, str | None]:
    """Give the mark of a page that says that its thing is not there, or of one that may say so."""
    page, own, known = told.page, told.own, told.known
    if mark := told.hits.get("removed") or ("removed.query.redirect" if told.ended.says else None):
        return mark, None
    if page is None or own is None or ("discussion" in told.hits and _people_talk(page, known)):
        return None, None
    said = removal_of(page, own, known.tongues, told.ended.name)
    if said is None:
        return None, None
    return (said.mark, None) if said.sure else (None, "unavailable.words")


def _wall(told: _Told, removal: str | None) -> str | None:
    # A film called "Private video" is none that is private.
    wall = None if told.own and told.own.works else _first(told.hits, WALLS)
    if wall in {"login.text", "login.wide"} and ("default_page" in told.hits or "parked" in told.hits):
        wall = None  # "Please log in to your control panel" is said to whoever owns the server
    if told.page and told.own and wall is None and removal is None and _asks_for_password(told.page, told.own):
        wall = "login.password_field"
    return wall


def _parked(told: _Told) -> str | None:
    mark = next((one for one in _taken(told.hits) if not _server_says(told.hits)), None)
    if told.page is None or told.own is None or told.everywhere or told.ended.host or mark not in SAID_OF_SITE:
        return mark
    # A whole site is parked or shut, not one page of it.
    return mark if _only_sold(told.page, told.own, told.ended, told.known) else None


def _is_empty(told: _Told) -> bool:
    """Say whether scripts fill the page, so that what it says to who runs none means nothing."""
    page = told.page
    return bool(page and page.scripted and (page.shell or len(page.text) < _SHELL[told.everywhere is not False]))


def _blank(page: Page) -> bool:
    """Say whether a visitor sees nothing at all, and nothing says that a script would fill it."""
    return not (page.plain or page.text or page.unseen or page.media or page.works or page.shell or page.refresh)


def shown_to_all(page: Page, signs: Signs, known: Known) -> bool:
    """Say whether a page that every name shows has something to show, and not a word of a thing that is not there."""
    if signs.removal_wording or signs.parked or signs.front_page:
        return False
    shows_something = bool(page.pictures or page.works or page.glimpses or page.files)
    return shows_something and not says_nothing_there(f"{page.title}\n{page.text}", known)


def says_nothing_there(text: str, known: Known) -> bool:
    """Say whether the beginning of a text has a word of nothing or of a removal, in any language."""
    words = plain_words(text[:_READ])
    return bool(known.loose.search(words) or known.tongues.said.search(words))


def _people_talk(page: Page, known: Known) -> bool:
    """Say whether a page with words of a conversation is one, and no answer of a program nor a site's own questions.

    "Why was my file deleted?" stands on removal pages too; there title and heading say it twice, in different words.
    """
    if page.plain and page.headings:
        return False
    asked = _QUESTION.sub("", plain_words("\n".join(page.main)))
    talk = (pattern for one in known.wordings if one.kind == "discussion" for pattern in one.text)
    return any(pattern.search(asked) for pattern in talk) or not says_twice(page, known.tongues)


def _bare(page: Page, known: Known) -> str | None:
    """Give the mark of a page that a whole site shows, that leads nowhere and does not say that nothing is there."""
    leads = page.links >= _LINKS or page.pictures or page.thumbnails
    told = known.loose.search(plain_words(f"{page.title}\n{page.text[:_READ]}"))
    return None if leads or told else "site_message.bare"


def _first(hits: Mapping[str, str], kinds: frozenset[str]) -> str | None:
    return next((mark for kind, mark in hits.items() if kind in kinds), None)


def _taken(hits: Mapping[str, str]) -> Iterator[str]:
    for kind, mark in hits.items():
        if kind in _TAKEN and ("discussion" not in hits or mark.endswith((".redirect", ".host", ".service"))):
            yield mark


def _only_sold(page: Page, own: Own, ended: Ended, known: Known) -> bool:
    """Say whether a page says nothing but that something is sold or shut, or says so in several ways."""
    if shows(page, own) or may_show(page, own, known.tongues):
        return False
    return _said_often(page, own, known) or not foreign(page, own, known.tongues, ended.name, known.sold)


def _said_often(page: Page, own: Own, known: Known) -> bool:
    # Who parks a site names the registrar and whatever sells; a work that is called so is called so, and no more.
    said = [pattern for one in known.wordings if one.id in SAID_OF_SITE for pattern in one.text]
    lines = (page.title, *page.headings, *own.lines)
    sentences = {plain_words(part).strip(_EDGES) for line in lines for part in _SENTENCE.split(line)}
    return sum(any(pattern.search(one) for pattern in said) for one in sentences) >= _OFTEN


def _server(hits: Mapping[str, str], page: Page | None, removal: str | None) -> str | None:
    """Say which page of a server this is: "An error occurred", says a title over every fault, and a sentence which."""
    server = _first(hits, _SERVERS)
    return None if removal and page and server and server.startswith("server_error.") else server


def _server_says(hits: Mapping[str, str]) -> bool:
    # "Suspended for maintenance" is no suspension; a default page that names the hoster is one of its own.
    return any(kind in hits for kind in _SERVERS - {"default_page"})


def _asks_for_password(page: Page, own: Own) -> bool:
    small = sum(len(line) for line in own.lines) <= TEXT_LONGEST and len(own.lines) <= _PASSWORD_LINES
    return page.password and small and not own.pictures


def _words_of(page: Page, own: Own, ended: Ended) -> _Words:
    lines = [line[:_LINE_LONGEST] for line in (page.title, *page.headings[:_HEADINGS_MOST])]
    if not page.headings and not own.pictures and 0 < len(page.main) <= _FEW_LINES:
        lines.append(page.main[0][:200])
    whole = {plain_words(part).strip(_EDGES) for line in lines for part in (line, *PARTS.split(line))}
    led = {_LEADING.sub("", part, count=1) for part in whole if _LEADING.match(part)}
    text = plain_words("\n".join(page.main))
    return _Words(
        parts=tuple(sorted((whole | led) - {""})),
        behind_colons=tuple(sorted(plain_words(part).strip(_EDGES) for line in lines for part in line.split(": ")[1:])),
        text=text,
        size=len(text),
        markup=page.markup,
        pictures=len(own.pictures),
        names_item="." in ended.name and any(ended.name in line.lower() for line in lines),
    )


def _fits(wording: Wording, words: _Words | None, ended: Ended) -> bool:
    if wording.path or wording.host:
        return _any_whole(wording.path, ended.last) or _any_whole(wording.host, ended.host)
    if words is None or words.size > wording.longest or words.pictures > wording.pictures:
        return False
    parts = words.parts if wording.kind in _TAKEN else (*words.parts, *words.behind_colons)
    return (
        any(_any_whole(wording.heading, part) for part in parts)
        or _says(wording, words)
        or any(pattern.search(words.markup) for pattern in wording.markup)
    )


def _any_whole(patterns: tuple[re.Pattern[str], ...], text: str) -> bool:
    return bool(text) and any(pattern.fullmatch(text) for pattern in patterns)


def _says(wording: Wording, words: _Words) -> bool:
    if wording.kind not in _TAKEN and words.size > TEXT_LONGEST and wording.kind != "discussion":
        return False
    if wording.kind in WALLS and words.names_item:
        # The page of an item that is there, with something to do before it can be had.
        return False
    found = (match for pattern in wording.text for match in pattern.finditer(words.text))
    return any(_spoken(match, wording.kind) for match in found)


def _spoken(match: re.Match[str], kind: str) -> bool:
    """Say whether the page itself speaks, as far as that can be seen: no quotation, and a sale begins a sentence."""
    text, start = match.string, match.start()
    if start and text[start - 1] in _QUOTES:
        return False
    if kind not in _TAKEN:
        return True
    before = text[max(text.rfind(end, 0, start) for end in ("\n", ". ", "! ", "? ")) + 1 : start]
    return len(before) <= _LEAD and not any(quote in before for quote in _QUOTES)
