"""A merged vehicle, and a person whom two carriers employ: one thing, on one trip at a time, by whatever name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from hazway import ids
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as pb
from services import waybill as waybills
from services.waybill.occupancy.store import STRETCH
from tests.cast import (
    CARRIER,
    RIVAL,
    TRANSPORT,
    Cast,
    a_person,
    a_tank,
    a_vehicle,
    a_waybill,
    put_fleet,
)

SOON = datetime(2026, 11, 2, 2, tzinfo=UTC)


def merge(cast: Cast, kept: str, merged: str) -> Any:
    request = registry.MergeVehiclesRequest(
        request_id=ids.new_id(), kept_id=kept, merged_id=merged, document="补证证明"
    )
    return cast.register(request, TRANSPORT)


def of(message: pb.Waybill, role: int, resource: str) -> pb.Waybill:
    for each in message.assignments:
        if each.role == role:
            each.resource_id = resource
    return message


def reasons_of(cast: Cast, message: pb.Waybill, by: str = CARRIER) -> set[str]:
    try:
        cast.issue(message, by)
    except Refused as refused:
        return set(refused.reasons)
    return set()


def sound_line(cast: Cast) -> None:
    """Every trip stands on the stretch of its resource's number, and no number is shared but by one thing's names."""
    with cast.world.host.engine.begin() as connection:
        strayed = connection.execute(
            text(f"SELECT count(*) FROM waybill_occupancy WHERE NOT slots <@ int8range(resource * {STRETCH}, (resource + 1) * {STRETCH})")
        ).scalar()  # fmt: skip
    assert strayed == 0


def test_a_merged_tractor_is_on_one_trip_at_a_time_under_its_old_and_its_new_id(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    before = cast.issue(a_waybill()).waybill
    merge(cast, "tractor-2", "tractor")
    assert "RESOURCE_BUSY" in reasons_of(cast, a_waybill(suffix="-2"))
    later = SOON + timedelta(hours=5)
    cast.issue(a_waybill(suffix="-2", departure=later))
    again = of(a_waybill(departure=later), pb.ROLE_TRACTOR, "tractor")
    with pytest.raises(Refused) as refused:
        cast.issue(again)
    assert set(refused.value.reasons) == {"RESOURCE_BUSY"}
    assert refused.value.faults[0].zh.startswith("粤B11002")  # named by the plate of the entry that was kept
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=before.id, reason="改派"))
    assert not reasons_of(cast, a_waybill(suffix="-2"))
    sound_line(cast)


def test_two_entries_on_trips_at_one_time_are_not_merged_until_one_trip_is_over(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    first = cast.issue(a_waybill()).waybill
    cast.issue(a_waybill(suffix="-2", departure=SOON + timedelta(hours=1)))
    with pytest.raises(Refused) as refused:
        merge(cast, "tractor-2", "tractor")
    assert list(refused.value.reasons) == ["MERGE_REFUSED"]
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=first.id, reason="改派"))
    merge(cast, "tractor-2", "tractor")
    assert "RESOURCE_BUSY" in reasons_of(cast, a_waybill())
    sound_line(cast)


def test_what_names_the_merged_vehicle_names_the_one_that_was_kept(cast: Cast) -> None:
    """A tank fixed on the old entry, and a pass for it, go on being good; a pass for another lorry does not."""
    put_fleet(cast, "-2", 2)
    pass_ = registry.Permit(
        id="pass-1", kind=registry.PERMIT_KIND_ZONE_PASS, number="P-1", issuer="公安局", organisation_id=CARRIER,
        vehicle_ids=["trailer", "tractor"],
    )  # fmt: skip
    pass_.valid_from.FromDatetime(SOON - timedelta(days=1))
    pass_.valid_to.FromDatetime(SOON + timedelta(days=9))
    cast.register(registry.PutPermitRequest(permit=pass_), "operator")
    merge(cast, "trailer-2", "trailer")
    message = of(a_waybill(), pb.ROLE_TRAILER, "trailer-2")
    assert not reasons_of(cast, message)
    permits = cast.call(
        CARRIER, "hazway.registry.v1.RegistryService/ListPermits", registry.ListPermitsRequest()
    ).permits
    assert [sorted(each.vehicle_ids) for each in permits] == [["tractor", "trailer-2"]]
    tank = cast.call(CARRIER, "hazway.registry.v1.RegistryService/GetTank", registry.GetTankRequest(tank_id="tank"))
    assert tank.fixed_on == "trailer-2"
    assert cast.register(registry.PutTankRequest(tank=a_tank(fixed_on="trailer"))).tank.fixed_on == "trailer-2"


def subjects_of(cast: Cast, vehicle_id: str, **period: datetime) -> list[str]:
    """What the record of a vehicle is told to reach: trips by the ids of their waybills."""
    with cast.world.host.engine.begin() as connection:
        call: Any = SimpleNamespace(transaction=connection)
        found = waybills.subjects_of_vehicle(call, vehicle_id, period.get("start"), period.get("end"))
    return [each.removeprefix("waybill/") for each in found]


def test_the_record_of_a_vehicle_reaches_its_void_trips_and_those_of_its_other_name(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    first = cast.issue(a_waybill()).waybill
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=first.id, reason="改派"))
    second = cast.issue(a_waybill(suffix="-2", departure=SOON + timedelta(days=1))).waybill
    assert subjects_of(cast, "tractor") == [first.id]
    assert subjects_of(cast, "tractor-2") == [second.id]
    merge(cast, "tractor-2", "tractor")
    assert subjects_of(cast, "tractor-2") == subjects_of(cast, "tractor") == [first.id, second.id]
    assert subjects_of(cast, "tractor", start=SOON + timedelta(hours=5)) == [second.id]
    assert subjects_of(cast, "tractor", end=SOON) == []
    assert subjects_of(cast, "tractor", end=SOON + timedelta(hours=1)) == [first.id]
    assert subjects_of(cast, "trailer") == [first.id]


def test_a_third_name_leads_on_too(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    cast.register(registry.PutVehicleRequest(vehicle=a_vehicle("tractor-3", CARRIER, 3)))
    cast.issue(a_waybill())
    merge(cast, "tractor-2", "tractor")
    merge(cast, "tractor-3", "tractor-2")
    for name in ("tractor", "tractor-2", "tractor-3"):
        assert "RESOURCE_BUSY" in reasons_of(cast, of(a_waybill(suffix="-2"), pb.ROLE_TRACTOR, name))
    sound_line(cast)


def the_driver_of_both(cast: Cast, number: int = 2) -> None:
    """The rival has a fleet of its own, and a driver with the identity number of the carrier's driver (of ``number``)."""
    put_fleet(cast, "-r", 5, RIVAL)
    moonlighter = a_person("driver-r", RIVAL, number)
    cast.register(registry.PutPersonRequest(person=moonlighter), RIVAL)


