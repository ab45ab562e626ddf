"""Vantages: what a proxy is asked, when a vantage is void, and what several see together."""

import asyncio
from datetime import timedelta
from typing import Literal
from uuid import UUID

import pytest

from monitor.look import Looker
from schemas.check import Round, Sight, Verdict
from schemas.hosting import NameFate
from schemas.settings import Monitor, Vantage
from schemas.url import parse_url
from tests.fakes.monitor_proxy import proxying
from tests.fakes.monitor_web import NOW, NameBook, answer, look, loopback, picture, serving

#: Vantages begin a twentieth of this after each other.
SOON = timedelta(seconds=1)
KINDS: tuple[Literal["socks5", "http"], ...] = ("socks5", "http")


@pytest.mark.parametrize("kind", KINDS)
async def test_proxy_is_asked_for_the_checked_address(kind: Literal["socks5", "http"]) -> None:
    """A proxy connects to the address that was checked, never to a name, for plain http too."""
    async with serving({"/i/1.jpg": picture("1")}) as web, proxying(kind) as proxy:
        vantage = Vantage(name="far", proxy=proxy.url)
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"vantage": [vantage]})

    assert seen.meaning.verdict is Verdict.UP
    assert set(proxy.asked) == {f"127.0.0.1 {web.port}"}
    assert seen.observations[0].vantage == "far"


@pytest.mark.parametrize("kind", KINDS)
async def test_fault_of_a_proxy_is_unknown(kind: Literal["socks5", "http"]) -> None:
    """What a proxy refuses, and a proxy that is not there, says nothing about the item."""
    async with serving({}) as web, proxying(kind, refuses=True) as proxy:
        url = f"http://img.test:{web.port}/i/1.jpg"
        refused = await look(url, settings={"vantage": [Vantage(name="far", proxy=proxy.url)]})
    absent = await look(url, settings={"vantage": [Vantage(name="far", proxy=f"{kind}://127.0.0.1:1")]})

    assert [one.meaning.reason for one in (refused, absent)] == ["our_fault", "our_fault"]


async def test_presumed_item_is_only_looked_at_directly() -> None:
    """A presumed item is never looked at through a proxy, even where no direct vantage is listed."""
    async with serving({"*": picture("1")}) as web, proxying("socks5") as proxy:
        vantage = Vantage(name="far", proxy=proxy.url)
        url = f"http://img.test:{web.port}/i/1.jpg"
        seen = await look(url, settings={"vantage": [vantage]}, confirmed=False)

    assert seen.meaning.verdict is Verdict.UP
    assert proxy.asked == []


async def test_two_vantages_that_agree() -> None:
    """Two networks that saw it gone are enough."""
    async with serving({}) as web, proxying("http") as proxy:
        vantages = [Vantage(name="near", network="A"), Vantage(name="far", network="B", proxy=proxy.url)]
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"vantage": vantages})

    assert seen.meaning.reason == "status_404"
    assert {one.vantage for one in seen.observations} == {"near", "far"}


async def test_two_vantages_that_disagree_leave_it_up() -> None:
    """What one vantage sees is up, whatever another is told: it may be cloaked."""
    replies = iter([answer("", 404), picture("1")])
    routes = {"/": picture("front")}
    async with serving(lambda path: next(replies) if path == "/g/" else routes["/"]) as web, proxying("http") as proxy:
        vantages = [Vantage(name="near", network="A"), Vantage(name="far", network="B", proxy=proxy.url)]
        seen = await look(f"http://img.test:{web.port}/g/", settings={"vantage": vantages})

    assert (seen.meaning.verdict, seen.meaning.reason) == (Verdict.UP, "vantages_disagree")


async def test_gone_needs_two_networks_where_two_are_configured() -> None:
    """One vantage that cannot look leaves one network, which is not enough."""
    async with serving({}) as web:
        vantages = [Vantage(name="near", network="A"), Vantage(name="far", network="B", proxy="http://127.0.0.1:1")]
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"vantage": vantages})

    assert seen.meaning.reason == "no_quorum"


async def test_onion_without_tor_is_unknown() -> None:
    """An onion service is no business of a vantage that cannot reach it."""
    seen = await look(f"http://{'a' * 56}.onion/i/1.jpg")

    assert seen.meaning.reason == "our_fault"


