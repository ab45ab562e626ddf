"""When to look again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.schedule import MARK_WITHIN, SLA_MARKS, interval_at, next_check, next_watch
from schemas.settings import Monitor

RULES = Monitor()
RECEIVED = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEEDS = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))
NOISE = b"\x07" * 32


@pytest.mark.parametrize(
    ("age", "every"),
    [
        (timedelta(0), HOUR),
        (timedelta(hours=24), HOUR),
        (timedelta(hours=24, seconds=1), 6 * HOUR),
        (timedelta(days=7), 6 * HOUR),
        (timedelta(days=8), 24 * HOUR),
        (timedelta(days=90), 24 * HOUR),
        (timedelta(days=900), 24 * HOUR),
    ],
)
def test_interval_by_age(age: timedelta, every: timedelta) -> None:
    """Until an age an interval holds; beyond the last row its interval goes on."""
    assert interval_at(age, RULES.schedule) == every


@given(seed=SEEDS, age_s=st.integers(0, 10_000_000))
def test_next_look_is_spread_by_a_tenth(seed: UUID, age_s: int) -> None:
    """The next look is its interval away, a tenth more or less and to the second, the same for each item and moment."""
    now = RECEIVED + timedelta(seconds=age_s)
    due = next_check(received_at=RECEIVED, settings=RULES, seed=seed, now=now)
    every = interval_at(now - RECEIVED, RULES.schedule)

    assert 0.9 * every - timedelta(seconds=1) < due - now <= 1.1 * every
    assert due.microsecond == 0
    assert due == next_check(received_at=RECEIVED, settings=RULES, seed=seed, now=now)


@pytest.mark.parametrize(("every_s", "whole"), [(59.9, False), (60.0, True)])
def test_short_intervals_keep_their_fractions(every_s: float, whole: bool) -> None:
    """Looks a minute apart or more fall on whole seconds; closer ones are not moved by as much as a second."""
    rules = Monitor(schedule=[(timedelta(days=7), timedelta(seconds=every_s))])
    dues = [next_check(received_at=RECEIVED, settings=rules, seed=UUID(int=n), now=RECEIVED) for n in range(20)]

    assert all(due.microsecond == 0 for due in dues) is whole


@settings(max_examples=30)
@given(seed=SEEDS, started_s=st.integers(0, 86_400))
def test_a_look_falls_within_five_minutes_after_each_mark(seed: UUID, started_s: int) -> None:
    """Followed through 30 days, a clock has a look within five minutes after each of its marks."""
    started = RECEIVED + timedelta(seconds=started_s)
    marks = [started + timedelta(hours=hours) for hours in (24, 48, 72, 168, 672)]
    now, looks = started, [started]
    while now < started + timedelta(days=29):
        now = next_check(received_at=RECEIVED, settings=RULES, seed=seed, now=now, clock_from=[started])
        looks.append(now)

    assert all(any(mark < look <= mark + timedelta(minutes=5) for look in looks) for mark in marks)
    assert looks == sorted(set(looks))
    assert len(looks) < 110


@settings(max_examples=30)
@given(
    seed=SEEDS,
    began_s=st.integers(0, 1_000_000),
    every_h=st.sampled_from([24, 168]),
    removal_h=st.sampled_from([12, 24, 72]),
)
def test_a_clock_that_begins_between_two_looks_misses_no_mark(
    seed: UUID, began_s: int, every_h: int, removal_h: int
) -> None:
    """However thin the schedule and whenever the clock begins, a look falls within five minutes after each mark."""
    rules = Monitor(schedule=[(timedelta(days=7), every_h * HOUR)])
    marks = (*SLA_MARKS, removal_h * HOUR)
    began = RECEIVED + timedelta(seconds=began_s)
    now, looks = RECEIVED, []
    while now < began + timedelta(days=29):
        running = [began] if began <= now else []
        now = next_check(
            received_at=RECEIVED,
            settings=rules,
            seed=seed,
            now=now,
            clock_from=running,
            clock_to_come=not running,
            marks=marks,
        )
        looks.append(now)

    assert all(any(began + mark < look <= began + mark + MARK_WITHIN for look in looks) for mark in marks)


@given(seed=SEEDS, age_s=st.integers(0, 10_000_000), clocks=st.lists(st.integers(0, 10_000_000), max_size=4))
def test_a_look_lies_ahead_and_no_further_than_its_interval(seed: UUID, age_s: int, clocks: list[int]) -> None:
    """Whatever clocks run, the next look is later than now and at most its interval and a tenth away."""
    now = RECEIVED + timedelta(seconds=age_s)
    begun = [RECEIVED + timedelta(seconds=one) for one in clocks]
    due = next_check(received_at=RECEIVED, settings=RULES, seed=seed, now=now, clock_from=begun, clock_to_come=True)

    assert now < due <= now + 1.1 * interval_at(now - RECEIVED, RULES.schedule)


def test_marks_of_a_site_do_not_come_together() -> None:
    """A thousand clocks that began at one moment have their looks spread over four of the five minutes."""
    started = RECEIVED + timedelta(minutes=30)
    now = started + timedelta(hours=24) - timedelta(seconds=1)
    dues = [
        next_check(received_at=RECEIVED, settings=RULES, seed=UUID(int=n), now=now, clock_from=[started])
        for n in range(1000)
    ]
    seconds = {(due - started - timedelta(hours=24)).total_seconds() for due in dues}

    assert {(one - 1) // 10 for one in seconds} == set(range(24))
    assert all(one.is_integer() for one in seconds)


def test_items_of_a_site_do_not_come_together() -> None:
    """A thousand items received at once are spread over a fifth of their interval."""
    now = RECEIVED
    dues = [next_check(received_at=RECEIVED, settings=RULES, seed=UUID(int=n), now=now) for n in range(1000)]

    assert max(dues) - min(dues) > timedelta(minutes=11)
    assert len({due.replace(second=0, microsecond=0) for due in dues}) >= 12


@pytest.mark.parametrize(("done", "days"), [(0, 1), (1, 7), (2, 28), (3, None)])
def test_watch_after_gone(done: int, days: int | None) -> None:
    """After gone each look is due exactly at its offset, and after the last there is none."""
    assert next_watch(RECEIVED, RULES, done) == (None if days is None else RECEIVED + timedelta(days=days))
