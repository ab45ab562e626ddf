"""Pages that say of themselves that the thing is not there. Pure; told by what a page says, and by what it shows.

A wrong "gone" leaves abuse online unseen, so a statement counts only where it stands for the whole page: as its title
or first heading, or as its first sentence, on a page that shows little else. A page with pictures of its own, a long
text, a conversation, a question or a quotation is content, whatever it says. What a site writes on each of its pages
(its sibling shows it too) is not said of this one.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from monitor.beside import Site, belongs, is_menu
from monitor.likeness import Own
from monitor.offers import is_covered, offers
from monitor.pages import Page
from monitor.spelling import plain_words
from monitor.statements import Statement, Vocabulary, is_of_site, statement_in

#: Characters a page may say besides its title and headings, and still be judged by them.
BESIDE_HEADING: Final = 1200
#: … without a word of what happened.
BESIDE_UNEXPLAINED: Final = 200
#: … by a heading that says no more than "not found" or "404".
BESIDE_WEAK: Final = 160
#: … whatever it says: the name of a server, "Back".
BESIDE_WEAKEST: Final = 40
#: … by its first sentence.
BESIDE_SENTENCE: Final = 600
#: The name of a site has no more words than these.
_SITE_WORDS: Final = 3
#: One word in so many may be from elsewhere in a sentence that is built as a statement.
_FOREIGN_IN: Final = 5
#: A title that speaks of something has as many words.
_TALK_WORDS: Final = 3
_TALK_PARTS: Final = re.compile(r": |\s[/(]\s?|\s?\(#?404\)")
#: "r/pics has been banned"
_SOMEBODY: Final = re.compile(r"@\S{1,60}\s|[a-z]{1,8}/\S{1,60}\s")
#: "Issue #12: page not found" is about one.
_NUMBERED: Final = re.compile(r"[^:]{0,40}#\d{1,9}[^:]{0,10}: ")
_STATUS: Final = re.compile(r"\b4(?:04|10)\b")
#: Links of a menu that are looked at, at most.
_MENU_MOST: Final = 60
#: Sentences that are looked at, at most.
_MOST_SENTENCES: Final = 24
#: A sentence longer than this makes no short statement.
_SENTENCE: Final = 240
#: Lines up to this length may stand before the first sentence: "Error", "Oops!", "Information".
_LABEL: Final = 30
#: A cry before a statement has no more words than these.
_CRY_WORDS: Final = 2
#: Titles and headings longer than this are those of articles.
_HEADING: Final = 160
_WORDS: Final = re.compile(r"[^\W\d_]{3,}")
_EXTENSION: Final = re.compile(r"\.[a-z0-9]{1,5}$")
#: Parts of a page that are removed from it while the page stands.
_PART_OF_PAGE: Final = re.compile(
    r"\b(?:post|posting|message|comment|reply|entry|beitrag|nachricht|bericht|mensaje|messaggio|mensagem|"
    r"wiadomosc|wpis|prispev|сообщени|запис|inlagg|投稿|帖子)"
)
_PARTED_LINES: Final = 2

#: "Page not found | Site" has two parts; a colon parts nothing, people put what they talk about behind it.
PARTS: Final = re.compile(r"\s+[-–—|·»•]{1,2}\s+|\s*\|\s*|\s+:{1,2}\s+")
_EDGES: Final = " \t.,;!…。！-–—|·»()[]*✖✗×☹"
_ASKS: Final = (";", "\u037e")  # in Greek
_QUOTES: Final = "\"'“”„«»‘‹「『"
_SENTENCES: Final = re.compile(r"[.!。！…]+\s+|[。！]|\s+[–—-]\s+|\s+(?=กรณา|โปรด)")  # no stops in Thai: "… please"
#: "… or is private", "… or you may not have permission": one of two things, and the other is a wall.
_OR_A_WALL: Final = re.compile(
    r"\b(?:or|oder|of|ou|o|lub|nebo|или|або|veya|atau|hoac)\b.{0,40}"
    r"(?:\bto you\b|private|permission|hidden|restricted|privat|berechtig|prive|autoris|privad|permiso|permiss|"
    r"prywatn|uprawnie|soukrom|приват|закрыл|прав доступа|gizli|pribadi|rieng tu)"
)
_CRIES: Final = re.compile(r"[.!。！…،]+\s+|[。！]")
#: What sites advise whom they have nothing for.
_ADVICE: Final = re.compile(
    r"\b(?:sorry|oops|page|url|link|address|home ?page|search|lost|wrong|seite|adresse|suche|pagina|adres|zoek\w*|"
    r"chercher|direccion|indirizzo|endereco|str[oa]n\w*|adresu?|страниц\w*|адрес\w*|сторінк\w*|sayfa\w*)\b"
)
_LEADING: Final = re.compile(r"(?:[\W_]*4\d\d\b)?[\W_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How one language says it."""

    code: str
    statement: re.Pattern[str]  # of a whole thing, from the beginning of a sentence on
    heading: re.Pattern[str]  # the same as a whole heading
    soft: re.Pattern[str] | None
    weak: re.Pattern[str]
    hint: re.Pattern[str] | None
    doubt: re.Pattern[str] | None
    words: re.Pattern[str]  # of a thing that is not there, anywhere in a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongues:
    """How all languages say it: as sentences that are built alike, and by their words alone."""

    languages: tuple[Language, ...]
    vocabularies: tuple[Vocabulary, ...]
    said: re.Pattern[str]  # any of their words for what is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What a page says of its thing."""

    mark: str  # id for the evidence
    sure: bool  # False: "not available" without a word of why


