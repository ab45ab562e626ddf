"""Layouts and words are tried before anybody is written to: what would fail at night is said at the start.

Each fault names the file and the line, as precisely as it can be known.
"""

import traceback
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from jinja2 import TemplateError, TemplateSyntaxError

from notifiers.letter import NETWORK_KINDS, letter
from notifiers.plain import moment, whole_url
from notifiers.samples import samples
from notifiers.stationery import ENGLISH, OURS, Speaker, Stationery, flat_words, line_of
from schemas.errors import Misconfigured
from schemas.notice import Kind, Message, Sender

LAYOUTS: Final = ("letter.txt", "list.txt")
#: Sections whose texts are templates; the others are words that stand as they are.
_PHRASES: Final = ("title.", "say.")
_MAY_USE: Final = "a phrase may use sender, country, contact, by and what, by.deadline may use deadline"


def prove(stationery: Stationery, sender: Sender, now: datetime) -> None:
    """Render everything with the hardest data; Misconfigured says each fault in a sentence with its file and line."""
    # Once for each place: what fails in one kind and language fails in most.
    faults: dict[str, str] = {}
    for fault in _faults(stationery, sender, now):
        faults.setdefault(fault.partition(": ")[0], fault)
    if faults:
        raise Misconfigured("notices.templates: " + "\n  ".join(faults.values()))


def _faults(stationery: Stationery, sender: Sender, now: datetime) -> Iterator[str]:
    own = [fault for path in stationery.word_files() if OURS not in path.parents for fault in _of_words(path)]
    if own:
        # A word that is not there would be missed everywhere.
        yield from own
        return
    broken = [*_of_phrases(stationery, sender), *_of_layouts(stationery)]
    yield from broken or _of_letters(stationery, sender, now)


def _of_words(path: Path) -> Iterator[str]:
    known, own = flat_words(OURS / "words" / f"{ENGLISH}.toml"), flat_words(path)
    for key in own.keys() - known.keys():
        close = get_close_matches(key, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else "; see the words that ntd ships"
        yield f"{path}, line {line_of(path, key)}: {key} is no word of a notice{hint}"
    missing = sorted(known.keys() - own.keys())
    if missing and not (OURS / "words" / path.name).exists():
        yield (
            f"{path}, line 1: a language that ntd does not have needs every word, and {len(missing)} are missing, "
            f"for example {missing[0]}"
        )


def _of_phrases(stationery: Stationery, sender: Sender) -> Iterator[str]:
    speaker = Speaker(
        sender=sender.name, country=sender.country, contact=sender.contact_email, what="mixed", until=None
    )
    for language in stationery.languages:
        for key in stationery.words(language):
            try:
                if key == "by.deadline":
                    stationery.by(language, "now")
                elif key.startswith(_PHRASES):
                    stationery.said(language, key, speaker)
            except TemplateError as fault:
                path = _file_of(stationery, language, key)
                yield f"{path}, line {line_of(path, key)}: {key} cannot be said: {fault}; {_MAY_USE}"


def _file_of(stationery: Stationery, language: str, key: str) -> Path:
    """Give the file that a phrase comes from: the organisation's own first."""
    return next(path for path in stationery.word_files() if path.stem == language and key in flat_words(path))


def _of_layouts(stationery: Stationery) -> Iterator[str]:
    for name in LAYOUTS:
        try:
            stationery.layout(name)
        except TemplateSyntaxError as fault:
            yield f"{fault.filename or name}, line {fault.lineno}: {fault.message}"


def _of_letters(stationery: Stationery, sender: Sender, now: datetime) -> Iterator[str]:
    for kind in Kind:
        for language in stationery.languages:
            for message in samples(kind, language, sender, now):
                yield from _of_letter(stationery, message)


def _of_letter(stationery: Stationery, message: Message) -> Iterator[str]:
    try:
        text = letter(message, stationery).text
    except Exception as fault:  # noqa: BLE001 -- a template can fail in every way that Python can
        yield f"{_place(fault, stationery)}: a notice of kind {message.kind} cannot be written: {fault}"
        return
    lines = {line.strip() for line in text.splitlines()}
    for what, name in _needed(message):
        if not (what in text if " " in what else what in lines or f"({what})" in text):
            path = _layout(stationery, name)
            yield f"{path}, line 1: a notice of kind {message.kind} does not show {what[:60]!r} whole"


def _needed(message: Message) -> Iterator[tuple[str, str]]:
    """Name what no layout may leave out, and in which layout it stands: URLs and links whole on a line of their own."""
    if message.kind is Kind.WITHDRAWAL:
        return
    if message.kind not in NETWORK_KINDS:
        yield from ((whole_url(line.url), "list.txt") for line in message.lines)
    if message.deadline is not None:
        yield f"{moment(message.deadline)}", "letter.txt"
    if message.answer_link is not None:
        yield whole_url(message.answer_link), "letter.txt"


def _layout(stationery: Stationery, name: str) -> Path:
    return next(folder / name for folder in stationery.folders if (folder / name).is_file())


def _place(fault: Exception, stationery: Stationery) -> str:
    """Find the line of a template that a fault came from."""
    frames = reversed(traceback.extract_tb(fault.__traceback__))
    for frame in frames:
        if any(frame.filename == str(folder / name) for folder in stationery.folders for name in LAYOUTS):
            return f"{frame.filename}, line {frame.lineno}"
    return "notices.templates"
