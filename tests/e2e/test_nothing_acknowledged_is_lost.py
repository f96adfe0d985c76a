"""A drive in which every process is killed in the middle: nothing acknowledged is lost, no alarm repeated, the same report.

The trips are the demo's, on its model region, with the clock scaled further; the supervisor starts again what was killed.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from geo.itinerary import Itinerary
from geo.roads import RoadGraph
from hazway import record
from hazway.alarms.v1 import alarms_pb2
from hazway.monitoring.v1 import monitoring_pb2
from hazway.trust import Trust
from hazway.waybill.v1 import waybill_pb2
from hazway.zones.v1 import zones_pb2
from services import traceability
from services.demo import cast, drive, loading, trip
from services.demo.expectations import Expectations
from services.demo.play import Play
from services.demo.stage import Stage, open_stage
from services.runtime.settings import Settings

FACTOR = 240.0
PATIENCE_S = 60.0
OF_TIME = (
    alarms_pb2.ALARM_KIND_OFFLINE,
    alarms_pb2.ALARM_KIND_MOVED_OFFLINE,
    alarms_pb2.ALARM_KIND_FATIGUE,
    alarms_pb2.ALARM_KIND_TUNNEL_OVERDUE,
)
WANTED = Counter({"ALARM_KIND_TUNNEL_AHEAD": 1, "ALARM_KIND_TUNNEL_TRANSIT": 1, "ALARM_KIND_OVERSPEED": 1})
VICTIMS = ("api", "worker", "postgres", "redis")


@dataclass(frozen=True)
class Report:
    """What a trip came to, without what differs from day to day.

    What depends on how long things took is not compared: with the clock scaled, three seconds without a server are twelve
    minutes without a terminal, a tanker in the tunnel meanwhile is overdue, a dozen trips on end are a driver without a rest: all rightly told.
    """

    durable: int
    tracked: int
    alarms: Counter[str]
    state: int
    acts: Counter[str]


@dataclass
class Theatre:
    """A stage with the region imported, the tunnel declared and everybody registered; trips are played one after another."""

    stage: Stage
    graph: RoadGraph
    itinerary: Itinerary

    def trip(self, wanted: Counter[str], killer: threading.Thread | None = None) -> Report:
        """One trip from issue to signature; ``wanted`` are the alarms that are waited for."""
        waybill = self._loaded()
        trip.depart(self.stage, waybill.id)
        time.sleep(1.0)
        if killer is not None:
            killer.start()
        began = self.stage.now()
        way = self.itinerary.deviation or self.itinerary.plan
        fast = drive.lasting_overspeed(self.graph, way.edges)
        driven = drive.drive_road(self.stage, self.graph, way.edges, seed=7, overspeed=fast)
        if killer is not None:
            killer.join()
        alarms = self._settled_alarms(waybill.id, wanted)
        trip.arrive(self.stage, waybill.id)
        signed = self._sign(waybill.id)
        request = monitoring_pb2.GetTrackRequest(vehicle_id=cast.TRACTOR)
        request.start.FromDatetime(began)
        request.end.FromDatetime(self.stage.now())
        track = self.stage.client(cast.CARRIER).call("hazway.monitoring.v1.MonitoringService/GetTrack", request)
        return Report(driven.durable, len(track.fixes.vehicle), alarms, signed.state, self._acts(waybill.id))

    def _loaded(self) -> waybill_pb2.Waybill:
        ends = [
            self.graph.node_position(node) for node in (self.itinerary.origin_node, self.itinerary.destination_node)
        ]
        road = trip.plan(self.stage, *ends, tank_state=zones_pb2.LOAD_STATE_LOADED)
        drive.standing_fix(self.stage, self.graph, self.itinerary.plan.edges)
        issued = trip.issue(self.stage, waybill_pb2.IssueWaybillRequest(waybill=trip.draft(self.stage, road)))
        held = Expectations()
        loading.play(self.stage, issued.waybill, held)
        assert held.all_held, held.met
        return issued.waybill

    def _sign(self, waybill_id: str) -> waybill_pb2.Waybill:
        """The consignee signs, to whom nothing was offered: no code waits for a server that was killed meanwhile."""
        request = waybill_pb2.SignDeliveryRequest(
            waybill_id=waybill_id, stop_number=1, signed_by="收货示例",
            received=[waybill_pb2.Received(goods_number=1, delivered_g=trip.LOAD_G)],
        )  # fmt: skip
        answer = self.stage.client(cast.CONSIGNEE).call("hazway.waybill.v1.WaybillService/SignDelivery", request)
        signed: waybill_pb2.Waybill = answer.waybill
        return signed

    def _settled_alarms(self, waybill_id: str, wanted: Counter[str]) -> Counter[str]:
        """The trip's alarms a moment after all that are wanted were there, so that one too many is seen too."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted <= self._alarms(waybill_id) and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1.0)
        return self._alarms(waybill_id)

    def _alarms(self, waybill_id: str) -> Counter[str]:
        answer = self.stage.client(cast.CARRIER).call(
            "hazway.alarms.v1.AlarmService/ListAlarms", alarms_pb2.ListAlarmsRequest(waybill_id=waybill_id)
        )
        return Counter(alarms_pb2.AlarmKind.Name(alarm.kind) for alarm in answer.alarms if alarm.kind not in OF_TIME)

    def _acts(self, waybill_id: str) -> Counter[str]:
        """Every act of the trip by kind, from the record verified offline."""
        keeper = traceability.keeper_of(self.stage.settings)
        client = self.stage.client(cast.CARRIER)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            verified = record.verify(
                client.export_record(f"waybill/{waybill_id}"), Trust(log_keys=(keeper.note_signer.verifier,))
            )
            kinds = Counter(
                fact.statement.kind
                for fact in verified.subjects[0].facts
                if fact.statement is not None and not fact.statement.kind.startswith("alarm.")
            )
            if kinds["waybill.sign"] or time.monotonic() > deadline:
                return kinds
            time.sleep(0.3)


