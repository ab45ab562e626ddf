"""Does a name server tell the truth? What its answer for a name that we know says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from geo.names import Joint, Reply, said
from schemas.canary import NameCanary

#: A name that cannot exist anywhere: its top level is reserved for that (RFC 6761, section 6.4).
NOWHERE: Final = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """What one canary showed of one server."""

    canary: NameCanary
    truthful: bool | None  # None: the server did not answer, which is no lie
    line: str  # what it said, and what it should have said

    @property
    def verdict(self) -> str:
        """Write it in a line."""
        words = {True: "as it must", False: "A LIE", None: "could not be found out"}
        return f"{words[self.truthful]}: {self.line}"


def song(canary: NameCanary, joints: Sequence[Joint]) -> Song:
    """Judge what one server said when it was asked for A and AAAA of a canary."""
    replies = [joint.reply for joint in joints]
    line = "; ".join(dict.fromkeys(map(said, replies)))
    truthful = _is_right(canary, replies)
    return Song(canary=canary, truthful=truthful, line=line if truthful is not False else f"{line}, {_must(canary)}")


def _is_right(canary: NameCanary, replies: Sequence[Reply]) -> bool | None:
    found = {address for reply in replies for address in reply.addresses}
    if not canary.exists and (found or any(reply.cnames for reply in replies)):
        return False
    if canary.exists and found:
        return not canary.addresses or found <= canary.addresses
    if not all(reply.fate.answered and reply.target is None for reply in replies):
        return None  # a fault, or a chain that this server does not follow to its end
    return not canary.exists


def _must(canary: NameCanary) -> str:
    if not canary.exists:
        return "although it does not exist"
    return f"although it has {', '.join(sorted(map(str, canary.addresses))) or 'an address'}"
