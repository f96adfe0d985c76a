"""Off the planned route (DM-03): several fixes in a row outside the corridor."""

from __future__ import annotations

import numpy as np

from services.monitoring.engine.batch import Batch, Outbox
from services.monitoring.engine.desk import end_alarm, raise_alarm
from services.monitoring.engine.state import ShardState
from services.monitoring.model import AlarmKind, Severity, TripFact

_STRICT = frozenset(
    {"HIGHLY_TOXIC", "FIREWORKS", "CIVIL_EXPLOSIVE", "RADIOACTIVE"}
)  # Art. 48: only the route the police approved


def route_deviation(batch: Batch) -> None:
    """Raise with the third fix outside, as of the first; ends with the first fix inside again."""
    columns, limits, state = batch.state.columns, batch.world.thresholds, batch.state
    routed = columns["routed"][batch.good.slot]
    if not routed.any():
        return
    good = batch.good.take(routed)
    outside = state.corridors.outside(good.slot, good.latitude, good.longitude, limits.corridor_m)
    active = np.unique(good.slot[outside | (columns["away_fixes"][good.slot] > 0)])
    for row in np.flatnonzero(np.isin(good.slot, active)).tolist():
        slot, now, arrival = int(good.slot[row]), int(good.time[row]), int(good.arrival[row])
        if not outside[row]:
            back_on_route(state, slot, batch.out, arrival, now)
            continue
        if columns["away_fixes"][slot] == 0:
            columns["away_since"][slot] = now
        columns["away_fixes"][slot] += 1
        if columns["away_fixes"][slot] == limits.deviation_fixes:
            raise_alarm(
                state, batch.out, arrival, slot, AlarmKind.ROUTE_DEVIATION, int(columns["away_since"][slot]),
                severity=_severity(state.trips.get(slot)), position=good.position(row),
                evidence={"rule": "DM-03", "corridor_m": limits.corridor_m},
            )  # fmt: skip


def back_on_route(state: ShardState, slot: int, out: Outbox, arrival: int, at_ms: int) -> None:
    """The vehicle is inside its corridor again, or has another plan."""
    columns = state.columns
    columns["away_fixes"][slot], columns["away_since"][slot] = 0, -1
    end_alarm(state, out, arrival, slot, AlarmKind.ROUTE_DEVIATION, at_ms)


def _severity(trip: TripFact | None) -> Severity:
    strict = trip is not None and any(_STRICT.intersection(line.controls) for line in trip.goods)
    return Severity.GRAVE if strict else Severity.ORDINARY
