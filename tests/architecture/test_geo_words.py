"""What a docstring of geo/ must say that its types cannot, as far as a machine can tell."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "geo").glob("*.py"))
_UNIT = re.compile(r"second|byte|bits|count|number|_s\b", re.IGNORECASE)
_NOTHING = re.compile(r"\b(?:None|nobody|nothing|else)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public(tree: ast.Module) -> Iterator[Function]:
    """Give the public functions of a module and the public methods of its public classes."""
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        for one in inside:
            if isinstance(one, Function) and not one.name.startswith("_"):
                yield one


def lacking(function: Function) -> Iterator[str]:
    """Name what the docstring of a function does not say."""
    said, returns = ast.get_docstring(function) or "", ast.unparse(function.returns) if function.returns else ""
    raised = (node.exc for node in ast.walk(function) if isinstance(node, ast.Raise) and node.exc is not None)
    for fault in raised:
        name = ast.unparse(fault.func if isinstance(fault, ast.Call) else fault)
        if name not in said:
            yield f"that it raises {name}"
    if "| None" in returns and not _NOTHING.search(said):
        yield "what None means"
    if returns in {"int", "float"} and not _UNIT.search(f"{function.name} {said}"):
        yield "the unit"


def numbers(tree: ast.Module) -> Iterator[ast.Assign | ast.AnnAssign]:
    """Give the assignments of a module's constants that hold a bare number."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            held = (one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant))
            if any(type(one) in {int, float} for one in held):
                yield node


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_docstrings_say_faults_none_and_units(file: Path) -> None:
    """Whoever calls a public function of geo/ knows what it raises, what None means and what a number counts."""
    missing = [
        f"{file.name}:{function.lineno} {function.name}: {what}"
        for function in public(ast.parse(file.read_text(encoding="utf-8")))
        for what in lacking(function)
    ]

    assert missing == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_number_has_its_reason(file: Path) -> None:
    """A constant says beside it, or above the block it stands in, what it counts or where it comes from."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()

    bare = []
    for node in numbers(ast.parse(text)):
        above = next(
            (line for line in reversed(lines[: node.lineno - 1]) if not line[:1].isalpha() and line[:1] != "_"), ""
        )
        end = node.end_lineno or node.lineno
        if not above.startswith("#") and "#" not in "".join(lines[node.lineno - 1 : end]):
            bare.append(f"{file.name}:{node.lineno} {lines[node.lineno - 1]}")

    assert bare == []
