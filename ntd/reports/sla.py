"""A row of removal figures from what the database counted (definitions, "`sla`")."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from ntd.reports.figures import Row, seconds, share
from ntd.reports.survival import Observed, estimate
from schemas.report import DAY

#: The buckets in use in the trade (field guide, section 2, "Benchmarks"); bounds are inclusive.
WITHIN: Final = {
    "24h": DAY,
    "48h": 2 * DAY,
    "3d": 3 * DAY,
    "7d": 7 * DAY,
    "28d": 28 * DAY,
}
#: Outcomes of a stay; their sum is the number of stays.
OUTCOMES: Final = (
    "gone",
    "open",
    "forwarded",
    "relocated",
    "gone_before_notice",
    "refused",
    "withdrawn",
    "unreachable",
)
#: Fewer than this many due: the share says little.
SMALL: Final = 10
MICROSECOND: Final = timedelta(microseconds=1)


def figures(counted: Mapping[str, Any], *, bounds: bool = False) -> Row:
    """Make the figures of one row; `counted` is a row of the statement report_sla.figures."""
    within = dict(zip(WITHIN, counted["within"], strict=True))
    row = {
        "items": counted["items"],
        "measured": counted["measured"],
        "due": counted["due"],
        "due_sla": counted["due_sla"],
        **{outcome: counted[outcome] for outcome in OUTCOMES},
        "gone_name": counted["gone_name"],
        "within": within,
        "within_sla": counted["within_sla"],
        "share_24h": share(within["24h"], counted["due"]),
        "share_sla": share(counted["within_sla"], counted["due_sla"]),
        **_quantiles(counted["quantiles"]),
        **_survival(counted),
        "held_s": seconds(counted["held"] or timedelta(0)),
        "returned": counted["returned"],
        "oldest_open_s": _seconds(counted["oldest_open"]),
        "reminders": counted["reminders"],
        "small": counted["due"] < SMALL,
    }
    return row | {"earliest": _earliest(counted)} if bounds else row


def _survival(counted: Mapping[str, Any]) -> Row:
    gone_after, censored_after = (sorted(counted[name] or ()) for name in ("gone_after", "censored_after"))
    observed = Observed(events=gone_after, censored=censored_after)
    found = estimate(observed, DAY // MICROSECOND)
    return {
        "km_median_s": _seconds(found.median),
        "km_24h": {"share": found.share, "low": found.low, "high": found.high},
    }


def _earliest(counted: Mapping[str, Any]) -> Row:
    """Give the same figures as if each removal had come right after the last `up`: the other end of the interval."""
    within = dict(zip(WITHIN, counted["within_earliest"], strict=True))
    return {
        "within": within,
        "share_24h": share(within["24h"], counted["due"]),
        "share_sla": share(counted["within_sla_earliest"], counted["due_sla"]),
        **_quantiles(counted["quantiles_earliest"]),
    }


def _quantiles(microseconds: Sequence[int | None] | None) -> Row:
    half, nine_tenths = microseconds or (None, None)
    return {"median_s": _seconds(half), "p90_s": _seconds(nine_tenths)}


def _seconds(microseconds: int | None) -> int | float | None:
    return None if microseconds is None else seconds(microseconds * MICROSECOND)
