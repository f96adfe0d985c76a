"""The tables of keys, statements and registrations; this module and ``log_store`` are their only writers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.traceability.model import Key

_KEY = "SELECT kid, organisation_id, public_key, registered_at, revoked_at, sealed_private FROM traceability_keys"


def insert_key(connection: Connection, key: Key) -> bool:
    """Store the key; false when a key of this kid is there already."""
    return bool(
        connection.execute(
            text(
                "INSERT INTO traceability_keys (kid, organisation_id, public_key, sealed_private, registered_at)"
                " VALUES (:kid, :organisation_id, :public_key, :sealed, :registered_at)"
                " ON CONFLICT DO NOTHING RETURNING true"
            ),
            {
                "kid": key.kid,
                "organisation_id": key.organisation_id,
                "public_key": key.public_key,
                "sealed": key.sealed_private,
                "registered_at": key.registered_at,
            },
        ).scalar()
    )


def revoke_key(connection: Connection, kid: bytes, at: datetime, reason: str) -> None:
    connection.execute(
        text(
            "UPDATE traceability_keys SET revoked_at = least(coalesce(revoked_at, :at), :at), revoked_reason = :reason"
            " WHERE kid = :kid"
        ),
        {"kid": kid, "at": at, "reason": reason},
    )


def find_key(connection: Connection, kid: bytes) -> Key | None:
    row = connection.execute(text(_KEY + " WHERE kid = :kid"), {"kid": kid}).first()
    return None if row is None else _key(row)


def keys_of(connection: Connection, organisation_id: str) -> list[Key]:
    rows = connection.execute(
        text(_KEY + " WHERE organisation_id = :id ORDER BY registered_at, kid"), {"id": organisation_id}
    )
    return [_key(row) for row in rows]


def lock_subject(connection: Connection, subject: str) -> tuple[int, bytes | None]:
    """The last seq and digest of the subject's chain, nobody else extending it until this transaction ends."""
    row = connection.execute(
        text(
            "INSERT INTO traceability_subjects (subject, seq, digest) VALUES (:subject, 0, '')"
            " ON CONFLICT (subject) DO UPDATE SET seq = traceability_subjects.seq RETURNING seq, digest"
        ),
        {"subject": subject},
    ).one()
    return row.seq, row.digest or None


def insert_registration(
    connection: Connection,
    *,
    digest: bytes,
    subject: str,
    seq: int,
    kind: str,
    registration: bytes,
    statement_digest: bytes,
    statement: bytes,
    organisation_id: str,
    at: datetime,
) -> bool:
    """Move the subject's chain on by one and queue the registration for the log; false for a statement stated before."""
    return bool(
        connection.execute(
            text(
                "WITH queued AS (INSERT INTO traceability_registrations"
                "  (digest, subject, seq, kind, registration, statement_digest)"
                "  VALUES (:digest, :subject, :seq, :kind, :registration, :statement_digest)"
                "  ON CONFLICT (statement_digest) DO NOTHING RETURNING true),"
                " kept AS (INSERT INTO traceability_statements (digest, organisation_id, statement, stated_at)"
                "  SELECT :statement_digest, :organisation_id, :statement, :at FROM queued)"
                " UPDATE traceability_subjects SET seq = :seq, digest = :digest"
                " WHERE subject = :subject AND EXISTS (SELECT FROM queued) RETURNING true"
            ),
            {
                "digest": digest,
                "subject": subject,
                "seq": seq,
                "kind": kind,
                "registration": registration,
                "statement_digest": statement_digest,
                "statement": statement,
                "organisation_id": organisation_id,
                "at": at,
            },
        ).scalar()
    )


def find_registration(connection: Connection, *, digest: bytes = b"", statement_digest: bytes = b"") -> Row[Any] | None:
    """The registration with its receipt and leaf index, both ``None`` while it waits for the log."""
    return connection.execute(
        text(
            "SELECT registration, receipt, leaf_index FROM traceability_registrations"
            " WHERE digest = :digest OR statement_digest = :statement_digest"
        ),
        {"digest": digest, "statement_digest": statement_digest},
    ).first()


def registrations_of(connection: Connection, subject: str, after: int = 0, most: int = 1000) -> Sequence[Row[Any]]:
    """(seq, kind, registration, receipt, leaf_index, statement or None once expired), in order."""
    return connection.execute(
        text(
            "SELECT r.seq, r.kind, r.registration, r.receipt, r.leaf_index, s.statement"
            " FROM traceability_registrations AS r LEFT JOIN traceability_statements AS s ON s.digest = r.statement_digest"
            " WHERE r.subject = :subject AND r.seq > :after ORDER BY r.seq LIMIT :most"
        ),
        {"subject": subject, "after": after, "most": most},
    ).all()


def in_log(connection: Connection, subject: str, size: int) -> list[Row[Any]]:
    """Everything about the subject among the first ``size`` leaves, in order; ``statement`` is ``None`` once expired."""
    return list(
        connection.execute(
            text(
                "SELECT r.seq, r.digest, r.registration, r.receipt, r.leaf_index, s.statement, s.organisation_id"
                " FROM traceability_registrations AS r"
                " LEFT JOIN traceability_statements AS s ON s.digest = r.statement_digest"
                " WHERE r.subject = :subject AND r.leaf_index < :size ORDER BY r.seq"
            ),
            {"subject": subject, "size": size},
        )
    )


def _key(row: Row[Any]) -> Key:
    return Key(row.kid, row.organisation_id, row.public_key, row.registered_at, row.revoked_at, row.sealed_private)
