"""What the daemon says of itself to Prometheus, and do its roles still turn? No URL, host or address is a label."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.check import Verdict
from schemas.item import State
from schemas.notice import NoticeState

#: A loop that has not finished a turn for so long hangs: the longest turn, a batch of database work, is far shorter.
STUCK_AFTER: Final = timedelta(minutes=2)


#: Buckets of lateness in seconds: the service level knows a removal to five minutes.
LATE_S: Final = (1, 5, 15, 30, 60, 120, 300, 900, 3600)


def stuck(turned_at: Mapping[str, datetime], now: datetime) -> tuple[str, ...]:
    """Name the loops that should have finished a turn by now."""
    return tuple(sorted(loop for loop, at in turned_at.items() if now - at > STUCK_AFTER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What the loops of this daemon have done since it started, each by the loop's name."""

    turned_at: Mapping[str, datetime] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    looks: "Looks | None" = None  # None: this daemon does not look


@dataclass(slots=True)
class Looks:
    """What this daemon's looks are like; counts since it started."""

    blind: bool = False  # no vantage reaches its canaries
    void: Mapping[str, bool] = field(default_factory=dict)  # by vantage: its canaries fail
    put_off: int = 0
    late: list[int] = field(default_factory=lambda: [0] * (len(LATE_S) + 1))  # begun looks by how late, not cumulated
    late_s: float = 0.0  # in all

    def begun(self, late_s: float) -> None:
        """Count a look that begins, so many seconds after it was due."""
        self.late[bisect_left(LATE_S, late_s)] += 1
        self.late_s += late_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Work that is due: how much, and for how long the oldest of it."""

    due: int
    oldest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Current counts from the database."""

    items: Mapping[str, int] = field(default_factory=dict)  # by state
    verdicts: Mapping[str, int] = field(default_factory=dict)  # items by the verdict of their last check
    checks: int = 0
    attention: Mapping[str, int] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)  # by state
    forwards: Mapping[str, int] = field(default_factory=dict)  # by state
    late: Mapping[str, Late] = field(default_factory=dict)  # by work: check, look, send


def exposition(figures: Figures | None, turns: Turns, now: datetime) -> bytes:
    """Write the figures in Prometheus' text format; `figures` None: the database could not be asked."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(tuple(_families(figures, turns, now))))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(figures: Figures | None, turns: Turns, now: datetime) -> Iterator[Metric]:
    up = 0 if figures is None else 1
    yield GaugeMetricFamily("ntd_database_up", "1 when the database answered for these figures.", value=up)
    idle = {loop: (now - at).total_seconds() for loop, at in turns.turned_at.items()}
    yield _gauge("ntd_loop_idle_seconds", "Seconds since the loop last finished a turn.", "loop", idle)
    yield _counter("ntd_loop_turns", "Turns that the loop has finished.", "loop", turns.turns)
    yield _counter("ntd_loop_faults", "Turns, jobs and settlements that failed.", "loop", turns.faults)
    if turns.looks is not None:
        yield from _seen(turns.looks)
    if figures is not None:
        yield from _counted(figures)


def _seen(looks: Looks) -> Iterator[Metric]:
    yield GaugeMetricFamily("ntd_blind", "1 while no vantage reaches its canaries.", value=looks.blind)
    yield _gauge("ntd_vantage_void", "1 while the vantage's canaries fail.", "vantage", looks.void)
    yield CounterMetricFamily("ntd_checks_put_off", "Looks put off for their host's sake.", value=looks.put_off)
    sums = accumulate(looks.late)
    buckets = [(str(limit), count) for limit, count in zip((*LATE_S, "+Inf"), sums, strict=True)]
    help_ = "How long after it was due a look began."
    yield HistogramMetricFamily("ntd_check_lateness_seconds", help_, buckets=buckets, sum_value=looks.late_s)


def _counted(figures: Figures) -> Iterator[Metric]:
    yield _gauge("ntd_items", "Items by state.", "state", _all(State, figures.items))
    help_ = "Items by the verdict of their last check."
    yield _gauge("ntd_items_last_verdict", help_, "verdict", _all(Verdict, figures.verdicts))
    yield _gauge("ntd_items_attention", "Items that wait for a human, by what for.", "attention", figures.attention)
    yield _gauge("ntd_notices", "Notices by state.", "state", _all(NoticeState, figures.notices))
    yield _gauge("ntd_forwards", "Forwards by state.", "state", _all(NoticeState, figures.forwards))
    yield CounterMetricFamily("ntd_checks", "Check rounds of all items.", value=figures.checks)
    due = {work: late.due for work, late in figures.late.items()}
    yield _gauge("ntd_due", "Work that is due and not done.", "work", due)
    lateness = {work: late.oldest_s for work, late in figures.late.items()}
    yield _gauge("ntd_lateness_seconds", "How long the oldest due work has been due.", "work", lateness)


def _all(known: type[State] | type[Verdict] | type[NoticeState], counted: Mapping[str, int]) -> dict[str, int]:
    """Count what is absent as 0: a series that comes and goes cannot be alarmed on."""
    return {one.value: counted.get(one.value, 0) for one in known}


def _gauge(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _counter(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, help_, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family
