"""One item from door to door, and what can happen to it on the way."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from ntd import acts
from ntd.case import Case
from ntd.case import Step as Decided
from ntd.store import cases
from ntd.store.reports import sla
from ntd.store.sql import statement
from schemas.errors import Permanent
from schemas.hosting import Contact
from schemas.ids import ItemId, NoticeId
from schemas.notice import Kind
from schemas.report import ReportQuery
from schemas.settings import Partner, Step
from tests.walk.house import BUSY, DOUBT, DOWN, NOON, REFUSED, TAKEN, UNKNOWN, UP, House, spot

URL = "http://img.one.test/i/1.jpg"
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


async def test_an_item_walks_from_intake_to_closed(home: House) -> None:
    """Looked up, checked, noticed after the window, gone after three rounds, watched, closed."""
    (item,) = await home.submit(URL)
    await home.settle()
    assert await home.state(item) == "routed"
    assert home.post.handed == []

    await home.later(HOUR)
    assert await home.state(item) == "noticed"
    assert [one.to for one in home.post.handed] == ["abuse@one.example"]

    home.pages.at[URL] = DOWN
    await home.later(3 * HOUR, 15 * MINUTE)
    told = await home.show(item)
    assert told["state"] == "gone"
    assert told["clock"]["gone_at"] == told["clock"]["first_down_at"]
    assert len(home.post.handed) == 1

    await home.later(29 * DAY, 12 * HOUR)
    assert await home.state(item) == "closed"


async def test_gone_before_the_first_notice_bothers_nobody(home: House) -> None:
    """What is gone at the first check is confirmed and counted, and no message leaves."""
    home.pages.at[URL] = DOWN
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR, 5 * MINUTE)
    assert await home.state(item) == "gone"
    assert home.post.handed == []


async def test_a_first_check_that_cannot_tell_does_not_stop_the_notice(home: House) -> None:
    """`unknown` is not gone: the first notice goes."""
    home.pages.at[URL] = UNKNOWN
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    assert await home.state(item) == "noticed"


async def test_a_run_that_is_not_confirmed_lets_the_notice_go_in_the_end(home: House) -> None:
    """After twice the time a confirmation takes, the first notice goes all the same."""
    home.pages.at[URL] = DOWN
    (item,) = await home.submit(URL)
    await home.settle()
    home.pages.at[URL] = UNKNOWN
    await home.later(80 * MINUTE, 5 * MINUTE)
    assert home.post.handed == []
    await home.later(20 * MINUTE, 5 * MINUTE)
    assert len(home.post.handed) == 1
    assert await home.state(item) == "noticed"


async def test_reminders_go_daily_and_the_ladder_is_climbed_once(home: House) -> None:
    """One message a day while it is up: reminders, and at 72 h the regulator in place of one."""
    home.rules(regulator={"email": "desk@regulator.example", "plain": True})
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await home.later(6 * DAY - 4 * HOUR, 4 * HOUR)
    kinds = [one.kind.value for one in home.post.handed]
    assert kinds == ["first", "reminder", "reminder", "regulator", "reminder", "reminder"]
    assert len({one.message_id for one in home.post.handed}) == 6
    assert (await home.show(item))["state"] == "noticed"


async def test_no_reminder_without_having_seen_it_up_since(home: House) -> None:
    """While nobody can tell whether it is up, nobody is reminded; when it is seen up, one goes, not all missed."""
    await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    home.pages.at[URL] = UNKNOWN
    await home.later(4 * DAY, 4 * HOUR)
    assert [one.kind.value for one in home.post.handed] == ["first"]
    home.pages.at[URL] = UP
    await home.later(DAY, HOUR)
    assert len(home.post.handed) == 2


async def test_a_refusing_mailbox_leads_to_the_next_contact(home: House) -> None:
    """5xx is permanent: the next contact is told; with none left a human sees it and the hoster is unreachable."""
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example", "noc@one.example"),)
    home.post.does = {"abuse@one.example": [REFUSED], "noc@one.example": [REFUSED]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR, 10 * MINUTE)
    told = await home.show(item)
    assert [one.to for one in home.post.handed] == ["abuse@one.example", "noc@one.example"]
    assert told["state"] == "routed"
    assert told["attention"] == ["refused_mail"]


async def test_a_contact_that_is_known_later_is_told_once_the_others_have_failed(home: House) -> None:
    """Found with the next look at the host; who refused is not told again."""
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
    home.post.does = {"abuse@one.example": [REFUSED]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR, 10 * MINUTE)
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example", "desk@one.example"),)
    await home.later(25 * HOUR, HOUR)
    told = await home.show(item)

    assert [(one.to, one.kind.value) for one in home.post.handed] == [
        ("abuse@one.example", "first"),
        ("desk@one.example", "first"),
    ]
    assert told["state"] == "noticed"


async def test_that_nobody_could_be_reached_stays_known(home: House) -> None:
    """Whoever takes it in the end starts the clock; a report of a moment before still says unreachable."""
    home.post.does = {"abuse@one.example": [REFUSED]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR, 10 * MINUTE)
    before, after = home.now, home.now + HOUR
    async with home.store.transaction() as connection:
        held = await cases.lock(connection, [ItemId(item)])
        case = held[ItemId(item)]
        stays = tuple(replace(one, failed_at=None, noticed_at=after, clock_at=after) for one in case.stays)
        step = Case(item=case.item, stays=stays)
        await cases.settle(connection, home.store, home.settings, held, [Decided(case=step)], by="x", now=after)
    then, since = [await sla(home.store, ReportQuery(as_of=at), after + HOUR) for at in (before, after)]

    assert [(one["total"]["unreachable"], one["total"]["open"]) for one in (then, since)] == [(1, 0), (0, 1)]


async def test_a_busy_relay_is_tried_again_with_the_same_message(home: House) -> None:
    """4xx: the same bytes with the same Message-ID later, and accepted once."""
    home.post.does = {"abuse@one.example": [BUSY, BUSY, TAKEN]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR, 5 * MINUTE)
    assert len(home.post.handed) == 3
    assert len({(one.message_id, one.content) for one in home.post.handed}) == 1
    told = await home.show(item)
    assert [one["state"] for one in told["notices"]] == ["accepted"]
    assert [one["outcome"] for one in told["notices"][0]["attempts"]] == ["temporary", "temporary", "accepted"]


async def test_a_pause_beyond_giving_up_is_not_waited_for(home: House) -> None:
    """Who asks to be left alone for a month is asked a last time when it is given up; then the next contact is told."""
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example", "noc@one.example"),)
    home.post.does = {"abuse@one.example": [replace(BUSY, retry_after=30 * DAY)]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(5 * DAY + 8 * HOUR, 4 * HOUR)
    told = await home.show(item)

    assert [one.to for one in home.post.handed] == ["abuse@one.example"] * 2 + ["noc@one.example"]
    assert sorted(one["state"] for one in told["notices"]) == ["accepted", "failed", "superseded"]


async def test_who_asks_for_no_pause_at_all_is_left_alone_in_the_end(home: House) -> None:
    """Retry-After: 0 is taken at its word ten times; then our own pauses double, as without one."""
    home.post.does = {"abuse@one.example": [replace(BUSY, retry_after=timedelta(0))]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await home.later(40 * MINUTE, MINUTE)

    assert len((await home.show(item))["notices"][0]["attempts"]) == 10 + len((1, 2, 4, 8, 16))


async def test_nobody_takes_it_for_an_hour_and_it_is_written_anew(home: House) -> None:
    """A notice that stays untaken is superseded: new id, new deadline, and the old one never goes again."""
    home.post.does = {"abuse@one.example": [BUSY]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(4 * HOUR, 15 * MINUTE)
    states = [one["state"] for one in (await home.show(item))["notices"]]
    assert states.count("superseded") >= 1
    assert len(states) - states.count("superseded") == 1


async def test_doubt_offers_the_same_bytes_and_is_never_written_anew(home: House) -> None:
    """After a lost answer the same message is offered until it is taken, however long that lasts."""
    home.post.does = {"abuse@one.example": [DOUBT, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, TAKEN]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(10 * HOUR, 20 * MINUTE)
    assert len({(one.message_id, one.content) for one in home.post.handed}) == 1
    assert [one["state"] for one in (await home.show(item))["notices"]] == ["accepted"]


async def test_a_return_begins_a_new_spell(home: House) -> None:
    """Seen up after gone: back to work, told again a day after the last message at the earliest, in a new stay."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    home.pages.at[URL] = DOWN
    await home.later(3 * HOUR, 15 * MINUTE)
    assert await home.state(item) == "gone"
    home.pages.at[URL] = UP
    await home.later(30 * HOUR, HOUR)
    told = await home.show(item)
    assert told["state"] == "noticed"
    assert [one.kind.value for one in home.post.handed][:2] == ["first", "first"]
    assert home.post.handed[0].message_id != home.post.handed[1].message_id
    assert home.post.handed[0].message_id.encode() in home.post.handed[1].content


