"""In which country does it stand?

The rule, written once. Each source that names a country is kept apart:

* ``network_file``: what the operator's own network file says of the network
* ``geofeed``: what the holder of the addresses publishes of where they are used (RFC 8805)
* ``registration``: the country in the registration of the network, else in its owner's address
* ``cymru``: the country Team Cymru gives for the prefix
* ``as``: where the AS is registered; its addresses may stand anywhere

The first of `geo.country_order` that names a country decides; as it comes, that is the order above: the operator's own
word, then the holder's, then the registries'. Where two sources of that order name different countries the place is
disputed: routing follows the one that decided, and a human is told (attention `country_disputed`). A source that the
operator leaves out of the order is shown all the same; it neither decides nor disputes.

An anycast or satellite network (`geo.reach`) has no one place: its country is that of its holder, and it is said that
the machine may stand elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: From the strongest source to the weakest, as it comes.
SOURCES: Final = ("network_file", "geofeed", "registration", "cymru", "as")

# Not countries although two letters: regions of the registries and of geolocation files, "unknown", user-assigned
# (ISO 3166-1, clause 8.1; RIPE and APNIC use EU, AP and ZZ).
_NO_COUNTRY: Final = frozenset({"EU", "AP", "ZZ", "XX", "A1", "A2", "O1", "T1", "EA", "XZ", "QM"})
# Other codes of the same countries: UK is exceptionally reserved in ISO 3166-1, EL is the European Union's for Greece
# (Interinstitutional Style Guide, section 7.1.1).
_ALIASES: Final = {"UK": "GB", "EL": "GR"}
_CODE_LENGTH: Final = 2  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The country that counts, every country that was named, and whether they contradict each other."""

    country: str | None  # ISO 3166-1 alpha-2, upper case
    sources: dict[str, str]  # source to country, in the order of SOURCES
    disputed: bool


def country_code(text: object) -> str | None:
    """Read an ISO 3166-1 alpha-2 code in any case; None for what is no country ("EU", "ZZ", a name, nothing).

    >>> country_code("nl"), country_code("EU")
    ('NL', None)
    """
    if not isinstance(text, str):
        return None
    code = text.strip().upper()
    if len(code) != _CODE_LENGTH or not (code.isascii() and code.isalpha()) or code in _NO_COUNTRY:
        return None
    return _ALIASES.get(code, code)


def standing(said: Mapping[str, str | None], order: Sequence[str] = SOURCES) -> Standing:
    """Decide the country from what each source says, by the order given.

    >>> standing({"network_file": "NL", "registration": "DE"})
    Standing(country='NL', sources={'network_file': 'NL', 'registration': 'DE'}, disputed=True)
    """
    codes = {source: country_code(said.get(source)) for source in SOURCES}
    sources = {source: code for source, code in codes.items() if code is not None}
    counted = [sources[source] for source in order if source in sources]
    return Standing(country=next(iter(counted), None), sources=sources, disputed=len(set(counted)) > 1)
