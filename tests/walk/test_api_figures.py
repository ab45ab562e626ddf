"""What the daemon says of itself, and reports, sites and relocations over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ntd.metrics import Looks
from ntd.store import daemons
from schemas.ids import uuid7
from tests.fakes.api_door import Street, street
from tests.walk.house import DOWN, spot

HOUR = timedelta(hours=1)


@pytest.fixture
async def door(database: str, tmp_path: Path) -> AsyncIterator[Street]:
    """Open a door behind which one host lives at a Dutch hoster."""
    async with street(database, tmp_path) as opened:
        opened.home.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        yield opened


async def figures(door: Street) -> dict[tuple[str, ...], float]:
    """Read the figures by name and label values."""
    text = (await door.get("/metrics", None)).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_alive_says_nothing_else(door: Street) -> None:
    """The process answers: that is all."""
    reply = await door.get("/healthz", None)
    assert (reply.status, reply.json) == (200, {"alive": True})


async def test_ready_is_the_database_and_every_loop(door: Street) -> None:
    """A loop that has not finished a turn for two minutes is named, and the daemon is not ready."""
    door.pulse.beat("check", door.home.now)
    assert (await door.get("/readyz", None)).json["ready"] is True
    door.home.clock.at[0] += timedelta(minutes=2)
    door.pulse.beat("send", door.home.now)
    assert (await door.get("/readyz", None)).status == 200
    door.home.clock.at[0] += timedelta(seconds=1)
    stuck = await door.get("/readyz", None)
    assert (stuck.status, stuck.json["stuck"], stuck.json["database"]) == (503, ["check"], True)
    assert stuck.headers["Content-Type"] == "application/problem+json"
    await door.home.store.pool.close()
    away = await door.get("/readyz", None)
    assert (away.status, away.json["database"]) == (503, False)


async def test_ready_is_to_see_something(door: Street) -> None:
    """While no vantage reaches its canaries the daemon is not ready, says which are void, and how late looks begin."""
    looks = door.pulse.looks = Looks(void={"far": True, "near": False})
    for late_s in (0.0, 1.0, 1.1, 7200.0):
        looks.begun(late_s)
    one_void = await door.get("/readyz", None)
    looks.blind, looks.void = True, {"far": True, "near": True}
    blind = await door.get("/readyz", None)
    counted = await figures(door)

    assert (one_void.status, one_void.json["void"], one_void.json["blind"]) == (200, ["far"], False)
    assert (blind.status, blind.json["void"], blind.json["blind"]) == (503, ["far", "near"], True)
    assert (counted["ntd_blind",], counted["ntd_vantage_void", "near"]) == (1, 1)
    assert [counted["ntd_check_lateness_seconds_bucket", limit] for limit in ("1", "5", "+Inf")] == [2, 3, 4]
    assert counted["ntd_check_lateness_seconds_sum",] == 7202.1


async def test_a_daemon_that_does_not_look_knows_who_does(door: Street) -> None:
    """Where other daemons look, readiness says whether all of them are blind."""
    store, now = door.home.store, door.home.now
    one, other = uuid7(now), uuid7(now + HOUR)
    for daemon in (one, other):
        await daemons.beat(store, daemon, ["check"], None, now, now)
    await daemons.see(store, one, blind=True)
    some = await door.get("/readyz", None)
    await daemons.see(store, other, blind=True)
    none = await door.get("/readyz", None)

    assert (some.status, none.status, none.json["blind"]) == (200, 503, True)


async def test_figures_count_what_there_is(door: Street) -> None:
    """Items, notices, checks and lateness; every state is there, with 0 where there is none."""
    await door.home.submit(*(f"http://img.one.test/{number}" for number in range(3)), "http://img.lost.test/1")
    await door.home.settle()
    await door.home.later(HOUR)
    door.home.pages.at["http://img.one.test/0"] = DOWN
    await door.home.later(2 * HOUR, timedelta(minutes=15))
    door.pulse.beat("check", door.home.now)
    door.pulse.fault("send")
    counted = await figures(door)

    assert [counted["ntd_items", state] for state in ("noticed", "gone", "untraceable", "held")] == [2, 1, 1, 0]
    assert (counted["ntd_notices", "accepted"], counted["ntd_notices", "failed"]) == (1, 0)
    assert counted["ntd_forwards", "accepted"] == 0
    assert (counted["ntd_items_last_verdict", "up"], counted["ntd_items_last_verdict", "gone"]) == (2, 1)
    assert counted["ntd_checks_total",] == len(door.home.pages.asked)
    assert (counted["ntd_database_up",], counted["ntd_loop_idle_seconds", "check"]) == (1, 0)
    assert (counted["ntd_loop_turns_total", "check"], counted["ntd_loop_faults_total", "send"]) == (1, 1)
    assert counted["ntd_due", "check"] == 0

    door.home.clock.at[0] += 2 * HOUR
    late = await figures(door)
    assert late["ntd_due", "check"] == 2
    assert late["ntd_lateness_seconds", "check"] > 3600


async def test_figures_name_nobody(door: Street) -> None:
    """No URL, host, address or mailbox stands in a metric."""
    await door.home.submit("http://img.one.test/secret")
    await door.home.settle()
    await door.home.later(HOUR)
    text = (await door.get("/metrics", None)).text
    assert not [word for word in ("one.test", "secret", "192.0.2.1", "abuse@", "Hoster") if word in text]


async def test_figures_are_counted_once_in_a_while(door: Street) -> None:
    """Whoever asks twice within fifteen seconds is told the same: a million items are not counted for each."""
    await door.home.submit("http://img.one.test/1")
    assert (await figures(door))["ntd_items", "received"] == 1
    await door.home.submit("http://img.one.test/2")
    assert (await figures(door))["ntd_items", "received"] == 1
    door.home.clock.at[0] += timedelta(seconds=15)
    assert (await figures(door))["ntd_items", "received"] == 2


async def test_figures_of_the_process_are_told_without_a_database(door: Street) -> None:
    """An operator sees that it is away, and what the loops do meanwhile."""
    door.pulse.beat("check", door.home.now)
    await door.home.store.pool.close()
    counted = await figures(door)
    assert (counted["ntd_database_up",], counted["ntd_loop_turns_total", "check"]) == (0, 1)
    assert not [key for key in counted if key[0] == "ntd_items"]


async def test_without_a_database_everything_else_is_a_problem(door: Street) -> None:
    """503 with Retry-After, as JSON or, behind an answer link, as a page."""
    token = {"Authorization": f"Bearer {await door.token('operator')}"}
    await door.home.store.pool.close()
    reply = await door.get("/api/v1/items", None, headers=token)
    page = await door.get("/h/AAAAAAAAAAAAAAAAAAAAAA", None)
    assert (reply.status, reply.json["title"]) == (503, "Service Unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert (page.status, "try again" in page.text) == (503, True)


async def test_each_report_is_served(door: Street) -> None:
    """By its name, with its parameters; another name or parameter is refused."""
    await door.home.submit("http://img.one.test/1")
    await door.home.settle()
    await door.home.later(HOUR)
    for name in ("sla", "migration", "backlog", "partners"):
        reply = await door.get(f"/api/v1/reports/{name}", "policy")
        assert (reply.status, reply.json["report"]) == (200, name)
    sla = (await door.get("/api/v1/reports/sla?by=country&from=2026-11-01&to=2026-12-01", "policy")).json
    assert [(row["key"], row["items"], row["measured"]) for row in sla["rows"]] == [("NL", 1, 1)]
    assert sla["from"] == "2026-11-01T00:00:00Z"
    assert (await door.get("/api/v1/reports/tomorrow", "policy")).status == 404
    assert (await door.get("/api/v1/reports/sla?by=hat", "policy")).status == 422
    assert (await door.get("/api/v1/reports/sla?until=2026-12-01", "policy")).status == 422
    assert (await door.get("/api/v1/reports/sla?from=2026-13-01", "policy")).status == 422
    assert (await door.get("/api/v1/reports/sla?from=2026-12-01&to=2026-12-01", "policy")).status == 422


async def test_sites_and_their_moves_are_served(door: Street) -> None:
    """Sites with where they stand, moves in the order in which they became known; both page."""
    home = door.home
    home.names.at["img.two.test"] = (spot(64501, "NL", "192.0.2.129", "abuse@two.example"),)
    await home.submit("http://img.one.test/1", "http://img.one.test/2", "http://img.two.test/1")
    await home.settle()
    home.names.at["img.one.test"] = (spot(64510, "MD", "198.51.100.1", "abuse@md.example"),)
    await home.later(14 * HOUR, HOUR)

    first = (await door.get("/api/v1/sites?limit=1", "policy")).json
    second = (await door.get(f"/api/v1/sites?limit=1&cursor={first['next']}", "policy")).json
    assert second["next"] is None
    sites = {site["site"]: site for page in (first, second) for site in page["sites"]}
    assert {name: (site["items"], site["open"]) for name, site in sites.items()} == {
        "one.test": (2, 2),
        "two.test": (1, 1),
    }
    assert [one["country"] for one in sites["one.test"]["hosters"]] == ["MD"]
    (move,) = (await door.get("/api/v1/relocations", "policy")).json["relocations"]
    assert (move["site"], move["kind"], move["items"]) == ("one.test", "country", 2)
    assert (move["from"]["country"], move["to"]["hoster"]) == ("NL", "Hoster 64510")
    assert (await door.get("/api/v1/relocations?site=two.test", "policy")).json["relocations"] == []
    assert (await door.get("/api/v1/relocations?since=2026-12-01", "policy")).json["relocations"] == []
    assert (await door.get("/api/v1/sites?watched=true", "policy")).json["sites"] == []
    assert (await door.get("/api/v1/sites?watched=perhaps", "policy")).status == 422
