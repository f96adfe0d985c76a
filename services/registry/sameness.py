"""Two entries that are one thing: whoever lays out trips must know, in the transaction in which it is found out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

# (transaction, "vehicle" or "person", an id, the id of the same thing, now): false where both are on trips at one time
# that is not over, which were laid out while nobody knew. An empty second id says that the first stands alone again.
Told = Callable[[Connection, str, str, str, datetime], bool]


def nobody(_connection: Connection, _kind: str, _thing_id: str, _same_id: str, _now: datetime) -> bool:
    """Where nothing is laid out, nothing overlaps."""
    return True
