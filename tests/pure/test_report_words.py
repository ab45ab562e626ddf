"""What reports are called and how they are written."""

import doctest
from datetime import timedelta
from types import ModuleType

import pytest

from geo import hotlines
from geo.hotlines import SHIPPED, in_sight, parse
from ntd.cli import report_tables
from ntd.cli.report_tables import span
from ntd.reports import figures, flat, keys, survival
from ntd.reports.figures import seconds
from ntd.reports.keys import HosterName, in_order, told_apart
from schemas.errors import Misconfigured


@pytest.mark.parametrize(
    "module", [hotlines, figures, flat, keys, survival, report_tables], ids=lambda one: one.__name__
)
def test_the_worked_examples_are_true(module: ModuleType) -> None:
    """What the docstrings show is what happens."""
    told = doctest.testmod(module)

    assert told.attempted > 0
    assert told.failed == 0


def test_the_shipped_hotlines_are_read() -> None:
    """Portals, police and regulators answer no forward: such a country is out of sight."""
    found = in_sight(parse(SHIPPED.read_text(encoding="utf-8")))

    assert {"NL", "MD", "US", "CZ", "CH", "CA"} <= found
    assert not {"IN", "NO", "RU", "SC", "VN"} & found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("country,name\nNL,x\n", "geo.hotlines: column kind is missing"),
        ("country,name,kind\nnl,x,member\n", "geo.hotlines, line 2: 'nl' is not a country"),
        ("country,name,kind\nNL,x,friend\n", "geo.hotlines, line 2: 'friend' is not a kind of hotline"),
        ("", "geo.hotlines: column country is missing"),
        ("country,name,kind\nNL\n", "geo.hotlines, line 2: '' is not a kind of hotline"),
    ],
)
def test_a_wrong_file_of_hotlines_is_refused_by_line(text: str, sentence: str) -> None:
    """The message names the line and the fault."""
    with pytest.raises(Misconfigured) as caught:
        parse(text)

    assert sentence in str(caught.value)


def test_hosters_of_one_name_are_told_apart_where_that_is_possible() -> None:
    """A network without AS keeps its name; a name that stands alone too."""
    named = told_apart(
        {
            1: HosterName(name="Alpha", asn=64501),
            2: HosterName(name="Alpha", asn=None),
            3: HosterName(name="Beta", asn=64503),
        }
    )

    assert named == {1: "Alpha (AS 64501)", 2: "Alpha", 3: "Beta"}


def test_rows_come_by_items_then_by_key_and_the_unknown_last() -> None:
    """Numbers as numbers, words as words."""
    rows = [{"key": key, "items": items} for key, items in ((None, 2), (64501, 2), (9, 2), (7, 5), (None, 9))]

    assert [row["key"] for row in in_order(rows)] == [None, 7, 9, 64501, None]


@pytest.mark.parametrize(
    ("given", "told"),
    [(None, "–"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2.0 h"), (172800, "2.0 d"), (9e6, "104.2 d")],
)
def test_spans_are_written_in_the_unit_people_would_use(given: float | None, told: str) -> None:
    """From seconds to days; nothing known is a dash."""
    assert span(given) == told


def test_seconds_are_whole_where_they_are() -> None:
    """A program reads 3600, not 3600.0; parts of a second are kept."""
    assert [repr(seconds(timedelta(seconds=part))) for part in (3600, 0.5, -1)] == ["3600", "0.5", "-1"]
