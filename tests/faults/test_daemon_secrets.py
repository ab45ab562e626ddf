"""URLs, hosts, mail addresses and answers stand nowhere in clear, and content stands nowhere at all."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ntd.lab.processes import command, ntd
from tests.fakes.faults_world import World, all_in, ask, until, world

#: Stands in every site, host, path and mail address of the lab, and in what a recipient answers.
MARK = "zqmarkqz"
HOSTS, URLS = 5, 2


def holding(needle: bytes, folder: Path) -> list[str]:
    """Find the files under a folder that hold these bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.relative_to(folder).as_posix() for path in files if needle in path.read_bytes()]


def shapes(content: bytes) -> Iterator[bytes]:
    """Give a piece of content as it is, and in the forms in which it could lie somewhere."""
    yield content
    yield content.hex().encode()
    for at in range(3):
        yield b64encode(content[at : at + len(content) // 3 * 3 - 3])


def content_of(url: str) -> Iterator[bytes]:
    """Give what the lab showed at a URL, in all forms: pictures repeat a block, pages a word, both made of the path."""
    block = hashlib.sha256(urlsplit(url).path.encode()).digest()
    yield from shapes(block)
    yield block[:6].hex().encode()


async def told_of(config: Path, urls: list[str]) -> str:
    """Give all that commands say of items whose content was seen."""
    said = []
    for arguments in (("show", urls[0]), ("show", urls[1]), ("list",), ("check", urls[1])):
        done = await command(ntd(config, *arguments, "--json"))
        assert done.code == 0, done.err
        said.append(done.out)
    return "\n".join(said)


async def seen_over_http(lab: World, config: Path) -> str:
    """Give all that the daemon says about itself to whoever asks."""
    base = next(line for line in config.read_text().splitlines() if line.startswith("public_url")).split('"')[1]
    said = []
    for path in ("/metrics", "/readyz", "/healthz", f"/{MARK}", f"/h/{MARK}", f"/api/v1/items/{MARK}"):
        async with lab.http.get(base + path) as answer:
            said.append(await answer.text())
    return "\n".join(said).replace(f"/h/{MARK}", "").replace(f"/{MARK}", "")


async def answer_by_link(lab: World) -> int:
    """Answer a notice as its recipient would, with a note; give the status."""
    mail = next(one for one in (await lab.ledger())["mails"] if one["outcome"] == "taken")
    item = next(iter(mail["letter"]["items"]))
    form = {"item": item, "answer": "disputed", "note": f"ask {MARK}-boss@{MARK}.example about http://{MARK}.test/"}
    async with lab.http.post(mail["letter"]["link"], data=form) as answer:
        return answer.status


async def sentences(lab: World, config: Path) -> str:
    """Give what commands say when they are given something wrong or unknown."""
    lines = [
        {"url": f"http://{MARK}.test:99999/"},
        {"url": f"gopher://{MARK}.test/"},
        {"url": f"http://{MARK}"},
    ]
    bad = lab.folder / "bad.ndjson"
    bad.write_text("".join(json.dumps(line) + "\n" for line in lines) + f"http://{MARK}.test/ is no JSON\n")
    said = []
    for arguments in (
        ("submit", str(bad)),
        ("show", f"http://{MARK}.test/unknown.jpg"),
        ("hold", f"http://{MARK}.test/unknown.jpg", "--reason", "x"),
        ("check", f"http://{MARK} .test/"),
        ("resolve", f"gopher://{MARK}.test/"),
    ):
        done = await command(ntd(config, *arguments))
        assert done.code in {1, 2, 3, 4}, done.err
        said.append(done.err)
        said += [str(json.loads(line).get("error")) for line in done.out.splitlines() if line.startswith("{")]
    return "\n".join(said)


@pytest.mark.timeout(240)
async def test_nothing_stands_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a whole walk at the most talkative level, no file of the database, no log and no figure names anybody."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    async with world(tmp_path, HOSTS, URLS, mark=MARK, shows=("image", "page")) as lab:
        config = lab.settings(every="2s", level="debug")
        async with lab.daemon(config) as daemon:
            ids = await lab.submit(config)
            limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()

            async def mailed() -> bool:
                return any(one["outcome"] == "taken" for one in (await lab.ledger())["mails"])

            await until(mailed, 60)
            answered = await answer_by_link(lab)
            await all_in(lab.dsn, "gone", len(ids), 120)
            over_http = await seen_over_http(lab, config)
            said = await sentences(lab, config)
            urls = [json.loads(line)["url"] for line in (tmp_path / "items.ndjson").read_text().splitlines()]
            told = await told_of(config, urls) + json.dumps(await lab.ledger()) + over_http + said
            (row,) = await ask(lab.dsn, "SELECT count(*) AS n FROM answer")
            await ask(lab.dsn, "CHECKPOINT")
            running = holding(MARK.encode(), lab.data)
            code = await daemon.stop(10)
        stopped = holding(MARK.encode(), lab.data)
        references = holding(b"M-2026-00000", lab.data)
        mails = list((tmp_path / "mail").iterdir())
        content = [place for url in urls for shape in content_of(url) for place in holding(shape, tmp_path)]
        spoken = [shape for url in urls for shape in content_of(url) if shape in told.encode()]

    assert (code, answered, row["n"], len(ids)) == (0, 200, 1, HOSTS * URLS)
    assert (running, stopped, references) == ([], [], [])
    assert MARK not in lab.words()
    assert lab.words().count("notice.attempted") >= HOSTS
    assert MARK not in over_http
    assert "ntd_items" in over_http
    assert MARK not in said
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]
    assert holding(MARK.encode(), scratch) == []
    assert len(mails) > 0
    assert "likeness" in told
    assert (content, spoken) == ([], [])
