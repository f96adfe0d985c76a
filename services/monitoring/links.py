"""The links 链路 over which carriers' gateways report: in which minutes each was heard of, and how long it was up."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import cache

from sqlalchemy import Connection, TextClause, text

from services.monitoring.figures_store import Scope

_EPOCH = date(1970, 1, 1)
_DAY = 1440


def minute_of(at: datetime) -> int:
    """Minutes since 1970 by the legal clock, which is eight hours ahead all year."""
    return int(at.astimezone(UTC).timestamp()) // 60 + 8 * 60


def note(connection: Connection, minute: int, carriers: Collection[str]) -> None:
    """The gateways of these carriers were heard of in that minute."""
    if not carriers:
        return
    connection.execute(
        text(
            "WITH heard AS (SELECT unnest(CAST(:carriers AS text[])) AS carrier_id),"
            " known AS (INSERT INTO monitoring_gateways SELECT carrier_id, :minute FROM heard ON CONFLICT DO NOTHING)"
            " INSERT INTO monitoring_links AS l (day, carrier_id, minutes)"
            "  SELECT :day, carrier_id, set_bit(CAST(0 AS bit(1440)), :bit, 1) FROM heard"
            "  ON CONFLICT (day, carrier_id) DO UPDATE SET minutes = set_bit(l.minutes, :bit, 1)"
        ),
        {
            "carriers": sorted(carriers),  # in one order everywhere: two gateways never wait for each other in a circle
            "minute": minute,
            "day": _EPOCH + timedelta(days=minute // _DAY),
            "bit": minute % _DAY,
        },
    )


def silent_since(connection: Connection, asked: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Of (carrier, minute) pairs those in which nothing was heard of the carrier's gateway after the minute, but what was already on
    its way then, for as long as it takes to miss a vehicle; each with the last minute the gateway was heard of before."""
    rows = connection.execute(
        _SILENT,
        {"carriers": [carrier for carrier, _ in asked], "minutes": [minute for _, minute in asked]},
    )
    return {(row.carrier_id, row.minute): row.heard for row in rows}


_LATE, _MISSED = 1, 8  # minutes: what is on its way, and less than a vehicle may be silent
_SILENT = text(
    "WITH asked AS (SELECT carrier_id, minute, minute + :missed AS upto FROM unnest(CAST(:carriers AS text[]), CAST(:minutes AS bigint[]))"
    "   AS a (carrier_id, minute)),"
    " heard AS (SELECT a.carrier_id, minute, upto / 1440 * 1440 - 1440 AS first, CAST(1441 + upto % 1440 AS int) AS size,"
    "   coalesce(y.minutes, CAST(0 AS bit(1440))) || coalesce(t.minutes, CAST(0 AS bit(1440))) AS bits FROM asked AS a"
    "  LEFT JOIN monitoring_links AS t ON t.carrier_id = a.carrier_id AND t.day = DATE '1970-01-01' + CAST(upto / 1440 AS int)"
    "  LEFT JOIN monitoring_links AS y ON y.carrier_id = a.carrier_id AND y.day = DATE '1970-01-01' + CAST(upto / 1440 - 1 AS int)),"
    " last AS (SELECT carrier_id, minute, first, size, length(rtrim(CAST(substring(bits FROM 1 FOR size) AS text), '0')) AS place FROM heard)"
    " SELECT carrier_id, minute, first + place - 1 AS heard FROM last WHERE place > 0 AND place <= size - :missed + :late"
).bindparams(missed=_MISSED, late=_LATE)


def heard_after(connection: Connection, asked: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Of (carrier, minute) pairs those whose gateway was heard of after the minute, each with the first minute of that."""
    rows = connection.execute(
        _HEARD_AFTER,
        {"carriers": [carrier for carrier, _ in asked], "minutes": [minute for _, minute in asked]},
    )
    return {(row.carrier_id, row.minute): row.heard for row in rows}


_HEARD_AFTER = text(
    "SELECT a.carrier_id, minute, min(1440 * (day - DATE '1970-01-01') + passed + place - 1) AS heard"
    " FROM unnest(CAST(:carriers AS text[]), CAST(:minutes AS bigint[])) AS a (carrier_id, minute)"
    " JOIN monitoring_links AS l ON l.carrier_id = a.carrier_id AND day >= DATE '1970-01-01' + CAST(minute / 1440 AS int),"
    " LATERAL (SELECT CAST(greatest(0, minute + 1 - 1440 * (day - DATE '1970-01-01')) AS int) AS passed) AS p,"
    " LATERAL (SELECT position('1' IN substring(CAST(minutes AS text) FROM passed + 1)) AS place) AS f"
    " WHERE place > 0 GROUP BY a.carrier_id, minute"
)


def connected(connection: Connection, scope: Scope, hold_minutes: int, now: datetime) -> tuple[int, int]:
    """Minutes the links were up, and all minutes of the period since each was first, up to now; of carriers with vehicles in the scope.

    A link is up in the minute it is heard of, and for ``hold_minutes`` counted from then.
    """
    row = connection.execute(
        _connected(hold_minutes),
        {
            "carrier": scope.carrier_id, "prefix": scope.prefix, "first": scope.first, "last": scope.last,
            "until": minute_of(now) + 1,
        },
    ).one()  # fmt: skip
    return row.up, row.lasted


@cache
def _connected(hold_minutes: int) -> TextClause:
    held = " | ".join(
        [f"(today >> {after})" for after in range(hold_minutes)]
        + [f"(yesterday << {_DAY - after})" for after in range(1, hold_minutes)]
    )
    return text(
        "WITH days AS (SELECT g.carrier_id, CAST(d AS date) AS day,"
        f"   greatest(0, g.since_minute - {_DAY} * (CAST(d AS date) - DATE '1970-01-01')) AS begins,"
        f"   least({_DAY}, :until - {_DAY} * (CAST(d AS date) - DATE '1970-01-01')) AS ends"
        "  FROM monitoring_gateways AS g, generate_series(CAST(:first AS date), CAST(:last AS date), interval '1 day') AS d"
        "  WHERE (:carrier = '' OR g.carrier_id = :carrier) AND (:prefix = '' OR EXISTS (SELECT FROM monitoring_vehicles AS v"
        "   WHERE v.carrier_id = g.carrier_id AND starts_with(v.division, :prefix)))),"
        " heard AS (SELECT begins, ends, coalesce(t.minutes, CAST(0 AS bit(1440))) AS today,"
        "   coalesce(y.minutes, CAST(0 AS bit(1440))) AS yesterday FROM days"
        "  LEFT JOIN monitoring_links AS t ON t.day = days.day AND t.carrier_id = days.carrier_id"
        "  LEFT JOIN monitoring_links AS y ON y.day = days.day - 1 AND y.carrier_id = days.carrier_id WHERE ends > begins)"
        f" SELECT coalesce(sum(bit_count(({held}) & (~CAST(0 AS bit(1440)) << CAST({_DAY} - ends AS int)))), 0)::bigint AS up,"
        "  coalesce(sum(ends - begins), 0)::bigint AS lasted FROM heard"
    )
