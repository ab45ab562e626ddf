"""Which addresses are dialled, how often, and what is kept: real HTTP on loopback."""

import asyncio
import gzip
import json
import pickle
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
import trustme

from monitor.look import Looker
from schemas.check import Baseline, Sight, Verdict
from schemas.hosting import NameFate
from schemas.settings import Monitor
from schemas.url import parse_url
from tests.fakes.monitor_web import MARKER, NOW, NameBook, answer, look, loopback, page, picture, serving, to


def _free_of_marker(seen: object) -> bool:
    return MARKER.encode() not in pickle.dumps(seen) and MARKER not in repr(seen)


@pytest.mark.parametrize(
    "reply",
    [
        picture("1"),
        answer(page(MARKER, MARKER)),
        answer(page("Not found", MARKER), 451),
        answer(MARKER, 404),
        answer(page("Image not found", f"{MARKER}. This image has been removed by {MARKER}.")),
        answer(page("A page", " ".join(f"{MARKER} word{chr(97 + n)}{chr(98 + n)}" for n in range(20)))),
        answer(json.dumps({"error": f"{MARKER} not found"}), kind="application/json"),
        answer(f"{MARKER} was not found", kind="text/plain"),
        answer(f'<meta http-equiv="refresh" content="0;url=#{MARKER}">'),
        answer(gzip.compress(MARKER.encode()), Content_Encoding="gzip", kind="image/png"),
        answer(gzip.compress(MARKER.encode())[:-9], Content_Encoding="gzip", kind="image/png"),
    ],
    ids=["picture", "page", "451", "404", "removal", "words", "json", "text", "refresh", "packed", "broken"],
)
async def test_nothing_of_a_body_is_kept(reply: bytes) -> None:
    """A round holds a hash, a length, a type, a likeness and marks: no byte of what was served."""
    async with serving({"*": reply, "/i/1.jpg": reply}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg")

    assert seen.observations[0].status is not None
    assert _free_of_marker(seen)


async def test_same_body_needs_one_request() -> None:
    """A body equal to the first one is up without asking for a sibling, whatever other names show."""
    async with serving({"*": picture("same")}) as web:
        first = (await look(f"http://img.test:{web.port}/i/1.jpg")).observations[0].body
        assert first is not None
        baseline = Baseline(sha256=first.sha256, length_bytes=first.length_bytes, type=first.type)
        web.asked.clear()
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", baseline=baseline)

    assert (seen.meaning.verdict, seen.meaning.reason) == (Verdict.UP, "same_body")
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (b"y" * 900, Verdict.UP),
        (b"y" * 334, Verdict.UP),
        (b"y" * 333, Verdict.CHANGED),
        (b"y" * 3000, Verdict.UP),
        (b"y" * 3001, Verdict.CHANGED),
        (b"", Verdict.CHANGED),
    ],
)
async def test_drastic_change_of_length(body: bytes, verdict: Verdict) -> None:
    """A body three times shorter or longer than the first one is changed, less is up."""
    baseline = Baseline(sha256="0" * 64, length_bytes=1000, type="image/jpeg")
    async with serving({"/i/1.jpg": answer(body, kind="image/jpeg")}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", baseline=baseline)

    assert seen.meaning.verdict is verdict


async def test_change_of_type() -> None:
    """A page where a picture was is changed; another picture format is not."""
    baseline = Baseline(sha256="0" * 64, length_bytes=1000, type="image/jpeg")
    async with serving(
        {"/a.jpg": answer(page("x", "x " * 450)), "/b.jpg": answer(b"y" * 900, kind="image/webp")}
    ) as web:
        html = await look(f"http://img.test:{web.port}/a.jpg", baseline=baseline)
        webp = await look(f"http://img.test:{web.port}/b.jpg", baseline=baseline)

    assert html.meaning.reason == "type_changed"
    assert webp.meaning.verdict is Verdict.UP


@pytest.mark.parametrize(("size", "truncated"), [(1000, False), (1001, True)])
async def test_body_limit(size: int, truncated: bool) -> None:
    """Exactly the limit is read whole; of one byte more, the limit is read."""
    async with serving({"/i/1.jpg": answer(b"y" * size, kind="image/jpeg")}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", settings={"body_limit_bytes": 1000})
    body = seen.observations[0].body

    assert body is not None
    assert (body.length_bytes, body.truncated) == (1000, truncated)


@pytest.mark.parametrize("size", [70_000, 3_000_000, 9_000_000])
async def test_a_body_far_beyond_the_limit_is_up(size: int) -> None:
    """However large the file and the pieces it comes in, its beginning is read and it is up."""
    async with serving({"/i/1.mp4": answer(b"y" * size, kind="video/mp4")}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.mp4", settings={"body_limit_bytes": 1000})
    body = seen.observations[0].body

    assert body is not None
    assert (seen.meaning.verdict, body.length_bytes, body.truncated) == (Verdict.UP, 1000, True)


async def test_presumed_item_is_looked_at_by_its_headers_only() -> None:
    """A presumed item costs one request, no body and no sibling; its status decides."""
    async with serving({"*": picture("private")}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", confirmed=False)

    assert seen.meaning.verdict is Verdict.UP
    assert seen.observations[0].body is None
    assert len(web.asked) == 1


async def test_presumed_item_is_never_dialled_when_looks_are_off() -> None:
    """With `presumed = "off"` a private area is left alone: nothing is asked, and the answer is "not looked"."""
    async with serving({"*": picture("private")}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", confirmed=False, settings={"presumed": "off"})

    assert (seen.meaning.verdict, seen.meaning.reason, seen.observations) == (Verdict.UNKNOWN, "not_looked", ())
    assert web.asked == []


async def test_name_travels_and_address_is_dialled() -> None:
    """The request goes to the resolved address with the name as Host, as a browser sends it, with the referrer."""
    async with serving({"*": picture("1")}) as web:
        await look(f"http://img.test:{web.port}/i/1.jpg?a=b|c", referrer="http://board.test/t/1")

    assert web.heads[0].startswith("GET /i/1.jpg?a=b|c HTTP/1.1\r\nHost: img.test:")
    assert "Referer: http://board.test/t/1\r\n" in web.heads[0]
    assert "aiohttp" not in web.heads[0]


# ── names and addresses ──


@pytest.mark.parametrize(
    ("fate", "verdict", "reason"),
    [
        (NameFate.NXDOMAIN, Verdict.GONE, "no_name"),
        (NameFate.NODATA, Verdict.UNKNOWN, "no_address_everywhere"),
        (NameFate.SERVFAIL, Verdict.UNKNOWN, "name_fault"),
        (NameFate.TIMEOUT, Verdict.UNKNOWN, "name_fault"),
        (NameFate.FAULT, Verdict.UNKNOWN, "name_fault"),
    ],
)
async def test_names_without_addresses(fate: NameFate, verdict: Verdict, reason: str) -> None:
    """Only NXDOMAIN is a gone-answer; NODATA and every fault of resolvers is unknown."""
    seen = await look("http://img.test/i/1.jpg", names=NameBook(img_test=fate))

    assert (seen.meaning.verdict, seen.meaning.reason) == (verdict, reason)


@pytest.mark.parametrize("addresses", ["127.9.0.1", "127.9.0.1 127.0.0.1"])
async def test_address_that_is_not_public_is_never_dialled(addresses: str) -> None:
    """Of a name with a private address only the public ones are dialled, and it never comes out gone."""
    async with serving({}) as private:
        names = NameBook(img_test=addresses)
        seen = await look(f"http://img.test:{private.port}/i/1.jpg", names=names)

    assert seen.meaning.verdict is Verdict.UNKNOWN
    assert seen.meaning.reason == "address_not_public"
    assert seen.observations[0].sight is Sight.NOT_PUBLIC


async def test_redirect_to_a_private_address_is_not_followed() -> None:
    """A redirect is resolved and checked from nothing, so it leads nowhere private, by name or by address."""
    async with serving({"*": picture("secret")}, "127.9.0.1") as private:
        routes = {"/a": to(f"http://127.9.0.1:{private.port}/"), "/b": to(f"http://inside.test:{private.port}/")}
        async with serving(routes) as web:
            names = NameBook(inside_test="127.9.0.1")
            seen = [await look(f"http://img.test:{web.port}{path}", names=names) for path in ("/a", "/b")]

    assert [one.meaning.reason for one in seen] == ["address_not_public"] * 2
    assert private.asked == []


async def test_rebinding_between_look_up_and_dial_changes_nothing() -> None:
    """The address that was checked is dialled; the name is asked once per look, however it answers later."""
    names = NameBook(img_test="127.0.0.1")
    async with serving({"*": picture("1")}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", names=names)

    assert names.asked == ["img.test"]
    assert str(seen.observations[0].address) == "127.0.0.1"


@pytest.mark.parametrize(
    ("second", "verdict", "reason"),
    [
        ("/404", Verdict.GONE, "status_404"),
        ("/up", Verdict.UP, "addresses_disagree"),
        ("/500", Verdict.UNKNOWN, "status_500"),
    ],
)
async def test_gone_only_when_every_address_says_so(second: str, verdict: Verdict, reason: str) -> None:
    """After a gone-answer every other address is asked, and one that does not agree stops it."""
    replies = {"/404": answer("", 404), "/up": picture("1"), "/500": answer("", 500)}
    async with serving({}) as first, serving({"/i/1.jpg": replies[second]}, "127.0.0.2", port=first.port):
        names = NameBook(img_test="127.0.0.1 127.0.0.2")
        seen = await look(f"http://img.test:{first.port}/i/1.jpg", names=names)

    assert (seen.meaning.verdict, seen.meaning.reason) == (verdict, reason)
    assert [str(one.address) for one in seen.observations] == ["127.0.0.1", "127.0.0.2"]


async def test_other_addresses_share_the_deadline_of_the_look() -> None:
    """However many addresses of a name stall once one said gone, the look ends when it has to."""

    async def silent(writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    loop = asyncio.get_running_loop()
    async with serving({}, "127.0.7.1") as first, AsyncExitStack() as stack:
        for last in range(2, 14):
            await stack.enter_async_context(serving({"*": silent}, f"127.0.7.{last}", port=first.port))
        names, began = NameBook(img_test=" ".join(f"127.0.7.{last}" for last in range(1, 14))), loop.time()
        seen = await look(
            f"http://img.test:{first.port}/a.jpg", names=names, settings={"timeout": timedelta(seconds=0.3)}
        )
        took = loop.time() - began

    assert seen.meaning.verdict is Verdict.UNKNOWN
    assert took < 1


async def test_unreachable_address_keeps_a_name_from_being_gone() -> None:
    """An address that could not be asked may still serve it."""
    async with serving({}, "127.0.0.2") as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", names=NameBook(img_test="127.0.0.1 127.0.0.2"))

    assert seen.meaning.reason == "unreachable"
    assert [one.sight for one in seen.observations] == [Sight.UNREACHABLE, Sight.ANSWERED]


async def test_ipv6_is_asked_first_and_ipv4_after_a_dial_error() -> None:
    """IPv6 comes first; what is up there needs no IPv4, what cannot be dialled there does."""
    names = NameBook(img_test="127.0.0.1 ::1")
    async with serving({"/i/1.jpg": picture("1")}, "::1") as six:
        first = await look(f"http://img.test:{six.port}/i/1.jpg", names=names)
    async with serving({"/i/1.jpg": picture("1")}) as four:
        second = await look(f"http://img.test:{four.port}/i/1.jpg", names=names)

    assert [str(one.address) for one in first.observations] == ["::1"]
    assert [str(one.address) for one in second.observations] == ["::1", "127.0.0.1"]
    assert (first.meaning.verdict, second.meaning.verdict) == (Verdict.UP, Verdict.UP)


async def test_every_address_is_asked_where_wanted() -> None:
    """A caller who follows several hosters sees each address, though the first is up."""
    async with (
        serving({"/i/1.jpg": picture("1")}) as first,
        serving({}, "127.0.0.2", port=first.port),
    ):
        names = NameBook(img_test="127.0.0.1 127.0.0.2")
        seen = await look(f"http://img.test:{first.port}/i/1.jpg", names=names, every_address=True)

    assert [one.status for one in seen.observations] == [200, 404]
    assert seen.meaning.reason == "addresses_disagree"


async def test_more_addresses_than_a_round_asks_are_never_gone() -> None:
    """Of a name with 33 addresses one stays unasked, so it cannot be gone."""
    async with serving({}) as web:
        names = NameBook(img_test=" ".join(f"127.0.1.{n}" for n in range(33)))
        seen = await look(f"http://img.test:{web.port}/i/1.jpg", names=names)

    assert seen.meaning.verdict is Verdict.UNKNOWN


# ── limits ──


async def test_connections_to_one_host_are_limited() -> None:
    """Ten rounds at once never hold more than `per_host` connections to a host, and none is lost over it."""
    together = asyncio.Barrier(2)

    async def in_pairs(writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(answer("", 403))

    async with (
        serving({"*": in_pairs}) as web,
        Looker.open(Monitor(per_host=2), names=NameBook(), public=loopback) as looker,
    ):
        url = parse_url(f"http://img.test:{web.port}/i/1.jpg")
        seen = await asyncio.gather(*(looker.round(url, now=NOW) for _ in range(10)))

    assert [one.meaning.reason for one in seen] == ["status_403"] * 10
    assert web.most_at_once == 2


# ── TLS ──


@pytest.mark.parametrize(
    ("name", "expires", "matches"),
    [("img.test", 2, True), ("*.test", 2, True), ("other.test", 2, False), ("img.test", -1, True)],
    ids=["unknown issuer", "wildcard", "wrong name", "expired"],
)
async def test_certificates_are_noted_and_not_obeyed(name: str, expires: int, *, matches: bool) -> None:
    """A hoster with a certificate that a browser would refuse is still looked at; what it says is written down."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=expires)  # noqa: TID251 -- OpenSSL has only the real time
    issued = trustme.CA().issue_cert(name, not_after=ends, not_before=ends - timedelta(days=90))
    issued.configure_cert(tls)
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    async with serving({"/i/1.jpg": picture("1")}, tls=tls) as web:
        seen = await look(f"https://img.test:{web.port}/i/1.jpg")
    noted = seen.observations[0].tls
    assert noted is not None

    assert seen.meaning.verdict is Verdict.UP
    assert noted.trust in {"unknown issuer", "expired"}
    assert (noted.protocol, noted.expires_at, noted.name_matches) == ("TLSv1.2", ends, matches)
    assert noted.certificate_sha256 == sha256(der).hexdigest()


async def test_every_part_of_a_look_is_timed() -> None:
    """Names, dial, TLS, the wait for the head and the read are timed apart, and all of it stands in the whole."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("img.test").configure_cert(tls)

    async def late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(picture("1")[:50])
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(picture("1")[50:])

    async with serving({"/i/1.jpg": late}, tls=tls) as web:
        seen = (await look(f"https://img.test:{web.port}/i/1.jpg")).observations[0]
    spent = seen.phases

    assert min(spent.dial_s, spent.tls_s, spent.names_s + 0.0001) > 0
    assert min(spent.wait_s, spent.read_s + 0.06) > 0.04
    assert spent.dial_s + spent.tls_s + spent.wait_s + spent.read_s <= seen.elapsed_s + 0.001


async def test_who_asks_is_drawn_for_each_look_and_stays_through_it() -> None:
    """Of several user agents each comes up; one look, its redirect and its sibling included, is one of them."""
    agents = [f"Fox/{n}" for n in range(3)]
    routes = {"/i/1.jpg": to("/j/1.jpg"), "/j/1.jpg": picture("1")}
    rules = Monitor(user_agent=agents, accept_language="nl")
    async with (
        serving(routes) as web,
        Looker.open(rules, names=NameBook(), public=loopback) as looker,
    ):
        url, used = parse_url(f"http://img.test:{web.port}/i/1.jpg"), []
        for hour in range(12):
            web.heads.clear()
            await looker.round(url, now=NOW + timedelta(hours=hour), seed=UUID(int=7))
            used.append({head.partition("User-Agent: ")[2].partition("\r\n")[0] for head in web.heads})
        web.heads.clear()
        await looker.round(url, now=NOW)

    assert {len(one) for one in used} == {1}
    assert set.union(*used) == set(agents)
    assert all("Fox/0" in head and "Accept-Language: nl\r\n" in head for head in web.heads)