async def test_what_a_person_calls_gone_is_what_stands_there_now(home: House) -> None:
    """Another picture than the first one is up: once a person has said that it is gone, that one is denied."""
    (item,) = await home.submit(URL)
    await home.settle()
    home.pages.bodies[URL] = "bb"
    await home.later(2 * HOUR)
    await acts.gone(home.store, home.settings, [ItemId(item)], reason="a cat", by="anna", now=home.now)
    (known,) = await home.store.pool.fetch("SELECT first_sha256, first_denied, state FROM item")

    assert tuple(known) == (bytes.fromhex("bb" * 32), True, "gone")


async def test_a_move_is_confirmed_by_two_looks_and_told_to_the_new_hoster(home: House) -> None:
    """The old stay ends relocated, a new one begins, its hoster is told; checks never stop."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    home.names.at["img.one.test"] = (spot(64600, "NL", "198.51.100.1", "abuse@two.example"),)
    await home.later(3 * HOUR, 5 * MINUTE)
    told = await home.show(item)
    assert [one.to for one in home.post.handed] == ["abuse@one.example", "abuse@two.example"]
    assert [one["kind"] for one in told["relocations"]] == ["hoster"]
    assert told["state"] == "noticed"


async def test_what_comes_back_elsewhere_leaves_no_stay_where_it_was(home: House) -> None:
    """Two hosters without it, one with it: three stays and no more, and no move has ended one."""
    where = "img.one.test"
    home.names.at[where] = (*home.names.at[where], spot(64600, "NL", "198.51.100.1", "abuse@two.example"))
    home.pages.at[URL] = DOWN
    (item,) = await home.submit(URL)
    await home.later(3 * HOUR, 15 * MINUTE)
    await home.later(20 * HOUR, 6 * HOUR)
    assert await home.state(item) == "gone"

    home.names.at[where] = (spot(64700, "NL", "203.0.113.1", "abuse@three.example"),)
    home.pages.at[URL] = UP
    await home.later(HOUR)
    await home.later(2 * HOUR, 10 * MINUTE)
    told = await home.show(item)
    figures = await sla(home.store, ReportQuery(), home.now)

    assert [one.to for one in home.post.handed] == ["abuse@three.example"]
    assert [(one["key"], one["items"], one["relocated"], one["measured"]) for one in figures["rows"]] == [
        ("Hoster 64500", 1, 0, 0),
        ("Hoster 64600", 1, 0, 0),
        ("Hoster 64700", 1, 0, 1),
    ]
    assert {(one["kind"], one["items"]) for one in told["relocations"]} == {("hoster", 0)}
    assert told["state"] == "noticed"


async def test_what_was_tried_to_say_of_a_stay_that_never_was_is_kept(home: House) -> None:
    """It goes to the stay that takes its time over: shown as before, and what was in doubt is offered again."""
    home.names.at["img.one.test"] += (spot(64600, "NL", "198.51.100.1", "abuse@two.example"),)
    home.post.does = {"abuse@two.example": [DOUBT, TAKEN]}
    (item,) = await home.submit(URL)
    await home.settle()
    home.clock.at[0] += HOUR
    await home.settle()
    async with home.store.transaction() as connection:
        held = await cases.lock(connection, [ItemId(item)])
        case = held[ItemId(item)]
        never, heir = sorted(case.stays, key=lambda one: one.noticed_at is not None)
        step = Decided(case=replace(case, stays=(heir,)), never_were=((never.id, heir.id),))
        await cases.settle(connection, home.store, home.settings, held, [step], by="x", now=home.now)
    await home.later(HOUR, 10 * MINUTE)
    told, figures = await home.show(item), await sla(home.store, ReportQuery(), home.now)

    assert {(one["to"], one["state"]) for one in told["notices"]} == {
        ("abuse@one.example", "accepted"),
        ("abuse@two.example", "accepted"),
    }
    assert len(home.post.handed) == 3
    assert (figures["total"]["items"], figures["total"]["measured"]) == (1, 1)


async def test_what_is_taken_in_between_a_move_and_its_confirmation_begins_where_it_is_found(home: House) -> None:
    """It never stood where the host was thought to be: one stay, from receipt, and no move has ended another."""
    (other,) = await home.submit("http://img.one.test/i/2.jpg")
    await home.settle()
    home.names.at["img.one.test"] = (spot(64600, "NL", "198.51.100.1", "abuse@two.example"),)
    await home.later(DAY)
    home.clock.at[0] += timedelta(seconds=1)
    (item,) = await home.submit(URL)
    received = home.now
    await home.later(2 * HOUR, 5 * MINUTE)
    told, moved = await home.show(item), await home.show(other)
    figures = await sla(home.store, ReportQuery(begin=received), home.now)

    assert [(one["key"], one["items"], one["measured"]) for one in figures["rows"]] == [("Hoster 64600", 1, 1)]
    assert (told["relocations"], [one["items"] for one in moved["relocations"]]) == ([], [1])


async def test_every_hoster_behind_a_name_is_told_and_gone_needs_all(home: House) -> None:
    """Two addresses at two hosters are two stays with a run each."""
    home.names.at["img.one.test"] = (
        spot(64500, "NL", "192.0.2.1", "abuse@one.example"),
        spot(64600, "NL", "198.51.100.1", "abuse@two.example"),
    )
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    assert sorted(one.to for one in home.post.handed) == ["abuse@one.example", "abuse@two.example"]
    home.pages.by_address[URL, "192.0.2.1"] = DOWN
    await home.later(5 * HOUR, 15 * MINUTE)
    assert await home.state(item) == "noticed"
    home.pages.by_address[URL, "198.51.100.1"] = DOWN
    await home.later(5 * HOUR, 15 * MINUTE)
    assert await home.state(item) == "gone"


async def test_held_items_are_silent_until_released(home: House) -> None:
    """On hold nothing goes out and nothing is probed; released, the item walks on."""
    (item,) = await home.submit(URL, hold=True)
    await home.settle()
    await home.later(DAY, HOUR)
    assert (await home.state(item), home.post.handed, home.pages.asked) == ("held", [], [])
    await acts.release(home.store, home.settings, [ItemId(item)], reason="done", by="analyst", now=home.now)
    await home.settle()
    await home.later(2 * HOUR, 10 * MINUTE)
    assert await home.state(item) == "noticed"
    assert (await home.show(item))["clock"]["held_s"] == DAY.total_seconds()


async def test_a_withdrawal_for_error_tells_who_was_told(home: House) -> None:
    """The recipient hears the item id, and nothing else follows."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await acts.withdraw(
        home.store, home.settings, [ItemId(item)], because="error", reason="slip", by="analyst", now=home.now
    )
    await home.later(3 * DAY, 6 * HOUR)
    assert [one.kind.value for one in home.post.handed] == ["first", "withdrawal"]
    assert str(item).encode() in home.post.handed[1].content
    assert URL.encode() not in home.post.handed[1].content
    assert await home.state(item) == "withdrawn"


