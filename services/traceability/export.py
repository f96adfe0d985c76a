"""Exports: one file that proves everything said about a subject."""

from __future__ import annotations

from datetime import datetime

from hazway import subject_head as heads
from sqlalchemy import Connection

from services.runtime.clock import nanoseconds
from services.traceability import log_store, store
from services.traceability.keeper import Keeper


def subject_head(connection: Connection, keeper: Keeper, subject: str, at: datetime) -> bytes:
    """The log's word on which registration of the subject is the last, as of the log's present size."""
    head = log_store.find_head(connection)
    last = store.last_in_log(connection, subject)
    seq, digest = (0, None) if last is None else (last.seq, last.digest)
    size = 0 if head is None else head.size
    return heads.make(keeper.log, heads.SubjectHead(keeper.origin, subject, seq, digest, size, nanoseconds(at)))


def export(connection: Connection, keeper: Keeper, subject: str, at: datetime) -> bytes:
    """The ``.hazway`` bundle of the subject."""
    raise NotImplementedError
