"""The shard logs: appended by gateways, read by the one worker that holds the shard, whose cursor is fenced."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import Connection, text

SHARDS = 256


class Kind(IntEnum):
    FIXES = 1
    TRIP = 2
    ZONES = 3
    TICK = 4


@dataclass(frozen=True, slots=True)
class Row:
    seq: int
    kind: Kind
    body: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """A shard this worker holds: every write of its must carry the token."""

    shard: int
    token: int
    cursor: int


def shard_of(vehicle_id: str) -> int:
    """The vehicle's shard: stable for ever, on every machine."""
    return zlib.crc32(vehicle_id.encode()) % SHARDS


# Rows are locked in order of shard, so that two gateways never wait for each other in a circle.
_APPEND = text(
    "WITH given AS (SELECT * FROM unnest(CAST(:shards AS smallint[]), CAST(:kinds AS smallint[]),"
    "   CAST(:bodies AS bytea[])) WITH ORDINALITY AS g (shard, kind, body, place)),"
    " locked AS MATERIALIZED (SELECT shard, last_seq FROM monitoring_shards"
    "   WHERE shard IN (SELECT shard FROM given) ORDER BY shard FOR UPDATE),"
    " numbered AS (SELECT g.shard, g.kind, g.body,"
    "   l.last_seq + row_number() OVER (PARTITION BY g.shard ORDER BY g.place) AS seq FROM given g JOIN locked l USING (shard)),"
    " moved AS (UPDATE monitoring_shards AS s SET last_seq = n.seq"
    "   FROM (SELECT shard, max(seq) AS seq FROM numbered GROUP BY shard) AS n WHERE s.shard = n.shard)"
    " INSERT INTO monitoring_log (shard, seq, kind, body) SELECT shard, seq, kind, body FROM numbered"
)


def append(connection: Connection, entries: Sequence[tuple[int, Kind, bytes]]) -> None:
    """Append (shard, kind, body) entries, each shard's in the order given; durable with the caller's transaction."""
    connection.execute(
        _APPEND,
        {
            "shards": [shard for shard, _, _ in entries],
            "kinds": [int(kind) for _, kind, _ in entries],
            "bodies": [body for _, _, body in entries],
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


def bodies_of_fixes(connection: Connection, shard: int) -> list[bytes]:
    """The bodies of all fix entries of a shard that the log still holds, in order."""
    rows = connection.execute(
        text("SELECT body FROM monitoring_log WHERE shard = :shard AND kind = :kind ORDER BY seq"),
        {"shard": shard, "kind": int(Kind.FIXES)},
    )
    return list(rows.scalars())


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


def take(connection: Connection, holder: str, *, seconds: float, most: int) -> list[Held]:
    """Renew the holder's leases and take free shards until it holds ``most``; what it holds now."""
    connection.execute(
        text(
            "UPDATE monitoring_shards SET until = clock_timestamp() + make_interval(secs => :seconds) WHERE holder = :holder"
        ),
        {"holder": holder, "seconds": seconds},
    )
    connection.execute(
        text(
            "UPDATE monitoring_shards SET holder = :holder, token = token + 1,"
            "  until = clock_timestamp() + make_interval(secs => :seconds)"
            " WHERE shard IN (SELECT shard FROM monitoring_shards WHERE until < clock_timestamp() AND holder <> :holder"
            "  ORDER BY shard LIMIT greatest(0, :most - (SELECT count(*) FROM monitoring_shards WHERE holder = :holder))"
            "  FOR UPDATE SKIP LOCKED)"
        ),
        {"holder": holder, "seconds": seconds, "most": most},
    )
    return held(connection, holder)


def held(connection: Connection, holder: str) -> list[Held]:
    rows = connection.execute(
        text("SELECT shard, token, cursor FROM monitoring_shards WHERE holder = :holder ORDER BY shard"),
        {"holder": holder},
    )
    return [Held(row.shard, row.token, row.cursor) for row in rows]


def give_back(connection: Connection, holder: str, shards: Sequence[int]) -> None:
    connection.execute(
        text(
            "UPDATE monitoring_shards SET until = '-infinity', holder = ''"
            " WHERE holder = :holder AND shard = ANY(:shards)"
        ),
        {"holder": holder, "shards": list(shards)},
    )


def holders(connection: Connection, *, besides: str) -> int:
    """How many other workers hold shards by a lease that runs."""
    return int(
        connection.execute(
            text(
                "SELECT count(DISTINCT holder) FROM monitoring_shards"
                " WHERE until >= clock_timestamp() AND holder <> :besides"
            ),
            {"besides": besides},
        ).scalar_one()
    )


def move_cursors(connection: Connection, moves: Mapping[Held, int]) -> bool:
    """Move each shard's cursor from where it was; false unless every one was still held by its token and unmoved."""
    moved = connection.execute(
        text(
            "UPDATE monitoring_shards AS s SET cursor = m.new FROM unnest(CAST(:shards AS smallint[]),"
            "  CAST(:tokens AS bigint[]), CAST(:olds AS bigint[]), CAST(:news AS bigint[])) AS m (shard, token, old, new)"
            " WHERE s.shard = m.shard AND s.token = m.token AND s.cursor = m.old"
        ),
        {
            "shards": [one.shard for one in moves],
            "tokens": [one.token for one in moves],
            "olds": [one.cursor for one in moves],
            "news": list(moves.values()),
        },
    )
    return moved.rowcount == len(moves)


def write_snapshot(connection: Connection, shard: int, cursor: int, state: bytes) -> None:
    connection.execute(
        text(
            "INSERT INTO monitoring_snapshots AS s (shard, cursor, state) VALUES (:shard, :cursor, :state)"
            " ON CONFLICT (shard) DO UPDATE SET cursor = EXCLUDED.cursor, state = EXCLUDED.state"
            " WHERE s.cursor < EXCLUDED.cursor"
        ),
        {"shard": shard, "cursor": cursor, "state": state},
    )


def read_snapshot(connection: Connection, shard: int) -> tuple[int, bytes] | None:
    row = connection.execute(
        text("SELECT cursor, state FROM monitoring_snapshots WHERE shard = :shard"), {"shard": shard}
    ).first()
    return None if row is None else (row.cursor, row.state)
