"""`ntd inbox` and `ntd seen` as they are typed, and as a mail server calls them."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from notifiers.incoming.mail import LONGEST_MESSAGE
from ntd.cli.app import run
from ntd.vault import create_key_file
from tests.fakes.incoming_mail import NOTICE, reply, report

KEYS = ["kind", "permanent", "notice", "items", "recipient", "status", "suggestion", "ticket"]
MESSAGE_ID = f"<{NOTICE}@hotline.example>"


@pytest.fixture
def config(database: str, tmp_path: Path) -> str:
    """Write a configuration for a fresh database."""
    create_key_file(tmp_path / "ntd.key")
    file = tmp_path / "ntd.toml"
    file.write_text(f'[database]\nurl = "{database}"\n[security]\nkey_file = "ntd.key"\n', encoding="utf-8")
    return str(file)


def test_a_message_is_taken_from_a_file_or_a_pipe(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything readable exits 0 and is read to its end; the eight keys are always there."""
    (tmp_path / "bounce").write_bytes(report(MESSAGE_ID, "abuse@one.example"))
    (tmp_path / "answer").write_bytes(reply(MESSAGE_ID, "Removed."))
    codes = [run(["--config", config, "inbox", str(tmp_path / name), "--json"]) for name in ("bounce", "answer")]
    bounce, answer = map(orjson.loads, capsys.readouterr().out.replace("}\n{", "}\0{").split("\0"))
    codes.append(run(["--config", config, "inbox", str(tmp_path / "answer")]))
    again = capsys.readouterr()
    command = [sys.executable, "-m", "ntd", "--config", config, "inbox"]
    piped = subprocess.run(command, input=b"\xff\x00" * LONGEST_MESSAGE, capture_output=True, check=False)

    assert [*codes, piped.returncode] == [0, 0, 0, 0]
    assert list(bounce) == list(answer) == KEYS
    # Ours by its form, and of a notice that this database does not know.
    assert (bounce["kind"], bounce["permanent"], bounce["notice"], bounce["items"]) == ("bounce", True, None, [])
    assert (bounce["recipient"], bounce["status"]) == ("abuse@one.example", "5.1.1")
    assert (answer["kind"], answer["suggestion"], answer["permanent"]) == ("answer", "removed", None)
    assert again.out == "answer: no notice that we know, suggestion removed\n"
    assert again.err == "taken before: nothing was done\n"
    assert piped.stdout == b"unrelated\n"


def test_what_cannot_be_done_has_its_exit_code(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """2: no such file; 4: no such item."""
    assert run(["--config", config, "inbox", "/nowhere.eml"]) == 2
    assert run(["--config", config, "seen", str(NOTICE), "--reason", "read"]) == 4
    assert "nothing was changed" in capsys.readouterr().err
