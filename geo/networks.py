"""Address to network, AS, country and category from the files the operator configured, read again when they change."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import maxminddb
import structlog

from geo.prefixes import NetworkFact, PrefixTable, from_record, merge, read_csv
from geo.watched import Watched
from schemas.hosting import Address

_KEY: Final = "geo.networks"
#: Bad rows of one file that are logged; the number of all is said with the last.
_LOGGED_FAULTS: Final = 20
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Csv:
    table: PrefixTable
    faults: tuple[str, ...]

    def find(self, address: Address) -> NetworkFact | None:
        return self.table.longest(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mmdb:
    reader: maxminddb.Reader
    name: str
    faults: tuple[str, ...] = ()

    def find(self, address: Address) -> NetworkFact | None:
        if address.version == 6 and self.reader.metadata().ip_version == 4:  # noqa: PLR2004 -- IP versions
            return None
        record, length = self.reader.get_with_prefix_len(address)
        if record is None:
            return None
        bits = max(0, min(length, address.max_prefixlen))
        return from_record(record, ip_network(f"{address}/{bits}", strict=False), self.name)


def _read(path: Path) -> _Csv | _Mmdb:
    if path.suffix.lower() == ".mmdb":
        try:
            return _Mmdb(reader=maxminddb.open_database(path), name=path.name)
        except maxminddb.InvalidDatabaseError as fault:
            raise ValueError(f"not an .mmdb file ({fault})") from fault
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table, faults = read_csv(lines, path.name)
    for row in faults[:_LOGGED_FAULTS]:
        _log.warning("geo.networks.bad_row", file=str(path), fault=row)
    if len(faults) > _LOGGED_FAULTS:
        _log.warning("geo.networks.bad_rows", file=str(path), count=len(faults))
    return _Csv(table=table, faults=faults)


class Networks:
    """The configured network files, the first that knows an address deciding."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [Watched(path, _KEY, _read) for path in paths]

    async def open(self) -> tuple[str, ...]:
        """Read every file and give the faults of their rows; Misconfigured where one is missing or none of ours."""
        faults: list[str] = []
        for file in self._files:
            faults += (await file.open()).faults
        return tuple(faults)

    async def find(self, address: Address) -> NetworkFact | None:
        """Say what the files know about the network of an address; None where no file knows it."""
        found = [(await file.current()).find(address) for file in self._files]
        return merge([fact for fact in found if fact is not None])

    @property
    def names(self) -> str:
        """Name the files, for the record."""
        return ", ".join(file.path.name for file in self._files)
