"""The figures' tables: what each vehicle did each day, what was refused, and sums over carriers, divisions and periods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from services.monitoring.model import AlarmKind
from services.monitoring.scoring import Counts, begins_ms

_KEPT_DAYS = 190
Refusals = Mapping[tuple[str, int, str], int]  # carrier, vehicle (0: not his), reason -> fixes


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: a carrier's, a division's (codes that begin with ``prefix``), or both at once; from first to last day."""

    carrier_id: str
    prefix: str
    first: date
    last: date


def add_refused(connection: Connection, day: date, refused: Refusals) -> None:
    if not refused:
        return
    keys = sorted(refused)  # in one order everywhere: two gateways never wait for each other in a circle
    connection.execute(
        text(
            "INSERT INTO monitoring_refused AS r (day, carrier_id, vehicle, reason, fixes)"
            " SELECT :day, * FROM unnest(CAST(:carriers AS text[]), CAST(:vehicles AS int[]), CAST(:reasons AS text[]),"
            "  CAST(:counts AS bigint[]))"
            " ON CONFLICT (day, carrier_id, vehicle, reason) DO UPDATE SET fixes = r.fixes + EXCLUDED.fixes"
        ),
        {
            "day": day,
            "carriers": [key[0] for key in keys],
            "vehicles": [key[1] for key in keys],
            "reasons": [key[2] for key in keys],
            "counts": [refused[key] for key in keys],
        },
    )


