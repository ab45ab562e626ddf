"""Pages that say of themselves that the thing is not there. Pure; told by what a page says, and by what it shows.

A wrong "gone" leaves abuse online unseen, so a statement counts only where it stands for the whole page: as its title
or first heading, or as its first sentence, on a page that shows little else. A page with pictures of its own, a long
text, a conversation, a question or a quotation is content, whatever it says. What a site writes on each of its pages
(its sibling shows it too) is not said of this one.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from monitor.likeness import Own
from monitor.pages import Page

#: Characters a page may say besides its title and headings, and still be judged by them.
BESIDE_HEADING: Final = 1200
#: … without a word of what happened.
BESIDE_UNEXPLAINED: Final = 200
#: … by a heading that says no more than "not found" or "404".
BESIDE_WEAK: Final = 120
#: … whatever it says: the name of a server, "Back".
BESIDE_WEAKEST: Final = 40
#: … by its first sentence.
BESIDE_SENTENCE: Final = 600
#: A sentence longer than this makes no short statement.
_SENTENCE: Final = 240
#: Lines up to this length may stand before the first sentence: "Error", "Oops!", "Information".
_LABEL: Final = 30
#: A cry before a statement has no more words than these.
_CRY_WORDS: Final = 2
#: Titles and headings longer than this are those of articles.
_HEADING: Final = 160
#: … where it has more headings than one, and shows no way to other things.
BESIDE_HEADED: Final = 60
_WORDS: Final = re.compile(r"[^\W\d_]{3,}")
_EXTENSION: Final = re.compile(r"\.[a-z0-9]{1,5}$")
#: Parts of a page that are removed from it while the page stands.
_PART_OF_PAGE: Final = re.compile(
    r"\b(?:post|posting|message|comment|reply|entry|beitrag|nachricht|bericht|message|mensaje|messaggio|mensagem|"
    r"wiadomość|wpis|příspěvek|сообщени|запис|inlägg|投稿|帖子)"
)
_PARTED_LINES: Final = 2

#: "Page not found | Site" has two parts; a colon parts nothing, people put what they talk about behind it.
PARTS: Final = re.compile(r"\s+[-–—|·»•]{1,2}\s+|\s*\|\s*|\s+:{1,2}\s+")
_EDGES: Final = " \t.,;!…。！-–—|·»()[]*✖✗×☹"
#: Letters that are written without their accents too, and that Unicode does not take apart.
_PLAIN: Final = str.maketrans("ıłđø", "ildo")
_QUOTES: Final = "\"'“”„«»‘‹「『"
_SENTENCES: Final = re.compile(r"[.!。！…]+\s+|[。！]|\s+[–—-]\s+")
#: "… or is private", "… or you may not have permission": one of two things, and the other is a wall.
_OR_A_WALL: Final = re.compile(
    r"\b(?:or|oder|of|ou|o|lub|nebo|или|або|veya|atau|hoặc)\b.{0,40}"
    r"(?:\bto you\b|private|permission|hidden|restricted|privat|berechtig|priv[eé]|autoris|privad|permiso|permiss|"
    r"prywatn|uprawnie|soukrom|приват|закрыл|прав доступа|gizli|pribadi|riêng tư)"
)
#: A word or an ending in parentheses: "does not exist (anymore)", "your file(s)".
_ASIDE: Final = re.compile(r"\(([^\W\d_]{1,8})\)")
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
class Removal:
    """What a page says of its thing."""

    mark: str  # id for the evidence
    sure: bool  # False: "not available" without a word of why


def removal_of(page: Page, own: Own, languages: Sequence[Language], name: str = "") -> Removal | None:
    """Say how a page says that its thing is not there; None when it does not. `name` is what the thing is called."""
    if page.plain:
        return _of_text(page, languages)
    headings = page.headings if len(page.headings) <= _PARTED_LINES else page.headings[:1]
    heads = tuple(part for line in (page.title, *headings) if not _is_name(line, name) for part in _parts(line))
    beside = sum(len(line) for line in own.lines if line not in page.headings)
    if own.pictures or page.files or beside > BESIDE_HEADING:
        return None  # it shows something, or holds it out: "File deleted. Mirror: …"
    for language in languages:
        if any(language.heading.fullmatch(part) for part in heads):
            told = next(part for part in heads if language.heading.fullmatch(part))
            sure = _explained(page, own, beside, language) and not _OR_A_WALL.search(told)
            return Removal(mark=f"removed.{language.code}", sure=sure)
    if said := _by_sentence(page, own, beside, languages):
        return said
    if not page.headings and page.main:
        heads = (*heads, *_sentences(page.main[0]))
    if soft := _softly(page, heads, languages):
        return soft
    bare = beside <= BESIDE_WEAK and not own.thumbnails and len(page.headings) <= 1
    weak = next((one for one in languages if bare and any(one.weak.fullmatch(part) for part in heads)), None)
    if weak is None:
        return None
    return Removal(mark=f"missing.{weak.code}", sure=beside <= BESIDE_WEAKEST or _goes_with(page, own, languages))


def _goes_with(page: Page, own: Own, languages: Sequence[Language]) -> bool:
    """Say whether what stands beside "404" speaks of such a page: a band and a film have such names too."""
    text = plain_words("\n".join(line for line in own.lines if line not in page.headings))
    return bool(_ADVICE.search(text)) or any(language.words.search(text) for language in languages)


def says_twice(page: Page, languages: Sequence[Language]) -> bool:
    """Say whether title and first heading both say that the thing is not there, in different words."""
    if not page.headings:
        return False
    said = ({part for part in _parts(line) if _stated(part, languages)} for line in (page.title, page.headings[0]))
    title, heading = said
    return bool(title and heading and title.isdisjoint(heading))


def _stated(part: str, languages: Sequence[Language]) -> bool:
    return any(language.heading.fullmatch(part) for language in languages)


def _is_name(line: str, name: str) -> bool:
    """Say whether a title is the item's own name, as its address spells it: "/poems/gone" is a poem."""
    spelled, told = (set(_WORDS.findall(plain_words(text))) for text in (_EXTENSION.sub("", unquote(name)), line))
    return plain_words(line).strip() == name or (bool(spelled) and spelled <= told and 2 * len(spelled) >= len(told))


