"""What the demo says at its end."""

import io
from pathlib import Path

from rich.console import Console

from ntd.lab.demo import Wishes, verdict
from ntd.lab.screen import Screen
from ntd.lab.tables import figures
from ntd.lab.verify import Mismatch

WISHES = Wishes(output=Path("out"), serve=False, keep=False, within_s=1, table=None)


def drawn() -> tuple[Screen, io.StringIO]:
    """Give a screen that is no terminal, and what is written on it."""
    page = io.StringIO()
    return Screen(Console(file=page, highlight=False)), page


def test_a_row_that_ends_otherwise_is_named() -> None:
    """The exit code is 1, and each mismatch says what was expected and what was seen."""
    screen, page = drawn()
    found = [Mismatch(about="a.test/1.jpg", what="state", expected="held", seen="gone")]

    assert verdict(screen, found, WISHES, 3.2) == 1
    assert "✗ a.test/1.jpg  state: expected held, seen gone\n" in page.getvalue()
    assert "1 did not end as they must, after 3 s; see out/scenarios.txt\n" in page.getvalue()


def test_when_all_is_well_it_says_so() -> None:
    """The exit code is 0."""
    screen, page = drawn()

    assert verdict(screen, [], WISHES, 61.7) == 0
    assert "everything ended as the table says, after 62 s" in page.getvalue()


def test_figures_stand_under_their_headings_with_a_total() -> None:
    """Nothing is a dot, a list is a way, and the total stands below."""
    _, page = drawn()
    rows = [{"path": ["NL", "MD"], "sites": 2, "share": 0.5}, {"path": ["NL"], "sites": 0, "share": None}]
    table = figures((("path", "path"), ("sites", "sites"), ("share", "share")), rows, {"sites": 2})
    Console(file=page, width=40).print(table)

    assert [line.split() for line in page.getvalue().splitlines()] == [
        ["path", "sites", "share"],
        ["NL", "→", "MD", "2", "0.50"],
        ["NL", "·", "·"],
        ["total", "2", "·"],
    ]
