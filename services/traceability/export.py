"""Exports: one file that proves everything said about a subject, for whoever keeps it and verifies it without us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from hazway import bundle, key_record, proof, tlog_proof
from hazway import subject_head as heads
from hazway.errors import VerificationError
from services.errors import Finding, Refusal
from services.errors.traceability import NOT_WITNESSED, NOT_YET_IN_LOG, RECORD_TOO_LARGE
from services.runtime.clock import nanoseconds
from services.traceability import log_store, store
from services.traceability.keeper import OPERATOR, Keeper
from services.traceability.tree import Tree


@dataclass(frozen=True, slots=True)
class AsOf:
    """A state of the log: its size, the checkpoint for it, and until when nothing more was in it."""

    size: int
    checkpoint: str
    at: datetime
    witnessed: bool


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` up to but without ``end``; ``None`` is without limit."""

    start: datetime | None = None
    end: datetime | None = None


EVER = Period()


def newest(connection: Connection, at: datetime) -> AsOf:
    """The log as it is. Raises a refusal NOT_YET_IN_LOG while it is empty."""
    head = log_store.find_head(connection)
    if head is None or head.size == 0:
        raise Refusal((Finding(reason=NOT_YET_IN_LOG),))
    known = log_store.find_witnessed(connection)
    if known is not None and known.size == head.size:
        return AsOf(head.size, known.checkpoint, at, True)
    return AsOf(head.size, head.checkpoint, at, False)


def newest_witnessed(connection: Connection, subjects: Sequence[str], period: Period, at: datetime) -> AsOf:
    """The log as a quorum of witnesses has last cosigned it.

    Raises a refusal NOT_WITNESSED while there is none, or it lacks something about these subjects or of the period.
    """
    now = newest(connection, at)
    if now.witnessed:
        return now
    known = log_store.find_witnessed(connection)
    if known is None or not store.is_covered(connection, subjects, known.size):
        raise Refusal((Finding(reason=NOT_WITNESSED),))
    if period.end is not None and known.at < period.end:
        raise Refusal((Finding(reason=NOT_WITNESSED),))
    return AsOf(known.size, known.checkpoint, known.at, True)


def subject_head(connection: Connection, keeper: Keeper, subject: str, at: datetime) -> bytes:
    """The log's word on which registration of the subject is the last, as of the log's present size."""
    now = newest(connection, at)
    return _subject_head(keeper, subject, store.last_in_log(connection, subject, now.size), now)


def export(
    connection: Connection,
    keeper: Keeper,
    subject: str,
    at: datetime,
    *,
    related: Sequence[str] = (),
    period: Period = EVER,
    as_of: AsOf | None = None,
) -> bytes:
    """The ``.hazway`` bundle of a subject, and of related ones after it, as of the newest checkpoint unless told.

    Raises a refusal NOT_YET_IN_LOG while the log is empty, and RECORD_TOO_LARGE for more than one file may hold.
    """
    log = as_of or newest(connection, at)
    tree = _tree(connection)
    scope = bundle.Scope(subject, _nanoseconds(period.start), _nanoseconds(period.end))

    def section(name: str, within: bundle.Scope) -> tuple[bundle.Section, set[str]]:
        since = None if within.start is None else period.start
        rows = store.in_log(connection, name, log.size, since)
        covered = [within.covers(nanoseconds(row.at)) for row in rows]
        entries = tuple(_entry(row, tree, log.size, shown) for row, shown in zip(rows, covered, strict=True))
        made = bundle.Section(name, _subject_head(keeper, name, rows[-1] if rows else None, log), entries)
        return made, {row.organisation_id for row, shown in zip(rows, covered, strict=True) if shown} - {None}

    found = [section(name, scope) for name in dict.fromkeys([subject, *related]) if not _is_of_keys(name)]
    signers = {OPERATOR}.union(*(issuers for _, issuers in found))
    if _is_of_keys(subject):
        signers.add(subject.removeprefix(key_record.subject_of("")))
    key_sections: dict[str, bundle.Section] = {}
    while signers - key_sections.keys():
        organisation = min(signers - key_sections.keys())
        keys_subject = key_record.subject_of(organisation)
        key_sections[organisation], issuers = section(keys_subject, bundle.Scope(keys_subject))
        signers |= issuers
    parts = bundle.Bundle(
        origin=keeper.origin,
        scope=scope,
        subjects=tuple(made for made, _ in found),
        keys=tuple(key_sections[organisation] for organisation in sorted(key_sections)),
        checkpoint=log.checkpoint,
    )
    try:
        return bundle.encode(parts)
    except VerificationError as error:
        raise Refusal((Finding(reason=RECORD_TOO_LARGE),)) from error


def proof_text(connection: Connection, index: int, at: datetime) -> str:
    """The C2SP tlog-proof that leaf ``index`` is in the log as of its newest checkpoint."""
    log = newest(connection, at)
    path = proof.inclusion_proof(index, log.size, _tree(connection).hash_of)
    return tlog_proof.encode(index, path, log.checkpoint)


def _tree(connection: Connection) -> Tree:
    head = log_store.find_head(connection)
    if head is None:
        raise Refusal((Finding(reason=NOT_YET_IN_LOG),))
    return Tree(head.size, head.range, lambda level, n: log_store.read_tile(connection, level, n))


def _subject_head(keeper: Keeper, subject: str, last: Row[Any] | None, log: AsOf) -> bytes:
    seq, digest = (0, None) if last is None else (last.seq, last.digest)
    return heads.make(keeper.log, heads.SubjectHead(keeper.origin, subject, seq, digest, log.size, nanoseconds(log.at)))


def _entry(row: Row[Any], tree: Tree, size: int, shown: bool) -> bundle.Entry:
    path = proof.inclusion_proof(row.leaf_index, size, tree.hash_of)
    return bundle.Entry(
        row.registration, row.leaf_index, tuple(path), row.statement if shown else None, row.receipt if shown else None
    )


def _nanoseconds(at: datetime | None) -> int | None:
    return None if at is None else nanoseconds(at)


def _is_of_keys(subject: str) -> bool:
    return subject.startswith(key_record.subject_of(""))
