"""How much of incoming mail is read right, and how fast: the corpus, ten thousand damaged messages, another parser.

`benchmarks/incoming.py [MESSAGES]`. Ends with 1 when a message fails, one takes longer than two seconds, or less than
95 % of any part of the corpus is read right.
"""

import json
import random
import sys
import time
import tomllib
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID

from notifiers.incoming.reading import read
from notifiers.incoming.suggestion import guessed, said
from ntd.incoming import Facts, KnownNotice, as_json, judge
from schemas.ids import ItemId, NoticeId, RecipientId
from schemas.incoming import Ours
from schemas.notice import Kind
from tests.fakes.incoming_file import messages as written

CORPUS = Path(__file__).parents[1] / "tests" / "data" / "inbox"
OURS = Ours(
    domain="hotline.example",
    bounce_address="bounces+TOKEN@hotline.example",
    mailboxes=frozenset({"notices@hotline.example"}),
)
NOTICE = UUID("0193a5b0-1111-7000-8000-000000000001")
ITEMS = tuple(ItemId(UUID(f"0193a5b0-2222-7000-8000-00000000000{n}")) for n in (1, 2))
KNOWN = KnownNotice(
    id=NoticeId(NOTICE), kind=Kind.FIRST, recipient=RecipientId(1), to="abuse@hoster.example", partner=None, items=ITEMS
)
FACTS = Facts(notices={NOTICE: KNOWN}, latest=dict.fromkeys(ITEMS, KNOWN.id))
FIELDS = ("kind", "permanent", "status", "suggestion", "ticket")
STONES = (
    b"\n\n",
    b"--",
    b"=?utf-8?B?",
    b"?=",
    b"\0",
    b"> ",
    b"[#",
    b"(" * 50,
    b" " * 200,
    b"charset=punycode",
    b"\xff",
)
SLOWEST_S, FLOOR = 2.0, 0.95


def share(folder: str) -> float:
    """Give the share of a folder's messages that are read right in every field."""
    expected = json.loads((CORPUS / folder / "expected.json").read_text(encoding="utf-8"))
    right = dict.fromkeys((*FIELDS, "all"), 0)
    for name, meant in expected.items():
        told = as_json(judge(read((CORPUS / folder / name).read_bytes(), OURS), FACTS))
        same = {field: told[field] == meant[field] for field in FIELDS}
        for field, good in (same | {"all": all(same.values())}).items():
            right[field] += good
    figures = ", ".join(f"{field} {count / len(expected):.1%}" for field, count in right.items())
    print(f"{folder}: {len(expected)} messages; {figures}")
    return right["all"] / len(expected)


def travelled() -> float:
    """Give the share of the messages of messages.txt that are read right in every field."""
    right = dict.fromkeys((*FIELDS, "all"), 0)
    whole = list(written())
    for _, raw, meant in whole:
        told = as_json(judge(read(raw, OURS), FACTS))
        same = {field: told[field] in meant[field] for field in FIELDS}
        for field, good in (same | {"all": all(same.values())}).items():
            right[field] += good
    figures = ", ".join(f"{field} {number / len(whole):.1%}" for field, number in right.items())
    print(f"messages.txt: {len(whole)} messages; {figures}")
    return right["all"] / len(whole)


def answers(name: str) -> float:
    """Give the share of short answers that are understood."""
    table = tomllib.loads((CORPUS / name).read_text(encoding="utf-8"))
    meant = [(one, text) for by in table.values() for one, texts in by.items() for text in texts]
    right = sum((said(text) or guessed(text) or "none") == one for one, text in meant)
    print(f"{name}: {len(meant)} in {len(table)} languages; {right / len(meant):.1%}")
    return right / len(meant)


def damaged(raw: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Cut, double and graft."""
    data = bytearray(raw)
    for _ in range(chance.choice([1, 2, 5, 20, 100])):
        at, there = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                del data[at : at + chance.randrange(1, 60)]
            case 1:
                data[at:at] = chance.randbytes(chance.randrange(1, 20))
            case 2:
                data[at:at] = data[there : there + chance.randrange(1, 400)]
            case 3:
                data[at:at] = chance.choice(STONES)
            case _:
                data[at:at] = chance.choice(others)[: chance.randrange(500)]
    return bytes(data)


def main(count: int) -> int:
    """Measure, print, and judge."""
    shares = [share("known"), share("stranger"), travelled(), answers("answers.toml"), answers("colloquial.toml")]
    messages = [file.read_bytes() for file in sorted(CORPUS.rglob("*.eml"))] + [raw for _, raw, _ in written()]
    chance = random.Random(20261122)  # noqa: S311 -- the same damage each time
    slowest, begun = 0.0, time.perf_counter()
    for _ in range(count):
        raw = damaged(chance.choice(messages), messages, chance)
        at = time.perf_counter()
        read(raw, OURS)
        slowest = max(slowest, time.perf_counter() - at)
    each = (time.perf_counter() - begun) / count
    print(f"{count} damaged messages: none fails, {each * 1000:.1f} ms each, {slowest * 1000:.0f} ms at most")
    begun = time.perf_counter()
    for raw in messages:
        for part in message_from_bytes(raw, policy=default).walk():
            if not part.is_multipart():
                part.get_content() if part.get_content_maintype() == "text" else None
    beside = (time.perf_counter() - begun) / len(messages)
    print(f"the standard library's parser alone, undamaged: {beside * 1000:.1f} ms each")
    return int(min(shares) < FLOOR or slowest > SLOWEST_S)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
