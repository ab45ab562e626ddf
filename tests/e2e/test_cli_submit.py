"""`ntd submit` and its neighbours as they are typed: answers, summaries, rejects, exit codes."""

import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import orjson
import pytest

import ntd
from ntd.cli.app import COMMANDS, run
from ntd.vault import create_key_file


@pytest.fixture
def config(database: str, tmp_path: Path) -> Path:
    """Write a configuration for a fresh database."""
    create_key_file(tmp_path / "ntd.key")
    file = tmp_path / "ntd.toml"
    file.write_text(f'[database]\nurl = "{database}"\n[security]\nkey_file = "ntd.key"\n', encoding="utf-8")
    return file


Said = pytest.CaptureFixture[str]


def typed(capfd: Said, *words: str | Path) -> tuple[int, str, str]:
    """Type a command; give exit code, standard output and standard error."""
    capfd.readouterr()
    code = run([str(word) for word in words])
    said = capfd.readouterr()
    return code, said.out, said.err


def item(n: int) -> bytes:
    """Write one good line."""
    return orjson.dumps({"url": f"https://img{n % 20}.example/i/{n}.jpg", "report": f"M-{n}"}) + b"\n"


BAD = (
    b"{not json}\n",
    b'{"url": "ftp://files.example/1"}\n',
    b'{"url": 5}\n',
    b'{"report": "M-1"}\n',
    b'{"url": "https://img.example/\xff"}\n',
    b'{"url": "https://img.example/", "colour": "red"}\n',
    b'{"url": "https://img.example/", "priority": 10}\n',
    b'{"url": "https://img.example/", "confirmed_at": "yesterday"}\n',
    b'["https://img.example/"]\n',
    b'{"url": "https://img.example/", "report": "a\\u0000b"}\n',
)