async def test_onion_is_asked_by_name_through_tor() -> None:
    """Only an onion service is asked by its name, and the resolver never hears of it."""
    host, names = f"{'a' * 56}.onion", NameBook()
    async with proxying("socks5", refuses=True) as tor:
        vantages = [Vantage(name="direct"), Vantage(name="tor", network="tor", proxy=tor.url)]
        await look(f"http://{host}/i/1.jpg", names=names, settings={"vantage": vantages})

    assert tor.asked == [f"{host} 80"]
    assert names.asked == []


# ── canaries ──


async def test_void_vantage_sees_nothing() -> None:
    """While a canary is not up, nothing is looked at and nothing is gone; other statuses than 2xx are not up."""
    async with serving({"/well": answer("", 503)}) as sick, serving({}) as web:
        canaries = [f"http://canary.test:{sick.port}/well"]
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"canaries": canaries})

    assert (seen.meaning.verdict, seen.meaning.reason) == (Verdict.UNKNOWN, "vantage_void")
    assert seen.observations[0].sight is Sight.VOID
    assert web.asked == []


async def test_canary_may_stand_where_no_item_may() -> None:
    """The operator typed the canary, so it may be on an address that is not public."""
    async with serving({"/well": answer("")}, "127.9.0.1") as well, serving({}) as web:
        canaries = [f"http://127.9.0.1:{well.port}/well"]
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"canaries": canaries})

    assert seen.meaning.reason == "status_404"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("<title>ISP</title><h1>Page not found</h1><p>This page was removed.</p>", "vantage_void"),
        ("<title>ISP</title><h1>No credit left</h1><p>Top up and go on.</p>", "vantage_void"),
        ("<title>Up</title><h1>Up</h1><p>All systems are well.</p>", "removal_page"),
    ],
)
async def test_canary_that_shows_what_everything_shows_does_not_sing(said: str, reason: str) -> None:
    """Somebody between us and the servers who answers for all of them is found out by the canary, which is up."""
    gone = "<title>Pics</title><h1>Page not found</h1><p>This page was removed.</p>"
    everything = answer(said if reason == "vantage_void" else gone)
    async with serving(lambda _: everything) as sink, serving({"/well": answer(said)}) as well:
        canaries = [f"http://canary.test:{well.port}/well"]
        seen = await look(f"http://img.test:{sink.port}/i/1.jpg", settings={"canaries": canaries})

    assert seen.meaning.reason == reason
    assert set(well.asked) == {"canary.test/well"}


async def test_proxy_that_begins_to_answer_by_itself_is_no_cloaking() -> None:
    """Before vantages are said to disagree, the canaries of each must have sung just now."""
    routes = {"/i/1.jpg": picture("1"), "/well": answer("")}
    async with serving(routes) as web, serving({}) as bare, proxying("http") as proxy:
        vantages = [Vantage(name="near", network="A"), Vantage(name="far", network="B", proxy=proxy.url)]
        rules = Monitor(vantage=vantages, canaries=[f"http://canary.test:{web.port}/well"], timeout=SOON)
        async with Looker.open(rules, names=NameBook(), public=loopback) as looker:
            url = parse_url(f"http://img.test:{web.port}/i/1.jpg")
            before = await looker.round(url, now=NOW)
            proxy.instead = bare.port
            # The song of a second ago still counts, so this waits until it is older.
            later = asyncio.Event()
            asyncio.get_running_loop().call_later(1.05, later.set)
            await later.wait()
            after = await looker.round(url, now=NOW)

    assert [one.meaning.reason for one in (before, after)] == ["status_2xx", "status_2xx"]
    assert {one.vantage: one.sight for one in after.observations} == {"near": Sight.ANSWERED, "far": Sight.VOID}


async def test_canary_that_fell_silent_stops_gone_at_once() -> None:
    """Canaries are believed for a while, except where it may be gone: then they must have sung just now.

    It may be so by an answer, and by a resolver that denies every name or knows no address of any.
    """
    fates = (None, NameFate.NXDOMAIN, NameFate.NODATA)

    # Side by side: each waits a second.
    seen = await asyncio.gather(*map(_before_and_after_silence, fates))

    assert [[one.meaning.verdict for one in up] for up, _, _ in seen] == [[Verdict.UP] * 5] * 3
    assert [asked for _, asked, _ in seen] == [1, 1, 1]
    assert [gone.meaning.reason for _, _, gone in seen] == ["vantage_void"] * 3


