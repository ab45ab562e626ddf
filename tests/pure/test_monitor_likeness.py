"""What is kept of a body beside its hash: enough to tell a changed one, too little to tell what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.imprint import APART, picture_likeness, text_likeness, unlike
from monitor.likeness import own_of, shows_little
from monitor.pages import read_page
from monitor.pictures import Shape

SALT = b"of this installation"
WORDS = "the sea in may taken from the pier with gulls and two boats early in the morning by anna who likes it there"
OTHER = "boiler service heating repairs bathrooms drains free quotes friendly advice call now a plumber in your town"


def likeness(text: str, more: str = "", salt: bytes = SALT) -> str | None:
    """Give the likeness of a page with this text."""
    return text_likeness(read_page(f"<title>A page</title><p>{text}</p>{more}"), salt)


# ── words ──


def test_slightly_changed_page_is_alike_and_another_is_not() -> None:
    """A counter and a comment leave a page what it is; other words make another page."""
    first = likeness(WORDS + " seen 4821 times")

    assert unlike(first, likeness(WORDS + " seen 4955 times lovely")) == ""
    assert unlike(first, likeness(OTHER)) == "text_changed"


def test_page_that_lost_its_pictures_is_unlike() -> None:
    """The same words without the picture they stood beside are another page."""
    assert unlike(likeness(WORDS, "<img src=/full/1.jpg>"), likeness(WORDS)) == "pictures_missing"


def test_likeness_depends_on_the_installation() -> None:
    """Two installations keep different bits of the same page, so no list of them is a list of contents."""
    bits = [(likeness(WORDS, salt=salt) or "").split(":")[1] for salt in (SALT, b"another")]

    assert len(bits[0]) == 16
    assert (int(bits[0], 16) ^ int(bits[1], 16)).bit_count() > APART / 2


@pytest.mark.parametrize("text", ["", "short", "海"])
def test_few_words_have_no_likeness(text: str) -> None:
    """What says next to nothing cannot be compared by its words."""
    assert likeness(text) is None


def test_text_without_blanks_is_told_by_pairs_of_letters() -> None:
    """Scripts that write without blanks between words are compared too."""
    text = "海辺の写真です五月の朝早くに桟橋から撮りましたかもめと二そうの舟が写っています"

    assert unlike(likeness(text), likeness(text + "閲覧")) == ""
    assert (
        unlike(
            likeness(text),
            likeness("給湯器の修理はお任せください無料見積もり今すぐお電話ください水まわりの工事も承ります"),
        )
        != ""
    )


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    """Whatever was kept of two pages, it can be compared, and every page is like itself."""
    first, second = likeness(one), likeness(other)

    assert unlike(first, second) in {None, "", "text_changed", "pictures_missing"}
    assert unlike(first, first) in {None, ""}


# ── shapes ──

JPEG = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xe1\x10\x02" + bytes(0x1000)
    + b"\xff\xff\xc0\0\x11\x08" + (480).to_bytes(2) + (640).to_bytes(2) + b"\x03rest"
)  # fmt: skip
WIDE, HIGH = (640).to_bytes(2, "little"), (480).to_bytes(2, "little")
SHAPES = {
    "jpeg": JPEG,
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + (640).to_bytes(4) + (480).to_bytes(4) + bytes(20),
    "gif": b"GIF89a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little") + bytes(30),
    "bmp": b"BM" + bytes(16) + (640).to_bytes(4, "little") + (480).to_bytes(4, "little") + bytes(10),
    "webp": b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a"
    + (640).to_bytes(2, "little")
    + (480).to_bytes(2, "little")
    + bytes(9),
    "webp lossless": b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + (639 | 479 << 14).to_bytes(4, "little") + bytes(9),
    "webp extended": b"RIFF\0\0\0\0WEBPVP8X"
    + bytes(8)
    + (639).to_bytes(3, "little")
    + (479).to_bytes(3, "little")
    + bytes(9),
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("step", [1, 7, 5000])
def test_shape_is_found_however_a_picture_is_cut(kind: str, step: int) -> None:
    """The width and height of a picture are told from its head, in whatever pieces it comes."""
    shape, body = Shape(), SHAPES[kind]
    for at in range(0, len(body), step):
        shape.take(body[at : at + step])

    assert shape.found == (640, 480)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xd8\xff\xda" + bytes(100),
        b"\xff\xd8garbage" + bytes(100),
        b"\xff\xd8" + b"\xff\x01" * 600,
        b"RIFF\0\0\0\0WEBPVP9 " + bytes(40),
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(30),
        b"BM" + b"\xff" * 40,
        b"<html>" + bytes(40),
    ],
)
def test_what_is_no_picture_has_no_shape(body: bytes) -> None:
    """A head that says nothing, or nonsense, gives no shape, and nothing of it is kept."""
    shape = Shape()
    shape.take(body)
    shape.take(JPEG)

    assert shape.found is None
    assert not shape._kept


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_can_be_taken(pieces: list[bytes]) -> None:
    """No bytes, however they come, stop the reading."""
    shape = Shape()
    for piece in [b"\xff\xd8", *pieces]:
        shape.take(piece)

    assert shape.found is None or min(shape.found) > 0


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ("640x480", "800x600", ""),
        ("640x480", "640x481", ""),
        ("640x480", "480x640", "shape_changed"),
        ("640x480", "161x81", "shape_changed"),
    ],
)
def test_pictures_of_one_shape_are_alike(before: str, now: str, reason: str) -> None:
    """A picture scaled or encoded anew keeps its shape; another has another, most often."""
    first, second = (picture_likeness(*map(int, shape.split("x"))) for shape in (before, now))

    assert unlike(first, second) == reason


@pytest.mark.parametrize(("before", "now"), [(None, "picture:1x1"), ("picture:1x1", None), ("picture:1x1", "text:0:0")])
def test_what_was_not_kept_or_is_of_another_kind_tells_nothing(before: str | None, now: str | None) -> None:
    """Without both sides there is nothing to compare."""
    assert unlike(before, now) is None


# ── what is a page's own ──


def test_what_the_missing_page_shows_too_is_not_the_items_own() -> None:
    """Lines and pictures that stand on the page of a missing name are the site's; numbers in them do not matter."""
    page = read_page("<p>Pics since 2019, 812 users</p><img src=/a.jpg><img src=/b.jpg><p>My sea</p>")
    missing = read_page("<p>Pics since 2019, 813 users</p><img src=/a.jpg><p>Nothing</p>")

    assert own_of(page, missing).lines == ("My sea",)
    assert own_of(page, missing).pictures == ("/b.jpg",)
    assert own_of(page, None).lines == ("Pics since 2019, 812 users", "My sea")


@pytest.mark.parametrize(
    ("html", "little"),
    [
        ("<p>Hm</p>", True),
        ("<img src=/full/1.jpg>", False),
        ("<img src=/logo.png>", True),
        ("<p>word</p>" * 400, False),
    ],
)
def test_what_shows_little(html: str, *, little: bool) -> None:
    """A picture of its own, or a long text, is something to see; a logo is not."""
    assert shows_little(read_page(html)) is little
