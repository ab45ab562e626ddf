"""The world that both are asked about: 20,000 URLs with what is right about each, and the servers that know it.

Everything lives under .test and in 127.0.0.0/8; the AS numbers are for private use (RFC 6996).
A name server and a registry answer at once, from tables. What is right is known by construction: the host by the WHATWG
standard, AS and country by longest prefix, the contact by what the registry says of the network and of the domain
alike.
"""

import asyncio
import csv
import json
import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Any, Final

from aiohttp import web

NETWORKS: Final = 200
HOSTS: Final = 4_000
HOSTS_OF_A_SITE: Final = 2
#: One network in ten names nobody to tell; one host in twenty stands at two hosters; one URL in ten is disguised.
MUTE, TWICE, DISGUISED = 10, 20, 10
COUNTRIES: Final = ("NL", "DE", "MD", "US", "RO", "FR")
TTL_S: Final = 300
A, NS, MX = 1, 2, 15
SOA: Final = b"\xc0\x0c\0\6\0\1" + struct.pack("!IH4s5I", TTL_S, 24, b"\xc0\x0c\xc0\x0c", 1, 2, 3, 4, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hoster:
    """What is right about an address."""

    asn: int
    country: str
    contact: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is right about a URL."""

    url: str
    host: str
    hosters: frozenset[Hoster]
    disguised: bool


def network_of(number: int) -> str:
    """Give network `number`: every fourth is a /24 of another AS inside the /16 of the one before it."""
    base = number - 1 if number % 4 == 3 else number
    return f"127.{base + 10}.77.0/24" if number % 4 == 3 else f"127.{base + 10}.0.0/16"


#: Networks by their blocks.
BLOCKS: Final = {network_of(number): number for number in range(NETWORKS)}


def hoster_of(network: int) -> Hoster:
    """Give the hoster of a network."""
    contact = None if network % MUTE == 0 else f"abuse@desk{network}.test"
    return Hoster(asn=64_512 + network, country=COUNTRIES[network % len(COUNTRIES)], contact=contact)


def networks_of(host: int) -> tuple[int, ...]:
    """Give the networks in which host `host` stands; both hosts of a site stand together."""
    site = host // HOSTS_OF_A_SITE
    first = site % NETWORKS
    return (first, (first + 7) % NETWORKS) if site % TWICE == 3 else (first,)


def address_of(host: int, network: int) -> IPv4Address:
    """Give the address of a host in one of its networks."""
    inside = ip_network(network_of(network))
    offset = host % 250 + 1 if inside.prefixlen == 24 else host + 1
    return IPv4Address(int(inside.network_address) + offset)


def site_of(host: int) -> str:
    """Give the site of a host as the DNS knows it; one in fifty has a name that is not ASCII."""
    return _spoken(host).encode("idna").decode()


def _spoken(host: int) -> str:
    number = host // HOSTS_OF_A_SITE
    return f"b\u00fccher{number}.test" if number % 50 == 1 else f"s{number}.test"


def name_of(host: int) -> str:
    """Give the name of a host."""
    return f"img{host % HOSTS_OF_A_SITE}.{site_of(host)}"


def truths(count: int, begin: int = 0) -> list[Truth]:
    """Make the URLs from number `begin` on, in an order that scatters hosts, with what is right about each."""
    return [_truth(n, n * 2_741 % HOSTS) for n in range(begin, begin + count)]


def _truth(number: int, host: int) -> Truth:
    networks, name = networks_of(host), name_of(host)
    path = f"/i/{number:08}/large.jpg"
    way = number // DISGUISED % 6 if number % DISGUISED == 0 else None
    written, right = _written(host, name, networks[0], way)
    hosters = networks[:1] if right != name else networks
    return Truth(
        url=written + path,
        host=right,
        hosters=frozenset(map(hoster_of, hosters)),
        disguised=way is not None or not written.isascii(),
    )


def _written(host: int, name: str, network: int, way: int | None) -> tuple[str, str]:
    """Write a host as it is found in the wild; give how it is written and what a browser makes of it."""
    address = address_of(host, network)
    octets = address.packed
    match way:
        case 0:
            return f"http://{name.upper()}", name
        case 1:
            return f"http://{name}.", name
        case 2:
            return f"https://user:word@{name}", name
        case 3:
            return f"http://{int(address)}", str(address)
        case 4:
            return f"http://0x{octets[0]:x}.0x{octets[1]:x}.0x{octets[2]:x}.0x{octets[3]:x}", str(address)
        case 5:
            return f"https:\\\\{name}", name
        case _:
            return f"https://img{host % HOSTS_OF_A_SITE}.{_spoken(host)}", name


@dataclass(slots=True)
class Servers:
    """A name server and a registry on loopback."""

    hosts: Mapping[str, int] = field(default_factory=dict)
    sites: Mapping[str, int] = field(default_factory=dict)

    def dns(self, data: bytes) -> bytes:
        """Answer one question (RFC 1035): A of hosts, NS of sites, mail of desks; everything else is not there."""
        labels, at = [], 12
        while size := data[at]:
            labels.append(data[at + 1 : at + 1 + size])
            at += 1 + size
        name, kind = b".".join(labels).decode("latin-1").lower(), int.from_bytes(data[at + 1 : at + 3], "big")
        bodies = self._bodies(name, kind)
        exists = bodies or name in self.hosts or name in self.sites or name.startswith("desk")
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, TTL_S, len(one)) + one for one in bodies)
        rcode, nothing = 0 if exists else 3, not bodies
        head = data[:2] + struct.pack("!BBHHHH", 0x85, 0x80 | rcode, 1, len(bodies), nothing, 0)
        return head + data[12 : at + 5] + records + (SOA if nothing else b"")

    def _bodies(self, name: str, kind: int) -> list[bytes]:
        host = self.hosts.get(name)
        if kind == A and host is not None:
            return [address_of(host, network).packed for network in networks_of(host)]
        if kind == NS and name in self.sites:
            return [b"\2ns\xc0\x0c"]
        return [struct.pack("!H", 10) + b"\2mx\xc0\x0c"] if kind == MX and name.startswith("desk") else []

    async def registry(self, request: web.Request) -> web.Response:
        """Answer for a network or a domain: the same desk, or a holder whom nobody can write to."""
        kind, _, what = request.path.lstrip("/").partition("/")
        if kind == "dns.json":
            return web.json_response({"services": []})
        network = self._network(what) if kind == "ip" else self._of_domain(what) if kind == "domain" else None
        if network is None:
            return web.json_response({"errorCode": 404}, status=404)
        ends = ip_network(network_of(network))
        body: dict[str, Any] = {
            "objectClassName": "ip network" if kind == "ip" else "domain",
            "entities": [_entity(network)],
        }
        if kind == "ip":
            body |= {"startAddress": str(ends[0]), "endAddress": str(ends[-1])}
        return web.json_response(body, content_type="application/rdap+json")

    def _network(self, what: str) -> int | None:
        # The smallest network that holds the whole block asked for (RFC 9082, section 3.1.1).
        asked = ip_network(what, strict=False)
        above = (asked.supernet(new_prefix=length) for length in (24, 16) if length <= asked.prefixlen)
        return next((BLOCKS[str(block)] for block in above if str(block) in BLOCKS), None)

    def _of_domain(self, what: str) -> int | None:
        site = self.sites.get(what.lower())
        return networks_of(site * HOSTS_OF_A_SITE)[0] if site is not None else None


def _entity(network: int) -> dict[str, Any]:
    contact = hoster_of(network).contact
    card: list[Any] = [["fn", {}, "text", f"Holder of {network_of(network)}"]]
    if contact is not None:
        card.append(["email", {}, "text", contact])
    role = "registrant" if contact is None else "abuse"
    return {"objectClassName": "entity", "handle": f"H{network}", "roles": [role], "vcardArray": ["vcard", card]}


def serve_names() -> None:
    """Answer questions: a plain loop in a process of its own; the port goes to standard output."""
    servers = Servers(
        hosts={name_of(host): host for host in range(HOSTS)},
        sites={site_of(host): host // HOSTS_OF_A_SITE for host in range(HOSTS)},
    )
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{sock.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        data, addr = sock.recvfrom(512)
        sock.sendto(servers.dns(data), addr)


def serve_registry() -> None:
    """Answer for networks and domains in a process of its own; the port goes to standard output."""
    servers = Servers(sites={site_of(host): host // HOSTS_OF_A_SITE for host in range(HOSTS)})

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", servers.registry)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(run())


def write_networks(folder: Path) -> None:
    """Write the networks as each of the two reads them: networks.csv, and ipasn.dat with country.json beside it."""
    with (folder / "networks.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("network", "asn", "as_name", "country", "category"))
        for number in range(NETWORKS):
            hoster = hoster_of(number)
            rows.writerow((network_of(number), hoster.asn, f"Network {number}", hoster.country, "hosting"))
    dat = "".join(f"{network_of(n)}\t{hoster_of(n).asn}\n" for n in range(NETWORKS))
    (folder / "ipasn.dat").write_text(dat)
    countries = {network_of(n): hoster_of(n).country for n in range(NETWORKS)}
    (folder / "country.json").write_text(json.dumps(countries))


if __name__ == "__main__":
    {"names": serve_names, "registry": serve_registry}[sys.argv[1]]()
