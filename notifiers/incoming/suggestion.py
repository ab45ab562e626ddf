"""What an answer seems to say, in the languages of those who host: a suggestion for whoever reads it, nothing more."""

import re
from collections.abc import Callable, Iterator

from notifiers.incoming.quotation import without_signature
from notifiers.incoming.words import beginnings, languages, phrases, plain, words
from schemas.incoming import Suggestion

#: What is done weighs more than what is thought of it; what is asked of us more than whom it was passed on to.
_ORDER = (
    Suggestion.REMOVED,
    Suggestion.DISPUTED,
    Suggestion.NOT_OURS,
    Suggestion.ASKS_MORE,
    Suggestion.PASSED_ON,
)
#: Characters and sentences of an answer that are read for its meaning.
_READ, _SENTENCES, _LONGEST = 6000, 60, 500
_NOISE = re.compile(
    r"\b(?:h..ps?|ftp)(?::|\[:\])//\S+|\S{1,64}@\S{1,255}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[.!?;।])\s+|\n\s*\n|\n\s*[-*•]\s+")
#: Words before a phrase that may take it back.
_BEFORE = re.compile(r"(?:\S+\s+){0,6}$")
#: The vowel signs of Devanagari are no letters to `\w`, and stand in the middle of words.
_WORD = re.compile(r"(?:[^\W\d]|[\u0900-\u0963])+")
#: Fewer of the commonest words than this tell no language.
_ENOUGH = 3


def said(own: str) -> Suggestion | None:
    """Give what an answer says in phrases that we know; None where it says none of it, or in other words.

    >>> said("Hello, we have removed the files.").value
    'removed'
    """
    return _heaviest(_said, own)


def guessed(own: str) -> Suggestion | None:
    """Give what an answer seems to say by its single words, where it uses no phrase that we know."""
    return _heaviest(_hinted, own)


def _heaviest(judge: Callable[[str, tuple[str, ...]], Iterator[Suggestion]], own: str) -> Suggestion | None:
    text = phrases("reading", "polite").sub(" ", plain(_NOISE.sub(" ", without_signature(own)[:_READ])))
    spoken = languages_of(text)
    found = {one for sentence in _sentences(text) for one in judge(sentence, spoken)}
    return next((one for one in _ORDER if one in found), None)


def languages_of(text: str) -> tuple[str, ...]:
    """Give the languages that a text made plain may be written in; all of them where it is too short to tell."""
    spoken = _WORD.findall(text)
    known = languages("common")
    counts = {name: sum(word in words("common", name) for word in spoken) for name in known}
    most = max(counts.values())
    return known if most < _ENOUGH else tuple(name for name in known if counts[name] * 3 >= most * 2)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _END.split(text)[:_SENTENCES]:
        if written := " ".join(sentence.split())[:_LONGEST].rstrip(".!;। "):
            yield written


def _said(sentence: str, spoken: tuple[str, ...]) -> Iterator[Suggestion]:
    # "It does not work with us" says nothing of whose it is.
    others = [one for one in _ORDER[1:] if one is not Suggestion.NOT_OURS or not _says("reading", "works", sentence)]
    for language in spoken:
        if _removed(sentence, language):
            yield Suggestion.REMOVED
        yield from (one for one in others if _says(one.value, language, sentence))


def _removed(sentence: str, language: str) -> bool:
    veto = phrases("veto", language)
    for found in phrases("removed", language).finditer(sentence):
        before = _BEFORE.search(sentence[: found.start()])
        # "When we looked, it had been removed": a comma ends what was said before it.
        if not veto.search((before[0].rpartition(",")[2] if before else "") + found[0]):
            return True
    # "If it is no longer there" says nothing of whether it is.
    return any(
        not _says("reading", "condition", sentence[max(0, found.start() - 60) : found.start()])
        for found in phrases("gone", language).finditer(sentence)
    )


def _hinted(sentence: str, spoken: tuple[str, ...]) -> Iterator[Suggestion]:
    """Judge by single words where nobody used a phrase that we know."""
    if sentence.endswith("?"):
        # Whoever asks us something wants to know more.
        yield Suggestion.ASKS_MORE
        return
    for language in spoken:
        if _hint("done", language, sentence) and not _says("veto", language, sentence):
            yield Suggestion.REMOVED
        if _hint("dispute", language, sentence):
            yield Suggestion.DISPUTED
        if _hint("where", language, sentence) and _hint("not_here", language, sentence):
            yield Suggestion.NOT_OURS
        if _hint("ask", language, sentence):
            yield Suggestion.ASKS_MORE
        if _hint("told", language, sentence) and _hint("to_whom", language, sentence):
            yield Suggestion.PASSED_ON


def _says(table: str, key: str, sentence: str) -> bool:
    return phrases(table, key).search(sentence) is not None


def _hint(table: str, language: str, sentence: str) -> bool:
    return beginnings(table, language).search(sentence) is not None
