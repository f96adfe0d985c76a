"""A link that is down is one alarm; who does not come back with it, and whoever is too dangerous to be one of many, has one of its own."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from hazway.alarms.v1 import alarms_pb2 as pb
from services.monitoring import links, outage_desk, outages_store, vehicles
from services.monitoring.facts import Goods
from services.monitoring.feeders import milliseconds
from services.monitoring.late_store import told_since
from services.monitoring.model import AlarmKind, AlarmRaised, AlarmRevised, AlarmWithdrawn, Severity, alarm_fields
from services.monitoring.telling import Teller
from services.traceability import keeper_of
from tests.cast import CARRIER, RIVAL, TRANSPORT
from tests.integration.monitoring.road_house import House, a_fix

PETROL, CHLORINE, DYNAMITE = (
    Goods("1203", ("3",)),
    Goods("1017", ("2.3",)),
    Goods("0081", ("1.1",), compatibility="1.1D"),
)
FLEET = [f"lorry{number}" for number in range(1, 9)]


@pytest.fixture
def fleet(house: House) -> House:
    """Eight lorries of the carrier and one of its rival under way; the seventh with chlorine, the eighth with explosives."""
    for number in range(4, 9):
        house.register(f"lorry{number}", CARRIER, number)
    for name in FLEET:
        goods = {"lorry7": CHLORINE, "lorry8": DYNAMITE}.get(name, PETROL)
        house.tell_trip(name, house.now - timedelta(minutes=5), goods=(goods,))
    house.tell_trip("other1", house.now - timedelta(minutes=5), RIVAL, goods=(PETROL,))
    pass_time(house, 3, FLEET)
    return house


def pass_time(house: House, minutes: int, heard: Iterable[str]) -> None:
    """Two or three minutes at a time; the rival's lorry is always heard, of the carrier's these."""
    mine = list(heard)
    for step in [3] * (minutes // 3) + [minutes % 3] * (minutes % 3 > 0):
        house.world.clock.advance(minutes=step)
        along = house.now.timestamp() % 86_400 / 60 * 800
        if mine:
            house.rows(*[a_fix(house.now, name, north_m=round(along)) for name in mine])
        house.rows(a_fix(house.now, "other1", north_m=round(along)), by=RIVAL)
        house.world.settle()


def of_link(house: House) -> tuple[pb.Alarm, dict[str, int]]:
    (alarm,) = house.alarms(kind=pb.ALARM_KIND_LINK_DOWN)
    return alarm, {name: int(alarm.evidence[name]) for name in ("vehicles", "silent", "back", "named")}


def offline(house: House, by: str = CARRIER) -> dict[str, pb.Alarm]:
    return {alarm.vehicle_id: alarm for alarm in house.alarms(by, kind=pb.ALARM_KIND_OFFLINE)}


def test_a_link_that_is_down_is_one_alarm_until_it_is_known_who_does_not_come_back(fleet: House) -> None:
    began = fleet.now
    pass_time(fleet, 10, [])
    assert offline(fleet).keys() == {"lorry7", "lorry8"}, "each of these is told at once"
    assert {alarm.severity for alarm in offline(fleet).values()} == {pb.SEVERITY_GRAVE}
    assert offline(fleet, TRANSPORT).keys() == {"lorry7", "lorry8"}
    pass_time(fleet, 1, [])
    alarm, counts = of_link(fleet)
    assert counts == {"vehicles": 6, "silent": 6, "back": 0, "named": 0}
    assert alarm.evidence["vehicle_ids"].split() == FLEET[:6]
    assert (alarm.carrier_id, alarm.vehicle_id, alarm.revision) == (CARRIER, "", 1)
    assert began - timedelta(minutes=1) < alarm.occurred_at.ToDatetime(UTC) <= began
    assert not fleet.alarms(RIVAL, kind=pb.ALARM_KIND_LINK_DOWN)
    pass_time(fleet, 5, [])
    assert of_link(fleet)[0].revision == 1, "nothing new is nothing to say"

    back = fleet.now + timedelta(minutes=2)
    pass_time(fleet, 2, FLEET[:4])
    pass_time(fleet, 1, FLEET[:4])
    alarm, counts = of_link(fleet)
    assert counts == {"vehicles": 6, "silent": 2, "back": 4, "named": 0}
    assert back - timedelta(minutes=1) < alarm.ended_at.ToDatetime(UTC) <= back
    assert offline(fleet).keys() == {"lorry7", "lorry8"}
    pass_time(fleet, 10, FLEET[:4])
    alarm, counts = of_link(fleet)
    assert counts == {"vehicles": 6, "silent": 0, "back": 4, "named": 2}
    assert alarm.evidence["vehicle_ids"] == "lorry5 lorry6"
    assert offline(fleet).keys() == {"lorry5", "lorry6", "lorry7", "lorry8"}
    assert offline(fleet)["lorry5"].severity == pb.SEVERITY_ORDINARY

    # what two of them kept in store shows that they were never silent: what was said is taken back, or was never said
    stored = [began + timedelta(minutes=minute) for minute in range(1, 31)]
    for name in ("lorry1", "lorry5"):
        fleet.rows(
            *[a_fix(at, name, north_m=round(at.timestamp() % 86_400 / 60 * 800)) for at in stored if at < fleet.now]
        )
    fleet.world.settle()
    pass_time(fleet, 2, FLEET[:6])
    alarm, counts = of_link(fleet)
    assert counts == {"vehicles": 5, "silent": 0, "back": 3, "named": 2}
    found = offline(fleet)
    assert found.keys() == {"lorry5", "lorry6", "lorry7", "lorry8"}
    assert found["lorry5"].state == pb.ALARM_STATE_WITHDRAWN
    assert found["lorry6"].HasField("ended_at")

    before = fleet.state_of_log()
    host = fleet.world.host
    with host.engine.begin() as connection:
        numbers = connection.execute(text("SELECT number FROM monitoring_vehicles")).scalars()
        told = told_since(connection, dict.fromkeys(numbers, 0))
        assert sum(map(len, told.values())) > 8
        again = [
            alarm if isinstance(alarm, AlarmWithdrawn) else AlarmRaised(**alarm_fields(alarm))
            for some in told.values()
            for alarm in some
        ]
        assert not Teller(host, keeper_of(host.settings)).tell(connection, again)
    pass_time(fleet, 2, FLEET[:6])
    assert fleet.state_of_log() == before, "saying the same again says nothing"
    with host.engine.begin() as connection:
        for minute, left in ((links.minute_of(began) - 1, [1, 6]), (links.minute_of(began) + 1, [0, 0])):
            outages_store.forget(connection, minute)
            tables = ("monitoring_outages", "monitoring_silent")
            assert [
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables
            ] == left


def test_who_falls_silent_while_the_link_is_up_is_told_at_once_and_so_are_two(fleet: House) -> None:
    pass_time(fleet, 11, FLEET[:5])
    assert offline(fleet).keys() == {"lorry6", "lorry7", "lorry8"}
    for name in FLEET[2:]:
        fleet.tell_trip(name, fleet.now, goods=(), event="ENDED", under_way=False, loaded=False, waybill_id="")
    pass_time(fleet, 2, FLEET[:2])
    pass_time(fleet, 10, [])
    assert offline(fleet).keys() == {"lorry6", "lorry7", "lorry8"}
    pass_time(fleet, 1, [])
    assert offline(fleet).keys() == {"lorry1", "lorry2", "lorry6", "lorry7", "lorry8"}
    assert not fleet.alarms(kind=pb.ALARM_KIND_LINK_DOWN)


def test_who_is_heard_again_while_the_desk_is_being_told_is_told_as_he_then_is(house: House) -> None:
    """Two transactions at once: a worker that has just heard of one of them, and the desk's."""
    host, began = house.world.host, house.now - timedelta(minutes=30)
    for name in ("lorry1", "lorry2"):
        house.tell_trip(name, began, under_way=False, event="ENDED")
    with host.engine.begin() as connection:
        links.note(connection, links.minute_of(began), [CARRIER])
        known = {one.number: one for one in vehicles.by_number(connection, range(100)).values()}
    silent = [
        AlarmRaised(
            id=f"silent{number}", kind=AlarmKind.OFFLINE, severity=Severity.ORDINARY, vehicle=number, carrier_id=CARRIER,
            occurred_ms=milliseconds(began), evidence={},
        )
        for number in known
    ]  # fmt: skip
    teller = Teller(host, keeper_of(host.settings))
    with host.engine.begin() as connection:
        assert not teller.tell(connection, silent)
    house.world.clock.advance(seconds=30)
    heard = AlarmRevised(**(alarm_fields(silent[0]) | {"ended_ms": milliseconds(house.now), "revision": 2}))
    with host.engine.begin() as connection:
        assert not teller.tell(connection, [heard])
        outage_desk.tell_due(host, keeper_of(host.settings))
    assert [alarm.vehicle_id for alarm in house.alarms()] == [known[silent[1].vehicle].vehicle_id]
    house.world.clock.advance(minutes=2)
    outage_desk.tell_due(host, keeper_of(host.settings))
    found = {alarm.id: alarm for alarm in house.alarms()}
    assert found.keys() == {alarm.id for alarm in silent}, "there were but two of them: each is told, one as over"
    assert found[heard.id].HasField("ended_at")


