"""Examples for the page that explains the contract: a petrol trip, invented, and for the rest the required fields filled."""

from __future__ import annotations

import json
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

_MOMENT = "2026-11-02T08:00:00+08:00"
_ID = "019a3f6e-5b00-7c3d-9a41-2f6b8c0d1e2f"
_TEXTS = {
    "un_number": "1203", "hazard_class": "3", "name": "车用汽油", "mode": "tank", "iso": "2026-11-02", "plate": "粤B11001",
    "reason": "客户改期", "signed_by": "陈站长", "url": "https://fleet.example/hazway", "province": "44",
    "secret": "at-least-sixteen-characters", "system": "tms", "number": "A-17", "organisation": "carrier", "code": "378062", "attendee_ids": "driver",
    "subject": f"waybill/{_ID}", "period": "2026-11",
    "refused_reason": "数量不符", "content": "汽油易燃，禁止烟火", "scale": "1号地磅", "division_code": "440300",
    "emergency_phone": "0755-12345678", "issuer": "深圳市公安局", "demand": "请说明情况", "answer": "已整改", "vin": "LHAZWAYR000000001",
    "json": '{"billNo": "20261102000001", "numberPlate": "粤B11001-黄", "chemicalName": "车用汽油"}',
}  # fmt: skip
# Ids that say what they are of.
_IDS = {
    "organisation_id": "carrier", "carrier_id": "carrier", "vehicle_id": "tractor", "tank_id": "tank", "person_id": "driver",
    "checked_by_id": "supervisor", "incoming_id": "tractor-2", "kept_id": "tractor", "merged_id": "tractor-2",
}  # fmt: skip


def _party(name: str, organisation: str) -> dict[str, Any]:
    return {"name": name, "phone": "0755-00000000", "organisation_id": organisation}


