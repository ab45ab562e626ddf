"""What a page says of its thing, and when that is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.answers import words_of_fault
from monitor.likeness import own_of
from monitor.pages import Page, looks_like_page, page_text, read_page
from monitor.removals import Removal, removal_of
from monitor.signs import Ended, ended_of, signs_of
from monitor.wordings import known_pages
from schemas.check import Signs
from schemas.url import parse_url

KNOWN = known_pages()


def said(html: str, *, name: str = "", missing: str | None = None) -> Removal | None:
    """Give what a page says of its thing, beside the page of a missing name."""
    page = read_page(html)
    return removal_of(page, own_of(page, read_page(missing) if missing else None), KNOWN.tongues, name)


# ── one statement in each language ──

SENTENCES = {
    "bg": "Страницата не съществува",
    "ca": "La imatge ha estat eliminada",
    "da": "Billedet er blevet slettet",
    "el": "Η σελίδα δεν βρέθηκε",
    "et": "Lehte ei leitud",
    "fa": "این صفحه وجود ندارد",
    "fi": "Kuvaa ei löytynyt",
    "he": "הדף לא נמצא",
    "hi": "यह तस्वीर मौजूद नहीं है",
    "hr": "Datoteka je obrisana",
    "hu": "A kép nem található",
    "id": "Gambar telah dihapus",
    "lt": "Puslapis nerastas",
    "lv": "Lapa nav atrasta",
    "sk": "Súbor bol zmazaný",
    "sr": "Страница није пронађена",
    "th": "ไม่พบหน้านี้",
    "vi": "Trang này không tồn tại",
    "ar": "الصورة غير موجودة",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_language_can_say_it(code: str) -> None:
    """Beside the large ones, whose statements stand in another table, each language we know has one here."""
    assert said(f"<title>Pics</title><h1>{SENTENCES[code]}</h1>") is not None


def test_every_language_of_the_data_is_tried() -> None:
    """No language is added to the data without a sentence in a test."""
    large = {"en", "de", "nl", "fr", "es", "it", "pt", "pl", "cs", "ru", "uk", "ro", "tr", "sv", "ja", "zh", "ko"}

    assert {one.code for one in KNOWN.tongues.languages} == large | SENTENCES.keys()


# ── where a statement counts ──

GONE = "This image has been removed"


@pytest.mark.parametrize(
    "html",
    [
        f"<title>{GONE}</title>",
        f"<title>{GONE} | Pics</title><p>Back</p>",
        f"<title>Pics</title><h1>{GONE} by its owner.</h1>",
        f"<title>Pics</title><p>Oops!</p><p>{GONE}.</p><p>Back</p>",
        f"<title>Pics</title><h1>{GONE}</h1><h3>Others</h3><a href=/1><img src=/t/1.jpg></a>",
        f"<title>Pics</title><header><a href=/>Home</a></header><h1>{GONE}</h1><footer>{'word ' * 900}</footer>",
        f"<title>Pics</title><img src=/img/image-removed.png><p>{GONE}</p>",
        "<title>404</title>",
        "<title>Pics</title><h1>Error 404 - Page not found</h1>",
        "<title>Video unavailable</title><p>It was removed by the uploader.</p>",
        "<title>Frickle</title><h1>This member is no longer active on Frickle.</h1>",
    ],
)
def test_statement_that_stands_for_the_page(html: str) -> None:
    """As title, only or first heading, or first sentence, on a page that shows nothing else, it is believed."""
    found = said(html)

    assert found is not None
    assert found.sure


@pytest.mark.parametrize(
    "html",
    [
        f"<title>Summer</title><h1>Summer</h1><img src=/full/1.jpg><p>{GONE}</p>",
        f"<title>{GONE}</title><h1>{GONE}</h1><p>{'word ' * 300}</p>",
        f"<title>Talk</title><p>Yesterday I wanted to show you our dog at the sea.</p><p>{GONE}</p>",
        f"<title>{GONE}, why?</title><h1>{GONE}, why?</h1>",
        f'<title>Talk</title><p>"{GONE}"</p>',
        f"<title>Talk</title><nav>{GONE}</nav><p>Hello</p>",
        f"<title>Talk</title><div class=footer>{GONE}</div><p>Hello</p>",
        "<title>Talk</title><p>This post has been removed.</p><p>Good morning</p><p>And to you</p>",
        "<title>Pics</title><p>Images are removed when they break our rules.</p>",
        "<title>Rules</title><p>A file is deleted after 30 days.</p>",
        "<title>The page was removed from the wall of the museum</title>",
        "<title>404</title><h1>404</h1><h2>A novel</h2><p>By Vera Laan</p>",
        "<title>Pics</title><p>" + "The file, the old file and the file. " * 8 + "</p>",
        "<title>Boston</title><h1>Nothing was found in Boston</h1><p>We dug for three weeks.</p>",
        "<title></title>",
    ],
)
def test_statement_that_does_not(html: str) -> None:
    """Beside pictures, a long text or talk, in a menu or foot, as a question, a quotation or a rule, it is none."""
    assert said(html) is None


@pytest.mark.parametrize(
    ("name", "found"), [("gone", False), ("gone.html", False), ("image-removed.jpg", True), ("4711", True)]
)
def test_title_that_is_the_items_own_name(name: str, *, found: bool) -> None:
    """A poem called "Gone" at /poems/gone is a poem."""
    html = "<title>Gone</title><h1>Gone</h1>" if "gone" in name else f"<title>{GONE}</title>"

    assert (said(html, name=name) is not None) == found


def test_what_every_page_of_the_site_says_is_not_said_of_this_one() -> None:
    """Lines that stand on the page of a missing name too are passed over when the first sentence is looked for."""
    html = "<p>Pics, the picture place of the north, free since 2019</p><p>This image has been removed.</p>"

    assert said(html) is None
    assert said(html, missing="<p>Pics, the picture place of the north, free since 2019</p>") is not None


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("The link may be broken, or it was deleted.", True),
        ("Please try again later, the link may be broken.", False),
        ("Its owner may have changed who can see it.", False),
    ],
)
def test_not_available_is_believed_with_a_reason_only(text: str, *, sure: bool) -> None:
    """That something is not available may mean a wall: the page must say why, and nothing that speaks against it."""
    found = said(f"<title>Snaps</title><h1>This page isn't available</h1><p>{text}</p>")

    assert found is not None
    assert found.sure is sure


@pytest.mark.parametrize(
    ("beside", "gone"),
    [
        ("The link may have been removed. " * 8, True),
        ("We sat by the sea and looked at ships all day.", False),
    ],
)
def test_text_beside_a_heading_belongs_to_it(beside: str, *, gone: bool) -> None:
    """A text under such a heading must speak of it; one about something else makes it a title."""
    found = said(f"<title>Pics</title><h1>Page not found</h1><p>{beside}</p>")

    assert (found is not None and found.sure) is gone


# ── answers for programs, and plain texts ──


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"error": "not_found"}', ("not found",)),
        ('{"errors": [{"message": "Photo not found"}]}', ("Photo not found",)),
        ('{"success": false, "msg": "gone"}', ("gone",)),
        ('{"status": 404, "message": "no"}', ("no",)),
        ('{"status": 200, "message": "page not found, they said"}', ()),
        ('{"error": null, "errors": [], "message": "ok"}', ()),
        ('["not found"]', ()),
        ("{not json", ()),
        ('{"id": 91, "state": "removed", "message": "By its uploader."}', ("By its uploader.",)),
        ('{"id": 91, "state": "ready", "message": "By its uploader."}', ()),
        ("[" * 100_000, ()),
    ],
)
def test_fault_in_an_answer(text: str, words: tuple[str, ...]) -> None:
    """Only an answer that reports a fault has words for one."""
    assert words_of_fault(text) == words


@pytest.mark.parametrize(
    ("text", "kind", "gone"),
    [
        ("File not found", "text/plain", True),
        ("404 page not found\n", "text/plain", True),
        ("File not found\nFile found\n", "text/plain", False),
        ('{"error": {"message": "The file has been deleted"}}', "application/json", True),
        ('{"error": {"message": "quota"}}', "application/problem+json", False),
    ],
)
def test_texts(text: str, kind: str, *, gone: bool) -> None:
    """A text of one line, and what an answer says of its fault, are judged as a heading is."""
    page: Page = read_page(text, kind)

    assert (removal_of(page, own_of(page, None), KNOWN.tongues) is not None) == gone


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("привет".encode("windows-1251"), "windows-1251", "привет"),
        (b"<meta charset=koi8-r>" + "привет".encode("koi8-r"), None, "<meta charset=koi8-r>привет"),
        ("héllo".encode(), "punycode", "héllo"),
        ("héllo".encode(), "iso-8859-99", "héllo"),
        (b"<meta charset=x-none>" + "héllo".encode(), "x-none", "<meta charset=x-none>héllo"),
        (b"\xff\xfe", None, "\ufffd\ufffd"),
    ],
)
def test_charset_of_a_page(body: bytes, charset: str | None, text: str) -> None:
    """The header's charset counts, else the page's own, else UTF-8; one that no page is written in is not tried."""
    assert page_text(body, charset) == text


# ── everywhere, parked, markup ──


def signs(html: str, *, everywhere: bool = False) -> Signs:
    """Give the signs of a page."""
    return signs_of(read_page(html), "0" * 64, Ended(), KNOWN, everywhere=everywhere)


@pytest.mark.parametrize(
    ("html", "mark"),
    [
        ("<h1>We are upgrading our servers</h1>", "site_message.words"),
        ("<h1>Garden tools from Delft</h1>", "site_message.bare"),
        ("<h1>There is nothing here</h1>", None),
        ("<h1>Garden tools</h1><a href=/1>1</a><a href=/2>2</a><a href=/3>3</a>", None),
        ("<h1>This image has been removed</h1><p>Please check the address of our web server</p>", None),
    ],
)
def test_what_a_whole_site_shows(html: str, mark: str | None) -> None:
    """What the front page shows too is an outage or the like, unless it says that nothing is there or leads on."""
    assert signs(html).default_page is None
    assert signs(html, everywhere=True).default_page == mark


@pytest.mark.parametrize(
    ("servers", "mark"),
    [
        (("ns1.sedoparking.com.", "NS2.SEDOPARKING.COM"), "parked.name_servers.sedo"),
        (("ns1.sedoparking.com", "ns1.bodis.com"), "parked.name_servers.bodis"),
        (("ns1.sedoparking.com", "ns1.hoster.example"), None),
        (("ns1.notsedoparking.com",), None),
        ((), None),
    ],
)
def test_parked_by_name_servers(servers: tuple[str, ...], mark: str | None) -> None:
    """A domain is parked when all its name servers are firms' that only park."""
    assert KNOWN.parker(servers) == mark


