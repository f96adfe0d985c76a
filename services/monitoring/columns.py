"""Between the records of the log, the engine's columns and its entries."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hazway import cbor
from services.monitoring import engine, packed
from services.monitoring.facts import PassFact, TripFact
from services.monitoring.fixes import Fixes
from services.monitoring.log_store import Kind, Row
from services.monitoring.model import (
    Activation,
    Effect,
    Entry,
    EstimatedPosition,
    PassEntry,
    TickEntry,
    TripEntry,
    ZonesEntry,
)


def entry_of(row: Row) -> Entry:
    """An entry that is no batch of fixes."""
    if row.kind is Kind.TRIP:
        return TripEntry(TripFact.decode(row.body))
    if row.kind is Kind.PASSES:
        return PassEntry(PassFact.decode(row.body))
    if row.kind is Kind.ZONES:
        told = cbor.loads(row.body)
        return ZonesEntry(Activation(told["change"], told["at_ms"], tuple(told["regions"])))
    return TickEntry(cbor.loads(row.body)["at_ms"])


def to_fixes(records: packed.Records) -> Fixes:
    wide, narrow = np.int64, np.int32
    return Fixes(
        records["vehicle"].astype(wide),
        records["time_ms"].astype(wide),
        records["latitude_e7"].astype(wide),
        records["longitude_e7"].astype(wide),
        records["speed_dkmh"].astype(narrow),
        records["heading_deg"].astype(narrow),
        records["accuracy_dm"].astype(narrow),
        records["flags"].astype(narrow),
        records["odometer_dm"].astype(wide),
    )


def to_records(fixes: Fixes) -> packed.Records:
    records = np.zeros(len(fixes), dtype=packed.RECORD)
    for name in packed.RECORD.names or ():
        records[name] = getattr(fixes, name)
    return records


def estimates(effects: Iterable[Effect]) -> packed.Records:
    """Estimated positions as records of live state, in order."""
    rows = [
        (one.vehicle, one.time_ms, *_place(one), 0, 0, min(one.uncertainty_m * 10, 65_535), _GUESS, 0)
        for one in effects
        if isinstance(one, EstimatedPosition)
    ]
    return np.array(rows, dtype=packed.RECORD)


def _place(estimate: EstimatedPosition) -> tuple[int, int]:
    return estimate.position.latitude_e7, estimate.position.longitude_e7


_GUESS = packed.POSITIONED | packed.ESTIMATED


def last_records(state: engine.ShardState) -> packed.Records:
    """The newest believable position of each vehicle of the shard."""
    return to_records(engine.last_positions(state))
