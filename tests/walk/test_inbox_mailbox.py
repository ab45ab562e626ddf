"""The daemon reads its mailbox: once, whatever happens between reading a message and putting it away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from ntd.cli.trials import mail
from ntd.cli.trials.finding import Health
from ntd.walk.inbox import SHORTEST_PAUSE, Inbox
from schemas.settings import Settings
from tests.fakes.imap_server import ImapServer
from tests.fakes.incoming_mail import reply
from tests.walk.house import House, house, spot

URL = "http://img.one.test/i/1.jpg"
HOUR = timedelta(hours=1)
STRANGER = b"From: Mia <mia@university.example>\nSubject: Hello\n\nMay I ask you something?\n"


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house with one item whose hoster was told."""
    async with house(database, tmp_path) as opened:
        opened.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        await opened.submit(URL)
        await opened.settle()
        await opened.later(HOUR)
        yield opened


def settings(home: House, server: ImapServer, **changes: Any) -> Settings:
    """Say where the mailbox is."""
    facts: dict[str, Any] = {"imap_host": "127.0.0.1", "imap_port": server.port, "tls": "none", "username": server.user}
    inbox = home.settings.inbox.model_copy(update=facts | {"password": SecretStr(server.password)} | changes)
    return home.settings.model_copy(update={"inbox": inbox})


async def story(home: House) -> dict[str, Any]:
    """Tell the story of the only item."""
    item: UUID = await home.store.pool.fetchval("SELECT id FROM item")
    return await home.show(item)


async def test_what_waits_is_taken_once_and_put_away(home: House) -> None:
    """What is ours is moved, what is not stays and is marked; a turn without news waits and ends with a stop."""
    stop = asyncio.Event()
    async with ImapServer().running() as server:
        server.put(reply(home.post.handed[0].message_id, "We have removed it."))
        server.put(STRANGER)
        async with Inbox.open(home.store, settings(home, server, done_folder="Taken"), stop, wait_s=0.05) as inbox:
            worked = [await inbox.turn(home.now) for _ in range(2)]
            stop.set()
            worked.append(await inbox.turn(home.now))

    assert worked == [True, False, False]
    assert (await story(home))["attention"] == ["unread_answer"]
    assert len(server.folders["Taken"]) == 1
    assert [one.flags for one in server.folders["INBOX"]] == [{"NtdTaken"}]


async def test_a_server_that_goes_away_loses_no_message_and_doubles_none(home: House) -> None:
    """Before it is read nothing has happened, after it is taken the second time nothing happens; then a pause."""
    message_id = home.post.handed[0].message_id
    for n, command in enumerate(("UID FETCH", "UID MOVE", "LOGIN", "UID SEARCH"), 1):
        async with ImapServer(hang_up_after={command}).running() as server:
            server.put(reply(message_id, f"Removed, before {command}."))
            config = settings(home, server, done_folder="Taken")
            async with Inbox.open(home.store, config, asyncio.Event(), wait_s=0.05) as inbox:
                first = await inbox.turn(home.now)
                asked = len(server.commands)
                early = await inbox.turn(home.now + SHORTEST_PAUSE / 2)
                waited = len(server.commands) == asked
                server.hang_up_after.clear()
                later = [await inbox.turn(home.now + SHORTEST_PAUSE) for _ in range(2)]

        assert (first, early, waited, later[-1]) == (False, False, True, False), command
        assert server.asked("LOGIN") == 2
        assert len((await story(home))["notices"][0]["answers"]) == n, command
        assert (len(server.folders["INBOX"]), len(server.folders["Taken"])) == (0, 1), command


async def test_the_doctor_says_what_waits_and_what_cannot_be_marked(home: House) -> None:
    """Switched off, it says what is missed; else it signs in and counts, and changes nothing.

    In a folder without keywords, with none to move to, what was taken stays, and costs no second look.
    """
    off = [one async for one in mail.inbox(home.settings)]
    async with ImapServer().running() as server:
        server.put(STRANGER)
        found = [one async for one in mail.inbox(settings(home, server))]
        untouched = server.folders["INBOX"][0].flags
    async with ImapServer(keywords=False).running() as server:
        server.put(reply(home.post.handed[0].message_id, "We have removed it."))
        async with Inbox.open(home.store, settings(home, server), asyncio.Event(), wait_s=0.05) as inbox:
            worked = [await inbox.turn(home.now) for _ in range(3)]
        fetched = server.asked("UID FETCH")
        marked = [one async for one in mail.inbox(settings(home, server))]

    assert [one.health for one in off] == [Health.OFF]
    assert [(one.health, one.detail.partition(": ")[2]) for one in found] == [
        (Health.OK, "messages that wait in INBOX: 1")
    ]
    assert (untouched, worked, fetched) == (set(), [True, False, False], 1)
    assert [one.health for one in marked] == [Health.OK, Health.FAULT]