async def test_a_withdrawal_goes_the_way_the_notice_went(home: House) -> None:
    """A hoster told over its API hears of the withdrawal there: one document that names the items, and no URL."""
    api = Contact(channel="api", address="https://api.one.example/v1", source="rule", rule="as64500")
    home.names.at["img.one.test"] = (replace(home.names.at["img.one.test"][0], contacts=(api,)),)
    items = await home.submit(URL, f"{URL}2")
    await home.settle()
    await home.later(HOUR)
    reports = len(home.post.handed)
    await acts.withdraw(
        home.store, home.settings, [ItemId(one) for one in items], because="error", reason="slip", by="x", now=home.now
    )
    await home.later(HOUR)

    (withdrawal,) = home.post.handed[reports:]
    document = json.loads(withdrawal.content)
    assert (reports, withdrawal.kind.value, withdrawal.channel.value) == (2, "withdrawal", "api")
    assert (withdrawal.to, document["schema"]) == (api.address, "ntd/withdrawal/1")
    assert {one["item"] for one in document["items"]} == {str(item) for item in items}
    assert URL.encode() not in withdrawal.content


async def test_what_was_only_told_in_a_dry_run_waits_for_resume(home: House) -> None:
    """Switched off, its acceptances are void; resumed, it is told for real."""
    home.rules(notices={"dry_run": True})
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    assert await home.state(item) == "noticed"
    home.rules(notices={"dry_run": False})
    await home.settle()
    told = await home.show(item)
    assert (told["state"], told["attention"]) == ("routed", ["dry_run"])
    await acts.resume(home.store, home.settings, [ItemId(item)], reason="live", by="analyst", now=home.now)
    await home.later(2 * HOUR, 10 * MINUTE)
    assert await home.state(item) == "noticed"
    assert (await home.show(item))["attention"] == []


