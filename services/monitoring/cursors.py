"""Who works off which shard, how far: leases with fencing tokens, cursors, and the snapshots a new holder starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Held:
    """A shard this worker holds: every write of its must carry the token."""

    shard: int
    token: int
    cursor: int


_MINE = "holder = :holder AND shard BETWEEN :first AND :last"


def _span(holder: str, shards: range) -> dict[str, object]:
    return {"holder": holder, "first": shards[0], "last": shards[-1]}


def take(connection: Connection, holder: str, shards: range, *, seconds: float, most: int) -> list[Held]:
    """Renew the holder's leases of these shards and take free ones until it holds ``most``; what it holds now."""
    connection.execute(
        text(
            "UPDATE monitoring_cursors SET until = clock_timestamp() + make_interval(secs => :seconds)"
            f" WHERE shard IN (SELECT shard FROM monitoring_cursors WHERE {_MINE} ORDER BY shard FOR UPDATE)"
        ),
        {"seconds": seconds, **_span(holder, shards)},
    )
    connection.execute(
        text(
            "UPDATE monitoring_cursors SET holder = :holder, token = token + 1,"
            "  until = clock_timestamp() + make_interval(secs => :seconds)"
            " WHERE shard IN (SELECT shard FROM monitoring_cursors WHERE until < clock_timestamp() AND holder <> :holder"
            "  AND shard BETWEEN :first AND :last"
            f"  ORDER BY shard LIMIT greatest(0, :most - (SELECT count(*) FROM monitoring_cursors WHERE {_MINE}))"
            "  FOR UPDATE SKIP LOCKED)"
        ),
        {"seconds": seconds, "most": most, **_span(holder, shards)},
    )
    return held(connection, holder, shards)


def held(connection: Connection, holder: str, shards: range) -> list[Held]:
    rows = connection.execute(
        text(f"SELECT shard, token, cursor FROM monitoring_cursors WHERE {_MINE} ORDER BY shard"),
        _span(holder, shards),
    )
    return [Held(row.shard, row.token, row.cursor) for row in rows]


def give_back(connection: Connection, holder: str, shards: Sequence[int]) -> None:
    connection.execute(
        text(
            "UPDATE monitoring_cursors SET until = '-infinity', holder = ''"
            " WHERE holder = :holder AND shard = ANY(:shards)"
        ),
        {"holder": holder, "shards": list(shards)},
    )


def be_present(connection: Connection, holder: str, *, seconds: float) -> int:
    """Say that this worker is alive; how many are, it among them."""
    connection.execute(
        text(
            "INSERT INTO monitoring_workers (holder, until)"
            " VALUES (:holder, clock_timestamp() + make_interval(secs => :seconds))"
            " ON CONFLICT (holder) DO UPDATE SET until = EXCLUDED.until"
        ),
        {"holder": holder, "seconds": seconds},
    )
    connection.execute(text("DELETE FROM monitoring_workers WHERE until < clock_timestamp() - interval '1 hour'"))
    return int(
        connection.execute(
            text("SELECT count(*) FROM monitoring_workers WHERE until >= clock_timestamp()")
        ).scalar_one()
    )


def leave(connection: Connection, holder: str, shards: range) -> None:
    """Let others take over these shards at once."""
    connection.execute(text("DELETE FROM monitoring_workers WHERE holder = :holder"), {"holder": holder})
    connection.execute(
        text(f"UPDATE monitoring_cursors SET until = '-infinity', holder = '' WHERE {_MINE}"), _span(holder, shards)
    )


_MOVE = text(
    "WITH moves AS (SELECT * FROM unnest(CAST(:shards AS smallint[]), CAST(:tokens AS bigint[]),"
    "   CAST(:olds AS bigint[]), CAST(:news AS bigint[])) AS m (shard, token, old, new)),"
    " locked AS MATERIALIZED (SELECT shard, token, cursor FROM monitoring_cursors"
    "   WHERE shard IN (SELECT shard FROM moves) ORDER BY shard FOR UPDATE)"
    " UPDATE monitoring_cursors AS s SET cursor = m.new FROM moves AS m JOIN locked AS l USING (shard)"
    " WHERE s.shard = m.shard AND l.token = m.token AND l.cursor = m.old"
)


def move(connection: Connection, moves: Mapping[Held, int]) -> bool:
    """Move each shard's cursor from where it was; false unless every one was still held by its token and unmoved."""
    moved = connection.execute(
        _MOVE,
        {
            "shards": [one.shard for one in moves],
            "tokens": [one.token for one in moves],
            "olds": [one.cursor for one in moves],
            "news": list(moves.values()),
        },
    )
    return moved.rowcount == len(moves)


def write_snapshots(connection: Connection, states: Mapping[Held, bytes], *, again: bool = False) -> None:
    """Keep the states as of the cursors they are held at; those of shards no longer held are not written. One as of a later cursor
    stays, unless it is to be made ``again``."""
    connection.execute(
        text(
            "WITH given AS (SELECT * FROM unnest(CAST(:shards AS smallint[]), CAST(:tokens AS bigint[]),"
            "   CAST(:cursors AS bigint[]), CAST(:states AS bytea[])) AS g (shard, token, cursor, state)),"
            " locked AS MATERIALIZED (SELECT shard, token FROM monitoring_cursors"
            "   WHERE shard IN (SELECT shard FROM given) ORDER BY shard FOR SHARE)"
            " INSERT INTO monitoring_snapshots AS s (shard, cursor, state)"
            " SELECT shard, g.cursor, g.state FROM given AS g JOIN locked USING (shard, token)"
            " ON CONFLICT (shard) DO UPDATE SET cursor = EXCLUDED.cursor, state = EXCLUDED.state"
            " WHERE :again OR s.cursor <= EXCLUDED.cursor"
        ),
        {
            "again": again,
            "shards": [one.shard for one in states],
            "tokens": [one.token for one in states],
            "cursors": [one.cursor for one in states],
            "states": list(states.values()),
        },
    )


def read_snapshots(connection: Connection, shards: Sequence[int]) -> dict[int, tuple[int, bytes]]:
    """Cursor and state of each shard that has a snapshot."""
    rows = connection.execute(
        text("SELECT shard, cursor, state FROM monitoring_snapshots WHERE shard = ANY(:shards)"),
        {"shards": list(shards)},
    )
    return {row.shard: (row.cursor, row.state) for row in rows}
