"""The tables of keys, statements and registrations; this module, ``log_store`` and ``expiry_store`` are their only writers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.traceability.model import Key

_KEY = (
    "SELECT kid, organisation_id, public_key, registered_at, revoked_at, sealed_private, valid_from, registered_by"
    " FROM traceability_keys"
)


@dataclass(frozen=True, slots=True)
class Link:
    """The last link of a subject's chain: its ``seq`` (0 before the first), digest and time."""

    seq: int
    digest: bytes | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A registration with the statement it registers; ``kid`` is ``None`` where the server itself has signed."""

    digest: bytes
    subject: str
    seq: int
    kind: str
    registration: bytes
    statement_digest: bytes
    statement: bytes
    organisation_id: str
    at: datetime
    kid: bytes | None


_INSERT_KEY = text(
    "INSERT INTO traceability_keys"
    " (kid, organisation_id, public_key, sealed_private, registered_at, valid_from, registered_by)"
    " VALUES (:kid, :organisation_id, :public_key, :sealed, :registered_at, :valid_from, :registered_by)"
    " ON CONFLICT DO NOTHING RETURNING true"
)


def insert_key(connection: Connection, key: Key) -> bool:
    """Store the key; false when a key of this kid is there already."""
    return bool(
        connection.execute(
            _INSERT_KEY,
            {
                "kid": key.kid,
                "organisation_id": key.organisation_id,
                "public_key": key.public_key,
                "sealed": key.sealed_private,
                "registered_at": key.registered_at,
                "valid_from": key.valid_from or key.registered_at,
                "registered_by": key.registered_by,
            },
        ).scalar()
    )


_REVOKE_KEY = text(
    "WITH RECURSIVE void (kid, since) AS ("
    "  SELECT kid, CAST(:at AS timestamptz) FROM traceability_keys WHERE kid = :kid"
    "  UNION SELECT child.kid, least(child.valid_from, child.registered_at)"
    "   FROM traceability_keys AS child JOIN void ON child.registered_by = void.kid"
    "   WHERE child.kid <> child.registered_by AND child.registered_at >= void.since)"
    " UPDATE traceability_keys AS k SET revoked_reason = :reason,"
    "  revoked_at = least(coalesce(k.revoked_at, v.since), v.since)"
    " FROM (SELECT kid, min(since) AS since FROM void GROUP BY kid) AS v WHERE k.kid = v.kid"
)


def revoke_key(connection: Connection, kid: bytes, at: datetime, reason: str) -> None:
    """Revoke the key from that time, and void the keys it vouched for since, and theirs (as ``hazway.key_record``)."""
    connection.execute(
        _REVOKE_KEY,
        {"kid": kid, "at": at, "reason": reason},
    )


_HOLD_KEY = text("SELECT pg_advisory_xact_lock(:lock)")


def hold_key(connection: Connection, kid: bytes) -> None:
    """Wait for the calls that are signing with this key, and let none begin until this transaction ends."""
    connection.execute(_HOLD_KEY, {"lock": _lock_of(kid)})


_FIND_KEY = text(f"{_KEY} WHERE kid = :kid")
_KEYS_OF = text(f"{_KEY} WHERE organisation_id = :id ORDER BY registered_at, kid")


def find_key(connection: Connection, kid: bytes) -> Key | None:
    row = connection.execute(_FIND_KEY, {"kid": kid}).first()
    return None if row is None else _key(row)


def keys_of(connection: Connection, organisation_id: str) -> list[Key]:
    """Every key the organisation ever had, the oldest first."""
    rows = connection.execute(_KEYS_OF, {"id": organisation_id})
    return [_key(row) for row in rows]


_INSERT_CUSTODY = text(
    "INSERT INTO traceability_custody (kid, organisation_id, sealed_private, made_at)"
    " VALUES (:kid, :organisation_id, :sealed, :at)"
)


def insert_custody(connection: Connection, kid: bytes, organisation_id: str, sealed: bytes, at: datetime) -> None:
    """``sealed`` is a private key only the keeper's key opens."""
    connection.execute(
        _INSERT_CUSTODY,
        {"kid": kid, "organisation_id": organisation_id, "sealed": sealed, "at": at},
    )


_TAKE_CUSTODY = text(
    "DELETE FROM traceability_custody WHERE kid = :kid AND organisation_id = :organisation_id RETURNING sealed_private"
)


def take_custody(connection: Connection, kid: bytes, organisation_id: str) -> bytes | None:
    """The sealed key made for this organisation, which now is in custody no more but registered; ``None`` when there is none."""
    sealed: bytes | None = connection.execute(
        _TAKE_CUSTODY,
        {"kid": kid, "organisation_id": organisation_id},
    ).scalar()
    return sealed


