"""Who can be told upstream of an AS: its transit providers by the configured file, each by its own contacts."""

import bz2
import gzip
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Final

import structlog

from geo.book import BookKind
from geo.contacts import Facts, Rules, choose, spared
from geo.matching import Subject
from geo.registration import Registrations
from geo.rulebook import Rulebook
from geo.upstreams import Upstreams, read_upstreams
from geo.watched import Watched
from schemas.errors import Temporary
from schemas.hosting import Contact

KEY: Final = "geo.upstreams"
#: Bad lines of one file that are logged.
_LOGGED_FAULTS: Final = 20
#: As CAIDA packs its files, and as others do.
_UNPACK: Final[dict[str, Callable[..., IO[str]]]] = {".bz2": bz2.open, ".gz": gzip.open}
_log = structlog.get_logger()


class Transit:
    """The configured relationships of ASes, read again when the file changes."""

    def __init__(self, path: str, rulebook: Rulebook, registrations: Registrations) -> None:
        """`path`: of the file, may be "": then nobody is known upstream but by the contact book."""
        self._file = Watched(Path(path), KEY, _read) if path else None
        self._rulebook, self._registrations = rulebook, registrations

    async def open(self) -> tuple[str, ...]:
        """Read the file and give the faults of its lines; Misconfigured: missing, or another file."""
        return (await self._file.open()).faults if self._file is not None else ()

    async def contact(
        self, asn: int, concerned: Subject, now: datetime, *, cnames: Sequence[str] = ()
    ) -> Contact | None:
        """Find who is told upstream of an AS: of its providers the first that anybody can be told at.

        `concerned` is the host it is about, `cnames` what it leads to: for the rows of the book that strike an address,
        and because nobody is told upstream of a host that strangers share. None: nobody is known, or is to be told.
        Temporary: nobody is known yet, and a registry did not answer.
        """
        if self._file is None:
            return None
        upstreams, rules = await self._file.current(), await self._rulebook.current()
        tenancy = rules.platforms.tenancy(concerned.host, cnames)
        if spared(BookKind.UPSTREAM, tenancy.shared if tenancy is not None else None):
            return None
        complete = True
        for provider in upstreams.of(asn):
            looked = await self._registrations.system(provider, now)
            complete = complete and looked.complete
            abuse = looked.record.abuse if looked.record is not None else ()
            facts = Facts(subject=Subject(host="", site="", asn=provider), system=abuse)
            found = _first(facts, concerned, rules)
            if found is not None:
                return _said(found, asn, provider, upstreams.name)
        if not complete:
            raise Temporary(f"the registration of a transit provider of AS{asn} could not be read")
        return None


def _first(facts: Facts, concerned: Subject, rules: Rules) -> Contact | None:
    return next((one for one in choose([facts], rules) if not rules.book.vetoes(one.address, concerned)), None)


def _said(contact: Contact, asn: int, provider: int, file: str) -> Contact:
    rule = f"{file}: AS{provider} gives transit to AS{asn}; {contact.rule}"
    return Contact(
        channel=contact.channel,
        address=contact.address,
        source=contact.source,
        rule=rule,
        format="digest",
        language=contact.language,
    )


def _read(path: Path) -> Upstreams:
    unpack = _UNPACK.get(path.suffix.lower())
    with unpack(path, "rt", encoding="ascii") if unpack is not None else path.open(encoding="ascii") as lines:
        upstreams = read_upstreams(lines, path.name)
    for line in upstreams.faults[:_LOGGED_FAULTS]:
        _log.warning("geo.upstreams.bad_line", file=str(path), fault=line)
    return upstreams
