"""What a trip is for, where bans leave such trips alone: the word of the carrier, which must fit what it carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.errors import Finding
from services.errors.waybill.issuing import PURPOSE_UNFOUNDED
from services.waybill.model import Waybill, WaybillKind
from services.waybill.trip import Trip
from services.zones.ruling import Purpose

RULE = "RT-03"

# Which goods a purpose may be claimed for; none named: any. Petrol, diesel, natural gas for filling stations; oxygen.
GOODS: Mapping[Purpose, frozenset[str]] = {
    Purpose.SERVICE_AREA_FUEL: frozenset({"1202", "1203", "1971", "1972"}),
    Purpose.MEDICAL_OXYGEN: frozenset({"1072", "1073"}),
}


def purposes_of(waybill: Waybill) -> frozenset[Purpose]:
    """What the trip is for: what it says, and a rescue is one without saying so."""
    return frozenset(waybill.purposes) | ({Purpose.RESCUE} if waybill.kind is WaybillKind.RESCUE else set())


def purposes_founded(trip: Trip) -> Iterator[Finding]:
    waybill = trip.waybill
    for number, purpose in enumerate(waybill.purposes):
        allowed = GOODS.get(purpose)
        others = [] if allowed is None else sorted({line.un_number for line in waybill.goods} - allowed)
        why_zh, why_en = "、".join(f"UN{each}" for each in others), ", ".join(f"UN{each}" for each in others)
        if purpose is Purpose.RESCUE and waybill.kind is not WaybillKind.RESCUE:
            why_zh, why_en = "运单类型不是应急转运", "the waybill is not a rescue"
        if why_zh:
            path = f"waybill.purposes[{number}]"
            yield trip.finding(PURPOSE_UNFOUNDED, path, RULE, purpose=purpose.value, why=why_zh, why_en=why_en)
