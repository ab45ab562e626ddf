"""What stands behind a front: learnt by hand, told with its own notice and clock, seen through the public name."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ntd import acts
from ntd.cli.app import run
from ntd.store import origins, site_pages, watching
from ntd.walk.look_up import LookUp
from schemas.errors import NotFound, Refused
from schemas.exchange import LinkAnswer
from schemas.ids import ItemId, uuid7
from schemas.settings import Monitor, Partner, Settings
from tests.walk.house import DOWN, House, house, spot

URL = "http://img.hidden.test/i/1.jpg"
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
FRONT = spot(64510, "US", "192.0.2.1", "abuse@front.example", front="Cloudshield")
SHOWN = spot(64500, "NL", "198.51.100.7", "abuse@own.example")
#: Addresses for documentation are nobody's server: here they play the public ones.
RULES = Settings(monitor=Monitor(allow=[ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24")]))


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which a host of a site stands behind a front."""
    async with house(database, tmp_path, RULES) as opened:
        opened.names.at["img.hidden.test"] = (FRONT,)
        opened.names.behind["198.51.100.7"] = SHOWN
        yield opened


async def learn(home: House, site: str, address: str = "198.51.100.7") -> None:
    """Say where the machine stands, and let the house do what follows."""
    named = watching.named(site)
    await origins.learn(
        home.store, home.settings, named, address, by="analyst", source="a telephone call", now=home.now
    )
    await home.later(timedelta(seconds=1))


async def forget(home: House, site: str, address: str = "198.51.100.7") -> None:
    """Say that it stands there no more."""
    await origins.forget(home.store, home.settings, watching.named(site), address, by="analyst", now=home.now)
    await home.settle()


def told(home: House) -> list[tuple[str, str]]:
    """Give who was told, and why."""
    return [(one.kind.value, one.to) for one in home.post.handed]


async def fronted(home: House, *urls: str) -> list[UUID]:
    """Have items told to the front."""
    items = await home.submit(*(urls or (URL,)))
    await home.settle()
    await home.later(HOUR)
    return items


async def stays(home: House, item: UUID) -> dict[str, dict[str, Any]]:
    """Give the stays of an item by the name of the hoster, the latest of each."""
    return {one["hoster"]: one for one in (await home.show(item))["stays"]}


async def test_a_front_is_told_and_an_origin_gets_its_own_notice_and_clock(home: House) -> None:
    """Kind front first, without a clock; once the origin is learnt its hoster is told first, and its clock runs."""
    (item,) = await fronted(home)
    before = await home.show(item)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    after = await home.show(item)

    assert (before["state"], before["attention"]) == ("noticed", ["front_only"])
    assert before["clock"]["first_accepted_at"] is None
    assert told(home) == [("front", "abuse@front.example"), ("first", "abuse@own.example")]
    assert (after["state"], after["attention"]) == ("noticed", [])
    assert after["clock"]["first_accepted_at"] is not None
    assert [(one["hoster"], one["origin"], one["addresses"]) for one in after["hosters"]] == [
        ("Hoster 64510", False, ["192.0.2.1"]),
        ("Hoster 64500", True, ["198.51.100.7"]),
    ]
    assert (after["hosting"]["ip"], after["hosting"]["front"]) == ("192.0.2.1", "Cloudshield")
    assert after["hosting"]["addresses"] == ["192.0.2.1"]
    learnt = next(one for one in after["history"] if (one["detail"] or {}).get("origin"))
    assert (learnt["event"], learnt["detail"]["hosting"]["ip"]) == ("resolved", "198.51.100.7")
    clocks = {name: stay["clock_at"] for name, stay in (await stays(home, item)).items()}
    assert clocks["Hoster 64510"] is None
    assert clocks["Hoster 64500"] is not None


async def test_the_origins_hoster_learns_its_address_and_the_front(home: House) -> None:
    """The URL leads elsewhere: the notice says on which machine it stands, and behind what."""
    await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    letter = home.post.handed[-1].content.decode()

    assert URL in letter
    assert "198.51.100.7" in letter
    assert "Cloudshield" in letter


