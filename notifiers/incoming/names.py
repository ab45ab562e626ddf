"""What a message names of ours: notices by our return path or our Message-IDs, items by their ids or their URLs."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from uuid import UUID

from notifiers.incoming.mail import Headers, Mail
from notifiers.incoming.quotation import Words
from schemas.ids import NoticeId
from schemas.incoming import Named, Ours

#: As many of one sort are looked at: a notice has at most ten thousand items, an answer to it rarely names fifty.
MOST = 1000
_HEX = r"[0-9a-fA-F]"
_UUID = re.compile(rf"(?<![\w-]){_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}(?![\w])(?!-\w)")
_MESSAGE_ID = re.compile(r"<?\s?([^\s<>\"@]{1,200})@([\w.-]{1,200}|\[[^\s\]]{1,80}\])\s?>?")
_FIELD = re.compile(r"^\W{0,4}(?:original[- ])?message-id:\s{0,4}(\S{1,400})", re.IGNORECASE | re.MULTILINE)
_URL = re.compile(r"\b(?i:h..ps?)(?::|\[:\])//[^\s<>\"'|\\^`{}]{3,2000}")
#: Where the address that a message was sent to may stand; the first that is written by the delivering system.
_ADDRESSED = (
    "delivered-to", "x-original-to", "x-delivered-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "x-forwarded-to",
    "original-recipient", "resent-to", "apparently-to", "to", "cc", "received",
)  # fmt: skip
#: Where our own return path may stand in a message of ours that came back.
_RETURNED = ("return-path", "x-envelope-from", "envelope-from", "x-return-path", "errors-to", "sender", "received")


def names(mail: Mail, words: Words, ours: Ours, *, reports: bool) -> Named:
    """Find what a message names; in a report everything it returns of ours counts, elsewhere the thread does."""
    text = f"{words.own}\n{words.quoted}" if reports else ""
    machine = "\n".join(part.text() for part in mail.parts if part.report)
    threads = list(_threads(mail, machine, text, reports=reports))
    mine = [notice for local, domain in threads if (notice := _ours(local, domain, ours))]
    return Named(
        tokens=_tokens(mail, f"{machine}\n{text}", ours),
        messages=tuple(dict.fromkeys(mine)),
        spoken=_uuids("\n".join([*_subjects(mail), words.own])),
        quoted=_uuids(words.quoted),
        urls=tuple(islice(_urls(words.own), MOST)),
        foreign=bool(threads) and not mine,
    )


def _threads(mail: Mail, machine: str, text: str, *, reports: bool) -> Iterator[tuple[str, str]]:
    """Give the Message-IDs that a message speaks of, the surest first."""
    values = [one for headers in mail.returned for one in headers.all("message-id")]
    if not reports:
        # The newest stands last in References (RFC 5322, section 3.6.4).
        values = [*mail.headers.all("in-reply-to"), *_newest_first(mail.headers), *values]
    values += _FIELD.findall(machine) + _FIELD.findall(text)
    yield from _identities(values)
    if reports:
        yield from _identities([*mail.headers.all("in-reply-to"), *_newest_first(mail.headers)])


def _newest_first(headers: Headers) -> list[str]:
    return [one for value in headers.all("references") for one in reversed(value.split())]


def _identities(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    found = (match for value in values for match in _MESSAGE_ID.finditer(value[:8000]))
    return ((match[1], match[2]) for match in islice(found, MOST))


def _ours(local: str, domain: str, ours: Ours) -> NoticeId | None:
    if domain.lower() != ours.domain.lower() or not _UUID.fullmatch(local):
        return None
    return NoticeId(UUID(local))


def _subjects(mail: Mail) -> list[str]:
    return [mail.headers.get("subject"), *(headers.get("subject") for headers in mail.returned)]


def _uuids(text: str) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(UUID(found[0]) for found in islice(_UUID.finditer(text), MOST)))


def _tokens(mail: Mail, text: str, ours: Ours) -> tuple[NoticeId, ...]:
    if not ours.bounce_address:
        return ()
    pattern = _token_pattern(ours.bounce_address)
    places = [value for name in _ADDRESSED for value in mail.headers.all(name)]
    places += [value for headers in mail.returned for name in _RETURNED for value in headers.all(name)]
    found = (match[1] for value in (*places, text) for match in islice(pattern.finditer(value), MOST))
    return tuple(dict.fromkeys(NoticeId(UUID(one)) for one in found))


def _token_pattern(bounces: str) -> re.Pattern[str]:
    """Find the token of our return path, also where a forwarder has rewritten the domain (SRS, BATV)."""
    address = bounces if "TOKEN" in bounces else "+TOKEN@".join(bounces.rsplit("@", 1))
    before, _, after = address.partition("TOKEN")
    bound = re.escape(after) if not before else rf"(?!{_HEX})"
    return re.compile(rf"{re.escape(before)}({_HEX}{{32}}){bound}", re.IGNORECASE)


def _urls(text: str) -> Iterator[str]:
    for found in _URL.finditer(text):
        url = found[0].replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").rstrip(".,;:!?)]*_")
        yield re.sub(r"^h..p", "http", url, flags=re.IGNORECASE)


def recipients_in(text: str, but: frozenset[str]) -> list[str]:
    """Give the mailboxes that a text speaks of, ours left out, in lower case."""
    found = (match[0].lower().strip(".-_") for match in islice(_MAILBOX.finditer(text), MOST))
    return [one for one in dict.fromkeys(found) if one not in but]


_MAILBOX = re.compile(r"[\w.!#$%&'*+/=?^-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
