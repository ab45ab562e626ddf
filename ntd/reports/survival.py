"""Kaplan–Meier: the share removed by a time, told honestly about what is still up.

E. L. Kaplan, P. Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53 (1958); the interval is
Greenwood's variance on the log(−log S) scale (Kalbfleisch, Prentice, "The Statistical Analysis of Failure Time Data").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

#: Of the standard normal distribution, two-sided 95 %.
_Z_95: Final = 1.959963984540054
#: A product of rounded fractions may miss one half by this much; no two different estimates lie so close together.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What was observed, one entry per distinct time: how many ended in the event then, how many were last seen then.

    Times ascend, in any one unit. At one time the events come before the censorings (definitions, `km_*`).
    """

    times: Sequence[int] = ()
    events: Sequence[int] = ()
    censored: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The estimate just after one event time; `greenwood` is the sum in Greenwood's formula up to there."""

    time: int
    survival: float
    greenwood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The share that had the event by a time, with its 95 % interval; None where the estimate is 0 or 1."""

    share: float
    low: float | None
    high: float | None


def survival(curve: Curve) -> Iterator[Point]:
    """Give the estimate after each event time.

    >>> [point.survival for point in survival(Curve(times=[1, 2], events=[1, 1], censored=[0, 0]))]
    [0.5, 0.0]
    """
    at_risk = sum(curve.events) + sum(curve.censored)
    remaining, greenwood = 1.0, 0.0
    for time, events, censored in zip(curve.times, curve.events, curve.censored, strict=True):
        if events:
            left = at_risk - events
            remaining *= left / at_risk
            greenwood += events / (at_risk * left) if left else 0.0
            yield Point(time=time, survival=remaining, greenwood=greenwood)
        at_risk -= events + censored


def share_by(curve: Curve, horizon: int) -> Share | None:
    """Give the share that had the event by `horizon`, that moment included; None when nothing was observed.

    >>> share_by(Curve(times=[10, 20], events=[1, 0], censored=[0, 1]), 10).share
    0.5
    """
    if not curve.times:
        return None
    last = Point(time=0, survival=1.0, greenwood=0.0)
    for point in survival(curve):
        if point.time > horizon:
            break
        last = point
    return Share(share=1.0 - last.survival, low=_bound(last, -1), high=_bound(last, +1))


def _bound(point: Point, side: int) -> float | None:
    if not 0.0 < point.survival < 1.0:
        return None
    width = _Z_95 * sqrt(point.greenwood) / abs(log(point.survival))
    return float(1.0 - point.survival ** exp(side * width))


def median(curve: Curve) -> int | None:
    """Give the first time at which no more than half are left, or None when that was not seen.

    >>> median(Curve(times=[5, 7, 9], events=[1, 1, 1], censored=[0, 0, 0]))
    7
    """
    return next((point.time for point in survival(curve) if point.survival <= 0.5 + _ROUNDING), None)