def test_two_hundred_bad_lines_cost_no_good_one(config: Path, tmp_path: Path, capfd: Said) -> None:
    """1,000 good lines among 200 bad ones: 1,000 accepted, 200 refused with line and fault, kept byte for byte."""
    lines = [line for n in range(1000) for line in ((item(n), BAD[n // 5 % len(BAD)]) if n % 5 == 0 else (item(n),))]
    (tmp_path / "in.ndjson").write_bytes(b"".join(lines))

    code, out, err = typed(
        capfd, "--config", config, "submit", tmp_path / "in.ndjson", "--rejects", tmp_path / "bad", "--source", "libra"
    )

    answers = [orjson.loads(answer) for answer in out.splitlines()]
    assert code == 3
    assert err.splitlines()[-1] == "1200 lines: 1000 accepted, 0 duplicate, 200 refused"
    assert "refused schemes: ftp 20" in err
    assert [answer["line"] for answer in answers] == list(range(1, 1201))
    refused = [answer for answer in answers if answer["outcome"] == "refused"]
    assert len(refused) == 200
    assert all(answer["id"] is None and answer["error"].startswith(f"line {answer['line']}: ") for answer in refused)
    assert len({answer["id"] for answer in answers if answer["outcome"] == "accepted"}) == 1000
    assert (tmp_path / "bad").read_bytes() == b"".join(lines[answer["line"] - 1] for answer in refused)
    assert ".example" not in err + "".join(answer["error"] for answer in refused)

    code, out, err = typed(capfd, "submit", "--config", config, tmp_path / "in.ndjson")

    assert err.splitlines()[-1] == "1200 lines: 0 accepted, 1000 duplicate, 200 refused"


def test_csv_is_taken_and_refused_row_by_row(config: Path, tmp_path: Path, capfd: Said) -> None:
    """Lines are physical lines, the header is line 1 and stands above the rejects; a quoted cell may hold line ends."""
    rows = [
        b"url,reason,priority\r\n",
        b'https://a.example/1,"two\r\n\r\nlines",3\r\n',
        b'https://a.example/2,"open\r\n',
        b"https://a.example/3,,\r\n",
        b"\r\n",
        b"https://a.example/4,,77\r\n",
        b'"https://a.example/5","say ""so""",1',
    ]
    (tmp_path / "in.csv").write_bytes(b"".join(rows))

    code, out, err = typed(capfd, "submit", "--config", config, tmp_path / "in.csv", "--rejects", tmp_path / "bad")

    answers = {answer["line"]: answer["outcome"] for answer in map(orjson.loads, out.splitlines())}
    assert code == 3
    assert answers == {2: "accepted", 5: "refused", 6: "accepted", 8: "refused", 9: "accepted"}
    assert err.splitlines()[-1] == "5 lines: 3 accepted, 0 duplicate, 2 refused"
    assert (tmp_path / "bad").read_bytes() == rows[0] + rows[2] + rows[5]


def test_a_wrong_header_takes_nothing(config: Path, tmp_path: Path, capfd: Said) -> None:
    """An unknown column refuses the file: exit code 2, no answer, no item."""
    (tmp_path / "in.csv").write_bytes(b"url,titel\nhttps://a.example/1,x\n")

    code, out, err = typed(capfd, "submit", "--config", config, tmp_path / "in.csv")
    _, listed, _ = typed(capfd, "list", "--config", config, "--json")

    assert (code, out) == (2, "")
    assert err.startswith("ntd: column 2 of the CSV header 'titel' is unknown")
    assert orjson.loads(listed) == {"items": [], "next": None}


def test_what_carries_the_material_is_kept_nowhere(config: Path, tmp_path: Path, capfd: Said) -> None:
    """Of data: and blob: lines nothing goes into rejects, answers or messages, not even of lines far over the limit."""
    material = b"SGVsbG8gd29ybGQ" * 100_000
    lines = [
        b'{"url": "data:image/png;base64,' + material[:900] + b'"}\n',
        b'{"url": "https://a.example/'
        + b"x" * 1_200_000
        + b'", "found_on": "data:image/png;base64,'
        + material
        + b'"}\n',
        b'{"url": "data:image/png;base64,' + material + b'"}\n',
        b'{"url": "https://a.example/' + b"y" * 1_200_000 + b'"}\n',
        b'{"url": "blob:https://a.example/0-0-0", "reason": broken}\n',
        item(1),
    ]
    (tmp_path / "in.ndjson").write_bytes(b"".join(lines))

    code, out, err = typed(capfd, "submit", "--config", config, tmp_path / "in.ndjson", "--rejects", tmp_path / "bad")

    assert code == 3
    assert err.splitlines() == ["refused schemes: data 4", "6 lines: 1 accepted, 0 duplicate, 5 refused"]
    assert (tmp_path / "bad").read_bytes() == lines[3]
    assert "SGVsbG8" not in out + err
    assert "line 4: is longer than 1 MiB" in out


def test_exit_codes_say_what_kind_of_failure_it_was(config: Path, tmp_path: Path, capfd: Said) -> None:
    """1 not possible, 2 wrong use or configuration, 4 not found, 5 out of reach; one sentence each, no traceback."""
    (tmp_path / "in.ndjson").write_bytes(item(1))
    typed(capfd, "submit", "--config", config, tmp_path / "in.ndjson")
    unreachable = tmp_path / "unreachable.toml"
    unreachable.write_text(
        '[database]\nurl = "postgresql://nobody:geheim@127.0.0.1:1/x"\n[security]\nkey_file = "ntd.key"\n',
        encoding="utf-8",
    )
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[smtp]\nprot = 25\n", encoding="utf-8")

    said = {
        "release": typed(capfd, "release", "--config", config, "https://img1.example/i/1.jpg", "--reason", "x"),
        "list --limit": typed(capfd, "list", "--config", config, "--limit", "x"),
        "frobnicate": typed(capfd, "frobnicate"),
        "list --wrong": typed(capfd, "--config", wrong, "list"),
        "submit /nowhere": typed(capfd, "submit", "--config", config, tmp_path / "nowhere"),
        "show": typed(capfd, "show", "--config", config, "https://unknown.example/"),
        "revoke": typed(capfd, "token", "revoke", "--config", config, "nobody"),
        "list --unreachable": typed(capfd, "list", "--config", unreachable),
    }

    assert {name: code for name, (code, _, _) in said.items()} == {
        "release": 1,
        "list --limit": 2,
        "frobnicate": 2,
        "list --wrong": 2,
        "submit /nowhere": 2,
        "show": 4,
        "revoke": 4,
        "list --unreachable": 5,
    }
    for _, out, err in said.values():
        assert out == ""
        assert re.fullmatch(r"ntd: [^\n]+\n", err), err
        assert "Traceback" not in err
        assert "geheim" not in err


def test_an_item_is_held_released_and_shown(config: Path, tmp_path: Path, capfd: Said) -> None:
    """The acts of a person, by id or URL, with --config wherever it stands; the record names who and why."""
    (tmp_path / "in.ndjson").write_bytes(item(1))
    _, out, _ = typed(capfd, "submit", "--config", config, tmp_path / "in.ndjson")
    ref = orjson.loads(out)["id"]
    url = "https://img1.example/i/1.jpg"

    codes = [
        typed(capfd, "hold", url, "--reason", "police", "--until", "2027-01-01", "--config", config)[0],
        typed(capfd, "--config", config, "release", ref, "--reason", "done")[0],
        typed(capfd, "withdraw", "--config", config, ref, "--because", "police", "--reason", "x")[0],
        typed(capfd, "legal-hold", ref, "--until", "2999-01-01", "--reason", "case 7", "--config", config)[0],
        typed(capfd, "legal-hold", ref, "--until", "2026-01-01", "--reason", "x", "--config", config)[0],
        typed(capfd, "legal-hold", str(UUID(int=7)), "--until", "2999-01-01", "--reason", "x", "--config", config)[0],
        typed(capfd, "reopen", ref, "--reason", "x", f"--config={config}")[0],
    ]
    told = orjson.loads(typed(capfd, "show", ref, "--json", "--config", config)[1])
    drawn = typed(capfd, "show", ref, "--config", config)[1]

    assert codes == [0, 0, 0, 0, 2, 4, 0]
    assert (told["state"], told["legal_hold_until"]) == ("received", "2999-01-01T00:00:00Z")
    assert [event["event"] for event in told["history"] if event["by"].startswith("shell:")] == [
        "received",
        "confirmed",
        "held",
        "released",
        "withdrawn",
        "legal_hold",
        "reopened",
    ]
    assert url in drawn


def test_rows_come_as_table_document_or_csv(config: Path, tmp_path: Path, capfd: Said) -> None:
    """`list` prints a table, one JSON document or CSV; the filters are those of the contract."""
    (tmp_path / "in.ndjson").write_bytes(b"".join(item(n) for n in range(3)))
    typed(capfd, "submit", "--config", config, tmp_path / "in.ndjson", "--source", "hart")

    table = typed(capfd, "list", "--config", config)[1]
    document = orjson.loads(typed(capfd, "list", "--config", config, "--json", "--limit", "2")[1])
    comma = typed(capfd, "list", "--config", config, "--csv", "--limit", "0", "--source", "hart")[1]
    none = typed(capfd, "list", "--config", config, "--csv", "--state", "gone")[1]

    assert table.count("received") >= 3
    assert (len(document["items"]), document["next"] is not None) == (2, True)
    assert len(comma.splitlines()) == 4
    assert comma.splitlines()[0].startswith("id,state,attention,url,site,country")
    assert len(none.splitlines()) == 1


def test_a_token_is_shown_once_and_alone(config: Path, capfd: Said) -> None:
    """Standard output is the token, or a document with token and id; the list has no secret."""
    code, plain, _ = typed(capfd, "token", "create", "scart", "--role", "submitter", "--config", config)
    _, document, _ = typed(capfd, "token", "create", "hart", "--role", "analyst", "--json", "--config", config)
    _, listed, _ = typed(capfd, "token", "list", "--json", "--config", config)
    revoked, _, _ = typed(capfd, "token", "revoke", "scart", "--config", config)

    assert (code, revoked) == (0, 0)
    assert re.fullmatch(r"ntd_[\w-]{43}\n", plain)
    assert set(orjson.loads(document)) == {"token", "id"}
    assert [token["name"] for token in orjson.loads(listed)["tokens"]] == ["scart", "hart"]
    assert plain.strip() not in listed


def test_init_makes_what_is_missing_and_overwrites_nothing(
    database: str, tmp_path: Path, capfd: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configuration, key and database are made once; a second time nothing is touched. What it makes would start."""
    monkeypatch.setenv("NTD_DATABASE__URL", database)
    home = tmp_path / "new"

    first = typed(capfd, "init", home)
    made = {path: path.read_bytes() for path in (home / "ntd.toml", home / "var/ntd.key")}
    second = typed(capfd, "init", home)
    checked = typed(capfd, "check-config", "--config", home / "ntd.toml")

    assert (first[0], second[0], checked[0]) == (0, 0, 0)
    assert {path: path.read_bytes() for path in made} == made
    assert made[home / "ntd.toml"] == (Path(ntd.__file__).parents[1] / "ntd.toml").read_bytes()
    assert (home / "var/ntd.key").stat().st_mode & 0o077 == 0
    assert "none is sent" in first[2]
    assert "would start" in checked[2]


def test_a_language_without_words_is_said_beforehand(config: Path, tmp_path: Path, capfd: Said) -> None:
    """The configuration starts, English being sent instead; a preview in it is wrong use. `pt-BR` is served by `pt`."""
    known = tmp_path / "known.toml"
    known.write_text('[organisation]\nlanguages = ["pt-BR", "xx"]\n' + config.read_text(), encoding="utf-8")

    checked = typed(capfd, "check-config", "--config", known)
    shown = typed(capfd, "notice", "preview", "--language", "xx", "--config", config)

    assert checked[0] == 0
    assert "organisation.languages: no words in xx: English instead; there are cs, de, en" in checked[2]
    assert (shown[0], shown[1]) == (2, "")
    assert "no words in 'xx'; there are cs, de, en" in shown[2]


def test_a_return_path_without_its_token_is_said_beforehand(config: Path, tmp_path: Path, capfd: Said) -> None:
    """The token is then put behind the name, which the operator's mail server must know; with the word it is quiet."""
    said = []
    for address in ("bounces@hotline.example", "bounces+TOKEN@hotline.example"):
        file = tmp_path / "bounces.toml"
        file.write_text(f'[notices]\nbounce_address = "{address}"\n' + config.read_text(), encoding="utf-8")
        said.append(typed(capfd, "check-config", "--config", file))

    assert [code for code, *_ in said] == [0, 0]
    words = said[0][2].partition("warning: notices.bounce_address: ")[2].splitlines()[0]
    assert words.startswith('"bounces@hotline.example" has no TOKEN; each message')
    assert "(bounces+…@hotline.example), which your mail server must deliver there; write for example" in words
    assert words.partition("write for example ")[2].startswith('"bounces+TOKEN@hotline.example"')
    assert "bounce_address" not in said[1][2]


def test_help_opens_no_door() -> None:
    """`ntd --help` names every command and reads none of their modules, so that it is quick."""
    script = (
        "import sys; from ntd.cli.app import run; code = run(['--help'])\n"
        "heavy = {'asyncpg', 'aiohttp', 'pydantic', 'dns', 'cryptography'} & set(sys.modules)\n"
        "sys.exit(code or sorted(heavy) or 0)"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert said.returncode == 0, said.stderr
    assert all(name in said.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str, capfd: Said) -> None:
    """Each command has a help, takes --config after its name, and offers to set up no shell: that is not its work."""
    code, out, _ = typed(capfd, command, "--help")

    assert code == 0
    assert "--config" in out
    assert "completion" not in out


def test_doctor_says_a_line_each(config: Path, capfd: Said) -> None:
    """What does not answer is named with what to do; nothing is sent. Exit code 5: something needed is out of reach."""
    with config.open("a", encoding="utf-8") as file:
        file.write(
            '[dns]\nnameservers = ["127.0.0.1:1"]\ntimeout = "200ms"\n[geo]\nregistration = "off"\n'
            "[smtp]\nhost = '127.0.0.1'\nport = 1\ntls = 'none'\n"
            "[[partner]]\ncode = 'md'\ncountries = ['MD']\napi = 'http://127.0.0.1:1/x'\n"
            "[[partner]]\ncode = 'us'\ncountries = ['US']\nemail = 'us@hotline.example'\n"
            "[[hoster]]\nmatch = 'as64501'\napi = 'http://127.0.0.1:1/y'\n"
        )

    code, out, _ = typed(capfd, "doctor", "--config", config)

    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert code == 5
    assert [(health, said.partition(":")[0]) for health, said in lines] == [
        ("OK", "key file"),
        ("OK", "database"),
        ("UNREACHABLE", "dns"),
        ("OFF", "dns canaries"),
        ("UNREACHABLE", "smtp"),
        ("OFF", "imap"),
        ("UNREACHABLE", "partner md"),
        ("FAULT", "partner md"),
        ("FAULT", "partner us"),
        ("UNREACHABLE", "hoster as64501"),
        ("OK", "templates"),
        ("OFF", "canaries"),
        ("OFF", "regulator"),
        ("OFF", "police"),
    ]
    assert all(" — " in said for health, said in lines if health in {"UNREACHABLE", "FAULT"})


@pytest.mark.parametrize("text", ["2027", "soon", "2027-01-01T00:00:00", "2027-13-01"])
def test_a_time_without_zone_is_no_time(config: Path, capfd: Said, text: str) -> None:
    """A date is its beginning in UTC; a time needs its zone."""
    code, _, err = typed(capfd, "hold", "--config", config, "https://a.example/", "--reason", "x", "--until", text)

    assert code == 2
    assert "write for example 2026-11-20 or 2026-11-20T09:00:00Z" in err
