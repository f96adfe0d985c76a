"""What else enters the shard logs: facts about trips and passes, zone activations, ticks. Each in the transaction that remembers it was done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from hazway import cbor
from services import registry, waybill, zones
from services.monitoring import activations, log_store, vehicles
from services.monitoring.engine import next_figures
from services.monitoring.facts import Goods, Pass, PassFact, Site, TripFact
from services.monitoring.log_store import VEHICLE_SHARDS, Entry, Kind
from services.monitoring.model import Activation
from services.registry.model import Permit
from services.runtime import outbox
from services.runtime.clock import LEGAL_ZONE, Clock, legal_day
from services.runtime.lease import take_lease
from services.zones.rules import passes_for

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK_EVERY = timedelta(seconds=10)
_TICKS = "ticks"
_WRONG = 6  # ticks that were told before their time
_SITE_RADIUS_M = 500  # a waybill names a place by one point; a depot is larger


def feed_facts(engine: Engine) -> bool:
    """Bring facts about trips and passes, which the waybill slice and the registry put in the outbox, into their vehicles' logs,
    each vehicle's of a kind in order."""
    trips = outbox.deliver_due(engine, waybill.TRIP_TOPIC, _append_trip)
    return outbox.deliver_due(engine, registry.PASS_TOPIC, _append_passes) + trips > 0


def _append_trip(connection: Connection, message: outbox.Message) -> None:
    """The trip, and the passes the vehicle has on it: it may be new, or another carrier's."""
    told = cbor.loads(message.payload)
    carrier_id, vehicle_id = told["carrier_id"], told["vehicle_id"]
    division = registry.division_of(connection, carrier_id, vehicle_id)
    vehicle = vehicles.find(connection, vehicle_id)
    if vehicle is not None and (vehicle.carrier_id, vehicle.division) == (carrier_id, division):
        number, shard = vehicle.number, vehicle.shard
    else:
        number, shard = vehicles.ensure(connection, carrier_id, {vehicle_id: division})[vehicle_id]
    at = EPOCH + timedelta(milliseconds=told["at_ms"])
    if told["under_way"] and vehicle is not None and vehicle.seen_in:
        waybill.record_presence(connection, vehicle_id, vehicle.seen_in)  # it is told anew only where it goes next
    permits = registry.facts_at(connection, at, organisations=[carrier_id]).permits
    passes = _passes(permits, number, vehicle_id, at)
    log_store.append(
        connection,
        [Entry(shard, Kind.PASSES, passes.encode()), Entry(shard, Kind.TRIP, _trip(told, number).encode())],
    )


def _append_passes(connection: Connection, message: outbox.Message) -> None:
    """An organisation's passes changed: all of its vehicles are told what they have now."""
    told = cbor.loads(message.payload)
    carrier_id, at = told["organisation_id"], datetime.fromisoformat(told["at"])
    permits = registry.facts_at(connection, at, organisations=[carrier_id]).permits
    known = vehicles.known(connection, carrier_id)
    entries = [
        Entry(shard, Kind.PASSES, _passes(permits, number, vehicle_id, at).encode())
        for vehicle_id, (number, shard, _) in sorted(known.items())
    ]
    if entries:
        log_store.append(connection, entries)


def _passes(permits: Iterable[Permit], number: int, vehicle_id: str, at: datetime) -> PassFact:
    held = [permit for permit in passes_for(permits, [vehicle_id]) if at < permit.valid_to]
    passes = (
        Pass(
            permit.id,
            tuple(sorted(permit.zone_ids)),
            tuple(sorted(goods.un_number for goods in permit.goods)),
            tuple(_spans(permit)),
        )
        for permit in sorted(held, key=lambda permit: permit.id)
    )
    return PassFact(vehicle=number, at_ms=milliseconds(at), passes=tuple(passes))


