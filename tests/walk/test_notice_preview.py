"""`ntd notice preview` shows what would be written of given items."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from notifiers.letter import letter
from notifiers.samples import shown
from ntd.gathering import sender
from ntd.letterhead import letterhead
from ntd.preview import about_what, made_up, message_about
from ntd.store import tellings
from schemas.errors import NotFound
from schemas.ids import ItemId
from schemas.notice import Kind
from schemas.settings import Settings
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


async def test_an_item_is_named_by_its_id_its_url_or_a_notice_about_it(database: str, tmp_path: Path) -> None:
    """In the language, to the mailbox and of the kind that it would have; what is nowhere is not found."""
    async with house(database, tmp_path) as home:
        home.names.at["img.one.test"] = (spot(64500, "DE", "192.0.2.1", "abuse@one.example"),)
        home.rules(notices={"window": timedelta(0)}, routing={"abroad": "notify"})
        (item,) = await home.submit(URL)
        await home.settle()
        notice = await home.store.pool.fetchval("SELECT id FROM notice")
        by_id, by_url, by_notice = [
            await about_what(home.store, [name]) for name in (str(item), f"{URL}#there", str(notice))
        ]
        told = message_about(by_url, home.settings, kind=None, language="", now=NOON)
        police = message_about(by_url, home.settings, kind=Kind.POLICE, language="", now=NOON)
        asked = message_about(by_notice, home.settings, kind=Kind.REMINDER, language="cs", now=NOON)
        with pytest.raises(NotFound, match="there is no item and no notice"):
            await about_what(home.store, [str(uuid4())])

    assert [line.item for line in (*by_id.lines, *by_url.lines, *by_notice.lines)] == [item] * 3
    assert (told.kind, told.language, told.to) == (Kind.FIRST, "de", "abuse@one.example")
    assert (police.kind, police.language, police.to) == (Kind.POLICE, "nl", "abuse@hoster.example")
    assert (asked.kind, asked.language) == (Kind.REMINDER, "cs")


def test_made_up_items_stand_for_any() -> None:
    """Without a database, in the first of our languages."""
    message = message_about(made_up(NOON), Settings(), kind=None, language="", now=NOON)

    assert (message.language, len(message.lines), message.kind) == ("en", 2, Kind.FIRST)
