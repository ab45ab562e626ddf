"""`ntd report` from the keyboard: a table for people, JSON and CSV for programs, exit codes for slips."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ntd.cli.app import run
from tests.fakes.report_rows import ReportRows, report_rows

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def past(rows: ReportRows) -> None:
    """Write an item that was gone after 2 h, one that is up, a forward, and a site that moved out of sight."""
    old, new = await rows.place("Alpha", 64501, "NL"), await rows.place("Beta", 64502, "SC")
    told = {"clock_at": T0 + HOUR, "noticed_at": T0 + HOUR}
    await rows.stay(await rows.item(T0, site="img.test", state="noticed"), T0, old, **told, gone_at=T0 + 3 * HOUR)
    item = await rows.item(T0, site="img.test", state="noticed")
    stay = await rows.stay(item, T0, old, **told)
    await rows.notice("forward", T0 + HOUR, [(item, stay)], partner="md-siguronline", channel="api")
    await rows.episode("img.test", "img.test", old, T0, T0 + 5 * HOUR)
    await rows.move("img.test", T0 + 5 * HOUR, old, new, items=1)


@pytest.fixture
def home(database: str, tmp_path: Path) -> Path:
    """Give the configuration of a database with a past."""

    async def fill() -> None:
        async with report_rows(database, tmp_path) as rows:
            await past(rows)

    asyncio.run(fill())
    config = tmp_path / "ntd.toml"
    config.write_text(f'[database]\nurl = "{database}"\n[security]\nkey_file = "ntd.key"\n')
    return config


def test_reports_are_json_csv_and_tables(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same figures three times, each with the moment they are of."""
    ask = ["report", "sla", "--by", "country", "--as-of", "2026-03-03T09:00:00Z", "--config", str(home)]
    assert run([*ask, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert run([*ask, "--csv"]) == 0
    (line,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert run(ask) == 0
    page = capsys.readouterr().out

    assert list(report)[:5] == ["report", "from", "to", "by", "removal_s"]
    (row,) = report["rows"]
    assert (row["key"], row["items"], row["within"]["24h"], row["due"], row["share_24h"]) == ("NL", 2, 1, 1, 1.0)
    told = {name: line[name] for name in ("key", "within_24h", "share_24h", "km_24h_share", "p90_s", "small", "as_of")}
    assert told == {
        "key": "NL",
        "within_24h": "1",
        "share_24h": "1.0",
        "km_24h_share": "0.5",
        "p90_s": "7200",
        "small": "true",
        "as_of": "2026-03-03T09:00:00Z",
    }
    assert "as known at 2026-03-03 09:00 UTC" in page
    assert "100.0 % of 1" in page
    assert "fewer than 10 due" in page


def test_every_report_has_its_page(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bases and units stand beside the figures."""
    pages = {}
    for name in ("migration", "backlog", "partners"):
        assert run(["report", name, "--config", str(home)]) == 0
        pages[name] = capsys.readouterr().out

    assert "NL → SC" in pages["migration"]
    assert "1 followed sites: 1 moved to another country, 0 stayed; 1 out of sight" in pages["migration"]
    assert "SC, Beta" in pages["migration"]
    assert "noticed" in pages["backlog"]
    assert "md-siguronline" in pages["partners"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sla", "--as-of", "yesterday"], "write for example 2026-11-20"),
        (["sla", "--by", "colour"], "'--by': 'colour' is not one of"),
        (["sla", "--from", "2026-02-01", "--to", "2026-02-01"], "--to is the first day after it"),
    ],
)
def test_slips_of_the_keyboard_are_wrong_use(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """Exit code 2, and a sentence that shows how to say it right."""
    assert run(["report", *arguments, "--config", str(home)]) == 2
    assert sentence in capsys.readouterr().err


def test_a_moment_in_the_future_is_remarked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is made, and a line on standard error says what it means."""
    assert run(["report", "partners", "--as-of", "2999-01-01", "--csv", "--config", str(home)]) == 0

    told = capsys.readouterr()
    assert told.out.splitlines()[0].startswith("key,forwarded,acknowledged")
    assert "lies in the future" in told.err