async def test_nothing_follows_from_what_only_a_dry_run_accepted(home: House) -> None:
    """A partner that never heard a word was not silent: nobody is told in its stead before a human says so."""
    partner = Partner(code="md", countries=["MD"], email="desk@md.example", plain=True)
    home.settings = home.settings.model_copy(update={"partner": [partner]})
    home.rules(notices={"dry_run": True})
    home.names.at["img.one.test"] = (spot(64510, "MD", "192.0.2.1", "abuse@md-hoster.example"),)
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(70 * HOUR, HOUR)
    pretended = len(home.post.handed)
    home.rules(notices={"dry_run": False})
    await home.later(5 * HOUR, 5 * HOUR)
    told = await home.show(item)

    assert home.post.handed[pretended:] == []
    assert (told["state"], told["attention"]) == ("routed", ["dry_run"])


async def test_a_name_that_never_existed_is_untraceable_until_it_does(home: House) -> None:
    """No place at all: tried again, never lost, and told when it appears."""
    (item,) = await home.submit("http://nowhere.test/x.jpg")
    await home.settle()
    assert await home.state(item) == "untraceable"
    home.names.at["nowhere.test"] = (spot(64500, "NL", "192.0.2.9", "abuse@one.example"),)
    await home.later(4 * HOUR, 5 * MINUTE)
    assert await home.state(item) == "noticed"


