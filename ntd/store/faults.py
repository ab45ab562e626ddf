"""Faults of the database that pass: it went away, it is starting, two settlements met."""

import asyncpg

#: Tried again after a pause; anything else is a bug and ends the turn.
PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection of the pool that broke in the middle of an answer says so when it is used next.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    OSError,
    TimeoutError,
)
