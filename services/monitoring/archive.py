"""The archive: closed hours leave the shard logs as Parquet once the file and its entry in the manifest are durable.

The log keeps what was archived for another 48 hours, for detection that must look back. Reading joins both: what the
manifest covers comes from files, what lies behind it from the log, so nothing is read twice and nothing is missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from services.monitoring import figures_store, handed_on, links, log_store, outages_store, packed, parquet
from services.monitoring.feeders import milliseconds
from services.monitoring.scoring import days_touched
from services.runtime.lease import take_lease

HOT = timedelta(hours=48)
_CHANGES = timedelta(days=31)  # no older fix is taken, and what one changes reaches back no farther than hot history
_SETTLED = timedelta(minutes=5)  # after an hour: transactions that began in it have ended
_LEASE_S = 300.0
_EVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Part:
    """An archived file of a shard and the span of its fixes, [first_ms, last_ms]."""

    shard: int
    first_seq: int
    last_seq: int
    first_ms: int
    last_ms: int
    fixes: int
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class _Due:
    shard: int
    after: int
    upto: int
    hour: datetime


def folder(home: Path) -> Path:
    return home / "tracks"


def archive_due(engine: Engine, home: Path, holder: str, *, most: int = 16) -> bool:
    """Archive up to ``most`` shards' oldest closed hour and let go of what has been archived for long; true if there was
    any. One process does this at a time; the part of a process that died is written again, byte for byte the same."""
    with engine.begin() as connection:
        if take_lease(connection, "monitoring.archive", holder, seconds=_LEASE_S) is None:
            return False
        now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        due = [one for one in _oldest(connection) if one.hour + timedelta(hours=1) + _SETTLED <= now][:most]
    for one in due:
        _archive(engine, home, one)
    if not due:
        _let_go(engine, home, now - HOT)
    return bool(due)


def parts(connection: Connection, shard: int, first_ms: int, last_ms: int) -> tuple[int, list[Part]]:
    """Up to which sequence number the shard is archived, and the parts whose span meets [first_ms, last_ms)."""
    rows = connection.execute(
        text(
            "SELECT c.archived, t.first_seq, t.last_seq, t.first_ms, t.last_ms, t.fixes, t.bytes, t.path"
            " FROM monitoring_cursors AS c LEFT JOIN monitoring_tracks AS t ON t.shard = c.shard"
            "  AND t.last_ms >= :first_ms AND t.first_ms < :last_ms WHERE c.shard = :shard ORDER BY t.first_seq"
        ),
        {"shard": shard, "first_ms": first_ms, "last_ms": last_ms},
    ).all()
    return rows[0].archived, [Part(shard, *row[1:]) for row in rows if row.first_seq is not None]


def _oldest(connection: Connection) -> Iterator[_Due]:
    """Of each shard the hour, by arrival, of the first entry that is worked off and not archived."""
    rows = connection.execute(
        text(
            "SELECT c.shard, c.archived, c.cursor, l.recorded_at FROM monitoring_cursors AS c CROSS JOIN LATERAL ("
            "  SELECT recorded_at FROM monitoring_log WHERE shard = c.shard AND seq > c.archived AND seq <= c.cursor"
            "  ORDER BY seq LIMIT 1) AS l WHERE c.shard < :shards ORDER BY l.recorded_at, c.shard"
        ),
        {"shards": log_store.SHARDS},
    )
    for row in rows:
        yield _Due(row.shard, row.archived, row.cursor, row.recorded_at.replace(minute=0, second=0, microsecond=0))


def _archive(engine: Engine, home: Path, due: _Due) -> None:
    """One shard's hour: the file first, then, in one transaction, its entry and how far the archive reaches."""
    with engine.connect() as connection:
        last_seq: int = connection.execute(
            text(
                "SELECT max(seq) FROM monitoring_log"
                " WHERE shard = :shard AND seq > :after AND seq <= :upto AND recorded_at < :until"
            ),
            {"shard": due.shard, "after": due.after, "upto": due.upto, "until": due.hour + timedelta(hours=1)},
        ).scalar_one()
        body = log_store.fixes_between(
            connection, due.shard, after=due.after, upto=last_seq, first_ms=-_EVER, last_ms=_EVER
        )
    records = parquet.in_order(packed.read([body]))
    file = None
    if len(records):
        name = f"{due.hour.astimezone(UTC):%Y-%m-%d/%H}/shard-{due.shard:03}-{due.after + 1}.parquet"
        file = parquet.write(folder(home) / name, records)
    with engine.begin() as connection:
        if file is not None:
            _enter(connection, folder(home), due, last_seq, records, file)
        moved = connection.execute(
            text("UPDATE monitoring_cursors SET archived = :last WHERE shard = :shard AND archived = :after"),
            {"shard": due.shard, "after": due.after, "last": last_seq},
        )
        if moved.rowcount != 1:
            connection.rollback()  # another process, whose lease had not run out, has archived it