async def test_who_could_not_be_told_is_told_when_a_contact_appears(home: House) -> None:
    """Without a contact it stands in attention; a later look finds one, and the notice goes."""
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1"),)
    (item,) = await home.submit(URL)
    await home.settle()
    told = await home.show(item)
    assert (told["state"], told["attention"]) == ("routed", ["no_contact"])
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
    await home.later(26 * HOUR, HOUR)
    told = await home.show(item)
    assert (told["state"], told["attention"]) == ("noticed", [])


async def test_a_hoster_that_joins_is_told_and_nobody_twice(home: House) -> None:
    """A second hoster behind the name opens a further stay once two looks showed it."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    home.names.at["img.one.test"] += (spot(64600, "NL", "198.51.100.1", "abuse@two.example"),)
    await home.later(3 * HOUR, 5 * MINUTE)
    assert [one.to for one in home.post.handed] == ["abuse@one.example", "abuse@two.example"]
    told = await home.show(item)
    assert (len(told["hosters"]), told["relocations"]) == (2, [])


async def test_one_of_two_hosters_that_brings_it_back_is_told_again(home: House) -> None:
    """Gone at one hoster, up at the other: when the first shows it again, its new stay is told, the other's runs on."""
    home.names.at["img.one.test"] += (spot(64600, "NL", "198.51.100.1", "abuse@two.example"),)
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    home.pages.by_address[URL, "192.0.2.1"] = DOWN
    await home.later(5 * HOUR, 15 * MINUTE)
    del home.pages.by_address[URL, "192.0.2.1"]
    await home.later(19 * HOUR + 30 * MINUTE, HOUR)
    firsts = [one.to for one in home.post.handed if one.kind.value == "first"]
    assert sorted(firsts) == ["abuse@one.example", "abuse@one.example", "abuse@two.example"]
    assert await home.state(item) == "noticed"


