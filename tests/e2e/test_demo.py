"""`ntd demo` as it is typed: the lab and the daemon as processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("table.toml")


def demo(output: Path, scratch: Path, within_s: int) -> subprocess.CompletedProcess[str]:
    """Play the short table to its end; what the demo needs for itself goes under `scratch`."""
    scratch.mkdir()
    scratch.chmod(0o711)
    arguments = ["demo", "--output", str(output), "--table", str(TABLE), "--within", str(within_s)]
    return subprocess.run(
        [sys.executable, "-m", "ntd", *arguments],
        env=os.environ | {"TMPDIR": str(scratch), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=within_s + 120,
        check=False,
    )


def left_behind(scratch: Path) -> list[str]:
    """Give the command lines of processes that still speak of the demo's folder."""
    lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    return [line.decode("utf-8", "replace") for line in lines if str(scratch).encode() in line]


@pytest.fixture(name="scratch")
def folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a short name: sockets of the database lie in it."""
    return tmp_path_factory.mktemp("s") / "t"


def test_every_row_ends_as_the_table_says(tmp_path: Path, scratch: Path) -> None:
    """The demo ends with 0, leaves its reports and nothing else: no process, no folder."""
    done = demo(tmp_path / "out", scratch, within_s=90)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything ended as the table says" in done.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    reports = {
        f"{name}.{kind}" for name in ("sla", "migration", "partners", "backlog", "item") for kind in ("txt", "json")
    }
    assert reports | {"scenarios.txt", "ledger.json", "notice.eml", "daemon.log"} <= names
    assert json.loads((tmp_path / "out" / "sla.json").read_text())["total"]["items"] == 6
    assert list(scratch.iterdir()) == []
    assert left_behind(scratch) == []
