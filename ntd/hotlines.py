"""Which countries have a hotline, by the file that the settings name."""

from pathlib import Path

from geo.hotlines import SHIPPED, in_sight, parse
from schemas.errors import Misconfigured
from schemas.settings import Settings


def countries_in_sight(settings: Settings) -> frozenset[str]:
    """Give the countries that have a hotline; Misconfigured when the file is not there or cannot be understood."""
    path = Path(settings.geo.hotlines) if settings.geo.hotlines else SHIPPED
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise Misconfigured(f"geo.hotlines: {path} cannot be read; name a csv like the one shipped, or none") from fault
    return in_sight(parse(text))
