"""The mailbox over IMAP, against a server on loopback: TLS, bounds, and a server that goes away at any word."""

import asyncio
import ssl
from typing import Any

import pytest
import trustme
from pydantic import SecretStr, ValidationError

from notifiers.imap import Mailbox, Patience, Refusal, _folder, _quoted
from schemas.errors import Misconfigured, Unreachable
from schemas.settings import Inbox
from tests.fakes.imap_server import ImapServer

MAIL = b"Subject: x\r\n\r\nhello\r\n"
SHORT = Patience(connect_s=2, command_s=2, leave_s=0.2)


def settings(server: ImapServer, **changes: Any) -> Inbox:
    """Say where the server is."""
    facts: dict[str, Any] = {"imap_host": "127.0.0.1", "imap_port": server.port, "tls": "none", "username": server.user}
    return Inbox(**(facts | {"password": SecretStr(server.password)} | changes))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make an authority that issues certificates for loopback."""
    return trustme.CA()


def contexts(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Give the server's and the client's side."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


async def test_messages_are_read_in_part_and_marked() -> None:
    """Read without being marked, bounded; what is marked does not wait any more."""
    async with ImapServer().running() as server:
        first, second = server.put(MAIL), server.put(MAIL * 100)
        async with Mailbox.open(settings(server), patience=SHORT) as mailbox:
            found = await mailbox.waiting(10)
            read = [await mailbox.fetch(uid, 40) for uid in found]
            unread = (set(first.flags), await mailbox.fetch(99, 40))
            await mailbox.mark(first.uid)
            left = await mailbox.waiting(10)

    assert found == [first.uid, second.uid]
    assert read == [MAIL, (MAIL * 100)[:40]]
    assert unread == (set(), None)
    assert (first.flags, left) == ({"NtdTaken"}, [second.uid])
    assert server.commands[-1].startswith("LOGOUT")


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 MOVE", "IMAP4rev1 UIDPLUS", "IMAP4rev1"])
async def test_messages_are_moved_whatever_the_server_can(capabilities: str) -> None:
    """MOVE, else copied, marked as deleted and, where that can be said of one message, removed; the folder is made."""
    async with ImapServer(capabilities=capabilities).running() as server:
        stored = server.put(MAIL)
        async with Mailbox.open(settings(server), patience=SHORT) as mailbox:
            await mailbox.move(stored.uid, "Taken & done")
            left = await mailbox.waiting(10)

    assert [one.content for one in server.folders["Taken &- done"]] == [MAIL]
    assert left == []
    assert bool(server.folders["INBOX"]) == (capabilities == "IMAP4rev1")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_the_connection_is_encrypted_and_the_name_checked(authority: trustme.CA, tls: str) -> None:
    """From the first byte, or from STARTTLS on; a certificate that is not trusted is no connection."""
    server_side, client_side = contexts(authority)
    async with ImapServer(tls=server_side, implicit=tls == "implicit").running() as server:
        server.put(MAIL)
        async with Mailbox.open(settings(server, tls=tls), patience=SHORT, tls=client_side) as mailbox:
            assert await mailbox.fetch(1, 100) == MAIL
        with pytest.raises(Unreachable, match="cannot be reached"):
            async with Mailbox.open(settings(server, tls=tls), patience=SHORT):
                pass


async def test_starttls_is_required_where_it_is_wanted() -> None:
    """Never opportunistic: a server without it is told nothing."""
    async with ImapServer(say_instead={"STARTTLS": b"TAG BAD unknown\r\n"}).running() as server:
        with pytest.raises(Unreachable, match="offers no STARTTLS"):
            async with Mailbox.open(settings(server, tls="starttls"), patience=SHORT):
                pass

    assert server.asked("LOGIN") == 0


async def test_a_name_and_a_password_of_any_letters_sign_in() -> None:
    """Quoted for LOGIN, as they are for AUTHENTICATE PLAIN; a wrong one is the operator's to mend."""
    async with ImapServer(capabilities="IMAP4rev1 AUTH=PLAIN", user="möwe", password="pässword").running() as server:
        async with Mailbox.open(settings(server), patience=SHORT):
            pass
        with pytest.raises(Misconfigured, match="does not let us in"):
            async with Mailbox.open(settings(server, password=SecretStr("wrong")), patience=SHORT):
                pass
    async with ImapServer(user="möwe").running() as server:
        with pytest.raises(Misconfigured, match="in ASCII"):
            async with Mailbox.open(settings(server), patience=SHORT):
                pass