def test_password_makes_a_wall_of_a_small_page_only() -> None:
    """A page that asks for a password and says little is a wall; one with pictures or many lines has a login box."""
    field = '<form><input type="password"></form>'

    assert signs(f"<p>Hello</p>{field}").login == "login.password_field"
    assert signs(f"<p>Hello</p><img src=/full/1.jpg>{field}").login is None
    assert signs("".join(f"<p>line {n}</p>" for n in range(11)) + field).login is None
    assert signs(f"<p>Hello</p><div class=login-box>{field}</div>").login is None


def test_media_of_a_page() -> None:
    """Backgrounds and links to files are shown; ornaments, tiny and hidden pictures are not."""
    page = read_page(
        '<div style="background-image: url(/full/2.jpg)"></div><a href="/d/3.zip">get</a><img src="/logo.png">'
        '<img src=/full/4.jpg width="16"><noscript><img src=/full/5.jpg></noscript><img><video src=/m.mp4></video>'
        "<a href=/full/6.jpg><img src=/t/6.jpg></a><aside><img src=/full/7.jpg></aside>"
    )

    assert page.pictures == ("/full/2.jpg", "/m.mp4", "/t/6.jpg")
    assert page.thumbnails == ("/d/3.zip", "/full/6.jpg")
    assert page.links == 2


