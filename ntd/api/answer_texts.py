"""What the page behind an answer link says, in the languages of its readers: the words of answer_texts.toml. Pure.

The reader is somebody at an abuse desk who has no account here and may never have heard of us: plain words, no blame.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.exchange import LinkAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The words of the page in one language; braces are filled in."""

    title: str
    from_us: str  # {sender}
    told: str  # {count} {written} {notice}
    told_one: str
    asked_by: str  # {deadline}
    asked: str
    safe: str
    items: str
    all_items: str  # {count}
    some_items: str
    item: str
    said: str  # {answer} {at}
    question: str
    answers: dict[LinkAnswer, str]
    hints: dict[LinkAnswer, str]
    note: str
    note_hint: str  # {longest}
    send: str
    thanks: str
    recorded: str  # {count} {answer}
    recorded_one: str
    next_step: str
    again: str
    contact: str  # {mail}
    unknown_title: str
    unknown: str
    too_often_title: str
    too_often: str  # {seconds}
    wrong_title: str
    wrong_item: str
    wrong_answer: str
    wrong_note: str
    away_title: str
    away: str
    too_large: str


def _texts(words: dict[str, Any]) -> Texts:
    answers, hints = ({LinkAnswer(key): text for key, text in words[name].items()} for name in ("answers", "hints"))
    return Texts(**(words | {"answers": answers, "hints": hints}))


#: Characters of an Accept-Language header that are read.
_HEADER_LIMIT: Final = 500
_WORDS: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
#: Every language that notices are shipped in.
TEXTS: Final = {language: _texts(words) for language, words in _WORDS.items()}


def language_for(accepted: str, otherwise: str) -> str:
    """Choose the page's language by an Accept-Language header (RFC 9110, section 12.5.4), then by the notice's own.

    >>> language_for("sv, nl;q=0.7, en;q=0.3", "en")
    'nl'
    >>> language_for("", "de-AT")
    'de'
    """
    wishes = sorted((_wish(part) for part in accepted[:_HEADER_LIMIT].split(",")), key=lambda wish: -wish[1])
    for language, weight in (*wishes, (_primary(otherwise), 1.0)):
        if language in TEXTS and weight > 0:
            return language
    return "en"


def _wish(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    _, _, weight = parameter.strip().partition("=")
    try:
        return _primary(name), float(weight) if weight else 1.0
    except ValueError:
        return _primary(name), 0.0


def _primary(tag: str) -> str:
    return tag.strip().partition("-")[0].lower()
