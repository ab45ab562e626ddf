"""The shape of the house: who decides and who does, how long things are, and how tests wait.

What each room holds stands in its docstring: one line a file, `name  what it is`, with a `P` after the name where the
file is pure: it decides on the values it is given and reaches nothing outside.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("geo", "monitor", "notifiers", "ntd", "schemas")
LONGEST_FUNCTION = 60
LONGEST_FILE = 400

# What reaches outside of a function's arguments. `secrets` makes ids and tokens and counts as a value.
# fmt: off
OUTSIDE = frozenset({
    "aiohttp", "aiosmtplib", "asyncio", "asyncpg", "concurrent", "dns.asyncquery",
    "dns.asyncresolver", "dns.query", "dns.resolver", "fcntl", "http.client", "http.server", "ipwhois.ipwhois",
    "ipwhois.net", "logging", "maxminddb", "multiprocessing", "os", "prometheus_client", "psutil", "python_socks",
    "random", "rich",
    "select", "selectors", "shutil", "signal", "smtplib", "socket", "ssl", "structlog", "subprocess", "tempfile",
    "tenacity", "threading", "time", "typer", "urllib.request", "uvloop",
})
# fmt: on
# Words that say nothing about what is inside.
EMPTY_NAMES = frozenset({"common", "helper", "helpers", "manager", "misc", "util", "utils"})


@cache
def modules() -> dict[str, ast.Module]:
    """Parse every module of the rooms by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_text())
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    }


def imported(tree: ast.Module) -> Iterator[str]:
    """Name what a module imports: modules, and what is taken from them in case it is a module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reaches_out(name: str) -> bool:
    """Say whether an imported name is of the outside, or lies in something that is."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in OUTSIDE for length in range(1, len(parts) + 1))


@cache
def doing() -> frozenset[str]:
    """Find the modules that do: they import the outside, or a module that does."""
    trees = modules()
    known = {name for name, tree in trees.items() if any(map(reaches_out, imported(tree)))} | {"ntd.clock"}
    while more := {name for name, tree in trees.items() if name not in known and not known.isdisjoint(imported(tree))}:
        known |= more
    return frozenset(known)


def contents(room: str) -> dict[str, bool]:
    """Read the list in a room's docstring: what it holds, and whether that is marked as pure."""
    docstring = ast.get_docstring(modules()[room]) or ""
    lines = re.findall(r"^(\w+)/?(?:, \w+/?)* +(P\b)?", docstring, re.MULTILINE)
    return {name: bool(mark) for name, mark in lines}


def files(room: str) -> set[str]:
    """Name the modules and packages in a room."""
    inside = [*(ROOT / room).glob("*.py"), *(path.parent for path in (ROOT / room).glob("*/__init__.py"))]
    return {path.stem for path in inside} - {"__init__", "__main__"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_lists_what_it_holds(room: str) -> None:
    """Every file of a room stands in its docstring with a line about it."""
    assert files(room) - contents(room).keys() == set()


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "schemas"])
def test_pure_files_reach_nothing_outside(room: str) -> None:
    """A file marked P imports neither the outside nor a file that does."""
    listed = {name: pure for name, pure in contents(room).items() if name in files(room)}
    whole = {
        name: sorted(inside) for name in listed if (inside := {each for each in doing() if _within(each, room, name)})
    }

    assert {name: whole[name] for name, pure in listed.items() if pure and name in whole} == {}


def test_the_vocabulary_is_pure() -> None:
    """Nothing in schemas reaches outside."""
    assert [name for name in doing() if name.startswith("schemas")] == []


def _within(module: str, room: str, name: str) -> bool:
    """Say whether a module is the listed file or lies in the listed package."""
    return f"{module}.".startswith(f"{room}.{name}.")


@pytest.mark.parametrize("room", ROOMS)
def test_functions_and_files_stay_short(room: str) -> None:
    """No function is over 60 lines without its docstring, no file over 400."""
    long_files = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / room).rglob("*.py")
        if len(path.read_text().splitlines()) > LONGEST_FILE
    ]
    long_functions = [
        f"{name}.{node.name}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if name.split(".")[0] == room and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if _length(node) > LONGEST_FUNCTION
    ]

    assert (long_files, long_functions) == ([], [])


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without its docstring."""
    whole = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) else 0
    return whole - docstring


def test_names_say_what_is_inside() -> None:
    """No module is called by a word that fits everything."""
    assert [name for name in modules() if EMPTY_NAMES & set(name.split("."))] == []


def test_tests_neither_sleep_nor_patch() -> None:
    """A test waits for what it waits for, and is handed its fakes.

    asyncio.sleep(0) only lets others go first; a hostile peer, a function of its own, may be slow on purpose.
    """
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{call.lineno} {ast.unparse(call.func)}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in _own_calls(function)
        if _patches(call) or (function.name.startswith("test_") and _sleeps(call))
    ]

    assert found == []


def _own_calls(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    """Find the calls that a function makes itself, not those of the functions inside it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            todo.extend(ast.iter_child_nodes(node))


def _sleeps(call: ast.Call) -> bool:
    """Say whether a call waits for a while and for nothing else."""
    return ast.unparse(call.func).endswith("sleep") and [ast.unparse(argument) for argument in call.args] != ["0"]


def _patches(call: ast.Call) -> bool:
    """Say whether a call replaces part of a module."""
    name = ast.unparse(call.func)
    return name == "monkeypatch.setattr" or name.split(".")[0] in {"mock", "mocker", "patch"}
