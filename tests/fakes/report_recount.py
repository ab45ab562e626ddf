"""The definitions told again, slowly, one stay after the other in plain Python, to recount what the database counts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, exp, log, sqrt
from typing import Any

from schemas.report import ReportQuery

DAY = timedelta(hours=24)
WITHIN = {"24h": DAY, "48h": 2 * DAY, "3d": 3 * DAY, "7d": 7 * DAY, "28d": 28 * DAY}
OUTCOMES = ("gone", "open", "forwarded", "relocated", "gone_before_notice", "refused", "withdrawn", "unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class StayFacts:
    """All that is true of a stay, with the moments at which each became known."""

    item: int
    began_at: datetime
    began_known_at: datetime
    located_at: datetime | None
    keys: dict[str, Any]  # by breakdown, as first resolved
    held: tuple[tuple[datetime, datetime | None], ...] = ()
    reminders: tuple[datetime, ...] = ()
    clock_at: datetime | None = None
    noticed_at: datetime | None = None
    forwarded_at: datetime | None = None
    failed_at: datetime | None = None
    gone_at: datetime | None = None
    gone_known_at: datetime | None = None
    gone_by: str | None = None
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    ended_known_at: datetime | None = None
    ended_by: str | None = None


class Known:
    """One stay as it was known at a moment."""

    def __init__(self, facts: StayFacts, as_of: datetime) -> None:
        def known(at: datetime | None, known_at: datetime | None = None) -> datetime | None:
            seen = known_at or at
            return at if at is not None and seen is not None and seen <= as_of else None

        self.facts, self.as_of = facts, as_of
        self.located = known(facts.located_at) is not None
        self.gone_at = known(facts.gone_at, facts.gone_known_at)
        self.ended_at = known(facts.ended_at, facts.ended_known_at)
        self.ended_by = facts.ended_by if self.ended_at else None
        self.forwarded = known(facts.forwarded_at) is not None
        self.told = known(facts.noticed_at) is not None or known(facts.clock_at) is not None
        self.failed = known(facts.failed_at) is not None
        self.returned = known(facts.returned_at) is not None
        ends = [end for end in (self.gone_at, self.ended_at) if end is not None]
        clock = known(facts.clock_at)
        self.clock_at = None if clock is not None and any(clock > end for end in ends) else clock
        self.over_at = min([*ends, as_of])

    @property
    def outcome(self) -> str:
        """Go through the definition of the outcome, in its order."""
        if self.ended_by in {"withdrawn", "refused", "relocated"}:
            return str(self.ended_by)
        if self.clock_at is not None:
            return "gone" if self.gone_at else "open"
        if self.forwarded and not self.told:
            return "forwarded"
        if self.failed and not self.told and not self.forwarded and self.gone_at is None:
            return "unreachable"
        return "gone_before_notice" if self.gone_at else "open"

    @property
    def ran(self) -> timedelta | None:
        """Say how long the clock ran: until gone, the end or the report."""
        if self.clock_at is None:
            return None
        if self.outcome == "gone" and self.gone_at:
            return self.gone_at - self.clock_at
        return (self.ended_at or self.as_of) - self.clock_at

    @property
    def removal(self) -> timedelta | None:
        """Give the removal time of what is gone."""
        return self.ran if self.outcome == "gone" else None

    def due(self, limit: timedelta) -> bool:
        """Say whether it is decided if it was gone within the limit."""
        if self.ran is None or self.outcome in {"withdrawn", "refused"}:
            return False
        return (self.removal is not None and self.removal <= limit) or self.ran > limit

    @property
    def held(self) -> timedelta:
        """Sum up held time inside the stay."""
        total = timedelta(0)
        for begin, end in self.facts.held:
            inside = min(end or self.over_at, self.over_at) - max(begin, self.facts.began_at)
            total += max(inside, timedelta(0))
        return total


def recount(
    stays: Iterable[StayFacts], query: ReportQuery, now: datetime
) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    """Count the rows by key, and the total."""
    as_of, by = query.as_of or now, query.by.value
    known = _one_before_located([Known(stay, as_of) for stay in stays if _asked(stay, query, as_of)])
    keys = [stay.facts.keys[by] if stay.located or by in {"site", "source", "month"} else None for stay in known]
    groups = {key: [stay for stay, own in zip(known, keys, strict=True) if own == key] for key in keys}
    rows = {key: figures(group, query.removal) for key, group in groups.items()}
    return rows, figures(known, query.removal)


def _asked(stay: StayFacts, query: ReportQuery, as_of: datetime) -> bool:
    after = query.begin is None or stay.began_at >= query.begin
    before = query.end is None or stay.began_at < query.end
    return after and before and stay.began_known_at <= as_of


def _one_before_located(known: list[Known]) -> list[Known]:
    found: list[Known] = []
    for stay in known:
        same = (other for other in found if not other.located and other.facts.item == stay.facts.item)
        if stay.located or not any(other.facts.began_at == stay.facts.began_at for other in same):
            found.append(stay)
    return found


def figures(stays: list[Known], removal: timedelta) -> dict[str, Any]:
    """Count one group of stays."""

    def count(rule: Callable[[Known], bool]) -> int:
        return sum(1 for stay in stays if rule(stay))

    times = sorted(stay.removal for stay in stays if stay.removal is not None)
    due, due_sla = count(lambda stay: stay.due(DAY)), count(lambda stay: stay.due(removal))
    within = {name: sum(1 for time in times if time <= limit) for name, limit in WITHIN.items()}
    within_sla = sum(1 for time in times if time <= removal)
    outcomes = [stay.outcome for stay in stays]
    running = [stay.ran for stay in stays if stay.outcome == "open" and stay.ran is not None]
    row = {
        "items": len(stays),
        "measured": count(lambda stay: stay.clock_at is not None),
        "due": due,
        "due_sla": due_sla,
        **{outcome: outcomes.count(outcome) for outcome in OUTCOMES},
        "gone_name": count(lambda stay: stay.outcome == "gone" and stay.facts.gone_by == "name"),
        "within": within,
        "within_sla": within_sla,
        "share_24h": within["24h"] / due if due else None,
        "share_sla": within_sla / due_sla if due_sla else None,
        "median_s": _quantile(times, 0.5),
        "p90_s": _quantile(times, 0.9),
        "held_s": sum((stay.held for stay in stays), timedelta(0)).total_seconds(),
        "returned": count(lambda stay: stay.returned),
        "oldest_open_s": max(running).total_seconds() if running else None,
        "reminders": sum(1 for stay in stays for at in stay.facts.reminders if at <= stay.as_of),
        "small": due < 10,
    }
    return row | _survival(stays)


def _quantile(times: list[timedelta], fraction: float) -> float | None:
    return times[ceil(fraction * len(times)) - 1].total_seconds() if times else None


def _survival(stays: list[Known]) -> dict[str, Any]:
    observed = [(stay.ran, stay.removal is not None) for stay in stays if stay.ran is not None]
    left, spread, by_24h, half = 1.0, 0.0, (1.0, 0.0), None
    for time in sorted({ran for ran, gone in observed if gone}):
        at_risk = sum(1 for ran, _ in observed if ran >= time)
        gone = sum(1 for ran, is_gone in observed if is_gone and ran == time)
        left *= 1 - gone / at_risk
        spread += gone / (at_risk * (at_risk - gone)) if at_risk > gone else 0.0
        by_24h = (left, spread) if time <= DAY else by_24h
        half = time.total_seconds() if half is None and left < 0.5 + 1e-9 else half
    return {"km_median_s": half, "km_24h": _interval(*by_24h) if observed else dict.fromkeys(("share", "low", "high"))}


def _interval(left: float, spread: float) -> dict[str, float | None]:
    if left in {0.0, 1.0}:
        return {"share": 1 - left, "low": None, "high": None}
    width = 1.959963984540054 * sqrt(spread) / abs(log(left))
    return {"share": 1 - left, "low": 1 - left ** exp(-width), "high": 1 - left ** exp(width)}
