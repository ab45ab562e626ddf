"""The README tells the truth about states and commands."""

import re
from pathlib import Path

from ntd.cli.app import COMMANDS
from ntd.lifecycle import BY_FACTS, TABLE, Event
from schemas.item import State

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ARROW = re.compile(r"^    (\w+) --> (\w+) : (.+)$", re.MULTILINE)
#: An acceptance that arrives late is noted and changes nothing: the diagram shows changes only.
WORDS = {event.value for event in Event}


def drawn() -> set[tuple[str, str, str]]:
    """Read the arrows of the diagram as (state, event, target)."""
    return {
        (origin, word.strip(), target)
        for origin, target, words in ARROW.findall(README)
        for word in words.split(",")
        if origin != "facts" and origin in set(State)
    }


def test_the_diagram_is_the_table() -> None:
    """Every transition that can change the state is an arrow, and every arrow is a transition."""
    table = {
        (state.value, event.value, "facts" if target is BY_FACTS else target.value)
        for state, row in TABLE.items()
        for event, target in row.items()
        if target is not state
    }

    assert drawn() == table


def test_every_command_it_names_exists() -> None:
    """No word promises what does not exist."""
    named = set(re.findall(r"`ntd ([a-z-]+)", README)) - {"run"}

    assert named <= set(COMMANDS)
