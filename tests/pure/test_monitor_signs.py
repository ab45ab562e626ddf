"""Known pages recognised in many languages, and pages that only talk about them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.likeness import fingerprint
from monitor.pages import PAGE_LIMIT, read_page
from monitor.signs import Ended, signs_of
from monitor.wordings import known_pages
from schemas.check import Signs

LONG = "lorem ipsum dolor sit amet " * 80


def signs(html: str, **ended: Any) -> Signs:
    """Give the signs of a page."""
    return signs_of(read_page(html), "0" * 64, Ended(**ended), known_pages())


REMOVED = {
    "en": ["This image has been removed", "The file you requested could not be found.", "Page not found", "Error 404"],
    "de": ["Dieses Bild wurde gelöscht", "Die Datei wurde leider nicht gefunden", "Seite nicht gefunden"],
    "nl": ["Deze afbeelding is verwijderd", "Bestand niet gevonden", "Deze pagina bestaat niet meer"],
    "fr": ["Cette image a été supprimée", "Fichier introuvable", "La page demandée n'existe plus"],
    "es": ["Esta imagen ha sido eliminada", "Archivo no encontrado", "La página no existe"],
    "it": ["Questa immagine è stata rimossa", "File non trovato", "Pagina non trovata"],
    "pt": ["Esta imagem foi removida", "Arquivo não encontrado", "Página não encontrada"],
    "pl": ["Ten plik został usunięty", "Nie znaleziono strony", "Plik nie istnieje"],
    "cs": ["Soubor byl smazán", "Stránka nenalezena", "Obrázek neexistuje"],
    "ru": ["Изображение удалено", "Файл не найден", "Страница не существует"],
    "uk": ["Файл видалено", "Сторінку не знайдено"],
    "ro": ["Imaginea a fost ștearsă", "Pagina nu a fost găsită"],
    "tr": ["Bu dosya silindi", "Sayfa bulunamadı"],
    "sv": ["Bilden har tagits bort", "Sidan kunde inte hittas"],
    "ja": ["この画像は削除されました", "ページが見つかりません"],
    "zh": ["该图片已被删除", "页面不存在"],
    "ko": ["이미지가 삭제되었습니다", "페이지를 찾을 수 없습니다"],
}


@pytest.mark.parametrize("words", [words for language in REMOVED.values() for words in language])
def test_removal_page(words: str) -> None:
    """A short page whose title, heading or first sentence says so is a removal page; a long one is not."""
    assert signs(f"<title>PicHost</title><h1>{words}</h1>").removal_wording
    assert signs(f"<title>{words} | PicHost</title><p><a href=/>PicHost</a></p>").removal_wording
    assert signs(f"<title>{words}</title><h1>{words}</h1><p>{LONG}</p>").removal_wording is None


@pytest.mark.parametrize(
    "html",
    [
        '<title>Forum</title><h1>Help: "page not found"</h1><p>It says file not found. What to do?</p>',
        "<title>Board</title><p>When I open the site it says the file was not found</p><p>Reply Quote</p>",
        "<title>File not found - Board</title><h1>File not found</h1><p>Hi, I get this since today</p>",
        "<title>Removed graffiti in Delft</title><h1>Removed graffiti</h1><img src=1.jpg>",
        "<title>Beach</title><h1>Lost and not forgotten</h1><img src=1.jpg><p>deleted scenes of the film</p>",
        "<title>Domains</title><p>I want to buy this domain, is it for sale?</p>",
        "<title>Car maintenance manual for the model of 1998, with pictures and tables of all parts</title>" + LONG,
        '<title>Pic</title><img src="a.jpg"><p>Log in</p><p>Terms: you must be 18 to upload</p>',
    ],
)
def test_page_that_talks_about_such_pages_is_none(html: str) -> None:
    """People talking about errors, and words that only look alike, are content."""
    assert signs(html) == Signs()


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<title>Log in - Pics</title>", "login"),
        ("<title>Anmelden</title><input type=password>", "login"),
        ("<title>Pics</title><p>Hello</p><input type='password'>", "login"),
        ("<p>This album is password protected</p>", "login"),
        ("<title>Attention Required! | Cloudflare</title>", "captcha"),
        ("<p>Bitte warten</p><script src=/cdn-cgi/challenge-platform/x.js></script>", "captcha"),
        ("<p>Ik ben geen robot</p>", "captcha"),
        ("<title>Altersprüfung</title>", "age_gate"),
        ("<p>Dit is niet beschikbaar in jouw land</p>", "geo_block"),
        ("<title>Access denied</title>", "access_denied"),
        ("<h1>Too many requests</h1>", "rate_limit"),
        ("<title>Before you continue</title>", "consent_wall"),
    ],
)
def test_walls(html: str, kind: str) -> None:
    """A wall is told by its words, its challenge, or because it asks for a password."""
    assert (signs(html).login or "").startswith(f"{kind}.")


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<title>Welcome to nginx!</title>", "default_page"),
        ("<title>Apache2 Debian Default Page: It works</title>", "default_page"),
        ("<title>IIS Windows Server</title>", "default_page"),
        ("<title>Wartungsarbeiten</title>", "maintenance"),
        ("<h1>Wij zijn zo terug: onderhoud</h1>", "maintenance"),
        ("<h1>Сайт временно недоступен</h1>", "maintenance"),
        ("<h1>502 Bad Gateway</h1>", "server_error"),
        ("<p>Error</p><div id=cf-error-details></div>", "cdn_error"),
    ],
)
def test_servers_and_fronts(html: str, kind: str) -> None:
    """A server that speaks for itself says nothing about the item."""
    assert (signs(html).default_page or "").startswith(f"{kind}.")


@pytest.mark.parametrize(
    ("ended", "field"),
    [
        ({"host": "img.test", "last": "removed.png"}, "removal_wording"),
        ({"host": "img.test", "last": "404.html"}, "removal_wording"),
        ({"host": "img.test", "last": "login"}, "login"),
        ({"host": "img.test", "last": "suspendedpage.cgi"}, "parked"),
        ({"host": "www.sedoparking.com", "last": ""}, "parked"),
    ],
)
def test_where_redirects_end(ended: dict[str, str], field: str) -> None:
    """Where a redirect ends can say what the page does not."""
    assert getattr(signs("<title>Pics</title><p>Hello</p>", **ended), field)


def test_placeholder_is_known_by_its_hash() -> None:
    """A transparent picture of one pixel stands for nothing; an operator may know more."""
    pixel = "ef1955ae757c8b966c83248350331bd3a30f658ced11f387f8ebf05ab3368629"
    known = known_pages(frozenset({"a" * 64, pixel}))

    assert signs_of(None, pixel, Ended(), known).placeholder == "placeholder.blank_pixel"
    assert signs_of(None, "a" * 64, Ended(), known).placeholder == "placeholder.configured"
    assert signs_of(None, "a" * 64, Ended(), known_pages()).placeholder is None


# ── comparing pages ──


def test_fingerprint_masks_what_differs_between_two_requests() -> None:
    """Numbers, random words and the path itself do not tell two pages apart; other words and pictures do."""

    def printed(path: str, text: str, more: str = "") -> str:
        return fingerprint(read_page(f"<title>Hm</title><p>{text}</p>{more}"), path)

    mine = printed("/i/abcdef.jpg", "No /i/abcdef.jpg here, ticket 12, id 7f3a9c01")

    assert mine == printed("/i/uvwxyz.jpg", "No /i/uvwxyz.jpg here, ticket 99, id 00ffee22")
    assert mine != printed("/i/uvwxyz.jpg", "Yes /i/uvwxyz.jpg here, ticket 99, id 00ffee22")
    assert mine != printed("/i/abcdef.jpg", "No /i/abcdef.jpg here, ticket 12, id 7f3a9c01", "<img src=x>")


@given(st.text(alphabet="<>/!-\"'= abhimgscrpt&;\n\x00", max_size=400))
@settings(max_examples=200)
def test_any_markup_can_be_read(html: str) -> None:
    """No markup, however broken, stops the reading."""
    page = read_page(html)

    assert len(page.text) <= len(html) + 1


@pytest.mark.parametrize("piece", ["<", "<!--", "<a ", "<script>", "&", '<img src="', "<h1>", "</", "<b>x"])
def test_hostile_markup_is_read_in_linear_time(piece: str) -> None:
    """The longest page of the worst markup is read, and judged, without falling asleep."""
    html = piece * (PAGE_LIMIT // len(piece))

    assert isinstance(signs(html), Signs)
