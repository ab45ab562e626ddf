"""What an answer of the DNS means: one reply, what several servers say together, what A and AAAA say together.

Pure: wire bytes in, values out. Asking is `geo/nameserver.py`, remembering is `geo/dns.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final

import dns.rcode

from geo.wire import AUTHORITATIVE, CNAME, RECURSION_AVAILABLE, Records, Unreadable, read
from schemas.hosting import Address, NameFate, Question, address_order

#: Links of a CNAME chain that are followed, as dnspython does; a longer one is a fault of the zone.
MAX_CHAIN: Final = 16
#: Seconds a negative answer without SOA is kept (RFC 2308, section 5, asks for none; dnspython and unbound take a few).
NEGATIVE_WITHOUT_SOA_S: Final = 5
#: Seconds; RFC 2181, section 8, bounds a TTL, and nobody's answer about a moving site is good for longer than a day.
MAX_TTL_S: Final = 86_400

# Octets of a label, and of a name as text (RFC 1035, section 2.3.4: 255 on the wire, two of them not in the text).
_LONGEST_LABEL: Final = 63
_LONGEST_NAME: Final = 253
_NOERROR: Final = int(dns.rcode.NOERROR)
_NXDOMAIN: Final = int(dns.rcode.NXDOMAIN)
_REFUSALS: Final = frozenset({int(dns.rcode.REFUSED), int(dns.rcode.NOTAUTH)})
# A fault says less than another the further right it stands; used to name one fault where several servers failed.
_FAULTS: Final = (NameFate.SERVFAIL, NameFate.REFUSED, NameFate.TIMEOUT, NameFate.FAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one server said to one question."""

    server: str  # as the operator wrote it
    fate: NameFate
    values: tuple[str, ...] = ()  # addresses, names or texts, sorted
    cnames: tuple[str, ...] = ()
    ttl_s: int = 0
    target: str | None = None  # the end of a CNAME chain whose records were not in the answer: ask it next
    zone: str | None = None  # owner of the SOA in a negative answer
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
    fate: NameFate
    addresses: tuple[Address, ...] = ()  # every A and AAAA, in `address_order`
    cnames: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    ttl_s: int = 0
    unanimous: bool = False  # all configured resolvers were asked and agree on the fate
    complete: bool = True  # False: one of A and AAAA could not be found out
    questions: tuple[Question, ...] = ()


def wire_name(host: str) -> bytes | None:
    """Turn a host into a DNS name without reading escapes; None where the DNS has no room for it (RFC 1035, 2.3.4)."""
    if not host.isascii() or len(host) > _LONGEST_NAME:
        return None
    labels = host.removesuffix(".").encode().split(b".")
    if not all(1 <= len(label) <= _LONGEST_LABEL for label in labels):
        return None
    return b"".join(len(label).to_bytes(1, "big") + label for label in labels) + b"\0"


def read_reply(wire: bytes, *, server: str, host: str, kind: int) -> Reply:
    """Read a reply that was already matched to its question; unreadable bytes are the server's failure."""
    try:
        records = read(wire)
    except Unreadable as fault:
        return Reply(server=server, fate=NameFate.SERVFAIL, detail=f"unreadable reply ({fault})")
    if records.rcode not in {_NOERROR, _NXDOMAIN}:
        fate = NameFate.REFUSED if records.rcode in _REFUSALS else NameFate.SERVFAIL
        return Reply(server=server, fate=fate, detail=dns.rcode.to_text(dns.rcode.Rcode(records.rcode)))
    return _read_answer(records, server, host.lower(), kind)


def _read_answer(records: Records, server: str, host: str, kind: int) -> Reply:
    ttl, chain = MAX_TTL_S, [host]
    while (found := records.answer.get((chain[-1], kind))) is None:
        link = records.answer.get((chain[-1], CNAME))
        if link is None:
            break
        ttl, target = min(ttl, link[0]), link[1][0]
        if target in chain or len(chain) > MAX_CHAIN:
            return Reply(server=server, fate=NameFate.SERVFAIL, detail="CNAME loop", cnames=tuple(chain[1:]))
        chain.append(target)
    cnames = tuple(chain[1:])
    if found is not None:
        values = tuple(sorted(found[1]))
        return Reply(server=server, fate=NameFate.FOUND, values=values, cnames=cnames, ttl_s=min(ttl, found[0]))
    return _negative(records, server, cnames, ttl)