def lock_subjects(connection: Connection, subjects: Iterable[str], kids: Iterable[bytes]) -> dict[str, Link]:
    """The last link of each subject's chain, nobody else extending them until this transaction ends.

    They are locked in one order, so that two that want the same wait for each other in no ring. ``kids`` are the keys that sign the next links: they cannot be revoked in the meantime.
    """
    rows = connection.execute(
        _LOCK_SUBJECTS, {"subjects": sorted(set(subjects)), "locks": sorted({_lock_of(kid) for kid in kids})}
    )
    return {row.subject: Link(row.seq, row.digest or None, row.at) for row in rows}


_LOCK_SUBJECTS = text(
    "SELECT subject, seq, digest, at FROM traceability_lock_subjects(CAST(:subjects AS text[]), CAST(:locks AS bigint[]))"
)


def insert_registrations(connection: Connection, drafts: Sequence[Draft]) -> bool:
    """Move the subjects' chains on and queue the registrations for the log, in this order.

    False when a statement is registered already, the log is frozen, or a ``kid`` is not a key of the organisation that
    may sign at that time: the caller's transaction must then be rolled back.
    """
    columns = {name: [getattr(draft, name) for draft in drafts] for name in _COLUMNS}
    return bool(connection.execute(_REGISTER, columns).scalar())


_COLUMNS = {
    "digest": "bytea", "subject": "text", "seq": "bigint", "kind": "text", "registration": "bytea",
    "statement_digest": "bytea", "statement": "bytea", "organisation_id": "text", "at": "timestamptz", "kid": "bytea",
}  # fmt: skip
_REGISTER = text(
    "SELECT traceability_register(" + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS.items()) + ")"
)


_FIND_REGISTRATION = text(
    "SELECT digest, subject, registration, receipt, leaf_index FROM traceability_registrations"
    " WHERE digest = :digest OR statement_digest = :statement_digest"
)


def find_registration(connection: Connection, *, digest: bytes = b"", statement_digest: bytes = b"") -> Row[Any] | None:
    """The registration with its receipt and leaf index, both ``None`` while it waits for the log."""
    return connection.execute(
        _FIND_REGISTRATION,
        {"digest": digest, "statement_digest": statement_digest},
    ).first()


_REGISTRATIONS_OF = text(
    "SELECT r.seq, r.kind, r.registration, r.receipt, r.leaf_index, s.statement"
    " FROM traceability_registrations AS r LEFT JOIN traceability_statements AS s ON s.digest = r.statement_digest"
    " WHERE r.subject = :subject AND r.seq > :after ORDER BY r.seq LIMIT :most"
)


def registrations_of(connection: Connection, subject: str, after: int = 0, most: int = 1000) -> Sequence[Row[Any]]:
    """(seq, kind, registration, receipt, leaf_index, statement or None once expired), in order."""
    return connection.execute(
        _REGISTRATIONS_OF,
        {"subject": subject, "after": after, "most": most},
    ).all()


_IN_LOG = text(
    "SELECT r.seq, r.digest, r.registration, r.receipt, r.leaf_index, r.at, s.statement, s.organisation_id"
    " FROM traceability_registrations AS r"
    " LEFT JOIN traceability_statements AS s ON s.digest = r.statement_digest"
    " WHERE r.subject = :subject AND r.leaf_index < :size AND r.seq >= coalesce("
    "  (SELECT max(e.seq) FROM traceability_registrations AS e WHERE e.subject = :subject AND e.at < :since), 1)"
    " ORDER BY r.seq"
)


def in_log(connection: Connection, subject: str, size: int, since: datetime | None = None) -> list[Row[Any]]:
    """What was registered about the subject among the first ``size`` leaves, in order; ``statement`` is ``None`` once expired.

    With ``since``, from the last registration before that time on.
    """
    return list(
        connection.execute(
            _IN_LOG,
            {"subject": subject, "size": size, "since": since},
        )
    )


_LAST_IN_LOG = text(
    "SELECT seq, digest FROM traceability_registrations WHERE subject = :subject AND leaf_index < :size"
    " ORDER BY seq DESC LIMIT 1"
)


def last_in_log(connection: Connection, subject: str, size: int) -> Row[Any] | None:
    """(seq, digest) of the last registration about the subject among the first ``size`` leaves."""
    return connection.execute(
        _LAST_IN_LOG,
        {"subject": subject, "size": size},
    ).first()


_IS_COVERED = text(
    "SELECT EXISTS (SELECT FROM traceability_registrations WHERE subject = ANY(:subjects) AND leaf_index >= :size)"
)


def is_covered(connection: Connection, subjects: Sequence[str], size: int) -> bool:
    """Whether everything in the log about these subjects is among its first ``size`` leaves."""
    return not connection.execute(
        _IS_COVERED,
        {"subjects": list(subjects), "size": size},
    ).scalar()


def _lock_of(kid: bytes) -> int:
    return int.from_bytes(kid[:8], "big", signed=True)


def _key(row: Row[Any]) -> Key:
    return Key(
        row.kid, row.organisation_id, row.public_key, row.registered_at, row.revoked_at, row.sealed_private,
        row.valid_from, row.registered_by,
    )  # fmt: skip
