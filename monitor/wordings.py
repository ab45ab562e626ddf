"""The data files of known pages, loaded and compiled once."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from monitor.removals import Language, Tongues
from monitor.signs import HEADING_LONGEST, PICTURES, Known, Wording
from monitor.spelling import folded
from monitor.statements import SENSES, Sense, Vocabulary

_CONDITIONS = ("heading", "text", "markup", "path", "host")
_NEVER = r"(?!)"
#: A word that looks like a name: a file's, a number, something quoted.
_NAME = r"[^ !?]{0,80}[\d._/\"'#:@«»“”„-][^ !?]{0,80}"
#: How sites go on in English, whatever their language is.
_SORRY = "sorry|please|try|check"


@cache
def known_pages(placeholders: frozenset[str] = frozenset()) -> Known:
    """Load the known pages that ship with us, with the operator's own placeholders (SHA-256 in hex)."""
    shipped = _shipped()
    return replace(
        shipped, placeholders={**dict.fromkeys(placeholders, "placeholder.configured"), **shipped.placeholders}
    )


@cache
def _shipped() -> Known:
    data, removals = _read("known_pages"), _read("removals")
    shipped = {sha256: f"placeholder.{entry['name']}" for entry in data["placeholder"] for sha256 in entry["sha256"]}
    return Known(
        wordings=tuple(_wording(entry) for entry in data["sign"]),
        tongues=Tongues(
            languages=tuple(_language(entry) for entry in removals["language"]),
            vocabularies=tuple(_vocabulary(entry) for entry in _read("vocabulary")["language"]),
            said=re.compile(_any_of(_said(one) for one in removals["language"])),
        ),
        loose=re.compile(_any_of(removals["loose"])),
        sold=frozenset(data["sold"].split()),
        parkers={zone: entry["name"] for entry in _read("parking")["parker"] for zone in entry["zones"]},
        placeholders=shipped,
    )


def _read(name: str) -> Mapping[str, Any]:
    # Patterns are matched against words without accents.
    return tomllib.loads(folded(files("monitor").joinpath(f"data/{name}.toml").read_text("utf-8")))


def _wording(entry: Mapping[str, Any]) -> Wording:
    patterns = {name: tuple(re.compile(pattern) for pattern in entry.get(name, ())) for name in _CONDITIONS}
    return Wording(
        id=f"{entry['kind']}.{entry['name']}",
        kind=entry["kind"],
        longest=entry.get("longest", HEADING_LONGEST),
        pictures=entry.get("pictures", PICTURES),
        **patterns,
    )


def _language(entry: Mapping[str, Any]) -> Language:
    r"""Put a statement together: [lead] [the] thing [rel] gone [tail], or [lead] first [the] thing [tail]."""
    glue = entry.get("glue", " ")
    lead = rf"(?:(?:{entry['lead']}|4(?:04|10))[\s,.:;!…–，、。！：；-]*){{0,4}}"
    the = rf"(?:(?:{entry['the']}) ?){{0,3}}" if entry["the"] else ""
    thing = rf"{the}(?:{'|'.join(entry['thing'])})"
    between = rf"(?:{glue}{entry['rel'].replace('{name}', _NAME)})??,?" if "rel" in entry else ""
    said = [rf"{thing}{between}{glue}(?:{'|'.join(entry['gone'])})"]
    if "first" in entry:
        said.append(rf"(?:{'|'.join(entry['first'])}){glue}{thing}")
    said += entry.get("said", ())
    soft = rf"{lead}{thing}{between}{glue}(?:{'|'.join(entry['soft'])}).{{0,40}}" if "soft" in entry else None
    statement = rf"{lead}(?:{'|'.join(said)}){_tail(entry, glue)}"
    return Language(
        code=entry["code"],
        statement=re.compile(statement),
        heading=re.compile(_any_of((statement, *(f"{lead}(?:{one})" for one in entry.get("whole", ()))))),
        soft=re.compile(soft) if soft else None,
        weak=re.compile(_any_of(entry.get("weak", ()))),
        hint=re.compile(entry["hint"]) if "hint" in entry else None,
        doubt=re.compile(entry["doubt"]) if "doubt" in entry else None,
        words=re.compile(_any_of((*entry["gone"], *entry.get("first", ()), *entry.get("weak", ())))),
    )


def _said(entry: Mapping[str, Any]) -> str:
    patterns = _any_of((*entry["gone"], *entry.get("first", ()), *entry.get("said", ())))
    return rf"\b(?:{patterns})(?!\w)" if entry.get("glue", " ") == " " else patterns


def _vocabulary(entry: Mapping[str, Any]) -> Vocabulary:
    words: dict[str, Sense] = {}
    stems: dict[str, Sense] = {}
    for name, sense in SENSES.items():
        for word in entry.get(name, "").split():
            into, spelled = (stems, word[:-1]) if word.endswith("*") else (words, word)
            if sense is Sense.ADVICE and (spelled in words or spelled.startswith(tuple(stems))):
                continue  # it is that first
            into[spelled] = into.get(spelled, Sense(0)) | sense
    return Vocabulary(
        code=entry["code"],
        words=words,
        stems=stems,
        heads=frozenset(word.partition("_")[0] for word in words if "_" in word),
        unspaced=entry.get("unspaced", False),
        behind=entry.get("behind", False),
    )


def _tail(entry: Mapping[str, Any], glue: str) -> str:
    """Say how a statement may go on: not at all, with words that belong to it, or with an inflection."""
    if glue != " ":
        on = rf"(?:[，,、] ?{entry['tail']}[^。！？!?]{{0,40}})?" if "tail" in entry else ""
        return rf"[^\s,.，。！？!?]{{0,20}}{on}"
    return rf"(?:(?:,|;| [–—-])? {entry['tail']}.{{0,100}}|,? (?:{_SORRY}).{{0,60}})?" if "tail" in entry else ""


def _any_of(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns) or _NEVER
