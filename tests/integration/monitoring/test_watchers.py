"""Watching the road: vehicles as they move, alarms as they change, from where one left off, while Redis comes and goes."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from geo.drive import drive as road_drive
from hazway.alarms.v1 import alarms_pb2
from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.refusals import Refused
from hazway.zones.v1 import zones_pb2
from services.monitoring import worker
from tests.cast import CARRIER, POLICE, RIVAL, TRANSPORT
from tests.integration.monitoring.road_house import ALARMS, MONITORING, House, a_fix, drive
from tests.integration.monitoring.test_workers import PETROL
from tests.integration.zones.zone_house import NOTICE, import_model, model, structure

FAST = 1200


class Watcher:
    """Reads a stream on a thread of its own; ``next`` waits for a response that says something."""

    def __init__(self, stream: Iterator[Any], says: Callable[[Any], bool]) -> None:
        self._heard: queue.Queue[Any] = queue.Queue()
        self._stream, self._says = stream, says
        threading.Thread(target=self._read, daemon=True).start()

    def next(self, seconds: float = 20) -> Any:
        return self._heard.get(timeout=seconds)

    def is_silent(self, seconds: float) -> bool:
        try:
            self._heard.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def _read(self) -> None:
        try:
            for response in self._stream:
                if self._says(response):
                    self._heard.put(response)
        except Refused as refusal:
            self._heard.put(refusal)


def watch_vehicles(house: House, by: str = CARRIER, *vehicle_ids: str) -> Watcher:
    stream = house.clients[by].stream(
        f"{MONITORING}/WatchVehicles", pb.WatchVehiclesRequest(vehicle_ids=vehicle_ids), purpose="值班", timeout_s=60
    )
    return Watcher(stream, lambda response: bool(response.vehicles))


def watch_alarms(house: House, by: str = CARRIER, token: str = "") -> Watcher:
    request = alarms_pb2.WatchAlarmsRequest(resume_token=token)
    stream = house.clients[by].stream(f"{ALARMS}/WatchAlarms", request, purpose="值班", timeout_s=60)
    return Watcher(stream, lambda response: bool(response.alarms))


def speed(house: House, vehicle_id: str = "lorry1", minutes_ago: float = 10) -> None:
    """The vehicle drives at 120 km/h for five minutes: one overspeed, which ends."""
    start = house.now - timedelta(minutes=minutes_ago)
    house.tell_trip(vehicle_id, start - timedelta(minutes=1))
    fixes = drive(start, minutes=5, dkmh=FAST, vehicle_id=vehicle_id)
    slow = drive(start + timedelta(minutes=5.5), minutes=2, dkmh=400, vehicle_id=vehicle_id, north_m=10_500)
    house.rows(*fixes, *slow)
    house.world.settle()


def test_a_watcher_sees_what_is_known_then_what_moves(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_SNAPSHOT_S", 0.0)  # live state is kept at once, not every few seconds
    monkeypatch.setattr(worker, "_SHARE", 0)
    house.rows(a_fix(house.now - timedelta(minutes=1)))
    house.world.settle(2 * worker._PARTS)
    watcher = watch_vehicles(house)
    house.world.settle()
    first = watcher.next()
    assert [state.vehicle_id for state in first.vehicles] == ["lorry1"]
    house.rows(a_fix(house.now, north_m=700))
    house.world.settle()
    moved = watcher.next()
    assert moved.vehicles[0].position.latitude_e7 == a_fix(house.now, north_m=700).latitude_e7


def test_a_watcher_sees_only_what_is_his_and_what_he_asked_for(house: House) -> None:
    watchers = {by: watch_vehicles(house, by) for by in (CARRIER, RIVAL, TRANSPORT, POLICE)}
    one = watch_vehicles(house, CARRIER, "lorry2")
    time.sleep(0.5)
    house.rows(a_fix(house.now), a_fix(house.now, "lorry2"))
    house.rows(a_fix(house.now, "other1"), by=RIVAL)
    time.sleep(2.5)  # until the streams have looked again at whose the numbered vehicles are
    house.world.settle()
    for by, theirs in (
        (CARRIER, {"lorry1", "lorry2"}),
        (RIVAL, {"other1"}),
        (TRANSPORT, {"lorry1", "lorry2", "other1"}),
    ):
        seen: set[str] = set()
        while len(seen) < len(theirs):
            seen |= {state.vehicle_id for state in watchers[by].next().vehicles}
        assert seen == theirs
    assert watchers[POLICE].is_silent(0.5), "another city's lorries are not its business"
    assert [state.vehicle_id for state in one.next().vehicles] == ["lorry2"]


def test_who_comes_into_sight_is_shown_though_it_does_not_move(house: House) -> None:
    watcher = watch_vehicles(house)
    time.sleep(0.5)
    house.rows(a_fix(house.now, "other1"), by=RIVAL)
    house.rows(a_fix(house.now))
    house.world.settle()
    assert watcher.next().vehicles[0].vehicle_id == "lorry1"
    with house.world.host.engine.begin() as connection:
        connection.execute(text("UPDATE monitoring_vehicles SET carrier_id = 'carrier' WHERE vehicle_id = 'other1'"))
    assert watcher.next().vehicles[0].vehicle_id == "other1"
    assert watcher.is_silent(2.5), "each once"


def test_who_is_silent_in_a_tunnel_is_shown_where_it_should_be_and_marked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_SNAPSHOT_S", 0.0)
    monkeypatch.setattr(worker, "_SHARE", 0)
    import_model(house.world)
    graph, trip = model()
    assert trip.deviation is not None
    declare = zones_pb2.DeclareTunnelRequest(zone_id=structure(), category="D", source=NOTICE)
    house.clients[TRANSPORT].call("hazway.zones.v1.ZoneService/DeclareTunnel", declare)
    house.tell_trip("lorry1", house.now - timedelta(hours=1), goods=PETROL, tunnel_forbidden="DE")
    house.world.settle()
    start = house.now
    drives = [
        (fix.at, a_fix(fix.at, latitude_e7=fix.position.latitude_e7, longitude_e7=fix.position.longitude_e7,
                       speed_dkmh=fix.speed_dkmh, heading_deg=fix.heading_deg))
        for fix in road_drive(graph, trip.deviation.edges, start=start, rng=random.Random(1), interval_s=10)
    ]  # fmt: skip
    gap = next(place for place, (one, other) in enumerate(pairwise(drives)) if other[0] - one[0] > timedelta(minutes=1))
    house.world.clock.advance(seconds=(drives[gap][0] - start).total_seconds() + 10)
    house.rows(*[fix for _, fix in drives[: gap + 1]])
    house.world.settle()
    for _ in range(4):
        house.world.clock.advance(seconds=10)
        house.world.settle()
    house.world.settle(2 * worker._PARTS)
    for watcher in (watch_vehicles(house), watch_vehicles(house)):  # the second starts from what is kept
        state = watcher.next().vehicles[0]
        assert state.estimated
        assert state.time_ms > drives[gap][1].time_ms
        assert state.position.latitude_e7 != drives[gap][1].latitude_e7
    house.world.clock.advance(seconds=(drives[gap + 1][0] - house.now).total_seconds())
    house.rows(drives[gap + 1][1])
    house.world.settle()
    while state.estimated:
        state = watcher.next().vehicles[0]
    assert state.time_ms == drives[gap + 1][1].time_ms


def test_a_request_to_watch_is_as_well_formed_as_any(house: House) -> None:
    refused = watch_vehicles(house, CARRIER, "lorry\0").next()
    assert isinstance(refused, Refused)
    assert [(fault.reason, fault.path) for fault in refused.faults] == [("FIELD_INVALID", "vehicle_ids[0]")]


def test_an_alarm_reaches_the_carrier_and_its_authority_and_nobody_else(house: House) -> None:
    carrier, rival = watch_alarms(house), watch_alarms(house, RIVAL)
    time.sleep(0.5)
    speed(house)
    alarm = carrier.next().alarms[0]
    assert (alarm.kind, alarm.vehicle_id) == (alarms_pb2.ALARM_KIND_OVERSPEED, "lorry1")
    assert rival.is_silent(1.5)


def test_a_token_goes_on_where_the_watcher_left_off(house: House) -> None:
    speed(house)
    everything = watch_alarms(house, token="0")
    first = everything.next()
    speed(house, "lorry2")
    speed(house, "lorry3")
    resumed = watch_alarms(house, token=first.resume_token)
    seen: list[str] = []
    while {"lorry2", "lorry3"} - set(seen):
        seen += [alarm.vehicle_id for alarm in resumed.next().alarms]
    assert "lorry1" not in seen


def test_a_token_of_somebody_elses_making_is_refused(house: House) -> None:
    for token in ("x", "!!!!", "YTE=x", "a" * 10_000, "YS0x", "YTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ=="):
        answer = watch_alarms(house, token=token).next()
        assert isinstance(answer, Refused)
        assert answer.reasons == {"RESUME_TOKEN_INVALID"}


def test_an_alarm_is_handled_once_with_a_reason_and_on_record(house: House) -> None:
    speed(house)
    (alarm,) = house.alarms()
    request = alarms_pb2.HandleAlarmRequest(
        alarm_id=alarm.id, reason=alarms_pb2.HANDLING_REASON_TRUE, note="已电话提醒驾驶员"
    )
    answer = house.clients[CARRIER].call(f"{ALARMS}/HandleAlarm", request)
    assert answer.alarm.state == alarms_pb2.ALARM_STATE_HANDLED
    assert answer.registered.subject == f"alarm/{alarm.id}"
    again = alarms_pb2.HandleAlarmRequest(alarm_id=alarm.id, reason=alarms_pb2.HANDLING_REASON_TRUE)
    with pytest.raises(Refused) as refusal:
        house.clients[CARRIER].call(f"{ALARMS}/HandleAlarm", again)
    assert refusal.value.reasons == {"ALARM_CLOSED"}


def test_an_alarm_of_anothers_cannot_be_handled_nor_known_of(house: House) -> None:
    speed(house)
    (alarm,) = house.alarms()
    for alarm_id in (alarm.id, "nosuchalarm"):
        with pytest.raises(Refused) as refusal:
            house.clients[RIVAL].call(
                f"{ALARMS}/HandleAlarm",
                alarms_pb2.HandleAlarmRequest(alarm_id=alarm_id, reason=alarms_pb2.HANDLING_REASON_TRUE),
            )
        assert refusal.value.reasons == {"NOT_FOUND"}
    with pytest.raises(Refused) as refusal:
        house.clients[CARRIER].call(f"{ALARMS}/HandleAlarm", alarms_pb2.HandleAlarmRequest(alarm_id=alarm.id))
    assert refusal.value.reasons == {"FIELD_MISSING"}


def test_a_slow_watcher_gets_everything_in_order_when_it_reads(house: House) -> None:
    request = alarms_pb2.WatchAlarmsRequest(resume_token="0")
    stream = house.clients[CARRIER].stream(f"{ALARMS}/WatchAlarms", request, timeout_s=60)
    next(stream)
    for number, vehicle in enumerate(("lorry1", "lorry2", "lorry3")):
        speed(house, vehicle, 60 - number)
    time.sleep(2)
    seen: list[str] = []
    while len(set(seen)) < 3:
        seen += [alarm.vehicle_id for alarm in next(stream).alarms]
    assert list(dict.fromkeys(seen)) == ["lorry1", "lorry2", "lorry3"]


def test_a_token_of_a_later_state_than_the_databases_is_told_so(house: House) -> None:
    """A database that was set back to a backup has not seen what the token stands for: what changes next would be missed."""
    speed(house)
    told = watch_alarms(house, token="0").next().resume_token
    with house.world.host.engine.begin() as connection:
        connection.execute(text("UPDATE alarms_changes SET last = last - 1"))
    refused = watch_alarms(house, token=told).next()
    assert isinstance(refused, Refused)
    assert refused.reasons == {"RESUME_TOKEN_INVALID"}


def test_whoever_comes_back_again_and_again_misses_no_alarm_and_no_revision(house: House) -> None:
    """Alarms go on changing while a watcher reads one message at a time and is cut off after each, in every state of his stream."""
    stopped = threading.Event()

    def go_on() -> None:
        for minutes_ago in range(200, 20, -12):
            for vehicle in ("lorry1", "lorry2", "lorry3"):
                speed(house, vehicle, minutes_ago)
        stopped.set()

    driving = threading.Thread(target=go_on)
    driving.start()
    token, seen = "0", dict[str, int]()
    deadline = time.monotonic() + 60
    while True:
        request = alarms_pb2.WatchAlarmsRequest(resume_token=token)
        stream: Any = house.clients[CARRIER].stream(f"{ALARMS}/WatchAlarms", request, timeout_s=60)
        next(stream)  # where it begins
        if stopped.is_set() and {one.id: one.revision for one in house.alarms()} == seen:
            break
        assert time.monotonic() < deadline
        if not stopped.is_set() or {one.id: one.revision for one in house.alarms()} != seen:
            response = next(stream)
            token = response.resume_token
            for alarm in response.alarms:
                assert alarm.revision >= seen.get(alarm.id, 0)
                seen[alarm.id] = alarm.revision
        stream.close()
    driving.join()
    assert len(seen) >= 45
