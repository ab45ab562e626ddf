"""The corridor without the rooms: real PostgreSQL, real turns and lines; what is looked up, seen and sent is scripted.

Each fake stands at one door (names, looks, messages) and keeps what it was asked. Time is moved by hand.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

from geo.book import BookKind
from ntd.store import keys
from ntd.store.base import Store
from ntd.store.connect import CLASSES, open_pool
from ntd.store.intake import take
from ntd.store.items import story
from ntd.vault import Vault, create_key_file, read_key_file
from ntd.walk.check import Check
from ntd.walk.follow import Follow
from ntd.walk.gather import Gather
from ntd.walk.look_up import LookUp
from ntd.walk.place import Place
from ntd.walk.send import Send
from ntd.worker import Line
from schemas.check import Body, GoneBy, Hop, Meaning, Observation, Round, Sight, Verdict
from schemas.errors import Temporary
from schemas.hosting import Address, Contact, Located, NameFate, Resolution
from schemas.hosting import Place as Spot
from schemas.ids import uuid7
from schemas.item import Submission
from schemas.notice import AttemptOutcome, Delivery, Envelope, Took
from schemas.settings import Settings
from schemas.url import HostKind, Url, parse_url

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
UP = Meaning(verdict=Verdict.UP, reason="status_2xx")
DOWN = Meaning(verdict=Verdict.GONE, reason="status_404", gone_by=GoneBy.CONTENT)
UNKNOWN = Meaning(verdict=Verdict.UNKNOWN, reason="timeout")
TAKEN = Delivery(outcome=AttemptOutcome.ACCEPTED, by=Took.RELAY, reply="250 ok")
REFUSED = Delivery(outcome=AttemptOutcome.PERMANENT, reply="550 no such user")
BUSY = Delivery(outcome=AttemptOutcome.TEMPORARY, reply="451 later")
DOUBT = Delivery(outcome=AttemptOutcome.DOUBTFUL, reply="")


def spot(asn: int, country: str, address: str, *mailboxes: str, front: str | None = None) -> Located:
    """Make a hoster called after its AS, with one address."""
    network = ip_network(f"{address}/24", strict=False)
    name = f"Hoster {asn}"
    return Located(
        place=Spot(prefix=network, asn=asn, as_name=name, country=country, hoster=name, front=front),
        addresses=(ip_address(address),),
        contacts=tuple(Contact(channel="mail", address=one, source="rdap", rule="abuse role") for one in mailboxes),
    )


@dataclass(slots=True)
class Names:
    """Where each host lives, now."""

    at: dict[str, tuple[Located, ...]] = field(default_factory=dict)
    ladder: dict[str, str] = field(default_factory=dict)  # mailbox by kind of step
    asked: list[str] = field(default_factory=list)
    providers: dict[int, list[str | None]] = field(default_factory=dict)  # upstream of an AS; None: nobody answers yet
    behind: dict[str, Located] = field(default_factory=dict)  # who hosts an address that is said to be an origin

    async def ladder_contact(self, kind: BookKind, **_ignored: object) -> Contact | None:
        """Answer as `geo.resolve.Locator` does."""
        mailbox = self.ladder.get(kind.value)
        return Contact(channel="mail", address=mailbox, source="contacts", rule="book") if mailbox else None

    @property
    def transit(self) -> "Names":
        """Say who sells transit, as `geo.resolve.Locator.transit` does."""
        return self

    async def contact(self, asn: int, _concerned: object, _now: datetime, **_ignored: object) -> Contact | None:
        """Answer as `geo.transit.Transit` does."""
        known = self.providers.get(asn, [])
        mailbox = known.pop(0) if known else ""
        if mailbox is None:
            raise Temporary("the registry does not answer")
        return Contact(channel="mail", address=mailbox, source="rdap autnum", rule="as-rel") if mailbox else None

    async def resolve(
        self, host: str, site: str, kind: HostKind, now: datetime, *, origins: Sequence[Address] = (), **_ignored: bool
    ) -> Resolution:
        """Answer as `geo.resolve.Locator` does."""
        self.asked.append(host)
        located = self.at.get(host, ())
        addresses = tuple(address for one in located for address in one.addresses)
        fate = NameFate.FOUND if located else NameFate.NXDOMAIN
        hidden = tuple(replace(self.behind[str(one)], origin=True) for one in origins if str(one) in self.behind)
        return Resolution(
            host=host, site=site, kind=kind, at=now, fate=fate, addresses=addresses, located=located, origins=hidden
        )


@dataclass(slots=True)
class Pages:
    """What stands behind each URL, now; an address of its own where it differs by address."""

    names: Names
    at: dict[str, Meaning] = field(default_factory=dict)
    by_address: dict[tuple[str, str], Meaning] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)  # a URL to where it redirects
    bodies: dict[str, str] = field(default_factory=dict)  # a URL to the byte that fills the hash of what it shows
    asked: list[str] = field(default_factory=list)

    async def round(self, url: Url, *, now: datetime, **_ignored: object) -> Round:
        """Answer as `monitor.look.Looker` does."""
        self.asked.append(url.text)
        every = tuple(address for one in self.names.at.get(url.host, ()) for address in one.addresses)
        looks = tuple(self._look(url, str(address), every, now) for address in every)
        meanings = [self._meaning(url, str(address)) for address in every] or [
            Meaning(verdict=Verdict.GONE, reason="no_name", gone_by=GoneBy.NAME)
        ]
        order = (Verdict.UP, Verdict.CHANGED, Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.GONE)
        return Round(at=now, observations=looks, meaning=min(meanings, key=lambda one: order.index(one.verdict)))

    def _meaning(self, url: Url, address: str) -> Meaning:
        return self.by_address.get((url.text, address), self.at.get(url.text, UP))

    def _look(self, url: Url, address: str, every: tuple[Any, ...], now: datetime) -> Observation:
        meaning = self._meaning(url, address)
        up = meaning.verdict is Verdict.UP
        status = {Verdict.UP: 200, Verdict.GONE: 404}.get(meaning.verdict)
        end = parse_url(self.leads.get(url.text, url.text))
        return Observation(
            at=now,
            vantage="direct",
            sight=Sight.ANSWERED if status else Sight.TIMEOUT,
            address=ip_address(address),
            addresses=every,
            status=status,
            hops=tuple(Hop(url=one, status=status) for one in dict.fromkeys((url.text, end.text))) if status else (),
            final_site=end.site if end.site != url.site else None,
            body=Body(sha256=self.bodies.get(url.text, "aa") * 32, length_bytes=10, type="image/png") if up else None,
        )


@dataclass(slots=True)
class Post:
    """What each address does with a message, and all that it was handed."""

    does: dict[str, list[Delivery]] = field(default_factory=dict)
    handed: list[Envelope] = field(default_factory=list)

    async def deliver(self, envelope: Envelope, *, before_offer: Callable[[], Awaitable[None]]) -> Delivery:
        """Answer as `notifiers.registry.Dispatcher` does."""
        await before_offer()
        self.handed.append(envelope)
        planned = self.does.get(envelope.to, [])
        return planned.pop(0) if len(planned) > 1 else (planned or [TAKEN])[0]


@dataclass(frozen=True, slots=True)
class Still:
    """A clock that only moves by hand."""

    at: list[datetime]

    def now(self) -> datetime:
        """Say what time it is."""
        return self.at[0]


class House:
    """One daemon's loops, turned by hand."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self.clock = Still([NOON])
        self.names = Names()
        self.pages = Pages(self.names)
        self.post = Post()
        self.token = uuid7(NOON)

    @property
    def now(self) -> datetime:
        """The moment the house is in."""
        return self.clock.now()

    async def submit(self, *urls: str, **facts: Any) -> list[UUID]:
        """Take items in."""
        wanted = [(n, Submission(url=parse_url(url), **facts)) for n, url in enumerate(urls, 1)]
        return [
            answer.id for answer in await take(self.store, self.settings, wanted, now=self.now, by="test") if answer.id
        ]

    async def settle(self, *, looking: bool = True) -> None:
        """Do everything that is due now; `looking`: looks at items too."""
        token, store, rules = self.token, self.store, self.settings
        look_up = LookUp(store, rules, self.names, self.clock, token)  # type: ignore[arg-type]
        check = Check(store, rules, self.pages, self.clock, token)  # type: ignore[arg-type]
        send = Send(store, rules, self.post, self.clock, token)  # type: ignore[arg-type]
        place, gather = Place(store, rules, token), Gather(store, rules)
        follow = Follow(store, rules, self.names, token)  # type: ignore[arg-type]
        for _ in range(50):
            worked = await self._line(look_up)
            worked |= await place.turn(self.now)
            worked |= looking and await self._line(check)
            worked |= await follow.turn(self.now)
            worked |= await gather.turn(self.now)
            worked |= await self._line(send)
            if not worked:
                return
        raise AssertionError("the house does not come to rest")

    async def _line(self, line: Line[Any, Any]) -> bool:
        jobs = await line.claim(self.now, 1000)
        if jobs:
            await line.settle([await line.do(job) for job in jobs], self.now)
        return bool(jobs)

    async def later(self, span: timedelta, step: timedelta | None = None) -> None:
        """Let time pass, doing what falls due on the way every `step`."""
        end = self.now + span
        while self.now < end:
            self.clock.at[0] = min(end, self.now + (step or span))
            await self.settle()

    async def show(self, item: UUID) -> dict[str, Any]:
        """Tell the whole story of an item."""
        return await story(self.store, str(item), self.now)

    async def state(self, item: UUID) -> str:
        """Say where an item stands."""
        return str((await self.show(item))["state"])

    def rules(self, **sections: dict[str, Any]) -> None:
        """Change settings, a section at a time."""
        changed = {name: getattr(self.settings, name).model_copy(update=keys) for name, keys in sections.items()}
        self.settings = self.settings.model_copy(update=changed)


@asynccontextmanager
async def house(database: str, folder: Path, settings: Settings | None = None) -> AsyncIterator[House]:
    """Open a house on a fresh database."""
    key_file = folder / "ntd.key"
    create_key_file(key_file)
    vault = Vault(read_key_file(key_file))
    rules = settings or Settings()
    where = rules.model_copy(update={"database": rules.database.model_copy(update={"url": database})})
    async with open_pool(where) as pool:
        async with pool.acquire() as connection:
            await keys.ready(connection, vault, CLASSES, NOON)
            await keys.ready(connection, vault, CLASSES, NOON + timedelta(days=40))
        yield House(Store(pool, vault), rules)
