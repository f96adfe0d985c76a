"""The tables of the log: its head, its tiles, and the registrations that wait for a leaf. Only the sequencer writes here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Head:
    """The log as of its last batch: ``range`` holds the compact range, ``token`` the fencing token that wrote it."""

    origin: str
    size: int
    range: tuple[bytes, ...]
    checkpoint: str
    token: int
    frozen: str | None


@dataclass(frozen=True, slots=True)
class Leaf:
    digest: bytes
    index: int
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The newest checkpoint with the cosignatures of a quorum, known here since ``at``."""

    size: int
    checkpoint: str
    at: datetime


def create_head(connection: Connection, origin: str, checkpoint: str) -> None:
    """An empty log; nothing happens where there is one already."""
    connection.execute(
        text(
            "INSERT INTO traceability_log (origin, size, range, checkpoint, token)"
            " VALUES (:origin, 0, '{}', :checkpoint, 0) ON CONFLICT DO NOTHING"
        ),
        {"origin": origin, "checkpoint": checkpoint},
    )


def find_head(connection: Connection, *, lock: bool = False) -> Head | None:
    """The head; with ``lock`` nobody else moves it until this transaction ends."""
    row = connection.execute(text("SELECT * FROM traceability_log" + (" FOR UPDATE" if lock else ""))).first()
    if row is None:
        return None
    return Head(row.origin, row.size, tuple(row.range), row.checkpoint, row.token, row.frozen)


def move_head(connection: Connection, old: Head, new: Head) -> bool:
    """Compare and swap: true only when the head still was ``old`` and no later holder has written."""
    moved = connection.execute(
        text(
            "UPDATE traceability_log SET size = :size, range = :range, checkpoint = :checkpoint, token = :token"
            " WHERE size = :old_size AND checkpoint = :old_checkpoint AND token <= :token AND frozen IS NULL"
        ),
        {
            "size": new.size,
            "range": list(new.range),
            "checkpoint": new.checkpoint,
            "token": new.token,
            "old_size": old.size,
            "old_checkpoint": old.checkpoint,
        },
    )
    return moved.rowcount == 1


def replace_checkpoint(connection: Connection, size: int, old: str, new: str) -> bool:
    """Put witnesses' signatures on the checkpoint of ``size``; false when it has moved on."""
    return (
        connection.execute(
            text("UPDATE traceability_log SET checkpoint = :new WHERE size = :size AND checkpoint = :old"),
            {"size": size, "old": old, "new": new},
        ).rowcount
        == 1
    )


def find_witnessed(connection: Connection) -> Witnessed | None:
    row = connection.execute(text("SELECT size, checkpoint, at FROM traceability_witnessed")).first()
    return None if row is None else Witnessed(row.size, row.checkpoint, row.at)


def keep_witnessed(connection: Connection, witnessed: Witnessed) -> None:
    """Keep it unless a larger one is known."""
    connection.execute(
        text(
            "INSERT INTO traceability_witnessed (size, checkpoint, at) VALUES (:size, :checkpoint, :at)"
            " ON CONFLICT (one) DO UPDATE SET size = EXCLUDED.size, checkpoint = EXCLUDED.checkpoint, at = EXCLUDED.at"
            " WHERE traceability_witnessed.size <= EXCLUDED.size"
        ),
        {"size": witnessed.size, "checkpoint": witnessed.checkpoint, "at": witnessed.at},
    )


def waiting_seconds(connection: Connection) -> float:
    """How long the oldest registration has been waiting for its leaf, by the database's clock; 0 when none waits."""
    waited = connection.execute(
        text(
            "SELECT extract(epoch FROM clock_timestamp() - queued_at) FROM traceability_registrations"
            " WHERE leaf_index IS NULL ORDER BY queue LIMIT 1"
        )
    ).scalar()
    return 0.0 if waited is None else float(waited)


def freeze(connection: Connection, problem: str) -> None:
    """Nobody writes the log any more; the first problem that was named stays."""
    connection.execute(text("UPDATE traceability_log SET frozen = coalesce(frozen, :problem)"), {"problem": problem})


def waiting(connection: Connection, most: int) -> list[bytes]:
    """Digests of registrations without a leaf, oldest first; within a subject always in order of seq."""
    rows = connection.execute(
        text("SELECT digest FROM traceability_registrations WHERE leaf_index IS NULL ORDER BY queue LIMIT :most"),
        {"most": most},
    )
    return [row.digest for row in rows]


def give_leaves(connection: Connection, leaves: Sequence[Leaf]) -> int:
    """Give each registration its leaf and receipt; how many rows took one."""
    return connection.execute(
        text(
            "UPDATE traceability_registrations AS r SET leaf_index = given.leaf_index, receipt = given.receipt"
            " FROM unnest(CAST(:digests AS bytea[]), CAST(:indexes AS bigint[]), CAST(:receipts AS bytea[]))"
            "  AS given (digest, leaf_index, receipt) WHERE r.digest = given.digest AND r.leaf_index IS NULL"
        ),
        {
            "digests": [leaf.digest for leaf in leaves],
            "indexes": [leaf.index for leaf in leaves],
            "receipts": [leaf.receipt for leaf in leaves],
        },
    ).rowcount


def entries(connection: Connection, start: int, end: int) -> list[bytes]:
    """The entries ``start`` to ``end`` (exclusive), which are registration digests."""
    rows = connection.execute(
        text(
            "SELECT digest FROM traceability_registrations WHERE leaf_index >= :start AND leaf_index < :end"
            " ORDER BY leaf_index"
        ),
        {"start": start, "end": end},
    )
    return [row.digest for row in rows]


def read_tile(connection: Connection, level: int, n: int) -> bytes:
    """The concatenated hashes of a tile as far as it is filled; empty when it is not begun."""
    row = connection.execute(
        text("SELECT hashes FROM traceability_tiles WHERE level = :level AND n = :n"), {"level": level, "n": n}
    ).first()
    return b"" if row is None else row.hashes


def write_tiles(connection: Connection, tiles: Mapping[tuple[int, int], bytes]) -> None:
    """Full and partial tiles by (level, number), whole hashes one after the other; those there are written over."""
    connection.execute(
        text(
            "INSERT INTO traceability_tiles (level, n, hashes)"
            " SELECT * FROM unnest(CAST(:levels AS int[]), CAST(:numbers AS bigint[]), CAST(:hashes AS bytea[]))"
            " ON CONFLICT (level, n) DO UPDATE SET hashes = EXCLUDED.hashes"
        ),
        {
            "levels": [level for level, _ in tiles],
            "numbers": [n for _, n in tiles],
            "hashes": list(tiles.values()),
        },
    )
