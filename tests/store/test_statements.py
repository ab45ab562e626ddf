"""Statements are found by name, say why they are there, and are known to the server."""

import asyncpg
import pytest

from ntd.store.sql import QUERIES, parse, statement
from schemas.errors import Misconfigured

WHOLE = """\
-- name: first
-- Because of this.
-- And that.
SELECT 1;

-- name: second
-- Another why.
SELECT 2
-- a comment inside stays
WHERE true;
"""


def test_a_file_is_split_by_name() -> None:
    """Each statement keeps its name as its first line and loses its reason and the last semicolon."""
    assert parse("some", WHOLE) == {
        "some.first": "-- some.first\nSELECT 1",
        "some.second": "-- some.second\nSELECT 2\n-- a comment inside stays\nWHERE true",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- name: a\nSELECT 1;", "some.a: wants a comment line"),
        ("-- name: a\n-- why\n", "some.a: wants a comment line"),
        ("-- name: A b\n-- why\nSELECT 1;", "the name 'A b' is taken or is not lower case"),
        ("-- name: a\n-- why\nSELECT 1;\n-- name: a\n-- why\nSELECT 1;", "the name 'a' is taken"),
    ],
)
def test_a_careless_file_is_refused(text: str, message: str) -> None:
    """No reason, no statement, a bad name, a name given twice: each is said with the file's name."""
    with pytest.raises(Misconfigured, match=message):
        parse("some", text)


def test_a_wrong_name_stops_the_start() -> None:
    """The message says which names the file has."""
    with pytest.raises(Misconfigured, match=r"no statement is called keys\.lode; keys\.sql has: keys\.add, keys\.load"):
        statement("keys.lode")
    with pytest.raises(Misconfigured, match=r"no statement is called nowhere\.x; nowhere\.sql has: none"):
        statement("nowhere.x")


@pytest.mark.parametrize("file", sorted(path.stem for path in QUERIES.glob("*.sql")))
async def test_the_server_knows_every_statement(database: str, file: str) -> None:
    """Each statement of each file is prepared against the migrated schema: no wrong column, table or type."""
    connection = await asyncpg.connect(database)
    try:
        for name, text in parse(file, (QUERIES / f"{file}.sql").read_text()).items():
            try:
                await (connection.execute(text) if "\nCREATE TEMP" in text else connection.prepare(text))
            except asyncpg.PostgresError as error:
                pytest.fail(f"{name}: {error}")
    finally:
        await connection.close()
