"""What pages say in other forms than a plain statement: codes of programs, scripts that send on, orders, questions."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files
from tomllib import loads
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import beside, offers, removals, statements
from monitor import signs as signs_module
from monitor.answers import words_of_fault
from monitor.markup import Reading
from monitor.pages import read_page
from monitor.removals import says_twice
from monitor.signs import Ended, signs_of
from monitor.spelling import folded, plain_words
from monitor.wordings import known_pages
from schemas.check import Signs

KNOWN = known_pages()


def signs(html: str, kind: str = "text/html") -> Signs:
    """Give the signs of a page."""
    return signs_of(read_page(html, kind), "0" * 64, Ended(), KNOWN)


def texts(of: object) -> Iterator[str]:
    """Yield every text in a data file."""
    if isinstance(of, str):
        yield of
    elif isinstance(of, Mapping):
        for value in of.values():
            yield from texts(value)
    elif isinstance(of, list):
        for value in of:
            yield from texts(value)


@pytest.mark.parametrize("name", ["known_pages", "removals", "parking"])
def test_no_pattern_holds_what_the_file_format_made_of_it(name: str) -> None:
    r"""A "\b" between double quotes is a control character in TOML, and would never match."""
    data = loads(files("monitor").joinpath(f"data/{name}.toml").read_text("utf-8"))

    assert [text for text in texts(data) if not text.replace("\n", "").isprintable() and "\x08" in text] == []


@pytest.mark.parametrize("module", [beside, offers, removals, signs_module, statements])
def test_no_pattern_waits_for_an_accent(module: ModuleType) -> None:
    """Pages are read without accents, and data files too: a pattern in a module with one would never match."""
    patterns = {name: one.pattern for name, one in vars(module).items() if isinstance(one, re.Pattern)}

    assert {name: one for name, one in patterns.items() if folded(one) != one} == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<Error><Code>NoSuchKey</Code><Message>No such key.</Message></Error>", ("No Such Key", "No such key.")),
        ('<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', ("Access Denied",)),
        ("<Error><Code>" + "x" * 300 + "</Code></Error>", ()),
        ("<Error>" + "<Code>a</Code>" * 20 + "</Error>", ("a",) * 8),
        ("<rss><item><title>Not found</title></item></rss>", ()),
        ('{"status": "error-notFound", "data": {}}', ("error not Found",)),
        ('{"status": "error", "message": "gone"}', ("gone",)),
        ('{"status": "errand", "message": "gone"}', ()),
        ('{"error": {"status": "error-x"}}', ()),
    ],
)
def test_codes_of_programs_are_words(text: str, words: tuple[str, ...]) -> None:
    """A fault in XML or JSON is read as a person would read its code."""
    assert words_of_fault(text) == words


def test_answers_of_programs_are_no_talk() -> None:
    """A single letter in a path is nobody who says "I"."""
    fault = (
        "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>i/1.jpg</Key></Error>"
    )

    assert signs(fault, "text/xml").removal_wording == "removed.en"


def test_page_declared_as_xml_is_a_page() -> None:
    """What holds an html element is read as one, whatever its type says."""
    page = read_page("<?xml version='1.0'?><html><title>Lake</title><p>Blue</p></html>", "application/xml")

    assert (page.title, page.text, page.plain) == ("Lake", "Blue", False)


@pytest.mark.parametrize(
    ("html", "there"),
    [
        ('<script>window.location.href="/";</script>', "/"),
        ("<html><body><script>location.replace('/x')</script></body></html>", "/x"),
        ('<script>top.location = "https://a.example/b"</script>', "https://a.example/b"),
        ('<script>if (!document.cookie) location.href="/"</script>', None),
        ('<script>setTimeout(function(){location.href="/"},1)</script>', None),
        ('<p>Blue</p><script>location.href="/"</script>', None),
        ('<img src="/a.jpg"><script>location.href="/"</script>', None),
        ('<script>location.href="/"</script>' + " " * 600, None),
        ("<script>load()</script>", None),
    ],
)
def test_page_that_is_a_script_which_sends_on(html: str, there: str | None) -> None:
    """One statement without a condition is a redirect; a script that decides anything is not followed."""
    assert read_page(html).refresh == there


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Does not exist (anymore)", "does not exist anymore"),
        ("Your file(s)", "your files"),
        ("(1)", "(1)"),
        ("(", "("),
    ],
)
def test_words_in_parentheses_are_read_along(text: str, words: str) -> None:
    """A word or an ending in parentheses belongs to its sentence."""
    assert plain_words(text) == words


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ("<title>Blog not found</title><h1>Blog has been removed</h1><p>Where is my blog?</p>", True),
        ("<title>Blog not found</title><h1>Blog not found</h1><p>Where is my blog?</p>", False),
        ("<title>Blog not found</title><h1>Blog has been removed</h1><p>I looked for my blog.</p>", False),
        ("<title>Blog not found</title><p>Where is my blog?</p>", False),
        ("<title>Blogs</title><h1>Blog has been removed</h1><p>Where is my blog?</p>", False),
    ],
)
def test_questions_of_the_site_itself(html: str, *, gone: bool) -> None:
    """A site's own questions are no talk where title and heading both say it in words of their own."""
    assert (signs(html).removal_wording is not None) == gone
    assert says_twice(read_page(html), KNOWN.tongues) == (gone or "looked" in html)


