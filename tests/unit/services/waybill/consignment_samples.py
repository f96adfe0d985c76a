"""A sound consignment list of 28 t of petrol for the trip of ``petrol_trip``, to be bent by one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.waybill.consignment.model import ConsignmentLine, ConsignmentList, ListState, SafetyAdvice
from services.waybill.model import Party, Place

ADVICE = SafetyAdvice(
    hazard_properties="易燃液体，蒸气与空气可形成爆炸性混合物", precautions="远离火种、热源", first_aid="移至空气新鲜处，就医",
    fire_fighting="泡沫、干粉", spill_handling="切断火源，用沙土吸收", secondary_pollution="防止流入下水道",
)  # fmt: skip
LINE = ConsignmentLine(
    number=1, un_number="1203", name="车用汽油", hazard_class="3", packing_group="II", mass_g=28_000_000, mode="tank",
    safety=ADVICE,
)  # fmt: skip


def a_list(list_id: str = "l1", *lines: ConsignmentLine, **changes: Any) -> ConsignmentList:
    parties: dict[str, Any] = {
        name: Party(name=name, organisation_id=name) for name in ("consignor", "carrier", "loader", "consignee")
    }
    accepted = ConsignmentList(
        id=list_id, **parties, origin=Place(name="油库"), destination=Place(name="加油站"), lines=lines or (LINE,),
        emergency_phone="0755-12345678", state=ListState.ACCEPTED,
    )  # fmt: skip
    return replace(accepted, **changes)
