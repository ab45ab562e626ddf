"""Sentences that sites say "it is not here" with, told by their words whatever their order. Pure.

A sentence is a statement only where all its words are such as sites use for it: a thing, what became of it, a denial,
whose it was and why. One word from elsewhere makes it somebody's sentence about something else; so do "if", "I",
"how" and "will", which are in no list. Every step is linear in the sentence.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag, auto
from functools import reduce
from operator import or_
from typing import Final


class Sense(IntFlag):
    """What a word can be in such a sentence; some are several things."""

    WORDS = auto()  # what else such sentences are made of
    NAME = auto()  # a file's name, a number, something quoted
    THING = auto()
    LINK = auto()  # an address, which can be broken
    ACCOUNT = auto()  # somebody's, which can be shut
    GONE = auto()
    SHUT = auto()
    BROKEN = auto()
    NOT = auto()
    NOTHING = auto()
    FOUND = auto()
    AVAILABLE = auto()
    LONGER = auto()
    CAUSE = auto()  # by whom, or why
    ADVICE = auto()  # stands beside such sentences


#: Senses by their names in the data file; what has an address or an owner is a thing too.
SENSES: Final = {
    "words": Sense.WORDS,
    "thing": Sense.THING,
    "link": Sense.LINK | Sense.THING,
    "account": Sense.ACCOUNT | Sense.THING,
    "gone": Sense.GONE,
    "shut": Sense.SHUT,
    "broken": Sense.BROKEN,
    "not": Sense.NOT,
    "nothing": Sense.NOTHING,
    "found": Sense.FOUND,
    "denied": Sense.NOT | Sense.FOUND,
    "available": Sense.AVAILABLE,
    "unavailable": Sense.NOT | Sense.AVAILABLE,
    "longer": Sense.LONGER,
    "cause": Sense.CAUSE,
    "advice": Sense.ADVICE,
}
_DENIED: Final = Sense.FOUND | Sense.AVAILABLE | Sense.LONGER
_LOST: Final = Sense.GONE | Sense.SHUT | Sense.BROKEN
#: How far before "removed" a "not" still denies it.
_REACH: Final = 4
#: Names that a statement holds at most.
_NAMES: Final = 2
#: Words written together by "_" in the data file, at most.
_PHRASE: Final = 3
#: Beginnings of words ("delet*") are no shorter than this.
_SHORTEST_STEM: Final = 1
#: Words from elsewhere in a line that belongs, however long it is.
_FOREIGN_MOST: Final = 4
#: Words of the language that a line must have where it holds names that say nothing.
_BESIDE_NAMES: Final = 3
_LONGEST: Final = 40
_CHUNK: Final = re.compile(r"[^\s,;:!?¡¿()\[\]{}…–—|،؛।॥*•·<>=+]+")
_PIECE: Final = re.compile(r"[^\-'./]+")
_QUOTED: Final = re.compile(r"[\"“„«‹「『][^\"“”„«»‹›「」『』]{1,80}[\"”“»›」』]")
_EDGES: Final = ".'\"-/“”„«»‹›"
_NAME: Final = re.compile(r"[\d#@_]|[^\W\d_][./][^\W\d_]")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_STATUS: Final = frozenset({"404", "410"})
#: How many of several, where it is not all of them.
# fmt: off
_SOME: Final = frozenset({
    "some", "several", "few", "one", "two", "three", "einige", "mehrere", "enkele", "quelques", "plusieurs", "algunas",
    "algunos", "varias", "varios", "alcune", "alcuni", "algumas", "alguns", "kilka", "nekolik", "cateva", "несколько",
    "некоторые", "кілька", "деякі", "bazi", "nagra",
})
# fmt: on
_UNSPACED_NAME: Final = re.compile(r"[a-z0-9._#@/-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of one language."""

    code: str
    words: Mapping[str, Sense]  # phrases with "_" between their words
    stems: Mapping[str, Sense]  # beginnings of words
    heads: Collection[str]  # words that phrases begin with
    unspaced: bool  # written without blanks
    behind: bool  # "not" stands behind what it denies


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a sentence says of a thing of the site."""

    code: str  # of its language
    sure: bool  # False: "not available" without a word of why or since when
    built: bool = False  # built as such sentences are, and not only of their words


def statement_in(sentence: str, vocabularies: Sequence[Vocabulary]) -> Statement | None:
    """Say whether a sentence (lower case, without accents) says that a thing is not there."""
    sentence = _QUOTED.sub(" #1 ", sentence)
    lead, colon, rest = sentence.partition(": ")
    first, words = _words(lead if colon else ""), _words(rest if colon else sentence)
    if words and words[0] not in _STATUS and (words[0] in _SOME or words[0].isdecimal()):
        return None  # "1 image was deleted from this album": the others were not
    for one in vocabularies:
        if any(not (_sense(word, one) or _foreign(word) or Sense.THING) & Sense.WORDS for word in first):
            continue  # "content removed: a report" is a title; "error 404: …" leads to what is said
        senses = _unspaced_senses(sentence, one) if one.unspaced else _senses(words, one)
        if senses is not None and (said := _said(senses, behind=one.behind)) is not None:
            return Statement(code=one.code, sure=said)
    return None


def _words(sentence: str) -> tuple[str, ...]:
    chunks = (found[0].strip(_EDGES) for found in _CHUNK.finditer(sentence))
    return tuple(word for chunk in chunks for word in _pieces(chunk))


def _pieces(chunk: str) -> Iterator[str]:
    """Yield the words of what stands between blanks: a name as it is, "doesn't" and "l'image" in two."""
    if _NAME.search(chunk):
        yield chunk
    elif chunk:
        yield from _PIECE.findall(chunk)


def _senses(words: Sequence[str], one: Vocabulary) -> list[Sense] | None:
    """Give what each word is; None as soon as one is from elsewhere."""
    senses: list[Sense] = []
    at = 0
    while at < len(words):
        taken, sense = _phrase(words, at, one)
        if sense is None:
            sense = _sense(words[at], one) or _foreign(words[at])
        if sense is None or sense is Sense.ADVICE:
            return None
        senses.append(sense)
        at += taken
    return senses


def _phrase(words: Sequence[str], at: int, one: Vocabulary) -> tuple[int, Sense | None]:
    if words[at] in one.heads:
        for many in range(_PHRASE, 1, -1):
            if (sense := one.words.get("_".join(words[at : at + many]))) is not None and at + many <= len(words):
                return many, sense
    return 1, None


def _sense(word: str, one: Vocabulary) -> Sense | None:
    if (sense := one.words.get(word)) is not None:
        return sense
    if not one.stems:
        return None
    stems = (one.stems.get(word[:length]) for length in range(min(len(word), _LONGEST), _SHORTEST_STEM - 1, -1))
    return next((sense for sense in stems if sense is not None), None)


def _foreign(word: str) -> Sense | None:
    if word in _STATUS:
        return Sense.WORDS
    if word.startswith("@"):
        return Sense.ACCOUNT | Sense.THING
    return Sense.NAME if _NAME.search(word) and not _YEAR.fullmatch(word) else None


def _unspaced_senses(sentence: str, one: Vocabulary) -> list[Sense] | None:
    """Read a sentence without blanks: always the longest word of the language that stands there."""
    senses: list[Sense] = []
    for chunk in _CHUNK.findall(sentence):
        at = 0
        while at < len(chunk):
            length, sense = _longest(chunk, at, one)
            if sense is None or sense is Sense.ADVICE:
                return None
            senses.append(sense)
            at += length
    return senses


def _longest(chunk: str, at: int, one: Vocabulary) -> tuple[int, Sense | None]:
    for length in range(min(12, len(chunk) - at), 0, -1):
        if (sense := one.words.get(chunk[at : at + length])) is not None:
            return length, sense
    if chunk[at] in _EDGES or chunk[at] in "。、！，・":
        return 1, Sense.WORDS
    name = _UNSPACED_NAME.match(chunk, at)
    return (len(name[0]), Sense.WORDS if name[0] in _STATUS else Sense.NAME) if name else (1, None)


def is_of_site(
    line: str,
    vocabularies: Sequence[Vocabulary],
    names: Collection[str] = (),
    plain: Collection[str] = (),
    *,
    foreign_in: int,
    foreign_most: int = _FOREIGN_MOST,
) -> bool:
    """Say whether a line is made of words with which sites speak of what is not there, for the most part.

    `names` say nothing, but a line of names is about whom they name; `plain` are words like those of the languages;
    one word in `foreign_in` may be from elsewhere, `foreign_most` in all.
    """
    words = tuple(word for word in _words(_QUOTED.sub(" ", line)) if word not in plain)
    if not words:
        return True
    return any(
        _unspaced_share(line, one, foreign_in) if one.unspaced else _share(words, one, names, foreign_in, foreign_most)
        for one in vocabularies
    )


def _share(words: Sequence[str], one: Vocabulary, names: Collection[str], foreign_in: int, foreign_most: int) -> bool:
    foreign = named = advice = at = 0
    while at < len(words):
        taken, sense = _phrase(words, at, one)
        sense = sense or _sense(words[at], one)
        advice += sense is Sense.ADVICE
        if sense is None and words[at] not in _STATUS:
            named += words[at] in names
            foreign += words[at] not in names
        at += taken
    return foreign <= min(foreign_most, len(words) // foreign_in) and (
        not named or advice > 0 or len(words) - named >= _BESIDE_NAMES
    )


def _unspaced_share(line: str, one: Vocabulary, foreign_in: int) -> bool:
    foreign = letters = 0
    for chunk in _CHUNK.findall(line):
        at = 0
        while at < len(chunk):
            length, sense = _longest(chunk, at, one)
            letters += length
            foreign += length if sense is None or sense is Sense.NAME else 0
            at += length
    return foreign * foreign_in <= letters


def _said(senses: Sequence[Sense], *, behind: bool) -> bool | None:
    """Say whether senses make a statement: True surely, False not quite, None not at all."""
    denies = _denied_behind if behind else _denied_before
    if sum(sense is Sense.NAME for sense in senses) > _NAMES:
        return None
    if any(sense & _LOST and denies(senses, at) for at, sense in enumerate(senses)):
        return None  # "was not removed"
    has = reduce(or_, senses, Sense(0))
    if _is_lost(senses, has, behind=behind) or _is_not_there(senses, has):
        return True
    away = has & Sense.THING == Sense.THING and has & Sense.NOT and has & Sense.AVAILABLE
    return Sense.LONGER in has if away else None


def _is_lost(senses: Sequence[Sense], has: Sense, *, behind: bool) -> bool:
    """Say whether a thing was removed, somebody's was shut, an address is broken; or whose wish or fault it was."""
    if Sense.GONE in has:
        first = Sense.GONE in senses[0] and not behind
        if first and (len(senses) == 1 or Sense.THING in senses[1] or Sense.THING not in has):
            return Sense.CAUSE in has and len(senses) > 1  # "removed content" is a title, "removed by its author" none
        return Sense.THING in has
    return (Sense.ACCOUNT in has and Sense.SHUT in has) or (Sense.LINK in has and Sense.BROKEN in has)