def _spans(permit: Permit) -> list[tuple[int, int]]:
    """When it may be used, merged."""
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(permit.windows) or [(permit.valid_from, permit.valid_to)]:
        since, until = milliseconds(max(begin, permit.valid_from)), milliseconds(min(end, permit.valid_to))
        if spans and since <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(until, spans[-1][1])
        elif since < until:
            spans.append((since, until))
    return spans


def _trip(told: dict[str, Any], number: int) -> TripFact:
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
        goods=tuple(Goods.from_plain(line) for line in told["goods"]),
        purposes=tuple(told["purposes"]),
        route=tuple((latitude, longitude) for latitude, longitude in told["route"]),
        driver_id=drivers[0],
        second_driver_id=drivers[1],
        sites=tuple(
            Site(latitude, longitude, _SITE_RADIUS_M, site_id, *purpose)
            for site_id, latitude, longitude, *purpose in told["sites"]
        ),
        event=told.get("event", ""),
    )


def feed_zones(engine: Engine, clock: Clock) -> bool:
    """Tell every shard of newer zones and road networks, and of zones and figures that come into force or go out of it now;
    a worker that reads the entry judges what follows by it. One step at a time: true when there may be more."""
    with engine.begin() as connection:
        last = activations.newest(connection)
        coming = _coming(connection, last, milliseconds(clock.now()))
        if coming is None:
            return False
        activations.keep(connection, coming)
        body = cbor.dumps({"change": coming.change, "at_ms": coming.at_ms, "regions": list(coming.regions)})
        log_store.append(connection, [Entry(shard, Kind.ZONES, body) for shard in VEHICLE_SHARDS])
        return True


def _coming(connection: Connection, last: Activation | None, now_ms: int) -> Activation | None:
    change, regions = zones.last_change(connection), zones.regions(connection)
    if last is None:
        return Activation(change, now_ms, regions)
    if (change, regions) != (last.change, last.regions):
        return Activation(change, max(now_ms, last.at_ms), regions)
    at_ms = _next_edge(connection, last.at_ms)
    return None if at_ms is None or at_ms > now_ms else Activation(change, at_ms, regions)


def _next_edge(connection: Connection, after_ms: int) -> int | None:
    """When zones or figures change by themselves next."""
    after = EPOCH + timedelta(milliseconds=after_ms)
    day = next_figures(legal_day(after))
    edges = (zones.next_edge(connection, after), datetime.combine(day, time(), LEGAL_ZONE) if day else None)
    return min((-((EPOCH - edge) // timedelta(milliseconds=1)) for edge in edges if edge is not None), default=None)


def feed_ticks(engine: Engine, clock: Clock, holder: str) -> bool:
    """Put the time into every shard that has vehicles, about every ten seconds of the injected clock, by one process."""
    now = clock.now()
    with engine.begin() as connection:
        if take_lease(connection, "monitoring.ticks", holder, seconds=5) is None:
            return False
        step = int(now.timestamp() // TICK_EVERY.total_seconds())
        if not _advance(connection, _TICKS, step):  # or the clock was wrong and has been set back
            return False
        shards = connection.execute(text("SELECT DISTINCT shard FROM monitoring_vehicles")).scalars().all()
        body = cbor.dumps({"at_ms": milliseconds(now)})
        if shards:
            log_store.append(connection, [Entry(shard, Kind.TICK, body) for shard in sorted(shards)])
        return False


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def _advance(connection: Connection, name: str, change: int) -> bool:
    """Whether this is news; if so nobody else tells it again. What was told of the far future by a clock that was wrong is no bar."""
    return bool(
        connection.execute(
            text(
                "INSERT INTO monitoring_followers AS f (name, change) VALUES (:name, :change)"
                " ON CONFLICT (name) DO UPDATE SET change = EXCLUDED.change"
                " WHERE f.change < EXCLUDED.change OR f.change > EXCLUDED.change + :wrong RETURNING true"
            ),
            {"name": name, "change": change, "wrong": _WRONG},
        ).scalar()
    )