async def test_a_folder_that_cannot_serve_is_named() -> None:
    """Missing, or one that can only be read: what was taken could not be marked."""
    read_only = {"SELECT": b"TAG OK [READ-ONLY] selected\r\n"}
    for folder, facts, fault in (
        ("Nowhere", {}, r"inbox\.folder"),
        ("INBOX", {"say_instead": read_only}, "only be read"),
    ):
        async with ImapServer(**facts).running() as server:  # type: ignore[arg-type]
            with pytest.raises(Misconfigured, match=fault):
                await whole(server, SHORT, folder=folder)


async def test_a_folder_without_keywords_says_so() -> None:
    """Where nothing can be marked, messages are moved or left."""
    async with ImapServer(keywords=False).running() as server:
        server.put(MAIL)
        async with Mailbox.open(settings(server), patience=SHORT) as mailbox:
            assert not mailbox.keeps_words
            with pytest.raises(Refusal):
                await mailbox.mark(1)


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 IDLE", "IMAP4rev1"])
async def test_news_and_a_stop_end_the_wait(capabilities: str) -> None:
    """With IDLE at once; without it when the time is over. A stop ends either."""
    stop = asyncio.Event()
    server = ImapServer(capabilities=capabilities)
    async with asyncio.timeout(5), server.running(), Mailbox.open(settings(server), patience=SHORT) as mailbox:
        asyncio.get_running_loop().call_later(0.05, server.put, MAIL)
        await mailbox.wait(stop, 10 if "IDLE" in capabilities else 0.1)
        found = await mailbox.waiting(10)
        stop.set()
        await mailbox.wait(stop, 10)
        again = await mailbox.waiting(10)

    assert found == again == [1]


async def whole(server: ImapServer, patience: Patience, **changes: Any) -> None:
    """Say every word that there is."""
    async with asyncio.timeout(5), Mailbox.open(settings(server, **changes), patience=patience) as mailbox:
        await mailbox.waiting(1)
        await mailbox.fetch(1, 100)
        await mailbox.mark(1)
        await mailbox.wait(asyncio.Event(), 0.01)
        await mailbox.move(1, "Taken")


@pytest.mark.parametrize(
    "command", ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "UID MOVE", "IDLE", "NOOP"]
)
async def test_a_server_that_goes_away_is_unreachable_at_any_word(command: str) -> None:
    """A closed connection is found out at once, and says where."""
    able = "IMAP4rev1 MOVE" if command == "NOOP" else "IMAP4rev1 MOVE IDLE"
    async with ImapServer(hang_up_before={command}, capabilities=able).running() as server:
        server.put(MAIL)
        with pytest.raises(Unreachable, match=r"inbox\.imap_host"):
            await whole(server, SHORT)


LIES: dict[str, dict[str, Any]] = {
    "a greeting that is none": {"greeting": b"220 smtp.example ready\r\n"},
    "a literal beyond what was asked": {"say_instead": {"UID FETCH": b"* 1 FETCH (BODY[]<0> {99999999}\r\n"}},
    "a line without end": {"say_instead": {"UID FETCH": b"x" * 1_100_000}},
    "words without end": {"say_instead": {"UID FETCH": b"* OK more\r\n" * 10_001}},
    "no answer": {"say_instead": {"UID FETCH": b""}},
    "an idle that is none": {"say_instead": {"IDLE": b"TAG NO\r\n"}},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_server_that_lies_costs_a_connection_and_no_more(lie: str) -> None:
    """Every line, literal and answer has a bound, every wait a deadline."""
    patience = Patience(connect_s=1, command_s=1, leave_s=0.1)
    async with ImapServer(**LIES[lie]).running() as server:
        server.put(MAIL)
        with pytest.raises(Unreachable):
            await whole(server, patience)


def test_names_are_written_as_the_protocol_wants() -> None:
    """Quoted strings, and folders in modified UTF-7."""
    assert _quoted('a"b\\c') == '"a\\"b\\\\c"'
    assert _folder("Entwürfe & mehr/台北") == '"Entw&APw-rfe &- mehr/&U,BTFw-"'


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"imap_host": "mail.example", "tls": "none"}, "over TLS only"),
        ({"imap_host": "mail.example", "username": "a"}, "no password"),
        ({"folder": "INBOX", "done_folder": "INBOX"}, "done_folder is the folder itself"),
    ],
)
def test_a_mailbox_that_cannot_be_safe_stops_the_start(keys: dict[str, str], fault: str) -> None:
    """No password in clear to another machine, none forgotten, no folder moved into itself."""
    with pytest.raises(ValidationError, match=fault):
        Inbox(**keys)  # type: ignore[arg-type]
