"""What comes back by mail, and what follows from it: bounces, receipts, tickets, answers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ntd import acts, inbox
from ntd.inbox import Taken
from ntd.store.reports import partners, sla
from schemas.errors import IllegalTransition
from schemas.ids import ItemId
from schemas.incoming import Came, Suggestion
from schemas.report import By, ReportQuery
from schemas.settings import Partner
from tests.fakes.incoming_mail import reply, report
from tests.walk.house import DOWN, UNKNOWN, House, house, spot

URL, OTHER = "http://img.one.test/i/1.jpg", "http://img.one.test/i/2.jpg"
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which one host lives at a Dutch hoster with two contacts."""
    async with house(database, tmp_path) as opened:
        opened.rules(notices={"bounce_address": "bounces+TOKEN@hotline.example"})
        opened.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example", "noc@one.example"),)
        yield opened


@pytest.fixture
async def lonely(home: House) -> House:
    """Leave the hoster one contact."""
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
    return home


async def told(home: House, *urls: str) -> list[UUID]:
    """Take URLs in and have the hoster told."""
    items = await home.submit(*(urls or (URL,)))
    await home.settle()
    await home.later(HOUR)
    return items


async def take(home: House, raw: bytes) -> Taken:
    """Take a message in."""
    return await inbox.take(home.store, home.settings, raw, by="test", now=home.now)


async def first_notice(home: House, item: UUID) -> dict[str, Any]:
    """Give the first notice about an item."""
    notice: dict[str, Any] = (await home.show(item))["notices"][0]
    return notice


async def bounce(home: House, item: UUID, which: int = 0, **facts: Any) -> Taken:
    """Have a notice about an item come back."""
    notice = (await home.show(item))["notices"][which]
    return await take(home, report(notice["message_id"], notice["to"], **facts))


async def figures(home: House, as_of: datetime | None = None) -> dict[str, Any]:
    """Give the total of the removal report."""
    report_ = await sla(home.store, ReportQuery(by=By.HOSTER, as_of=as_of), home.now)
    total: dict[str, Any] = report_["total"]
    return total


async def test_a_bounce_takes_the_acceptance_back_and_the_next_contact_is_told_from_now_on(home: House) -> None:
    """The clock stops, and starts anew with the next contact's acceptance; items to come begin with that contact."""
    (item,) = await told(home)
    await home.later(2 * HOUR)
    taken = await bounce(home, item)
    between = await home.show(item)
    await home.settle()
    after = await home.show(item)
    await home.later(MINUTE)
    (other,) = await told(home, OTHER)

    assert (taken.judged.kind, taken.judged.permanent, taken.judged.status) == (Came.BOUNCE, True, "5.1.1")
    assert taken.judged.items == (item,)
    assert (between["state"], between["attention"]) == ("routed", ["bounced"])
    assert between["clock"]["first_accepted_at"] is None
    assert between["notices"][0]["state"] == "bounced"
    assert between["notices"][0]["bounced_at"] == "2026-11-02T15:00:00Z"
    assert [line["event"] for line in between["history"]][-1] == "bounced"
    assert [(one.to, one.kind.value) for one in home.post.handed[:2]] == [
        ("abuse@one.example", "first"),
        ("noc@one.example", "first"),
    ]
    assert (after["state"], after["clock"]["first_accepted_at"]) == ("noticed", "2026-11-02T15:00:00Z")
    assert after["stays"][0]["clock_at"] == "2026-11-02T15:00:00Z"
    assert [(one["to"], one["kind"]) for one in (await home.show(other))["notices"]] == [("noc@one.example", "first")]


async def test_with_no_contact_left_the_hoster_is_unreachable_not_slow(lonely: House) -> None:
    """No clock runs; a report of a moment before the bounce says what was known then."""
    (item,) = await told(lonely)
    before = lonely.now
    await lonely.later(30 * HOUR)
    await bounce(lonely, item)
    now, then = await figures(lonely), await figures(lonely, before + 2 * HOUR)
    late = await figures(lonely, lonely.now - MINUTE)

    assert (now["unreachable"], now["open"], now["measured"], now["due"]) == (1, 0, 0, 0)
    assert (then["unreachable"], then["open"], then["measured"]) == (0, 1, 1)
    assert (late["measured"], late["due"], late["within"]["24h"]) == (1, 1, 0)
    assert await lonely.state(item) == "routed"
    await lonely.later(2 * DAY, 6 * HOUR)
    assert [one.kind.value for one in lonely.post.handed] == ["first", "reminder"]


async def test_a_bounced_reminder_leaves_the_clock_of_the_first_notice(home: House) -> None:
    """Only the notice that is named is taken back; who is next hears of it for the first time."""
    (item,) = await told(home)
    await home.later(30 * HOUR, 6 * HOUR)
    started = (await home.show(item))["stays"][0]["clock_at"]
    assert (await figures(home))["reminders"] == 1
    await bounce(home, item, 1)
    counted = await figures(home)
    await home.settle()

    assert [(one.to, one.kind.value) for one in home.post.handed][1:] == [
        ("abuse@one.example", "reminder"),
        ("noc@one.example", "first"),
    ]
    assert (await home.show(item))["stays"][0]["clock_at"] == started
    assert (counted["reminders"], counted["measured"]) == (0, 1)
    assert (await figures(home, home.now - MINUTE))["reminders"] == 1


