"""Fixes over a real stream: rows and columns, refused ones by index, hostile batches, repeats, and the window."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.refusals import Refused
from tests.cast import CARRIER, POLICE, RIVAL, TRANSPORT
from tests.integration.monitoring.road_house import (
    MONITORING,
    House,
    a_fix,
    drive,
    in_columns,
    reasons,
    times_of,
)


def test_rows_and_columns_are_the_same_track(house: House) -> None:
    driven = drive(house.now - timedelta(minutes=10), minutes=10)
    rows = house.rows(*driven)
    (columns,) = house.report(in_columns([_for(fix, "lorry2") for fix in driven]))
    assert (rows.accepted, columns.accepted) == (21, 21)
    one, other = house.recent("lorry1"), house.recent("lorry2")
    assert times_of(one) == [fix.time_ms for fix in driven] == times_of(other)
    assert list(one.latitude_e7) == [fix.latitude_e7 for fix in driven] == list(other.latitude_e7)
    assert list(one.odometer_dm) == [fix.odometer_dm for fix in driven] == list(other.odometer_dm)


def test_answers_come_in_order_each_once_its_batch_is_durable(house: House) -> None:
    driven = drive(house.now - timedelta(minutes=30), minutes=30)
    answers = house.report(*(pb.ReportFixesRequest(batch=n, fixes=[fix]) for n, fix in enumerate(driven, 1)))
    assert [answer.batch for answer in answers] == list(range(1, len(driven) + 1))
    assert times_of(house.recent()) == [fix.time_ms for fix in driven]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"vehicle_id": "nobody's"}, "FIX_VEHICLE_UNKNOWN"),
    ({"vehicle_id": "other1"}, "FIX_VEHICLE_UNKNOWN"),
    ({"vehicle_id": ""}, "FIX_VEHICLE_UNKNOWN"),
    ({"time_ms": 0}, "FIX_TIME_INVALID"),
    ({"time_ms": int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)}, "FIX_TIME_INVALID"),
    ({"time_ms": -(2**63)}, "FIX_TIME_INVALID"),
    ({"time_ms": 2**63 - 1}, "FIX_TIME_INVALID"),
    ({"latitude_e7": 900_000_001}, "FIX_POSITION_INVALID"),
    ({"latitude_e7": -(2**31)}, "FIX_POSITION_INVALID"),
    ({"longitude_e7": 1_800_000_001}, "FIX_POSITION_INVALID"),
    ({"latitude_e7": 0, "longitude_e7": 0}, "FIX_POSITION_INVALID"),
    ({"speed_dkmh": 2_201}, "FIX_SPEED_INVALID"),
    ({"speed_dkmh": 2**32 - 1}, "FIX_SPEED_INVALID"),
    ({"heading_deg": 360}, "FIX_HEADING_INVALID"),
    ({"odometer_dm": -1}, "FIX_ODOMETER_INVALID"),
    ({"odometer_dm": 2**63 - 1}, "FIX_ODOMETER_INVALID"),
]


def test_a_bad_fix_is_named_by_index_and_the_rest_kept(house: House) -> None:
    at = house.now - timedelta(minutes=5)
    good = [a_fix(at), a_fix(at + timedelta(seconds=60), north_m=800)]
    bad = [a_fix(at + timedelta(seconds=30), north_m=400, **changes) for changes, _ in BAD]
    answer = house.rows(good[0], *bad, good[1])
    assert (answer.accepted, answer.refused_count) == (2, len(BAD))
    assert [(one.index, one.reason) for one in answer.refused] == [(i, BAD[i - 1][1]) for i in range(1, len(BAD) + 1)]
    assert all(one.text_zh and one.text_en for one in answer.refused)
    assert times_of(house.recent()) == [fix.time_ms for fix in good]


def test_the_edges_of_what_is_possible_are_kept(house: House) -> None:
    at = house.now
    answer = house.rows(
        a_fix(at - timedelta(days=30) + timedelta(seconds=1), latitude_e7=900_000_000, longitude_e7=-1_800_000_000),
        a_fix(at + timedelta(minutes=5), speed_dkmh=2_200, heading_deg=359, odometer_dm=10**11),
        a_fix(at, latitude_e7=0, longitude_e7=0, positioned=False),
    )
    assert (answer.accepted, answer.refused_count) == (3, 0)


def test_a_vehicle_out_of_the_columns_list_is_unknown(house: House) -> None:
    request = in_columns(drive(house.now - timedelta(minutes=2), minutes=1))
    request.columns.vehicle[1] = 7
    request.columns.vehicle[2] = 2**32 - 1
    assert reasons(house.report(request)) == [(1, "FIX_VEHICLE_UNKNOWN"), (2, "FIX_VEHICLE_UNKNOWN")]


def test_an_empty_batch_is_answered_and_changes_nothing(house: House) -> None:
    answers = house.report(pb.ReportFixesRequest(batch=1), pb.ReportFixesRequest(batch=2, columns=pb.FixColumns()))
    assert [(answer.batch, answer.accepted, answer.refused_count) for answer in answers] == [(1, 0, 0), (2, 0, 0)]


def test_a_batch_of_nothing_but_faults_is_counted_whole_and_told_in_part(house: House) -> None:
    bad = [a_fix(house.now, heading_deg=400)] * 1000
    answer = house.rows(*bad)
    assert (answer.accepted, answer.refused_count, len(answer.refused)) == (0, 1000, 100)


@pytest.mark.parametrize("count", [1_001, 50_000])
def test_too_many_rows_are_refused_as_a_whole(house: House, count: int) -> None:
    with pytest.raises(Refused) as refusal:
        house.rows(*[pb.Fix(vehicle_id="lorry1")] * count)
    assert refusal.value.reasons == {"BATCH_TOO_LARGE"}


def test_columns_of_different_lengths_are_refused(house: House) -> None:
    request = in_columns(drive(house.now - timedelta(minutes=2), minutes=1))
    request.columns.speed_dkmh.append(1)
    with pytest.raises(Refused) as refusal:
        house.report(request)
    assert refusal.value.reasons == {"BATCH_MALFORMED"}


def test_ten_thousand_fixes_in_columns_are_taken_at_once(house: House) -> None:
    start = house.now - timedelta(hours=3)
    fixes = [a_fix(start + timedelta(seconds=second)) for second in range(10_000)]
    (answer,) = house.report(in_columns(fixes))
    assert (answer.accepted, answer.refused_count) == (10_000, 0)
    assert len(house.recent().vehicle) == 10_000


def test_time_deltas_that_overflow_are_times_that_are_invalid(house: House) -> None:
    request = in_columns(drive(house.now - timedelta(minutes=2), minutes=1))
    request.columns.time_ms_delta[1] = 2**63 - 1
    answer = house.report(request)[0]
    assert (answer.accepted, answer.refused_count) == (1, 2)


def test_a_repeated_batch_changes_nothing(house: House) -> None:
    driven = drive(house.now - timedelta(minutes=30), minutes=30, dkmh=1200)
    house.tell_trip("lorry1", house.now - timedelta(minutes=31))
    house.rows(*driven)
    house.world.settle()
    first, alarms = house.recent(), house.alarms()
    assert alarms, "a drive at 120 km/h raises something"
    for _ in range(3):
        assert house.rows(*driven).accepted == len(driven)
        house.world.settle()
    assert house.recent() == first
    assert house.alarms() == alarms


def test_a_stranger_to_the_fleet_learns_nothing(house: House) -> None:
    house.rows(a_fix(house.now))
    assert house.rows(a_fix(house.now), by=RIVAL).refused[0].reason == "FIX_VEHICLE_UNKNOWN"
    for by in (RIVAL, POLICE):
        with pytest.raises(Refused) as known:
            house.recent("lorry1", by)
        with pytest.raises(Refused) as unknown:
            house.recent("no such lorry", by)
        assert known.value.reasons == unknown.value.reasons == {"NOT_FOUND"}
    assert len(house.recent("lorry1", TRANSPORT).vehicle) == 1
    with pytest.raises(Refused) as refusal:
        house.rows(a_fix(house.now), by=TRANSPORT)
    assert refusal.value.reasons == {"NOT_ALLOWED"}


def test_a_span_that_is_empty_or_too_long_is_refused(house: House) -> None:
    def reasons() -> list[frozenset[str]]:
        found = []
        for hours in (0, -1, 48.001, 24 * 365):
            with pytest.raises(Refused) as refusal:
                house.track("lorry1", house.now, house.now + timedelta(hours=hours))
            found.append(refusal.value.reasons)
        return found

    assert reasons() == [{"NOT_FOUND"}] * 4, "nothing was ever heard of the lorry"
    house.rows(a_fix(house.now))
    assert reasons() == [{"SPAN_TOO_LONG"}] * 4


def test_reading_stops_while_a_window_of_batches_waits_for_the_disk(house: House) -> None:
    """A database that does not answer cannot make the server take in without bound; afterwards all is answered."""
    sent = itertools.count()
    start = house.now - timedelta(days=1)

    def requests() -> Iterator[pb.ReportFixesRequest]:
        for number in range(1, 301):
            next(sent)
            yield in_columns([a_fix(start + timedelta(seconds=number))] * 5_000, batch=number)

    house.rows(a_fix(house.now))
    with house.world.host.engine.connect() as connection, connection.begin() as held:
        connection.execute(text("SELECT * FROM monitoring_shards FOR UPDATE"))
        stream = house.clients[CARRIER].stream(f"{MONITORING}/ReportFixes", requests(), timeout_s=120)
        answers: list[int] = []
        reading = threading.Thread(target=lambda: answers.extend(answer.batch for answer in stream))
        reading.start()
        time.sleep(4)
        waiting = next(sent)
        time.sleep(1)
        assert (next(sent), answers) == (waiting + 1, []), "nothing more is read, nothing answered"
        held.rollback()
    assert waiting < 290
    reading.join()
    assert answers == list(range(1, 301))


def _for(fix: pb.Fix, vehicle_id: str) -> pb.Fix:
    other = pb.Fix()
    other.CopyFrom(fix)
    other.vehicle_id = vehicle_id
    return other


anything = st.integers(-(2**63), 2**63 - 1)


@given(
    st.lists(
        st.builds(
            pb.Fix,
            vehicle_id=st.sampled_from(["lorry1", "other1", "", "\u0000", "𠮷"]),
            time_ms=anything,
            latitude_e7=st.integers(-(2**31), 2**31 - 1),
            longitude_e7=st.integers(-(2**31), 2**31 - 1),
            speed_dkmh=st.integers(0, 2**32 - 1),
            heading_deg=st.integers(0, 2**32 - 1),
            accuracy_dm=st.integers(0, 2**32 - 1),
            odometer_dm=anything,
            altitude_m=st.integers(-(2**31), 2**31 - 1),
            positioned=st.booleans(),
        ),
        max_size=20,
    ),
    st.integers(0, 2**64 - 1),
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_terminal_sends_every_fix_is_kept_or_named(house: House, fixes: list[pb.Fix], batch: int) -> None:
    (answer,) = house.report(pb.ReportFixesRequest(batch=batch, fixes=fixes))
    assert answer.batch == batch
    assert answer.accepted + answer.refused_count == len(fixes)
    assert len({one.index for one in answer.refused}) == len(answer.refused)


def some(least: int, most: int) -> st.SearchStrategy[list[int]]:
    """A column of numbers at and between their limits, of the right length or not."""
    return st.lists(st.one_of(st.sampled_from([least, most, 0, 1]), st.integers(least, most)), max_size=12)


narrow, wide, unsigned = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1), (0, 2**32 - 1)


@given(
    st.builds(
        pb.FixColumns,
        vehicle_ids=st.lists(st.sampled_from(["lorry1", "lorry1", "other1", "", "\u0000", "𠮷" * 300]), max_size=5),
        vehicle=some(*unsigned), time_ms_delta=some(*wide), latitude_e7=some(*narrow), longitude_e7=some(*narrow),
        speed_dkmh=some(*unsigned), heading_deg=some(*unsigned), accuracy_dm=some(*unsigned), odometer_dm=some(*wide),
        flags=some(*unsigned),
    ),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_columns_hold_each_fix_is_kept_or_named_or_the_batch_refused(
    house: House, columns: pb.FixColumns, is_even: bool
) -> None:
    if is_even:
        even_out(columns)
    sent = pb.ReportFixesRequest(batch=7, columns=columns)
    before = refused_in_figures(house)
    try:
        (answer,) = house.report(sent)
    except Refused as refusal:
        assert refusal.reasons == {"BATCH_MALFORMED"}  # noqa: PT017
        assert not is_even
        return
    assert answer.accepted + answer.refused_count == len(columns.vehicle)
    assert len({one.index for one in answer.refused}) == answer.refused_count
    assert all(one.reason and one.field and one.text_zh and one.text_en for one in answer.refused)
    assert refused_in_figures(house) == before + answer.refused_count
    assert house.rows(a_fix(house.now)).accepted == 1, "the process is well"


def even_out(columns: pb.FixColumns) -> None:
    """Cut or lengthen every column to the first one's length."""
    count = len(columns.vehicle)
    for field in columns.DESCRIPTOR.fields:
        column = getattr(columns, field.name)
        if field.name not in ("vehicle_ids", "vehicle"):
            column[:] = ([*column] or [0]) * count
            del column[count:]