@given(st.text(alphabet="abc the file image was not found removed страница не найдена.,:!?-'\"", max_size=300))
def test_any_words_are_judged_in_time(words: str) -> None:
    """No sentence, however built of the words we know, stops the judging."""
    found = said(f"<title>{words}</title><h1>{words}</h1><p>{words}</p>")

    assert found is None or found.mark.partition(".")[2] in {"en", "ru"}


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=/view/1", "/view/1"),
        ("3;URL='/view/2'", "/view/2"),
        ("0;url=&#39;/view/3&#39;", "/view/3"),
        ("30; url=/view/4", None),
        ("5", None),
    ],
)
def test_page_that_sends_its_visitor_on(content: str, target: str | None) -> None:
    """A page that does so within five seconds leads there; one that waits longer is there to be read."""
    page = read_page(f'<meta http-equiv="refresh" content="{content}"><p>x</p>')

    assert (page.refresh, page.scripted) == (target, True)


@pytest.mark.parametrize(
    ("kind", "start", "is_page"),
    [
        ("text/html", b"", True),
        ("text/plain", b"x", True),
        ("application/json", b"{", True),
        ("application/vnd.api+json", b"{", True),
        (None, b" <!DOCTYPE html>", True),
        ("application/octet-stream", b"<html>", True),
        ("image/png", b"<html>", True),
        (None, b"\x89PNG", False),
        (None, "Wartung, bitte später".encode()[:-1], True),
        (None, b"a\0b", False),
        (None, b"", False),
        ("application/octet-stream", b"Back soon.", False),
    ],
)
def test_what_is_read_as_a_page(kind: str | None, start: bytes, *, is_page: bool) -> None:
    """The declared type decides; where there is none that says anything, the first bytes do."""
    assert looks_like_page(kind, start) is is_page


