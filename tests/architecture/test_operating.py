"""The page for operators knows every attention, metric and alarming event, and no other."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from ntd.metrics import Figures, Looks, Turns, exposition
from schemas.item import Attention

ROOT = Path(__file__).parents[2]
ALARMING = {"warning", "error", "exception", "critical"}


def told(title: str) -> list[str]:
    """Give what stands in the first column of the table under this title."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.partition(f"## {title}")[2].partition("## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [word for cell in first for word in re.findall("`([^`]+)`", cell)]


def events(file: Path) -> Iterator[str]:
    """Give the events that a file logs as a warning or worse."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log" | "_log"), attr=level),
                args=[ast.Constant(value=str(event)), *_],
            ) if level in ALARMING:
                yield event


def test_every_attention_is_explained() -> None:
    """Whoever finds a word in a list finds here what it asks."""
    assert sorted(told("What waits for a human")) == sorted(Attention)


def test_every_metric_is_explained() -> None:
    """By the names that are exposed: those of counters end in "_total"."""
    now = datetime(2026, 11, 1, tzinfo=UTC)
    turns = Turns(turned_at={"check": now}, turns={"check": 1}, faults={"check": 0}, looks=Looks())
    page = exposition(Figures(), turns, now).decode()

    families = [one for one in text_string_to_metric_families(page) if one.name.startswith("ntd_")]
    ours = [f"{one.name}_total" if one.type == "counter" else one.name for one in families]
    assert sorted(told("What to alarm on")) == sorted(ours)


def test_every_alarming_event_is_explained() -> None:
    """What is logged as a warning or an error has a line, and no line tells of what is never logged."""
    rooms = ("ntd", "geo", "monitor", "notifiers")
    logged = {event for room in rooms for file in (ROOT / room).rglob("*.py") for event in events(file)}

    assert sorted(told("What the log says when something is wrong")) == sorted(logged)
