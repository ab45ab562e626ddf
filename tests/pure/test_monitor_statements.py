"""Sentences told by their words, in every language; and what a page shows or says beside one that makes it content."""

from pathlib import Path
from tomllib import loads

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.beside import Site, belongs
from monitor.likeness import item_names, own_of, shows_item
from monitor.pages import read_page
from monitor.signs import Ended, signs_of
from monitor.spelling import plain_words
from monitor.statements import Statement, is_of_site, statement_in
from monitor.wordings import known_pages
from schemas.check import Signs

KNOWN = known_pages()
VOCABULARIES = KNOWN.tongues.vocabularies
DATA = Path(__file__).parent.parent / "data"
SENTENCES = loads((DATA / "sentences.toml").read_text("utf-8"))
STANDING = loads((DATA / "standing.toml").read_text("utf-8"))
MISSING = read_page("<title>404 Not Found</title><h1>Not Found</h1>")


def signs(html: str, name: str = "7712") -> Signs:
    """Give the signs of a page of a site that knows no other name."""
    ended = Ended(name=name, item=item_names(f"/p/{name}"))
    return signs_of(read_page(html), "0" * 64, ended, KNOWN, MISSING)


def said(sentence: str) -> Statement | None:
    """Give what a sentence says by its words alone."""
    return statement_in(plain_words(sentence), VOCABULARIES)


@pytest.mark.parametrize("code", SENTENCES)
def test_every_language_says_it_in_many_ways(code: str) -> None:
    """Not found, removed, expired, shut, broken: as the heading of a page that says nothing else, each is believed."""
    gone = {one: signs(f"<title>Pics</title><h1>{one}</h1>") for one in SENTENCES[code]}

    assert [one for one, found in gone.items() if not (found.removal_wording or found.parked)] == []


@pytest.mark.parametrize("code", STANDING)
def test_what_is_said_of_a_thing_that_stands(code: str) -> None:
    """As the heading of a page that says nothing else, what sites say of things that are there makes no removal."""
    found = {one: signs(f"<title>Pics</title><h1>{one}</h1>").removal_wording for one in STANDING[code]}

    assert [one for one, removal in found.items() if removal] == []


def test_a_question_in_greek_says_nothing() -> None:
    """Greek asks with a semicolon."""
    asked = signs("<title>Pics</title><h1>Διαγράφηκε το αρχείο;</h1><p>Διαγράφηκε το αρχείο;</p>")

    assert not asked.removal_wording
    assert signs("<title>Pics</title><h1>Διαγράφηκε το αρχείο</h1>").removal_wording


@pytest.mark.parametrize(
    "sentence",
    [
        "The picture was not removed",
        "No image was removed",
        "Removed content 2025",
        "Content removed: our report for 2025",
        "If the file is not found",
        "How to find a deleted file",
        "I deleted this page",
        "A file is deleted after 30 days",
        "The picture was removed from the wall of the museum",
        "This page exists",
        "Page",
        "The page",
        "Deleted",
        "Gone",
        "Page Page 1 2 3 4",
        "Die Datei wurde nicht gelöscht",
        "Le fichier n'a pas été supprimé",
        "Файл не был удалён",
        "削除されていません",
        "このファイルは削除されていません",
        "삭제되지 않은 파일",
        "",
        "#1 #2 #3 file removed",
        "1 image was deleted from this album",
        "Einige Bilder wurden gelöscht",
    ],
)
def test_other_sentences_of_the_same_words(sentence: str) -> None:
    """A denial, a condition, a report, a rule, a part, a lone word and a word from elsewhere make no statement."""
    assert said(sentence) is None


@pytest.mark.parametrize(
    ("sentence", "statement"),
    [
        ("This page is not available", Statement(code="en", sure=False)),
        ("This page is no longer available", Statement(code="en", sure=True)),
        ("Error 404: the page you asked for does not exist", Statement(code="en", sure=True)),
        ('The file "holiday at the sea" was deleted', Statement(code="en", sure=True)),
        ("The file holiday.jpg does not exist or was deleted", Statement(code="en", sure=True)),
        ("Removed at the request of the rights holder", Statement(code="en", sure=True)),
        ("No page at this address", Statement(code="en", sure=True)),
        ("There is nothing here", Statement(code="en", sure=True)),
        ("Diese Seite existiert nicht oder wurde gelöscht", Statement(code="de", sure=True)),
        ("ファイル a1b2.jpg は削除されました", Statement(code="ja", sure=True)),
        ("页面不存在 (404)", Statement(code="zh", sure=True)),
    ],
)
def test_what_a_sentence_says(sentence: str, statement: Statement) -> None:
    """Names, numbers and quotations say nothing; "not available" is unsure unless it says that it was before."""
    assert said(sentence) == statement


WALLS = loads((DATA / "walls.toml").read_text("utf-8"))


@pytest.mark.parametrize(("kind", "line"), [(kind, line) for kind, lines in WALLS.items() for line in lines])
def test_walls_and_trouble_are_no_removals(kind: str, line: str) -> None:
    """As heading or as the only line of a page, what stands before a wall or in trouble is told apart from removals."""
    for html in (f"<title>Pics</title><h1>{line}</h1>", f"<title>Pics</title><p>{line}.</p>"):
        found = signs(html)

        assert (found.login is not None) is (kind == "blocked")
        assert kind == "blocked" or found.default_page is not None


# ── content under a title that says it ──

TITLES = ("File not found", "This page does not exist", "Account suspended", "Страница не найдена")
CONTENTS = loads((DATA / "contents.toml").read_text("utf-8"))
CONTENT, HEADS = CONTENTS["body"], CONTENTS["head"]


