"""Renew IANA's bootstrap files: fetched, checked, and put in the place of the old ones in one step."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from geo.bootstrap import NAMES, BadFile, read_file, why_not
from geo.fetch import BOOTSTRAP, Fetcher
from geo.renewed import in_use
from schemas.errors import Permanent, Temporary

RENEWED, UNCHANGED, REFUSED, UNREACHABLE = "renewed", "unchanged", "refused", "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What became of one file."""

    name: str
    outcome: str  # renewed, unchanged, refused (the old one stays), unreachable
    before: datetime  # publication of the file that was in use
    now_used: datetime  # publication of the file that is in use now
    entries: int  # networks, AS ranges or top-level domains of the file in use
    reason: str | None = None


async def renew(folder: Path, base: str, fetcher: Fetcher, now: datetime) -> tuple[Renewal, ...]:
    """Fetch every file from `base` (a URL with a slash at its end) into `folder`; the outcome of each, never a fault.

    A file that cannot be fetched, is not whole, is older or has lost half of its entries leaves the old one in place.
    """
    return tuple([await _renew(folder, base, name, fetcher, now) for name in NAMES])


async def _renew(folder: Path, base: str, name: str, fetcher: Fetcher, now: datetime) -> Renewal:
    standing = in_use(folder, name).file

    def outcome(word: str, reason: str | None = None) -> Renewal:
        used = in_use(folder, name).file
        return Renewal(
            name=name,
            outcome=word,
            before=standing.publication,
            now_used=used.publication,
            entries=len(used.services),
            reason=reason,
        )

    try:
        fetched = await fetcher.get(f"{base}{name}.json", now, BOOTSTRAP)
        if fetched.body is None:
            return outcome(UNREACHABLE, f"{fetched.origin} has no {name}.json")
        new = read_file(name, fetched.body)
    except (Temporary, Permanent) as fault:
        return outcome(UNREACHABLE, str(fault))
    except BadFile as fault:
        return outcome(REFUSED, str(fault))
    if (reason := why_not(new, standing)) is not None:
        return outcome(REFUSED, reason)
    if new.publication == standing.publication:
        return outcome(UNCHANGED)
    replace(folder / f"{name}.json", fetched.body)
    return outcome(RENEWED)


def replace(path: Path, body: bytes) -> None:
    """Write a file whole or not at all: a reader sees the old one or the new one, a crash leaves one of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        try:
            draft.write(body)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).chmod(0o644)
            Path(draft.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(draft.name).unlink()
            raise