async def test_a_step_without_a_contact_is_skipped_and_the_next_is_climbed(home: House) -> None:
    """Upstream is told the domain and a count, never the URL; a registrar nobody knows is skipped, on record."""
    steps = [Step(after=2 * DAY, to="registrar"), Step(after=2 * DAY, to="upstream")]
    home.rules(sla={"escalation": steps})
    home.names.ladder = {"upstream": "abuse@transit.example"}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await home.later(3 * DAY - 4 * HOUR, 4 * HOUR)
    sent = [(one.kind.value, one.to) for one in home.post.handed if one.kind.value not in {"first", "reminder"}]
    assert sent == [("upstream", "abuse@transit.example")]
    assert URL.encode() not in home.post.handed[-1].content
    assert [one["event"] for one in (await home.show(item))["history"]].count("step_skipped") == 1


async def test_a_silent_partner_is_reminded_then_a_human_is_asked_then_the_hoster_is_told(home: House) -> None:
    """After `acknowledge` one reminder, after as long again attention, after `patience` the hoster directly."""
    partner = Partner(code="md", countries=["MD"], email="desk@md.example", plain=True)
    home.settings = home.settings.model_copy(update={"partner": [partner]})
    home.names.at["img.one.test"] = (spot(64510, "MD", "192.0.2.1", "abuse@md-hoster.example"),)
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(40 * HOUR, HOUR)
    told = await home.show(item)
    assert [(one.kind.value, one.to) for one in home.post.handed] == [
        ("forward", "desk@md.example"),
        ("reminder", "desk@md.example"),
    ]
    assert (told["state"], told["attention"]) == ("forwarded", [])
    assert [stay["reminders"] for stay in told["stays"]] == [1]
    await home.later(10 * HOUR, HOUR)
    assert (await home.show(item))["attention"] == ["partner_silent"]
    await home.later(26 * HOUR, HOUR)
    assert [one.to for one in home.post.handed][2:] == ["abuse@md-hoster.example"]
    assert await home.state(item) == "noticed"