async def test_a_bounce_after_the_content_is_gone_says_that_no_clock_ran(lonely: House) -> None:
    """Gone before notice from the bounce on; gone within a day for every report of before."""
    (item,) = await told(lonely)
    await lonely.later(HOUR)
    lonely.pages.at[URL] = DOWN
    await lonely.later(3 * HOUR, 15 * MINUTE)
    known = lonely.now
    await lonely.later(DAY)
    await bounce(lonely, item)
    now, then = await figures(lonely), await figures(lonely, known)

    assert (now["gone_before_notice"], now["gone"]) == (1, 0)
    assert (then["gone_before_notice"], then["gone"], then["within"]["24h"]) == (0, 1, 1)
    assert await lonely.state(item) == "gone"


async def test_a_bounce_takes_back_the_clock_of_a_stay_that_is_over(home: House) -> None:
    """The item has moved on meanwhile; where it was before nobody was told after all."""
    (item,) = await told(home)
    home.names.at["img.one.test"] = (spot(64501, "NL", "198.51.100.1", "abuse@two.example"),)
    await home.later(18 * HOUR, 6 * HOUR)
    measured = (await figures(home))["measured"]
    await bounce(home, item)
    stays = (await home.show(item))["stays"]

    assert measured == 2
    assert [(one["ended_by"], one["clock_at"] is None) for one in stays] == [("relocated", True), (None, False)]
    assert (await figures(home))["measured"] == 1
    assert (await home.show(item))["state"] == "noticed"


async def test_a_report_acts_only_where_it_proves_what_it_is_about_and_once(home: House) -> None:
    """Our return path, or our Message-ID and the recipient; however the same message came; never for a dry run."""
    (item,) = await told(home)
    notice = await first_notice(home, item)
    verp = f"bounces+{UUID(notice['id']).hex}@hotline.example"
    weak = await take(home, report(notice["message_id"], "stranger@two.example"))
    others = await take(home, report("<7f3a@spammer.example>", "someone@third.example"))
    stranger = await take(home, b"From: Mia <mia@university.example>\nSubject: Hello\n\nMay I ask you something?\n")
    await bounce(home, item, action="delayed", status="4.4.1")
    await bounce(home, item, action="delivered", status="2.0.0")
    arrived = await first_notice(home, item)
    raw = report("<x@relay.example>", "stranger@two.example", at=verp)
    strong, again = await take(home, raw), await take(home, b"Received: from afar\n" + raw.replace(b"\n", b"\r\n"))
    home.rules(notices={"dry_run": True})
    (dry,) = await told(home, OTHER)
    await bounce(home, dry)

    assert (weak.judged.kind, weak.judged.acts, weak.judged.items) == (Came.BOUNCE, False, (item,))
    assert (others.judged.kind, stranger.judged.kind) == (Came.UNRELATED, Came.UNRELATED)
    assert (arrived["state"], arrived["delivered_at"]) == ("accepted", "2026-11-02T13:00:00Z")
    assert [(one["kind"], one["acted"]) for one in arrived["mail"]] == [
        ("bounce", False),
        ("delay", True),
        ("delivered", True),
    ]
    assert (strong.judged.acts, strong.again, again.again) == (True, False, True)
    events = [line["event"] for line in (await home.show(item))["history"]]
    assert (events.count("notice_delayed"), events.count("notice_delivered"), events.count("bounced")) == (1, 1, 1)
    assert (await first_notice(home, dry))["state"] == "accepted"
    assert await home.store.pool.fetchval("SELECT count(*) FROM incoming") == 5


async def test_a_ticket_is_kept_and_quoted_in_the_reminder(lonely: House) -> None:
    """Their system files what carries its number where the first notice lies."""
    (item,) = await told(lonely)
    notice = await first_notice(lonely, item)
    text = "This message has been automatically generated. Your ticket has been assigned an ID of [hoster #482113]."
    taken = await take(lonely, reply(notice["message_id"], text, subject="[hoster #482113] AutoReply: Notice"))
    await lonely.later(30 * HOUR, 6 * HOUR)
    reminder = message_from_bytes(lonely.post.handed[-1].content, policy=default)
    body = reminder.get_body(("plain",))

    assert (taken.judged.kind, taken.judged.ticket and taken.judged.ticket.number) == (Came.AUTO_REPLY, "482113")
    assert lonely.post.handed[-1].kind.value == "reminder"
    assert reminder["Subject"].startswith("[hoster #482113] Herinnering: ")
    assert body is not None
    assert "Your ticket: 482113" in body.get_content()
    kept = await first_notice(lonely, item)
    assert (kept["ticket"], kept["delivered_at"]) == ("482113", "2026-11-02T13:00:00Z")
    assert (await lonely.show(item))["attention"] == []


