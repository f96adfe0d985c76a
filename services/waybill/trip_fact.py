"""What those who follow vehicles are told of a trip: through the outbox, in the transaction that changed it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hazway import cbor
from services.goods import Catalogue, Mode, tunnel_categories
from services.runtime import outbox
from services.runtime.clock import legal_day
from services.waybill.facts import Facts
from services.waybill.model import GoodsLine, Role, State, Waybill
from services.waybill.revision.reassignment import aboard
from services.waybill.rules.purposes import purposes_of
from services.waybill.trip import Trip
from services.zones.rules import controls_of

TOPIC = "trip"


def tell(
    connection: Connection, waybill: Waybill, facts: Facts, catalogue: Catalogue, at: datetime, event: str,
    *, but: Collection[str] = (),
) -> None:  # fmt: skip
    """One message for each powered vehicle that is or was assigned, keyed by it, so that its messages keep their order.

    Of those in ``but`` nothing is told: what their next trip tells takes the place of it.
    """
    trip = Trip(waybill, facts, catalogue, at)
    for vehicle_id in (each for each in waybill.resources(Role.TRACTOR) if each not in but):
        outbox.put(connection, TOPIC, vehicle_id, cbor.dumps(fact_of(trip, vehicle_id, event)))


def fact_of(trip: Trip, vehicle_id: str, event: str) -> dict[int | str, Any]:
    """The trip of this vehicle as of its ``at``; ``event`` (LOADED, DEPARTED, AMENDED, ARRIVED, UNLOADED, ENDED, SUCCEEDED, VOIDED)
    made it so; VOIDED is the waybill or, since a lorry that failed its check leaves empty, its clearance.

    ``tunnel_forbidden`` are letters of categories, also those nobody can tell; what a tank held last still counts when it
    is unloaded. A vehicle that was exchanged has no trip any more.
    """
    waybill, at = trip.waybill, trip.at
    holds = vehicle_id in aboard(waybill, Role.TRACTOR, at)
    is_loaded = (waybill.unloaded_at is None and event != "VOIDED") or waybill.state is State.REJECTED
    return {
        "waybill_id": waybill.id,
        "number": waybill.number,
        "revision": waybill.revision,
        "vehicle_id": vehicle_id,
        "carrier_id": waybill.carrier_id,
        "division": waybill.origin.division_code if waybill.origin else "",
        "event": event,
        "at_ms": _milliseconds(at),
        "under_way": waybill.state is State.IN_TRANSIT and holds,
        "loaded": trip.carries_dangerous_goods and is_loaded and holds,
        "tunnel_forbidden": _closed(trip, is_loaded) if holds else "",
        "goods": [_goods(trip, line) for line in waybill.goods if trip.load_line(line).is_dangerous],
        "purposes": sorted(purpose.name for purpose in purposes_of(waybill)),
        "net_explosive_mass_g": sum(line.net_explosive_mass_g for line in waybill.goods),
        "route": [[point.latitude_e7, point.longitude_e7] for point in waybill.route.line],
        "edges": list(waybill.route.edge_keys),
        "driver_ids": list(aboard(waybill, Role.DRIVER, at)),
        "sites": sites_of(waybill),
        "planned_arrival_ms": _milliseconds(waybill.planned_arrival) if waybill.planned_arrival else None,
    }


def _closed(trip: Trip, is_loaded: bool) -> str:
    """The categories closed to what is aboard, or to what is left in the tank once it is unloaded."""
    lines = trip.load.lines if is_loaded else tuple(line for line in trip.load.lines if line.mode is Mode.TANK)
    load = replace(trip.load, lines=lines)
    if not any(line.is_dangerous for line in lines):
        return ""
    judgement = tunnel_categories(load, trip.catalogue, legal_day(trip.at))
    return "".join(sorted({*judgement.forbidden, *judgement.unknown}))


def _goods(trip: Trip, line: GoodsLine) -> list[Any]:
    """UN number, classes and divisions as the rules of zones look at them, lists it stands on, compatibility ("1.4G"), tunnel codes,
    and further labels."""
    rows = trip.rows(line)
    hazards = {label for row in rows for label in (row.goods_class, row.division)} or {line.hazard_class}
    controls = {control.name for control in controls_of(trip.load_line(line), trip.catalogue)}
    return [
        line.un_number,
        sorted(hazards),
        sorted(controls),
        min((row.classification_code for row in rows if row.is_explosive), default=""),
        sorted({row.tunnel_code for row in rows}),
        sorted({label for row in rows for label in row.labels[1:]}),
    ]


def sites_of(waybill: Waybill) -> list[list[Any]]:
    """Where it may load and unload: registered site, position and which of the two, as far as known."""
    unloading = (*(stop.place for stop in waybill.stops), waybill.destination)
    places = [(waybill.origin, "LOADING"), *((place, "UNLOADING") for place in unloading)]
    return [
        [place.site_id, place.position.latitude_e7, place.position.longitude_e7, purpose]
        for place, purpose in places
        if place is not None and place.position is not None
    ]


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
