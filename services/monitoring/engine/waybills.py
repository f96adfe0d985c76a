"""Loaded and moving without an active waybill (DM-09), and loading or unloading where the waybill does not say."""

from __future__ import annotations

from services.monitoring.engine.batch import Batch, Outbox
from services.monitoring.engine.desk import end_alarm, raise_alarm
from services.monitoring.engine.runs import What, sustained
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.stops import is_at_site
from services.monitoring.engine.world import World
from services.monitoring.facts import TripFact
from services.monitoring.model import AlarmKind, Severity

_OLDEST_PLACE_MS = 1_800_000  # an older place says nothing about where a tank was emptied


def no_waybill(batch: Batch) -> None:
    """The tank's state is that of the last waybill fact; a vehicle without any is not known to be loaded."""
    columns, limits, state, good = batch.state.columns, batch.world.thresholds, batch.state, batch.good
    loose = columns["known"] & columns["loaded"] & ~columns["under_way"]
    events = sustained(
        columns,
        "nobill",
        good,
        loose[good.slot] & (good.speed >= limits.no_waybill_dkmh),
        lasting_ms=limits.no_waybill_ms,
        gap_ms=limits.offline_ms,
    )
    for event in events:
        arrival, slot = int(good.arrival[event.row]), int(good.slot[event.row])
        if event.what is What.RAISED:
            raise_alarm(
                state, batch.out, arrival, slot, AlarmKind.NO_WAYBILL, event.at_ms,
                severity=Severity.GRAVE, position=good.position(event.row), evidence={"rule": "DM-09"},
            )  # fmt: skip
        elif event.what is What.OVER:
            end_alarm(state, batch.out, arrival, slot, AlarmKind.NO_WAYBILL, event.at_ms)


def check_place(state: ShardState, world: World, fact: TripFact, slot: int, out: Outbox, arrival: int) -> None:
    """The load has come aboard or gone: was the vehicle at a place the trip has for that, or, where it names none, at any of its?

    A load that others took over on the way 转单 went where it had to; one whose waybill is void was never on its way.
    """
    if fact.event in ("SUCCEEDED", "VOIDED"):
        return
    old = state.trips.get(slot)
    was_loaded = old is not None and old.loaded
    trip = old if was_loaded and old is not None else fact
    place, seen_ms = state.position(slot), int(state.columns["good_ms"][slot])
    is_there = place is not None and 0 <= fact.at_ms - seen_ms <= _OLDEST_PLACE_MS
    if fact.loaded == was_loaded or not trip.sites or place is None or not is_there:
        return
    what = "unloading" if was_loaded else "loading"
    meant = tuple(site for site in trip.sites if site.purpose == what.upper()) or trip.sites
    if not is_at_site(meant, place, world.thresholds.wrong_place_slack_m):
        raise_alarm(
            state, out, arrival, slot, AlarmKind.WRONG_PLACE, fact.at_ms, cause=what, position=place,
            ended_ms=fact.at_ms, evidence={"what": what, "waybill_id": trip.waybill_id, "last_seen_ms": seen_ms},
        )  # fmt: skip
