"""Gone here, and up again under another host name of the same site: one item succeeds another. Pure.

The two stay two items: each URL was confirmed on its own, and is told about on its own. Their histories name each
other, so that whoever reads one sees that the removal did not last. Where the whole old name was taken away its host
has moved: kind `successor`, unless the place says more (definitions, "Moves").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ntd.case import Record
from schemas.check import Round
from schemas.ids import ItemId
from schemas.url import Url, parse_url

_OTHER: Final = {"http://": "https://", "https://": "http://"}
_USUAL: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """An item that is up, the gone one that it succeeds, and by what that is known."""

    item: ItemId
    of: ItemId
    by: str  # "path" | "body"


def former_urls(url: Url, hosts: Iterable[str]) -> tuple[str, ...]:
    """Give the URLs that an item may have had under other names of its site: the same path, by http or https.

    >>> former_urls(parse_url("http://b.example/1.jpg"), ["a.example"])
    ('http://a.example/1.jpg', 'https://a.example/1.jpg')
    """
    found = []
    for host in hosts:
        text = url.text.replace(f"://{url.host}", f"://{host}", 1)
        found.append(text)
        if url.port == _USUAL.get(url.scheme):
            scheme = f"{url.scheme}://"
            found.append(text.replace(scheme, _OTHER[scheme], 1))
    return tuple(found)


def histories(found: Sequence[Succession], now: datetime) -> tuple[Record, ...]:
    """Write both sides down: `successor` at the one that was gone, `succeeds` at the one that is up."""
    return tuple(
        line
        for one in found
        for line in (
            Record(item=one.of, event="successor", at=now, detail={"item": str(one.item), "by": one.by}),
            Record(item=one.item, event="succeeds", at=now, detail={"item": str(one.of), "by": one.by}),
        )
    )


def sent_to(seen: Round) -> str | None:
    """Give the URL under another host name, of the same site, where a round ended; None where it ended at its own."""
    for look in seen.observations:
        if not look.hops or look.final_site is not None:
            continue
        asked, ended = parse_url(look.hops[0].url), parse_url(look.hops[-1].url)
        if asked.host.removeprefix("www.") != ended.host.removeprefix("www."):
            return ended.text
    return None
