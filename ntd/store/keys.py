"""Data keys between the database and the vault."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from ntd.store.base import Connection
from ntd.store.sql import statement
from ntd.vault import DataKey, Vault

# The next month's keys are made a day ahead, so that at midnight no daemon meets a key that it has not read.
_AHEAD: Final = timedelta(days=1)

_LOAD: Final = statement("keys.load")
_ADD: Final = statement("keys.add")


async def ready(connection: Connection, vault: Vault, classes: Iterable[str], now: datetime) -> None:
    """Make sure that `vault` can seal `classes` now and open what others sealed; cheap when it already can.

    Two daemons that make the same key at once end up with the same one: the first row stands, both read it.
    Never inside a transaction: were it rolled back, the vault would seal with a key that no row holds.
    """
    if connection.is_in_transaction():
        raise RuntimeError("data keys are made outside of transactions")
    wanted = [
        (class_, month)
        for class_ in sorted(set(classes))
        for month in sorted({_month(now), _month(now + _AHEAD)})
        if vault.missing(class_, month)
    ]
    if wanted:
        await load(connection, vault)
        new = [
            (class_, month, *vault.wrap_new(class_, month)) for class_, month in wanted if vault.missing(class_, month)
        ]
        await connection.executemany(_ADD, new)
        await load(connection, vault)


async def load(connection: Connection, vault: Vault) -> None:
    """Bring all data keys to the vault; Misconfigured when the key file is not the one that wrapped them."""
    vault.load(
        DataKey(
            id=row["id"], class_=row["class"], month=row["month"], master_id=row["master_id"], wrapped=row["wrapped"]
        )
        for row in await connection.fetch(_LOAD)
    )


def _month(moment: datetime) -> date:
    """Give the first day of the month of an aware UTC moment."""
    return moment.date().replace(day=1)
