"""What an answer seems to say, in the languages of those who host: a suggestion for whoever reads it, nothing more."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from notifiers.incoming.quotation import without_signature
from notifiers.incoming.words import SHORTEST, beginnings, languages, marks, phrases, plain, speakers, words
from schemas.incoming import Suggestion

#: What is done weighs more than what is thought of it; what is asked of us more than whom it was passed on to.
_ORDER = (
    Suggestion.REMOVED,
    Suggestion.DISPUTED,
    Suggestion.NOT_OURS,
    Suggestion.ASKS_MORE,
    Suggestion.PASSED_ON,
)
#: What is looked for beside what was done and who was told.
_OTHERS = (Suggestion.DISPUTED, Suggestion.NOT_OURS, Suggestion.ASKS_MORE)
#: What is not said where it only depends.
_NOT_IF = (Suggestion.DISPUTED, Suggestion.NOT_OURS)
#: Characters and sentences of an answer that are read for its meaning.
_READ, _SENTENCES, _LONGEST = 6000, 60, 500
_NOISE = re.compile(
    r"\b(?:h..ps?|ftp)(?::|\[:\])//\S+|\S{1,64}@\S{1,255}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[.!?;।])\s+|\n\s*\n|\n\s*[-*•]\s+|,\s+(?=(?:could|can|would|do) you\b)")
_IS_GONE = re.compile(r"'s(?= (?:been|gone|down|off|offline|suspended|removed|deleted|dead|dealt|done)\b)")
#: Where one thing ends and another begins within a sentence.
_PART = re.compile(r",\s|\s-\s|\s\(|:\s")
#: Words before a phrase that may take it back, and words behind it.
_FEW_BEFORE = re.compile(r"(?:\S+\s+){0,3}\S*$")
_BEFORE, _BEHIND = re.compile(r"(?:\S+\s+){0,6}\S*$"), re.compile(r"(?:\s+\S+){0,4}")
#: The vowel signs of Devanagari are no letters to `\w`, and stand in the middle of words.
_WORD = re.compile(r"(?:[^\W\d]|[\u0900-\u0963])+")
#: Fewer of the commonest words than this tell no language alone; in so many characters the other words that we know do.
_ENOUGH, _SHORT = 3, 600
#: What has so large a share of the words of the likeliest language is likely too.
_LIKELY, _LIKELY_IN_SHORT = 0.66, 0.7
#: One letter in so many of a script is enough to read its languages: names and terms are written in another.
_SCRIPT_SHARE = 5


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
    sentences, spoken = _read(own)
    each = [(sentence, frozenset(judge(sentence, spoken))) for sentence in sentences]
    found = frozenset[Suggestion]().union(*(said for _, said in each))
    if any(_told_theirs(sentence, said, spoken) for sentence, said in each):
        # Whoever tells their own customer hosts it, though they say that they have no hand in it.
        found -= {Suggestion.NOT_OURS}
    return next((one for one in _ORDER if one in found), None)


@lru_cache(maxsize=8)
def _read(own: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the sentences of an answer, made plain, and its likely languages."""
    written = _NOISE.sub(" ", without_signature(own)[:_READ])
    text = phrases("reading", "polite").sub(" ", _spelled_out(plain(written)))
    return tuple(_sentences(text)), languages_of(text, written[:_SHORT].lower())


def _spelled_out(text: str) -> str:
    text = text.replace("'ve ", " have ").replace("'re ", " are ").replace("'ll ", " will ")
    return _IS_GONE.sub(" is", text)


def _told_theirs(sentence: str, said: frozenset[Suggestion], spoken: tuple[str, ...]) -> bool:
    told = Suggestion.PASSED_ON in said and Suggestion.NOT_OURS not in said
    return told and any(_says("mine", language, sentence) for language in spoken)


