"""The shard logs: appended by gateways, read by the one worker that holds the shard, whose cursor is fenced."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from sqlalchemy import Connection, text

from services.monitoring.packed import bits_of

SHARDS = 256
# The first stage goes by vehicle; what it finds goes on by place and by person.
VEHICLE_SHARDS = range(SHARDS)
PLACE_SHARDS = range(SHARDS, SHARDS + 32)
PERSON_SHARDS = range(SHARDS + 32, SHARDS + 64)


class Kind(IntEnum):
    FIXES = 1
    TRIP = 2
    ZONES = 3
    TICK = 4
    PASSES = 5
    STOOD = 6
    DROVE = 7


@dataclass(frozen=True, slots=True)
class Row:
    seq: int
    kind: Kind
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What is appended; ``first_ms`` and ``last_ms`` span the fixes in it, by their own time, ``vehicles`` are their bits."""

    shard: int
    kind: Kind
    body: bytes
    first_ms: int | None = None
    last_ms: int | None = None
    vehicles: int | None = None


def shard_of(vehicle_id: str) -> int:
    """The vehicle's shard: stable for ever, on every machine."""
    return zlib.crc32(vehicle_id.encode()) % SHARDS


# Rows are locked in order of shard, so that two gateways never wait for each other in a circle.
_APPEND = text(
    "WITH given AS (SELECT * FROM unnest(CAST(:shards AS smallint[]), CAST(:kinds AS smallint[]),"
    "   CAST(:bodies AS bytea[]), CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[]), CAST(:vehicles AS bigint[]))"
    "   WITH ORDINALITY AS g (shard, kind, body, first_ms, last_ms, vehicles, place)),"
    " locked AS MATERIALIZED (SELECT shard, last_seq FROM monitoring_shards"
    "   WHERE shard IN (SELECT shard FROM given) ORDER BY shard FOR UPDATE),"
    " numbered AS (SELECT g.*,"
    "   l.last_seq + row_number() OVER (PARTITION BY g.shard ORDER BY g.place) AS seq FROM given g JOIN locked l USING (shard)),"
    " moved AS (UPDATE monitoring_shards AS s SET last_seq = n.seq"
    "   FROM (SELECT shard, max(seq) AS seq FROM numbered GROUP BY shard) AS n WHERE s.shard = n.shard)"
    " INSERT INTO monitoring_log (shard, seq, kind, body, first_ms, last_ms, vehicles)"
    " SELECT shard, seq, kind, body, first_ms, last_ms, vehicles FROM numbered"
)


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Append entries, each shard's in the order given; durable with the caller's transaction."""
    connection.execute(
        _APPEND,
        {
            "shards": [entry.shard for entry in entries],
            "kinds": [int(entry.kind) for entry in entries],
            "bodies": [entry.body for entry in entries],
            "firsts": [entry.first_ms for entry in entries],
            "lasts": [entry.last_ms for entry in entries],
            "vehicles": [entry.vehicles for entry in entries],
        },
    )


def read(connection: Connection, shard: int, after: int, most: int) -> list[Row]:
    rows = connection.execute(
        text(
            "SELECT seq, kind, body FROM monitoring_log WHERE shard = :shard AND seq > :after ORDER BY seq LIMIT :most"
        ),
        {"shard": shard, "after": after, "most": most},
    )
    return [Row(row.seq, Kind(row.kind), row.body) for row in rows]


def count_after(connection: Connection, shard: int, after: int, kind: Kind) -> int:
    """How many entries of a kind the shard has got behind ``after``."""
    query = text("SELECT count(*) FROM monitoring_log WHERE shard = :shard AND seq > :after AND kind = :kind")
    return int(connection.execute(query, {"shard": shard, "after": after, "kind": int(kind)}).scalar_one())


def last_before(connection: Connection, shard: int, upto: int, kind: Kind) -> Row | None:
    """The last entry of a kind up to ``upto`` that has not left the log."""
    row = connection.execute(
        text(
            "SELECT seq, kind, body FROM monitoring_log WHERE shard = :shard AND seq <= :upto AND kind = :kind"
            " ORDER BY seq DESC LIMIT 1"
        ),
        {"shard": shard, "upto": upto, "kind": int(kind)},
    ).first()
    return None if row is None else Row(row.seq, Kind(row.kind), row.body)


def fixes_between(
    connection: Connection,
    shard: int,
    *,
    after: int,
    upto: int | None = None,
    first_ms: int,
    last_ms: int,
    vehicles: Collection[int] | None = None,
) -> bytes:
    """The records of all fix entries behind ``after``, up to ``upto``, whose span meets [first_ms, last_ms), in order; of those that
    cannot hold any of ``vehicles`` none."""
    found: bytes = connection.execute(
        text(
            "SELECT coalesce(string_agg(body, ''::bytea ORDER BY seq), ''::bytea) FROM monitoring_log"
            " WHERE shard = :shard AND seq > :after AND (CAST(:upto AS bigint) IS NULL OR seq <= :upto)"
            " AND kind = :kind AND (first_ms IS NULL OR (first_ms < :last_ms AND last_ms >= :first_ms))"
            " AND (vehicles IS NULL OR vehicles & :vehicles <> 0)"
        ),
        {
            "shard": shard,
            "after": after,
            "upto": upto,
            "kind": int(Kind.FIXES),
            "first_ms": first_ms,
            "last_ms": last_ms,
            "vehicles": -1 if vehicles is None else bits_of(np.fromiter(vehicles, dtype=np.int64)),
        },
    ).scalar_one()
    return found


def read_many(connection: Connection, after: Mapping[int, int], most: int) -> dict[int, list[Row]]:
    """Up to ``most`` entries of each shard behind its cursor, in one query; shards with nothing new are left out."""
    rows = connection.execute(
        text(
            "SELECT w.shard, l.seq, l.kind, l.body FROM unnest(CAST(:shards AS smallint[]), CAST(:afters AS bigint[]))"
            " AS w (shard, after) CROSS JOIN LATERAL (SELECT seq, kind, body FROM monitoring_log"
            "  WHERE shard = w.shard AND seq > w.after ORDER BY seq LIMIT :most) AS l ORDER BY w.shard, l.seq"
        ),
        {"shards": list(after), "afters": list(after.values()), "most": most},
    )
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.shard, []).append(Row(row.seq, Kind(row.kind), row.body))
    return found
