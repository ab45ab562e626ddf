"""A reply's bytes to its records.

Two readers of one shape: dnspython reads everything; `plain` reads only what thousands of host names a second consist
of (A, AAAA, CNAME, NS, an SOA, an OPT), ten times as fast, and says None to all else. A property test holds the two
together.
"""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
TXT: Final = 16
AAAA: Final = 28
OPT: Final = 41
_IN: Final = 1

AUTHORITATIVE: Final = 0x0400
RECURSION_AVAILABLE: Final = 0x0080

_HEADER_BYTES: Final = 12
_POINTER: Final = 0xC0
_JUMPS: Final = 16
_LABEL: Final = re.compile(rb"[a-z0-9_-]+")  # what needs no escape in text
_MINIMUM_BYTES: Final = 4
_RDATA_BYTES: Final = {A: 4, AAAA: 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What stands in a reply, as far as we use it."""

    rcode: int
    flags: int
    answer: dict[tuple[str, int], tuple[int, list[str]]] = field(default_factory=dict)  # (owner, type) → ttl, values
    soa: tuple[str, int] | None = None  # owner, seconds a negative answer holds (RFC 2308, section 5)
    referral: bool = False  # the authority section names servers and no SOA


class Unreadable(ValueError):  # noqa: N818 -- what the bytes are
    """The bytes are no DNS message, or one cut short."""


def read(wire: bytes) -> Records:
    """Read a reply; Unreadable where it is none."""
    return plain(wire) or thorough(wire)


def thorough(wire: bytes) -> Records:
    """Read any reply with dnspython; Unreadable where it is none."""
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
        answer = {
            (_text(rrset.name), int(rrset.rdtype)): (rrset.ttl, _values(rrset))
            for rrset in message.answer
            if rrset.rdclass == dns.rdataclass.IN
        }
    except (dns.exception.DNSException, ValueError) as fault:
        raise Unreadable(type(fault).__name__) from fault
    soas = [rrset for rrset in message.authority if isinstance(rrset[0], dns.rdtypes.ANY.SOA.SOA)]
    soa = next(((_text(rrset.name), min(rrset.ttl, rrset[0].minimum)) for rrset in soas), None)
    names_servers = any(rrset.rdtype == dns.rdatatype.NS for rrset in message.authority)
    return Records(
        rcode=int(message.rcode()),
        flags=int(message.flags),
        answer=answer,
        soa=soa,
        referral=names_servers and soa is None,
    )


def _values(rrset: dns.rrset.RRset) -> list[str]:
    match int(rrset.rdtype):
        case 1:
            return [str(IPv4Address(record.address)) for record in rrset]
        case 28:
            return [str(IPv6Address(record.address)) for record in rrset]
        case 16:
            return [b"".join(record.strings).decode("utf-8", "replace") for record in rrset]
        case 2 | 5:
            return [_text(record.target) for record in rrset]
        case _:
            return []


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def plain(wire: bytes) -> Records | None:
    """Read a reply of nothing but addresses, names, an SOA and an OPT; None where there is more, or a doubt."""
    try:
        return _Plain(wire).read()
    except (IndexError, _Odd):
        return None


class _Odd(Exception):  # noqa: N818 -- what it is
    """Something the plain reader leaves to the thorough one."""


class _Plain:
    __slots__ = ("at", "names", "wire")

    def __init__(self, wire: bytes) -> None:
        self.wire = wire
        self.at = _HEADER_BYTES
        self.names: dict[int, str] = {}

    def read(self) -> Records:
        wire = self.wire
        questions, answers, authorities, additional = (int.from_bytes(wire[at : at + 2], "big") for at in (4, 6, 8, 10))
        if questions != 1 or wire[3] & 0x0F not in {0, 3}:
            raise _Odd
        self._name()
        self.at += 4
        answer: dict[tuple[str, int], tuple[int, list[str]]] = {}
        for _ in range(answers):
            owner, kind, ttl, value = self._record()
            kept_ttl, values = answer.setdefault((owner, kind), (ttl, []))
            if value in values or kind in {SOA, OPT} or (values and kind == CNAME):
                raise _Odd
            values.append(value)
            answer[owner, kind] = (min(kept_ttl, ttl), values)
        soa = None
        for _ in range(authorities):
            owner, kind, ttl, value = self._record()
            if kind != SOA or soa is not None:
                raise _Odd
            soa = (owner, min(ttl, int(value)))
        for _ in range(additional):
            self._record()
        return Records(rcode=wire[3] & 0x0F, flags=int.from_bytes(wire[2:4], "big"), answer=answer, soa=soa)

    def _record(self) -> tuple[str, int, int, str]:
        owner, wire, at = self._name(), self.wire, self.at
        kind, class_ = wire[at] << 8 | wire[at + 1], wire[at + 2] << 8 | wire[at + 3]
        ttl, length = int.from_bytes(wire[at + 4 : at + 8], "big"), wire[at + 8] << 8 | wire[at + 9]
        self.at = at + 10
        end = self.at + length
        if end > len(wire) or ttl >> 31 or (kind == OPT and (ttl >> 24 or length)):
            raise _Odd  # extended rcode, options, a TTL with its sign set
        if kind != OPT and class_ != _IN:
            raise _Odd
        value = self._value(kind, end)
        self.at = end
        return owner, kind, ttl, value

    def _value(self, kind: int, end: int) -> str:
        rdata = self.wire[self.at : end]
        match kind:
            case 1 if len(rdata) == _RDATA_BYTES[A]:
                return f"{rdata[0]}.{rdata[1]}.{rdata[2]}.{rdata[3]}"
            case 28 if len(rdata) == _RDATA_BYTES[AAAA]:
                return str(IPv6Address(rdata))
            case 2 | 5:
                target = self._name()
                if self.at != end:
                    raise _Odd
                return target
            case 6 if len(rdata) > _MINIMUM_BYTES:
                return str(int.from_bytes(rdata[-_MINIMUM_BYTES:], "big"))
            case 41:
                return ""
            case _:
                raise _Odd

    def _name(self) -> str:
        """Read the name at `at` and go past it; names met before are not read again."""
        start, wire, at = self.at, self.wire, self.at
        labels: list[str] = []
        after = 0
        for _ in range(_JUMPS * 8):
            size = wire[at]
            if size >= _POINTER:
                after = after or at + 2
                at = (size & 0x3F) << 8 | wire[at + 1]
                known = self.names.get(at)
                if known is not None and not labels:
                    self.at = after
                    return known
            elif size == 0:
                self.at = after or at + 1
                name = self.names[start] = ".".join(labels)
                return name
            else:
                label = wire[at + 1 : at + 1 + size].lower()
                if len(label) != size or not _LABEL.fullmatch(label):
                    raise _Odd
                labels.append(label.decode("ascii"))
                at += size + 1
        raise _Odd
