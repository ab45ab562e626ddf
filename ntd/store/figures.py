"""Current counts for `/metrics`, each in one statement, and the question whether the database is there."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from ntd.metrics import Figures, Late
from ntd.store.base import Connection, Row, Store
from ntd.store.sql import statement

_ITEMS = statement("figures.items")
_MESSAGES = statement("figures.messages")
_REACHABLE = statement("figures.reachable")
_DUE: Final = {
    work: statement(f"figures.{name}")
    for work, name in (("check", "checks_due"), ("look", "looks_due"), ("send", "messages_due"))
}
#: Due rows are counted up to here: whoever has more has an alarm already.
_COUNTED: Final = 100_000


async def figures(store: Store, now: datetime) -> Figures:
    """Count items, messages and what is late."""
    async with store.pool.acquire() as connection:
        items = await connection.fetch(_ITEMS)
        messages = await connection.fetch(_MESSAGES)
        late = {work: await _late(connection, sql, now) for work, sql in _DUE.items()}
    return Figures(
        items=_summed((row["state"], row["items"]) for row in items),
        verdicts=_summed((row["last_verdict"], row["items"]) for row in items if row["last_verdict"]),
        checks=sum(int(row["checks"]) for row in items),
        attention=_summed((one, row["items"]) for row in items for one in row["attention"]),
        notices=_by_state(messages, forward=False),
        forwards=_by_state(messages, forward=True),
        late=late,
    )


async def _late(connection: Connection, sql: str, now: datetime) -> Late:
    row = await connection.fetchrow(sql, now, _COUNTED)
    oldest, due = (row["oldest"], row["due"]) if row else (None, 0)
    return Late(due=due, oldest_s=(now - oldest).total_seconds() if oldest else 0.0)


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    summed: Counter[str] = Counter()
    for key, count in pairs:
        summed[key] += count
    return dict(summed)


def _by_state(rows: Sequence[Row], *, forward: bool) -> dict[str, int]:
    return {row["state"]: row["messages"] for row in rows if row["forward"] is forward}


async def reachable(store: Store) -> None:
    """Ask the database for something; its failure says that it is not there."""
    await store.pool.fetchval(_REACHABLE)
