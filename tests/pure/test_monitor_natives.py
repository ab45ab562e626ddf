"""Pages as native readers of a language know them: what is gone, and what only speaks of it."""

from pathlib import Path
from tomllib import loads
from typing import Any

import pytest

from monitor.pages import read_page
from monitor.signs import Ended, signs_of
from monitor.wordings import known_pages

KNOWN = known_pages()
PAGES = loads((Path(__file__).parent.parent / "data" / "natives.toml").read_text("utf-8"))["page"]


def said_gone(page: dict[str, Any]) -> bool:
    """Say whether a page is read as one for what is not there."""
    heading, text = f"<h1>{page.get('heading', '')}</h1>", f"<p>{page.get('text', '')}</p>"
    html = f"<title>{page.get('title', '')}</title>{heading}{text}{page.get('more', '')}"
    return signs_of(read_page(html), "0" * 64, Ended(), KNOWN).removal_wording is not None


@pytest.mark.parametrize("lang", sorted({page["lang"] for page in PAGES}))
def test_pages_as_their_readers_understand_them(lang: str) -> None:
    """A removal is understood in the turns of phrase of its language, and a page that stands is never called gone."""
    pages = [page for page in PAGES if page["lang"] == lang]
    stand, gone = ([one for one in pages if one["gone"] is is_gone] for is_gone in (False, True))

    assert [one for one in stand if said_gone(one)] == []
    assert [one for one in gone if not said_gone(one)] == []
    assert (len(stand) > 25, len(gone) > 10) == (True, True)
