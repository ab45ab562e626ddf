"""A reply's bytes to its records.

Two readers of one shape: dnspython reads everything; `plain` reads only what thousands of host names a second consist
of (A, AAAA, CNAME, NS, an SOA, an OPT), ten times as fast, and says None to all else. A property test holds the two
together. The format is that of RFC 1035, section 4; AAAA is RFC 3596, OPT is RFC 6891.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from struct import error as TooShort  # noqa: N812 -- what it says of the bytes
from typing import Final

import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset

from schemas.hosting import Address, Soa

#: What a record holds: an address, or a name or text.
Value = Address | str

# Types of records: IANA, "Domain Name System (DNS) Parameters", Resource Record (RR) TYPEs, read 2026-11-20.
A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
MX: Final = 15
TXT: Final = 16
AAAA: Final = 28
OPT: Final = 41
_IN: Final = 1

# Bits of the second word of the header, RFC 1035, section 4.1.1.
AUTHORITATIVE: Final = 0x0400
TRUNCATED: Final = 0x0200

_HEADER: Final = Struct(">HHHHHH")  # id, flags, how many questions, answers, authorities, additional
_RECORD: Final = Struct(">HHIH")  # type, class, TTL, length: RFC 1035, section 4.1.3
_SOA_NUMBERS: Final = Struct(">IIIII")  # serial, refresh, retry, expire, minimum: RFC 1035, section 3.3.13
_RCODE: Final = 0x000F  # the same section
_PLAIN_RCODES: Final = frozenset({0, 3})  # NOERROR, NXDOMAIN
_POINTER: Final = 0xC0  # RFC 1035, section 4.1.4
_LABELS: Final = 128  # in the longest name, RFC 1035, section 2.3.4: 255 octets of one letter each
_IPV4_BYTES: Final = 4  # RFC 1035, section 3.4.1
_IPV6_BYTES: Final = 16  # RFC 3596, section 2.2
_UNESCAPED: Final = b"abcdefghijklmnopqrstuvwxyz0123456789_-"  # what needs no escape in text


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What stands in a reply, as far as we use it."""

    rcode: int
    flags: int
    answer: dict[tuple[str, int], tuple[int, list[Value]]] = field(default_factory=dict)  # (owner, type) → TTL, values
    soa: Soa | None = None  # of the authority section, or of the answer where it was asked for
    referral: str | None = None  # zone whose servers the authority section names without an SOA; "." is the root


class Unreadable(ValueError):  # noqa: N818 -- what the bytes are
    """The bytes are no DNS message, or one cut short."""


def read(wire: bytes, host: str = "") -> Records:
    """Read a reply; Unreadable where it is none. `host`: that its question names it is already known."""
    return plain(wire, host) or thorough(wire)


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
    soa = next(_starts((*message.authority, *message.answer)), None)
    servers = next((rrset for rrset in message.authority if rrset.rdtype == dns.rdatatype.NS), None)
    return Records(
        rcode=int(message.rcode()),
        flags=int(message.flags),
        answer=answer,
        soa=soa,
        referral=_text(servers.name) if servers is not None and soa is None else None,
    )


def _starts(rrsets: Iterable[dns.rrset.RRset]) -> Iterator[Soa]:
    for rrset in rrsets:
        record = rrset[0]
        if isinstance(record, dns.rdtypes.ANY.SOA.SOA):
            yield Soa(
                zone=_text(rrset.name),
                primary=_text(record.mname),
                mailbox=mailbox_of(_text(record.rname)),
                serial=record.serial,
                negative_s=min(rrset.ttl, record.minimum),
            )


def mailbox_of(name: str) -> str:
    r"""Read a mailbox that is written as a name (RFC 1035, section 3.3.13 and 8): the first label is the local part.

    >>> mailbox_of("hostmaster.site.test"), mailbox_of(r"a\.b.site.test")
    ('hostmaster@site.test', 'a.b@site.test')
    """
    start = 0
    while (dot := name.find(".", start)) > 0 and name[dot - 1] == "\\":
        start = dot + 1
    return name if dot <= 0 else f"{name[:dot]}@{name[dot + 1 :]}".replace("\\", "")


def _values(rrset: dns.rrset.RRset) -> list[Value]:
    match int(rrset.rdtype):
        case 1:
            return [IPv4Address(record.address) for record in rrset]
        case 28:
            return [IPv6Address(record.address) for record in rrset]
        case 16:
            return [b"".join(record.strings).decode("utf-8", "replace") for record in rrset]
        case 2 | 5:
            return [_text(record.target) for record in rrset]
        case 6:
            return [_text(record.mname) for record in rrset]
        case 15:
            return [f"{record.preference} {_text(record.exchange)}" for record in rrset]
        case _:
            return []


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def plain(wire: bytes, host: str = "") -> Records | None:
    """Read a reply of nothing but addresses, names, an SOA and an OPT; None where there is more, or a doubt."""
    try:
        return _plain(wire, host)
    except (IndexError, TooShort, _Odd):
        return None


