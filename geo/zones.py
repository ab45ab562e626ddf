"""What the DNS says around a host: who serves its zone, who runs it, and whether any name beside it exists too.

Nothing of this makes a look incomplete: it is told to people and decides nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from geo.names import Joint, NameAnswer, ZoneAnswer, questions_of
from schemas.hosting import NameFate, Question, Soa

#: The end of time: what does not expire.
NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """The surroundings of a host; nothing of them for what has no name in the DNS."""

    nameservers: tuple[str, ...] = ()
    soa: Soa | None = None  # of the zone that the site stands in
    neighbour: NameAnswer | None = None  # a name beside the host that nobody ever gave out
    questions: tuple[Question, ...] = ()
    until: datetime = NEVER  # how long it holds


def zone_of(named: ZoneAnswer, neighbour: NameAnswer | None, start: tuple[Joint, datetime] | None) -> Zone:
    """Put the answers together; `start` is what was said when the zone's SOA was asked for, with the time."""
    soa = start[0].reply.soa if start is not None else start_seen(named, neighbour)
    asked = questions_of(*start) if start is not None else ()
    return Zone(
        nameservers=named.names,
        soa=soa,
        neighbour=neighbour,
        questions=(*named.questions, *asked, *(neighbour.questions if neighbour is not None else ())),
        until=named.until if neighbour is None else min(named.until, neighbour.until),
    )


def unheard(site: str, now: datetime) -> Zone:
    """Give the surroundings of a host that was waited for in vain: servers that are silent are not asked for more.

    What is only told to people is not worth a second wait (RFC 9520, section 3, is against asking on).
    """
    why = "not asked: nobody answered for the host itself"
    return Zone(questions=(Question(at=now, asked=f"NS {site}", of="the name servers", answer=why),))


def start_seen(named: ZoneAnswer, neighbour: NameAnswer | None) -> Soa | None:
    """Give the start of the site's zone where an answer that there is no such name brought it along; else None."""
    beside = neighbour.soa if neighbour is not None else None
    return named.soa or (beside if beside is not None and beside.zone == named.zone else None)


def is_wildcard(answer: NameAnswer, neighbour: NameAnswer | None) -> bool | None:
    """Say whether a name that nobody ever gave out is answered as the host is; None where that cannot be said.

    Then the host exists because every name beside it does (RFC 4592), and its end would not be seen in the DNS. One
    address in common is enough: answers are often a part of a pool.
    """
    if neighbour is None or answer.fate is not NameFate.FOUND or not neighbour.fate.answered:
        return None
    if neighbour.fate is not NameFate.FOUND:
        return False
    ends = answer.cnames[-1:]
    return not set(answer.addresses).isdisjoint(neighbour.addresses) or (bool(ends) and ends == neighbour.cnames[-1:])
