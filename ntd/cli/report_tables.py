"""Reports drawn for people: units at every figure, the base beside every share, period and moment on top."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ntd.reports.figures import Row

#: More moves than this are for --json.
_MOST_MOVES: Final = 40
#: How a cell of a column is written.
Cell = Callable[[Row], str]
Columns = Sequence[tuple[str, Cell]]


def drawn(report: Mapping[str, Any]) -> list[RenderableType]:
    """Draw a report."""
    return _DRAWN[report["report"]](report)


def span(seconds: float | None) -> str:
    """Write a duration in the unit that people would use.

    >>> span(42), span(5400), span(360000)
    ('42 s', '90 min', '4.2 d')
    """
    if seconds is None:
        return "–"
    for unit, size, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172800)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}" if unit != "h" else f"{seconds / size:.1f} h"
    return f"{seconds / 86400:.1f} d"


def percent(share: float | None) -> str:
    """Write a share in percent, with one decimal."""
    return "–" if share is None else f"{100 * share:.1f} %"


def _based(share: float | None, base: int) -> str:
    return f"{percent(share)} of {base}" if base else "– of 0"


def _when(text: str | None) -> str:
    if text is None:
        return "–"
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"


def _day(text: str) -> str:
    return text.removesuffix("T00:00:00Z")


def _heading(report: Mapping[str, Any], what: str) -> Text:
    begin, end = (report[side] and _day(report[side]) for side in ("from", "to"))
    period = f"from {begin or 'the beginning'} until before {end}" if end else f"from {begin} on" if begin else "all"
    return Text.assemble((what, "bold"), f"\n{period}; as known at {_when(report['as_of'])}\n")


def _table(columns: Columns, rows: Iterable[Row], total: Row | None = None, *, words: int = 1) -> Table:
    """Lay out rows; the first `words` columns are words, the others figures."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for number, (name, _) in enumerate(columns):
        # Where it is narrow the words give way: a figure is read whole.
        table.add_column(name, justify="left" if number < words else "right", overflow="fold", no_wrap=number >= words)
    for row in rows:
        table.add_row(*(cell(row) for _, cell in columns))
    if total is not None:
        table.add_section()
        table.add_row("total", *(cell(total) for _, cell in columns[1:]), style="bold")
    return table


def _titled(title: str, table: Table) -> list[RenderableType]:
    return [Text(title, style="italic"), table]


def _count(name: str) -> Cell:
    return lambda row: f"{row[name]:,}"


def _span(name: str) -> Cell:
    return lambda row: span(row[name])


def _key(row: Row) -> str:
    name = "(not known)" if row["key"] is None else str(row["key"])
    return f"{name} *" if row.get("small") else name


def _told(columns: Mapping[str, str], rows: Sequence[Row]) -> Columns:
    """Keep the columns that have something to tell."""
    return [(title, _count(name)) for name, title in columns.items() if any(row[name] for row in rows)]


_BESIDE: Final = {
    "gone_name": "gone: only\nthe name",
    "returned": "returned\nafter gone",
    "reminders": "reminders\naccepted",
}
_BECAME: Final = {
    "forwarded": "for-\nwarded",
    "relocated": "re-\nlocated",
    "gone_before_notice": "gone\nbefore\nnotice",
    "refused": "re-\nfused",
    "withdrawn": "with-\ndrawn",
    "unreachable": "unreach-\nable",
}


def _sla(report: Mapping[str, Any]) -> list[RenderableType]:
    rows, total = report["rows"], report["total"]
    key = (report["by"].replace("_", " "), _key)
    became = [key, ("stays", _count("items")), ("gone", _count("gone")), ("open", _count("open"))]
    beside = [*_told(_BESIDE, [total]), *([("time held", _span("held_s"))] if total["held_s"] else [])]
    parts: list[RenderableType] = [
        _heading(report, f"Removal by {report['by'].replace('_', ' ')}; the unit is the stay, an item at one hoster"),
        *_titled("What became of them, in stays", _table([*became, *_told(_BECAME, [total])], rows, total)),
        *_titled("How fast, from the first accepted notice", _table([key, *_speed(report)], rows, total)),
        *_titled("Estimated, with what is still open counted in", _table([key, *_ESTIMATED], rows, total)),
    ]
    if "earliest" in total:
        parts += _titled(
            "The same, had it gone right after it was last seen up", _table([key, *_EARLIEST], rows, total)
        )
    if beside:
        parts += _titled("Beside that", _table([key, *beside], rows, total))
    notes = "Estimated by Kaplan–Meier; in brackets 95 %. What is 0 everywhere is left out."
    small = " * fewer than 10 due: the share says little." if any(row["small"] for row in rows) else ""
    return [*parts, Text(notes + small, style="dim")]


