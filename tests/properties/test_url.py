"""The short way through the URL parser says what the whole parser says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Refused
from schemas.url import _PLAIN, Url, _parsed, parse_url

# What URLs are made of, and what makes parsers differ.
_PIECES = st.sampled_from(
    [
        *"aZ09-._~!$&'()*+,;=:@/?#[]|^`{}<>\"\\% \t\n",
        *(
            "..",
            "/.",
            "/..",
            "//",
            "%2e",
            "%2E%2e",
            "%00",
            "%zz",
            "xn--",
            "xn--bcher-kva",
            "é",
            "。",
            "\u00ad",
            "😀",
            "ß",
        ),
        *("http:", "https://", "http://", "HTTP://", "www.", ".com", ".test", "example", "0x7f", "127.1", "256", "1."),
        *(":80", ":443", ":65536", "[::1]", "user@", ".onion", "\ud800", "a" * 64),
    ]
)
_TEXTS = st.lists(_PIECES, max_size=9).map("".join)
_URLS = st.tuples(st.sampled_from(["http://", "https://"]), _TEXTS, st.sampled_from(["", "/", "/i/"]), _TEXTS)

_LABELS = st.lists(st.text("abz019-", min_size=1, max_size=5), max_size=3).map(".".join)
_PATHS = st.text("aZ09_~!$&()*+,;=:@-./?", max_size=12)
_PLAIN_ONES = st.builds("https://{}.{}/{}".format, _LABELS, st.sampled_from(["com", "test", "zz"]), _PATHS).filter(
    lambda text: _PLAIN.fullmatch(text) is not None
)


def outcome(text: str, parse: object) -> Url | str:
    """Give the URL, or what it is refused with."""
    try:
        return parse(text)  # type: ignore[operator, no-any-return]
    except Refused as refused:
        return repr(refused)


@settings(max_examples=400)
@given(st.one_of(_URLS.map("".join), _TEXTS))
def test_the_short_way_agrees_with_the_parser(text: str) -> None:
    """Taken or refused, in every part."""
    assert outcome(text, parse_url) == outcome(text, lambda one: _parsed(one, None))


@settings(max_examples=150)
@given(_PLAIN_ONES)
def test_what_takes_the_short_way_is_its_own_serialisation(text: str) -> None:
    """The parser changes nothing in it."""
    assert _parsed(text, None) == parse_url(text)
    assert parse_url(text).text == text


@settings(max_examples=150)
@given(_URLS.map("".join))
def test_an_identity_is_its_own_identity(text: str) -> None:
    """Parsing what parsing gave changes nothing: the same URL again is the same item."""
    found = outcome(text, parse_url)
    if isinstance(found, Url):
        assert parse_url(found.text) == found