def removal_of(page: Page, own: Own, tongues: Tongues, name: str = "") -> Removal | None:
    """Say how a page says that its thing is not there; None when it does not. `name` is what the thing is called."""
    if page.plain:
        return _of_text(page, tongues)
    beside = sum(len(line) for line in own.lines if line not in page.headings)
    if shows(page, own) or beside > BESIDE_HEADING or any(_talks(line, page.title, tongues) for line in _titles(page)):
        return None
    said = _said_of(page, own, beside, tongues, name)
    if said is None or foreign(page, own, tongues, name):
        return None
    sure = said.sure and not any(_OR_A_WALL.search(plain_words(line)) for line in own.lines)
    return replace(said, sure=sure and not may_show(page, own, tongues))


def may_show(page: Page, own: Own, tongues: Tongues) -> bool:
    """Say whether a page may show something of its own: in its margin, by a script, or as a drawing.

    Removal pages are drawn upon too: such a drawing counts only where no sentence speaks to the visitor.
    """
    return bool(own.glimpses) or (bool(own.designs) and not _speaks(page, own, tongues))


def _speaks(page: Page, own: Own, tongues: Tongues) -> bool:
    """Say whether a sentence below the heading says that the thing is not there, or what to do now."""
    lines = [plain_words(line) for line in own.lines if line not in page.headings and line != page.title]
    if any(len(one) > _LABEL and _states(one, tongues) for line in lines for one in _sentences(line)):
        return True
    return any(len(line) > _LABEL and _ADVICE.search(line) for line in lines)


def shows(page: Page, own: Own) -> bool:
    """Say whether a page shows something of its own, or holds it out: "File deleted. Mirror: …"."""
    return bool(own.pictures or own.works or page.files) or is_covered(own)


def _said_of(page: Page, own: Own, beside: int, tongues: Tongues, name: str) -> Removal | None:
    """Judge a page by its title and headings, then by its first sentences, then by words that only hint at it."""
    heads = tuple(part for line in _titles(page) if not _is_name(line, name) for part in _parts(line, tongues))
    heads += tuple(_without_site(heads, page.title))
    for language in tongues.languages:
        if head := next((part for part in heads if language.heading.fullmatch(part)), None):
            return Removal(mark=f"removed.{language.code}", sure=not _OR_A_WALL.search(head))
    told = [(part, one) for part in heads if (one := statement_in(part, tongues.vocabularies))]
    soft = next((one for _, one in told if not one.sure), None)
    if soft and _said_beside(page, own, tongues):
        return Removal(mark=f"removed.{soft.code}", sure=True)
    said = _by_words(told) or _by_sentence(page, own, beside, tongues)
    said = said or _by_hints(page, own, beside, heads, tongues)
    if said is None and soft and beside <= BESIDE_UNEXPLAINED:
        return Removal(mark=f"removed.{soft.code}", sure=False)
    return said


def _without_site(heads: Sequence[str], title: str) -> Iterator[str]:
    """Yield headings that end with the name of the site, as its title gives it, without that: "… on Frickle"."""
    names = {words for part in PARTS.split(title) if 0 < len((words := _said(part)).split()) <= _SITE_WORDS}
    for head in heads:
        yield from (head.removesuffix(name).rstrip() for name in names if head.endswith(f" {name}"))


def _titles(page: Page) -> tuple[str, ...]:
    return (page.title, *(page.headings if len(page.headings) <= _PARTED_LINES else page.headings[:1]))


def _talks(line: str, title: str, tongues: Tongues) -> bool:
    """Say whether a title speaks of such things and says none itself: "What happens when a page is deleted"."""
    words = plain_words(line) if len(line) <= _HEADING else ""
    if (
        len(words.split()) < _TALK_WORDS
        or _SOMEBODY.match(words)
        or not (tongues.said.search(words) or _STATUS.search(words))
    ):
        return False
    parts = [_said(one) for part in (*_parts(line, tongues), words) for one in (part, *_TALK_PARTS.split(part))]
    parts += _without_site(parts, title)
    weak = any(one.weak.fullmatch(part) for one in tongues.languages for part in parts)
    return bool(_NUMBERED.match(words)) or not (weak or any(_stated(part, tongues) for part in parts))


