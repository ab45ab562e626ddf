"""The README tells the truth about states, and it and the other pages about commands."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from ntd.cli.app import COMMANDS
from ntd.lifecycle import BY_FACTS, TABLE, Event
from schemas.item import State

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARROW = re.compile(r"^    (\w+) --> (\w+) : (.+)$", re.MULTILINE)
#: What is to be typed, in the text or on a line of its own.
SPOKEN = re.compile(r"(?:^    |`)ntd ([a-z][^`\n#|]*)", re.MULTILINE)
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


def unknown(words: list[str]) -> set[str]:
    """Say what of a command line does not exist: the command, the one below it, or its options."""
    if words[0] not in COMMANDS:
        return {words[0]}
    command: Any = get_command(import_module(f"ntd.cli.{COMMANDS[words[0]].module}").app)
    below = getattr(command, "commands", {})
    if len(words) > 1 and below and words[0] not in below and words[1] not in below:
        return set() if words[1].startswith("<") else {words[1]}
    command = below.get(words[0]) or below.get(words[1] if len(words) > 1 else "") or command
    known = {option for parameter in command.params for option in parameter.opts} | {"--config"}
    return {word for word in words if word.startswith("--")} - known


@pytest.mark.parametrize("page", ["README.md", "docs/operating.md", "CHANGELOG.md"])
def test_every_command_and_option_it_names_exists(page: str) -> None:
    """No word promises what does not exist."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [re.findall(r"--[a-z-]+|[\w<]+(?:-\w+)*", line) for line in SPOKEN.findall(text)]

    assert len(lines) > 10
    assert [(words, missing) for words in lines if (missing := unknown(words))] == []