async def _before_and_after_silence(fate: NameFate | None) -> tuple[list[Round], int, Round]:
    """Look five times while the canary sings, and at what may be gone after it fell silent in this way."""
    now, names = {"well": answer("")}, NameBook()
    async with serving(lambda _: now["well"]) as well, serving({"/up/": picture("1")}) as web:
        canaries, loop = [f"http://canary.test:{well.port}/well"], asyncio.get_running_loop()
        async with Looker.open(Monitor(canaries=canaries), names=names, public=loopback) as looker:
            up = [await looker.round(parse_url(f"http://img.test:{web.port}/up/"), now=NOW) for _ in range(5)]
            asked = len(well.asked)
            if fate is None:
                now["well"] = answer("", 500)
            else:
                names.entries |= {"img.test": fate, "canary.test": fate}
            # The song of a second ago still counts, so this waits until it is older.
            later = asyncio.Event()
            loop.call_later(1.05, later.set)
            await later.wait()
            gone = await looker.round(parse_url(f"http://img.test:{web.port}/i/1.jpg"), now=NOW)
    return up, asked, gone


async def test_vantages_are_drawn_and_the_others_look_where_it_is_not_simply_up() -> None:
    """With a seed two of four look; where one of them does not see it up, all do. Without a seed all look."""
    replies = {"/up/": picture("1"), "/gone/": answer("", 404)}
    vantages = [Vantage(name=f"v{n}", network=f"n{n}") for n in range(4)]
    async with (
        serving(lambda path: replies[path]) as web,
        Looker.open(Monitor(vantage=vantages, timeout=SOON), names=NameBook(), public=loopback) as looker,
    ):

        async def who(path: str, hour: int, seed: UUID | None) -> set[str]:
            url = parse_url(f"http://img.test:{web.port}{path}")
            seen = await looker.round(url, now=NOW + timedelta(hours=hour), seed=seed)
            return {one.vantage for one in seen.observations}

        drawn = [await who("/up/", hour, UUID(int=3)) for hour in range(12)]
        gone, every = await who("/gone/", 0, UUID(int=3)), await who("/up/", 0, None)

    assert {len(one) for one in drawn} == {2}
    assert len({tuple(sorted(one)) for one in drawn}) >= 4
    assert (len(gone), len(every)) == (4, 4)


async def test_one_that_still_sees_it_is_always_asked_before_it_is_gone() -> None:
    """Whoever is drawn, a round that two networks see gone is up where a third still sees it."""
    async with serving({"/g/": picture("1")}) as web, serving({}) as bare, proxying("http") as proxy:
        # Two vantages are led to another server by their proxy: the item is gone for them.
        proxy.instead = bare.port
        vantages = [
            Vantage(name="a", network="A", proxy=proxy.url),
            Vantage(name="b", network="B", proxy=proxy.url),
            Vantage(name="c", network="C"),
        ]
        rules = Monitor(vantage=vantages, timeout=SOON)
        async with Looker.open(rules, names=NameBook(), public=loopback) as looker:
            url = parse_url(f"http://img.test:{web.port}/g/")
            seen = [await looker.round(url, now=NOW + timedelta(hours=n), seed=UUID(int=3)) for n in range(8)]

    assert {one.meaning.reason for one in seen} == {"vantages_disagree"}
    assert {len(one.observations) for one in seen} == {3}


async def test_blindness_is_when_no_vantage_reaches_its_canaries() -> None:
    """One vantage that still does is enough to see; those that do not are named."""
    async with serving({"/well": answer("")}) as well:
        vantages = [Vantage(name="near"), Vantage(name="far", proxy="http://127.0.0.1:1")]
        canaries = [f"http://canary.test:{well.port}/well"]
        one = Monitor(vantage=vantages, canaries=canaries)
        none = Monitor(vantage=vantages[1:], canaries=canaries)
        async with Looker.open(one, names=NameBook(), public=loopback) as looker:
            partly = await looker.blind(NOW), looker.void
        async with Looker.open(none, names=NameBook(), public=loopback) as looker:
            wholly = await looker.blind(NOW), looker.void
        async with Looker.open(Monitor(), names=NameBook(), public=loopback) as looker:
            uncounted = await looker.blind(NOW), looker.void

    assert partly == (False, ("far",))
    assert wholly == (True, ("far",))
    assert uncounted == (False, ())
