"""Consignment lists of the cast: 28 t of petrol from the depot to the station, sent, accepted and drawn on."""

from __future__ import annotations

from typing import Any

from hazway import ids
from hazway.waybill.v1 import consignment_pb2 as pb
from hazway.waybill.v1 import waybill_pb2
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, LOADER, Cast, a_party, a_waybill

SERVICE = "hazway.waybill.v1.ConsignmentService"


def a_list(*masses_g: int, **changes: Any) -> pb.ConsignmentList:
    """One line of petrol for each of the masses, 28 t when none is told."""
    trip = a_waybill()
    message = pb.ConsignmentList(
        id=ids.new_id(), number="T-1", consignor=a_party(CONSIGNOR), carrier=a_party(CARRIER), loader=a_party(LOADER),
        consignee=a_party(CONSIGNEE), origin=trip.origin, destination=trip.destination, emergency_phone="0755-12345678",
    )  # fmt: skip
    for number, mass_g in enumerate(masses_g or (28_000_000,), start=1):
        message.lines.append(a_line(number, mass_g))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def a_line(number: int = 1, mass_g: int = 28_000_000) -> pb.ConsignmentLine:
    advice = pb.SafetyAdvice(
        hazard_properties="易燃液体，蒸气与空气可形成爆炸性混合物", precautions="远离火种、热源", first_aid="移至空气新鲜处，就医",
        fire_fighting="泡沫、干粉", spill_handling="切断火源，用沙土吸收", secondary_pollution="防止流入下水道",
    )  # fmt: skip
    return pb.ConsignmentLine(
        number=number, un_number="1203", name="车用汽油", hazard_class="3", packing_group="II", mass_g=mass_g, mode="tank",
        safety=advice,
    )  # fmt: skip


def call(cast: Cast, by: str, method: str, request: Any, **options: Any) -> Any:
    return cast.call(by, f"{SERVICE}/{method}", request, **options)


def send(cast: Cast, message: pb.ConsignmentList, by: str = CONSIGNOR) -> pb.ConsignmentList:
    request = pb.CreateConsignmentListRequest(consignment_list=message)
    answer: pb.ConsignmentList = call(cast, by, "CreateConsignmentList", request).consignment_list
    return answer


def accept(cast: Cast, message: pb.ConsignmentList, by: str = CARRIER) -> pb.ConsignmentList:
    request = pb.AcceptConsignmentListRequest(consignment_list_id=message.id, revision=message.revision)
    answer: pb.ConsignmentList = call(cast, by, "AcceptConsignmentList", request).consignment_list
    return answer


def accepted(cast: Cast, *masses_g: int, **changes: Any) -> pb.ConsignmentList:
    return accept(cast, send(cast, a_list(*masses_g, **changes)))


def read(cast: Cast, message: pb.ConsignmentList, by: str = CONSIGNOR, **options: Any) -> pb.ConsignmentList:
    request = pb.GetConsignmentListRequest(consignment_list_id=message.id)
    answer: pb.ConsignmentList = call(cast, by, "GetConsignmentList", request, **options)
    return answer


def a_waybill_for(*lists: pb.ConsignmentList, mass_g: int = 28_000_000, **options: Any) -> waybill_pb2.Waybill:
    """The cast's trip, carried for these lists."""
    message = a_waybill(**options)
    message.consignment_list_ids.extend(each.id for each in lists)
    message.goods[0].mass_g = mass_g
    return message
