"""The items of a notice as rows, for those who read by machine: CSV (RFC 4180) with newline line ends."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence

from notifiers.plain import one_line, stamp, whole_url
from schemas.errors import Refused
from schemas.notice import Message, NoticeLine
from schemas.url import parse_url

_COLUMNS = (
    "item",
    "url",
    "assessment",
    "classification",
    "basis",
    "media",
    "site_type",
    "last_up_at",
    "address",
    "asn",
    "as_name",
    "country",
    "hoster",
    "front",
    "returned",
    "md5",
    "sha1",
    "sha256",
    "reason",
)
_FORWARD_COLUMNS = (*_COLUMNS, "reference", "series", "orphan")
#: What a spreadsheet would take for a formula when it opens the file.
_FORMULA = ("=", "+", "-", "@")


def item_table(message: Message) -> str:
    """Write the items of a notice."""
    return _csv(_COLUMNS, map(_row, message.lines))


def forward_table(message: Message) -> str:
    """Write the items of a forward by mail: a notice's columns and what only a partner is told."""
    rows = ((*_row(line), _cell(line.reference), _cell(line.series), _said(flag=line.orphan)) for line in message.lines)
    return _csv(_FORWARD_COLUMNS, rows)


def identity_table(message: Message) -> str:
    """Write the ids alone, for a withdrawal: the column for the URL is there, and empty on purpose."""
    return _csv(("item", "url"), ([str(line.item), ""] for line in message.lines))


def network_table(message: Message) -> str:
    """Write domain, address and count, for those who are not told the URLs."""
    return _csv(("domain", "address", "items"), ([*key, count] for key, count in told_of(message.lines).items()))


def told_of(lines: Sequence[NoticeLine]) -> Counter[tuple[str, str]]:
    """Count the items by domain and address, in the order in which they come."""
    return Counter((site_of(line.url), "" if line.address is None else str(line.address)) for line in lines)


def site_of(url: str) -> str:
    """Give the registered domain of a URL, or "unknown" where it is not one."""
    try:
        return parse_url(url).site
    except Refused:
        return "unknown"


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _row(line: NoticeLine) -> tuple[object, ...]:
    hashes = line.hashes or {}
    return (
        line.item,
        whole_url(line.url),
        "confirmed" if line.confirmed else "presumed",
        line.classification,
        line.basis,
        _cell(line.media),
        _cell(line.site_type),
        None if line.last_up_at is None else stamp(line.last_up_at),
        line.address,
        line.asn,
        _cell(line.as_name),
        _cell(line.country),
        _cell(line.hoster),
        _cell(line.front),
        _said(flag=line.returned),
        _cell(hashes.get("md5")),
        _cell(hashes.get("sha1")),
        _cell(hashes.get("sha256")),
        _cell(line.reason),
    )


def _said(*, flag: bool) -> str:
    return "yes" if flag else "no"


def _cell(text: str | None) -> str | None:
    if not text:
        return None
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
