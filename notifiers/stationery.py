"""The layout and the words of letters: ours, and over them what an organisation keeps in a folder of its own.

The folder has the shape of `templates/` here: `letter.txt` and `list.txt` stand in for ours; `words/LANGUAGE.toml` has
the words that are said otherwise, the others stay ours. A language that we do not have needs all of them.
"""

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, Template

from schemas.errors import Misconfigured

OURS: Final = Path(__file__).parent / "templates"
ENGLISH: Final = "en"
WIDTH: Final = 72
#: Stands for a space where a line must not break; turned back after wrapping.
GLUE: Final = "\N{NO-BREAK SPACE}"
#: Paragraphs kept in their wrapped form: those of a burst differ by language and deadline only.
_KEPT: Final = 8192


class Speaker(NamedTuple):
    """What phrases may use: who speaks, about what, and until when (None: no deadline)."""

    sender: str
    country: str
    contact: str
    what: str  # a key of [what]
    until: str | None


class Stationery:
    """Layouts and words by language; files are read once, when they are first needed."""

    def __init__(self, folder: Path | None = None) -> None:
        """Take ours, and over them those of `folder`."""
        self.folders = (OURS,) if folder is None else (folder, OURS)
        # Plain text: there is nothing to escape, and a URL must stay what it is.
        self._jinja = Environment(  # noqa: S701
            loader=ChoiceLoader([FileSystemLoader(each) for each in self.folders]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._phrase = lru_cache(maxsize=4096)(self._read_phrase)
        self.words = lru_cache(maxsize=256)(self._read_words)
        self.said = lru_cache(maxsize=_KEPT)(self._said)
        self.paragraph = lru_cache(maxsize=_KEPT)(self._paragraph)
        self.bullet = lru_cache(maxsize=_KEPT)(partial(wrapped, first="- ", following="  "))
        self.label = lru_cache(maxsize=4096)(self._label)
        self.languages = tuple(sorted({path.stem for path in self.word_files()}))

    def word_files(self) -> Iterator[Path]:
        """Give the files of words: an organisation's own first."""
        for folder in self.folders:
            yield from sorted((folder / "words").glob("*.toml"))

    def language_of(self, wish: str) -> str:
        """Give the language that serves a wish such as `de` or `pt-BR`; English where none does."""
        return _primary(wish) if self.serves(wish) else ENGLISH

    def serves(self, wish: str) -> bool:
        """Say whether there are words for a wish."""
        return _primary(wish) in self.languages

    def layout(self, name: str) -> Template:
        """Give a layout: `letter.txt` or `list.txt`."""
        return self._jinja.get_template(name)

    def _read_words(self, language: str) -> Mapping[str, str]:
        own = [path for path in self.word_files() if path.stem == language]
        found: dict[str, str] = {}
        for path in reversed(own):  # ours first, the organisation's over them
            found |= flat_words(path)
        return found

    def _read_phrase(self, language: str, key: str) -> Template:
        return self._jinja.from_string(self.words(language)[key])

    def _said(self, language: str, key: str, speaker: Speaker) -> str:
        """Say one phrase in a language, unwrapped."""
        return self._phrase(language, key).render(
            sender=speaker.sender,
            country=speaker.country,
            contact=speaker.contact,
            by=self.by(language, speaker.until),
            what=self.words(language)[f"what.{speaker.what}"],
        )

    def _paragraph(self, language: str, key: str, speaker: Speaker) -> str:
        """Say one phrase, wrapped."""
        return wrapped(self._said(language, key, speaker))

    def by(self, language: str, until: str | None) -> str:
        """Say until when something is asked; None: without delay."""
        if until is None:
            return self.words(language)["by.none"]
        return self._phrase(language, "by.deadline").render(deadline=until.replace(" ", GLUE))

    def _label(self, spoken: tuple[str, ...], key: str) -> str:
        """Give a label in all languages of a letter."""
        return " / ".join(dict.fromkeys(self.words(language)[f"label.{key}"] for language in spoken))


def wrapped(text: str, *, first: str = "", following: str = "") -> str:
    """Fill text to lines of `WIDTH`; textwrap breaks at ASCII white space only, so no URL or address is cut."""
    filled = textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace(GLUE, " ")


def flat_words(path: Path) -> dict[str, str]:
    """Read a file of words as "section.key" → text; Misconfigured names file and line of what is no TOML."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise Misconfigured(f'{path}: {fault}; write for example count = "Number of items" below [label]') from None
    return {
        f"{name}.{key}": text
        for name, table in tables.items()
        if isinstance(table, dict)
        for key, text in table.items()
        if isinstance(text, str)
    }


def line_of(path: Path, key: str) -> int:
    """Find the line in which a file of words has `section.key`; 1 where it has none."""
    section, _, name = key.partition(".")
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        elif inside and re.match(rf"\s*\"?{re.escape(name)}\"?\s*=", line):
            return number
    return 1


#: What is shipped, for whoever has no folder of their own.
SHIPPED: Final = Stationery()


def _primary(wish: str) -> str:
    return wish.strip().lower().replace("_", "-").partition("-")[0]
