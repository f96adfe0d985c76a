"""WB-10: nothing and nobody on two trips at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.model import (
    QualificationKind,
)
from services.waybill.facts import Busy
from services.waybill.model import Assignment, Role, State
from services.waybill.rules.busy import occupies
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    DEPARTURE,
    FACTS,
    NOW,
    SECOND,
    WAYBILL,
    errors,
    issue,
    knowing,
    person,
    without,
)


@pytest.mark.parametrize(
    ("start", "end", "refused"),
    [
        (DEPARTURE - timedelta(hours=2), DEPARTURE, False),
        (DEPARTURE - timedelta(hours=2), DEPARTURE + SECOND, True),
        (ARRIVAL, ARRIVAL + timedelta(hours=2), False),
        (ARRIVAL - SECOND, ARRIVAL + timedelta(hours=2), True),
        (DEPARTURE + SECOND, ARRIVAL - SECOND, True),
    ],
)
@pytest.mark.parametrize(
    "resource", ["vehicle/tractor", "vehicle/trailer", "tank/tank", "person/driver", "person/escort"]
)
def test_nothing_is_on_two_trips_at_once_to_the_second(resource: str, start, end, refused: bool) -> None:  # type: ignore[no-untyped-def]
    busy = Busy(resource=resource, waybill_id="w2", from_at=start, to_at=end)
    assert errors(issue(facts=replace(FACTS, busy=(busy,)))) == (["RESOURCE_BUSY"] if refused else [])


def test_the_trip_itself_does_not_count_as_another() -> None:
    busy = Busy(resource="vehicle/tractor", waybill_id="w1", from_at=DEPARTURE, to_at=ARRIVAL)
    assert issue(facts=replace(FACTS, busy=(busy,))) == ()


def test_a_number_that_may_not_be_known_is_not_told() -> None:
    busy = Busy(resource="person/driver", waybill_id="w2-secret", from_at=DEPARTURE, to_at=ARRIVAL)
    (finding,) = issue(facts=replace(FACTS, busy=(busy,)))
    assert "w2-secret" not in finding.zh + finding.en + finding.path


def test_a_driver_relieved_before_the_other_trip_begins_is_free() -> None:
    noon = DEPARTURE + timedelta(hours=2)
    others = (each for each in WAYBILL.assignments if each.role is not Role.DRIVER)
    first = Assignment(role=Role.DRIVER, resource_id="driver", to_at=noon)
    relieved = (*others, first, Assignment(role=Role.DRIVER, resource_id="second", from_at=noon))
    facts = knowing(FACTS, person("second", QualificationKind.DRIVER))
    busy = Busy(resource="person/driver", waybill_id="w2", from_at=noon, to_at=ARRIVAL)
    assert issue(replace(WAYBILL, assignments=relieved), replace(facts, busy=(busy,))) == ()


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_overlap_agrees_with_counting_every_minute(first: int, length: int, other: int, other_length: int) -> None:
    minute = timedelta(minutes=1)
    waybill = replace(WAYBILL, planned_departure=NOW + first * minute, planned_arrival=NOW + (first + length) * minute)
    twin = replace(
        waybill, id="w2", planned_departure=NOW + other * minute, planned_arrival=NOW + (other + other_length) * minute
    )
    shared = set(range(first, first + length)) & set(range(other, other + other_length))
    found = issue(waybill, replace(FACTS, busy=occupies(twin)))
    assert (errors(found) == ["RESOURCE_BUSY"]) == bool(shared)


def test_an_unloaded_lorry_is_free_though_nobody_signed() -> None:
    arrived = replace(WAYBILL, state=State.ARRIVED, departed_at=DEPARTURE, unloaded_at=DEPARTURE + SECOND)
    assert {(busy.to_at, busy.under_way) for busy in occupies(arrived)} == {(DEPARTURE + SECOND, False)}


def test_the_finding_names_what_is_busy_and_the_other_trip_where_it_may() -> None:
    shared = ("vehicle/tractor", "tank/tank", "person/driver")
    busy = tuple(
        Busy(resource=name, waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL, waybill_number="C2") for name in shared
    )
    (finding,) = issue(facts=replace(FACTS, busy=busy))
    for text in (finding.zh, finding.en):
        assert all(word in text for word in ("粤B12345", "G1", "driver", "C2"))


def test_whoever_leaves_at_the_departure_is_not_on_the_trip() -> None:
    first = replace(WAYBILL.assignments[3], to_at=DEPARTURE)
    waybill = replace(WAYBILL, assignments=(*without(Role.DRIVER).assignments, first))
    assert "person/driver" not in {busy.resource for busy in occupies(waybill)}


def test_two_other_trips_are_two_findings() -> None:
    busy = tuple(Busy(resource="tank/tank", waybill_id=name, from_at=DEPARTURE, to_at=ARRIVAL) for name in ("w2", "w3"))
    assert errors(issue(facts=replace(FACTS, busy=busy))) == ["RESOURCE_BUSY"] * 2


def test_things_of_two_kinds_with_one_id_are_two_things() -> None:
    assignments = tuple(replace(each, resource_id="one") for each in WAYBILL.assignments[:4])
    waybill = replace(WAYBILL, assignments=assignments)
    assert {busy.resource for busy in occupies(waybill)} == {"vehicle/one", "tank/one", "person/one"}
    for kind in ("vehicle", "tank", "person"):
        busy = Busy(resource=f"{kind}/one", waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL)
        assert "RESOURCE_BUSY" in errors(issue(waybill, replace(FACTS, busy=(busy,))))
    elsewhere = Busy(resource="tank/driver", waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL)
    assert issue(facts=replace(FACTS, busy=(elsewhere,))) == ()