def _negative(records: Records, server: str, cnames: tuple[str, ...], ttl_s: int) -> Reply:
    if records.rcode == _NOERROR and cnames and records.soa is None:
        return Reply(server=server, fate=NameFate.NODATA, cnames=cnames, ttl_s=ttl_s, target=cnames[-1])
    if records.referral and not records.flags & (AUTHORITATIVE | RECURSION_AVAILABLE):
        # An answer from somebody who does not know, and names who might (RFC 9499, section 6: "lame delegation").
        return Reply(server=server, fate=NameFate.SERVFAIL, detail="lame: a referral instead of an answer")
    zone, negative_s = records.soa or (None, NEGATIVE_WITHOUT_SOA_S)
    fate = NameFate.NXDOMAIN if records.rcode == _NXDOMAIN else NameFate.NODATA
    return Reply(server=server, fate=fate, cnames=cnames, ttl_s=min(ttl_s, negative_s), zone=zone)


def settled(reply: Reply) -> bool:
    """Say whether one server's reply needs no second opinion."""
    return reply.fate is NameFate.FOUND or (reply.fate is NameFate.NODATA and reply.target is not None)


def join(asked: str, replies: Sequence[Reply], servers: int) -> Joint:
    """Say what the replies (in the order of the configured servers) mean together.

    Somebody who found it is right; a name that one calls empty and another calls dead is only empty; a server that
    failed contradicts nobody.
    """
    order = (NameFate.FOUND, NameFate.NODATA, NameFate.NXDOMAIN, *_FAULTS)
    chosen = min(replies, key=lambda reply: order.index(reply.fate))
    unanimous = len(replies) == servers and len({reply.fate for reply in replies}) == 1
    return Joint(reply=chosen, said=tuple((asked, reply) for reply in replies), unanimous=unanimous)


def follow(first: Joint, rest: Joint) -> Joint:
    """Put the answer for the end of a CNAME chain behind the chain that led there."""
    chain = first.reply.cnames
    looped = bool(set(chain) & set(rest.reply.cnames)) or len(chain) + len(rest.reply.cnames) > MAX_CHAIN
    reply = Reply(
        server=rest.reply.server,
        fate=NameFate.SERVFAIL if looped else rest.reply.fate,
        values=() if looped else rest.reply.values,
        cnames=chain if looped else chain + rest.reply.cnames,
        ttl_s=min(first.reply.ttl_s, rest.reply.ttl_s),
        zone=rest.reply.zone,
        target=None if looped else rest.reply.target,
        detail="CNAME loop" if looped else rest.reply.detail,
    )
    return Joint(reply=reply, said=first.said + rest.said, unanimous=rest.unanimous)


def combine(host: str, at: datetime, a: Joint, aaaa: Joint) -> NameAnswer:
    """Say what A and AAAA mean together.

    A name is dead only where both say so: servers exist that answer NXDOMAIN for AAAA although A exists (RFC 4074,
    section 4.2). Where nothing was found and one of them failed, the failure is the answer.
    """
    replies = (a.reply, aaaa.reply)
    texts = [value for reply in replies if reply.fate is NameFate.FOUND for value in reply.values]
    fate = _fate_of(a.reply.fate, aaaa.reply.fate)
    asked = [reply for reply in replies if reply.fate.answered]
    return NameAnswer(
        host=host,
        at=at,
        fate=fate,
        addresses=tuple(sorted({ip_address(text) for text in texts}, key=address_order)),
        cnames=max((reply.cnames for reply in replies), key=len),
        ttl_s=min((reply.ttl_s for reply in asked), default=0),
        unanimous=a.unanimous and aaaa.unanimous and a.reply.fate is aaaa.reply.fate,
        complete=all(reply.fate.answered for reply in replies),
        questions=(*questions_of(a, at), *questions_of(aaaa, at)),
    )


def _fate_of(a: NameFate, aaaa: NameFate) -> NameFate:
    both = (a, aaaa)
    if NameFate.FOUND in both:
        return NameFate.FOUND
    faults = [fate for fate in both if not fate.answered]
    if faults:
        return min(faults, key=_FAULTS.index)
    return NameFate.NXDOMAIN if a is aaaa is NameFate.NXDOMAIN else NameFate.NODATA


def questions_of(joint: Joint, at: datetime) -> tuple[Question, ...]:
    """Tell what was asked of whom and what each said, for the record."""
    return tuple(Question(at=at, asked=asked, of=reply.server, answer=_said(reply)) for asked, reply in joint.said)


def _said(reply: Reply) -> str:
    chain = f" (CNAME {' → '.join(reply.cnames)})" if reply.cnames else ""
    if reply.fate is NameFate.FOUND:
        return ", ".join(reply.values) + chain
    return reply.fate.value.upper() + chain + (f": {reply.detail}" if reply.detail else "")