def languages_of(text: str, written: str) -> tuple[str, ...]:
    """Give the languages that a text made plain may be written in; all of its script where it is too short to tell.

    `written`: the same in lower case, with its accents, which tell languages that share their words.
    """
    spoken = _WORD.findall(text)
    letters = max(1, sum(map(len, spoken)))
    scripts = {one for one in set(_scripts().values()) if len(re.findall(one, text)) * _SCRIPT_SHARE >= letters}
    known = [name for name in languages("common") if _scripts()[name] in scripts]
    counts = {name: float(sum(word in words("common", name) for word in spoken)) for name in known}
    share = _LIKELY
    if max(counts.values(), default=0) < _ENOUGH:
        told, marked = _told_by_phrases(text), _told_by_marks(written)
        counts = {name: count * 2 + told.get(name, 0) + marked.get(name, 0) for name, count in counts.items()}
        share = _LIKELY_IN_SHORT
    most = max(counts.values(), default=0) * share
    # Where no words tell it, as in scripts without spaces, the letters do.
    return tuple(name for name in known if counts[name] >= most or not words("common", name))


@lru_cache(maxsize=1)
def _scripts() -> dict[str, str]:
    return {name: phrases("letters", name).pattern for name in languages("common")}


def _told_by_phrases(text: str) -> dict[str, float]:
    """Weigh the languages of a short text by its words that phrases have: each word as much, the rarer the surer."""
    counts: dict[str, float] = {}
    for word in _WORD.findall(text[:_SHORT]):
        begins = (word[:length] for length in range(len(word), SHORTEST - 1, -1))
        by = next((speakers()[one] for one in begins if one in speakers()), ())
        for language in by:
            counts[language] = counts.get(language, 0) + 1 / len(by)
    return counts


def _told_by_marks(written: str) -> dict[str, float]:
    """Weigh the languages of a short text by the letters that few languages have."""
    counts: dict[str, float] = {}
    for letter in filter(str.isalpha, written):
        by = marks().get(letter, ())
        for language in by:
            counts[language] = counts.get(language, 0) + 1 / len(by)
    return counts


def _sentences(text: str) -> Iterator[str]:
    for sentence in _END.split(text)[:_SENTENCES]:
        if written := " ".join(sentence.split())[:_LONGEST].rstrip(".!;। "):
            yield written


def _said(sentence: str, spoken: tuple[str, ...]) -> Iterator[Suggestion]:
    others = {one for one in _OTHERS if not _unsaid(one, sentence)}
    asked = sentence.endswith("?")
    for language in spoken:
        if not asked and _removed(sentence, language):
            yield Suggestion.REMOVED
        if _says("order", language, sentence):
            # "We do nothing without a court order" asks for one.
            yield Suggestion.ASKS_MORE
            continue
        told, other = _told(language, sentence), set(others)
        if _with_counsel(sentence):
            # "Not yet, we wait for our lawyers" says of nobody that it is not theirs.
            other.discard(Suggestion.NOT_OURS)
        if phrases(Suggestion.PASSED_ON.value, language).search(sentence) and (asked or not told):
            # "It has not been sent to the customer" says of nobody that they are none.
            other.discard(Suggestion.NOT_OURS)
        if told and not asked:
            yield Suggestion.PASSED_ON
        yield from (one for one in other if _means(one, language, sentence))


def _told(language: str, sentence: str) -> bool:
    """Say whether somebody was told; not whether they will be, were not, or are to be if something happens."""
    if _with_counsel(sentence):
        return False
    now = phrases("later", language).sub(" ", sentence)
    found = phrases(Suggestion.PASSED_ON.value, language).finditer(now)
    return any(not _not_told(one, language, now) for one in found)


def _with_counsel(sentence: str) -> bool:
    """Say whether it waits for the sender's own lawyers or for an authority: nobody who could remove it was told."""
    waits = _says("reading", "not_yet", sentence) or _says("reading", "waiting", sentence)
    return waits and _says("reading", "lawyers", sentence)


def _means(suggestion: Suggestion, language: str, sentence: str) -> bool:
    found = phrases(suggestion.value, language).search(sentence)
    if found is None or suggestion not in _NOT_IF:
        return found is not None
    # "We suspend it if they take no action": nobody has said that they take none.
    return not _says("condition", language, sentence[: found.start()].rpartition(",")[2])


