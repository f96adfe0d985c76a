"""Where things stand in the log, for slices that print it on what they hand out."""

from __future__ import annotations

from sqlalchemy import Connection

from services.errors import Finding, Refusal
from services.errors.traceability import NOT_YET_IN_LOG
from services.runtime.settings import Settings
from services.traceability import log_store, store


def leaf_of(connection: Connection, digest: bytes) -> int:
    """The index of the leaf of a registration. Raises a refusal NOT_YET_IN_LOG while it waits for one."""
    row = store.find_registration(connection, digest=digest)
    if row is None or row.leaf_index is None:
        raise Refusal((Finding(reason=NOT_YET_IN_LOG),))
    index: int = row.leaf_index
    return index


def newest_checkpoint(connection: Connection, settings: Settings) -> str:
    """The signed note that a quorum of witnesses has cosigned last, where witnesses are asked at all; else the head's.

    Raises a refusal NOT_YET_IN_LOG before there is one.
    """
    known = log_store.find_witnessed(connection) if settings.witness_policy else None
    head = log_store.find_head(connection)
    if head is None:
        raise Refusal((Finding(reason=NOT_YET_IN_LOG),))
    return known.checkpoint if known else head.checkpoint
