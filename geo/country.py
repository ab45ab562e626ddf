"""In which country does it stand?

The rule, written once: the network file that the operator configured decides; where it is silent, the country of the
registration; where that is silent too, the country Team Cymru gives for the prefix. All of them are kept apart, and
where two of them name different countries the place is disputed and a human looks.
"""

from dataclasses import dataclass
from typing import Final

#: From the strongest source to the weakest.
SOURCES: Final = ("network_file", "registration", "cymru")

# Not countries although two letters: regions of the registries and of geolocation files, "unknown", user-assigned
# (ISO 3166-1, clause 8.1; RIPE and APNIC use EU, AP and ZZ).
_NO_COUNTRY: Final = frozenset({"EU", "AP", "ZZ", "XX", "A1", "A2", "O1", "T1", "EA", "XZ", "QM"})
_ALIASES: Final = {"UK": "GB", "EL": "GR"}  # exceptionally reserved for the same countries
_CODE_LENGTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The country that counts, every country that was named, and whether they contradict each other."""

    country: str | None
    sources: dict[str, str]
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


def standing(*, network_file: str | None, registration: str | None, cymru: str | None) -> Standing:
    """Decide the country from what each source says.

    >>> standing(network_file="NL", registration="DE", cymru=None)
    Standing(country='NL', sources={'network_file': 'NL', 'registration': 'DE'}, disputed=True)
    """
    said = zip(SOURCES, (network_file, registration, cymru), strict=True)
    sources = {source: code for source, text in said if (code := country_code(text)) is not None}
    return Standing(
        country=next(iter(sources.values()), None), sources=sources, disputed=len(set(sources.values())) > 1
    )
