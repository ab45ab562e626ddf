"""What an item may have been called before, and where a round has ended."""

from datetime import UTC, datetime

import pytest

from ntd.succeeding import former_urls, sent_to
from schemas.check import Hop, Meaning, Observation, Round, Sight, Verdict
from schemas.url import parse_url

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "former"),
    [
        ("http://b.example/b.example/1.jpg", ("http://a.example/b.example/1.jpg", "https://a.example/b.example/1.jpg")),
        ("https://b.example/?q=1", ("https://a.example/?q=1", "http://a.example/?q=1")),
        ("http://b.example:8080/1.jpg", ("http://a.example:8080/1.jpg",)),
    ],
)
def test_former_urls(url: str, former: tuple[str, ...]) -> None:
    """Only the name changes, and the scheme where the port is the usual one."""
    assert former_urls(parse_url(url), ["a.example"]) == former
    assert former_urls(parse_url(url), []) == ()


@pytest.mark.parametrize(
    ("hops", "final_site", "there"),
    [
        (("http://a.example/1", "http://b.a.example/1"), None, "http://b.a.example/1"),
        (("http://a.example/1", "http://www.a.example/1"), None, None),
        (("http://a.example/1", "http://a.example/2"), None, None),
        (("http://a.example/1", "http://c.example/1"), "c.example", None),
        ((), None, None),
    ],
)
def test_where_a_round_ended(hops: tuple[str, ...], final_site: str | None, there: str | None) -> None:
    """Another name of the same site is told; its own, with www or without, and another site are not."""
    look = Observation(
        at=NOW,
        vantage="direct",
        sight=Sight.ANSWERED,
        address=None,
        addresses=(),
        hops=tuple(Hop(url=url, status=200) for url in hops),
        final_site=final_site,
    )
    seen = Round(at=NOW, observations=(look,), meaning=Meaning(verdict=Verdict.UP, reason="status_2xx"))

    assert sent_to(seen) == there