async def test_checks_go_to_the_public_name_and_count_for_both(home: House) -> None:
    """What is gone through the front is gone from the machine behind it: both stays end, and the item with them."""
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    home.pages.at[URL] = DOWN
    await home.later(3 * HOUR, 15 * MINUTE)
    shown = await home.show(item)

    assert shown["state"] == "gone"
    assert {stay["gone_at"] for stay in (await stays(home, item)).values()} == {shown["clock"]["gone_at"]}
    assert {one["address"] for one in shown["checks"]["last"]["observations"]} == {"192.0.2.1"}


async def test_after_a_return_front_and_origin_are_both_told_again(home: House) -> None:
    """A return begins a new spell at every place where it stands, what is behind the front included."""
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    home.pages.at[URL] = DOWN
    await home.later(3 * HOUR, 15 * MINUTE)
    del home.pages.at[URL]
    await home.later(2 * DAY, 6 * HOUR)

    assert await home.state(item) == "noticed"
    kinds = told(home)
    assert kinds.count(("front", "abuse@front.example")) == 2
    assert kinds.count(("first", "abuse@own.example")) == 2


async def test_said_again_or_by_two_nothing_is_sent_twice(home: House) -> None:
    """The same origin learnt again is the same origin."""
    await fronted(home)
    await learn(home, "hidden.test")
    await learn(home, "hidden.test")
    await home.later(3 * HOUR, HOUR)
    await learn(home, "hidden.test")
    await home.later(3 * HOUR, HOUR)

    assert told(home).count(("first", "abuse@own.example")) == 1


async def test_an_origin_taken_back_ends_its_stay_and_waiting_notices(home: House) -> None:
    """Told or not: the stay ends, nobody is told any more, and only the front is known again."""
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(MINUTE)
    await forget(home, "hidden.test")
    await home.later(3 * HOUR, HOUR)
    shown = await home.show(item)

    assert told(home) == [("front", "abuse@front.example")]
    assert shown["attention"] == ["front_only"]
    assert [one["hoster"] for one in shown["hosters"]] == ["Hoster 64510"]
    assert (await stays(home, item))["Hoster 64500"]["ended_by"] == "relocated"
    assert shown["relocations"] == []
    with pytest.raises(NotFound):
        await forget(home, "hidden.test")


async def test_an_origin_is_of_its_fronted_hosts_or_of_one_host(home: House) -> None:
    """Said of the site it counts for each host behind a front; said of a host, for that host alone."""
    urls = [URL, "http://two.hidden.test/2", "http://www.hidden.test/3"]
    home.names.at["two.hidden.test"] = (FRONT,)
    home.names.at["www.hidden.test"] = (spot(64502, "NL", "192.0.2.9", "abuse@two.example"),)
    one, two, direct = await fronted(home, *urls)
    await learn(home, "http://two.hidden.test/whatever")
    await home.later(HOUR)
    alone = [len((await home.show(item))["hosters"]) for item in (one, two, direct)]
    await learn(home, "hidden.test")
    await home.later(HOUR)
    both = [len((await home.show(item))["hosters"]) for item in (one, two, direct)]

    assert alone == [1, 2, 1]
    assert both == [2, 2, 1]


async def test_an_origin_abroad_goes_to_the_partner_of_its_country(home: House) -> None:
    """The front's country says nothing; the origin's decides, and the forward says where the machine is."""
    partner = Partner(code="md", countries=["MD"], name="Siguronline", email="desk@md.example", plain=True)
    home.settings = home.settings.model_copy(update={"partner": [partner]})
    home.names.behind["198.51.100.7"] = spot(64501, "MD", "198.51.100.7", "abuse@far.example")
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    shown = await home.show(item)

    assert told(home) == [("front", "abuse@front.example"), ("forward", "desk@md.example")]
    (forward,) = shown["forwards"]
    assert (forward["partner"], forward["state"]) == ("md", "accepted")
    assert b"198.51.100.7" in home.post.handed[-1].content
    assert b"Cloudshield" in home.post.handed[-1].content


async def test_the_fronts_own_hoster_may_have_the_machine(home: House) -> None:
    """One place, told as a front and then as the hoster it turns out to be: its clock begins with the second notice."""
    home.names.behind["198.51.100.7"] = spot(64510, "US", "198.51.100.7", "hosting@front.example")
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    shown = await home.show(item)
    await forget(home, "hidden.test")
    await home.later(2 * DAY, 12 * HOUR)

    assert told(home)[:2] == [("front", "abuse@front.example"), ("first", "abuse@front.example")]
    assert len(shown["stays"]) == len(shown["hosters"]) == 1
    assert shown["attention"] == []
    assert shown["clock"]["first_accepted_at"] is not None
    assert [kind for kind, _ in told(home)].count("front") == 1


