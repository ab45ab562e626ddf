"""A report: what is asked of it. What it answers is a JSON document (contract, section 6; definitions.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DAY = timedelta(hours=24)


class ReportName(StrEnum):
    """The reports there are."""

    SLA = "sla"
    MIGRATION = "migration"
    BACKLOG = "backlog"
    PARTNERS = "partners"


class By(StrEnum):
    """What `sla` is broken down by."""

    HOSTER = "hoster"
    ASN = "asn"
    COUNTRY = "country"
    SITE = "site"
    SITE_TYPE = "site_type"
    SOURCE = "source"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """What is asked. Times are aware UTC; `begin` inclusive, `end` exclusive, None: unbounded; `as_of` None: now."""

    begin: datetime | None = None
    end: datetime | None = None
    as_of: datetime | None = None
    by: By = By.HOSTER  # sla
    bounds: bool = False  # sla: also with the beginning of the removal interval
    since: datetime | None = None  # migration
    country: str | None = None  # migration: sites that were there at `since`
    label: str | None = None  # migration: the policy staff's own word for a set of sites
    removal: timedelta = DAY  # settings.sla.removal
    hotlines: frozenset[str] = frozenset()  # countries that have a hotline
