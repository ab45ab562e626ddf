"""Kaplan–Meier against published tables and against a second, slower telling of the same formula."""

from fractions import Fraction
from math import exp, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntd.reports.survival import Estimate, Observed, estimate, survival

# Weeks of remission under 6-mercaptopurine: E. J. Freireich et al., "The Effect of 6-Mercaptopurine on the Duration of
# Steroid-induced Remissions in Acute Leukemia", Blood 21 (1963). True: relapse; False: last seen in remission.
REMISSION = [
    *[(6, True)] * 3,
    (6, False), (7, True), (9, False), (10, True), (10, False), (11, False), (13, True), (16, True), (17, False),
    (19, False), (20, False), (22, True), (23, True), (25, False), *[(32, False)] * 2, (34, False), (35, False),
]  # fmt: skip

# As printed in the textbooks: weeks, S, standard error (Greenwood), 95 % interval on the log(−log) scale.
PUBLISHED = [
    (6, 0.8571, 0.0764, 0.6197, 0.9516),
    (7, 0.8067, 0.0869, 0.5631, 0.9228),
    (10, 0.7529, 0.0963, 0.5032, 0.8894),
    (13, 0.6902, 0.1068, 0.4316, 0.8491),
    (16, 0.6275, 0.1141, 0.3675, 0.8049),
    (22, 0.5378, 0.1282, 0.2678, 0.7468),
    (23, 0.4482, 0.1346, 0.1881, 0.6801),
]


def observed_of(pairs: list[tuple[int, bool]]) -> Observed:
    """Part observations into events and censorings, ascending, as the database does."""
    events, censored = (sorted(time for time, event in pairs if event is which) for which in (True, False))
    return Observed(events=events, censored=censored)


def test_survival_and_greenwood_are_those_of_the_published_table() -> None:
    """The remission table comes out to the printed digit."""
    points = list(survival(observed_of(REMISSION)))

    assert [point.time for point in points] == [row[0] for row in PUBLISHED]
    assert [round(point.survival, 4) for point in points] == [row[1] for row in PUBLISHED]
    errors = [point.survival * sqrt(point.greenwood) for point in points]
    assert [round(error, 4) for error in errors] == [row[2] for row in PUBLISHED]


@pytest.mark.parametrize(("weeks", "left", "_error", "low", "high"), PUBLISHED)
def test_the_interval_is_that_of_the_published_table(
    weeks: int, left: float, _error: float, low: float, high: float
) -> None:
    """The share is 1 − S and its bounds are those of S, turned round."""
    found = estimate(observed_of(REMISSION), weeks)

    told = (found.share, found.high, found.low)
    assert [None if share is None else round(1 - share, 4) for share in told] == [left, low, high]


def test_the_median_is_that_of_the_published_table() -> None:
    """No more than half are left for the first time at 23 weeks."""
    assert estimate(observed_of(REMISSION), 10).median == 23


def test_the_horizon_itself_is_included() -> None:
    """What happens at the horizon counts, what happens just after it does not."""
    observed = observed_of([(24, True), (25, True)])

    assert estimate(observed, 23) == Estimate(share=0.0, median=24)
    assert estimate(observed, 24).share == 0.5
    assert estimate(observed, 25) == Estimate(share=1.0, median=24)


def test_events_come_before_censorings_at_the_same_time() -> None:
    """Who is last seen at the moment of an event was still at risk in it."""
    assert estimate(Observed(events=[5], censored=[5]), 5).share == 0.5


def test_nothing_observed_has_no_share_and_no_median() -> None:
    """Over nothing there is no figure, not a zero."""
    assert estimate(Observed(), 24) == Estimate()
    assert estimate(Observed(censored=[30]), 24) == Estimate(share=0.0)


def test_exactly_half_is_the_median_however_the_fractions_round() -> None:
    """Of n without censoring the median is the time of the one that leaves half."""
    for n in range(2, 200, 2):
        assert estimate(Observed(events=range(1, n + 1)), 0).median == n // 2


def slow(observed: list[tuple[int, bool]], horizon: int) -> tuple[Fraction, float]:
    """Tell S and Greenwood's sum again, one time after the other, by counting who is at risk each time."""
    left, spread = Fraction(1), 0.0
    for time in sorted({time for time, gone in observed if gone and time <= horizon}):
        at_risk = sum(1 for other, _ in observed if other >= time)
        gone = sum(1 for other, event in observed if other == time and event)
        left *= 1 - Fraction(gone, at_risk)
        spread += gone / (at_risk * (at_risk - gone)) if at_risk > gone else 0.0
    return left, spread


OBSERVED = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


@given(OBSERVED, st.integers(0, 13))
def test_the_share_equals_the_slow_telling(observed: list[tuple[int, bool]], horizon: int) -> None:
    """One pass over the counts gives what counting everybody anew at each time gives."""
    left, spread = slow(observed, horizon)
    found = estimate(observed_of(observed), horizon)

    assert found.share == pytest.approx(float(1 - left))
    if left in {0, 1}:
        assert (found.low, found.high) == (None, None)
        return
    width = 1.959963984540054 * sqrt(spread) / log(left)
    bounds = sorted(1 - float(left) ** exp(side * width) for side in (-1, 1))
    assert (found.low, found.high) == pytest.approx(tuple(bounds))


@given(OBSERVED)
def test_the_median_equals_the_slow_telling(observed: list[tuple[int, bool]]) -> None:
    """It is the first time of all at which S is no more than one half, in exact fractions."""
    expected = next((time for time in range(13) if slow(observed, time)[0] <= Fraction(1, 2)), None)

    assert estimate(observed_of(observed), 6).median == expected
