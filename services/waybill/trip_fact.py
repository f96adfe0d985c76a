"""What those who follow vehicles are told of a trip: through the outbox, in the transaction that changed it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hazway import cbor
from services import goods
from services.goods import Catalogue, tunnel_categories
from services.registry.versions import legal_day
from services.runtime import outbox
from services.waybill.facts import carrier_of
from services.waybill.model import Facts, Role, State, Waybill
from services.waybill.trip import Trip

TOPIC = "trip"


def tell(connection: Connection, waybill: Waybill, facts: Facts, catalogue: Catalogue, at: datetime) -> None:
    """One message for each powered vehicle that is or was assigned, keyed by it, so that its messages keep their order."""
    for vehicle_id in waybill.resources(Role.TRACTOR):
        outbox.put(connection, TOPIC, vehicle_id, cbor.dumps(fact_of(Trip(waybill, facts, catalogue, at), vehicle_id)))


def fact_of(trip: Trip, vehicle_id: str) -> dict[int | str, Any]:
    """The trip of this vehicle as of its ``at``. ``tunnel_forbidden`` are letters of categories, also those nobody can tell."""
    waybill, at = trip.waybill, trip.at
    judgement = tunnel_categories(trip.load, trip.catalogue, legal_day(at))
    closed = sorted({*judgement.forbidden, *judgement.unknown}) if trip.carries_dangerous_goods else []
    return {
        "waybill_id": waybill.id,
        "number": waybill.number,
        "revision": waybill.revision,
        "vehicle_id": vehicle_id,
        "carrier_id": carrier_of(waybill),
        "division": waybill.origin.division_code if waybill.origin else "",
        "at_ms": _milliseconds(at),
        "under_way": waybill.state is State.IN_TRANSIT and _holds(waybill, vehicle_id, at),
        "loaded": trip.carries_dangerous_goods and waybill.unloaded_at is None,
        "tunnel_forbidden": "".join(closed),
        "goods": [_goods(trip, index) for index in range(len(waybill.goods))],
        "net_explosive_mass_g": sum(line.net_explosive_mass_g for line in waybill.goods),
        "route": [[point.latitude_e7, point.longitude_e7] for point in waybill.route.line],
        "edges": list(waybill.route.edge_keys),
        "driver_ids": list(waybill.resources(Role.DRIVER)),
        "sites": sites_of(waybill),
        "planned_arrival_ms": _milliseconds(waybill.planned_arrival) if waybill.planned_arrival else None,
    }


def _holds(waybill: Waybill, vehicle_id: str, at: datetime) -> bool:
    return any(
        each.resource_id == vehicle_id and (each.to_at is None or at < each.to_at) for each in waybill.assignments
    )


def _goods(trip: Trip, index: int) -> list[Any]:
    """UN number, class as stated, then what else the goods are: tank, waste, special control."""
    line = trip.waybill.goods[index]
    flags = [line.mode, *(["waste"] if line.waste else [])]
    controls = {substance.control.name for substance in goods.substances_of(trip.load_line(line), trip.catalogue)}
    return [line.un_number, line.hazard_class, *flags, *sorted(controls)]


def sites_of(waybill: Waybill) -> list[list[Any]]:
    """Where it may load and unload: registered site and position, as far as known."""
    places = (waybill.origin, *(stop.place for stop in waybill.stops), waybill.destination)
    return [
        [place.site_id, place.position.latitude_e7, place.position.longitude_e7]
        for place in places
        if place is not None and place.position is not None
    ]


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
