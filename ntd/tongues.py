"""In which language a recipient is written to: as they prefer, as their country speaks, as we like best. Pure.

English stands below every other language in any case.
"""

from collections.abc import Mapping
from typing import Final

from schemas.notice import Kind
from schemas.settings import Organisation

#: Whose country is ours, wherever the material is hosted.
_OF_OURS: Final = frozenset({Kind.POLICE, Kind.REGULATOR})
#: Whose country is not known by where the material is hosted.
_ANYWHERE: Final = frozenset({Kind.SITE, Kind.REGISTRAR, Kind.FORWARD})
#: Kinds for others than those who host or deliver.
NOT_THE_HOSTERS: Final = frozenset({*_OF_OURS, *_ANYWHERE, Kind.UPSTREAM})
#: Official languages of whole countries, of those that notices are shipped in; left out are some that few speak there
#: (German in Belgium, Portuguese in Macao), and small territories in English, which stands below anyway.
#: Source: Unicode CLDR, supplementalData, territoryInfo, official or de facto so; held against Babel 2.18.0 on 22
#: November 2026.
_BY_LANGUAGE: Final[Mapping[str, str]] = {
    "cs": "CZ",
    "de": "AT CH DE LI LU",
    "en": "AG AU BB BS BZ CA CM FJ GB GD GH GI GM GY HK IE IN JM KE LC LR MT MU NA NG NZ PG PH PK RW SC SG SL SS TT TZ "
    "UG US VC VG VU ZA ZM ZW",
    "es": "AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV UY VE",
    "fr": "BE BF BI BJ BL CA CD CF CG CH CI CM DJ DZ FR GA GF GN GP GQ HT KM LU MC MF MG MQ MU NC NE PF PM RE RW SC SN "
    "TD TG TN VU WF YT",
    "hi": "IN",
    "nl": "AW BE BQ CW NL SR SX",
    "pl": "PL",
    "pt": "AO BR CV GW MZ PT ST TL",
    "ro": "MD RO",
    "ru": "BY KG KZ RU",
    "uk": "UA",
}
#: Which of several is the most spoken, or the language of business.
_FIRST: Final[Mapping[str, str]] = {"BE": "nl", "CA": "en", "CH": "de", "LU": "fr", "CM": "fr", "IN": "en", "GQ": "es"}


def tongue(preferred: str | None, kind: Kind, country: str | None, us: Organisation) -> str:
    """Choose the language of a message; `country`: where the material is hosted, None where in several or unknown.

    Of several languages of a country, the one that stands first among ours. Where ours are but one, there is no choice.

    >>> tongue(None, Kind.FIRST, "DE", Organisation())
    'de'
    >>> tongue(None, Kind.FIRST, "BE", Organisation(languages=["en", "fr"]))
    'fr'
    >>> tongue(None, Kind.FIRST, None, Organisation())
    'en'
    """
    if preferred:
        return preferred
    spoken = spoken_in(us.country if kind in _OF_OURS else country)
    if len(us.languages) == 1 or kind in _ANYWHERE or not spoken:
        return us.languages[0]
    return next((one for one in us.languages if one in spoken), spoken[0])


def spoken_in(country: str | None) -> tuple[str, ...]:
    """Give the official languages of a country that notices are shipped in, the chief one first."""
    found = [language for language, countries in _BY_LANGUAGE.items() if country in countries.split()]
    return tuple(sorted(found, key=lambda language: language != _FIRST.get(country or "")))
