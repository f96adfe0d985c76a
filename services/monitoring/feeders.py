"""What else enters the shard logs: waybill facts, zone activations, ticks. Each in the transaction that remembers it was done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from hazway import cbor
from services import registry, zones
from services.monitoring import log_store, vehicles
from services.monitoring.facts import Goods, Site, TripFact
from services.monitoring.log_store import SHARDS, Entry, Kind
from services.runtime import outbox
from services.runtime.clock import Clock
from services.runtime.lease import take_lease

TICK_EVERY = timedelta(seconds=10)
_ZONES, _TICKS = "zones", "ticks"
_SITE_RADIUS_M = 500  # a waybill names a place by one point; a depot is larger


def feed_trips(engine: Engine) -> bool:
    """Bring facts about trips, which the waybill slice put in its outbox, into their vehicles' logs, in order."""
    return outbox.deliver_due(engine, "trip", _append_trip) > 0


def _append_trip(connection: Connection, message: outbox.Message) -> None:
    told = cbor.loads(message.payload)
    carrier_id, vehicle_id = told["carrier_id"], told["vehicle_id"]
    division = registry.fleet(connection, carrier_id).get(vehicle_id, "")
    number, shard = vehicles.ensure(connection, carrier_id, {vehicle_id: division})[vehicle_id]
    log_store.append(connection, [Entry(shard, Kind.TRIP, _fact(told, number).encode())])


def _fact(told: dict[str, Any], number: int) -> TripFact:
    drivers = [*told["driver_ids"], "", ""]
    return TripFact(
        vehicle=number,
        at_ms=told["at_ms"],
        waybill_id=told["waybill_id"],
        carrier_id=told["carrier_id"],
        division=told["division"],
        under_way=told["under_way"],
        loaded=told["loaded"],
        tunnel_forbidden=told["tunnel_forbidden"],
        goods=tuple(
            Goods(un_number, (hazard_class,), tuple(marks)) for un_number, hazard_class, *marks in told["goods"]
        ),
        route=tuple((latitude, longitude) for latitude, longitude in told["route"]),
        driver_id=drivers[0],
        second_driver_id=drivers[1],
        sites=tuple(
            Site(latitude, longitude, _SITE_RADIUS_M, site_id) for site_id, latitude, longitude in told["sites"]
        ),
        event=told.get("event", ""),
    )


def feed_zones(engine: Engine) -> bool:
    """Tell every shard of a newer set of zones; a worker that reads the entry judges what follows by it."""
    with engine.begin() as connection:
        change = zones.last_change(connection)
        if not _advance(connection, _ZONES, change):
            return False
        body = cbor.dumps({"change": change})
        log_store.append(connection, [Entry(shard, Kind.ZONES, body) for shard in range(SHARDS)])
        return True


def feed_ticks(engine: Engine, clock: Clock, holder: str) -> bool:
    """Put the time into every shard that has vehicles, about every ten seconds of the injected clock, by one process."""
    now = clock.now()
    with engine.begin() as connection:
        if take_lease(connection, "monitoring.ticks", holder, seconds=5) is None:
            return False
        step = int(now.timestamp() // TICK_EVERY.total_seconds())
        if not _advance(connection, _TICKS, step):
            return False
        shards = connection.execute(text("SELECT DISTINCT shard FROM monitoring_vehicles")).scalars().all()
        body = cbor.dumps({"at_ms": milliseconds(now)})
        if shards:
            log_store.append(connection, [Entry(shard, Kind.TICK, body) for shard in sorted(shards)])
        return False


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _advance(connection: Connection, name: str, change: int) -> bool:
    """Whether this is news; if so nobody else tells it again."""
    return bool(
        connection.execute(
            text(
                "INSERT INTO monitoring_followers AS f (name, change) VALUES (:name, :change)"
                " ON CONFLICT (name) DO UPDATE SET change = EXCLUDED.change WHERE f.change < EXCLUDED.change"
                " RETURNING true"
            ),
            {"name": name, "change": change},
        ).scalar()
    )
