"""The tables of legal holds and expiries; with a body that has expired, its row of ``traceability_statements`` goes too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Due:
    """Bodies about one subject whose time is over, by the digests of their statements."""

    subject: str
    statements: tuple[bytes, ...]


def set_hold(connection: Connection, subject: str, organisation_id: str, reason: str, at: datetime) -> None:
    """An organisation holds a subject once; saying it again changes the reason."""
    connection.execute(
        text(
            "INSERT INTO traceability_holds (subject, organisation_id, reason, set_at)"
            " VALUES (:subject, :organisation_id, :reason, :at)"
            " ON CONFLICT (subject, organisation_id) DO UPDATE SET reason = EXCLUDED.reason, set_at = EXCLUDED.set_at"
        ),
        {"subject": subject, "organisation_id": organisation_id, "reason": reason, "at": at},
    )


def lift_hold(connection: Connection, subject: str, organisation_id: str) -> None:
    """Others' holds stay."""
    connection.execute(
        text("DELETE FROM traceability_holds WHERE subject = :subject AND organisation_id = :organisation_id"),
        {"subject": subject, "organisation_id": organisation_id},
    )


def is_held(connection: Connection, subject: str) -> bool:
    """Whether anybody holds it."""
    return bool(
        connection.execute(
            text("SELECT EXISTS (SELECT FROM traceability_holds WHERE subject = :subject)"), {"subject": subject}
        ).scalar()
    )


def find_due(connection: Connection, prefix: str, but: Sequence[str], before: datetime, most: int) -> list[Due]:
    """Bodies of kinds that begin with ``prefix`` but none of ``but``, stated before that time, in the log, under no hold.

    Each at most once: those said to have expired already are left out.
    """
    rows = connection.execute(
        text(
            "SELECT due.subject, array_agg(due.digest ORDER BY due.stated_at) AS statements FROM ("
            "  SELECT r.subject, s.digest, s.stated_at FROM traceability_statements AS s"
            "  JOIN traceability_registrations AS r ON r.statement_digest = s.digest"
            "  WHERE s.stated_at < :before AND starts_with(r.kind, :prefix) AND r.leaf_index IS NOT NULL"
            "   AND NOT EXISTS (SELECT FROM unnest(CAST(:but AS text[])) AS longer WHERE starts_with(r.kind, longer))"
            "   AND NOT EXISTS (SELECT FROM traceability_expiries AS e WHERE e.statement_digest = s.digest)"
            "   AND NOT EXISTS (SELECT FROM traceability_holds AS h WHERE h.subject = r.subject)"
            "  LIMIT :most) AS due GROUP BY due.subject ORDER BY due.subject"
        ),
        {"prefix": prefix, "but": list(but), "before": before, "most": most},
    )
    return [Due(row.subject, tuple(row.statements)) for row in rows]


def insert_expiries(connection: Connection, statements: Sequence[bytes], registration: bytes) -> None:
    """These bodies may go once ``registration``, which says that they have expired, is in the log."""
    connection.execute(
        text(
            "INSERT INTO traceability_expiries (statement_digest, registration)"
            " SELECT digest, :registration FROM unnest(CAST(:statements AS bytea[])) AS digest"
        ),
        {"registration": registration, "statements": list(statements)},
    )


def delete_expired(connection: Connection, grace_s: float, most: int) -> int:
    """Delete bodies whose expiry has been in the log for ``grace_s`` seconds and that nobody has put a hold on since."""
    return connection.execute(
        text(
            "DELETE FROM traceability_statements WHERE digest IN ("
            "  SELECT e.statement_digest FROM traceability_expiries AS e"
            "  JOIN traceability_registrations AS said ON said.digest = e.registration"
            "  JOIN traceability_statements AS s ON s.digest = e.statement_digest"
            "  WHERE said.leaf_index IS NOT NULL"
            "   AND said.queued_at <= clock_timestamp() - make_interval(secs => :grace)"
            "   AND NOT EXISTS (SELECT FROM traceability_holds AS h WHERE h.subject = said.subject) LIMIT :most)"
        ),
        {"grace": grace_s, "most": most},
    ).rowcount
