"""When the next message is due: reminders, the ladder, partners, quiet hours."""

from datetime import UTC, datetime, timedelta

import pytest

from ntd.sla import Due, Told, deadline, next_for_partner, next_message, quiet_until
from schemas.notice import Kind
from schemas.settings import Partner, Settings, Sla

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = Sla.model_validate({"escalation": [{"after": "96h", "to": "site"}, {"after": "72h", "to": "regulator"}]})
PARTNER = Partner(code="md", countries=["MD"])


def due(told: Told, rules: Sla = RULES) -> tuple[datetime, Kind] | None:
    """Say when what is due."""
    found = next_message(told, rules)
    return (found.at, found.kind) if found else None


def noticed(**facts: object) -> Told:
    """Have the hoster told at noon."""
    return Told(**({"noticed_at": NOON, "clock_at": NOON, "told_at": NOON} | facts))  # type: ignore[arg-type]


def test_nobody_who_was_not_told_is_reminded() -> None:
    """Before the first acceptance and without a failure nothing is ever due."""
    assert due(Told()) is None


def test_a_reminder_follows_a_day_after_the_last_message() -> None:
    """And only if it was seen up since."""
    assert next_message(noticed(), RULES) == Due(at=NOON + DAY, kind=Kind.REMINDER, needs_up=NOON)


def test_a_missed_reminder_is_not_made_up() -> None:
    """The next is counted from what was really sent."""
    assert due(noticed(told_at=NOON + 30 * HOUR)) == (NOON + 54 * HOUR, Kind.REMINDER)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (noticed(told_at=NOON + 2 * DAY), (NOON + 3 * DAY, Kind.REGULATOR)),
        (noticed(told_at=NOON + 3 * DAY, steps_done=1), (NOON + 4 * DAY, Kind.SITE)),
        (noticed(told_at=NOON + 4 * DAY, steps_done=2), (NOON + 5 * DAY, Kind.REMINDER)),
        (noticed(told_at=NOON + 60 * HOUR), (NOON + 84 * HOUR, Kind.REGULATOR)),
    ],
)
def test_a_step_takes_the_place_of_a_reminder(told: Told, expected: tuple[datetime, Kind]) -> None:
    """Steps are climbed in the order of their times, one at a time, `reminder_every` apart."""
    assert due(told) == expected


def test_a_front_has_its_ladder_from_its_notice() -> None:
    """No clock runs, the content is up all the same."""
    assert due(noticed(clock_at=None, told_at=NOON + 2 * DAY)) == (NOON + 3 * DAY, Kind.REGULATOR)


def test_after_the_last_contact_failed_the_ladder_is_left() -> None:
    """From the failure where nobody was ever told; without reminders where somebody was."""
    assert due(Told(failed_at=NOON)) == (NOON + 3 * DAY, Kind.REGULATOR)
    assert due(noticed(failed_at=NOON + DAY)) == (NOON + 3 * DAY, Kind.REGULATOR)
    assert due(Told(failed_at=NOON, steps_done=2)) is None


def test_a_step_needs_to_have_seen_it_since_the_last_failure() -> None:
    """An `up` from before says nothing about now."""
    found = next_message(noticed(failed_at=NOON + DAY), RULES)

    assert found is not None
    assert found.needs_up == NOON + DAY


def test_what_was_copied_is_told_when_the_sla_has_passed() -> None:
    """Seen up or not: it is a first notice, and it is not gone."""
    copied = Told(noticed_at=NOON, clock_at=NOON, copied=True, ours=False)

    assert next_message(copied, RULES) == Due(at=NOON + DAY, kind=Kind.FIRST)
    assert due(Told(noticed_at=NOON, clock_at=NOON, told_at=NOON + DAY, copied=True)) == (NOON + 2 * DAY, Kind.REMINDER)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"forwarded_at": NOON}, [(NOON + DAY, Kind.FORWARD), (NOON + 3 * DAY, Kind.FIRST)]),
        (
            {"forwarded_at": NOON, "reminded_partner": True},
            [(NOON + 2 * DAY, Kind.FORWARD), (NOON + 3 * DAY, Kind.FIRST)],
        ),
        ({"forwarded_at": NOON, "partner_silent": True}, [(NOON + 3 * DAY, Kind.FIRST)]),
        ({"forwarded_at": NOON, "answered_at": NOON}, [(NOON + 3 * DAY, Kind.FIRST)]),
        ({"forwarded_at": NOON, "answered_at": NOON, "told_directly": True}, []),
    ],
)
def test_a_partner_is_reminded_then_a_human_asked_then_the_hoster_told(
    facts: dict[str, object], expected: list[tuple[datetime, Kind]]
) -> None:
    """`acknowledge` twice for its silence, `patience` for the content, seen up or not."""
    found = next_for_partner(Told(**facts), PARTNER)  # type: ignore[arg-type]

    assert [(one.at, one.kind, one.needs_up) for one in found] == [(at, kind, None) for at, kind in expected]


def test_the_deadline_is_the_removal_time_from_writing() -> None:
    """In absolute time, as it stands in the notice."""
    assert deadline(Settings(), NOON) == NOON + DAY


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        ([], NOON, NOON),
        (["Tue"], NOON, NOON),
        (["Mon"], NOON, NOON + 12 * HOUR),
        (["Sat", "Sun"], NOON + 5 * DAY, datetime(2026, 11, 9, tzinfo=UTC)),
        (["11:00-13:30"], NOON, NOON + timedelta(minutes=90)),
        (["22:00-07:10"], NOON + 11 * HOUR, datetime(2026, 11, 3, 7, 10, tzinfo=UTC)),
        (["22:00-07:00"], NOON - 6 * HOUR, NOON - 5 * HOUR),
        (["22:00-07:00", "Mon"], NOON, datetime(2026, 11, 3, 7, tzinfo=UTC)),
        (["00:00-12:00", "12:00-00:00"], NOON, NOON),
    ],
)
def test_quiet_spells_end_to_the_minute(quiet: list[str], now: datetime, until: datetime) -> None:
    """Days and hours join; where all of the week is quiet, nothing is."""
    assert quiet_until(quiet, now) == until
