"""Reports as tables that fit a terminal: a choice of columns, the total under a line."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

#: The reports that the demo shows, in this order, each with its title.
TITLES = {
    "sla": "sla: how soon each hoster removed (a day is seconds here)",
    "migration": "migration: where sites went",
    "partners": "partners: what became of forwards",
    "backlog": "backlog: what is still open",
}
#: What each shows: (key in the report, heading).
COLUMNS = {
    "sla": (
        ("key", "hoster"),
        ("items", "stays"),
        ("measured", "measured"),
        ("gone", "gone"),
        ("open", "open"),
        ("forwarded", "forwarded"),
        ("relocated", "moved"),
        ("gone_before_notice", "gone before"),
        ("refused", "refused"),
        ("withdrawn", "withdrawn"),
        ("unreachable", "unreachable"),
        ("median_s", "median s"),
    ),
    "migration": (("path", "path"), ("sites", "sites"), ("returned", "returned"), ("visible", "visible")),
    "partners": (
        ("key", "partner"),
        ("forwarded", "forwarded"),
        ("acknowledged", "acknowledged"),
        ("answered", "answered"),
        ("gone", "gone"),
        ("open", "open"),
        ("refused", "refused"),
        ("relocated", "relocated"),
        ("silent", "silent"),
        ("median_s", "median s"),
    ),
    "backlog": (("state", "state"), ("attention", "attention"), ("items", "items"), ("oldest_s", "oldest s")),
}


def report_table(name: str, document: Mapping[str, Any]) -> Table:
    """Lay one report out."""
    return figures(COLUMNS[name], document["rows"], document.get("total"))


def figures(columns: Sequence[tuple[str, str]], rows: Sequence[dict[str, Any]], total: dict[str, Any] | None) -> Table:
    """Lay figures out: (key, heading) per column, a row each, the total under a line."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0), show_footer=total is not None)
    for key, heading in columns:
        first = key == columns[0][0]
        footer = "total" if first else _figure((total or {}).get(key))
        table.add_column(heading, footer=footer, justify="left" if first else "right", no_wrap=first)
    for row in rows:
        table.add_row(*(_figure(row.get(key)) for key, _ in columns))
    return table


def _figure(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "·"
        case None | 0:
            return "·"
        case float():
            return f"{value:.2f}" if value < 1 else f"{value:,.1f}"
        case list() | tuple():
            return " → ".join(str(one) for one in value)
        case _:
            return str(value)
