"""Questions to answers: the lab's whole name space, with dnspython's messages and no sockets.

Authoritative for `test.` and `example.`; every name of the table follows its script, so the same question asked later
may be answered differently. Also the zone of origins, in the form of Team Cymru's: TXT by reversed address, and by AS.
"""

from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv6Address, ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from ntd.lab.plot import Plot
from ntd.lab.script import Script
from ntd.lab.world import Address, Hoster, World
from schemas.url import upwards

#: Seconds. Low, as fast-flux sites have it: the daemon must ask again to know.
TTL_S = 1
ORIGINS = "origin.asn.test"
ORIGINS6 = "origin6.asn.test"
AS_NAMES = "asn.test"
_OURS = ("test", "example")
_HOME_SERVER = "ns1.polder.example."
_CHAIN = 8

_ADDRESS_TYPES = {4: dns.rdatatype.A, 6: dns.rdatatype.AAAA}


class Zone:
    """Answers for every name of the world."""

    def __init__(self, world: World, plot: Plot) -> None:
        self._world = world
        self._plot = plot
        self._hosts = {f"ns1.{key}.example": hoster for key, hoster in world.hosters.items()}
        names = (*world.names, *self._hosts, ORIGINS, ORIGINS6)
        self._cuts = frozenset(_site(name) for name in names)
        self._exist = frozenset(above for name in names for above in upwards(name))  # RFC 8020
        self._servers_of = {_site(name): self._servers(script) for name, script in reversed(world.names.items())}

    def answer(self, query: dns.message.Message, now: datetime) -> dns.message.Message | None:
        """Answer one query, or None for silence."""
        reply = dns.message.make_response(query)
        if query.opcode() != 0 or len(query.question) != 1:
            reply.set_rcode(dns.rcode.NOTIMP)
            return reply
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        if not name.endswith(tuple(f".{tld}" for tld in _OURS)) and name not in _OURS:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        reply.flags |= dns.flags.AA
        return self._fill(reply, name, question.rdtype, now)

    def _fill(
        self, reply: dns.message.Message, name: str, kind: dns.rdatatype.RdataType, now: datetime
    ) -> dns.message.Message | None:
        for _ in range(_CHAIN):
            action = self._action(name, kind, now)
            if action == "silence":
                return None
            if action in {"SERVFAIL", "REFUSED"}:
                reply.set_rcode(dns.rcode.from_text(action))
                return reply
            if not action.startswith("CNAME "):
                self._say(reply, name, kind, action)
                return reply
            target = action.removeprefix("CNAME ")
            reply.answer.append(dns.rrset.from_text(name + ".", TTL_S, "IN", "CNAME", target + "."))
            if kind == dns.rdatatype.CNAME:
                return reply
            name = target
        reply.set_rcode(dns.rcode.SERVFAIL)
        return reply

    def _action(self, name: str, kind: dns.rdatatype.RdataType, now: datetime) -> str:
        # Only a question for addresses is a look at the name; NS and TXT are asked about the zone around it.
        if name in self._world.names and kind in {*_ADDRESS_TYPES.values(), dns.rdatatype.CNAME}:
            return self._plot.name(name, now) or "NODATA"
        return "NODATA" if self._exists(name, now) else "NXDOMAIN"

    def _exists(self, name: str, now: datetime) -> bool:
        if name in self._world.names:
            return self._plot.name_now(name, now) != "NXDOMAIN"
        return name in self._exist

    def _say(self, reply: dns.message.Message, name: str, kind: dns.rdatatype.RdataType, action: str) -> None:
        records = self._records(name, kind, action)
        if records:
            reply.answer.append(dns.rrset.from_text(name + ".", TTL_S, "IN", kind, *records))
            return
        nothing = action == "NXDOMAIN" and not self._text(name) and name not in self._hosts
        if nothing:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        zone = _site(name) if _site(name) in self._cuts else name.rpartition(".")[2]
        # RFC 2308: the SOA says how long the absence may be remembered.
        reply.authority.append(dns.rrset.from_text(zone + ".", TTL_S, "IN", "SOA", _soa(zone)))

    def _records(self, name: str, kind: dns.rdatatype.RdataType, action: str) -> list[str]:
        if kind in _ADDRESS_TYPES.values():
            return [str(one) for one in self._shown(name, action) if _ADDRESS_TYPES[one.version] == kind]
        ask: dict[dns.rdatatype.RdataType, Callable[[str], list[str]]] = {
            dns.rdatatype.NS: lambda zone: self._servers_of.get(zone, [_HOME_SERVER] if zone in self._cuts else []),
            dns.rdatatype.SOA: lambda zone: [_soa(zone)] if zone in self._cuts else [],
            dns.rdatatype.TXT: self._text,
        }
        return ask[kind](name) if kind in ask else []

    def _shown(self, name: str, action: str) -> tuple[Address, ...]:
        if name in self._hosts:
            return (self._hosts[name].address(0),)
        if action in {"NXDOMAIN", "NODATA"}:
            return ()
        places = self._world.places(action)
        return (places[self._plot.turn(name, len(places))],) if action.startswith("round ") else places

    def _servers(self, script: Script) -> list[str]:
        """Give the name servers of a zone: those of the hoster whose machine it shows first."""
        places = self._world.places(script[0].action)
        hoster = self._world.hoster_of(places[0]) if places else None
        return [f"ns1.{hoster.key}.example."] if hoster else [_HOME_SERVER]

    def _text(self, name: str) -> list[str]:
        if name.endswith((f".{ORIGINS}", f".{ORIGINS6}")):
            hoster = self._world.hoster_of(address) if (address := _reversed(name)) else None
            return [f'"{hoster.asn} | {hoster.network} | {hoster.country} | ripencc | 2019-04-01"'] if hoster else []
        label = name.removesuffix(f".{AS_NAMES}")
        named = [one for one in self._world.hosters.values() if label == f"as{one.asn}"]
        return [_as_line(hoster) for hoster in named]


def _as_line(hoster: Hoster) -> str:
    return f'"{hoster.asn} | {hoster.country} | ripencc | 2019-04-01 | {hoster.key.upper()}, {hoster.country}"'


def _site(name: str) -> str:
    """Give the zone a name stands in: every registered domain of the lab has two labels."""
    return ".".join(name.split(".")[-2:])


def _soa(zone: str) -> str:
    return f"{_HOME_SERVER} hostmaster.{zone}. 2026112001 60 30 600 {TTL_S}"


def _reversed(name: str) -> Address | None:
    labels = name.split(".")[: -len(ORIGINS.split("."))][::-1]
    try:
        if name.endswith(ORIGINS6):
            nibbles = "".join(labels).ljust(32, "0")
            return IPv6Address(int(nibbles, 16))
        return ip_address(".".join(labels))
    except ValueError:
        return None


def parse_query(wire: bytes) -> dns.message.Message | None:
    """Read a query, or None where it is none."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    return None if query.flags & dns.flags.QR else query