class Killer(threading.Thread):
    """SIGKILLs each victim once, at random moments of the drive, in random order."""

    def __init__(self, stage: Stage, seed: int) -> None:
        super().__init__(name="killer")
        self._stage, self._random = stage, random.Random(seed)

    def run(self) -> None:
        victims = list(VICTIMS)
        self._random.shuffle(victims)
        for victim in victims:
            time.sleep(self._random.uniform(0.1, 1.5))
            supervisor = self._stage.supervisor
            pid = supervisor.children[victim].pid if victim in supervisor.children else supervisor.servers[victim].pid
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it was down already, and is being started again


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    home: Path = tmp_path_factory.mktemp("e2e")
    with open_stage(Settings(home=home), factor=FACTOR) as stage:
        play = Play(stage, None, lambda _text: None, Expectations())
        graph, itinerary = play._region()
        cast.enter(stage)
        play._declare(itinerary)
        yield Theatre(stage, graph, itinerary)


@pytest.fixture(scope="module")
def undisturbed(theatre: Theatre) -> Report:
    return theatre.trip(WANTED)


def test_the_undisturbed_trip_has_its_alarms_and_every_fix_once(undisturbed: Report) -> None:
    assert undisturbed.alarms["ALARM_KIND_TUNNEL_TRANSIT"] == 1
    assert undisturbed.alarms["ALARM_KIND_OVERSPEED"] == 1
    assert undisturbed.tracked == undisturbed.durable


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(8))
def test_killing_every_process_in_the_middle_changes_nothing(theatre: Theatre, undisturbed: Report, seed: int) -> None:
    assert theatre.trip(undisturbed.alarms, Killer(theatre.stage, seed)) == undisturbed


@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(20, 220))
def test_killing_every_process_two_hundred_times_changes_nothing(
    theatre: Theatre, undisturbed: Report, seed: int
) -> None:
    assert theatre.trip(undisturbed.alarms, Killer(theatre.stage, seed)) == undisturbed