@pytest.mark.parametrize("seed", range(2))
def test_a_link_is_silent_where_a_look_at_every_minute_says_so(house: House, seed: int) -> None:
    rng = random.Random(seed)
    begin = links.minute_of(datetime(2026, 5, 3, 12, tzinfo=UTC))
    heard: dict[str, set[int]] = {f"fleet{number}": set() for number in range(6)}
    with house.world.host.engine.begin() as connection:
        for minute in range(begin, begin + 2_000):
            said = {
                name
                for name in heard
                if minute % 60 > int(name[5:]) * 9 and rng.random() < (0.9 if minute % 97 < 60 else 0.1)
            }
            links.note(connection, minute, said)
            for name in said:
                heard[name].add(minute)
        asked = {(rng.choice([*heard, "nobody"]), begin + rng.randrange(2_000)) for _ in range(400)}
        silent, after = links.silent_since(connection, asked), links.heard_after(connection, asked)
    for name, minute in asked:
        known = heard.get(name, set())
        before = [each for each in known if each <= minute + 1 and (minute + 8) // 1440 * 1440 - 1440 <= each]
        is_silent = bool(before) and not any(minute + 2 <= each <= minute + 8 for each in known)
        assert silent.get((name, minute)) == (max(before) if is_silent else None)
        assert after.get((name, minute)) == min((each for each in known if each > minute), default=None)
    assert 20 < len(silent) < 380
