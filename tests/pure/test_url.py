"""The identity of a URL: what a browser makes of it, nothing else."""

import json
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import Refused
from schemas.url import (
    HostKind,
    UnsupportedScheme,
    host_kind,
    parse_url,
    read_suffixes,
    registered_domain,
    shared_suffix,
    sibling_of,
    under_a_registry,
)

DATA = Path(__file__).parents[1] / "data"

#: https://github.com/whatwg/url: since 2026 a domain that is ASCII stays as it is even where a label is no IDNA label.
NO_LONGER_REFUSED = {
    "http://a.b.c.xn--pokxncvks": "http://a.b.c.xn--pokxncvks/",
    "http://10.0.0.xn--pokxncvks": "http://10.0.0.xn--pokxncvks/",
    "http://a.b.c.XN--pokxncvks": "http://a.b.c.xn--pokxncvks/",
    "http://a.b.c.Xn--pokxncvks": "http://a.b.c.xn--pokxncvks/",
    "http://10.0.0.XN--pokxncvks": "http://10.0.0.xn--pokxncvks/",
    "http://10.0.0.xN--pokxncvks": "http://10.0.0.xn--pokxncvks/",
    "https://xn--/": "https://xn--/",
}
#: Cases of web-platform-tests that are younger than the file.
YOUNGER = {
    ("http://é@é", None): "http://%C3%A9@xn--9ca/",
    ("http://é@example.com", None): "http://%C3%A9@example.com/",
    ("http:/", "http://example.com/"): "http://example.com/",
    ("https://example.com/aaa/bbb/%2e%2e?query", None): "https://example.com/aaa/?query",
    ("http://😀x@host/", None): "http://%F0%9F%98%80x@host/",
    ("http://a:😀x@host/", None): "http://a:%F0%9F%98%80x@host/",
    ("http://😀@host/", None): "http://%F0%9F%98%80@host/",
    ("https://localhost?q=🔥", None): "https://localhost/?q=%F0%9F%94%A5",
    ("https://localhost#🔥", None): "https://localhost/#%F0%9F%94%A5",
    ("http://18446744073709551616", "http://other.com/"): None,
    ("http://18446744075840258049", "http://other.com/"): None,
    ("https://0x.0x.0x.0x", None): "https://0.0.0.0/",
    ("https://00.00.00.00", None): "https://0.0.0.0/",
    ("https://0000000000000000000000000000000000000000177.0.0.1", None): "https://127.0.0.1/",
}


def web_platform_cases() -> list[tuple[str, str | None, str | None]]:
    """Give input, base and what it becomes (None: it is refused)."""
    cases: list[dict[str, Any]] = json.loads((DATA / "urltestdata_http.json").read_text())
    older = [(case["input"], case["base"], NO_LONGER_REFUSED.get(case["input"], case["href"])) for case in cases]
    return older + [(text, base, href) for (text, base), href in YOUNGER.items()]


def became(text: str, base: str | None) -> str | None:
    """Parse a case; None where it is refused."""
    try:
        return parse_url(text, parse_url(base) if base else None).text
    except Refused:
        return None


def test_every_case_of_web_platform_tests_comes_out_right() -> None:
    """All http(s) cases: the serialisation without fragment, or a refusal."""
    cases = web_platform_cases()
    wrong = [
        (text, base, href) for text, base, href in cases if became(text, base) != (href and href.partition("#")[0])
    ]

    assert wrong == []
    assert (len(cases), sum(href is None for _, _, href in cases)) == (447, 199)


def test_the_parts_are_those_of_the_serialisation() -> None:
    """Scheme, host, port and path put together again are the identity, userinfo aside."""
    for text, base, href in web_platform_cases():
        if base is None and href is not None:
            url = parse_url(text)
            literal = f"[{url.host}]" if ":" in url.host else url.host
            default = url.port == (443 if url.scheme == "https" else 80)
            rest = re.sub(r"//[^/]*@", "//", url.text)

            assert rest.replace(f"{url.host}./", f"{url.host}/") in {
                f"{url.scheme}://{literal}{'' if default else f':{url.port}'}{url.path}",
                f"{url.scheme}://{literal}{url.path}",
            }


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://192.0x00A80001/", "192.168.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://017700000001/", "127.0.0.1"),
        ("http://0x7F000001/", "127.0.0.1"),
        ("http://127.1/", "127.0.0.1"),
        ("http://192.0.2.1./", "192.0.2.1"),
        ("http://１２７．０．０．１/", "127.0.0.1"),
        ("http://%31%32%37.1/", "127.0.0.1"),
        ("http://①②⑦.1/", "127.0.0.1"),
        ("http://img.example./", "img.example"),
        ("http://img。example/", "img.example"),
        ("http://IMG.Example/", "img.example"),
        ("http://i\u00admg.example/", "img.example"),
        ("http://img.e\txam\nple/", "img.example"),
        ("  http://img.example/  ", "img.example"),
        ("http:\\\\img.example\\a", "img.example"),
        ("http:img.example/a", "img.example"),
        ("http:/img.example/a", "img.example"),
        ("http:////img.example/a", "img.example"),
        ("http://bank.example@img.example/", "img.example"),
        ("http://bank.example%2f@img.example/", "img.example"),
        ("http://bank.example:80@img.example:81/", "img.example"),
        ("http://a@b@img.example/", "img.example"),
        ("http://img.example\\@bank.example/", "img.example"),
        ("http://img.example/@bank.example/", "img.example"),
        ("http://img.example?@bank.example/", "img.example"),
        ("http://img.example#@bank.example/", "img.example"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://[::FFFF:127.0.0.1]/", "::ffff:7f00:1"),
        ("http://[0:0::1]/", "::1"),
    ],
)
def test_a_disguised_host_is_what_a_browser_makes_of_it(text: str, host: str) -> None:
    """Numbers in any base, dots of any script, userinfo and backslashes hide nothing."""
    url = parse_url(text)

    assert url.host == host
    assert url.address == (ip_address(host) if ":" in host or host[0].isdigit() else None)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://./", "."),
        ("http://../a", ".."),
        ("http://img.example../", "img.example.."),
        ("http://a..example/", "a..example"),
    ],
)
def test_a_host_that_can_be_nobodys_name_is_taken_as_it_is(text: str, host: str) -> None:
    """The standard calls it valid: it is taken, and is no other host; an address it has not."""
    url = parse_url(text)

    assert (url.text, url.host, url.kind) == (text, host, HostKind.WEB)
    assert url.address is None


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("data:image/png;base64,AAAA", "data"),
        (" DATA:,a", "data"),
        ("da\nta:,http://img.example/", "data"),
        ("data:image/png://a,b", "data"),
        ("blob:https://img.example/7a2f", "blob"),
        ("javascript:http://img.example/", "javascript"),
        ("ftp://img.example/", "ftp"),
        ("file:///etc/passwd", "file"),
        ("view-source:https://img.example/", "view-source"),
        ("wss://img.example/", "wss"),
    ],
)
def test_another_scheme_is_refused_by_its_name_alone(text: str, scheme: str) -> None:
    """The refusal names the scheme, so that it can be counted, and holds nothing of what stood behind it."""
    with pytest.raises(UnsupportedScheme) as refused:
        parse_url(text)

    assert refused.value.scheme == scheme
    assert "img" not in str(refused.value)
    assert "AAAA" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "img.example/a", "//img.example", "http://", "http://a b/", "http://img.example:x/"]
)
def test_what_is_no_url_is_refused_with_an_example(text: str) -> None:
    """The sentence says how to write one, and does not repeat it."""
    with pytest.raises(Refused, match=r"https://img\.example/i/1\.jpg"):
        parse_url(text)


