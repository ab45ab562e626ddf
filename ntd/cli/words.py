"""Texts of the user read as what they mean."""

import os
import pwd
from datetime import UTC, datetime

import typer


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


def who() -> str:
    """Name who sits at the keyboard, for the record of events."""
    try:
        return f"shell:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"shell:{os.getuid()}"