async def test_one_message_at_a_time(home: House) -> None:
    """While a reminder waits at a busy relay, the step of the ladder waits for what becomes of it, and a day more."""
    home.rules(regulator={"email": "desk@regulator.example", "plain": True})
    home.post.does = {"abuse@one.example": [TAKEN, TAKEN, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, TAKEN]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await home.later(6 * DAY, 4 * HOUR)
    notices = (await home.show(item))["notices"]
    taken = sorted(datetime.fromisoformat(one["accepted_at"]) for one in notices if one["accepted_at"])
    assert len(taken) >= 4
    assert min(later - earlier for earlier, later in pairwise(taken)) >= DAY
    assert [one["kind"] for one in notices].count("regulator") == 1


async def test_a_web_form_is_a_task_for_a_human(home: House) -> None:
    """The text lies ready in attention, nothing is mailed elsewhere, and `done` starts the clock."""
    form = Contact(channel="form", address="https://form.example/abuse", source="config", rule="[[hoster]]")
    mail = Contact(channel="mail", address="old@one.example", source="network file", rule="abuse_email")
    located = spot(64500, "NL", "192.0.2.1")
    home.names.at["img.one.test"] = (replace(located, contacts=(form, mail)),)
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(DAY, HOUR)
    told = await home.show(item)
    (notice,) = told["notices"]
    assert (told["state"], told["attention"], home.post.handed) == ("routed", ["form_to_fill"], [])
    assert (notice["channel"], notice["state"], notice["to"]) == ("form", "waiting", "https://form.example/abuse")
    text = await acts.form_text(home.store, NoticeId(UUID(notice["id"])))
    assert URL in text.splitlines()[[URL in line for line in text.splitlines()].index(True)]

    mine = NoticeId(UUID(notice["id"]))
    await acts.form_done(home.store, home.settings, mine, reference="T-4711", by="analyst", now=home.now)
    told = await home.show(item)
    assert (told["state"], told["attention"]) == ("noticed", [])
    assert told["notices"][0]["attempts"][0]["by"] == "form"
    with pytest.raises(Permanent, match="nothing was changed"):
        await acts.form_done(home.store, home.settings, mine, reference="T-4712", by="analyst", now=home.now)


async def test_what_a_rule_leaves_to_a_human_is_let_go_by_release(home: House) -> None:
    """An address never written to waits for an analyst; the analyst's release tells it, and only then."""
    home.rules(routing={"new_contact": "hold"})
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR, 30 * MINUTE)
    told = await home.show(item)
    assert (told["state"], told["attention"], home.post.handed) == ("routed", ["new_contact"], [])
    await acts.release(home.store, home.settings, [ItemId(item)], reason="seen", by="analyst", now=home.now)
    await home.later(2 * HOUR, 30 * MINUTE)
    told = await home.show(item)
    assert (told["state"], told["attention"]) == ("noticed", [])
    assert [one["event"] for one in told["history"]].count("released") == 1


async def test_a_url_that_leads_to_another_site_asks_a_human_and_tells_nobody_of_it(home: House) -> None:
    """Its own hoster is told of the URL that was confirmed; the target's never; a new target holds reminders back."""
    home.names.at["far.test"] = (spot(64510, "NL", "192.0.2.77", "abuse@far.example"),)
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR)
    told = await home.show(item)
    assert (told["state"], told["attention"]) == ("noticed", [])

    home.pages.leads[URL] = "http://img.far.test/other"
    await home.later(3 * DAY, HOUR)
    told = await home.show(item)
    assert "new_target" in told["attention"]
    assert (told["checks"]["last"]["verdict"], told["checks"]["last"]["reason"]) == ("changed", "new_target")
    lines = [line["detail"] for line in told["history"] if line["event"] == "new_target"]
    assert lines == [{"site": "far.test", "url": "http://img.far.test/other"}]
    assert {one.to for one in home.post.handed} == {"abuse@one.example"}
    assert len(home.post.handed) == 1

    await acts.up(home.store, home.settings, [ItemId(item)], by="analyst", reason="the same pictures", now=home.now)
    await home.later(2 * DAY, HOUR)
    told = await home.show(item)
    assert (told["attention"], told["checks"]["last"]["verdict"]) == ([], "up")
    assert {one.to for one in home.post.handed} == {"abuse@one.example"}
    assert len(home.post.handed) > 1


async def test_a_mailbox_that_refused_is_told_last_everywhere_with_its_history(home: House) -> None:
    """Another host with the same desk begins with the next contact; a month later the desk is tried again."""
    home.post.does["abuse@bad.example"] = [REFUSED]
    for name in ("one", "two", "far"):
        home.names.at[f"img.{name}.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@bad.example", "noc@good.example"),)
    await home.submit(URL)
    await home.settle()
    await home.later(2 * HOUR, HOUR)
    assert [one.to for one in home.post.handed] == ["abuse@bad.example", "noc@good.example"]

    (second,) = await home.submit("http://img.two.test/2.jpg")
    await home.settle()
    await home.later(2 * HOUR, HOUR)
    told = await home.show(second)
    assert [one.to for one in home.post.handed][2:] == ["noc@good.example"]
    assert told["hosting"]["contact"]["address"] == "noc@good.example"
    assert [one["doubt"] for one in told["hosters"][0]["contacts"]] == [None, f"refused on {NOON.date()}"]

    home.clock.at[0] += 31 * DAY
    home.post.handed.clear()
    (third,) = await home.submit("http://img.far.test/3.jpg")
    await home.settle()
    assert (await home.show(third))["hosting"]["contact"]["address"] == "abuse@bad.example"


