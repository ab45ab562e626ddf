"""Texts of the user read as what they mean."""

import os
import pwd
import re
from datetime import UTC, datetime
from typing import Final

import typer

_COUNTRY: Final = re.compile("[A-Za-z]{2}")
# RFC 6793: numbers of 32 bits.
_SYSTEM: Final = re.compile(r"(?:as)?([0-9]{1,10})", re.IGNORECASE)


def moment(text: str | None) -> datetime | None:
    """Read a date (its beginning, UTC) or a time with its zone; a usage error otherwise."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and at.tzinfo is None and at.time() == datetime.min.time() and "T" not in text:
        return at.replace(tzinfo=UTC)
    if at is None or at.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time; write for example 2026-11-20 or 2026-11-20T09:00:00Z")
    return at.astimezone(UTC)


def country(text: str | None) -> str | None:
    """Read a country by its two letters; a usage error otherwise: nothing found would look like an answer."""
    if text is None:
        return None
    if not _COUNTRY.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no country; write ISO 3166-1 alpha-2, for example NL")
    return text.upper()


def system(text: str | None) -> int | None:
    """Read the number of an AS, with "AS" before it or without; a usage error otherwise."""
    if text is None:
        return None
    if (number := _SYSTEM.fullmatch(text)) is None:
        raise typer.BadParameter(f"{text!r} is no number of an AS; write for example 64501 or AS64501")
    return int(number[1])


def who() -> str:
    """Name who sits at the keyboard, for the record of events."""
    try:
        return f"shell:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"shell:{os.getuid()}"
