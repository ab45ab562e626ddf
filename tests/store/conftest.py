"""What tests of the store ask for beside a database."""

from pathlib import Path

import pytest

from ntd.vault import create_key_file
from schemas.settings import Database, Security, Settings


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Name a fresh database and a fresh key."""
    create_key_file(tmp_path / "ntd.key")
    return Settings(database=Database(url=database), security=Security(key_file=tmp_path / "ntd.key"))
