"""How many messages may be written now: the pace of a domain, the cap of a recipient."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntd.allowance import Room, hourly_room, lane_of, narrower, room_of, spend
from ntd.gathering import Addressee
from schemas.pace import Pace, parse_pace
from schemas.settings import Partner

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PACES = st.builds(Pace, st.integers(1, 5000), st.sampled_from([timedelta(seconds=1), MINUTE, timedelta(hours=1)]))


def whom(channel: str, address: str, **partner: str) -> Addressee:
    """Make a recipient."""
    known = Partner(code="md", countries=["MD"], **partner) if partner else None  # type: ignore[arg-type]
    return Addressee(channel=channel, address=address, format="digest", grouping="recipient", partner=known)


@pytest.mark.parametrize(("text", "count", "span"), [("20/s", 20, 1), ("1200/m", 1200, 60), (" 5/h ", 5, 3600)])
def test_a_pace_is_read_as_it_is_written(text: str, count: int, span: int) -> None:
    """A whole number and a unit."""
    pace = parse_pace(text)

    assert pace == Pace(count, timedelta(seconds=span))
    assert str(pace) == text.strip()


@pytest.mark.parametrize("text", ["0/s", "20", "20/d", "-1/s", "1.5/s", "many/h", "1000000/s"])
def test_what_is_no_pace(text: str) -> None:
    """The fault shows a right example."""
    with pytest.raises(ValueError, match='for example "1200/m"'):
        parse_pace(text)


@pytest.mark.parametrize(
    ("to", "lane"),
    [
        (whom("mail", "abuse@Hoster.Example"), "hoster.example"),
        (whom("api", "https://API.hoster.example:8443/v1"), "api.hoster.example"),
        (whom("form", "https://hoster.example/abuse"), None),
        (whom("partner", "md", api="https://exchange.md.example/api"), "exchange.md.example"),
        (whom("partner", "md", email="desk@md.example", plain="true"), "md.example"),
        (whom("partner", "md", name="fetches from us"), None),
    ],
)
def test_whose_pace_counts(to: Addressee, lane: str | None) -> None:
    """The domain of the mailbox or of the API; nobody's where nothing is handed over."""
    assert lane_of(to) == lane


def test_a_bucket_by_the_minute() -> None:
    """Sixty at once, none more, then one a second; a quarter is waited for."""
    pace = Pace(60, MINUTE)
    full = room_of(pace, None, NOON)
    spent = spend(pace, None, 60, NOON)
    empty = room_of(pace, spent, NOON)

    assert (full.messages, empty.messages) == (60, 0)
    assert empty.again_at == NOON + timedelta(seconds=15)
    assert [room_of(pace, spent, NOON + timedelta(seconds=n)).messages for n in (1, 15, 60, 3600)] == [1, 15, 60, 60]


@given(pace=PACES, steps=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), max_size=30))
def test_no_domain_is_written_more_than_its_pace(pace: Pace, steps: list[tuple[float, float]]) -> None:
    """However it is taken: never more than one bucket and what has been filled in since; and never less than none."""
    now, spent, taken = NOON, None, 0
    for passed, share in steps:
        now += pace.span * passed
        room = room_of(pace, spent, now)
        assert 0 <= room.messages <= pace.count
        assert room.again_at > now
        if wanted := int(room.messages * share):
            spent = spend(pace, spent, wanted, now)
            taken += wanted

    assert taken <= pace.count * (1 + (now - NOON) / pace.span) + 1


@given(pace=PACES)
def test_whoever_comes_again_finds_room(pace: Pace) -> None:
    """At `again_at` the empty bucket gives a quarter of itself, and at least one."""
    spent = spend(pace, None, pace.count, NOON)
    again = room_of(pace, spent, room_of(pace, spent, NOON).again_at)

    assert again.messages >= max(1, pace.count // 4)


def test_the_cap_of_a_recipient() -> None:
    """What was written in the last hour counts; room comes when it grows old."""
    hour = timedelta(hours=1)

    assert hourly_room(10, 4, NOON, NOON).messages == 6
    assert hourly_room(10, 12, NOON - MINUTE, NOON) == Room(messages=0, again_at=NOON + hour - MINUTE)
    assert hourly_room(10, 10, None, NOON).again_at == NOON + hour
    assert hourly_room(10, 10, NOON - hour, NOON).again_at > NOON


def test_both_limits_hold() -> None:
    """The smaller room counts; of two equal ones the later moment."""
    small, large = Room(messages=1, again_at=NOON), Room(messages=2, again_at=NOON + MINUTE)
    later = Room(messages=1, again_at=NOON + MINUTE)

    assert (narrower(small, large), narrower(large, small)) == (small, small)
    assert narrower(small, later) == narrower(later, small) == later
