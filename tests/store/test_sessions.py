"""What one statement leaves on its connection."""

import re

from ntd.store.sql import QUERIES

_LASTING = re.compile(
    r"\bpg_(?:try_)?advisory_lock(?:_shared)?\b|\bLISTEN\b|\bDECLARE\b|\bSET SESSION\b|\bset_config\([^()]*, false\)"
)


def test_no_statement_leaves_anything_on_its_connection() -> None:
    """Connections go back to the pool as they are: no setting, lock or cursor outlives its transaction."""
    left = [file.name for file in QUERIES.glob("*.sql") if _LASTING.search(file.read_text(encoding="utf-8"))]

    assert _LASTING.search("SELECT pg_advisory_lock(1)")
    assert _LASTING.search("SELECT set_config('work_mem', '64MB', false)")
    assert left == []
