"""At the gate nothing leaves by default: clearance, terminal, and whatever changed since the issue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.model import QualificationKind, TankCondition, TankState
from services.waybill.facts import Busy, Positioning
from services.waybill.model import State, WaybillKind
from services.waybill.rules.busy import occupies
from services.zones.passed import RouteZone, RouteZoneAction, RouteZoneKind
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    CLEARANCE,
    DAY,
    DEPARTURE,
    FACTS,
    LOADED,
    NOW,
    PETROL,
    SECOND,
    TANK,
    WAYBILL,
    depart,
    errors,
    knowing,
    person,
)

EMPTY = replace(WAYBILL, kind=WaybillKind.EMPTY_RETURN, loader=None, goods=(replace(PETROL, mass_g=0),))


def test_a_cleared_lorry_departs() -> None:
    assert depart() == ()


def test_a_lorry_without_clearance_stays() -> None:
    assert errors(depart(clearance=None)) == ["CLEARANCE_MISSING"]
    assert errors(depart(replace(LOADED, state=State.ISSUED), clearance=None)) == ["CLEARANCE_MISSING"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"waybill_id": "w2"}, "CLEARANCE_MISSING"),
        ({"revision": 2}, "CLEARANCE_VOID"),
        ({"revision": 0}, "CLEARANCE_VOID"),
        ({"voided_at": NOW}, "CLEARANCE_VOID"),
        ({"granted_at": NOW + SECOND}, "TOO_EARLY"),
    ],
)
def test_a_clearance_that_differs_in_one_thing_clears_nothing(change: dict[str, object], reason: str) -> None:
    assert errors(depart(clearance=replace(CLEARANCE, **change))) == [reason]  # type: ignore[arg-type]


def test_a_void_clearance_says_why() -> None:
    (finding,) = depart(clearance=replace(CLEARANCE, voided_at=NOW, void_reason="质量更正"))
    assert "质量更正" in finding.zh


@given(st.integers(1, 4), st.integers(1, 4))
def test_only_the_clearance_of_this_revision_counts(revision: int, cleared: int) -> None:
    found = errors(depart(replace(LOADED, revision=revision), clearance=replace(CLEARANCE, revision=cleared)))
    assert found == ([] if revision == cleared else ["CLEARANCE_VOID"])


def test_a_waybill_under_correction_stays() -> None:
    assert errors(depart(replace(LOADED, under_correction="r2"))) == ["REVISION_OPEN"]


def test_a_paper_that_ended_since_the_issue_holds_the_lorry() -> None:
    facts = knowing(FACTS, person("driver", QualificationKind.DRIVER, DAY - timedelta(days=1)))
    assert errors(depart(facts=facts)) == ["QUALIFICATION_EXPIRED"]


def test_a_late_start_is_judged_by_when_it_would_arrive_now() -> None:
    facts = replace(FACTS, positioning={"tractor": Positioning(last_fix_at=NOW + timedelta(hours=12))})
    just = NOW + timedelta(hours=12) - SECOND  # arrives at 23:59:59
    assert depart(facts=facts, at=just) == ()
    assert set(errors(depart(facts=facts, at=just + SECOND))) == {
        "CARRIER_LICENCE_INVALID", "INSPECTION_EXPIRED", "QUALIFICATION_EXPIRED",
    }  # fmt: skip


def test_a_late_start_meets_the_ban_it_was_planned_around() -> None:
    hour = timedelta(hours=1)
    zone = RouteZone(
        zone_id="z1", name="禁行路", kind=RouteZoneKind.TIME_BANNED_ROAD, action=RouteZoneAction.FORBID,
        enter_at=DEPARTURE + hour, leave_at=DEPARTURE + 2 * hour, windows=((DEPARTURE + 2 * hour, DEPARTURE + 3 * hour),),
    )  # fmt: skip
    facts = replace(FACTS, zones=(zone,), positioning={"tractor": Positioning(last_fix_at=NOW)})
    assert depart(facts=facts) == ()
    assert errors(depart(facts=facts, at=NOW + SECOND)) == ["ZONE_FORBIDDEN"]


def test_another_trip_not_unloaded_yet_holds_the_lorry_whatever_was_planned() -> None:
    busy = Busy(
        resource="tank/tank", waybill_id="w2", from_at=DEPARTURE - timedelta(hours=9), to_at=DEPARTURE - timedelta(hours=1),
        under_way=True,
    )  # fmt: skip
    assert errors(depart(facts=replace(FACTS, busy=(busy,)))) == ["RESOURCE_BUSY"]
    assert depart(facts=replace(FACTS, busy=(replace(busy, under_way=False),))) == ()


def test_a_plan_for_later_does_not_hold_the_lorry() -> None:
    busy = Busy(resource="tank/tank", waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL)
    assert depart(facts=replace(FACTS, busy=(busy,))) == ()


@pytest.mark.parametrize(
    ("age", "refused"), [(timedelta(hours=24), False), (timedelta(hours=24) + SECOND, True), (None, True)]
)
def test_the_terminal_had_a_fix_within_a_day_to_the_second(age: timedelta | None, refused: bool) -> None:
    last = None if age is None else NOW - age
    facts = replace(FACTS, positioning={"tractor": Positioning(last_fix_at=last)})
    assert errors(depart(facts=facts)) == (["POSITIONING_SILENT"] if refused else [])


def test_a_terminal_nothing_is_known_of_is_silent() -> None:
    assert errors(depart(facts=replace(FACTS, positioning={}))) == ["POSITIONING_SILENT"]


def test_an_empty_return_departs_without_clearance_and_a_normal_trip_never_does() -> None:
    back = replace(EMPTY, state=State.ISSUED)
    assert errors(depart(back, clearance=None)) == []
    assert errors(depart(replace(back, kind=WaybillKind.NORMAL), clearance=None))


@pytest.mark.parametrize("condition", [TankCondition.LOADED, TankCondition.PART])
def test_an_empty_return_is_no_way_round_the_loader(condition: TankCondition) -> None:
    full = replace(TANK, state=TankState(condition=condition, last_un_numbers=("1203",)))
    found = depart(replace(EMPTY, state=State.ISSUED), knowing(FACTS, full), clearance=None)
    assert errors(found) == ["TANK_NOT_EMPTY"]


def test_an_empty_return_does_not_carry_a_gram() -> None:
    with_goods = replace(EMPTY, state=State.ISSUED, goods=(replace(PETROL, mass_g=1),))
    assert errors(depart(with_goods, clearance=None)) == ["FIELD_INVALID"]


def test_a_diversion_takes_over_the_trip_it_follows() -> None:
    first = replace(WAYBILL, id="w0", state=State.IN_TRANSIT, departed_at=NOW)
    diverted = replace(WAYBILL, state=State.ISSUED, kind=WaybillKind.DIVERTED, replaces="w0", loader=None)
    facts = replace(FACTS, replaced=first, busy=occupies(first))
    assert errors(depart(diverted, facts, clearance=None)) == []
    assert "RESOURCE_BUSY" in errors(depart(replace(LOADED), facts))
