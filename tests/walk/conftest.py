"""The house that most walks begin in; who needs another opens one of the same name."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.walk.house import House, house, spot


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house in which one host lives at a Dutch hoster."""
    async with house(database, tmp_path) as opened:
        opened.names.at["img.one.test"] = (spot(64500, "NL", "192.0.2.1", "abuse@one.example"),)
        yield opened