@pytest.mark.parametrize(
    "words",
    [
        "The authors have deleted this site.",
        "The image you were looking for does not exist, it was probably deleted.",
        "Invalid thread specified.",
        "pics.example is no longer available.",
        "Der Nutzer hat dieses Bild gelöscht.",
        "De eigenaar heeft dit bestand verwijderd.",
        "L'auteur a supprimé cette page.",
        "El usuario ha eliminado este archivo.",
        "L'utente ha rimosso questo file.",
        "O autor removeu este vídeo.",
        "Użytkownik usunął ten plik.",
        "Uživatel smazal tento soubor.",
        "Пользователь удалил эту страницу.",
        "Страница удалена либо ещё не создана.",
        "Deze afbeelding bestaat niet (meer).",
        "削除された画像です。",
        "삭제되었거나 존재하지 않는 게시물입니다.",
        "分享的文件已经被删除了，下次要早点哟。",
    ],
)
def test_who_removed_it_and_how_it_goes_on(words: str) -> None:
    """Whoever is said to have removed it, and whatever stands behind the statement, it is one."""
    found = signs(f"<title>Pics</title><p>{words}</p>").removal_wording

    assert found is not None
    assert found.startswith("removed.")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Сайт заблокирован по решению суда.", "access_denied"),
        ("Access to this website has been blocked by order of the court.", "access_denied"),
        ("L'accesso al sito è stato inibito con provvedimento dell'autorità.", "access_denied"),
        ("Please turn off your VPN to go on.", "access_denied"),
        ("Your IP address has been banned.", "access_denied"),
        ("You have reached the download limit.", "rate_limit"),
        ("Please enable cookies to go on.", "captcha"),
    ],
)
def test_who_looks_is_refused(words: str, kind: str) -> None:
    """An order, a provider, a limit or a demand speaks to whoever looks from here: a wall."""
    found = signs(f"<title>Pics</title><p>{words}</p>").login

    assert found is not None
    assert found.partition(".")[0] == kind


@pytest.mark.parametrize(
    ("html", "text", "unseen"),
    [
        (
            '<p>a</p><div style="color: red; display: none"><h1>File not found</h1><p>x</p></div><p>b</p>',
            "a\nb",
            "File not foundx",
        ),
        ("<form hidden><div>Log in <input type=password></div></form><p>b</p>", "b", "Log in"),
        ('<div class="alert d-none">gone<div>for good</div></div>b', "b", "gonefor good"),
        ("<dialog>Sign up</dialog><dialog open>Hello</dialog>", "Hello", "Sign up"),
        ('<div class="hidden-xs" data-hidden="no" title="hidden">a</div>', "a", ""),
        ("<span style='visibility:hidden'>x<span>y</span>z</span>b", "b", "xyz"),
    ],
)
def test_what_nobody_sees_yet_is_not_said(html: str, text: str, unseen: str) -> None:
    """Words of boxes that a script may show later are not the page's, nor is a password asked for there."""
    page = read_page(html)

    assert (page.text, page.unseen, page.headings, page.password) == (text, unseen, (), False)


def test_box_with_words_has_lines() -> None:
    """What a script says in a box is read line by line."""
    page = read_page(
        '<title>Error</title><script>alert("This post does not exist.\\n\\nIt was moved."); history.back()</script>'
    )

    assert page.main == ("This post does not exist.", "It was moved.")


def test_picture_of_the_sites_design_is_no_picture_of_the_page() -> None:
    """A picture with a plain name among a site's own design is an ornament; an upload there is not."""
    seen = Reading()
    for source in ("/static/images/sick-box.png", "/static/uploads/beach.png", "/static/images/4711.png"):
        seen.tag("img", f' src="{source}"')

    assert seen.pictures == ["/static/uploads/beach.png", "/static/images/4711.png"]