def _unsaid(suggestion: Suggestion, sentence: str) -> bool:
    # "It does not work with us" says nothing of whose it is, "could we talk?" asks for nothing.
    works = suggestion is Suggestion.NOT_OURS and _says("reading", "works", sentence)
    return works or (suggestion is Suggestion.ASKS_MORE and _says("reading", "social", sentence))


def _not_told(told: re.Match[str], language: str, sentence: str) -> bool:
    """Say whether nobody was told: not at all, or not before something else happens."""
    before = _FEW_BEFORE.search(sentence[: told.start()])
    said = (before[0].rpartition(",")[2] if before else "") + told[0]
    return _denied(language, said) or _says("condition", language, sentence[: told.start()])


def _denied(language: str, said: str) -> bool:
    return _says("nothing", language, said) or _says("denial", language, said)


def _removed(sentence: str, language: str) -> bool:
    veto, nothing = phrases("veto", language), phrases("nothing", language)
    depends = phrases("only_if", language).search(sentence)
    if _says("reading", "still", sentence):
        return False
    # "We have removed it; if you see it again" says that it is, "if they stay silent, we remove it" does not.
    sentence = sentence[: depends.start()] if depends else sentence
    for found in phrases("removed", language).finditer(sentence):
        before = _BEFORE.search(sentence[: found.start()])
        behind = _BEHIND.match(sentence, found.end())
        # "When we looked, it had been removed": a comma ends what was said before it.
        said_before = (before[0].rpartition(",")[2] if before else "") + found[0]
        said_with_it = said_before + (behind[0].partition(",")[0] if behind else "")
        if not veto.search(said_before) and not nothing.search(said_with_it):
            return True
    # "If it is no longer there" says nothing of whether it is, "no longer ours" nothing of whether it is there.
    return any(
        not _says("condition", language, sentence[max(0, found.start() - 60) : found.start()])
        and not _says("reading", "possession", sentence[found.end() :])
        for found in phrases("gone", language).finditer(sentence)
    )


def _hinted(sentence: str, spoken: tuple[str, ...]) -> Iterator[Suggestion]:
    """Judge by single words where nobody used a phrase that we know."""
    if sentence.endswith("?"):
        # Whoever asks us something wants to know more, but for whom to talk to.
        if not _says("reading", "social", sentence):
            yield Suggestion.ASKS_MORE
        return
    depends = any(_says("condition", language, sentence) for language in spoken)
    for language in spoken:
        if not depends and _done(sentence, language):
            yield Suggestion.REMOVED
        if _with_counsel(sentence):
            # "The legal team" is no word on what is legal.
            continue
        unlawful = _hint("unlawful", language, sentence) and _denied(language, sentence)
        if unlawful or _hint("dispute", language, sentence):
            yield Suggestion.DISPUTED
        if _hint("where", language, sentence) and _hint("not_here", language, sentence):
            yield Suggestion.NOT_OURS
        if _hint("ask", language, sentence):
            yield Suggestion.ASKS_MORE
        now = phrases("later", language).sub(" ", sentence)
        told = any(_hint("told", language, part) and not _denied(language, part) for part in _PART.split(now))
        if told and not depends and _hint("to_whom", language, sentence):
            yield Suggestion.PASSED_ON


def _done(sentence: str, language: str) -> bool:
    """Say whether something is done: not to be, and not in a part of the sentence that takes it back."""
    return not _says("reading", "still", sentence) and any(
        _hint("done", language, part)
        and not any(_says(table, language, part) for table in ("veto", "nothing"))
        and not _hint("future", language, part)
        for part in _PART.split(sentence)
    )


def _says(table: str, key: str, sentence: str) -> bool:
    return phrases(table, key).search(sentence) is not None


def _hint(table: str, language: str, sentence: str) -> bool:
    return beginnings(table, language).search(sentence) is not None