def _by_hints(page: Page, own: Own, beside: int, heads: Sequence[str], tongues: Tongues) -> Removal | None:
    if not page.headings and page.main:
        heads = (*heads, *_sentences(page.main[0]))
    return _softly(page, heads, tongues.languages) or _weakly(page, own, beside, heads, tongues)


def _said_beside(page: Page, own: Own, tongues: Tongues) -> bool:
    """Say whether a sentence beside says that the thing is not there, and none that it may be private."""
    lines = [line for line in own.lines if line not in page.headings][:_PARTED_LINES]
    sentences = [one for line in lines for one in _sentences(line)][:_MOST_SENTENCES]
    told = (one for one in sentences if (said := _states(one, tongues)) is not None and said.sure)
    return any(not _OR_A_WALL.search(one) for one in told)


def _weakly(page: Page, own: Own, beside: int, heads: Sequence[str], tongues: Tongues) -> Removal | None:
    bare = beside <= BESIDE_WEAK and not own.thumbnails and len(page.headings) <= 1
    told = ((one, part) for one in tongues.languages for part in heads if bare and one.weak.fullmatch(part))
    weak, part = next(told, (None, ""))
    if weak is None:
        return None
    return Removal(mark=f"missing.{weak.code}", sure=beside <= BESIDE_WEAKEST or _goes_with(part, page, own, tongues))


def _by_words(told: Sequence[tuple[str, Statement]]) -> Removal | None:
    """Judge titles and headings by their words alone."""
    part, said = next(((part, one) for part, one in told if one.sure), ("", None))
    if said is None or _OR_A_WALL.search(part):
        return None
    return Removal(mark=f"removed.{said.code}", sure=True)


def foreign(page: Page, own: Own, tongues: Tongues, name: str, plain: Collection[str] = ()) -> bool:
    """Say whether a page says something of its own that does not belong to a page for what is not there.

    `plain` are words that belong to it here, beside those of the languages.
    """
    lines = [
        *page.headings[not _only_titled(page, tongues) :],
        *(line for line in own.lines if line not in page.headings),
    ]
    if says_twice(page, tongues):
        lines = [line for line in lines if not line.endswith("?")]  # the site's own: "Why was my file deleted?"
    if len(lines) > _MOST_SENTENCES or sum(map(len, lines)) > BESIDE_HEADING:
        return True
    names = f"{unquote(name)} {'' if _titled(page, tongues) else page.title}"
    site = Site(
        menu=frozenset(map(plain_words, (page.menu + (page.linked if offers(own) else ()))[:_MENU_MOST])),
        names=frozenset(_WORDS.findall(plain_words(names))),
        plain=plain,
        said=tongues.said,
    )
    return not all(belongs(plain_words(line), site, tongues.vocabularies) for line in lines)


def _only_titled(page: Page, tongues: Tongues) -> bool:
    """Say whether only the title says it, and the first heading is neither the name of a site nor the title again."""
    title, head = page.title, page.headings[0] if page.headings else ""
    if set(_WORDS.findall(plain_words(title))) <= set(_WORDS.findall(plain_words(head))):
        return False
    said = (any(_stated(part, tongues) for part in _parts(line, tongues)) for line in (title, head))
    return len(head.split()) >= _SITE_WORDS and tuple(said) == (True, False)


def _titled(page: Page, tongues: Tongues) -> bool:
    """Say whether the title says it too: then the rest of it may be whose work this is, else it is the site's name."""
    return any(_stated(part, tongues) for part in _parts(page.title, tongues)) or len(page.title.split()) > _SITE_WORDS


def _goes_with(head: str, page: Page, own: Own, tongues: Tongues) -> bool:
    """Say whether what stands beside "404" speaks of such a page: a band and a film have such names too.

    A single word ("Gone") is a name more often than not, a phrase ("You've taken a wrong turn") hardly ever.
    """
    lines = [plain_words(line) for line in own.lines if line not in page.headings]
    if any(_states(one, tongues) for line in lines for one in _sentences(line)):
        return True
    if len(head.split()) > _TALK_WORDS:
        return any(tongues.said.search(line) for line in lines)
    return not head.isalpha() and any(_ADVICE.search(line) for line in lines)


def says_twice(page: Page, tongues: Tongues) -> bool:
    """Say whether title and first heading both say that the thing is not there, in different words."""
    if not page.headings:
        return False
    said = ({part for part in _parts(one, tongues) if _stated(part, tongues)} for one in (page.title, page.headings[0]))
    title, heading = said
    return bool(title and heading and title.isdisjoint(heading))


