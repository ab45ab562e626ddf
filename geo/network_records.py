"""What a record of an .mmdb file says, whoever made the file.

Understood are our own column names, MaxMind's GeoLite2 and GeoIP2 (ASN, ISP, Country, City, Enterprise), the same
names as DB-IP and ip-location-db use them, and IPinfo's (lite, ASN, privacy), nested or flat:

* https://dev.maxmind.com/geoip/docs/databases (fields of each database, read 2026-11-22)
* https://ipinfo.io/developers/database-types (field reference, read 2026-11-22)
"""

from collections.abc import Iterator, Mapping
from typing import Final

from geo.country import country_code
from geo.mailbox import mailbox
from geo.prefixes import Details, NetworkFact, fact_of, read_origins
from schemas.hosting import Category, Network

_NUMBERS: Final = ("asn", "autonomous_system_number", "as_number", "number")
_NAMES: Final = (
    "as_name",
    "autonomous_system_organization",
    "as_org",
    "as_organization",
    "organization",
    "isp",
    "name",
)
#: Where the addresses are used, then where the block is registered (MaxMind's two fields of that name).
_COUNTRIES: Final = ("country", "country_code", "country_iso_code", "registered_country")
_CATEGORIES: Final = ("category", "type", "user_type", "usage_type")
#: Other makers' words for our categories (user_type of MaxMind, usage_type of IP2Location). An access line is where
#: people live; a business line may be a server.
_WORDS: Final = {
    "data center": Category.HOSTING,
    "dch": Category.HOSTING,
    "residential": Category.ISP,
    "cellular": Category.ISP,
    "content_delivery_network": Category.CDN,
} | {category.value: category for category in Category}
#: Flags that say the same.
_FLAGS: Final = (
    ("is_hosting_provider", Category.HOSTING),
    ("is_hosting", Category.HOSTING),
    ("hosting", Category.HOSTING),
)
#: Parts of a record that hold fields of their own, asked after the record itself.
_PARTS: Final = ("asn", "as", "traits", "network")
_LONGEST_NAME: Final = 200


def from_record(record: object, prefix: Network, source: str) -> NetworkFact | None:
    """Read a record; None where it says nothing that we know, whatever else it is."""
    if not isinstance(record, Mapping):
        return None
    parts = [record, *(part for name in _PARTS if isinstance(part := record.get(name), Mapping))]
    details = Details(
        origins=_origins(parts),
        as_name=next((name for value in _said(parts, _NAMES) if (name := _text(value)) is not None), None),
        country=next((code for value in _said(parts, _COUNTRIES) if (code := _country(value)) is not None), None),
        category=_category(parts),
        abuse_email=next((mail for value in _said(parts, ("abuse_email",)) if (mail := _mailbox(value))), None),
    )
    return fact_of(prefix, details, source) if details != Details() else None


def _said(parts: list[Mapping[object, object]], names: tuple[str, ...]) -> Iterator[object]:
    return (part[name] for part in parts for name in names if name in part)


def _origins(parts: list[Mapping[object, object]]) -> tuple[int, ...]:
    for value in _said(parts, _NUMBERS):
        plain = " ".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(plain, bool) or not isinstance(plain, int | str):
            continue
        try:
            if found := read_origins(str(plain)):
                return found
        except ValueError:
            continue
    return ()


def _country(value: object) -> str | None:
    # Flat ("NL"), or MaxMind's map with the code inside; a name in words is no code.
    return country_code(value.get("iso_code") if isinstance(value, Mapping) else value)


def _category(parts: list[Mapping[object, object]]) -> Category | None:
    for value in _said(parts, _CATEGORIES):
        if isinstance(value, str) and value.lower() in _WORDS:
            return _WORDS[value.lower()]
    return next(
        (category for name, category in _FLAGS for value in _said(parts, (name,)) if value in (True, "true")), None
    )


def _mailbox(value: object) -> str | None:
    return mailbox(value) if isinstance(value, str) else None


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in value.strip() if letter.isprintable())[:_LONGEST_NAME] or None