@pytest.mark.parametrize(
    ("asked", "ended", "sign"),
    [
        ("/i/1.jpg", "/", "front_page"),
        ("/i/1.jpg", "/en/", "front_page"),
        ("/i/1.jpg", "/index.php?from=x", "front_page"),
        ("/", "/en/", None),
        ("/i/1.jpg", "/view/1", None),
        ("/i/1.jpg", "/error?code=404", "removal_wording"),
        ("/i/1.mp4", "/static/video-deleted.mp4", "removal_wording"),
        ("/i/1.jpg", "/error?reason=image_not_found", "removal_wording"),
        ("/i/1.jpg", "/view?code=4041", None),
    ],
)
def test_where_redirects_lead(asked: str, ended: str, sign: str | None) -> None:
    """To the front page, or to a page whose query says so: the thing is not there."""
    urls = (parse_url(f"http://img.test{path}") for path in (asked, ended))
    found = signs_of(read_page("<title>Pics</title><p>Hello</p>"), "0" * 64, ended_of(*urls), KNOWN)

    assert [name for name in ("front_page", "removal_wording") if getattr(found, name)] == ([sign] if sign else [])


def test_a_picture_at_a_short_path_is_no_front_page() -> None:
    """What answers is no page: the item was sent to its file, whatever the path looks like."""
    urls = (parse_url(f"http://img.test{path}") for path in ("/a/b/c.jpg", "/ok"))
    ended = ended_of(*urls)

    assert ended.front
    assert not signs_of(None, "0" * 64, ended, KNOWN).front_page


def test_front_page_of_another_host_is_somebody_elses() -> None:
    """A shortener leads to front pages all day; "www." makes no other host."""
    asked = parse_url("http://go.test/anna")

    assert not ended_of(asked, parse_url("http://anna.test/")).front
    assert ended_of(asked, parse_url("https://www.go.test/")).front