def _stated(part: str, tongues: Tongues) -> bool:
    if any(language.heading.fullmatch(part) for language in tongues.languages):
        return True
    said = statement_in(part, tongues.vocabularies)
    return said is not None and said.sure


def _is_name(line: str, name: str) -> bool:
    """Say whether a title is the item's own name, as its address spells it: "/poems/gone" is a poem."""
    spelled, told = (set(_WORDS.findall(plain_words(text))) for text in (_EXTENSION.sub("", unquote(name)), line))
    return plain_words(line).strip() == name or (bool(spelled) and spelled <= told and 2 * len(spelled) >= len(told))


def _of_text(page: Page, tongues: Tongues) -> Removal | None:
    """Judge a plain text, or an answer made for programs by the words it has for its fault."""
    lines = page.headings or (page.main if len(page.main) == 1 else ())
    for line in lines[:8]:
        words = _said(line)
        for language in tongues.languages:
            if language.heading.fullmatch(words) or language.weak.fullmatch(words):
                return Removal(mark=f"removed.{language.code}", sure=True)
        if said := statement_in(words, tongues.vocabularies):
            return Removal(mark=f"removed.{said.code}", sure=said.sure)
    return None


def _by_sentence(page: Page, own: Own, beside: int, tongues: Tongues) -> Removal | None:
    album = own.thumbnails and page.headings and not offers(own)  # what a sentence says there is of one of many
    if beside > BESIDE_SENTENCE or album:
        return None
    lines = [line for line in page.main if line not in page.headings and not is_menu(line, page.menu[:_MENU_MOST])]
    before = looked = 0
    for line in lines:
        told = 0
        for sentence in _sentences(line):
            looked += 1
            if looked > _MOST_SENTENCES:
                return None
            said = _states(sentence, tongues)
            told += len(sentence)
            if said is None or not (
                said.built or (told - len(sentence) <= _LABEL and len(page.headings) <= _PARTED_LINES)
            ):
                continue
            # What is said of a part of the page, or of several things, is not said of the page.
            if lines.count(line) > 1 or (len(own.lines) > _PARTED_LINES and _PART_OF_PAGE.search(sentence)):
                return None
            if said.sure:
                return Removal(mark=f"removed.{said.code}", sure=not _OR_A_WALL.search(sentence))
        before += line in own.lines
        if line in own.lines and (len(line) > _LABEL or before > _PARTED_LINES):
            return None
    return None


def _states(sentence: str, tongues: Tongues) -> Statement | None:
    if sentence.endswith("?") or len(sentence) > _SENTENCE:
        return None
    code = next((one.code for one in tongues.languages if one.statement.fullmatch(sentence)), None)
    if code and is_of_site(sentence, tongues.vocabularies, foreign_in=_FOREIGN_IN, foreign_most=2):
        return Statement(code=code, sure=True, built=True)
    return statement_in(sentence, tongues.vocabularies)


def _softly(page: Page, heads: Sequence[str], languages: Sequence[Language]) -> Removal | None:
    for language in languages:
        if language.soft is None or not any(language.soft.fullmatch(part) for part in heads):
            continue
        text = plain_words(page.text)
        sure = bool(
            language.hint and language.hint.search(text) and not (language.doubt and language.doubt.search(text))
        )
        return Removal(mark=f"removed.{language.code}", sure=sure)
    return None


def _parts(line: str, tongues: Tongues) -> Iterator[str]:
    """Yield a title or heading and its parts, as words; nothing of a question."""
    if not line or "?" in line or "？" in line or line.endswith(_ASKS) or len(line) > _HEADING:
        return
    for part in dict.fromkeys((line, *PARTS.split(line))):
        if words := _said(part):
            yield words
            yield from _told_after_a_cry(words, tongues)
        if not part.startswith(tuple(_QUOTES)) and (led := _LEADING.sub("", words, count=1)) and led != words:
            yield led.strip(_EDGES)


def _told_after_a_cry(words: str, tongues: Tongues) -> Iterator[str]:
    """Yield a heading's statement without its cry ("Oops! …") and its advice ("… Check the address")."""
    first, *rest = (one.strip(_EDGES) for one in _CRIES.split(words))
    if rest and (len(end := " ".join(rest)) <= _LABEL or is_of_site(end, tongues.vocabularies, foreign_in=_FOREIGN_IN)):
        yield first
    if rest and len(first.split()) <= _CRY_WORDS:
        yield rest[0]


def _said(part: str) -> str:
    return plain_words(part).strip(_EDGES)


def _sentences(line: str) -> Iterator[str]:
    for words in map(str.strip, _SENTENCES.split(plain_words(line))):
        if words and not words.startswith(tuple(_QUOTES)) and not words.endswith(_ASKS):
            yield _LEADING.sub("", words, count=1).strip(_EDGES)
