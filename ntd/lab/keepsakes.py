"""What a demo leaves in its folder: the reports as text and JSON, one item's story, a real notice, the ledger."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ntd.lab.processes import must, ntd
from ntd.lab.verify import Mismatch
from ntd.lab.world import World

#: The reports that are kept: name of the files, name of the report, what its rows are by.
REPORTS = (
    ("sla", "sla", "hoster"),
    ("sla-by-site", "sla", "site"),
    ("migration", "migration", ""),
    ("partners", "partners", ""),
    ("backlog", "backlog", ""),
)
_AT_ONCE = 2


async def write_texts(config: Path, output: Path, item: str) -> str:
    """Have every report and the whole story of one item printed, and keep them; give the story."""
    commands = {name: ("report", report, *(("--by", by) if by else ())) for name, report, by in REPORTS}
    commands["item"] = ("show", item)
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def write(name: str, arguments: Sequence[str]) -> str:
        async with at_once:
            done = await must(ntd(config, *arguments))
        (output / f"{name}.txt").write_text(done.out, encoding="utf-8")
        return done.out

    texts = await asyncio.gather(*(write(name, arguments) for name, arguments in commands.items()))
    return texts[-1]


def write_documents(output: Path, documents: Mapping[str, Any]) -> None:
    """Keep reports and a story as JSON."""
    for name, document in documents.items():
        (output / f"{name}.json").write_text(json.dumps(document, indent=2), encoding="utf-8")


def write_rows(
    output: Path, world: World, found: Mapping[str, list[Mismatch]], others: list[Mismatch], states: Mapping[str, str]
) -> None:
    """Keep how every row of the table ended."""
    rows: list[dict[str, Any]] = [
        {
            "url": item.url,
            "site": story.site,
            "tells": item.tells,
            "expected": asdict(item.ending),
            "state": states.get(item.url),
            "mismatches": [str(one) for one in found.get(item.url, [])],
        }
        for story in world.stories
        for item in story.items
    ]
    document = {"rows": rows, "others": [str(one) for one in others]}
    (output / "scenarios.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    lines = [
        f"{'  ' if not row['mismatches'] else '! '}{row['state'] or 'missing':<12} {row['url']}\n    {row['tells']}"
        for row in rows
    ]
    lines += [f"    ! {one}" for row in rows for one in row["mismatches"]] + [f"    ! {one}" for one in others]
    (output / "scenarios.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_ledger(output: Path, ledger: Mapping[str, Any], mails: Path) -> None:
    """Keep what the lab received, and the first notice as it arrived."""
    (output / "ledger.json").write_text(json.dumps(ledger, indent=1), encoding="utf-8")
    letters = sorted(mails.glob("*.eml"))
    if letters:
        (output / "notice.eml").write_bytes(letters[0].read_bytes())