def _enter(
    connection: Connection, root: Path, due: _Due, last_seq: int, records: packed.Records, file: parquet.File
) -> None:
    connection.execute(
        text(
            "INSERT INTO monitoring_tracks (shard, first_seq, last_seq, first_ms, last_ms, fixes, bytes, sha256, path)"
            " VALUES (:shard, :first_seq, :last_seq, :first_ms, :last_ms, :fixes, :bytes, :sha256, :path)"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "shard": due.shard,
            "first_seq": due.after + 1,
            "last_seq": last_seq,
            "first_ms": int(records["time_ms"].min()),
            "last_ms": int(records["time_ms"].max()),
            "fixes": len(records),
            "bytes": file.size,
            "sha256": file.sha256,
            "path": str(file.path.relative_to(root)),
        },
    )
    figures_store.mark_due(connection, due.shard, days_touched(records))


def _let_go(engine: Engine, home: Path, before: datetime) -> None:
    """Delete from the log what arrived before then, is archived in files that are there, and is in a snapshot; and of what was
    handed on to second stages, and of links that were down, what nothing can change any more."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "DELETE FROM monitoring_log AS l USING monitoring_cursors AS c"
                " WHERE l.shard = c.shard AND l.seq <= c.cursor AND l.recorded_at < :before AND c.shard >= :shards"
            ),
            {"before": before, "shards": log_store.SHARDS},
        )
        handed_on.forget(connection, milliseconds(before - _CHANGES))
        outages_store.forget(connection, links.minute_of(before - _CHANGES))
        old: Sequence[int] = (
            connection.execute(
                text(
                    "SELECT c.shard FROM monitoring_cursors AS c CROSS JOIN LATERAL ("
                    "  SELECT recorded_at FROM monitoring_log WHERE shard = c.shard ORDER BY seq LIMIT 1) AS l"
                    " WHERE l.recorded_at < :before AND c.shard < :shards ORDER BY c.shard"
                ),
                {"before": before, "shards": log_store.SHARDS},
            )
            .scalars()
            .all()
        )
    for shard in old:
        with engine.begin() as connection:
            upto = connection.execute(
                text(
                    "SELECT least(c.archived, c.cursor, s.cursor) FROM monitoring_cursors AS c"
                    " JOIN monitoring_snapshots AS s USING (shard) JOIN monitoring_log AS l ON l.shard = c.shard"
                    " WHERE c.shard = :shard AND l.recorded_at < :before ORDER BY l.seq LIMIT 1"
                ),
                {"shard": shard, "before": before},
            ).scalar()
            if upto is None:
                continue
            gone = (
                connection.execute(
                    text(
                        "DELETE FROM monitoring_log WHERE shard = :shard AND seq <= :upto AND recorded_at < :before"
                        " RETURNING seq"
                    ),
                    {"shard": shard, "upto": upto, "before": before},
                )
                .scalars()
                .all()
            )
            if gone and not _are_there(connection, home, shard, min(gone), max(gone)):
                connection.rollback()


def _are_there(connection: Connection, home: Path, shard: int, first_seq: int, last_seq: int) -> bool:
    """Whether the files that hold these entries lie where the manifest says, at their full length."""
    rows = connection.execute(
        text(
            "SELECT path, bytes FROM monitoring_tracks"
            " WHERE shard = :shard AND last_seq >= :first_seq AND first_seq <= :last_seq"
        ),
        {"shard": shard, "first_seq": first_seq, "last_seq": last_seq},
    )
    files = ((folder(home) / row.path, row.bytes) for row in rows)
    return all(path.is_file() and path.stat().st_size == size for path, size in files)