async def test_a_name_that_leads_to_its_origin_moves_nothing(home: House) -> None:
    """The front is left, its stay ends; that at the origin goes on with its clock, and nobody is told anew."""
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    clock = (await stays(home, item))["Hoster 64500"]["clock_at"]
    home.names.at["img.hidden.test"] = (SHOWN,)
    await home.later(DAY, 2 * HOUR)
    shown = await home.show(item)
    now = await stays(home, item)

    assert [one["kind"] for one in shown["relocations"]] == ["unfronted"]
    assert now["Hoster 64510"]["ended_by"] == "relocated"
    assert (now["Hoster 64500"]["ended_at"], now["Hoster 64500"]["clock_at"]) == (None, clock)
    assert [one["origin"] for one in shown["hosters"]] == [False]
    assert [kind for kind, _ in told(home)].count("first") == 1

    home.names.at["img.hidden.test"] = (FRONT,)
    await home.later(2 * DAY, 2 * HOUR)
    back = await stays(home, item)
    assert (back["Hoster 64500"]["ended_at"], back["Hoster 64500"]["clock_at"]) == (None, clock)
    assert [kind for kind, _ in told(home)].count("first") == 1


async def test_a_site_that_left_its_front_for_elsewhere_has_its_origin_learnt_anew(home: House) -> None:
    """What stood behind the front of then is a guess about the front of now."""
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    home.names.at["img.hidden.test"] = (spot(64503, "NL", "192.0.2.50", "abuse@third.example"),)
    await home.later(DAY, 2 * HOUR)
    left = [one["hoster"] for one in (await home.show(item))["hosters"]]
    home.names.at["img.hidden.test"] = (FRONT,)
    await home.later(2 * DAY, 2 * HOUR)
    again = [one["hoster"] for one in (await home.show(item))["hosters"]]
    await learn(home, "hidden.test")

    assert left == ["Hoster 64503"]
    assert again == ["Hoster 64510"]
    assert len((await home.show(item))["hosters"]) == 2


async def test_an_origin_that_cannot_be_located_just_now_stays_where_it_was(home: House) -> None:
    """A registry that does not answer is no move."""
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    home.names.behind.clear()
    await home.later(2 * DAY, 12 * HOUR)
    shown = await home.show(item)

    assert [one["hoster"] for one in shown["hosters"]] == ["Hoster 64510", "Hoster 64500"]
    assert (await stays(home, item))["Hoster 64500"]["ended_at"] is None


async def test_a_front_behind_a_front_is_nobodys_hoster(home: House) -> None:
    """An address of another front hides as much as the first: it is listed with its name, and nobody is told first."""
    home.names.behind["198.51.100.7"] = replace(
        SHOWN, place=replace(SHOWN.place, front="Other shield"), contacts=SHOWN.contacts
    )
    (item,) = await fronted(home)
    await learn(home, "hidden.test")
    await home.later(HOUR)
    (site,) = await listed(home)

    assert told(home) == [("front", "abuse@front.example")]
    assert (await home.show(item))["attention"] == ["front_only"]
    assert [(one["address"], one["front"]) for one in site["origins"]] == [("198.51.100.7", "Other shield")]


async def listed(home: House) -> list[dict[str, Any]]:
    """Give the sites as the list and the API do."""
    page = await site_pages.sites(home.store, watched=None, label=None, limit=10, after=None)
    return list(page["sites"])


