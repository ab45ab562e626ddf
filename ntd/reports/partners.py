"""A row of what became of the items that one partner accepted (definitions, "partners")."""

from collections.abc import Mapping
from typing import Any, Final

from ntd.reports.figures import Row, seconds

#: What became of an item; their sum is `forwarded`.
OUTCOMES: Final = ("gone", "open", "refused", "relocated", "withdrawn")


def figures(counted: Mapping[str, Any]) -> Row:
    """Make the figures of one row; `counted` is a row of the statement report_partners.figures."""
    return {
        "forwarded": counted["forwarded"],
        "acknowledged": counted["acknowledged"],
        "answered": counted["answered"],
        **{outcome: counted[outcome] for outcome in OUTCOMES},
        "silent": counted["silent"],
        "median_acknowledge_s": seconds(counted["median_acknowledge"]),
        "median_s": seconds(counted["median"]),
    }