def _is_not_there(senses: Sequence[Sense], has: Sense) -> bool:
    """Say whether a thing is not found, or nothing is found; "no page at this address" speaks of both."""
    if Sense.NOTHING in has:
        return bool(has & (Sense.FOUND | Sense.LINK))
    if Sense.THING not in has or Sense.NOT not in has:
        return False
    things = [sense for sense in senses if Sense.THING in sense]
    first = next(sense for sense in senses if sense != Sense.WORDS)
    return Sense.FOUND in has or (Sense.NOT in first and len(things) > 1 and Sense.LINK in things[-1])


def _denied_before(senses: Sequence[Sense], at: int) -> bool:
    """Say whether "not" stands before a word and denies it, and nothing else: "does not exist, was removed" does."""
    for place in range(at - 1, max(-1, at - _REACH - 1), -1):
        if senses[place] & (_DENIED | _LOST):
            return False
        if senses[place] & (Sense.NOT | Sense.NOTHING):
            return not (place and senses[place - 1] & _DENIED)
    return False


def _denied_behind(senses: Sequence[Sense], at: int) -> bool:
    behind = next((sense for sense in senses[at + 1 : at + 3] if not sense & Sense.WORDS), Sense.WORDS)
    return Sense.NOT in behind and not behind & _DENIED