def of_the_rival() -> pb.Waybill:
    return a_waybill(suffix="-r", carrier=RIVAL)


def test_one_person_at_two_employers_is_on_one_trip_at_a_time_and_neither_learns_of_the_other(cast: Cast) -> None:
    the_driver_of_both(cast)
    cast.issue(a_waybill())
    with pytest.raises(Refused) as refused:
        cast.issue(of_the_rival(), RIVAL)
    assert set(refused.value.reasons) == {"RESOURCE_BUSY"}
    told = " ".join(fault.zh + fault.en for fault in refused.value.faults)
    assert CARRIER not in told
    assert "龙岗安达" not in told
    assert not reasons_of(cast, a_waybill(suffix="-r", carrier=RIVAL, departure=SOON + timedelta(hours=5)), RIVAL)
    person = registry.GetPersonRequest(person_id="driver-r")
    get = "hazway.registry.v1.RegistryService/GetPerson"
    own = cast.call(RIVAL, get, person)
    assert (list(own.same_person_ids), own.identity_number) == ([], "")
    assert {each.carrier_id for each in own.employment} == {RIVAL}
    assert list(cast.call("operator", get, person).same_person_ids) == ["driver"]
    seen = cast.call(TRANSPORT, get, person, purpose="查验")
    assert (list(seen.same_person_ids), seen.identity_number) == (["driver"], "")
    sound_line(cast)


def test_a_number_mistyped_and_corrected_ties_nobody_to_a_stranger(cast: Cast) -> None:
    the_driver_of_both(cast)
    cast.issue(of_the_rival(), RIVAL)
    assert "RESOURCE_BUSY" in reasons_of(cast, a_waybill())
    cast.register(registry.PutPersonRequest(person=a_person("driver-r", RIVAL, 77)), RIVAL)
    assert not reasons_of(cast, a_waybill())
    sound_line(cast)


def test_two_entries_on_trips_already_are_told_apart_no_longer_and_their_trips_stay(cast: Cast) -> None:
    put_fleet(cast, "-r", 5, RIVAL)
    cast.issue(a_waybill())
    theirs = cast.issue(of_the_rival(), RIVAL).waybill
    the_driver = a_person("driver-r", RIVAL, 2)
    cast.register(registry.PutPersonRequest(person=the_driver), RIVAL)
    kept = cast.call(RIVAL, "GetWaybill", pb.GetWaybillRequest(waybill_id=theirs.id))
    assert kept.state == pb.STATE_ISSUED
    sound_line(cast)