def refused_in_figures(house: House) -> int:
    with house.world.host.engine.connect() as connection:
        return int(connection.execute(text("SELECT coalesce(sum(fixes), 0) FROM monitoring_refused")).scalar_one())


def test_thousands_of_ids_in_a_batch_are_looked_up_and_named(house: House) -> None:
    count = 10_000
    fixes = [a_fix(house.now, f"nobody-{number}") for number in range(count - 1)]
    request = in_columns_of(fixes)
    request.columns.vehicle_ids.append("lorry1")
    request.columns.vehicle.append(count - 1)
    for name, value in (
        ("time_ms_delta", 0),
        ("latitude_e7", 226_000_000),
        ("longitude_e7", 1_140_500_000),
        ("speed_dkmh", 1),
    ):
        getattr(request.columns, name).append(value)
    request.columns.heading_deg.append(0)
    (answer,) = house.report(request)
    assert (answer.accepted, answer.refused_count, len(answer.refused)) == (1, count - 1, 100)
    assert {one.reason for one in answer.refused} == {"FIX_VEHICLE_UNKNOWN"}
    request.columns.vehicle_ids.append("one too many")
    with pytest.raises(Refused) as refusal:
        house.report(request)
    assert refusal.value.reasons == {"BATCH_TOO_LARGE"}


def in_columns_of(fixes: list[pb.Fix]) -> pb.ReportFixesRequest:
    """As ``in_columns``, for fixes each of another vehicle."""
    columns = pb.FixColumns(
        vehicle_ids=[fix.vehicle_id for fix in fixes],
        vehicle=range(len(fixes)),
        time_ms_delta=[fixes[0].time_ms] + [0] * (len(fixes) - 1),
        latitude_e7=[fix.latitude_e7 for fix in fixes],
        longitude_e7=[fix.longitude_e7 for fix in fixes],
        speed_dkmh=[fix.speed_dkmh for fix in fixes],
        heading_deg=[fix.heading_deg for fix in fixes],
    )
    return pb.ReportFixesRequest(batch=1, columns=columns)


def test_a_batch_larger_than_a_message_may_be_is_refused_and_the_next_is_taken(house: House) -> None:
    with pytest.raises(Refused):
        house.report(pb.ReportFixesRequest(batch=1, columns=pb.FixColumns(vehicle_ids=["x" * 5_000_000])))
    assert house.rows(a_fix(house.now)).accepted == 1
