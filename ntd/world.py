"""What deciding about an item must know of the world: where its host stands, and who the partners are. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.hosting import Category
from schemas.ids import HosterId, PlaceId, RecipientId, StayId
from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """A hoster in a country where the host stands, as items see it."""

    hoster: HosterId
    country: str | None
    place: PlaceId
    fronted: bool
    category: Category | None
    disputed: bool
    contacts: tuple[RecipientId, ...]  # usable ones in order of choice
    new_contact: bool  # the first of them was never written to
    seen_from: datetime  # first look that showed it
    address: str  # the lowest, for the history
    prefix: str | None
    asn: int | None
    as_name: str | None
    hoster_name: str
    origin: bool = False  # what stands behind the front, as somebody told us
    missed: bool = False  # the last looks did not show it, which is not confirmed yet

    @property
    def seat(self) -> tuple[int, str | None]:
        """Give the hoster and the country."""
        return self.hoster, self.country

    def as_hosting(self) -> dict[str, object]:
        """Write it as the `hosting` of a history event (contract, section 4)."""
        return {
            "ip": self.address,
            "prefix": self.prefix,
            "asn": self.asn,
            "as_name": self.as_name,
            "country": self.country,
            "hoster": self.hoster_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSeat:
    """The partner of a country, as routing sees it."""

    code: str
    recipient: RecipientId
    endpoint: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a decision knows besides the case: where its host stands, who the partners are, what was configured."""

    version: int  # of the host's standing
    seats: tuple[Seated, ...]
    left_at: Mapping[tuple[int, str | None], datetime]  # when a seat at which the host stands no more was last left
    partners: Mapping[str, PartnerSeat]  # by country
    settings: Settings
    new_stay: Callable[[], StayId]
    looked_at: datetime | None = None  # when the last look-up of the host began; None: there was none yet
    # When a look last showed a seat at which the host stands no more.
    shown_at: Mapping[tuple[int, str | None], datetime] = field(default_factory=dict)
    police: RecipientId | None = None  # where copies go; None: nobody, or mail may not go there
