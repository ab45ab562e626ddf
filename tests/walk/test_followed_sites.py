"""`ntd site watch`: what can be followed is a site; what registries give names away under is none."""

import asyncio
import json
from pathlib import Path

import pytest

from ntd.cli.app import run
from tests.walk.house import house


@pytest.fixture
def at(database: str, tmp_path: Path) -> list[str]:
    """Give the option that names the configuration of an empty database."""

    async def ready() -> None:
        async with house(database, tmp_path):
            pass

    asyncio.run(ready())
    config = tmp_path / "ntd.toml"
    config.write_text(f'[database]\nurl = "{database}"\n[security]\nkey_file = "ntd.key"\n')
    return ["--config", str(config)]


def test_a_public_suffix_is_no_site(at: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Refused by its name, with what to write instead; nothing is kept of it."""
    codes = [run(["site", "watch", name, *at]) for name in ("co.uk", "http://CO.uk/x", "test", "kawasaki.jp.")]
    said = capsys.readouterr().err.splitlines()
    assert run(["site", "list", "--all", "--json", *at]) == 0

    assert codes == [2] * 4
    assert [line.split(" is a public suffix and no site")[0][-11:] for line in said] == [
        "ntd: co.uk",
        "ntd: co.uk",
        "ntd: test",
        "kawasaki.jp",
    ]
    assert said[0].endswith("write for example imagehost.co.uk")
    assert json.loads(capsys.readouterr().out)["sites"] == []


def test_what_stands_under_a_suffix_is_a_site_and_so_is_the_domain_that_strangers_share(
    at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An address and an onion too; of a shared domain it is said what is not followed with it."""
    wanted = ("img.example.co.uk", "someone.github.io", "github.io", "192.0.2.7", f"{'a' * 56}.onion")
    codes = [run(["site", "watch", name, *at]) for name in wanted]
    said = capsys.readouterr().err
    assert run(["site", "list", "--json", *at]) == 0
    followed = {one["site"] for one in json.loads(capsys.readouterr().out)["sites"]}

    assert codes == [0] * len(wanted)
    assert followed == {"example.co.uk", *wanted[1:]}
    assert said.count("not what others publish under it") == 1
    assert "github.io is followed, but not what others publish under it: each name there is a site of its own" in said
