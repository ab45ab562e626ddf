"""Quiet spells: reminders wait for their end, to the minute."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntd.sla import quiet_until

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
HOURS = st.times().map(lambda moment: f"{moment:%H:%M}")
SPELL = st.sampled_from(["Mon", "Sat", "Sun"]) | st.tuples(HOURS, HOURS).map("-".join)


@pytest.mark.parametrize(
    ("quiet", "at", "until"),
    [
        ([], timedelta(hours=3), timedelta(hours=3)),
        (["00:00-07:00"], timedelta(hours=3), timedelta(hours=7)),
        (["00:00-07:00"], timedelta(hours=7), timedelta(hours=7)),
        (["22:00-06:30"], timedelta(hours=23), timedelta(days=1, hours=6, minutes=30)),
        (["00:00-23:59"], timedelta(hours=3), timedelta(hours=23, minutes=59)),
        (["Sat", "Sun"], timedelta(days=5, hours=1), timedelta(days=7)),
        (["Sat", "Sun", "00:00-07:00"], timedelta(days=5), timedelta(days=7, hours=7)),
    ],
)
def test_a_spell_ends_when_it_says(quiet: list[str], at: timedelta, until: timedelta) -> None:
    """The first moment that no spell covers, from a Monday's midnight on."""
    assert quiet_until(quiet, MONDAY + at) == MONDAY + until


@given(st.lists(SPELL, max_size=4), st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1 < at.year < 9999))
def test_it_is_never_earlier_and_nothing_covers_it(quiet: list[str], now: datetime) -> None:
    """The answer is now or later, and asking again at the answer gives the answer."""
    until = quiet_until(quiet, now)

    assert until >= now
    assert until == now or quiet_until(quiet, until) == until
