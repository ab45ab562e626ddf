"""What an answer of the DNS means: one reply, what several servers say together, what A and AAAA say together.

Pure: wire bytes in, values out. Asking is `geo/nameserver.py`, remembering is `geo/dns.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import dns.rcode

from geo.wire import AUTHORITATIVE, CNAME, Records, Unreadable, Value, read
from schemas.hosting import Address, NameFate, Question, Soa, address_order

#: Links of a CNAME chain that are followed, as dnspython does; a longer one is a fault of the zone.
MAX_CHAIN: Final = 16
#: Seconds; RFC 2181, section 8, bounds a TTL, and nobody's answer about a moving site is good for longer than a day.
MAX_TTL_S: Final = 86_400
#: Seconds an absence is kept at most: one to three hours "have been found to work well" (RFC 2308, section 5).
MAX_NEGATIVE_S: Final = 10_800
#: Seconds a negative answer without SOA is kept (RFC 2308, section 5, asks for none; dnspython and unbound take a few).
NEGATIVE_WITHOUT_SOA_S: Final = 5

#: Addresses of one kind that are kept of a name, the lowest: an answer over TCP has room for four thousand, which take
#: a third of a megabyte for as long as they are remembered. A round asks 32, and what has more is never gone.
ADDRESSES_MOST: Final = 256

# Octets of a label, and of a name as text (RFC 1035, section 2.3.4: 255 on the wire, two of them not in the text).
_LONGEST_LABEL: Final = 63
_LONGEST_NAME: Final = 253
_NOERROR: Final = int(dns.rcode.NOERROR)
_NXDOMAIN: Final = int(dns.rcode.NXDOMAIN)
_REFUSALS: Final = frozenset({int(dns.rcode.REFUSED), int(dns.rcode.NOTAUTH)})
# From what counts most among several replies to what counts least. A fault says less than another the further right it
# stands; that names one fault where several servers failed.
_FAULTS: Final = (
    NameFate.SERVFAIL,
    NameFate.REFUSED,
    NameFate.LAME,
    NameFate.TIMEOUT,
    NameFate.VOID,
    NameFate.FAULT,
)
_ORDER: Final = (NameFate.FOUND, NameFate.NODATA, NameFate.NXDOMAIN, *_FAULTS)
#: What says that there is nothing.
NEGATIVE: Final = frozenset({NameFate.NXDOMAIN, NameFate.NODATA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one server said to one question."""

    server: str  # as the operator wrote it
    fate: NameFate
    values: tuple[str, ...] = ()  # names or texts, sorted
    addresses: tuple[Address, ...] = ()  # in `address_order`
    cnames: tuple[str, ...] = ()
    ttl_s: int = 0
    target: str | None = None  # the end of a CNAME chain whose records were not in the answer: ask it next
    soa: Soa | None = None  # of the zone that knows that there is nothing, or the one asked for
    over_tcp: bool = False  # the datagram was cut off
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """What all servers asked said to one question together."""

    reply: Reply  # the one that counts
    said: tuple[tuple[str, Reply], ...]  # each question ("A img.site.test") with each server's reply, in order
    unanimous: bool  # every configured server was asked and said the same


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAnswer:
    """What a look at a name came to."""

    host: str
    at: datetime  # when it was asked; older than now where it came from our cache
    until: datetime  # how long it holds
    fate: NameFate
    addresses: tuple[Address, ...] = ()  # every A and AAAA, in `address_order`
    cnames: tuple[str, ...] = ()
    ttl_s: int = 0  # of the shortest-lived record; 0 where something could not be found out
    unanimous: bool = False  # all configured resolvers were asked and agree on the fate
    complete: bool = True  # False: one of A and AAAA could not be found out
    soa: Soa | None = None  # of a zone that said that there is no A or no AAAA
    joints: tuple[Joint, ...] = ()  # what was said

    @property
    def questions(self) -> tuple[Question, ...]:
        """Tell what was asked of whom; put into words for who wants to know, not while others wait to be asked."""
        return tuple([question for joint in self.joints for question in questions_of(joint, self.at)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAnswer:
    """The name servers of the zone a site stands in."""

    zone: str
    at: datetime  # when it was asked
    until: datetime  # how long it holds
    names: tuple[str, ...] = ()
    soa: Soa | None = None
    joints: tuple[Joint, ...] = ()  # what was said

    @property
    def questions(self) -> tuple[Question, ...]:
        """Tell what was asked of whom."""
        return tuple([question for joint in self.joints for question in questions_of(joint, self.at)])


@lru_cache(maxsize=4096)  # asked for each type of record
def wire_name(host: str) -> bytes | None:
    r"""Turn a host into a DNS name without reading escapes; None where the DNS has no room for it (RFC 1035, 2.3.4).

    `host` has no dot at its end.

    >>> wire_name("a.test")
    b'\x01a\x04test\x00'
    """
    if not host.isascii() or len(host) > _LONGEST_NAME:
        return None
    if not host:
        return b"\0"  # the root
    labels = host.encode().split(b".")
    wire = bytearray()
    for label in labels:
        if not 1 <= len(label) <= _LONGEST_LABEL:
            return None
        wire.append(len(label))
        wire += label
    return bytes(wire) + b"\0"


def read_reply(wire: bytes, *, server: str, host: str, kind: int) -> Reply:
    """Read a reply that was already matched to its question; unreadable bytes are the server's failure.

    `host` is in lower case and without a dot at its end.
    """
    try:
        records = read(wire, host)
    except Unreadable as fault:
        return Reply(server=server, fate=NameFate.SERVFAIL, detail=f"unreadable reply ({fault})")
    if records.rcode not in {_NOERROR, _NXDOMAIN}:
        fate = NameFate.REFUSED if records.rcode in _REFUSALS else NameFate.SERVFAIL
        said = dns.rcode.to_text(dns.rcode.Rcode(records.rcode))
        return Reply(server=server, fate=fate, detail="" if said == fate.name else said)
    return _read_answer(records, server, host, kind)


def _read_answer(records: Records, server: str, host: str, kind: int) -> Reply:
    ttl, chain = MAX_TTL_S, [host]
    while (found := records.answer.get((chain[-1], kind))) is None:
        link = records.answer.get((chain[-1], CNAME))
        if link is None:
            break
        ttl, target = min(ttl, link[0]), str(link[1][0])
        if target in chain or len(chain) > MAX_CHAIN:
            return Reply(server=server, fate=NameFate.SERVFAIL, detail="CNAME loop", cnames=tuple(chain[1:]))
        chain.append(target)
    cnames = tuple(chain[1:])
    if found is None:
        return _negative(records, server, cnames, ttl)
    values, addresses = _apart(found[1])
    return Reply(
        server=server,
        fate=NameFate.FOUND,
        values=values,
        addresses=addresses,
        cnames=cnames,
        ttl_s=min(ttl, found[0]),
        soa=records.soa,
    )


def _apart(values: Sequence[Value]) -> tuple[tuple[str, ...], tuple[Address, ...]]:
    """Put texts and addresses apart, each in its order; records of one type hold either."""
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        return tuple(sorted(texts)) if len(texts) > 1 else tuple(texts), ()
    return (), _in_order([value for value in values if not isinstance(value, str)])[:ADDRESSES_MOST]


def _in_order(addresses: Sequence[Address]) -> tuple[Address, ...]:
    return tuple(sorted(addresses, key=address_order) if len(addresses) > 1 else addresses)


def _negative(records: Records, server: str, cnames: tuple[str, ...], ttl_s: int) -> Reply:
    if records.rcode == _NOERROR and cnames and records.soa is None:
        return Reply(server=server, fate=NameFate.NODATA, cnames=cnames, ttl_s=ttl_s, target=cnames[-1])
    if records.rcode == _NOERROR and records.referral is not None and not records.flags & AUTHORITATIVE:
        # Name servers and no SOA is a referral, not an absence (RFC 2308, section 2.2): somebody who does not know.
        return Reply(server=server, fate=NameFate.LAME, detail=_referral(records.referral))
    negative_s = records.soa.negative_s if records.soa is not None else NEGATIVE_WITHOUT_SOA_S
    return Reply(
        server=server,
        fate=NameFate.NXDOMAIN if records.rcode == _NXDOMAIN else NameFate.NODATA,
        cnames=cnames,
        ttl_s=min(ttl_s, negative_s, MAX_NEGATIVE_S),
        soa=records.soa,
    )


def _referral(zone: str) -> str:
    where = f"the servers of {zone}" if zone != "." else "the root, upwards"
    return f"no answer, a referral to {where}"


def settled(reply: Reply) -> bool:
    """Say whether one server's reply needs no second opinion."""
    return reply.fate is NameFate.FOUND or (reply.fate is NameFate.NODATA and reply.target is not None)


def join(asked: str, replies: Sequence[Reply], servers: int) -> Joint:
    """Say what the replies (in the order of the configured servers) mean together.

    Somebody who found it is right; a name that one calls empty and another calls dead is only empty; a server that
    failed contradicts nobody. `servers`: how many are configured.
    """
    if len(replies) == 1:
        reply = replies[0]
        return Joint(reply=reply, said=((asked, reply),), unanimous=servers == 1 and reply.fate.answered)
    chosen = min(replies, key=lambda reply: _ORDER.index(reply.fate))
    unanimous = chosen.fate.answered and len(replies) == servers and all(reply.fate is chosen.fate for reply in replies)
    return Joint(reply=chosen, said=tuple((asked, reply) for reply in replies), unanimous=unanimous)


def follow(first: Joint, rest: Joint) -> Joint:
    """Put the answer for the end of a CNAME chain behind the chain that led there."""
    chain = first.reply.cnames
    looped = bool(set(chain) & set(rest.reply.cnames)) or len(chain) + len(rest.reply.cnames) > MAX_CHAIN
    reply = Reply(
        server=rest.reply.server,
        fate=NameFate.SERVFAIL if looped else rest.reply.fate,
        values=() if looped else rest.reply.values,
        addresses=() if looped else rest.reply.addresses,
        cnames=chain if looped else chain + rest.reply.cnames,
        ttl_s=min(first.reply.ttl_s, rest.reply.ttl_s),
        target=None if looped else rest.reply.target,
        soa=rest.reply.soa,
        over_tcp=rest.reply.over_tcp,
        detail="CNAME loop" if looped else rest.reply.detail,
    )
    return Joint(reply=reply, said=first.said + rest.said, unanimous=rest.unanimous)


def held_s(joints: Sequence[Joint]) -> int | None:
    """Say for how many seconds answers hold together; None where something could not be found out."""
    least = MAX_TTL_S
    for joint in joints:
        if not joint.reply.fate.answered:
            return None
        least = min(least, joint.reply.ttl_s)
    return least


def combine(host: str, joints: Sequence[Joint], *, at: datetime, until: datetime) -> NameAnswer:
    """Say what the answers for A and AAAA (or for one of them) mean together.

    A name is dead only where both say so: servers exist that answer NXDOMAIN for AAAA although A exists (RFC 4074,
    section 4.2). Where nothing was found and one of them failed, the failure is the answer.
    """
    replies = [joint.reply for joint in joints]
    fates = {reply.fate for reply in replies}
    held = held_s(joints)
    return NameAnswer(
        host=host,
        at=at,
        until=until,
        fate=_fate_of(fates),
        addresses=_in_order([address for reply in replies for address in reply.addresses]),
        cnames=max([reply.cnames for reply in replies], key=len),
        ttl_s=held or 0,
        unanimous=len(fates) == 1 and all(joint.unanimous for joint in joints),
        complete=held is not None,
        soa=next((reply.soa for reply in replies if reply.soa is not None), None),
        joints=tuple(joints),
    )


def _fate_of(fates: set[NameFate]) -> NameFate:
    if NameFate.FOUND in fates:
        return NameFate.FOUND
    faults = [fate for fate in _FAULTS if fate in fates]
    if faults:
        return faults[0]
    return NameFate.NXDOMAIN if fates == {NameFate.NXDOMAIN} else NameFate.NODATA


def questions_of(joint: Joint, at: datetime) -> tuple[Question, ...]:
    """Tell what was asked of whom and what each said, for the record."""
    return tuple([Question(at=at, asked=asked, of=reply.server, answer=said(reply)) for asked, reply in joint.said])


def said(reply: Reply) -> str:
    """Write what a server said in a line."""
    chain = f" (CNAME {' → '.join(reply.cnames)})" if reply.cnames else ""
    tcp = ", over TCP: the datagram was cut off" if reply.over_tcp else ""
    soa = reply.soa
    if reply.fate is NameFate.FOUND:
        asked_for = soa is not None and reply.values == (soa.primary,)
        run = f", run by {soa.mailbox}, serial {soa.serial}" if soa is not None and asked_for else ""
        return ", ".join((*reply.values, *map(str, reply.addresses))) + run + chain + tcp
    zone = f" in {soa.zone}" if soa is not None else ""
    return reply.fate.value.upper() + zone + chain + (f": {reply.detail}" if reply.detail else "") + tcp
