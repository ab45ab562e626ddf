"""What a demo leaves in its folder: the reports as text and JSON, one item's story, a real notice, the ledger."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ntd.lab.processes import must, ntd
from ntd.lab.verify import Mismatch
from ntd.lab.world import World

#: Name of the file → arguments of the command that writes it, in the order in which they are shown.
REPORTS = {
    "sla": ("report", "sla", "--by", "hoster"),
    "sla-by-site": ("report", "sla", "--by", "site"),
    "migration": ("report", "migration"),
    "partners": ("report", "partners"),
    "backlog": ("report", "backlog"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The reports as documents, and one item's story as people read it."""

    documents: dict[str, dict[str, Any]]
    story: str


async def write_reports(config: Path, output: Path, item: str) -> Reports:
    """Have every report printed, and the whole story of one item; keep both forms in `output`."""
    commands = {**REPORTS, "item": ("show", item)}
    documents, texts = {}, {}
    for name, arguments in commands.items():
        text, document = await asyncio.gather(must(ntd(config, *arguments)), must(ntd(config, *arguments, "--json")))
        (output / f"{name}.txt").write_text(text.out, encoding="utf-8")
        (output / f"{name}.json").write_text(document.out, encoding="utf-8")
        documents[name], texts[name] = json.loads(document.out), text.out
    return Reports(documents=documents, story=texts["item"])


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