_WAYBILL = {
    "id": _ID,
    "kind": "WAYBILL_KIND_NORMAL",
    "consignor": _party("盐田石油销售公司", "consignor"),
    "carrier": _party("龙岗安达危货运输公司", "carrier"),
    "loader": _party("盐田油库", "loader"),
    "consignee": _party("龙岗加油站", "consignee"),
    "origin": {"name": "盐田油库", "division_code": "440308"},
    "destination": {"name": "龙岗加油站", "division_code": "440307"},
    "planned_departure": "2026-11-02T10:00:00+08:00",
    "planned_arrival": "2026-11-02T14:00:00+08:00",
    "goods": [
        {"number": 1, "un_number": "1203", "name": "车用汽油", "hazard_class": "3", "packing_group": "II", "mode": "tank",
         "mass_g": "28000000", "density_mg_per_ml": "740", "compartment": 1},
    ],
    "assignments": [
        {"role": f"ROLE_{name.upper()}", "resource_id": name} for name in ("tractor", "trailer", "tank", "driver", "escort")
    ],
    "dispatcher": "王调度",
    "emergency_phone": "0755-12345678",
    "external_refs": [{"system": "tms", "number": "A-17"}],
}  # fmt: skip
_CONSIGNMENT_LIST = {
    "id": _ID,
    **{name: _WAYBILL[name] for name in ("consignor", "carrier", "loader", "consignee", "origin", "destination")},
    "emergency_phone": "0755-12345678",
    "lines": [
        {"number": 1, "un_number": "1203", "name": "车用汽油", "hazard_class": "3", "packing_group": "II", "mode": "tank",
         "mass_g": "56000000",
         "safety": {"hazard_properties": "极易燃液体，蒸气与空气可形成爆炸性混合物", "precautions": "防静电，远离火种",
                    "first_aid": "移至空气新鲜处，用肥皂水冲洗皮肤", "fire_fighting": "泡沫、干粉灭火",
                    "spill_handling": "切断火源，用沙土吸附", "secondary_pollution": "围堵，防止流入下水道"}},
    ],
}  # fmt: skip
_LAST_DAY = {"iso": "2027-12-31"}
_WHOLE: dict[str, Any] = {
    "hazway.registry.v1.Organisation": {
        "id": "carrier", "name": "龙岗安达危货运输公司", "credit_code": "91430100MAD0000431",
        "kinds": ["ORGANISATION_KIND_CARRIER"], "division_code": "440307", "phone": "0755-00000000",
    },
    "hazway.registry.v1.Licence": {
        "id": "licence-carrier", "kind": "LICENCE_KIND_ROAD_OPERATION", "number": "440307000001", "organisation_id": "carrier",
        "scope_text": "危险货物运输(3类)", "valid_from": {"iso": "2024-01-01"}, "valid_to": _LAST_DAY,
    },
    "hazway.registry.v1.Vehicle": {
        "id": "tractor", "carrier_id": "carrier", "plate": "粤B11001", "plate_colour": "PLATE_COLOUR_YELLOW",
        "vin": "LHAZWAYR000000001", "kind": "VEHICLE_KIND_TRACTOR", "vehicle_type": "VEHICLE_TYPE_FL",
        "kerb_mass_g": "8000000", "towing_mass_g": "40000000", "permit_number": "440307000001",
        "scope_text": "危险货物运输(3类)", "positioning_device": "T00001", "permit_valid_to": _LAST_DAY,
        "annual_review_to": _LAST_DAY, "operation_review_to": _LAST_DAY,
    },
    "hazway.registry.v1.Tank": {
        "id": "tank", "carrier_id": "carrier", "number": "G-0001", "kind": "TANK_KIND_ATMOSPHERIC", "tank_code": "LGBF",
        "compartments": [{"number": 1, "volume_ml": "42000000", "surge_plates": True}],
        "permitted_media": [{"un_number": "1203"}, {"un_number": "1202"}], "rated_mass_g": "30000000", "fixed_on": "trailer",
        "certificate": "GZ-0001", "next_inspection": _LAST_DAY,
        "state": {"condition": "TANK_CONDITION_EMPTY_UNCLEANED", "last_un_numbers": ["1203"]},
    },
    "hazway.registry.v1.Person": {
        "id": "driver", "name": "张示例", "identity_number": "430100190001010020", "phone": "13800000002",
        "qualifications": [{"kind": "QUALIFICATION_KIND_DRIVER", "number": "Q-0002", "valid_from": {"iso": "2024-01-01"},
                            "valid_to": _LAST_DAY}],
        "employment": [{"carrier_id": "carrier", "valid_from": {"iso": "2024-01-01"}}],
    },
    "hazway.waybill.v1.ConsignmentList": _CONSIGNMENT_LIST,
    "hazway.waybill.v1.Handover": {
        "id": _ID, "waybill_id": _ID, "kind": "HANDOVER_KIND_DELIVERY", "revision": 1,
        "lines": [{"goods_number": 1, "mass_g": "28000000"}],
    },
    "hazway.waybill.v1.Waybill": _WAYBILL,
    "hazway.traceability.v1.PrepareStatementsRequest": {
        "method": "hazway.waybill.v1.WaybillService/DepartWaybill",
        "requests": [json.dumps({"request_id": _ID, "waybill_id": _ID})],
    },
    "hazway.types.v1.Position": {"latitude_e7": 225430000, "longitude_e7": 1140580000},
}  # fmt: skip


def example_of(message: Any) -> dict[str, Any]:
    """A message of this descriptor with what is required of it, in JSON; always readable by ``reading``."""
    if message.full_name in _WHOLE:
        return dict(_WHOLE[message.full_name])
    return {field.name: _value(field) for field in message.fields if _is_required(field)}


def _is_required(field: Any) -> bool:
    return field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def _value(field: Any) -> Any:
    one = _one(field)
    return [one] if field.is_repeated else one


def _one(field: Any) -> Any:
    if field.enum_type is not None:
        return field.enum_type.values[1].name
    if field.message_type is not None:
        name = field.message_type.full_name
        return _MOMENT if name == "google.protobuf.Timestamp" else example_of(field.message_type)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "AA=="
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        if field.name == "id" or field.name.endswith("_id"):
            return _IDS.get(field.name, _ID)
        return _TEXTS.get(field.name, "…")
    return "1" if field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64) else 1
