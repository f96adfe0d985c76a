"""PostgreSQL through SQLAlchemy Core; the caller opens the transaction, stores never commit."""

from __future__ import annotations

from typing import Any

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

# SQLSTATE of faults that the same transaction may survive when tried again: connection lost, serialisation, deadlock,
# no room just now, lock timeout, server shutting down. What is too large for a page (54) will always be.
_TRANSIENT = ("08", "40", "53", "55P03", "57")

# bytea arrives as bytes, not as psycopg2's memoryview.
_BYTES = extensions.new_type(
    (17,), "BYTES", lambda value, cursor: None if value is None else bytes(psycopg2.BINARY(value, cursor))
)
_BYTES_ARRAY = extensions.new_array_type((1001,), "BYTES[]", _BYTES)


# Whoever is silent for so long in the middle of a transaction is frozen, or cut off: what it has locked must not wait for it.
_FROZEN_S = 60
# A server nobody can reach any more is noticed: without these a call waits for it for hours.
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def connect(url: str, *, pool: int) -> Engine:
    """An engine of at most ``pool`` connections; every commit is durable before it is acknowledged."""
    parsed = make_url(url).set(drivername="postgresql+psycopg2")
    engine = create_engine(
        parsed, pool_size=pool, max_overflow=4, pool_pre_ping=False, pool_recycle=1800, connect_args=_ALIVE
    )

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: object) -> None:
        extensions.register_type(_BYTES, connection)
        extensions.register_type(_BYTES_ARRAY, connection)
        with connection.cursor() as cursor:
            cursor.execute(
                "SET TIME ZONE 'UTC'; SET lock_timeout = '10s'; SET synchronous_commit = on;"
                f" SET idle_in_transaction_session_timeout = '{_FROZEN_S}s'"
            )
        connection.commit()

    return engine


def take_your_time(connection: Connection) -> None:
    """The caller's transaction may think between its statements for as long as it likes: nobody waits for what it locks."""
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def is_transient(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when simply tried again."""
    state: str | None = getattr(error.orig, "pgcode", None)
    if state is None:  # the server did not say: the connection broke
        return error.connection_invalidated or isinstance(error, OperationalError)
    return error.connection_invalidated or state.startswith(_TRANSIENT)


__all__ = ["Connection", "Engine", "connect", "is_transient", "take_your_time"]
