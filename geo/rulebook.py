"""What the operator laid down about contacts, and what we ship: read from settings, the contact book and our data."""

import csv
from collections.abc import Sequence
from email.utils import parseaddr
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import structlog

from geo.book import Book, read_book
from geo.bootstrap import NAMES, Bootstrap
from geo.contacts import Rules
from geo.fronts import Fronts
from geo.mailbox import Never, domain_of
from geo.matching import Match, Matching
from geo.platforms import Platforms
from geo.reach import Reaches
from geo.renewed import shipped
from geo.watched import Watched
from schemas.errors import Misconfigured
from schemas.settings import HosterRule, Settings

_DATA: Final = files("geo") / "data"
_log = structlog.get_logger()


def shipped_bootstrap() -> Bootstrap:
    """Read IANA's bootstrap files as we ship them."""
    return Bootstrap.of({name: shipped(name) for name in NAMES})


def shipped_fronts() -> Fronts:
    """Read the fronts we know."""
    return Fronts.read(_lines(_DATA / "fronts.csv"))


def shipped_reaches() -> Reaches:
    """Read the networks that stand in no one place, as far as we know them."""
    return Reaches.read(_lines(_DATA / "reach.csv"))


def shipped_countries() -> dict[str, str]:
    """Read the names of countries in lower case, with their codes."""
    return {row["name"].casefold(): row["code"] for row in csv.DictReader(_lines(_DATA / "countries.csv"))}


def shipped_never() -> Never:
    """Read the mailboxes that never get a notice (data/never.csv, with sources): of registries, exchanges, nobody."""
    return Never.read(_lines(_DATA / "never.csv"))


def shipped_platforms() -> Platforms:
    """Read the platforms we know (data/platforms.csv, each row with its source and date)."""
    return Platforms.read(_lines(_DATA / "platforms.csv"))


def _lines(file: Traversable) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


class Rulebook:
    """The rules of contact choice; the book is read again when it changes."""

    def __init__(self, settings: Settings) -> None:
        """Take the rules of the settings; Misconfigured where a `[[hoster]]` matches nothing that can be."""
        self._hosters = hoster_rules(settings.hoster)
        self._never, self._platforms = _with_ourselves(shipped_never(), settings), shipped_platforms()
        path = settings.geo.contacts
        self._book = Watched(Path(path), "geo.contacts", _read) if path else None
        self._rules = self._of(Book())

    async def open(self) -> tuple[str, ...]:
        """Read the book and give the faults of its rows; Misconfigured where it is missing or no contact book."""
        return (await self._book.open()).faults if self._book is not None else ()

    async def current(self) -> Rules:
        """Give the rules as they stand now: the same object until the book changes."""
        if self._book is not None:
            book = await self._book.current()
            if book is not self._rules.book:
                self._rules = self._of(book)
        return self._rules

    def standing(self) -> Rules | None:
        """Give the rules where that can be done at once; None where the book is to be read: ask `current`."""
        if self._book is not None and self._book.standing() is not self._rules.book:
            return None
        return self._rules

    def _of(self, book: Book) -> Rules:
        return Rules(hosters=self._hosters, book=book, platforms=self._platforms, never=self._never)


def hoster_rules(rules: Sequence[HosterRule]) -> Matching[HosterRule]:
    """Read what each `[[hoster]]` matches; Misconfigured names the one that matches nothing."""
    read = []
    for rule in rules:
        try:
            read.append((Match.read(rule.match), rule))
        except ValueError as fault:
            raise Misconfigured(f"hoster.match: {fault}") from fault
    return Matching(read)


def _with_ourselves(never: Never, settings: Settings) -> Never:
    organisation, notices = settings.organisation, settings.notices
    return never.with_ourselves(
        domains=(organisation.domain, domain_of(organisation.contact_email)),
        mailboxes=(parseaddr(notices.from_)[1], notices.bounce_address),
    )


def _read(path: Path) -> Book:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        book = read_book(lines, path.name)
    for fault in book.faults:
        _log.warning("geo.contacts.bad_row", file=str(path), fault=fault)
    return book