async def test_an_answer_waits_for_an_analyst_and_has_the_item_looked_at(home: House) -> None:
    """Removed is recorded and looked at at once, never believed; an analyst clears it."""
    one, other = await told(home, URL, OTHER)
    looks = home.pages.asked.count(URL)
    notice = await first_notice(home, one)
    taken = await take(home, reply(notice["message_id"], f"Hello, we have removed {one}.\n\n> Item {other}\n"))
    await home.settle()
    story = await home.show(one)
    (answer,) = story["notices"][0]["answers"]

    assert (taken.judged.kind, taken.judged.suggestion, taken.judged.items) == (
        Came.ANSWER,
        Suggestion.REMOVED,
        (one,),
    )
    assert (answer["by"], answer["action"], answer["note"]) == ("mail", "removed", f"Hello, we have removed {one}.")
    assert answer["from"] == "Abuse Desk <abuse@one.example>"
    assert (story["state"], story["attention"]) == ("noticed", ["unread_answer"])
    assert home.pages.asked.count(URL) == looks + 1
    assert (await home.show(other))["attention"] == []
    await acts.seen(home.store, home.settings, [ItemId(one)], reason="read", by="analyst", now=home.now)
    assert (await home.show(one))["attention"] == []
    with pytest.raises(
        IllegalTransition, match="seen is not possible as nothing that came back waits for it; nothing was changed"
    ):
        await acts.seen(home.store, home.settings, [ItemId(one)], reason="read", by="analyst", now=home.now)


async def test_an_answer_is_bounded_sealed_and_looked_into(home: House) -> None:
    """Items are named by URL too, attachments dropped and noted, whose it is looked up; six looks an hour at most."""
    one, other = await told(home, URL, OTHER)
    message_id = (await first_notice(home, one))["message_id"]
    asked = len(home.names.asked)
    text = "hxxp://img[.]one[.]test/i/2.jpg is not hosted by us, says Rumpelstiltskin."
    attached = reply(message_id, "x").replace(
        b"Content-Type: text/plain; charset=utf-8\n\nx",
        b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="m"\n\n--m\n\nSee attachment.\n\n'
        b"--m\nContent-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\nSEVMTE8gV09STEQ=\n\n--m--",
    )
    named = await take(home, reply(message_id, text))
    await home.later(2 * MINUTE)
    looked_up = len(home.names.asked) > asked
    await take(home, attached)
    home.pages.at[URL] = UNKNOWN
    looks = home.pages.asked.count(URL)
    for n in range(9):
        await take(home, reply(message_id, f"{one} was removed, says number {n}."))
        await home.settle()
    tables = await home.store.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    rows = [str(row) for (name,) in tables for row in await home.store.pool.fetch(f'SELECT t::text FROM "{name}" t')]  # noqa: S608 -- our own tables
    kept = [
        home.store.open("incoming.detail", row["identity_hash"], row["detail"])
        for row in await home.store.pool.fetch("SELECT identity_hash, detail FROM incoming ORDER BY id")
    ]

    assert (named.judged.items, named.judged.suggestion) == ((other,), Suggestion.NOT_OURS)
    assert looked_up
    assert (await home.show(other))["attention"] == ["had_attachment", "unread_answer"]
    assert [one["text"] for one in kept[:2]] == [text, "See attachment."]
    assert "SEVMTE8" not in str(kept)
    assert len(rows) > 20
    assert not [row for row in rows if "Rumpelstiltskin" in row or "Abuse Desk" in row]
    assert home.pages.asked.count(URL) - looks == 5
    assert len((await first_notice(home, one))["answers"]) == 10


async def test_a_partner_who_writes_is_alive_and_one_whose_mail_bounces_is_not(home: House) -> None:
    """An answer by mail is a sign of life; a bounced forward was never forwarded, and a human sees it."""
    partner = Partner(code="md", countries=["MD"], email="desk@md.example", plain=True)
    home.settings = home.settings.model_copy(update={"partner": [partner]})
    home.names.at["img.one.test"] = (spot(64510, "MD", "192.0.2.7", "abuse@foreign.example"),)
    (item,) = await told(home)
    message_id = home.post.handed[0].message_id
    assert await home.state(item) == "forwarded"
    await take(home, reply(message_id, "We received it and will look at it today."))
    counted = (await partners(home.store, ReportQuery(), home.now))["total"]
    await home.later(HOUR)
    await take(home, report(message_id, "desk@md.example"))

    assert (counted["acknowledged"], counted["answered"]) == (1, 1)
    assert (await home.show(item))["attention"] == ["bounced", "unread_answer"]
    assert (await home.show(item))["state"] == "routed"
    assert (await partners(home.store, ReportQuery(), home.now))["total"]["forwarded"] == 0
    before = replace(ReportQuery(), as_of=home.now - MINUTE)
    assert (await partners(home.store, before, home.now))["total"]["forwarded"] == 1
