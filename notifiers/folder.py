"""Dry run: every message into a folder, none to anybody."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from notifiers.mime import address_of
from notifiers.outcomes import words
from schemas.notice import AttemptOutcome, Channel, Delivery, Envelope


class Folder:
    """The way that ends at home: `ID.eml` with its return path, `ID.json` for APIs, `ID.txt` for web forms."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, envelope: Envelope, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Write a message whole or not at all; counts as accepted, by nobody."""
        await before_offer()
        name, content = _file_of(envelope)
        try:
            await asyncio.to_thread(_write, self._folder, name, content)
        except OSError as fault:
            why = f"cannot write {name} to notices.folder: {fault.strerror or type(fault).__name__}"
            return Delivery(outcome=AttemptOutcome.TEMPORARY, reply=words(why))
        return Delivery(outcome=AttemptOutcome.ACCEPTED, reply=f"written to {name}")


def _file_of(envelope: Envelope) -> tuple[str, bytes]:
    if envelope.content.startswith(b"{"):
        return f"{envelope.notice}.json", envelope.content
    if envelope.channel is Channel.FORM:
        return f"{envelope.notice}.txt", envelope.content
    return f"{envelope.notice}.eml", f"Return-Path: <{address_of(envelope.mail_from)}>\r\n".encode() + envelope.content


def _write(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    beginning = folder / f".{name}.part"
    with open(beginning, "wb", opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beginning.replace(folder / name)
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
