"""What a recipient is worth, and what that does to the order in which contacts are told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntd.worth import SPENT_FOR, Worth, by_worth, doubt_of, spent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("worth", "doubt"),
    [
        (Worth(health="unknown"), None),
        (Worth(health="good", at=NOW), None),
        (Worth(health="failed", at=NOW - timedelta(days=2), failures=1), "refused on 2026-11-20"),
        (Worth(health="bounced", at=NOW, failures=3), "bounced on 2026-11-22, 3 failures in a row"),
        (Worth(health="bounced"), "bounced"),
        (Worth(health="bounced", at=NOW - SPENT_FOR + timedelta(seconds=1)), "bounced on 2026-10-23"),
        (Worth(health="bounced", at=NOW - SPENT_FOR), None),
    ],
)
def test_what_refused_or_bounced_is_behind_for_a_month(worth: Worth, doubt: str | None) -> None:
    """And says why, with its history."""
    assert doubt_of(worth, NOW) == doubt
    assert spent(worth, NOW) is (doubt is not None)


@given(st.lists(st.integers(0, 9), unique=True), st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_nobody_is_lost_and_equals_keep_their_order(order: list[int], known: set[int], bounced: set[int]) -> None:
    """The good ones first, then the spent ones, each in order of choice; only who is not known is left out."""
    worth = {one: Worth(health="bounced" if one in bounced else "good", at=NOW) for one in known}
    told = by_worth(order, worth, NOW)

    assert list(told) == [one for one in order if one in known - bounced] + [
        one for one in order if one in known & bounced
    ]
