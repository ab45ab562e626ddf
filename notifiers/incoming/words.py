"""The phrases that tell one message from another: data, kept in notifiers/data/incoming.toml and answers/LANGUAGE.toml.

Texts and phrases are compared without case, accents and typographic marks, for people leave them away.
"""

import re
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).parent.parent / "data"
#: Finds nothing: what a language has no phrases for is not said in it.
_NOTHING = "(?!)"
_BOUND = r"\b"
#: Pieces of words in a phrase; as many letters tell one language from another.
_ESCAPES, _PIECE, SHORTEST = re.compile(r"\\[a-zA-Z]"), re.compile(r"[^\W\d_]+"), 4
#: What tells which language it is, but says nothing.
_NO_SAYING = frozenset({"letters", "common", "marks"})
_MARKS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "´": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "\xa0": " ",
        "–": "-",
        "—": "-",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ı": "i",
        "ς": "σ",
        "æ": "ae",
        "œ": "oe",
        "，": ", ",
        "、": ", ",
        "。": ". ",
        "！": "! ",
        "？": "? ",
        "；": "; ",
        "؟": "?",
        "،": ",",
    }
)


def plain(text: str) -> str:
    """Give a text as it is compared: no case, no accents, no typographic marks.

    >>> plain("Das wurde gelöscht – „Usunięto”")
    'das wurde geloscht - "usunieto"'
    """
    return _without_marks(text.casefold())


def _without_marks(text: str) -> str:
    # Phrases come here too, and keep the case of their escapes.
    if text.isascii():
        return text
    spelled = unicodedata.normalize("NFKD", text.translate(_MARKS))
    return "".join(letter for letter in spelled if not unicodedata.combining(letter)).translate(_MARKS)


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, list[str]]]:
    tables: dict[str, dict[str, list[str]]] = tomllib.loads((_DATA / "incoming.toml").read_text(encoding="utf-8"))
    for file in sorted((_DATA / "answers").glob("*.toml")):
        for key, said in tomllib.loads(file.read_text(encoding="utf-8")).items():
            tables.setdefault(key, {})[file.stem] = said
    return tables


@lru_cache(maxsize=1024)
def phrases(table: str, key: str) -> re.Pattern[str]:
    """Give the expression that finds any phrase of one list, in texts made plain."""
    return re.compile("|".join(map(_without_marks, _tables()[table].get(key, []))) or _NOTHING)


@lru_cache(maxsize=1024)
def beginnings(table: str, key: str) -> re.Pattern[str]:
    """Give the expression that finds any word that begins like one of a list; in scripts without spaces, the word."""
    said = "|".join(map(_without_marks, _tables()[table].get(key, []))) or _NOTHING
    return re.compile(rf"{'' if key in _tables()['joined'] else _BOUND}(?:{said})")


@lru_cache(maxsize=64)
def words(table: str, key: str) -> frozenset[str]:
    """Give the single words of a list."""
    return frozenset(_without_marks(" ".join(_tables()[table].get(key, []))).split())


@lru_cache(maxsize=1)
def speakers() -> dict[str, tuple[str, ...]]:
    """Give the beginnings of words that stand in phrases and lists of answers, with the languages that know them."""
    known: dict[str, set[str]] = {}
    told = (key for key, by_language in _tables().items() if key not in _NO_SAYING and "en" in by_language)
    for key in told:
        for language, said in _tables()[key].items():
            for piece in _PIECE.findall(_without_marks(_ESCAPES.sub(" ", " ".join(said)))):
                if len(piece) >= SHORTEST:
                    known.setdefault(piece, set()).add(language)
    return {piece: tuple(sorted(by)) for piece, by in known.items()}


@lru_cache(maxsize=1)
def marks() -> dict[str, tuple[str, ...]]:
    """Give the letters that few languages have, with those that have them."""
    spelled = {language: "".join(letters) for language, letters in _tables()["marks"].items()}
    every = set("".join(spelled.values()))
    return {letter: tuple(language for language, own in spelled.items() if letter in own) for letter in every}


def choice(table: str, key: str) -> str:
    """Give a list as the inside of an expression, as it is written."""
    return "|".join(_tables()[table][key])


def languages(table: str) -> tuple[str, ...]:
    """Give the keys of a table."""
    return tuple(_tables()[table])
