"""A served house with two carriers, two authorities and some lorries, and what a terminal or a desk says to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hazway import keys
from hazway.alarms.v1 import alarms_pb2
from hazway.client import Client
from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.registry.v1 import registry_pb2 as registry
from services.monitoring import log_store, vehicles
from services.monitoring.facts import TripFact
from services.monitoring.feeders import milliseconds
from tests.cast import CARRIER, ORGANISATIONS, POLICE, RIVAL, TRANSPORT, a_vehicle
from tests.integration.registry.registry_house import a_credit_code
from tests.world import World

MONITORING = "hazway.monitoring.v1.MonitoringService"
ALARMS = "hazway.alarms.v1.AlarmService"
REGISTRY = "hazway.registry.v1.RegistryService"
PLACE = (226_000_000, 1_140_500_000)
M_E7 = 90  # about a metre of latitude, in degrees x 10^7


@dataclass
class House:
    """``clients`` sign for their organisation; the fleet is lorry1, lorry2, lorry3 of the carrier and other1 of its rival."""

    world: World
    clients: dict[str, Client] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def register(self, vehicle_id: str, carrier: str, number: int) -> None:
        request = registry.PutVehicleRequest(vehicle=a_vehicle(vehicle_id, carrier, number))
        self.clients[carrier].call(f"{REGISTRY}/PutVehicle", request)

    def report(self, *requests: pb.ReportFixesRequest, by: str = CARRIER) -> list[pb.ReportFixesResponse]:
        """The answers to these batches over one stream."""
        return list(self.clients[by].stream(f"{MONITORING}/ReportFixes", iter(requests), timeout_s=60))

    def rows(self, *fixes: pb.Fix, by: str = CARRIER) -> pb.ReportFixesResponse:
        (answer,) = self.report(pb.ReportFixesRequest(batch=1, fixes=fixes), by=by)
        return answer

    def track(self, vehicle_id: str, start: datetime, end: datetime, by: str = CARRIER) -> pb.FixColumns:
        request = pb.GetTrackRequest(vehicle_id=vehicle_id)
        request.start.FromDatetime(start)
        request.end.FromDatetime(end)
        answer = self.clients[by].call(f"{MONITORING}/GetTrack", request, purpose="查验", patience_s=0)
        fixes: pb.FixColumns = answer.fixes
        return fixes

    def recent(self, vehicle_id: str = "lorry1", by: str = CARRIER, hours: float = 24) -> pb.FixColumns:
        return self.track(vehicle_id, self.now - timedelta(hours=hours), self.now + timedelta(hours=1), by)

    def alarms(self, by: str = CARRIER, **filters: Any) -> list[alarms_pb2.Alarm]:
        request = alarms_pb2.ListAlarmsRequest(page_size=500, **filters)
        return list(self.clients[by].call(f"{ALARMS}/ListAlarms", request, purpose="值班").alarms)

    def tell_trip(self, vehicle_id: str, at: datetime, carrier: str = CARRIER, **changes: Any) -> None:
        """Put a fact about the vehicle's trip into its shard's log, as the waybill's outbox does."""
        with self.world.host.engine.begin() as connection:
            number, shard = vehicles.ensure(connection, carrier, {vehicle_id: ORGANISATIONS[carrier][2]})[vehicle_id]
            fields: dict[str, Any] = {
                "waybill_id": f"waybill-{vehicle_id}", "carrier_id": carrier, "under_way": True, "loaded": True,
                "driver_id": f"driver-{vehicle_id}", "event": "DEPARTED",
            }  # fmt: skip
            fact = TripFact(vehicle=number, at_ms=milliseconds(at), **(fields | changes))
            log_store.append(connection, [log_store.Entry(shard, log_store.Kind.TRIP, fact.encode())])

    def state_of_log(self) -> dict[str, int]:
        """How much of everything there is, to see that nothing came twice."""
        with self.world.host.engine.connect() as connection:
            return {
                table: int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
                for table in ("alarms_alarms", "traceability_registrations")
            }


def play_house(world: World) -> House:
    # What runs by the hour is called by the tests that are about it, when they want it.
    world.loops = [loop for loop in world.loops if loop.name not in ("archive", "figures")]
    house = House(world, {"operator": world.operator})
    for number, name in enumerate((CARRIER, RIVAL, TRANSPORT, POLICE), start=1):
        kind, title, division = ORGANISATIONS[name]
        organisation = registry.Organisation(
            id=name, name=title, credit_code=a_credit_code(number), kinds=[kind], division_code=division,
            phone=f"0755-0000000{number}",
        )  # fmt: skip
        house.clients["operator"].call(
            f"{REGISTRY}/RegisterOrganisation", registry.RegisterOrganisationRequest(organisation=organisation)
        )
        house.clients[name] = world.client(name)
        house.clients[name].register_key(keys.generate())
    for number in (1, 2, 3):
        house.register(f"lorry{number}", CARRIER, number)
    house.register("other1", RIVAL, 11)
    return house


def a_fix(at: datetime, vehicle_id: str = "lorry1", *, north_m: int = 0, **changes: Any) -> pb.Fix:
    """A sound fix so many metres north of the place all tests begin at."""
    fields: dict[str, Any] = {
        "vehicle_id": vehicle_id, "time_ms": milliseconds(at), "latitude_e7": PLACE[0] + north_m * M_E7,
        "longitude_e7": PLACE[1], "speed_dkmh": 500, "heading_deg": 0, "engine_on": True, "positioned": True,
    }  # fmt: skip
    return pb.Fix(**(fields | changes))


def drive(
    start: datetime, *, minutes: float, dkmh: int = 500, every_s: int = 30, vehicle_id: str = "lorry1", north_m: int = 0
) -> list[pb.Fix]:
    """North at one speed, a fix every ``every_s`` seconds; the odometer runs along."""
    fixes = []
    for second in range(0, int(minutes * 60) + 1, every_s):
        metres = north_m + dkmh * second // 36
        fixes.append(
            a_fix(start + timedelta(seconds=second), vehicle_id, north_m=metres, speed_dkmh=dkmh,
                  odometer_dm=1_000_000 + metres * 10)
        )  # fmt: skip
    return fixes


def in_columns(fixes: Sequence[pb.Fix], batch: int = 1) -> pb.ReportFixesRequest:
    """The same fixes as columns."""
    ids = list(dict.fromkeys(fix.vehicle_id for fix in fixes))
    times = [fix.time_ms for fix in fixes]
    columns = pb.FixColumns(
        vehicle_ids=ids,
        vehicle=[ids.index(fix.vehicle_id) for fix in fixes],
        time_ms_delta=[time - before for time, before in zip(times, [0, *times[:-1]], strict=True)],
        latitude_e7=[fix.latitude_e7 for fix in fixes],
        longitude_e7=[fix.longitude_e7 for fix in fixes],
        speed_dkmh=[fix.speed_dkmh for fix in fixes],
        heading_deg=[fix.heading_deg for fix in fixes],
        odometer_dm=[fix.odometer_dm for fix in fixes],
    )
    return pb.ReportFixesRequest(batch=batch, columns=columns)


def times_of(columns: pb.FixColumns) -> list[int]:
    """Milliseconds since 1970 of a track's fixes."""
    times, now = [], 0
    for step in columns.time_ms_delta:
        now += step
        times.append(now)
    return times


def reasons(answers: Iterable[pb.ReportFixesResponse]) -> list[tuple[int, str]]:
    return [(one.index, one.reason) for answer in answers for one in answer.refused]
