"""Durations as people write them: a whole or decimal number and a unit, "90s", "15m", "24h", "7d"."""

import re
from datetime import timedelta

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FORM = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """Read "90s", "15m", "24h", "7d" or "250ms"; ValueError names the fault and a right example.

    >>> parse_duration("15m").total_seconds()
    900.0
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text!r} is not a duration; write a number with a unit (ms, s, m, h, d), for example "15m"')
    return timedelta(**{_UNITS[match[2]]: float(match[1])})


def format_duration(span: timedelta) -> str:
    """Write a duration in its largest exact unit.

    >>> format_duration(timedelta(hours=48))
    '2d'
    """
    for unit, name in reversed(_UNITS.items()):
        if span and not span % timedelta(**{name: 1}):
            return f"{span // timedelta(**{name: 1})}{unit}"
    return f"{span.total_seconds():g}s"
