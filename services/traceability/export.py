"""Exports: one file that proves everything said about a subject, for whoever keeps it and verifies it without us."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from hazway import bundle, key_record, proof
from hazway import subject_head as heads
from services.errors import Finding, Refusal
from services.errors.traceability import NOT_YET_IN_LOG
from services.runtime.clock import nanoseconds
from services.traceability import log_store, store
from services.traceability.keeper import OPERATOR, Keeper
from services.traceability.log_store import Head
from services.traceability.tree import Tree


def subject_head(connection: Connection, keeper: Keeper, subject: str, at: datetime) -> bytes:
    """The log's word on which registration of the subject is the last, as of the log's present size."""
    head = _head(connection)
    return _subject_head(keeper, subject, store.in_log(connection, subject, head.size), head.size, at)


def export(connection: Connection, keeper: Keeper, subject: str, at: datetime, *, related: Iterable[str] = ()) -> bytes:
    """The ``.hazway`` bundle of a subject, and of related ones after it, as of the newest checkpoint.

    Raises a refusal NOT_YET_IN_LOG while the log is empty.
    """
    head = _head(connection)
    tree = Tree(head.size, head.range, lambda level, n: log_store.read_tile(connection, level, n))

    def section(name: str) -> tuple[bundle.Section, set[str]]:
        rows = store.in_log(connection, name, head.size)
        entries = tuple(_entry(row, tree) for row in rows)
        made = bundle.Section(name, _subject_head(keeper, name, rows, head.size, at), entries)
        return made, {row.organisation_id for row in rows if row.organisation_id}

    found = [section(name) for name in dict.fromkeys([subject, *related])]
    signers = {OPERATOR}.union(*(issuers for _, issuers in found))
    key_sections: dict[str, bundle.Section] = {}
    while signers - key_sections.keys():
        organisation = min(signers - key_sections.keys())
        key_sections[organisation], issuers = section(key_record.subject_of(organisation))
        signers |= issuers
    return bundle.encode(
        bundle.Bundle(
            origin=keeper.origin,
            scope=bundle.Scope(subject),
            subjects=tuple(made for made, _ in found),
            keys=tuple(key_sections[organisation] for organisation in sorted(key_sections)),
            checkpoint=head.checkpoint,
        )
    )


def _head(connection: Connection) -> Head:
    head = log_store.find_head(connection)
    if head is None or head.size == 0:
        raise Refusal((Finding(reason=NOT_YET_IN_LOG),))
    return head


def _subject_head(keeper: Keeper, subject: str, rows: list[Row[Any]], size: int, at: datetime) -> bytes:
    seq, digest = (rows[-1].seq, rows[-1].digest) if rows else (0, None)
    return heads.make(keeper.log, heads.SubjectHead(keeper.origin, subject, seq, digest, size, nanoseconds(at)))


def _entry(row: Row[Any], tree: Tree) -> bundle.Entry:
    path = proof.inclusion_proof(row.leaf_index, tree.size, tree.hash_of)
    return bundle.Entry(row.registration, row.leaf_index, tuple(path), row.statement, row.receipt)