async def test_an_address_named_in_an_answer_waits_for_an_analyst(home: House) -> None:
    """Whoever answers may name the origin: it is listed for a person, and nothing follows from it by itself."""
    (item,) = await fronted(home)
    (link,) = set(re.findall(rb"/h/([A-Za-z0-9_-]{22})", home.post.handed[-1].content.replace(b"=\r\n", b"")))
    note = "The server is 198.51.100.7 (not 10.0.0.1, 300.1.2.3 or 2001:db8::1), call +31 20 1.2.3.4.5"
    await acts.link_answered(
        home.store, home.settings, link.decode(), [ItemId(item)], LinkAnswer.PASSED_ON, note, home.now
    )
    await home.later(2 * HOUR, HOUR)
    hints = await origins.named_in_answers(home.store, home.settings, watching.named("hidden.test"))

    assert [(one["address"], one["by"], one["item"]) for one in hints] == [("198.51.100.7", "link", str(item))]
    assert told(home) == [("front", "abuse@front.example")]
    assert "unread_answer" in (await home.show(item))["attention"]
    await acts.origin(
        home.store, home.settings, watching.named("hidden.test"), "198.51.100.7", by="op", source=None, now=home.now
    )
    story = await home.show(item)
    assert "unread_answer" not in story["attention"]
    assert [one["detail"]["reason"] for one in story["history"] if one["event"] == "seen"] == [
        "the origin that it names is known"
    ]


@pytest.mark.parametrize(
    ("site", "address", "fault", "words"),
    [
        ("hidden.test", "10.0.0.1", Refused, "not public"),
        ("hidden.test", "server.example", Refused, "no IP address"),
        ("unknown.test", "198.51.100.7", NotFound, "no item and no followed site"),
        ("other.hidden.test", "198.51.100.7", NotFound, "this host of it is not"),
    ],
)
async def test_what_cannot_be_an_origin_is_refused_in_a_sentence(
    home: House, site: str, address: str, fault: type[Exception], words: str
) -> None:
    """No address, no public address, a site or a host that we do not know."""
    await fronted(home)

    with pytest.raises(fault, match=words):
        await learn(home, site, address)


async def test_an_origin_learnt_while_the_host_is_being_looked_up_is_not_forgotten(home: House) -> None:
    """The look that knew nothing of it is thrown away when it ends, and another has followed at once."""
    (item,) = await fronted(home)
    await home.later(timedelta(hours=12))
    line = LookUp(home.store, home.settings, home.names, home.clock, uuid7(home.now))  # type: ignore[arg-type]
    async with home.store.transaction() as connection:
        await connection.execute("UPDATE host SET look_due_at = $1", home.now)
    jobs = await line.claim(home.now, 10)
    seen = [await line.do(job) for job in jobs]
    await learn(home, "hidden.test")
    await line.settle(seen, home.now)
    await home.settle()

    assert [job.origins for job in jobs] == [()]
    assert len((await home.show(item))["hosters"]) == 2


@pytest.fixture
def keyboard(database: str, tmp_path: Path) -> Path:
    """Give the configuration of a database in which one site stands behind a front."""

    async def fill() -> None:
        async with house(database, tmp_path, RULES) as opened:
            opened.names.at["img.hidden.test"] = (FRONT,)
            await fronted(opened)

    asyncio.run(fill())
    config = tmp_path / "ntd.toml"
    config.write_text(
        f'[database]\nurl = "{database}"\n[security]\nkey_file = "ntd.key"\n[monitor]\nallow = ["198.51.100.0/24"]\n'
    )
    return config


def test_origins_are_learnt_listed_and_taken_back_from_the_keyboard(
    keyboard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ntd site origin SITE ADDRESS`, --remove, and in `ntd site list`; without ADDRESS, what answers named."""
    at = ["--config", str(keyboard)]
    learnt = run(["site", "origin", "hidden.test", "198.51.100.7", "--source", "the front's answer", *at])
    assert run(["site", "list", "--all", "--json", *at]) == 0
    (site,) = json.loads(capsys.readouterr().out)["sites"]
    codes = [
        run(["site", "origin", "hidden.test", *at]),
        run(["site", "origin", "hidden.test", "198.51.100.7", "--remove", *at]),
        run(["site", "origin", "hidden.test", "198.51.100.7", "--remove", *at]),
        run(["site", "origin", "hidden.test", "nowhere", *at]),
    ]
    capsys.readouterr()
    assert run(["site", "list", "--all", "--json", *at]) == 0
    (after,) = json.loads(capsys.readouterr().out)["sites"]

    assert learnt == 0
    (origin,) = site["origins"]
    assert ip_address(origin["address"]) == ip_address("198.51.100.7")
    assert (origin["source"], origin["host"], origin["hoster"]) == ("the front's answer", None, None)
    assert codes == [0, 0, 4, 2]
    assert after["origins"] == []
