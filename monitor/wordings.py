"""The data files of known pages, loaded and compiled once."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from monitor.removals import Language
from monitor.signs import HEADING_LONGEST, PICTURES, Known, Wording

_CONDITIONS = ("heading", "text", "markup", "path", "host")
_NEVER = r"(?!)"


@cache
def known_pages(placeholders: frozenset[str] = frozenset()) -> Known:
    """Load the known pages that ship with us, with the operator's own placeholders (SHA-256 in hex)."""
    data = _read("known_pages")
    shipped = {sha256: f"placeholder.{entry['name']}" for entry in data["placeholder"] for sha256 in entry["sha256"]}
    return Known(
        wordings=tuple(_wording(entry) for entry in data["sign"]),
        languages=tuple(_language(entry) for entry in _read("removals")["language"]),
        parkers={zone: entry["name"] for entry in _read("parking")["parker"] for zone in entry["zones"]},
        placeholders={**dict.fromkeys(placeholders, "placeholder.configured"), **shipped},
    )


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("monitor").joinpath(f"data/{name}.toml").read_text("utf-8"))


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
    r"""Put a language's sentence together: [lead] [the] thing [rel] gone, or [lead] first [the] thing."""
    glue = entry.get("glue", " ")
    ends = r"(?!\w)" if glue == " " else ""
    lead = rf"(?:(?:{entry['lead']})[\s,.:;!…–-]*)*"
    the = rf"(?:(?:{entry['the']}) ?)*" if entry["the"] else ""
    thing = rf"{the}(?:{'|'.join(entry['thing'])})"
    between = rf"(?:{glue}{entry['rel']})??,?" if "rel" in entry else ""
    said = [rf"{thing}{between}{glue}(?:{'|'.join(entry['gone'])}){ends}"]
    if "first" in entry:
        said.append(rf"(?:{'|'.join(entry['first'])}){glue}{thing}{ends}")
    said += entry.get("said", ())
    statement = rf"{lead}(?:{'|'.join(said)})"
    tail = rf"(?:[,;:.!(…–—-].{{0,120}}| {entry['tail']}.{{0,100}})?" if "tail" in entry else r"(?:\W.{0,80}|.{0,20})?"
    soft = rf"{lead}{thing}{between}{glue}(?:{'|'.join(entry['soft'])}).{{0,40}}" if "soft" in entry else None
    return Language(
        code=entry["code"],
        statement=re.compile(statement),
        heading=re.compile(statement + tail),
        soft=re.compile(soft) if soft else None,
        weak=re.compile(_any_of(entry.get("weak", ()))),
        hint=re.compile(entry["hint"]) if "hint" in entry else None,
        doubt=re.compile(entry["doubt"]) if "doubt" in entry else None,
    )


def _any_of(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns) or _NEVER
