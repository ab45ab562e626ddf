"""Bootstrap files that were renewed since we shipped ours: read from a folder, used where newer and whole."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

import structlog

from geo.bootstrap import NAMES, BadFile, Bootstrap, BootstrapFile, read_file, why_not

#: IANA publishes `dns.json` anew with each change of a top-level domain's server, several times a year.
OLD: Final = timedelta(days=180)
_SHIPPED: Final = files("geo") / "data" / "rdap"
_log = structlog.get_logger()
_State = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """The file in use, and where it is from."""

    file: BootstrapFile
    path: Path | None  # None: the shipped one
    fault: str | None = None  # why the one in the folder is not used, where there is one


def shipped(name: str) -> BootstrapFile:
    """Read one of IANA's files as we ship it."""
    return read_file(name, (_SHIPPED / f"{name}.json").read_bytes())


def in_use(folder: Path, name: str) -> InUse:
    """Say which file is used: the one in the folder where it is whole and not older than ours, else ours."""
    ours, path = shipped(name), folder / f"{name}.json"
    try:
        found = read_file(name, path.read_bytes())
    except FileNotFoundError:
        return InUse(file=ours, path=None)
    except (OSError, BadFile) as fault:
        return InUse(file=ours, path=None, fault=str(fault))
    fault_found = why_not(found, ours)
    if fault_found is not None:
        return InUse(file=ours, path=None, fault=fault_found)
    return InUse(file=found, path=path)


def newest(folder: Path) -> datetime:
    """Say when IANA published the newest of the files in use: what registries changed since then is not known."""
    return max(in_use(folder, name).file.publication for name in NAMES)


def is_old(published: datetime, now: datetime) -> bool:
    """Say whether newer lists should be asked for.

    >>> is_old(datetime(2026, 1, 1), datetime(2026, 6, 30)), is_old(datetime(2026, 1, 1), datetime(2026, 7, 1))
    (False, True)
    """
    return now - published > OLD


class Renewed:
    """The bootstrap of a folder; its files are read again when they change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state: _State | None = None
        self._bootstrap: Bootstrap | None = None
        self._lock = asyncio.Lock()

    async def current(self, otherwise: Bootstrap) -> Bootstrap:
        """Give what the files say now; `otherwise` where the folder holds none."""
        state = tuple(_state_of(self._folder / f"{name}.json") for name in NAMES)
        if not any(state):
            return otherwise
        if state != self._state or self._bootstrap is None:
            async with self._lock:
                if state != self._state or self._bootstrap is None:
                    self._bootstrap = await asyncio.to_thread(_read, self._folder)
                    self._state = state
        return self._bootstrap


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _read(folder: Path) -> Bootstrap:
    used = {name: in_use(folder, name) for name in NAMES}
    for name, one in used.items():
        if one.fault is not None:
            _log.warning("geo.bootstrap.unusable", file=str(folder / f"{name}.json"), fault=one.fault)
    _log.info("geo.bootstrap.read", folder=str(folder))
    return Bootstrap.of({name: one.file for name, one in used.items()})
