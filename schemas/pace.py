"""How many in how long, as people write it: a whole number and a unit of time, "20/s", "1200/m", "5000/h"."""

import re
from dataclasses import dataclass
from datetime import timedelta

_SPANS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_FORM = re.compile(r"([1-9]\d{0,5})/([smh])")


@dataclass(frozen=True, slots=True)
class Pace:
    """So many at once at most, and so many in each span in the long run."""

    count: int
    span: timedelta

    def __str__(self) -> str:
        unit = next(unit for unit, span in _SPANS.items() if span == self.span)
        return f"{self.count}/{unit}"


def parse_pace(text: str) -> Pace:
    """Read "20/s", "1200/m" or "5000/h"; ValueError names the fault and a right example.

    >>> str(parse_pace("1200/m"))
    '1200/m'
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text!r} is not a pace; write a whole number and s, m or h, for example "1200/m"')
    return Pace(int(match[1]), _SPANS[match[2]])