def test_half_a_surrogate_pair_is_the_replacement_character() -> None:
    """Text from JSON may hold one; Web IDL's USVString has U+FFFD in its place."""
    assert parse_url("http://img.example/\ud800a").text == "http://img.example/%EF%BF%BDa"


def psl_vectors() -> list[tuple[str | None, str | None]]:
    """Read checkPublicSuffix('host', 'registered domain') lines."""
    lines = (DATA / "test_psl.txt").read_text(encoding="utf-8").splitlines()
    called = (re.fullmatch(r"checkPublicSuffix\((null|'.*?'), (null|'.*?')\);", line.strip()) for line in lines)
    return [tuple(None if part == "null" else part.strip("'") for part in call.groups()) for call in called if call]  # type: ignore[misc]


def test_the_list_of_suffixes_may_be_read_before_anybody_asks() -> None:
    """Reading it early, again or not at all changes no answer."""
    before = registered_domain("a.b.example.co.uk"), shared_suffix("someone.github.io")
    read_suffixes()
    read_suffixes()
    registered_domain.cache_clear()
    shared_suffix.cache_clear()

    assert (registered_domain("a.b.example.co.uk"), shared_suffix("someone.github.io")) == before
    assert before == ("example.co.uk", "github.io")


def test_the_registered_domain_is_that_of_the_public_suffix_lists_own_vectors() -> None:
    """Where the list has no registered domain, the host is its own site."""
    vectors = psl_vectors()
    wrong = []
    for host, domain in vectors:
        if host is not None:
            url = parse_url(f"http://{host}/")
            if url.site != (parse_url(f"http://{domain}/").host if domain else url.host):
                wrong.append((host, domain, url.site))

    assert len(vectors) == 78
    assert wrong == []


@pytest.mark.parametrize(
    ("host", "suffix"),
    [
        ("someone.github.io", "github.io"),
        ("a.b.github.io", "github.io"),
        ("github.io", "github.io"),
        ("x.s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
        ("img.example.co.uk", None),
        ("co.uk", None),
        ("img.example.com", None),
        ("localhost", None),
    ],
)
def test_what_strangers_share_is_known_by_the_private_half_of_the_list(host: str, suffix: str | None) -> None:
    """Under such a suffix the domain belongs to a company, what stands below it to a customer."""
    assert shared_suffix(host) == suffix


def test_under_a_registry_there_are_only_names_that_somebody_registers() -> None:
    """What is on the list's public half, and a name without a dot; not what a company shares."""
    hosts = (
        "co.uk",
        "kawasaki.jp",
        "xn--p1ai",
        "localhost",
        "example.co.uk",
        "city.kawasaki.jp",
        "github.io",
        "www.ck",
    )

    assert [under_a_registry(host) for host in hosts] == [True] * 4 + [False] * 4


def test_each_kind_of_host_has_its_site() -> None:
    """An address and an onion service have no registered domain; an onion's site is the service."""
    onion = "a" * 56

    assert host_kind("2001:db8::7") == ("2001:db8::7", HostKind.ADDRESS)
    assert host_kind("192.0.2.7") == ("192.0.2.7", HostKind.ADDRESS)
    assert host_kind(f"img.{onion}.onion") == (f"{onion}.onion", HostKind.ONION)
    assert host_kind("a.b.example.co.uk") == ("example.co.uk", HostKind.WEB)
    assert registered_domain("co.uk") == "co.uk"


def test_a_sibling_stands_in_the_same_directory() -> None:
    """Query and userinfo aside, only the last name changes."""
    assert sibling_of(parse_url("http://img.example:81/a/b.jpg?c=/d"), "x") == "http://img.example:81/a/x"
