"""The values of one record become a submission: each key read by its own reader, and held against the others. Pure.

No fault repeats a value: the URL of an item stands in no answer and in no log.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from ntd.material import carries, stands_in
from schemas.errors import Refused
from schemas.item import Basis, Classification, Media, Submission
from schemas.url import UnsupportedScheme, parse_url

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_ENDS: Final = re.compile(r"[\t\r\n]+")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_ -]{1,40}")
_HASH_NAME: Final = re.compile(r"[a-z0-9_-]{1,32}")
_HEX: Final = re.compile(r"[0-9a-f]+")
_HASH_DIGITS: Final = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
_LOWEST_PRIORITY: Final = 9
_LONGEST_LABEL: Final = 200


class NotTaken(Refused):
    """A fault of one record; `scheme`: of a URL that is neither http nor https."""

    def __init__(self, fault: str, scheme: str | None = None) -> None:
        super().__init__(fault)
        self.scheme = scheme


def submission_of(values: Mapping[str, Any], source: str | None = None) -> Submission:
    """Read the keys of one item; Refused names the first fault."""
    taken: dict[str, Any] = {}
    for name, value in values.items():
        if name in _PLAIN and _is_plain(value):
            # What most texts are; every other one is read with care.
            taken[name] = value.strip() or None
        elif (reader := _READERS.get(name)) is not None:
            taken[name] = reader(name, value)
        else:
            raise NotTaken(f"the key{unknown(name)}")
    if "url" not in taken:
        raise NotTaken("url is missing")
    if source is not None and taken.get("source") is None:
        taken["source"] = _label("source", source)
    _agree(taken)
    return Submission(**taken)


def _agree(taken: dict[str, Any]) -> None:
    """Check what keys say about one another."""
    if taken.get("confirmed", True):
        if taken.setdefault("classification", Classification.BASELINE) is None:
            raise NotTaken('classification is null, as of presumed items only; write "confirmed": false or a class')
    elif taken.setdefault("classification", None) is not None:
        raise NotTaken("classification is given for a presumed item, which nobody has judged; leave it out")
    if taken.get("hold_until") is not None and not taken.get("hold", False):
        raise NotTaken('hold_until is given without hold; write "hold": true beside it')


def _is_plain(value: Any) -> bool:
    return type(value) is str and len(value) <= _LONGEST_LABEL and value.isprintable() and ":" not in value


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise NotTaken(f"{name} is not a text")
    if not value.isprintable() and _CONTROL.search(value):
        raise NotTaken(f"{name} holds a control character")
    if stands_in(value):
        raise NotTaken(f"{name} holds a data: or blob: URL", "data")
    return value.strip() or None


def _label(name: str, value: Any) -> str | None:
    text = _text(name, value)
    # Labels stand in clear in the database, so that figures can be grouped by them.
    if text is not None and (len(text) > _LONGEST_LABEL or "://" in text):
        raise NotTaken(f"{name} is a label of at most {_LONGEST_LABEL} characters, and no URL")
    return text


def _sentence(name: str, value: Any) -> str | None:
    return _text(name, _LINE_ENDS.sub(" ", value) if isinstance(value, str) else value)


def _url(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        raise NotTaken(f"{name} is not a text")
    try:
        return parse_url(value)
    except UnsupportedScheme as fault:
        raise _of_scheme(name, fault.scheme) from None
    except Refused as fault:
        raise NotTaken(str(fault)) from None


def _of_scheme(name: str, scheme: str) -> NotTaken:
    # "img.example:8080/1.jpg" reads as a scheme: it is none, and its name is not repeated.
    if "." in scheme or len(scheme) > 20:  # noqa: PLR2004 -- longer than any registered scheme worth a name
        return NotTaken(f"{name} does not begin with http:// or https://", "other")
    return NotTaken(f"the scheme {scheme} of {name} is refused; only http and https are taken", scheme)


def _link(name: str, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and not value.lstrip()[:4].lower().startswith("http"):
        if carries(value):
            raise NotTaken(f"{name} holds a data: or blob: URL", "data")
        raise NotTaken(f"{name} is not an http or https URL")
    try:
        text: str = _url(name, value).text
    except NotTaken:
        raise NotTaken(f"{name} is not an http or https URL") from None
    return text


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise NotTaken(f"{name} is neither true nor false")
    return value


def _one_of(kind: type[StrEnum], default: StrEnum | None, *, null: bool) -> Callable[[str, Any], StrEnum | None]:
    """Make a reader for a closed set; an empty text is the default, null only where it means something."""
    known: dict[Any, StrEnum | None] = {"": default, **{member.value: member for member in kind}}
    if null:
        known[None] = None

    def reader(name: str, value: Any) -> StrEnum | None:
        try:
            return known[value]
        except (KeyError, TypeError):
            raise NotTaken(f"{name} is none of {', '.join(kind)}") from None

    return reader


def _priority(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LOWEST_PRIORITY:
        raise NotTaken(f"{name} is not a whole number from 0 (most urgent) to {_LOWEST_PRIORITY}")
    return value


def _time(name: str, value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value if value[10] == "T" and value[-1] == "Z" else value.upper())
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise NotTaken(f'{name} is not a time with its zone; write for example "2026-11-20T09:00:00Z"')


def _hashes(name: str, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotTaken(f'{name} is not an object; write for example {{"sha256": "…"}}')
    return {kind: digest for kind, given in value.items() if (digest := _digest(kind, given)) is not None}


def _digest(kind: str, given: Any) -> str | None:
    if kind not in _HASH_DIGITS and not _HASH_NAME.fullmatch(kind):
        raise NotTaken("hashes has a key that is no name of a hash; write for example sha256")
    if kind not in _HASH_DIGITS or not isinstance(given, str):
        return _text(f"hashes.{kind}", given)
    digest = given.strip().lower()
    if not digest:
        return None
    if len(digest) != _HASH_DIGITS[kind] or not _HEX.fullmatch(digest):
        raise NotTaken(f"hashes.{kind} is not {_HASH_DIGITS[kind]} hexadecimal digits")
    return digest


_READERS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "url": _url,
    "report": _text,
    "reference": _text,
    "source": _label,
    "confirmed": _yes_or_no,
    "classification": _one_of(Classification, Classification.BASELINE, null=True),
    "confirmed_at": _time,
    "confirmed_by": _text,
    "site_type": _label,
    "media": _one_of(Media, None, null=True),
    "hashes": _hashes,
    "series": _text,
    "priority": _priority,
    "hold": _yes_or_no,
    "hold_until": _time,
    "copied_from": _label,
    "basis": _one_of(Basis, Basis.CSAM, null=False),
    "reason": _sentence,
    "found_on": _link,
    "referrer": _link,
    "access": _text,
    "new_victim": _yes_or_no,
}
_PLAIN: Final = frozenset(name for name, reader in _READERS.items() if reader in {_text, _label, _sentence})
#: Every key that an item may have.
KEYS: Final = frozenset(_READERS)


def unknown(name: str) -> str:
    """Say that a key is unknown, and which may be meant."""
    close = get_close_matches(name, _READERS, n=1)
    shown = f" {name!r}" if _PLAIN_NAME.fullmatch(name) else ""
    return f"{shown} is unknown; {f'did you mean {close[0]}?' if close else 'known are ' + ', '.join(_READERS)}"