@pytest.mark.parametrize(
    "words",
    [
        "Fisierul a fost sters.",
        "Fișierul a fost șters.",
        "A keresett oldal nem talalhato",
        "Strona zostala usunieta",
        "Aradiginiz sayfa bulunamadi",
        "Soubor byl smazan",
    ],
)
def test_accents_may_be_left_away(words: str) -> None:
    """Many pages write a language without its accents, and mean the same."""
    assert signs(f"<title>x</title><p>{words}</p>").removal_wording is not None


@pytest.mark.parametrize(
    ("text", "plain"), [("Łódź", "Łodz"), ("đıø", "dio"), ("plain", "plain"), ("한국어", "한국어")]
)
def test_folding_keeps_the_letters(text: str, plain: str) -> None:
    """An accent is left away where there is one; syllables of Hangul are put together again."""
    assert folded(text) == plain


@pytest.mark.parametrize(
    ("heading", "gone"),
    [
        ("Oops! El post fue eliminado", True),
        ("Sorry. This image has been removed.", True),
        ("お探しの記事は見つかりませんでした。", True),
        ("The town remembers its bridge. The page was removed. It was a long story of many hands", False),
        ("Release: this image has been removed", False),
    ],
)
def test_a_cry_before_a_statement(heading: str, *, gone: bool) -> None:
    """A heading may begin with a cry; one of several sentences, or with a colon, is somebody's title."""
    assert (signs(f"<title>x</title><h1>{heading}</h1>").removal_wording is not None) == gone


@pytest.mark.parametrize(
    "words",
    [
        "This file has been removed or is private.",
        "This link has been removed or is unavailable to you.",
        "Diese Datei wurde gelöscht oder ist privat.",
        "Файл удалён или владелец закрыл доступ.",
        "This item might not exist or you may not have permission to view it.",
    ],
)
@pytest.mark.parametrize("tag", ["p", "h1"])
def test_removed_or_a_wall_is_not_known(words: str, tag: str) -> None:
    """One of two things, of which the other is a wall, is no evidence that it is gone."""
    found = signs(f"<title>Drive</title><{tag}>{words}</{tag}>")

    assert (found.removal_wording, found.default_page) == (None, "unavailable.words")


def test_what_is_said_of_several_things_is_not_said_of_the_page() -> None:
    """A table of things that were deleted is content; the same words once are a statement."""
    rows = "<tr><td>Page</td><td>was deleted</td></tr>"

    assert signs(f"<title>Pages</title><table>{rows}</table>").removal_wording is not None
    assert signs(f"<title>Pages</title><table>{rows * 3}</table>").removal_wording is None


@pytest.mark.parametrize(
    "html",
    [
        "<title>Beach</title><p>File deleted. Mirror: <a href='http://m.example/beach.zip'>1</a></p>",
        "<title>Beach</title><h1>File not found</h1><a href='magnet:?xt=urn:btih:00'>here</a>",
    ],
)
def test_page_that_holds_something_out_is_content(html: str) -> None:
    """Whatever a page says, a film or an archive that its own link leads to is there."""
    assert signs(html).removal_wording is None


@pytest.mark.parametrize(
    ("beside", "gone"),
    [
        ("", True),
        ("nginx", True),
        ("Go back to our home page, or use the search above to find something else.", True),
        ("Punk from Ghent since 2009, on the road all summer. Next show: the third of May.", False),
    ],
)
def test_what_stands_beside_a_bare_404(beside: str, *, gone: bool) -> None:
    """A bare "404" is believed alone or with advice; beside other words it may be a name."""
    found = signs(f"<title>Error 404</title><h1>Error 404</h1><p>{beside}</p>")

    assert (found.removal_wording is not None) is gone
    assert found.default_page is None


@pytest.mark.parametrize("title", ["Seized", "Suspended"])
def test_one_word_is_a_title(title: str) -> None:
    """Films and songs are called so; a site says what was seized or suspended."""
    found = signs(f"<title>{title}</title><h1>{title}</h1><p>Three minutes and forty-one seconds.</p>")

    assert (found.parked, found.removal_wording) == (None, None)


@given(
    text=st.text(st.sampled_from("aeıøſ\u0301\u0316\u0323\u0344\u0f71\u0f73\u0f75\u0f81éệ각ᄀ\u1161\u0338=≠é\ud800"))
)
def test_accents_are_left_away_whatever_stands_before_them(text: str) -> None:
    """What is left is what Unicode says is left without marks, though they are taken away before they are in order."""
    bare = "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))

    assert folded(text) == unicodedata.normalize("NFC", bare).translate({0x131: "i", 0xF8: "o"})
