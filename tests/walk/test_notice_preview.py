"""`ntd notice preview` shows what would be written of given items."""

from pathlib import Path
from uuid import uuid4

from notifiers.letter import letter
from notifiers.samples import shown
from ntd.gathering import sender
from ntd.letterhead import letterhead
from ntd.store import tellings
from schemas.ids import ItemId
from schemas.notice import Kind
from tests.walk.house import NOON, house, spot

URL = "http://img.one.test/i/1.jpg"


async def test_items_are_shown_as_they_would_be_told(database: str, tmp_path: Path) -> None:
    """By their latest stay: hoster, network and address; an unknown item is absent; nothing is written down."""
    async with house(database, tmp_path) as home:
        home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        (item,) = await home.submit(URL, reference="R-1", reason="On the left.")
        await home.settle()
        before = await home.store.pool.fetchval("SELECT count(*) FROM notice")
        found = await tellings.lines_of(home.store, [ItemId(item), ItemId(uuid4())])
        message = shown(Kind.FIRST, "nl", sender(home.settings), list(found.values()), NOON, NOON)
        text = letter(message, letterhead(home.settings, NOON)).text
        after = await home.store.pool.fetchval("SELECT count(*) FROM notice")

    assert list(found) == [item]
    assert (f"  {URL}" in text.splitlines(), "Hoster: Hoster 64500" in text, "On the left." in text) == (True,) * 3
    assert "AS64500 Hoster 64500, NL" in text
    assert (before, after) == (0, 0)