class _Odd(Exception):  # noqa: N818 -- what it is
    """Something the plain reader leaves to the thorough one."""


def _plain(wire: bytes, host: str) -> Records:
    _, flags, questions, answers, authorities, additional = _HEADER.unpack_from(wire)
    # A failure says nothing else (RFC 1035, section 4.1.1); one with records beside it is looked at again.
    if questions != 1 or (flags & _RCODE not in _PLAIN_RCODES and (answers or authorities)):
        raise _Odd
    names: dict[int, str] = {_HEADER.size: host}
    at = _HEADER.size + len(host) + 2 if host else _name(wire, _HEADER.size, names)[1]
    at += 4  # type and class of the question
    answer: dict[tuple[str, int], tuple[int, list[Value]]] = {}
    for _ in range(answers):
        owner, kind, ttl, start, at = _record(wire, at, names)
        value = _value(wire, kind, start, at, names)
        kept = answer.get((owner, kind))
        if kept is None:
            answer[owner, kind] = (ttl, [value])
            continue
        if kind == CNAME:
            raise _Odd
        kept[1].append(value)
        if ttl < kept[0]:
            answer[owner, kind] = (ttl, kept[1])
    _refuse_twins(answer)
    soa = None
    for _ in range(authorities):
        owner, kind, ttl, start, at = _record(wire, at, names)
        if kind != SOA or soa is not None:
            raise _Odd
        soa = _soa(wire, owner, ttl, start, at, names)
    for _ in range(additional):
        _, kind, _, start, at = _record(wire, at, names)
        if kind != OPT:
            _value(wire, kind, start, at, names)
    return Records(rcode=flags & _RCODE, flags=flags, answer=answer, soa=soa)


def _refuse_twins(answer: dict[tuple[str, int], tuple[int, list[Value]]]) -> None:
    """Leave an answer that says one thing twice; all at once, because it may hold four thousand."""
    if any(len(values) > 1 and len(set(values)) < len(values) for _, values in answer.values()):
        raise _Odd


def _record(wire: bytes, at: int, names: dict[int, str]) -> tuple[str, int, int, int, int]:
    """Read the head of a record: owner, type, TTL in seconds, where its data starts and where they end."""
    if wire[at] == _POINTER and (known := names.get(wire[at + 1])) is not None:
        owner, at = known, at + 2
    else:
        owner, at = _name(wire, at, names)
    kind, class_, ttl, length = _RECORD.unpack_from(wire, at)
    start = at + _RECORD.size
    end = start + length
    # An extended rcode, options, a TTL with its sign set (RFC 2181, section 8) are not for us.
    odd = (ttl >> 24 or length) if kind == OPT else (ttl >> 31 or class_ != _IN)
    if odd or end > len(wire):
        raise _Odd
    return owner, kind, ttl, start, end


def _value(wire: bytes, kind: int, start: int, end: int, names: dict[int, str]) -> Value:
    if kind == A and end - start == _IPV4_BYTES:
        return IPv4Address(wire[start:end])
    if kind == AAAA and end - start == _IPV6_BYTES:
        return IPv6Address(wire[start:end])
    if kind in {NS, CNAME}:
        target, after = _name(wire, start, names)
        if after == end:
            return target
    raise _Odd


def _soa(wire: bytes, owner: str, ttl: int, start: int, end: int, names: dict[int, str]) -> Soa:
    primary, at = _name(wire, start, names)
    mailbox, at = _name(wire, at, names)
    if at + _SOA_NUMBERS.size != end:
        raise _Odd
    serial, _, _, _, minimum = _SOA_NUMBERS.unpack_from(wire, at)
    return Soa(zone=owner, primary=primary, mailbox=mailbox_of(mailbox), serial=serial, negative_s=min(ttl, minimum))


def _name(wire: bytes, at: int, names: dict[int, str]) -> tuple[str, int]:
    """Read the name at `at`, and say where it ends; `names` are those met before, by where they start."""
    start, after = at, 0
    labels: list[bytes] = []
    for _ in range(_LABELS):
        size = wire[at]
        if size == 0:
            name = names[start] = b".".join(labels).decode("ascii") or "."
            return name, after or at + 1
        if size >= _POINTER:
            after = after or at + 2
            at = (size & ~_POINTER) << 8 | wire[at + 1]
            known = names.get(at)
            if known == ".":
                raise _Odd
            if known is not None:
                name = names[start] = ".".join((*(label.decode("ascii") for label in labels), known))
                return name, after
            continue
        label = wire[at + 1 : at + 1 + size].lower()
        if len(label) != size or label.translate(None, _UNESCAPED):
            raise _Odd
        labels.append(label)
        at += size + 1
    raise _Odd
