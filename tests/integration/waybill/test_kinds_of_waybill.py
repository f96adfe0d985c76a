"""What is not a plain trip, each from the issue to the last signature: going home empty, with residue, turned away, sent
elsewhere, taken over after an accident; and a waybill issued where there was no network."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hazway import roadside, trust
from hazway.refusal.v1 import refusal_pb2 as refusal
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.roadside import Verdict
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from tests.cast import CARRIER, CONSIGNEE, LOADER, POLICE, REGISTRY, RIVAL, Cast, a_waybill, put_fleet
from tests.integration.waybill.test_waybill_life import arrives, departs, read

KG = 1000


def after(cast: Cast, trip: pb.Waybill, kind: pb.WaybillKind.ValueType, mass_g: int, **options: Any) -> pb.Waybill:
    """A sound waybill of that kind that follows the trip, leaving in half an hour; nobody loads anything for it."""
    message = a_waybill(departure=cast.world.clock.now() + timedelta(minutes=30), **options)
    message.kind, message.replaces, message.goods[0].mass_g = kind, trip.id, mass_g
    message.ClearField("loader")
    return message


def home(message: pb.Waybill, consignee: str) -> pb.Waybill:
    """The same, back to where the trip began."""
    message.consignee.CopyFrom(pb.Party(name=consignee, organisation_id=consignee, phone="0755-00000000"))
    message.origin.name, message.destination.name = message.destination.name, message.origin.name
    return message


def reasons(cast: Cast, message: pb.Waybill, by: str = CARRIER) -> frozenset[str]:
    with pytest.raises(Refused) as refused:
        cast.issue(message, by=by)
    return refused.value.reasons


def leaves(cast: Cast, message: pb.Waybill, by: str = CARRIER) -> pb.Waybill:
    """Issued, and on the way half an hour later without anybody's clearance."""
    issued = cast.issue(message, by=by).waybill
    cast.world.clock.advance(minutes=30)
    departed: pb.Waybill = cast.call(by, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=issued.id)).waybill
    assert departed.state == pb.STATE_IN_TRANSIT
    return departed


def ends(cast: Cast, trip: pb.Waybill, consignee: str, by: str = CARRIER) -> pb.Waybill:
    cast.world.clock.advance(hours=1)
    cast.call(by, "ArriveWaybill", pb.ArriveWaybillRequest(waybill_id=trip.id))
    cast.call(consignee, "SignDelivery", pb.SignDeliveryRequest(waybill_id=trip.id, signed_by="值班员"))
    ended = cast.call(by, "GetWaybill", pb.GetWaybillRequest(waybill_id=trip.id))
    assert ended.state == pb.STATE_COMPLETED
    return ended


def condition(cast: Cast, tank: str = "tank") -> int:
    return cast.call(CARRIER, f"{REGISTRY}/GetTank", registry.GetTankRequest(tank_id=tank)).state.condition


def takes_deliveries(cast: Cast, organisation: str) -> None:
    known = cast.call(
        CARRIER, f"{REGISTRY}/GetOrganisation", registry.GetOrganisationRequest(organisation_id=organisation)
    )
    known.kinds.append(registry.ORGANISATION_KIND_CONSIGNEE)
    cast.register(registry.RegisterOrganisationRequest(organisation=known), by="operator")


def said_at_the_roadside(cast: Cast, trip: pb.Waybill, by: str = CARRIER) -> tuple[str, str, int]:
    """The verdict of an inspector, and what he reads of the goods."""
    cast.world.clock.advance(minutes=10)
    cast.world.settle()
    day = cast.call(POLICE, "GetDayBundle", pb.GetDayBundleRequest()).bundle
    code = cast.call(by, "GetRoadsideCode", pb.GetRoadsideCodeRequest(waybill_id=trip.id)).code
    known = trust.parse(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))
    answer = roadside.check(code, day, known, cast.world.clock.now())
    assert (answer.verdict, answer.content is None) == (Verdict.VALID, False)
    (line,) = answer.content.goods if answer.content else ()
    return line.un_number, line.name, line.quantity


def test_what_a_station_could_not_take_goes_home_as_residue_and_the_tank_then_goes_empty(cast: Cast) -> None:
    takes_deliveries(cast, LOADER)
    trip = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, trip))
    part = pb.SignDeliveryRequest(waybill_id=trip.id, signed_by="陈站长")
    part.received.add(goods_number=1, delivered_g=25_000 * KG, returned_g=3_000 * KG)
    assert cast.call(CONSIGNEE, "SignDelivery", part).waybill.state == pb.STATE_COMPLETED
    assert condition(cast) == registry.TANK_CONDITION_PART
    # It is not empty, whatever the paper would say, nor does more go home than was brought.
    empty = cast.issue(home(after(cast, trip, pb.WAYBILL_KIND_EMPTY_RETURN, 0), LOADER)).waybill
    cast.world.clock.advance(minutes=30)
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=empty.id))
    assert refused.value.reasons == {"TANK_NOT_EMPTY"}
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=empty.id, reason="罐内有余液"))
    more = home(after(cast, trip, pb.WAYBILL_KIND_RESIDUE_RETURN, 28_001 * KG), LOADER)
    assert reasons(cast, more) == {"FIELD_INVALID"}
    turned_away = home(after(cast, trip, pb.WAYBILL_KIND_REFUSED_RETURN, 3_000 * KG + 1), LOADER)
    assert reasons(cast, turned_away) == {"FIELD_INVALID"}  # by a gram more than is left aboard
    turned_away.goods[0].mass_g -= 1
    assert cast.issue(turned_away, validate_only=True).waybill.goods[0].mass_g == 3_000 * KG
    residue = leaves(cast, home(after(cast, trip, pb.WAYBILL_KIND_RESIDUE_RETURN, 3_000 * KG), LOADER))
    assert said_at_the_roadside(cast, residue) == ("1203", "车用汽油", 3_000)
    ends(cast, residue, LOADER)
    assert condition(cast) == registry.TANK_CONDITION_EMPTY_UNCLEANED
    back = leaves(cast, home(after(cast, residue, pb.WAYBILL_KIND_EMPTY_RETURN, 0), LOADER))
    assert said_at_the_roadside(cast, back) == ("1203", "空车（前装）车用汽油", 0)
    ends(cast, back, LOADER)
    assert condition(cast) == registry.TANK_CONDITION_EMPTY_UNCLEANED