def _speed(report: Mapping[str, Any]) -> Columns:
    promise = report["removal_s"]
    own = [] if promise == 86400 else [(f"gone within\n{span(promise)}, of due", _share("share_sla", "due_sla"))]  # noqa: PLR2004
    return [
        ("clock\nran", _count("measured")),
        ("gone within\n24 h, of due", _share("share_24h", "due")),
        *own,
        ("median", _span("median_s")),
        ("90 %\nwithin", _span("p90_s")),
        ("longest\nopen", _span("oldest_open_s")),
    ]


def _share(name: str, base: str) -> Cell:
    return lambda row: _based(row[name], row[base])


def _early(cell: Cell) -> Cell:
    return lambda row: cell(row | row["earliest"])


_EARLIEST: Final[Columns] = [
    ("gone within\n24 h, of due", _early(_share("share_24h", "due"))),
    ("median", _early(_span("median_s"))),
    ("90 %\nwithin", _early(_span("p90_s"))),
]


def _estimated(row: Row) -> str:
    share, low, high = (row["km_24h"][name] for name in ("share", "low", "high"))
    return percent(share) if low is None else f"{percent(share)} ({100 * low:.0f}–{100 * high:.0f})"


_ESTIMATED: Final[Columns] = [("gone by 24 h", _estimated), ("half gone", _span("km_median_s"))]


def _partners(report: Mapping[str, Any]) -> list[RenderableType]:
    became: Columns = [
        ("partner", _key),
        ("ac-\ncepted", _count("forwarded")),
        ("acknow-\nledged", _count("acknowledged")),
        ("answered", _count("answered")),
        ("gone", _count("gone")),
        ("open", _count("open")),
        ("of these\nsilent", _count("silent")),
        *_told({"refused": "re-\nfused", "relocated": "moved\non", "withdrawn": "with-\ndrawn"}, [report["total"]]),
    ]
    speed: Columns = [
        ("partner", _key),
        ("acknowledged", _span("median_acknowledge_s")),
        ("gone", _span("median_s")),
    ]
    rows, total = report["rows"], report["total"]
    return [
        _heading(report, "What partners did; the unit is one item accepted by one partner"),
        *_titled("What became of them, in items", _table(became, rows, total)),
        *_titled("How fast, from that acceptance; medians", _table(speed, rows, total)),
    ]


def _backlog(report: Mapping[str, Any]) -> list[RenderableType]:
    columns: Columns = [
        ("state", lambda row: str(row.get("state", ""))),
        ("attention", lambda row: (row.get("attention") or "").replace(",", ", ")),
        ("items", _count("items")),
        ("oldest, since\nreceipt", _span("oldest_s")),
        ("next due", lambda row: _when(row["next_due_at"])),
    ]
    table = _table(columns, report["rows"], report["total"], words=2)
    return [_heading(report, "What is in work and waits, in items"), table]


def _migration(report: Mapping[str, Any]) -> list[RenderableType]:
    went = report["total"]["sites"]
    columns: Columns = [
        ("path", lambda row: " → ".join(row["path"]) if "path" in row else "moved"),
        ("sites", _count("sites")),
        ("back where\nit began", lambda row: _yes(row.get("returned"))),
        ("a hotline is\nwhere it ended", lambda row: _yes(row.get("visible"))),
    ]
    summary = (
        f"{report['sites']} followed sites: {went} moved to another country, {report['stayed']} stayed; "
        f"{report['out_of_sight']} out of sight (their last country has no hotline)\n"
    )
    chosen = [f"{name} {report[name]}" for name in ("since", "country", "label") if report[name]]
    parts: list[RenderableType] = [
        _heading(report, "Where sites went" + (f" ({', '.join(map(_day, chosen))})" if chosen else "")),
        Text(summary),
    ]
    if went:
        parts += _titled("Paths through countries, in sites", _table(columns, report["rows"], report["total"]))
    if report["moves"]:
        title = "Moves of sites" if len(report["moves"]) <= _MOST_MOVES else f"The last {_MOST_MOVES} moves of sites"
        parts += _titled(title, _table(_MOVES, report["moves"][-_MOST_MOVES:], words=4))
    return parts


def _yes(flag: bool | None) -> str:
    return "" if flag is None else "yes" if flag else "no"


def _place(side: str) -> Cell:
    def cell(move: Row) -> str:
        place = move[side]
        return f"behind {place['front']}" if place["front"] else f"{place['country'] or '?'}, {place['hoster']}"

    return cell


_MOVES: Final[Columns] = [
    ("site", lambda move: move["site"]),
    ("from", _place("from")),
    ("to", _place("to")),
    ("kind", lambda move: move["kind"]),
    (
        "old place until,\nnew from (UTC)",
        lambda move: f"{_when(move['seen_old_until'])[:-4]}\n{_when(move['seen_new_from'])[:-4]}",
    ),
    ("items", _count("items")),
]

_DRAWN: Final[Mapping[str, Callable[[Mapping[str, Any]], list[RenderableType]]]] = {
    "sla": _sla,
    "partners": _partners,
    "backlog": _backlog,
    "migration": _migration,
}