@pytest.mark.parametrize("kind", CONTENT)
@pytest.mark.parametrize("title", TITLES)
def test_content_under_such_a_title(title: str, kind: str) -> None:
    """A song, a poem, a shop's article and a picture may be called so: whatever belongs to none of it is content."""
    html = f"<title>{title} - Wavepool</title><nav><a href=/>Wavepool</a></nav><h1>{title}</h1>{CONTENT[kind]}"
    found = signs(html)

    assert (found.removal_wording, found.parked) == (None, None)


@pytest.mark.parametrize("kind", HEADS)
def test_content_declared_in_the_head(kind: str) -> None:
    """What a page declares to play or to show is content, whatever it is called."""
    html = f"<title>File not found</title>{HEADS[kind]}<h1>File not found</h1>"

    assert signs(html).removal_wording is None


def test_description_of_a_site_is_no_content() -> None:
    """The picture that a site gives with each of its pages shows nothing."""
    head = '<meta property="og:image" content="https://x.example/static/share.png"><meta property="og:image">'

    assert signs(f"<title>File not found</title>{head}<h1>File not found</h1>").removal_wording


@pytest.mark.parametrize(
    ("path", "source", "shown"),
    [
        ("/watch/7718/my-trip", "/cdn/7718.mp4", True),
        ("/view/image-not-found", "/full/image-not-found.jpg", True),
        ("/v?id=a1b2c3", "/t/a1b2c3.jpg?w=1", True),
        ("/images", "/images/logo.png", False),
        ("/i/12", "/t/12.jpg", False),
        ("/i/a1b2c3.jpg", "/full/other.jpg", False),
    ],
)
def test_page_that_shows_the_thing_by_its_name(path: str, source: str, *, shown: bool) -> None:
    """A medium called as the path calls the thing is the thing; short names and directories are no names."""
    page = read_page(f'<title>File not found</title><img src="{source}">')

    assert shows_item(page, path) is shown
    assert (source in own_of(page, page, item_names(path)).pictures) is shown


def test_a_sentence_in_an_album_is_not_about_the_album() -> None:
    """Below a heading of its own and beside pictures that nobody offers instead, it speaks of one of many."""
    album = "".join(f'<a href="/v/{n}"><img src="/t/{n}.jpg"></a>' for n in range(9))
    html = "<title>Lakes</title><h1>Lakes of the north</h1><p>The picture was deleted by its owner.</p>"

    assert (signs(html + album).removal_wording, signs(html).removal_wording) == (None, "removed.en")


@pytest.mark.parametrize(
    ("beside", "gone"),
    [
        ('<a href="/v/1"><img src="/t/1.jpg"></a><p>The Errors</p>', False),
        ('<a href="/v/1"><img src="/t/1.jpg"></a><p>Watch another video</p>', True),
        ("".join(f'<a href="/v/{n}"><img src="/t/{n}.jpg"></a>' for n in range(3)), True),
    ],
)
def test_cover_and_other_things(beside: str, *, gone: bool) -> None:
    """One picture that leads elsewhere is a cover; several, or one that is offered instead, are other things."""
    assert bool(signs(f"<title>Pics</title><h1>Video deleted</h1>{beside}").removal_wording) is gone


@pytest.mark.parametrize(
    ("html", "parked"),
    [
        ("<h1>This domain is for sale</h1><p>Make an offer.</p>", True),
        ("<h1>This domain is for sale</h1><p>by Ada Lund</p>", False),
        ("<h1>This domain is for sale</h1><img src=/full/1.jpg>", False),
        ("<h1>This domain is for sale</h1><p>Buy this domain. It is parked free, courtesy of Example Names.</p>", True),
        ("<h1>This domain is for sale</h1><p>Buy this domain.</p><img src=/full/1.jpg>", False),
        ("<title>This domain is for sale</title><h1>This domain is for sale!</h1><p>by Ada Lund</p>", False),
    ],
)
def test_one_page_of_a_site_is_not_for_sale(html: str, *, parked: bool) -> None:
    """Where other names are honestly missing, a page is for sale only if it says nothing else."""
    assert (signs(html).parked is not None) is parked


# ── what stands beside ──


@pytest.mark.parametrize(
    ("line", "of_site"),
    [
        ("back to the front page", True),
        ("© 2026 snapbox", True),
        ("request id: 0f3a-22", True),
        ("we use cookies to show you adverts", True),
        ("/b/", True),
        ("4", True),
        ("", True),
        ("the image has been removed by a robot named karl", True),
        ("bilder neu hilfe", True),
        ("snapbox has no such page", True),
        ("戻る", True),
        ("snapbox", False),
        ("by ada", False),
        ("3:41", False),
        ("猫と犬の日記", False),
        ("oil on canvas, 80 x 60 cm", False),
    ],
)
def test_line_that_belongs_to_a_removal(line: str, *, of_site: bool) -> None:
    """Ways out, excuses, numbers to be named and the words of menus belong to it; names and works do not."""
    site = Site(
        menu=frozenset({"bilder", "neu", "hilfe"}), names=frozenset({"snapbox"}), plain=(), said=KNOWN.tongues.said
    )

    assert belongs(line, site, VOCABULARIES) is of_site


@given(st.text(max_size=300))
def test_any_sentence_is_judged(sentence: str) -> None:
    """No sentence stops the judging, and an empty one says nothing."""
    words = plain_words(sentence)

    assert isinstance(is_of_site(words, VOCABULARIES, foreign_in=6), bool)
    assert statement_in(words, VOCABULARIES) is None or words.strip()
