"""What servers do, and what a look at it means: a table of behaviours over real HTTP on loopback."""

from collections.abc import Mapping

import pytest

from schemas.check import Verdict
from tests.fakes.monitor_web import MARKER, Reply, answer, look, page, picture, serving, to

UP, GONE, BLOCKED, UNKNOWN = Verdict.UP, Verdict.GONE, Verdict.BLOCKED, Verdict.UNKNOWN
SHELL = '<html><body><div id="root"></div><script src="/app.js"></script></body></html>'
VIEWER = page("Beach", f"A day at the sea {MARKER}", '<img src="/full/1.jpg">')
FORUM = page(
    "Holiday forum",
    "My site shows an error",
    '<h1>Why do I get "404 page not found"?</h1><p>It says: "The file was removed". Anybody?</p>',
)
SOFT_EN = page("Not here", "We looked everywhere for this item.")

#: what stands at /i/1.jpg and elsewhere → the verdict and its reason
BEHAVIOURS: Mapping[str, tuple[Mapping[str, Reply], Verdict, str]] = {
    "picture": ({"/i/1.jpg": picture("1")}, UP, "status_2xx"),
    "viewer page": ({"/i/1.jpg": answer(VIEWER)}, UP, "status_2xx"),
    "forum quoting an error": ({"/i/1.jpg": answer(FORUM)}, UP, "status_2xx"),
    "page with words like others": (
        {"/i/1.jpg": answer(page("Removed graffiti in Delft", "Photos."))},
        UP,
        "status_2xx",
    ),
    "404": ({"/i/1.jpg": answer("gone", 404)}, GONE, "status_404"),
    "410": ({"/i/1.jpg": answer("gone", 410)}, GONE, "status_410"),
    "404 of a front in trouble": (
        {"/i/1.jpg": answer("<div id='cf-error-details'>x</div>", 404)},
        UNKNOWN,
        "cdn_error",
    ),
    "451": ({"/i/1.jpg": answer("Unavailable for legal reasons", 451)}, BLOCKED, "status_451"),
    "451 in your country": (
        {"/i/1.jpg": answer(page("451", "This was removed. It is not available in your country."), 451)},
        BLOCKED,
        "status_451",
    ),
    "451 for everybody": (
        {"/i/1.jpg": answer(page("451", "The image has been removed for everyone, worldwide."), 451)},
        GONE,
        "removed_for_all",
    ),
    "401": ({"/i/1.jpg": answer("", 401)}, BLOCKED, "status_401"),
    "403": ({"/i/1.jpg": answer("", 403)}, BLOCKED, "status_403"),
    "429": ({"/i/1.jpg": answer("", 429, Retry_After="7")}, BLOCKED, "status_429"),
    "400": ({"/i/1.jpg": answer("", 400)}, UNKNOWN, "status_400"),
    "500": ({"/i/1.jpg": answer("404 not found", 500)}, UNKNOWN, "status_500"),
    "503": ({"/i/1.jpg": answer(page("Not found"), 503)}, UNKNOWN, "status_503"),
    "522": ({"/i/1.jpg": answer("", 522)}, UNKNOWN, "status_522"),
    "204": ({"/i/1.jpg": answer("", 204)}, UNKNOWN, "status_204"),
    "302 to nowhere": ({"/i/1.jpg": answer("", 302)}, UNKNOWN, "status_302"),
    "empty": ({"/i/1.jpg": answer("")}, UNKNOWN, "empty_body"),
    "same page for every name": ({"*": answer(SOFT_EN)}, GONE, "soft_404"),
    "same page for every name, front page out of reach": (
        {"*": answer(page("Hello", "This is ours.")), "/": b""},
        UNKNOWN,
        "site_message",
    ),
    "same page for every name, front page in trouble": (
        {"*": answer(page("Hello", "This is ours.")), "/": answer("", 503)},
        UNKNOWN,
        "site_message",
    ),
    "same words of a sale for every name, front page in trouble": (
        {
            "*": answer(page("Lot 4711", "This name is for sale.", '<img src="/lots/4711.jpg">')),
            "/": answer("", 503),
        },
        UNKNOWN,
        "any_name",
    ),
    "a picture of no type, its first letter first": (
        {
            "/i/1.jpg": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\nG\r\n9\r\nIF89a\x80\x02\xe0\x01\r\n0\r\n\r\n"
        },
        UP,
        "status_2xx",
    ),
    "same words for every name, of no type": ({"*": answer("Back in an hour", kind="")}, UNKNOWN, "site_message"),
    "same picture for every name": ({"*": picture("nothing here")}, GONE, "soft_404"),
    "front page for every name": ({"*": to("/"), "/": answer(page("Pictures", "Upload yours"))}, GONE, "front_page"),
    "page with the path in it": (
        {"/i/1.jpg": answer(page("Hm", "You have asked for /i/1.jpg, request 83a7cc01"))},
        UP,
        "status_2xx",
    ),
    "error page with the path in it": (
        {"/i/1.jpg": answer(page("Hm", "There is nothing at /i/1.jpg, request 83a7cc01"))},
        GONE,
        "removal_page",
    ),
    "single page application": ({"*": answer(SHELL)}, UNKNOWN, "script_only"),
    "maintenance for every name": (
        {"*": answer(page("Under maintenance", "Please try again later"))},
        UNKNOWN,
        "maintenance",
    ),
    "default page for every name": ({"*": answer(page("Welcome to nginx!", "It runs."))}, UNKNOWN, "default_page"),
    "error page of the server": ({"*": answer(page("Database error"))}, UNKNOWN, "server_error"),
    "login for every name": ({"*": answer(page("Log in", "", "<input type=password>"))}, BLOCKED, "login"),
    "redirect to login": ({"*": to("/login?next=1"), "/login?next=1": answer(page("Pics", "Hello"))}, BLOCKED, "login"),
    "captcha for every name": ({"*": answer(page("Just a moment...", "Checking your browser"))}, BLOCKED, "captcha"),
    "age gate": ({"*": answer(page("Welcome", "You must be 18 or older to enter."))}, BLOCKED, "age_gate"),
    "geo-block": ({"*": answer(page("Sorry", "This is not available in your country."))}, BLOCKED, "geo_block"),
    "parked": ({"*": answer(page("img.test", "This domain is parked free."))}, GONE, "parked"),
    "for sale": ({"*": answer(page("img.test", "The domain img.test is for sale."))}, GONE, "for_sale"),
    "suspended": ({"*": answer(page("Account Suspended", "Ask your hoster"))}, GONE, "account_suspended"),
    "removal page": (
        {"/i/1.jpg": answer(page("Pics", "", "<h1>This image has been removed</h1>"))},
        GONE,
        "removal_page",
    ),
    "removal redirect": ({"/i/1.jpg": to("/removed.png"), "/removed.png": picture("r")}, GONE, "removal_redirect"),
    "redirect to the picture": ({"/i/1.jpg": to("/cdn/1.jpg", 301), "/cdn/1.jpg": picture("1")}, UP, "status_2xx"),
    "redirect to a 404": ({"/i/1.jpg": to("/x", 307)}, GONE, "status_404"),
    "redirect to no web address": ({"/i/1.jpg": to("mailto:a@b.example")}, UNKNOWN, "bad_answer"),
    "redirects in a circle": ({"/i/1.jpg": to("/a"), "/a": to("/i/1.jpg")}, UNKNOWN, "too_many_redirects"),
    "packed": ({"/i/1.jpg": answer(b"\x1f\x8b broken", Content_Encoding="gzip")}, UNKNOWN, "bad_answer"),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_behaviour(behaviour: str) -> None:
    """Each behaviour has one verdict and one reason."""
    routes, verdict, reason = BEHAVIOURS[behaviour]
    async with serving(routes) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg")

    assert (seen.meaning.verdict, seen.meaning.reason) == (verdict, reason), seen


async def test_soft_404_with_the_path_in_it() -> None:
    """A page that is the same but for the name asked, numbers and random words is a soft 404."""
    requests = iter(["8a7b6c5d", "1f2e3d4c"])

    async with serving(lambda path: answer(page("Hm", f"No trace of {path}. Request {next(requests)}"))) as web:
        seen = await look(f"http://img.test:{web.port}/i/AbCd3fGh.jpg")

    assert seen.meaning.reason == "soft_404"
    assert len(web.asked) == 3  # the item, its sibling, the front page


async def test_viewer_that_shows_whatever_name_it_is_given_is_not_gone() -> None:
    """A page that shows another picture for another name says nothing about a missing one."""
    async with serving(lambda path: answer(page("View", "Your picture", f'<img src="/full{path}">'))) as web:
        seen = await look(f"http://img.test:{web.port}/i/AbCd3fGh.jpg")

    assert seen.meaning.verdict is UP


async def test_title_in_the_path_is_no_soft_404() -> None:
    """A site that finds the item by its number and ignores the title behind it shows the item."""

    def by_number(path: str) -> bytes:
        return answer(VIEWER) if path.startswith("/v/123/") else answer("none", 404)

    async with serving(by_number) as web:
        seen = await look(f"http://img.test:{web.port}/v/123/a-day-at-the-sea")

    assert seen.meaning.verdict is UP
    assert len(web.asked) == 3


async def test_directory_is_not_compared() -> None:
    """A directory has no name of its own, so one request is all."""
    async with serving({"*": answer(SOFT_EN)}) as web:
        seen = await look(f"http://img.test:{web.port}/gallery/")

    assert seen.meaning.verdict is UP
    assert len(web.asked) == 1


@pytest.mark.parametrize(("followed", "verdict"), [(5, UP), (6, UNKNOWN)])
async def test_redirects_are_followed_up_to_the_limit(followed: int, verdict: Verdict) -> None:
    """Five redirects are followed, the sixth makes it unknown."""
    routes: dict[str, Reply] = {f"/r{n}": to(f"/r{n + 1}") for n in range(1, followed)}
    async with serving({"/i/1.jpg": to("/r1"), **routes, f"/r{followed}": picture("1")}) as web:
        seen = await look(f"http://img.test:{web.port}/i/1.jpg")

    assert seen.meaning.verdict is verdict
    assert len(seen.observations[0].hops) == 6
