"""The names that nobody has uploaded: what an item is compared with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.siblings import Siblings, siblings_of
from schemas.url import parse_url

NOISE = bytes([7]) * 32


def siblings(path: str) -> Siblings:
    """Give what a path of a site is compared with."""
    return siblings_of(parse_url(f"https://img.test{path}"), NOISE)


def test_sibling_keeps_the_shape_of_the_name() -> None:
    """Digits stay digits, capitals capitals, the extension stays; query and item name do not."""
    (sibling,) = siblings_of(parse_url("https://img.test:8443/i/ABcd-1234567.jpeg?w=1"), NOISE).names
    head, _, name = sibling.rpartition("/")
    stem = name.removesuffix(".jpeg")

    assert head == "https://img.test:8443/i"
    assert (stem[:2].isupper(), stem[2:4].islower(), stem[4], stem[5:].isdigit()) == (True, True, "-", True)
    assert "1234567" not in sibling


@pytest.mark.parametrize("path", ["/", "/gallery/", "/?x=y", "/a/b/?x=y"])
def test_directory_has_no_sibling(path: str) -> None:
    """What has no name of its own is compared with nothing."""
    assert siblings(path) == Siblings(front="https://img.test/")


@pytest.mark.parametrize("path", ["/album/4711/", "/threads/a-day.52/", "/u/beachboyphotos/"])
def test_directory_that_may_be_an_item_has_one(path: str) -> None:
    """A number or a long name is an item's, whatever stands behind it; its sibling is a directory too."""
    (sibling,) = siblings(path).names

    assert sibling.startswith("https://img.test" + path.rsplit("/", 2)[0])
    assert sibling.endswith("/")
    assert sibling != f"https://img.test{path}"


@pytest.mark.parametrize(
    ("path", "two"),
    [("/v/12345/a-day-out", True), ("/i/x9Kq2f/a.jpg", True), ("/soft404/a.jpg", False), ("/case-17/a.jpg", False)],
)
def test_number_before_the_name_has_a_sibling_too(path: str, *, two: bool) -> None:
    """Where the item's number stands before a title, it is varied too; a numbered directory is no number."""
    first, *second = siblings(path).names

    assert first.rpartition("/")[0] == f"https://img.test{path.rpartition('/')[0]}"
    assert [one.rpartition("/")[2] for one in second] == [path.rpartition("/")[2]] * two


def test_directory_of_somebody_is_varied_for_a_page_that_shows_something() -> None:
    """A user's page may stand behind whatever name; the site's own directories are left as they are."""
    assert siblings("/anna/summer").deeper is not None
    assert siblings("/images/full/summer").deeper is None


@pytest.mark.parametrize("path", ["/viewtopic.php?f=3&t=48211", "/watch?v=dQw4w9XgXcQ", "/?1a2b3c4d"])
def test_program_is_asked_for_another_value(path: str) -> None:
    """A page found by its query has a sibling with other values, and is compared with the bare program."""
    found, (head, _, query) = siblings(path), path.partition("?")
    (sibling,) = found.names

    assert sibling.startswith(f"https://img.test{head}?")
    assert sibling.partition("?")[2] not in {query, ""}
    assert found.bare == f"https://img.test{head}"
    assert found.program is not None
    assert found.program.rpartition("/")[2] != head[1:]


@given(st.text(alphabet="abcXYZ0123456789-_.~%", min_size=1, max_size=80).filter(lambda name: name.strip(".%")))
def test_sibling_is_another_name_in_the_same_directory(name: str) -> None:
    """Whatever a name looks like, its sibling is a valid URL beside it, and long enough to be nobody's upload."""
    url = parse_url(f"https://img.test/i/{name.replace('%', '%41')}")
    for sibling in siblings_of(url, NOISE).names:
        assert parse_url(sibling).text.startswith("https://img.test/")
        assert len(sibling.rpartition("/")[2]) >= 10


@given(st.text(alphabet="ab1=&?/.-%", max_size=60))
def test_any_query_has_siblings_that_can_be_asked(query: str) -> None:
    """Whatever a query looks like, all that is asked instead is a URL of the same host."""
    found = siblings_of(parse_url(f"https://img.test/view.php?{query.replace('%', '%41')}"), NOISE)
    asked = [*found.names, found.deeper, found.bare, found.program, found.front]

    assert {parse_url(one).host for one in asked if one} == {"img.test"}