def test_goods_turned_away_go_home_whole_and_are_signed_for_there(cast: Cast) -> None:
    takes_deliveries(cast, LOADER)
    trip = cast.issue(a_waybill()).waybill
    assert reasons(cast, home(after(cast, trip, pb.WAYBILL_KIND_REFUSED_RETURN, 28_000 * KG), LOADER)) == {
        "LINK_MISSING"
    }
    arrives(cast, departs(cast, trip))
    turned_away = pb.SignDeliveryRequest(waybill_id=trip.id, signed_by="陈站长", refused_reason="质量不合格")
    assert cast.call(CONSIGNEE, "SignDelivery", turned_away).waybill.state == pb.STATE_REJECTED
    back = leaves(cast, home(after(cast, trip, pb.WAYBILL_KIND_REFUSED_RETURN, 28_000 * KG), LOADER))
    assert said_at_the_roadside(cast, back) == ("1203", "车用汽油", 28_000)
    ends(cast, back, LOADER)
    assert condition(cast) == registry.TANK_CONDITION_EMPTY_UNCLEANED


def test_a_load_turned_away_goes_on_to_somebody_else_with_the_same_lorry(cast: Cast) -> None:
    takes_deliveries(cast, LOADER)
    trip = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, trip))
    turned_away = pb.SignDeliveryRequest(waybill_id=trip.id, signed_by="陈站长", refused_reason="罐容不足")
    cast.call(CONSIGNEE, "SignDelivery", turned_away)
    elsewhere = after(cast, trip, pb.WAYBILL_KIND_DIVERTED, 28_000 * KG)
    elsewhere.consignee.CopyFrom(pb.Party(name="盐田油库", organisation_id=LOADER, phone="0755-00000000"))
    elsewhere.destination.name, elsewhere.destination.division_code = "盐田油库", "440308"
    unlinked = pb.Waybill()
    unlinked.CopyFrom(elsewhere)
    unlinked.ClearField("replaces")
    assert reasons(cast, unlinked) == {"LINK_MISSING"}
    diverted = leaves(cast, elsewhere)
    assert said_at_the_roadside(cast, diverted) == ("1203", "车用汽油", 28_000)
    ends(cast, diverted, LOADER)
    assert read(cast, trip).state == pb.STATE_REJECTED


def test_after_an_accident_another_carrier_takes_over_by_order_of_the_regulator(cast: Cast) -> None:
    put_fleet(cast, "-rescue", 7, RIVAL)
    cast.heard_of("tractor-rescue")
    trip = cast.issue(a_waybill()).waybill
    departs(cast, trip)
    cast.heard_of("tractor-rescue")
    rescue = after(cast, trip, pb.WAYBILL_KIND_RESCUE, 28_000 * KG, suffix="-rescue", carrier=RIVAL)
    assert reasons(cast, rescue, by=RIVAL) == {"LINK_MISSING"}
    rescue.authority = "深圳市应急管理局"
    taken = leaves(cast, rescue, by=RIVAL)
    assert (taken.authority, taken.replaces) == ("深圳市应急管理局", trip.id)
    assert said_at_the_roadside(cast, taken, by=RIVAL) == ("1203", "车用汽油", 28_000)
    ends(cast, taken, CONSIGNEE, by=RIVAL)


def test_a_waybill_issued_without_a_network_is_handed_in_later_and_a_day_late_it_says_so(cast: Cast) -> None:
    numbers = cast.call(CARRIER, "AllotNumbers", pb.AllotNumbersRequest(size=2)).numbers
    offline_at = cast.world.clock.now()
    put_fleet(cast, "-2", 2)
    for number, suffix, hours, late in ((numbers[0], "", 24, False), (numbers[1], "-2", 1, True)):
        cast.world.clock.advance(hours=hours)
        message = a_waybill(departure=offline_at + timedelta(hours=1), suffix=suffix)
        message.issued_offline_at.FromDatetime(offline_at)
        answer = cast.issue(message, offline_number=number)
        assert answer.waybill.number == number
        warned = [finding for finding in answer.warnings if finding.reason == refusal.REASON_OFFLINE_UPLOAD_LATE]
        assert bool(warned) is late
