"""The data file of known pages, loaded and compiled once."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from monitor.signs import HEADING_LONGEST, WALL_MEDIA, WALLS, Known, Wording

_CONDITIONS = ("heading", "text", "markup", "path", "host")


@cache
def known_pages() -> Known:
    """Load the known pages that ship with us."""
    data = tomllib.loads(files("monitor").joinpath("data/known_pages.toml").read_text("utf-8"))
    placeholders = {
        sha256: f"placeholder.{entry['name']}" for entry in data["placeholder"] for sha256 in entry["sha256"]
    }
    return Known(wordings=tuple(_wording(entry) for entry in data["sign"]), placeholders=placeholders)


def _wording(entry: Mapping[str, Any]) -> Wording:
    patterns = {name: tuple(re.compile(pattern) for pattern in entry.get(name, ())) for name in _CONDITIONS}
    return Wording(
        id=f"{entry['kind']}.{entry['name']}",
        kind=entry["kind"],
        longest=entry.get("longest", HEADING_LONGEST),
        media=entry.get("media", WALL_MEDIA if entry["kind"] in WALLS else None),
        **patterns,
    )
