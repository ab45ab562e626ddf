"""Rows and stories as a person reads them, on terminals wide and narrow."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ntd.cli.output import laid_out, shown
from ntd.cli.report_tables import drawn
from ntd.cli.show import tree_of

ITEM = "01a2039f-6bda-7ff8-8946-e221280f99e4"
ROW = {
    "id": ITEM,
    "state": "noticed",
    "attention": [],
    "url": f"https://img.test/{'long/' * 20}1.jpg",
    "received_at": "2026-11-22T14:18:29.210324Z",
}


def printed(*parts: Any, width: int) -> list[str]:
    """Give the lines that come out on a terminal of this width."""
    page = Console(file=StringIO(), width=width, markup=False, highlight=False)
    page.print(*parts, sep="\n", soft_wrap=True)
    assert isinstance(page.file, StringIO)
    return page.file.getvalue().splitlines()


def rows(width: int) -> list[str]:
    """Print the row for a terminal of this width."""
    return printed(*laid_out(list(ROW), [ROW, ROW], Console(width=width)), width=width)


def test_rows_are_a_table_where_there_is_room() -> None:
    """Headings once, a line for each row, moments to the second."""
    lines = rows(240)

    assert len(lines) == 6
    assert all(word in lines[1] for word in ("id", "state", "attention", "url", "received at"))
    assert "2026-11-22T14:18:29Z" in lines[3]


def test_rows_are_lines_of_names_and_values_where_there_is_none() -> None:
    """Neither an id nor a URL is broken; what is empty is left out."""
    assert rows(80)[:3] == [
        f"id {ITEM}  state noticed",
        f"    url {ROW['url']}",
        "    received at 2026-11-22T14:18:29Z",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (["a", None, "b"], "a, , b"),
        ({"a": 1, "b": None, "c": ["x"]}, "a 1, c x"),
        ("2026-11-22T14:18:29Z", "2026-11-22T14:18:29Z"),
        ("at 2026-11-22T14:18:29.210324Z", "at 2026-11-22T14:18:29Z"),
        (2.5, "2.5"),
    ],
)
def test_how_a_value_is_written(value: Any, text: str) -> None:
    """Nothing for None, words for lists, no parts of seconds."""
    assert shown(value) == text


HOSTER: dict[str, Any] = {
    "hoster": "Alpha",
    "asn": 64501,
    "origins": [64501],
    "origin": False,
    "contact": {"address": "abuse@alpha.test"},
    "contacts": [{"address": "abuse@alpha.test"}],
}


def story(**hoster: Any) -> str:
    """Print the story of an item at this hoster."""
    parts = ("notices", "forwards", "relocations", "history")
    told = {"url": "https://img.test/1", "state": "routed", "clock": {}, "hosters": [HOSTER | hoster]}
    return "\n".join(
        printed(tree_of(told | {part: [] for part in parts} | {"checks": {"count": 0, "last": None}}), width=200)
    )


def test_a_story_says_nothing_twice() -> None:
    """One contact, one origin of the network, and a hoster that stands behind no front."""
    told = story()

    assert told.count("abuse@alpha.test") == 1
    assert told.count("64501") == 1
    assert "origin" not in told


def test_a_story_says_what_differs() -> None:
    """Several contacts, several origins, and a hoster behind a front."""
    told = story(contacts=[HOSTER["contact"], {"address": "noc@alpha.test"}], origins=[64501, 64502], origin=True)

    assert all(part in told for part in ("noc@alpha.test", "64501, 64502", "origin: yes"))


def test_figures_are_whole_at_eighty_columns() -> None:
    """Where it is narrow the words give way, never a figure."""
    figures = dict.fromkeys(("forwarded", "acknowledged", "answered", "gone", "open", "silent"), 12_345)
    rest = dict.fromkeys(("refused", "relocated", "withdrawn"), 12_345)
    row = {"key": "a-partner-with-a-long-code", **figures, **rest, "median_acknowledge_s": 90, "median_s": None}
    page = drawn(
        {"report": "partners", "from": None, "to": None, "as_of": "2026-03-03T09:00:00Z", "rows": [row], "total": row}
    )

    lines = printed(*page, width=80)

    assert max(map(len, lines)) <= 80
    assert [line.count("12,345") for line in lines if "12,345" in line] == [9, 9]
