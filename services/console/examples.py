"""Examples for the page that explains the contract: a petrol trip, invented, and for the rest the required fields filled."""

from __future__ import annotations

from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

_MOMENT = "2026-11-02T08:00:00+08:00"
_ID = "019a3f6e-5b00-7c3d-9a41-2f6b8c0d1e2f"
_TEXTS = {
    "un_number": "1203", "hazard_class": "3", "name": "车用汽油", "mode": "tank", "iso": "2026-11-02", "plate": "粤B12345",
    "reason": "客户改期", "signed_by": "陈站长", "url": "https://fleet.example/hazway", "province": "44",
    "secret": "at-least-sixteen-characters", "system": "tms", "number": "A-17",
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
_WHOLE: dict[str, Any] = {
    "hazway.waybill.v1.Waybill": _WAYBILL,
    "hazway.types.v1.Position": {"latitude_e7": 225430000, "longitude_e7": 1140580000},
}


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
        return _ID if field.name.endswith("id") else _TEXTS.get(field.name, "…")
    return "1" if field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64) else 1
