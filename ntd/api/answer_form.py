"""What comes back from the page behind an answer link, read and judged. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

from schemas.errors import Refused
from schemas.exchange import Asked, LinkAnswer
from schemas.ids import ItemId

#: The longest note that is taken, in characters.
NOTE_LIMIT: Final = 2000
#: Says "all items of this notice"; items named beside it win, so that a tick left standing widens nothing.
ALL: Final = "all"
#: Ten thousand items are the most that a notice may hold.
_FIELDS: Final = 10_100


class Missing(StrEnum):
    """What is wrong with an answer."""

    ITEM = "item names no item of this notice; write its id, or all"
    ANSWER = "answer is none of removed, passed_on, not_ours, disputed"
    NOTE = f"note is longer than {NOTE_LIMIT} characters"


class Incomplete(Refused):
    """An answer that cannot be recorded as it is."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.value)
        self.missing = missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What came, not yet judged."""

    items: frozenset[str]
    answer: str
    note: str


def of_form(body: bytes) -> Given:
    """Read an urlencoded form; Refused when it is none of ours."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as fault:
        raise Refused("this is not a form of ours") from fault
    last = dict(fields)
    return Given(
        items=frozenset(value for name, value in fields if name == "item"),
        answer=last.get("answer", ""),
        note=_lines(last.get("note", "")),
    )


def of_json(body: bytes) -> Given:
    """Read `{"item": id | [ids] | "all", "answer": …, "note": …}`; Refused when it is anything else."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused("this is not JSON") from None
    if not isinstance(document, Mapping):
        raise Refused("an answer is a JSON object with item, answer and note")
    items = document.get("item", [])
    items = [items] if isinstance(items, str) else items
    texts = (document.get("answer", ""), document.get("note") or "")
    if not isinstance(items, list) or not all(isinstance(one, str) for one in (*items, *texts)):
        raise Refused("item is an id or a list of ids, answer and note are texts")
    return Given(items=frozenset(items), answer=texts[0], note=_lines(texts[1]))


def _lines(note: str) -> str:
    """Write line ends as one character: a browser sends two (HTML, section 4.10.21), and its limit counts one."""
    return note.replace("\r\n", "\n").strip()


def meant(asked: Asked, given: Given) -> tuple[LinkAnswer, list[ItemId]]:
    """Say which answer is meant for which items; Incomplete names what is missing, and then nothing is recorded."""
    known = {str(item): item for item, _ in asked.items}
    named = given.items - {ALL}
    items = [_known(known, name) for name in sorted(named)] if named else list(known.values())
    if not given.items:
        raise Incomplete(Missing.ITEM)
    try:
        answer = LinkAnswer(given.answer)
    except ValueError:
        raise Incomplete(Missing.ANSWER) from None
    if len(given.note) > NOTE_LIMIT:
        raise Incomplete(Missing.NOTE)
    return answer, items


def _known(known: Mapping[str, ItemId], name: str) -> ItemId:
    try:
        return known[str(UUID(name))]
    except (KeyError, ValueError):
        raise Incomplete(Missing.ITEM) from None