def mark_due(connection: Connection, shard: int, days: Collection[date]) -> None:
    connection.execute(
        text(
            "INSERT INTO monitoring_figures_due (shard, day) SELECT :shard, unnest(CAST(:days AS date[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {"shard": shard, "days": sorted(days)},
    )


def take_due(connection: Connection) -> tuple[int, date] | None:
    """A shard and day whose figures are out of date; it is no longer due if the transaction commits."""
    row = connection.execute(
        text(
            "DELETE FROM monitoring_figures_due WHERE (shard, day) IN (SELECT shard, day FROM monitoring_figures_due"
            " ORDER BY day, shard LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING shard, day"
        )
    ).first()
    return None if row is None else (row.shard, row.day)


def put(connection: Connection, shard: int, day: date, counts: Counts) -> None:
    """The shard's figures of a day in place of those there were."""
    connection.execute(
        text(
            "DELETE FROM monitoring_figures AS f USING monitoring_vehicles AS v"
            " WHERE f.day = :day AND f.vehicle = v.number AND v.shard = :shard"
        ),
        {"day": day, "shard": shard},
    )
    connection.execute(
        text(
            "INSERT INTO monitoring_figures (day, vehicle, fixes, complete_m, incomplete_m, drift_points, offline_moves, online_ms)"
            " SELECT :day, * FROM unnest(CAST(:vehicle AS int[]), CAST(:fixes AS int[]), CAST(:complete_m AS bigint[]),"
            "  CAST(:incomplete_m AS bigint[]), CAST(:drift_points AS int[]), CAST(:offline_moves AS int[]), CAST(:online_ms AS bigint[]))"
        ),
        {"day": day, **{name: getattr(counts, name).tolist() for name in Counts.__slots__}},
    )
    connection.execute(
        text(
            "UPDATE monitoring_vehicles SET entered_on = :day"
            " WHERE number = ANY(:vehicles) AND (entered_on IS NULL OR entered_on > :day)"
        ),
        {"day": day, "vehicles": counts.vehicle.tolist()},
    )


def last_days(connection: Connection, days: Mapping[int, date]) -> dict[int, date]:
    """The last day up to the one given on which each vehicle sent fixes, of those that did within the half year fixes are kept at least."""
    if not days:
        return {}
    rows = connection.execute(
        text(
            "SELECT a.vehicle, max(f.day) AS day FROM unnest(CAST(:vehicles AS int[]), CAST(:days AS date[])) AS a (vehicle, upto)"
            " CROSS JOIN generate_series(0, :most) AS n CROSS JOIN LATERAL (SELECT day FROM monitoring_figures"
            "  WHERE day = a.upto - n AND vehicle = a.vehicle) AS f GROUP BY a.vehicle"
        ),
        {"vehicles": list(days), "days": list(days.values()), "most": _KEPT_DAYS},
    )
    return {row.vehicle: row.day for row in rows}


_IN_SCOPE = "(:carrier = '' OR v.carrier_id = :carrier) AND starts_with(v.division, :prefix)"


def sums(connection: Connection, scope: Scope, drift_points: int, registered: Collection[str]) -> Row[Any]:
    """known (``registered``, and whoever entered all the same), entered, online, fixes, complete_m, incomplete_m, drifting, moved, online_ms: vehicles and totals over the scope."""
    return connection.execute(
        text(
            "WITH vehicles AS (SELECT number, vehicle_id, entered_on FROM monitoring_vehicles AS v WHERE "
            + _IN_SCOPE
            + "),"
            " each AS (SELECT f.vehicle, sum(f.fixes) AS fixes, sum(f.complete_m) AS complete_m,"
            "   sum(f.incomplete_m) AS incomplete_m, sum(f.drift_points) AS drift_points,"
            "   sum(f.offline_moves) AS offline_moves, sum(f.online_ms) AS online_ms FROM monitoring_figures AS f JOIN vehicles ON number = f.vehicle"
            "   WHERE f.day BETWEEN :first AND :last GROUP BY f.vehicle)"
            " SELECT (SELECT count(*) FROM (SELECT unnest(CAST(:registered AS text[])) UNION"
            "   SELECT vehicle_id FROM vehicles WHERE entered_on <= :last) AS k) AS known,"
            "  (SELECT count(*) FROM vehicles WHERE entered_on <= :last) AS entered,"
            "  count(*) AS online, coalesce(sum(fixes), 0)::bigint AS fixes,"
            "  coalesce(sum(complete_m), 0)::bigint AS complete_m, coalesce(sum(incomplete_m), 0)::bigint AS incomplete_m,"
            "  count(*) FILTER (WHERE drift_points > :drift_points) AS drifting,"
            "  count(*) FILTER (WHERE offline_moves > 0) AS moved,"
            "  coalesce(sum(online_ms), 0)::bigint AS online_ms FROM each"
        ),
        _values(scope) | {"drift_points": drift_points, "registered": list(registered)},
    ).one()


def blamed(connection: Connection, scope: Scope, kinds: Collection[AlarmKind]) -> dict[AlarmKind, int]:
    """How many vehicles have an alarm of each kind that occurred in the period and stands."""
    rows = connection.execute(
        text(
            "SELECT alarm->>1 AS kind, count(DISTINCT t.vehicle) AS vehicles FROM monitoring_told AS t"
            " JOIN monitoring_vehicles AS v ON v.number = t.vehicle WHERE NOT t.withdrawn AND alarm->>1 = ANY(:kinds)"
            f" AND t.occurred_ms >= :since AND t.occurred_ms < :until AND {_IN_SCOPE} GROUP BY 1"
        ),
        {
            "carrier": scope.carrier_id, "prefix": scope.prefix, "kinds": [str(kind) for kind in kinds],
            "since": begins_ms(scope.first), "until": begins_ms(scope.last + timedelta(days=1)),
        },
    )  # fmt: skip
    found = {row.kind: row.vehicles for row in rows}
    return {kind: found.get(str(kind), 0) for kind in kinds}


def refused(connection: Connection, scope: Scope) -> dict[str, int]:
    """Refused fixes by reason. Of a carrier all of them; of a division those of its vehicles."""
    rows = connection.execute(
        text(
            "SELECT r.reason, sum(r.fixes)::bigint AS fixes FROM monitoring_refused AS r"
            " LEFT JOIN monitoring_vehicles AS v ON v.number = r.vehicle WHERE r.day BETWEEN :first AND :last"
            " AND (:carrier = '' OR r.carrier_id = :carrier)"
            " AND (starts_with(v.division, :prefix) OR (v.number IS NULL AND :carrier <> ''))"
            " GROUP BY r.reason ORDER BY r.reason"
        ),
        _values(scope),
    )
    return {row.reason: row.fixes for row in rows}


def _values(scope: Scope) -> dict[str, object]:
    return {"carrier": scope.carrier_id, "prefix": scope.prefix, "first": scope.first, "last": scope.last}
