"""Rows for people and for programs: a table on a terminal, one JSON document, CSV."""

import csv as comma
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

#: Wider than any table: how wide one would be.
_ANY_WIDTH: Final = 100_000
#: A moment as JSON has it; people read no parts of seconds.
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z")


def emit(
    document: Any, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, json: bool, csv: bool = False
) -> None:
    """Print the document, or its rows as CSV or as a table."""
    if json:
        print_json(document)
    elif csv:
        print_csv(columns, rows)
    else:
        print_table(columns, rows)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as CSV; lists of words joined by commas, anything deeper as JSON."""
    writer = comma.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as a table where the terminal is as wide as that, else each as lines of names and values."""
    page = console()
    for part in laid_out(columns, rows, page):
        # Nothing is broken that does not fit: an id or a URL is there to be copied.
        page.print(part, soft_wrap=isinstance(part, Text))


def laid_out(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], page: Console) -> list[RenderableType]:
    """Lay rows out for a page of this width: one table, or a few lines for each row."""
    cells = [[shown(row.get(column)) for column in columns] for row in rows]
    table = Table(*map(_named, columns), header_style="bold")
    for row in cells:
        table.add_row(*row)
    if Measurement.get(page, page.options.update(width=_ANY_WIDTH), table).maximum <= page.width:
        return [table]
    return [Text("\n    ").join(_lines(columns, row, page.width - 4)) for row in cells]


def _lines(columns: Sequence[str], cells: Sequence[str], width: int) -> list[Text]:
    """Set names and values one behind the other, as many in a line as it takes."""
    lines: list[Text] = []
    for column, cell in zip(columns, cells, strict=True):
        told = Text.assemble((_named(column), "bold"), f" {cell}")
        if not cell:
            continue
        if lines and lines[-1].cell_len + 2 + told.cell_len <= width:
            lines[-1] += Text("  ") + told
        else:
            lines.append(told)
    return lines


def _named(column: str) -> str:
    return column.replace("_", " ")


def console() -> Console:
    """Give the terminal, or a wide page where there is none."""
    return Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 240)


def shown(value: Any) -> str:
    """Write a value for a person: nothing for None, words for lists, moments to the second."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(shown(inner) for inner in value)
        case Mapping():
            return ", ".join(f"{key} {shown(inner)}" for key, inner in value.items() if inner is not None)
        case str():
            return _MOMENT.sub(r"\1Z", value)
        case _:
            return str(value)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple() if all(isinstance(inner, str) for inner in value):
            return ",".join(value)
        case list() | tuple() | dict():
            return orjson.dumps(value, default=str).decode()
        case _:
            return str(value)
