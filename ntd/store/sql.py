"""Statements by name.

`schemas/sql/queries/FILE.sql` holds statements, each under a line `-- name: NAME` and at least one comment line that
says why it is there. Asked for at import time, so that a wrong name stops the start and not the night.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

import schemas
from schemas.errors import Misconfigured

QUERIES: Final = Path(schemas.__file__).parent / "sql" / "queries"
_HEADING: Final = re.compile(r"^-- name: *(.*?) *$", re.MULTILINE)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def statement(name: str) -> str:
    """Give the SQL of `file.name`; Misconfigured when there is none."""
    file, _, _ = name.partition(".")
    try:
        return _statements(file)[name]
    except KeyError:
        known = ", ".join(sorted(_statements(file))) or "none"
        raise Misconfigured(f"no statement is called {name}; {file}.sql has: {known}") from None


@cache
def _statements(file: str) -> dict[str, str]:
    """Read one file of statements; empty when there is no such file."""
    path = QUERIES / f"{file}.sql"
    return parse(file, path.read_text(encoding="utf-8")) if path.is_file() else {}


def parse(file: str, text: str) -> dict[str, str]:
    """Split the text of `file` into its statements; each keeps its name as a first comment, for pg_stat_activity."""
    pieces = _HEADING.split(text)
    found: dict[str, str] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        full = f"{file}.{name}"
        if not _NAME.fullmatch(name) or full in found:
            raise Misconfigured(f"{file}.sql: the name {name!r} is taken or is not lower case with underscores")
        found[full] = f"-- {full}\n{_without_reason(full, body)}"
    return found


def _without_reason(full: str, body: str) -> str:
    """Drop the leading comment lines: they are for the reader of the file, not for the server."""
    lines = body.strip().splitlines()
    first = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    if not first or first == len(lines):
        raise Misconfigured(f"{full}: wants a comment line that says why it is there, then the statement")
    return "\n".join(lines[first:]).rstrip().removesuffix(";")
