"""What is wrong with a configuration, in sentences: the key, the fault of its value, a right example. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from schemas.duration import format_duration
from schemas.settings import Section, Settings

_SECRET: Final = frozenset({"password", "token", "url", "proxy"})
_LONGEST_SHOWN: Final = 60

#: What stands in no default: keys inside of lists.
_EXAMPLES: Final = {
    "dns.canaries": '["www.example.org", "!nobody.invalid"]',
    "dns.nameservers": '["192.0.2.53"]',
    "geo.networks": '["networks.csv"]',
    "hoster.match": '"as64501"',
    "monitor.allow": '["127.0.0.0/8"]',
    "monitor.canaries": '["https://www.example/up"]',
    "monitor.placeholders": '["9b5936f4006146e4e1e9025b474c02863c0b5614132ad40db4b925a10e8bfbb9"]',
    "monitor.vantage.name": '"nl-direct"',
    "notices.quiet": '["Sat", "00:00-07:00"]',
    "partner.code": '"md-siguronline"',
    "partner.countries": '["MD"]',
    "routing.country": '{ US = "both" }',
    "sla.escalation.after": '"72h"',
    "sla.escalation.to": '"regulator"',
}

#: What a value is not, by pydantic's name for the fault.
_FAULTS: Final = {
    "missing": "is missing",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "string_type": "is not a text in quotes",
    "list_type": "is not a list",
    "tuple_type": "is not a list",
    "dict_type": "is not a table",
    "model_type": "is not a table",
    "path_type": "is not a path",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "time_delta_type": "is not a duration",
    "string_pattern_mismatch": "may hold only the letters a-z, digits and -",
}


def problems_of(error: ValidationError) -> list[str]:
    """Say each fault once, in the order of the keys in the file."""
    said: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        said.setdefault(_dotted(_place(fault["loc"])), _sentence(fault))
    return list(said.values())


def _sentence(fault: ErrorDetails) -> str:
    place = _place(fault["loc"])
    key = _dotted(place)
    if fault["type"] == "extra_forbidden":
        return f"{key}: is no key of ntd.toml; {nearest(key)}"
    if fault["type"] == "value_error":
        said = str(fault["ctx"]["error"])
        return f"{key}: {said}" if "write" in said or "given" in said else f"{key}: {said}{_example(place)}"
    return f"{key}: {_shown(place, fault)}{_fault(fault)}{_example(place)}"


def _fault(fault: ErrorDetails) -> str:
    context = fault.get("ctx", {})
    match fault["type"]:
        case "literal_error" | "enum":
            return f"is not one of {context['expected'].replace(chr(39), chr(34))}"
        case "greater_than_equal":
            return f"is less than {context['ge']}"
        case "less_than_equal":
            return f"is more than {context['le']}"
        case kind if "network" in kind:
            return "is not a network"
        case kind:
            return _FAULTS.get(kind, fault["msg"][:1].lower() + fault["msg"][1:])


def _shown(place: tuple[str | int, ...], fault: ErrorDetails) -> str:
    """Repeat the value, unless it may be a secret, is long, or is not there."""
    value = fault["input"]
    if fault["type"] == "missing" or place[-1] in _SECRET or isinstance(value, dict | list):
        return ""
    text = _toml(value)
    return f"{text} " if len(text) <= _LONGEST_SHOWN else ""


def _place(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Drop what pydantic adds to a place: the branch of a union, the mark of a key."""
    kept = [part for part in loc if isinstance(part, int) or part.replace("_", "").replace("-", "").isalnum()]
    return tuple(part for part in kept if part not in {"IPv4Network", "IPv6Network", "ipv4network", "ipv6network"})


def _dotted(place: tuple[str | int, ...]) -> str:
    """Write a place as in `partner[0].code`; the numbers are those of NTD_PARTNER__0__CODE."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "ntd.toml"


def _example(place: tuple[str | int, ...]) -> str:
    names = [part for part in place if isinstance(part, str)]
    for end in range(len(names), 0, -1):
        key = ".".join(names[:end])
        if (text := _EXAMPLES.get(key) or _defaults().get(key)) is not None:
            return f"; write for example {names[end - 1]} = {text}"
    return ""


def nearest(key: str) -> str:
    """Point from an unknown key to the right one.

    >>> nearest("smtp.prot")
    'did you mean smtp.port?'
    """
    plain = re.sub(r"\[\d+\]", "", key)
    section, _, leaf = plain.rpartition(".")
    known = sorted({*_defaults(), *(name.rpartition(".")[0] for name in _defaults() if "." in name)})
    beside = [name for name in known if name.rpartition(".")[0] == section]
    elsewhere = [name for name in known if name.rpartition(".")[2] == leaf]
    close = get_close_matches(plain, beside, n=1) or elsewhere[:1]
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(beside) or ', '.join(known)}"


def _defaults() -> dict[str, str]:
    """Give every key with its default as it is written in the file; keys without one have an empty text."""
    return dict(_keys(Settings))


def _keys(section: type[Section], above: str = "") -> Iterator[tuple[str, str]]:
    for name, field in section.model_fields.items():
        key = above + (field.alias or name)
        inner = _section_in(field)
        if inner is None:
            yield key, "" if field.is_required() else _toml(field.get_default(call_default_factory=False))
        else:
            yield from _keys(inner, f"{key}.")


def _section_in(field: FieldInfo) -> type[Section] | None:
    """Give the section that a key holds, or holds a list of."""
    candidates = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, Section)), None)


def _toml(value: Any) -> str:
    """Write a value as TOML does.

    >>> _toml([timedelta(hours=24), "a", True])
    '["1d", "a", true]'
    """
    match value:
        case None:
            return '""'
        case timedelta():
            return f'"{format_duration(value)}"'
        case Path() | Enum():
            return json.dumps(str(value))
        case SecretStr():
            return '"…"'
        case list() | tuple():
            return f"[{', '.join(_toml(inner) for inner in value)}]"
        case Mapping():
            return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
        case _:
            return json.dumps(value, default=str, ensure_ascii=False)
