"""The page behind an answer link as HTML: item ids, never URLs; no script, one inline style. Pure."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ntd.api.answer_form import NOTE_LIMIT, Missing
from ntd.api.answer_texts import TEXTS, Texts
from schemas.exchange import Asked, LinkAnswer, Said

_FOLDER: Final = Path(__file__).parent / "templates"
_PAGES: Final = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
)
_STYLE: Final = (_FOLDER / "answer.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Nothing may be loaded or run; our own style is named by its hash (CSP Level 3, section 2.3.1).
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form that came back incomplete: what was filled in is not lost."""

    items: frozenset[str] = frozenset()
    answer: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page shows: who we are, and in which language."""

    language: str
    sender: str
    contact: str

    @property
    def texts(self) -> Texts:
        """Give the words of this language."""
        return TEXTS[self.language]


def form(frame: Frame, asked: Asked, filled: Filled | None = None, wrong: str = "") -> str:
    """Write the form; `wrong` says what was missing in the one that came back."""
    texts, filled = frame.texts, filled or Filled()
    told = texts.told_one if len(asked.items) == 1 else texts.told
    return _page(
        "form.html",
        frame,
        told=told.format(written=moment(asked.written_at), notice=asked.notice, count=len(asked.items)),
        asked=texts.asked_by.format(deadline=moment(asked.deadline)) if asked.deadline else texts.asked,
        items=[{"id": str(item), "said": _said(texts, said)} for item, said in asked.items],
        chosen=filled.items,
        answered=filled.answer,
        note=filled.note,
        wrong=wrong,
        longest=NOTE_LIMIT,
    )


def _said(texts: Texts, said: Said | None) -> str:
    if said is None:
        return ""
    return texts.said.format(answer=texts.answers[said.answer].lower(), at=moment(said.at))


def thanks(frame: Frame, answer: LinkAnswer, count: int, *, more: bool) -> str:
    """Write what was recorded; `more`: the notice has other items."""
    texts = frame.texts
    recorded = texts.recorded_one if count == 1 else texts.recorded
    lines = (recorded.format(count=count, answer=texts.answers[answer].lower()), texts.next_step)
    return _message(frame, texts.thanks, lines, again=texts.again if more else "")


def wrong(frame: Frame, missing: Missing) -> str:
    """Say what is missing in a form that came back."""
    texts = frame.texts
    return {
        Missing.ITEM: texts.wrong_item,
        Missing.ANSWER: texts.wrong_answer,
        Missing.NOTE: texts.wrong_note,
    }[missing]


def unknown(frame: Frame) -> str:
    """Write the page of a link that is unknown or expired: both read the same, so that nothing can be tried out."""
    return _message(frame, frame.texts.unknown_title, (frame.texts.unknown,))


def too_often(frame: Frame, seconds: int) -> str:
    """Write the page of somebody who asks too often."""
    return _message(frame, frame.texts.too_often_title, (frame.texts.too_often.format(seconds=seconds),))


def too_large(frame: Frame) -> str:
    """Write the page of a form that is none of ours, or larger than any."""
    return _message(frame, frame.texts.wrong_title, (frame.texts.too_large,))


def away(frame: Frame) -> str:
    """Write the page for when a part of us cannot be reached."""
    return _message(frame, frame.texts.away_title, (frame.texts.away,))


def _message(frame: Frame, title: str, lines: tuple[str, ...], again: str = "") -> str:
    return _page("message.html", frame, title=title, lines=lines, again=again)


def _page(template: str, frame: Frame, **shown: object) -> str:
    return _PAGES.get_template(template).render(
        texts=frame.texts,
        language=frame.language,
        sender=frame.sender,
        contact=frame.contact,
        style=Markup(_STYLE),  # noqa: S704 -- our own file, and the policy names its very bytes
        **shown,
    )


def moment(at: datetime) -> str:
    """Write a time as notices do.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 22, 14, 5, tzinfo=UTC))
    '2026-11-22 14:05 UTC'
    """
    return f"{at:%Y-%m-%d %H:%M} UTC"