def _explained(page: Page, own: Own, beside: int, language: Language) -> bool:
    """Say whether what stands beside a heading belongs to it: a text about something else, or in parts, is content."""
    if len(page.headings) > 1 and beside > BESIDE_HEADED and not own.thumbnails:
        return False
    text = plain_words("\n".join(line for line in own.lines if line not in page.headings))
    return beside <= BESIDE_UNEXPLAINED or bool(language.words.search(text))


def _of_text(page: Page, languages: Sequence[Language]) -> Removal | None:
    """Judge a plain text, or an answer made for programs by the words it has for its fault."""
    lines = page.headings or (page.main if len(page.main) == 1 else ())
    for line in lines[:8]:
        words = _said(line)
        for language in languages:
            if language.heading.fullmatch(words) or language.weak.fullmatch(words):
                return Removal(mark=f"removed.{language.code}", sure=True)
    return None


def _by_sentence(page: Page, own: Own, beside: int, languages: Sequence[Language]) -> Removal | None:
    if beside > BESIDE_SENTENCE:
        return None
    lines = [line for line in page.main if line not in page.headings]
    before = 0
    for line in lines:
        for sentence in _sentences(line):
            if (language := _states(sentence, languages)) is None:
                continue
            # What is said of a part of the page, or of several things, is not said of the page.
            if lines.count(line) > 1 or (len(own.lines) > _PARTED_LINES and _PART_OF_PAGE.search(sentence)):
                return None
            return Removal(mark=f"removed.{language.code}", sure=not _OR_A_WALL.search(sentence))
        before += line in own.lines
        if line in own.lines and (len(line) > _LABEL or before > _PARTED_LINES):
            return None
    return None


def _states(sentence: str, languages: Sequence[Language]) -> Language | None:
    if sentence.endswith("?") or len(sentence) > _SENTENCE:
        return None
    return next((one for one in languages if one.statement.fullmatch(sentence)), None)


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


def _parts(line: str) -> Iterator[str]:
    """Yield a title or heading and its parts, as words; nothing of a question."""
    if not line or "?" in line or "？" in line or len(line) > _HEADING:
        return
    for part in dict.fromkeys((line, *PARTS.split(line))):
        if words := _said(part):
            yield words
            yield from _told_after_a_cry(words)
        if not part.startswith(tuple(_QUOTES)) and (led := _LEADING.sub("", words, count=1)) and led != words:
            yield led.strip(_EDGES)


def _told_after_a_cry(words: str) -> Iterator[str]:
    """Yield a heading's statement without its cry ("Oops! …") and its advice ("… Check the address")."""
    first, *rest = (one.strip(_EDGES) for one in _CRIES.split(words))
    if rest and sum(map(len, rest)) <= _LABEL:
        yield first
    if rest and len(first.split()) <= _CRY_WORDS:
        yield rest[0]


def _said(part: str) -> str:
    return plain_words(part).strip(_EDGES)


def _sentences(line: str) -> Iterator[str]:
    for sentence in _SENTENCES.split(plain_words(line)):
        words = sentence.strip()
        if words and not words.startswith(tuple(_QUOTES)):
            yield _LEADING.sub("", words, count=1).strip(_EDGES)


def plain_words(text: str) -> str:
    """Spell words as the data files do: lower case, plain apostrophes, no soft hyphens, "file(s)" as "files"."""
    text = folded(text.lower().replace("’", "'").replace("\u00ad", "").replace("\u00a0", " "))
    return _ASIDE.sub(r"\1", text) if "(" in text else text


def folded(text: str) -> str:
    """Leave the accents away: many who write a language, and many pages in it, do.

    >>> folded("fișierul a fost șters")
    'fisierul a fost sters'
    """
    if text.isascii():
        return text
    letters = (one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    return unicodedata.normalize("NFC", "".join(letters)).translate(_PLAIN)
