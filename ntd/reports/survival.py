"""Kaplan–Meier: the share removed by a time, told honestly about what is still up.

E. L. Kaplan, P. Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53 (1958); the interval is
Greenwood's variance on the log(−log S) scale (Kalbfleisch, Prentice, "The Statistical Analysis of Failure Time Data").
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final, NamedTuple

#: Of the standard normal distribution, two-sided 95 %.
_Z_95: Final = 1.959963984540054
#: A product of rounded fractions may miss one half by as much; no two different estimates lie so close together.
_HALF: Final = 0.5 + 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was observed, in any one unit of time, both ascending.

    `events`: after how long each had the event; `censored`: after how long each other was last seen without it.
    """

    events: Sequence[int] = ()
    censored: Sequence[int] = ()


class Point(NamedTuple):
    """The estimate just after one event time; `greenwood` is the sum in Greenwood's formula up to there."""

    time: int
    survival: float
    greenwood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The share that had the event by a time with its 95 % interval, and the time when no more than half were left.

    `low` and `high` are None where the estimate is 0 or 1, `share` where nothing was observed, `median` where so few
    had the event that it was not seen.
    """

    share: float | None = None
    low: float | None = None
    high: float | None = None
    median: int | None = None


def survival(observed: Observed) -> Iterator[Point]:
    """Give the estimate after each event time; at one time events come before censorings (definitions, `km_*`).

    >>> [point.survival for point in survival(Observed(events=[1, 2]))]
    [0.5, 0.0]
    """
    at_risk, censored, remaining, greenwood = len(observed.events) + len(observed.censored), 0, 1.0, 0.0
    for time, events in Counter(observed.events).items():
        earlier = bisect_left(observed.censored, time, censored)
        at_risk, censored = at_risk - (earlier - censored), earlier
        left = at_risk - events
        remaining *= left / at_risk
        greenwood += events / (at_risk * left) if left else 0.0
        at_risk = left
        yield Point(time, remaining, greenwood)


def estimate(observed: Observed, horizon: int) -> Estimate:
    """Estimate the share that had the event by `horizon`, that moment included, and the median.

    >>> found = estimate(Observed(events=[10], censored=[20]), 10)
    >>> found.share, found.median
    (0.5, 10)
    """
    if not observed.events and not observed.censored:
        return Estimate()
    last, median = Point(0, 1.0, 0.0), None
    for point in survival(observed):
        if median is None and point.survival <= _HALF:
            median = point.time
        if point.time <= horizon:
            last = point
        elif median is not None:
            break
    return Estimate(share=1.0 - last.survival, low=_bound(last, -1), high=_bound(last, +1), median=median)


def _bound(point: Point, side: int) -> float | None:
    if not 0.0 < point.survival < 1.0:
        return None
    width = _Z_95 * sqrt(point.greenwood) / abs(log(point.survival))
    return float(1.0 - point.survival ** exp(side * width))