async def test_a_relay_that_takes_a_message_proves_nothing_after_a_bounce(home: House) -> None:
    """Only who answers, or takes it himself, has his old place back; refusals and bounces in a row are counted."""
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    (row,) = await home.store.pool.fetch("SELECT id, health FROM recipient")
    assert row["health"] == "good"

    async def hear(health: str) -> tuple[str, int]:
        await home.store.pool.execute(statement("notices.health"), [row["id"]], [health], [home.now])
        (known,) = await home.store.pool.fetch("SELECT health, failures FROM recipient")
        return known["health"], known["failures"]

    assert await hear("bounced") == ("bounced", 1)
    await home.later(2 * DAY, HOUR)
    assert len(home.post.handed) > 1
    told = await home.show(item)
    assert told["hosting"]["contact"]["doubt"] == f"bounced on {(NOON + HOUR).date()}"
    assert await hear("failed") == ("failed", 2)
    assert await hear("taken") == ("good", 0)
    assert await hear("bounced") == ("bounced", 1)
    assert await hear("taken") == ("bounced", 1)
    assert await hear("good") == ("good", 0)


async def test_the_ladder_climbs_to_the_transit_provider_of_the_as(home: House) -> None:
    """By the configured file; while a registry does not answer the step waits, and is not skipped."""
    steps = [Step(after=2 * DAY, to="upstream")]
    home.rules(sla={"escalation": steps}, geo={"upstreams": "as-rel.txt"})
    home.names.providers = {64500: [None, None, "abuse@transit.example", ""]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await home.later(3 * DAY, 3 * HOUR)
    told = await home.show(item)

    assert [one.kind.value for one in home.post.handed] == ["first", "reminder", "upstream"]
    letter = home.post.handed[-1]
    assert letter.to == "abuse@transit.example"
    assert URL not in letter.content.decode()
    assert home.names.providers[64500] == [""]
    assert "step_skipped" not in [one["event"] for one in told["history"]]


async def test_each_hoster_of_an_item_has_its_own_upstream(home: House) -> None:
    """Two networks behind one name: the provider of the one can do nothing about the other."""
    two = [spot(64500, "NL", "192.0.2.1", "abuse@one.example"), spot(64501, "NL", "198.51.100.1", "abuse@two.example")]
    home.names.at["img.one.test"] = tuple(two)
    home.rules(sla={"escalation": [Step(after=2 * DAY, to="upstream")]}, geo={"upstreams": "as-rel.txt"})
    home.names.providers = {64500: ["noc@north.example"] * 9, 64501: ["noc@south.example"] * 9}
    await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await home.later(4 * DAY, 4 * HOUR)
    told = [one.to for one in home.post.handed if one.kind is Kind.UPSTREAM]

    assert sorted(told) == ["noc@north.example", "noc@south.example"]


async def test_upstream_of_a_front_is_nobody(home: House) -> None:
    """A carrier of the front can do nothing about what stands behind it: the step is skipped, and recorded."""
    home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@front.example", front="Shield"),)
    home.rules(sla={"escalation": [Step(after=2 * DAY, to="upstream")]}, geo={"upstreams": "as-rel.txt"})
    home.names.providers = {64500: ["abuse@transit.example"]}
    (item,) = await home.submit(URL)
    await home.settle()
    await home.later(HOUR)
    await home.later(3 * DAY, 6 * HOUR)
    told = await home.show(item)

    assert {one.kind.value for one in home.post.handed} == {"front", "reminder"}
    assert [one["event"] for one in told["history"]].count("step_skipped") == 1
