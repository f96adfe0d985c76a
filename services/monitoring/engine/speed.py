"""Too fast for long enough (DM-01): 80 km/h on expressways, 60 elsewhere, or less where it is posted or a speed section says so."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.monitoring.engine.areas import Inside
from services.monitoring.engine.batch import Batch, Rows, before
from services.monitoring.engine.desk import end_alarm, raise_alarm
from services.monitoring.engine.runs import What, sustained
from services.monitoring.engine.state import ShardState
from services.monitoring.model import AlarmKind

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def overspeed(batch: Batch, inside: Inside) -> None:
    """Once for each stretch above the limit that lasts, short dips below it (a bend, a lorry ahead) included but not counted.

    Readings faster than any lorry are noise and count for nothing.
    """
    limits, state, out = batch.world.thresholds, batch.state, batch.out
    heard = batch.good.speed <= limits.speed_noise_dkmh
    limit = _limits(batch, inside)[heard]
    rows = batch.good.take(heard)
    above = rows.speed > limit + limits.overspeed_tolerance_dkmh
    last_above, earlier = _last_above(state, rows, above)
    events = sustained(
        state.columns,
        "over",
        rows,
        above | ((last_above >= 0) & (rows.time - last_above <= limits.overspeed_dip_ms)),
        lasting_ms=limits.overspeed_ms,
        gap_ms=limits.overspeed_gap_ms,
        value=rows.speed,
        counts=above,
    )
    for event in events:
        row, arrival, slot = event.row, int(rows.arrival[event.row]), int(rows.slot[event.row])
        if event.what is What.RAISED:
            raise_alarm(
                state, out, arrival, slot, AlarmKind.OVERSPEED, event.at_ms, position=rows.position(row),
                evidence={"rule": "DM-01", "limit_dkmh": int(limit[row]), "top_dkmh": event.peak},
            )  # fmt: skip
        elif event.what is What.OVER:
            ended, evidence = int(earlier[row]), {"top_dkmh": event.peak}
            end_alarm(state, out, arrival, slot, AlarmKind.OVERSPEED, ended, evidence=evidence)


def _last_above(state: ShardState, rows: Rows, above: Mask) -> tuple[Int64s, Int64s]:
    """When the vehicle was last too fast, up to each row and before it; -1 for never."""
    first, carried = rows.first, state.columns["above_ms"]
    latest = np.where(above, rows.time, np.where(first, carried[rows.slot], -1))
    latest = latest[np.maximum.accumulate(np.where(above | first, np.arange(len(rows)), 0))]
    earlier = before(latest, first, carried[rows.slot[first]])
    last = rows.last
    carried[rows.slot[last]] = latest[last]
    return latest, earlier


def _limits(batch: Batch, inside: Inside) -> Int64s:
    """The limit at each good row that may be too fast; far above all speeds at the others."""
    rows, world = batch.good, batch.world
    answer = np.full(len(rows), 1 << 20, dtype=np.int64)
    fast = np.flatnonzero(rows.speed > world.least_dkmh)
    fast = fast[rows.speed[fast] > world.floor_dkmh(rows.latitude[fast], rows.longitude[fast])]
    if len(fast):
        answer[fast] = _on_roads(batch, rows.take(fast))
    for row, zone in zip(inside.row.tolist(), inside.zone.tolist(), strict=True):
        section = world.speed_limit(zone, batch.state.trips.get(int(rows.slot[row])), int(rows.time[row]))
        if section is not None:
            answer[row] = min(int(answer[row]), section)
    return answer


def _on_roads(batch: Batch, rows: Rows) -> Int64s:
    found = batch.world.limits(rows.latitude, rows.longitude, rows.heading, rows.accuracy)
    columns = batch.state.columns
    is_unladen = columns["known"][rows.slot] & ~columns["loaded"][rows.slot] & (columns["forbidden"][rows.slot] == 0)
    return np.where(is_unladen, found.unladen_dkmh, found.loaded_dkmh).astype(np.int64)
