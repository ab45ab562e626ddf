"""A small world for looks: names, networks, registrations and rules, all on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from geo.registration_cache import MemoryRegistrations, RegistrationCache
from geo.resolve import Locator
from schemas.settings import Dns, Geo, HosterRule, Monitor, Settings
from tests.fakes.geo_dns import FakeDns, serving
from tests.fakes.geo_rdap import FakeRdap, registering

NETWORKS = """network,asn,as_name,country,category,abuse_email
127.1.0.0/16,64501,Alpha Hosting,NL,hosting,
127.1.9.0/24,64501,Alpha Hosting,DE,hosting,
127.2.0.0/16,64502,Beta CDN,US,cdn,
127.3.0.0/16,64503,,MD,,abuse@gamma.test
127.4.0.0/16,64501,Alpha Hosting,NL,hosting,
127.6.0.0/16,64504,Delta,NL,hosting,
127.6.200.0/24,64505,Epsilon,NL,hosting,
"""


@dataclass(slots=True, kw_only=True)
class World:
    """What a test sets up; `settings` are made when a locator is opened."""

    folder: Path
    dns: FakeDns
    rdap: FakeRdap
    networks: str = NETWORKS
    book: str = ""
    hosters: tuple[HosterRule, ...] = ()
    cymru_zone: str = ""
    registration: str = ""
    upstreams: str = ""
    canaries: list[str] = field(default_factory=list)
    allow: tuple[str, ...] = ("127.0.0.0/8",)
    timeout: timedelta = timedelta(seconds=5)

    def settings(self) -> Settings:
        """Write the files and make the settings."""
        networks, book = self.folder / "networks.csv", self.folder / "book.csv"
        networks.write_text(self.networks)
        if self.book:
            book.write_text(f"match,kind,address,format,language,note\n{self.book}")
        return Settings(
            dns=Dns(nameservers=[self.dns.address], timeout=self.timeout, canaries=self.canaries),
            geo=Geo(
                networks=[networks] if self.networks else [],
                registration=self.registration or self.rdap.base,
                contacts=str(book) if self.book else "",
                cymru_zone=self.cymru_zone,
                upstreams=self.upstreams,
            ),
            monitor=Monitor(allow=[ip_network(one) for one in self.allow]),
            hoster=list(self.hosters),
        )

    @asynccontextmanager
    async def locator(self, cache: RegistrationCache | None = None) -> AsyncIterator[Locator]:
        """Open a locator in this world."""
        async with Locator.open(self.settings(), cache or MemoryRegistrations()) as locator:
            yield locator


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    """Run name server and registry."""
    async with serving() as dns, registering() as rdap:
        yield World(folder=folder, dns=dns, rdap=rdap)
