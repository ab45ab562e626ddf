"""Every named statement is one that PostgreSQL understands, against the schema as it is."""

import asyncpg
import pytest

from ntd.store.sql import QUERIES, parse, statement

EVERY = sorted(name for file in QUERIES.glob("*.sql") for name in parse(file.stem, file.read_text(encoding="utf-8")))


async def test_every_statement_can_be_prepared(database: str) -> None:
    """No statement names a column that is not there or leaves a type open."""
    connection = await asyncpg.connect(database)
    await connection.execute(statement("intake.stage"))  # a temporary table that others of its file speak of
    wrong = []
    for name in EVERY:
        try:
            await connection.prepare(statement(name))
        except asyncpg.PostgresError as fault:
            wrong.append(f"{name}: {fault}")
    await connection.close()

    assert wrong == []
    assert len(EVERY) > 100


HOT = {
    "checks.claim": "schedule_due",
    "hosts.claim_looks": "host_look_due",
    "hosts.claim_places": "host_place_due",
    "hosts.to_place": "item_host",
    "notices.claim": "notice_claim",
    "checks.follow_ups": "stay_follow_up",
    "checks.dry_run_accepted": "notice_dry_run",
    "cases.strike_notices": "notice_item_item",
}


@pytest.mark.parametrize(("name", "index"), HOT.items())
async def test_hot_statements_use_their_index(database: str, name: str, index: str) -> None:
    """A claim is a range scan over its own index, never a walk over the table."""
    connection = await asyncpg.connect(database)
    await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    sql = statement(name)
    count = max(n for n in range(1, 9) if f"${n}" in sql)
    await connection.execute(f"PREPARE hot AS {sql}")
    rows = await connection.fetch(f"EXPLAIN EXECUTE hot({', '.join(['NULL'] * count)})")
    plan = "\n".join(row[0] for row in rows)
    await connection.close()

    assert index in plan
