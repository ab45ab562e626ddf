"""Address to network, AS, country and category from the sources the operator configured, read again when they change.

Which of several sources and of several networks decides is written in prefixes.py.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Protocol

import maxminddb
import structlog

from geo.network_records import from_record
from geo.network_rows import read_csv
from geo.packaged import Packaged
from geo.prefixes import Details, NetworkFact, PrefixTable, fact_of, merge
from geo.watched import Watched
from schemas.hosting import Address
from schemas.settings import NetworkSource

KEY: Final = "geo.networks"
#: Bad rows of one file that are logged; the number of all is said with the last.
_LOGGED_FAULTS: Final = 20
_log = structlog.get_logger()


class _Source(Protocol):
    """Somebody who knows networks: a file, or an installed package."""

    name: str

    async def open(self) -> tuple[str, ...]: ...

    async def find(self, address: Address) -> NetworkFact | None: ...

    async def state(self) -> object: ...

    def standing(self) -> object | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Csv:
    table: PrefixTable[Details]
    name: str
    faults: tuple[str, ...]

    def find(self, address: Address) -> NetworkFact | None:
        found = self.table.longest(address)
        return fact_of(*found, self.name) if found is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mmdb:
    reader: maxminddb.Reader
    name: str
    faults: tuple[str, ...] = ()

    def find(self, address: Address) -> NetworkFact | None:
        if address.version == 6 and self.reader.metadata().ip_version == 4:  # noqa: PLR2004 -- IP versions
            return None
        try:
            record, length = self.reader.get_with_prefix_len(address)
        except maxminddb.InvalidDatabaseError as fault:
            _log.warning("geo.networks.bad_record", file=self.name, fault=str(fault))
            return None
        bits = max(0, min(length, address.max_prefixlen))
        return from_record(record, ip_network(f"{address}/{bits}", strict=False), self.name)


class _File:
    """A file in one of the two formats."""

    def __init__(self, path: Path) -> None:
        self._watched: Watched[_Csv | _Mmdb] = Watched(path, KEY, _read)
        self.name = path.name

    async def open(self) -> tuple[str, ...]:
        return (await self._watched.open()).faults

    async def find(self, address: Address) -> NetworkFact | None:
        return (await self._watched.current()).find(address)

    async def state(self) -> object:
        return await self._watched.current()

    def standing(self) -> object | None:
        return self._watched.standing()


def _read(path: Path) -> _Csv | _Mmdb:
    return _read_mmdb(path) if path.suffix.lower() == ".mmdb" else _read_csv(path)


def _read_mmdb(path: Path) -> _Mmdb:
    # The map lies over a copy without a name: a file that is overwritten in place would pull the ground away (SIGBUS).
    with tempfile.NamedTemporaryFile(suffix=".mmdb") as copy:
        with path.open("rb") as original:
            shutil.copyfileobj(original, copy)
        copy.flush()
        try:
            return _Mmdb(reader=maxminddb.open_database(copy.name), name=path.name)
        except maxminddb.InvalidDatabaseError as fault:
            raise ValueError(f"not an .mmdb file ({fault})") from fault


def _read_csv(path: Path) -> _Csv:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table, faults = read_csv(lines, path.name)
    for row in faults[:_LOGGED_FAULTS]:
        _log.warning("geo.networks.bad_row", file=str(path), fault=row)
    if len(faults) > _LOGGED_FAULTS:
        _log.warning("geo.networks.bad_rows", file=str(path), count=len(faults))
    return _Csv(table=table, name=path.name, faults=faults)


class Networks:
    """The configured sources of networks, the first that knows an address deciding."""

    def __init__(self, sources: Sequence[NetworkSource]) -> None:
        """Take .mmdb and .csv files, and "plevin" for the optional package of that name."""
        self._sources: list[_Source] = [_File(one) if isinstance(one, Path) else Packaged() for one in sources]

    async def open(self) -> tuple[str, ...]:
        """Read every source and give the faults of their rows; Misconfigured where one is missing or none of ours."""
        return tuple([fault for source in self._sources for fault in await source.open()])

    async def find(self, address: Address) -> NetworkFact | None:
        """Say what the sources know about the network of an address; None where none knows it."""
        found = [await source.find(address) for source in self._sources]
        return merge([fact for fact in found if fact is not None])

    async def state(self) -> list[object]:
        """Give what is another object once a source says something else."""
        return [await source.state() for source in self._sources]

    def standing(self) -> list[object] | None:
        """Give the same where it can be said at once; None where a file is to be read again."""
        found = [source.standing() for source in self._sources]
        return None if None in found else found

    @property
    def names(self) -> str:
        """Name the sources, for the record."""
        return ", ".join(source.name for source in self._sources)
