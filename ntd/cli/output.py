"""Rows for people and for programs: a table on a terminal, one JSON document, CSV."""

import csv as comma
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


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


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, title: str | None = None) -> None:
    """Print rows as a table as wide as the terminal; piped into a file, as wide as it needs."""
    table = Table(title=title, header_style="bold")
    for column in columns:
        # An id is there to be copied.
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=column == "id")
    for row in rows:
        table.add_row(*(shown(row.get(column)) for column in columns))
    console().print(table)


def console() -> Console:
    """Give the terminal, or a wide page where there is none."""
    return Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 240)


def shown(value: Any) -> str:
    """Write a value for a person: nothing for None, words for lists."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(shown(inner) for inner in value)
        case Mapping():
            return ", ".join(f"{key} {shown(inner)}" for key, inner in value.items() if inner is not None)
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
